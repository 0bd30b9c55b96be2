"""Walking a Facebook Page: its profile, its published posts, their comments, and records by id.

What the platform changed, by date seen: v3.3 (2019) removed `link name caption description source type`
of posts; `from` is withheld of people who have not met the app; v26.0 is current (November 2026).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import BinaryIO, ClassVar, Final

import msgspec

from connectors.contract import Held, Identity, Reading, Tariff
from connectors.decoding import place_of
from connectors.facebook.attachments import addresses
from connectors.facebook.exhibits import exhibits
from connectors.facebook.fields import COMMENT_FIELDS, DIGEST_RULES, POST_FIELDS, PROFILE_FIELDS
from connectors.facebook.problems import Problem, TooMuchDataError, Verdict, refused_stream
from connectors.facebook.reading import read
from connectors.facebook.session import Fetched, GraphSession
from connectors.facebook.walking import (
    PAGE_ITEMS,
    Listing,
    Place,
    marker_of,
    marker_refused,
    onward,
    signpost,
    told,
)
from connectors.facebook.wire import (
    COMMENT_ENDPOINT,
    COMMENTS_ENDPOINT,
    POST_ENDPOINT,
    POSTS_ENDPOINT,
    PROFILE_ENDPOINT,
    Stub,
    decode_named,
    decode_page,
    stubs,
)
from connectors.transport import Transport
from connectors.walks import TokenGuard, respond
from schemas.account import Account
from schemas.capture import (
    POSTS,
    PROFILE,
    Cursor,
    Edge,
    Exhibit,
    Ids,
    Listed,
    MediaAddress,
    MediaAnswer,
    RecordRef,
    Response,
    Threads,
    Walk,
    Window,
    comments_of,
)
from schemas.digests import DigestRule
from schemas.errors import (
    BadInputError,
    StreamRefusedError,
    WrongAccountError,
)
from schemas.vocabulary import Platform, Reason, Stream

__all__ = ["FacebookConnector"]

_SECOND: Final = timedelta(seconds=1)
_SHOWN_POSTS: Final = frozenset({"public", "is_hidden", "is_expired"})
_SHOWN_COMMENTS: Final = frozenset({"public", "is_hidden", "is_private"})


class FacebookConnector:
    """One Page. Credential values: see `connectors.facebook.session`."""

    platform: ClassVar[Platform] = "facebook"
    version: ClassVar[str] = "1"
    digest_rules: ClassVar[Mapping[int, DigestRule]] = DIGEST_RULES
    streams: ClassVar[tuple[Stream, ...]] = (Stream.PROFILE, Stream.POSTS, Stream.COMMENTS)
    edges: ClassVar[tuple[Stream, ...]] = (Stream.PROFILE, Stream.POSTS)
    tariff: ClassVar[Tariff] = Tariff(page_items=PAGE_ITEMS, calls=300, per_seconds=60)
    tracking: ClassVar[bool] = True
    never: ClassVar[tuple[str, ...]] = (
        "Facebook may withhold who wrote a comment: such comments are kept without an author.",
        "Facebook tells how many people reacted or shared, never who.",
        "Comments that Facebook filters out are counted by it but not shown: totals can exceed what is held.",
        "Comments on shares of our posts by private persons are not to be had, nor anything in Groups.",
        "Facebook keeps no history of edits: a text changed twice between two of our looks is held once.",
        "Facebook does not tell who deleted or hid something, nor when: only when we last saw it.",
        "Visitors' posts, mentions, quotes, stories, reviews and private messages are not archived yet.",
    )

    def __init__(self, account: Account, transport: Transport, secrets: Mapping[str, str]) -> None:
        """Take the account's own transport and its credential's values."""
        self._account = account
        self._transport = transport
        self._graph = GraphSession(account, transport, secrets)
        self._page_name = account.native_id or account.handle.removeprefix("@")

    def check(self) -> Identity:
        """Ask which Page the token speaks for, and whether it may read posts and comments."""
        me = self._graph.get("/me", {"fields": "id,name,username"})
        if me.problem is not None:
            raise refused_stream(me.problem, Stream.PROFILE)
        named = decode_named(me.answer.body)
        if named is None or named.id is None or not named.id.isdecimal():
            raise _unreadable()
        missing: list[str] = []
        posts = self._graph.get(
            f"/{named.id}/published_posts", {"fields": "id", "limit": "1", "summary": "total_count"}
        )
        page = None if posts.problem is not None else decode_page(posts.answer.body)
        if page is None:
            missing.append(_lacking(posts, Stream.POSTS))
        elif page.data and (first := stubs(page)[0].id) is not None:
            comments = self._graph.get(f"/{first}/comments", {"fields": "id", "limit": "1"})
            if comments.verdict is Verdict.REFUSED:
                missing.append(_lacking(comments, Stream.COMMENTS))
        return Identity(
            native_id=named.id,
            handle=named.username or named.id,
            name=named.name,
            missing=tuple(missing),
            posts=page.summary.total_count if page is not None and page.summary is not None else None,
        )

    def pages(self, walk: Walk, held: Held) -> Iterator[Response]:  # noqa: ARG002 - nothing needs a second fetch
        """Yield the walk's responses, from its marker on."""
        place = place_of(walk, Place())
        match walk.stream, walk.ask:
            case Stream.PROFILE, Edge():
                yield self._profile(walk)
            case Stream.POSTS, Edge() | Window():
                yield from self._list(walk, self._posts(walk), place)
            case Stream.COMMENTS, Threads(threads=threads):
                yield from self._threads(walk, threads, place)
            case Stream.POSTS | Stream.COMMENTS, Ids(wanted=wanted, controls=controls):
                yield from self._by_id(walk, (*wanted, *controls), place)
            case stream, ask:
                raise BadInputError(f"A Facebook Page's {stream} cannot be asked by {type(ask).__name__}.")

    def fetch(self, address: MediaAddress, into: BinaryIO) -> MediaAnswer:
        """Stream a media file into `into`, or resolve a short link; never with a credential."""
        return self._transport.download(address, into)

    def exhibits(self, response: Response) -> Iterator[Exhibit]:
        """Cut a response into exhibits."""
        return exhibits(response)

    def read(self, exhibit: Exhibit) -> Reading:
        """Read one exhibit."""
        return read(exhibit)

    def addresses(self, response: Response) -> Iterator[MediaAddress]:
        """Yield where the files of a response's records can be had."""
        return addresses(response)

    def _profile(self, walk: Walk) -> Response:
        got = self._graph.get(f"/{self._page_name}", {"fields": PROFILE_FIELDS})
        if got.problem is not None:
            raise self._refused(got, walk.stream)
        named = decode_named(got.answer.body)
        own = self._account.native_id
        if own is not None and named is not None and named.id not in (None, own):
            raise _wrong_account()
        return self._respond(
            walk,
            got,
            endpoint=PROFILE_ENDPOINT,
            listings=(Listed(listing=PROFILE, ended=True),),
            signpost=Cursor(native_id=own if named is None else named.id, at=None),
            marker=None,
        )

    def _posts(self, walk: Walk) -> Listing:
        since, until, cursor = self._bounds(walk.ask)
        params = {"fields": POST_FIELDS, "include_hidden": "true", "show_expired": "true"}
        if since is not None:
            params["since"] = _seconds(since - _SECOND)
        if until is not None:
            params["until"] = _seconds(until + _SECOND)
        return Listing(
            path=f"/{self._page_name}/published_posts",
            endpoint=POSTS_ENDPOINT,
            params={**params, "summary": "total_count"},
            listed=Listed(
                listing=POSTS, ended=False, absence_counts=True, since=since, until=until, shows=_SHOWN_POSTS
            ),
            end=None,
            has_total=since is None and until is None,
            since=cursor,
            signposted=isinstance(walk.ask, Edge) and walk.marker is None,
        )

    def _bounds(self, ask: object) -> tuple[datetime | None, datetime | None, Cursor | None]:
        if isinstance(ask, Window):
            return ask.start, ask.end, None
        cursor = ask.since if isinstance(ask, Edge) else None
        if cursor is not None and cursor.at is not None:
            return cursor.at, None, cursor
        return self._account.backfill_starts_at, None, cursor

    def _threads(self, walk: Walk, threads: tuple[RecordRef, ...], place: Place) -> Iterator[Response]:
        if place.number >= len(threads) > 0:
            raise marker_refused()
        for number in range(place.number, len(threads)):
            thread = threads[number]
            last = number + 1 == len(threads)
            params = {"fields": COMMENT_FIELDS, "filter": "stream", "order": "chronological"}
            since = None if thread.since is None else thread.since.at
            if since is not None:
                params["since"] = _seconds(since - _SECOND)
            listed = Listed(
                listing=comments_of(thread.record_id),
                ended=False,
                absence_counts=True,
                since=since,
                shows=_SHOWN_COMMENTS,
            )
            one = Listing(
                path=f"/{thread.native_id}/comments",
                endpoint=COMMENTS_ENDPOINT,
                params={**params, "live_filter": "no_filter", "summary": "true"},
                listed=listed,
                end=None if last else marker_of(Place(number=number + 1)),
                is_whole=since is None,
            )
            yield from self._list(walk, one, place if number == place.number else Place(number=number))

    def _by_id(self, walk: Walk, refs: tuple[RecordRef, ...], place: Place) -> Iterator[Response]:
        """Ask one by one: in a batch Graph wraps each answer in a string, and counts as many calls."""
        posts = walk.stream is Stream.POSTS
        endpoint = POST_ENDPOINT if posts else COMMENT_ENDPOINT
        fields = POST_FIELDS if posts else COMMENT_FIELDS
        if place.number >= len(refs) > 0:
            raise marker_refused()
        for number in range(place.number, len(refs)):
            got = self._graph.get(f"/{refs[number].native_id}", {"fields": fields})
            marker = None if number + 1 == len(refs) else marker_of(Place(number=number + 1))
            yield self._respond(walk, got, endpoint=endpoint, asked=(refs[number],), marker=marker)

    def _list(self, walk: Walk, one: Listing, place: Place) -> Iterator[Response]:
        guard = TokenGuard()
        signposted = one.signposted
        while True:
            try:
                got = self._page(one, place)
            except TooMuchDataError:
                if place.limit == 1:
                    raise
                place = msgspec.structs.replace(place, limit=place.limit // 2)
                continue
            if got.problem is not None:
                yield self._withheld(walk, one, got)
                return
            page = decode_page(got.answer.body)
            if page is None:
                # The service lays the body in quarantine; whoever goes on without a page ends here.
                yield self._respond(walk, got, endpoint=one.endpoint, marker=marker_of(place))
                raise _unreadable()
            found = stubs(page)
            if one.endpoint == POSTS_ENDPOINT:
                self._check_authors(found)
            further = onward(page)
            here = place
            place = msgspec.structs.replace(place, page=further or {}, seen=place.seen + len(found))
            if further is None and page.paging is None and len(found) >= place.limit:
                # Graph pages every list: a full page that names no paging at all has changed its shape.
                yield self._respond(walk, got, endpoint=one.endpoint, marker=marker_of(here))
                raise _unreadable()
            yield self._respond(
                walk,
                got,
                endpoint=one.endpoint,
                listings=(told(one, page, place, ended=further is None),),
                signpost=signpost(found, one.since) if signposted else None,
                marker=one.end if further is None else marker_of(place),
            )
            signposted = False
            if further is None:
                return
            guard.pass_on(json.dumps(further, sort_keys=True))

    def _page(self, one: Listing, place: Place) -> Fetched:
        params = {**one.params, "limit": str(place.limit), **place.page}
        return self._graph.get(one.path, params, paged=bool(place.page))

    def _withheld(self, walk: Walk, one: Listing, got: Fetched) -> Response:
        """Return the answer for a thread that is withheld; anything wider ends the stream."""
        problem = got.problem
        if one.endpoint == POSTS_ENDPOINT or problem is None or problem.permission is not None:
            raise self._refused(got, walk.stream)
        reason = Reason.UNAVAILABLE if got.verdict is Verdict.GONE else Reason.PERMISSION
        listed = replace(one.listed, absence_counts=False, refused=reason)
        return self._respond(walk, got, endpoint=one.endpoint, listings=(listed,), marker=one.end)

    def _refused(self, got: Fetched, stream: Stream) -> StreamRefusedError:
        if got.verdict is Verdict.GONE:
            return StreamRefusedError(
                f"Facebook knows no Page for account {self._account.account} that this token may see.",
                remedy="Check native_id and handle, and that the Page is published and the token is its own.",
            )
        return refused_stream(got.problem or Problem(), stream)

    def _check_authors(self, found: tuple[Stub, ...]) -> None:
        """Refuse a page of which not one post is ours: a single one may be a joint post with another Page."""
        own = self._account.native_id
        authors = {stub.author.id for stub in found if stub.author is not None and stub.author.id is not None}
        if own is not None and authors and own not in authors:
            raise _wrong_account()

    def _respond(
        self,
        walk: Walk,
        got: Fetched,
        *,
        endpoint: str,
        marker: str | None,
        listings: tuple[Listed, ...] = (),
        asked: tuple[RecordRef, ...] = (),
        signpost: Cursor | None = None,
    ) -> Response:
        return respond(
            walk,
            got.answer,
            endpoint=endpoint,
            api_version=got.api_version,
            connector_version=self.version,
            listings=listings,
            asked=asked,
            signpost=signpost,
            marker=marker,
        )


def _lacking(got: Fetched, stream: Stream) -> str:
    error = refused_stream(got.problem or Problem(), stream)
    return f"{error.message} {error.remedy}"


def _seconds(moment: datetime) -> str:
    return str(int(moment.timestamp()))


def _wrong_account() -> WrongAccountError:
    return WrongAccountError(
        "Facebook answered with the posts of another Page than the register names.",
        remedy="Compare native_id in the council's file with the Page's id under About, Page transparency.",
    )


def _unreadable() -> StreamRefusedError:
    return StreamRefusedError(
        "Facebook's answer has another shape than muniment knows.",
        reason=Reason.UNREADABLE,
        remedy="Look for a newer muniment; what is held is unharmed.",
    )
