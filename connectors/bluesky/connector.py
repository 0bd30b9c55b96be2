"""Bluesky's XRPC: what is asked, in which order. Read as the public reads it, without a credential.

`account.base_url` is the AppView (default https://public.api.bsky.app). Options of the account: `pds` is the
address of the server that keeps its records, or `find`, to take it from the DID document; then its posts are
listed there, which is authoritative, and its files come as they were uploaded. `plc` is the directory of DIDs
(default https://plc.directory).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import BinaryIO, ClassVar, Final

import msgspec
from typing_extensions import override

from connectors.bluesky import cutting, reading
from connectors.bluesky.cutting import AUTHOR_FEED, LIST_RECORDS, POSTS_BY_ID, PROFILE_OF, THREAD
from connectors.bluesky.paging import cut_off, sorted_at, time_in_key, uri_of, view_of
from connectors.bluesky.session import Session, actor_of, read_or_stop
from connectors.contract import Connector, Held, Identity, Reading, Tariff
from connectors.decoding import place_of
from connectors.transport import Answer, Transport
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
from schemas.digests import DigestRule, canonical
from schemas.errors import StreamError, WrongAccountError
from schemas.observation import PUBLIC
from schemas.vocabulary import Platform, Reason, Stream

__all__ = ["BlueskyConnector"]

_PAGE: Final = 100
_BY_ID: Final = 25
_DEPTH: Final = 100
"""Levels of a thread in one answer. The server would give 1,000; deeper branches are asked for by themselves,
because a JSON reader has to nest as deep as its document."""
_MOST_BRANCHES: Final = 1_000
"""So many of a thread's branches are asked for by themselves; what lies beyond is told as paged out."""
_API: Final = "lexicons-2026-11"
_SHOWS: Final = frozenset({PUBLIC, reading.HIDDEN})
_POST: Final = "app.bsky.feed.post"
_OK: Final = 200


class _Marker(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """Where a walk goes on: the page's cursor, or how many threads or ids are done."""

    cursor: str | None = None
    done: int = 0


class BlueskyConnector(Connector):
    """One account, by its DID."""

    platform: ClassVar[Platform] = "bluesky"
    version: ClassVar[str] = "1"
    digest_rules: ClassVar[Mapping[int, DigestRule]] = reading.DIGEST_RULES
    streams: ClassVar[tuple[Stream, ...]] = (Stream.PROFILE, Stream.POSTS, Stream.COMMENTS)
    edges: ClassVar[tuple[Stream, ...]] = (Stream.PROFILE, Stream.POSTS)
    tariff: ClassVar[Tariff] = Tariff(page_items=_PAGE, calls=3000, per_seconds=300)
    never: ClassVar[tuple[str, ...]] = (
        "Earlier texts of a post or reply that was edited before it was first captured.",
        "Replies by accounts in a block with the one they answer, or that the author's rules refuse.",
        "Replies below a reply that was deleted before they were captured.",
        "Who liked or shared a post, beyond the numbers.",
        "Quotes, mentions elsewhere and private messages are not archived yet.",
    )
    tracking: ClassVar[bool] = True

    def __init__(self, account: Account, transport: Transport, secrets: Mapping[str, str]) -> None:  # noqa: ARG002 -- the registry builds all connectors alike
        """Speak to the AppView, and to the account's own server where its options say so."""
        self._account = account
        self._transport = transport
        self._response = partial(respond, api_version=_API, connector_version=self.version)
        self._session = Session(account, transport)

    @override
    def check(self) -> Identity:
        name = self._account.native_id or self._account.handle.removeprefix("@")
        did = name if name.startswith("did:") else self._session.resolve(name)
        told = read_or_stop(self._session.ask_own(PROFILE_OF, {"actor": did}), actor_of)
        return Identity(
            native_id=told.did, handle=told.handle, name=told.display_name or None, posts=told.posts_count
        )

    @override
    def pages(self, walk: Walk, held: Held) -> Iterator[Response]:
        marker = place_of(walk, _Marker())
        match walk.ask:
            case Edge() if walk.stream is Stream.PROFILE:
                yield self._profile(walk)
            case Edge(since=since):
                bound = self._account.backfill_starts_at if since is None else since.at
                yield from self._posts(walk, marker, since=bound, until=None)
            case Window(start=start, end=end):
                yield from self._posts(walk, marker, since=start, until=end)
            case Threads(threads=threads):
                yield from self._threads(walk, marker, threads)
            case Ids(wanted=wanted, controls=controls):
                yield from self._by_id(walk, marker, (*controls, *wanted))

    @override
    def fetch(self, address: MediaAddress, into: BinaryIO) -> MediaAnswer:
        return self._transport.download(address, into)

    @override
    def exhibits(self, response: Response) -> Iterator[Exhibit]:
        return cutting.exhibits(response)

    @override
    def read(self, exhibit: Exhibit) -> Reading:
        return reading.read(exhibit)

    @override
    def addresses(self, response: Response) -> Iterator[MediaAddress]:
        if response.endpoint == PROFILE_OF:
            return
        own, pds = self._account.native_id, self._session.known_pds
        for exhibit in cutting.exhibits(response):
            yield from reading.addresses_of(exhibit, own=own, pds=pds)

    def _profile(self, walk: Walk) -> Response:
        answer = self._session.ask_own(PROFILE_OF, {"actor": self._did()})
        if read_or_stop(answer, actor_of).did != self._did():
            raise self._wrong_account()
        name = cutting.profile_id(self._did())
        ref = RecordRef(record_id=name, native_id=self._did(), thread_id=name, filed_at=answer.fetched_at)
        listed = Listed(listing=PROFILE, ended=True, reported=1)
        return self._response(walk, answer, PROFILE_OF, listings=(listed,), asked=(ref,), marker=None)

    def _posts(
        self, walk: Walk, marker: _Marker, *, since: datetime | None, until: datetime | None
    ) -> Iterator[Response]:
        """Page the account's posts, newest first, until one is older than `since`."""
        pds = self._session.find_pds(self._did())
        guard = TokenGuard()
        cursor = marker.cursor
        while True:
            if cursor is not None:
                guard.pass_on(cursor)
            here = _encode(_Marker(cursor=cursor))
            if pds is None:
                answer = self._feed_page(cursor)
                newest, oldest, following = self._span_of_feed(answer)
                context: tuple[bytes, ...] = ()
            else:
                answer = self._records_page(pds, cursor)
                uris, newest, oldest, following = self._span_of_records(answer)
                # The records alone tell no counts and no handle: the public's view of them does.
                views, hidden = self._views(walk, uris, marker=here)
                yield from views
                context = (canonical(sorted(hidden)),)
            ended = following is None or (since is not None and oldest is not None and oldest < since)
            listed = Listed(
                listing=POSTS, ended=ended, absence_counts=True, since=since, until=until, shows=_SHOWS
            )
            yield self._response(
                walk,
                answer,
                AUTHOR_FEED if pds is None else LIST_RECORDS,
                listings=(listed,),
                context=context,
                signpost=newest if cursor is None and isinstance(walk.ask, Edge) else None,
                marker=None if ended else _encode(_Marker(cursor=following)),
            )
            if ended:
                return
            cursor = following

    def _feed_page(self, cursor: str | None) -> Answer:
        params = {"actor": self._did(), "limit": str(_PAGE), "filter": "posts_with_replies"}
        return self._session.ask_own(AUTHOR_FEED, _with(params, cursor), marked=cursor is not None)

    def _span_of_feed(self, answer: Answer) -> tuple[Cursor | None, datetime | None, str | None]:
        """Return the page's newest post, how far back it goes, and the next cursor."""
        entries, following = read_or_stop(answer, cutting.feed_of)
        newest: Cursor | None = None
        oldest: datetime | None = None
        for entry in entries:
            if entry.is_repost:
                continue
            view = read_or_stop(entry.post, view_of)
            if view.author.did != self._did():
                raise self._wrong_account()
            if entry.is_out_of_order:
                continue
            at = sorted_at(view)
            newest = newest or Cursor(native_id=view.uri, at=at)
            oldest = at
        return newest, oldest, following

    def _records_page(self, pds: str, cursor: str | None) -> Answer:
        params = {"repo": self._did(), "collection": _POST, "limit": str(_PAGE)}
        return self._session.ask_own(LIST_RECORDS, _with(params, cursor), base=pds, marked=cursor is not None)

    def _span_of_records(
        self, answer: Answer
    ) -> tuple[list[str], Cursor | None, datetime | None, str | None]:
        """Return the page's uris, its newest record, how far back it goes, and the next cursor.

        Records come by key, which holds the moment of writing; a record may claim another one.
        """
        pieces, following = read_or_stop(answer, cutting.records_of)
        uris = [read_or_stop(piece, uri_of) for piece in pieces]
        if any(uri.split("/", 3)[2] != self._did() for uri in uris):
            raise self._wrong_account()
        times = [at for at in (time_in_key(uri) for uri in uris) if at is not None]
        newest = Cursor(native_id=uris[0], at=times[0]) if times else None
        return uris, newest, times[-1] if times else None, following

    def _views(
        self, walk: Walk, uris: Sequence[str], *, marker: str
    ) -> tuple[list[Response], frozenset[str]]:
        found: list[Response] = []
        hidden: frozenset[str] = frozenset()
        for start in range(0, len(uris), _BY_ID):
            answer = self._session.ask(POSTS_BY_ID, {"uris": list(uris[start : start + _BY_ID])})
            hidden |= cutting.hidden_in(read_or_stop(answer, cutting.posts_of))
            found.append(self._response(walk, answer, POSTS_BY_ID, marker=marker))
        return found, hidden

    def _threads(self, walk: Walk, marker: _Marker, threads: Sequence[RecordRef]) -> Iterator[Response]:
        for number in range(marker.done, len(threads)):
            after = None if number + 1 == len(threads) else _encode(_Marker(done=number + 1))
            yield from self._thread(walk, threads[number], here=_encode(_Marker(done=number)), after=after)

    def _thread(self, walk: Walk, root: RecordRef, *, here: str, after: str | None) -> Iterator[Response]:
        """Yield a thread at every depth; a branch that was cut is asked for by itself, once.

        A reply's author writes its record, and may write what nobody can read: that ends this thread only.
        """
        listing = comments_of(root.record_id)
        context = (root.record_id.encode(),)
        waiting, asked = [root.record_id], set[str]()
        while waiting:
            uri = waiting.pop(0)
            asked.add(uri)
            params = {"uri": uri, "depth": str(_DEPTH), "parentHeight": "0"}
            answer = self._session.ask(THREAD, params, refusable=True)
            cut, refused = self._branches(answer, uri, is_root=uri == root.record_id)
            waiting = [] if refused else [*waiting, *(each for each in cut if each not in {*asked, *waiting})]
            if len(asked) > _MOST_BRANCHES:
                waiting, refused = [], refused or Reason.PAGED_OUT
            listed = Listed(
                listing=listing,
                ended=refused is None and not waiting,
                absence_counts=True,
                short=Reason.FILTERED,
                shows=_SHOWS,
                refused=refused,
            )
            marker = here if waiting else after
            yield self._response(walk, answer, THREAD, listings=(listed,), context=context, marker=marker)

    def _branches(self, answer: Answer, uri: str, *, is_root: bool) -> tuple[list[str], Reason | None]:
        """Return where an answer of a thread was cut, or why there is none."""
        if answer.status != _OK:
            # A branch that went since the root was read takes nothing along that is still listed.
            return [], self._session.why_refused(answer, uri) if is_root else None
        try:
            top, _ = read_or_stop(answer, cutting.thread_of)
            return cut_off(top), Reason.UNAVAILABLE if is_root and not top.has_post else None
        except StreamError as error:
            return [], error.reason

    def _by_id(self, walk: Walk, marker: _Marker, refs: Sequence[RecordRef]) -> Iterator[Response]:
        done, together = marker.done, _BY_ID
        while done < len(refs):
            batch, uris = _batch(refs[done : done + together])
            answer = self._session.ask(POSTS_BY_ID, {"uris": uris})
            try:
                views = read_or_stop(answer, cutting.posts_of)
            except StreamError as error:
                if len(batch) > 1:
                    together = 1  # so that one which nobody can read takes no other along
                    continue
                done += 1
                yield self._unreadable(walk, answer, batch[0], error.reason, done=done, of=len(refs))
                continue
            done += len(batch)
            troubles = self._troubles([ref.record_id for ref in batch if ref.record_id not in views])
            yield self._response(
                walk,
                answer,
                POSTS_BY_ID,
                asked=batch,
                context=(canonical(troubles),),
                marker=None if done == len(refs) else _encode(_Marker(done=done)),
            )

    def _unreadable(
        self, walk: Walk, answer: Answer, ref: RecordRef, reason: Reason, *, done: int, of: int
    ) -> Response:
        listing = POSTS if walk.stream is Stream.POSTS else comments_of(ref.thread_id)
        listed = Listed(listing=listing, ended=False, refused=reason)
        marker = None if done == of else _encode(_Marker(done=done))
        return self._response(walk, answer, POSTS_BY_ID, listings=(listed,), marker=marker)

    def _troubles(self, missing: Sequence[str]) -> dict[str, str]:
        """Return by uri why the author of a missing post is not served, where that is the reason.

        Raises:
            AccountSuspendedError: The author is the account itself.
        """
        words = {did: self._session.trouble_of(did) for did in {uri.split("/", 3)[2] for uri in missing}}
        found = {uri: words[uri.split("/", 3)[2]] for uri in missing}
        return {uri: word for uri, word in found.items() if word is not None}

    def _wrong_account(self) -> WrongAccountError:
        return WrongAccountError(
            f"Bluesky sent another account's posts for {self._account.account}.",
            remedy="Correct native_id in the council's file.",
        )

    def _did(self) -> str:
        if self._account.native_id is None:
            raise WrongAccountError(f"Account {self._account.account} has not been checked yet.")
        return self._account.native_id


def _batch(refs: Sequence[RecordRef]) -> tuple[list[RecordRef], list[str]]:
    """Return the next records to ask for together, and the uris: a reply's root tells if it is hidden."""
    batch: list[RecordRef] = []
    uris: list[str] = []
    for ref in refs:
        more = [uri for uri in (ref.record_id, ref.thread_id) if uri not in uris]
        if len(uris) + len(more) > _BY_ID:
            break
        batch.append(ref)
        uris += dict.fromkeys(more)
    return batch, uris


def _with(params: dict[str, str], cursor: str | None) -> dict[str, str]:
    return params if cursor is None else {**params, "cursor": cursor}


def _encode(marker: _Marker) -> str:
    return msgspec.json.encode(marker).decode()
