"""Walking a feed: its newest entries, older pages where it has any, and the comment feeds of its entries.

A feed that was not changed answers 304 to the mark (ETag, or Last-Modified) of the last walk. WordPress
pages a feed by `?paged=2` until 404; others may name the next page (RFC 5005); the rest have one page.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from connectors.decoding import decoded, place_of
from connectors.feed.entries import entries_of, head_of, moment_of, next_page, parsed
from connectors.feed.reader import COMMENTS_FEED, ENTRIES, MAP, PROFILE_FEED, Reader, comments_told, name_of
from connectors.transport import Answer, Expects, Transport
from connectors.walks import TokenGuard, respond
from schemas.account import Account
from schemas.capture import (
    POSTS,
    PROFILE,
    Cursor,
    Edge,
    Ids,
    Listed,
    RecordRef,
    Response,
    Threads,
    Walk,
    Window,
    comments_of,
)
from schemas.errors import BadInputError, MalformedItemError, StreamRefusedError
from schemas.vocabulary import Reason, Stream

__all__ = ["VERSION", "Walks"]

VERSION: Final = "1"
_MOST_MAP_PAGES: Final = 20
_END: Final = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
_ACCEPT: Final = "application/rss+xml, application/atom+xml, application/xml;q=0.9, text/xml;q=0.8"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a walk goes on: page and address, or thread (`index`); whether the page is asked `again`."""

    index: int = 0
    page: int = 1
    address: str | None = None
    again: bool = False


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """What a signpost remembers: the mark of the feed as it was, and when that was."""

    at: datetime
    etag: str = ""
    modified: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What a page says: which entries, the oldest of them, where each one's comments are."""

    names: frozenset[str] = frozenset()
    oldest: datetime | None = None
    comments: dict[str, tuple[str, int | None]] = field(default_factory=dict)


class Walks:
    """The walks of one feed."""

    def __init__(self, account: Account, transport: Transport, reader: Reader) -> None:
        """Check that there is an address.

        Raises:
            BadInputError: The account has no base_url.
        """
        if not account.base_url:
            raise BadInputError(
                f"Account {account.account} has no base_url.", remedy="Write the address of the feed."
            )
        self._url = account.base_url
        self._account = account
        self._transport = transport
        self._reader = reader
        self._guard = TokenGuard(10_000)

    def first(self) -> Answer:
        """Ask for the feed.

        Raises:
            StreamRefusedError: There is none, or it is withheld.
        """
        answer = self._get(self._url)
        if answer.status != HTTPStatus.OK:
            raise self._refused(answer)
        return answer

    def is_there(self) -> bool:
        """Whether the server says that there is a feed, without sending it."""
        request = self._transport.client.build_request("HEAD", self._url, headers={"accept": _ACCEPT})
        answer = self._transport.send(request, expects=Expects.ANY)
        kind = answer.headers.get("content-type", "").lower()
        return answer.status == HTTPStatus.OK and "html" not in kind and "xml" in kind

    def responses(self, walk: Walk) -> Iterator[Response]:
        """Yield a walk's responses; see `Connector.pages`."""
        place = place_of(walk, Place())
        self._guard = TokenGuard(10_000)
        match walk.ask:
            case Threads(threads=threads):
                return self._threads(walk, threads, place)
            case Ids():
                return self._once(walk, ENTRIES)
            case Edge() | Window() as ask if walk.stream is Stream.POSTS:
                return self._posts(walk, ask, place)
            case Edge() | Window():
                return self._once(walk, PROFILE_FEED)

    def _once(self, walk: Walk, endpoint: str) -> Iterator[Response]:
        answer = self.first()
        about = endpoint == PROFILE_FEED
        listings = (Listed(listing=PROFILE, ended=True),) if about else ()
        signpost = Cursor(native_id=None, at=answer.fetched_at) if about else None
        yield _respond(walk, answer, endpoint, None, listings=listings, signpost=signpost)

    def _posts(self, walk: Walk, ask: Edge | Window, start: Place) -> Iterator[Response]:
        since, mark = _since(walk, ask)
        seen: frozenset[str] = frozenset()
        place: Place | None = start
        while place is not None:
            here = place
            first = isinstance(ask, Edge) and walk.marker is None and here == start
            answer = self._page(here, mark if first else None)
            unchanged = answer.status == HTTPStatus.NOT_MODIFIED
            if here.page == 1 and not unchanged and answer.status != HTTPStatus.OK:
                raise self._refused(answer)
            read = self._read(answer)
            place = _following(here, answer, read, seen, since)
            seen |= read.names
            listed = Listed(
                listing=POSTS,
                ended=place is None and not unchanged,
                since=since,
                until=ask.end if isinstance(ask, Window) else None,
            )
            listings = () if unchanged else (listed,)
            signpost = _signpost(answer, mark) if first else None
            yield _respond(walk, answer, ENTRIES, place, listings=listings, signpost=signpost)

    def _threads(self, walk: Walk, threads: Sequence[RecordRef], start: Place) -> Iterator[Response]:
        """Walk comment feeds. Where they are stands in the feed itself, so it is read first."""
        known: dict[str, tuple[str, int | None]] = {}
        wanted = {ref.record_id for ref in threads[start.index :]}
        unread: Answer | None = None
        page: Place | None = Place()
        resume = Place(index=start.index)
        while page is not None and not wanted <= known.keys() and page.page <= _MOST_MAP_PAGES:
            if unread is not None:
                yield _respond(walk, unread, MAP, resume)
            unread = self._page(page, None)
            read = self._read(unread)
            page = _following(page, unread, read, frozenset(known), None)
            known |= read.comments
        lost = [ref for ref in threads[start.index :] if not known.get(ref.record_id, ("", 0))[0]]
        found = [ref for ref in threads[start.index :] if known.get(ref.record_id, ("", 0))[0]]
        listings = tuple(_without(ref, known) for ref in lost)
        if unread is not None:
            yield _respond(walk, unread, MAP, resume if found else None, listings=listings)
        for number, ref in enumerate(found, start=1):
            then = Place(index=threads.index(found[number])) if number < len(found) else None
            yield self._comments(walk, ref, *known[ref.record_id], then)

    def _comments(
        self, walk: Walk, ref: RecordRef, address: str, total: int | None, then: Place | None
    ) -> Response:
        answer = self._get(address)
        listing = comments_of(ref.record_id)
        if answer.status == HTTPStatus.OK:
            listed = Listed(listing=listing, ended=True, reported=total, short=Reason.PAGED_OUT)
        else:
            listed = Listed(listing=listing, ended=False, refused=Reason.UNAVAILABLE)
        context = (msgspec.json.encode({"thread": ref.record_id}),)
        return _respond(walk, answer, COMMENTS_FEED, then, listings=(listed,), context=context)

    def _page(self, place: Place, mark: Mark | None) -> Answer:
        if place.page == 1:
            return self._get(self._url, mark)
        self._guard.pass_on(f"{place}")
        address = self._own(place.address or "")
        return self._get(address) if address else self._get(self._url, params={"paged": str(place.page)})

    def _get(self, url: str, mark: Mark | None = None, params: dict[str, str] | None = None) -> Answer:
        headers = {"accept": _ACCEPT}
        if mark is not None and mark.etag:
            headers["if-none-match"] = mark.etag
        elif mark is not None and mark.modified:
            headers["if-modified-since"] = mark.modified
        answer = self._transport.get(url, params, headers=headers, expects=Expects.ANY)
        start = answer.body[:512].lstrip().lower()
        if answer.status == HTTPStatus.OK and start.startswith((b"<!doctype html", b"<html")):
            # Asked once more as what it should be, so that the page is laid aside and told of.
            return self._transport.get(url, params, headers=headers, expects=Expects.XML)
        return answer

    def _read(self, answer: Answer) -> _Read:
        if answer.status != HTTPStatus.OK:
            return _Read()
        names: set[str] = set()
        times: list[datetime] = []
        comments: dict[str, tuple[str, int | None]] = {}
        try:
            head, entries = head_of(answer.body), list(entries_of(answer.body))
        except MalformedItemError:
            return _Read()  # whoever cuts the response finds the same, and lays it aside
        for entry in entries:
            try:
                told = parsed(head, entry.raw, answer.headers.get("content-type", ""))
                name = self._reader.record_id(name_of(told))
            except (MalformedItemError, KeyError):
                names.add(hashlib.sha256(entry.raw).hexdigest())  # filed as unread; the others go on
                continue
            names.add(name)
            comments[name] = (self._own(_comments_address(told)), comments_told(told))
            with suppress(ValueError):
                times += [moment_of(told["published_parsed"])] if told.get("published_parsed") else []
        return _Read(names=frozenset(names), oldest=min(times, default=None), comments=comments)

    def _own(self, address: str) -> str:
        """Return an address that a feed names if it is on the feed's own site: no other is asked."""
        ours = urlsplit(self._url)
        return address if address.startswith(f"{ours.scheme}://{ours.netloc}/") else ""

    def _refused(self, answer: Answer) -> StreamRefusedError:
        missing = (
            answer.status in _END or HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST
        )
        return StreamRefusedError(
            f"The feed of account {self._account.account} cannot be read (status {answer.status}).",
            reason=Reason.UNAVAILABLE if missing else Reason.PERMISSION,
            remedy="Open base_url in a browser: it must be the address of an RSS or Atom feed.",
        )


def _following(
    here: Place, answer: Answer, read: _Read, seen: frozenset[str], since: datetime | None
) -> Place | None:
    """Return the page that follows, None at the end of the feed or of what was asked."""
    if answer.status != HTTPStatus.OK or (
        since is not None and read.oldest is not None and read.oldest < since
    ):
        return None
    if not read.names:
        # Once more: an empty page in the middle of a feed is a slip of the server.
        again = here.page > 1 and not here.again
        return msgspec.structs.replace(here, again=True) if again else None
    try:
        address = next_page(answer.body)
    except MalformedItemError:
        return None
    if address is not None:
        return Place(page=here.page + 1, address=address)
    paged = b"wordpress.org" in answer.body[: answer.body.find(b"<item")]
    return Place(page=here.page + 1) if paged and not read.names <= seen else None


def _comments_address(told: Any) -> str:
    links = told.get("links") or ()
    replies = (
        str(link.get("href") or "")
        for link in links
        if link.get("rel") == "replies" and str(link.get("type") or "").endswith("xml")
    )
    return str(told.get("wfw_commentrss") or next(replies, ""))


def _without(ref: RecordRef, known: dict[str, tuple[str, int | None]]) -> Listed:
    listing = comments_of(ref.record_id)
    if ref.record_id in known:
        return Listed(listing=listing, ended=True, reported=known[ref.record_id][1], short=Reason.PERMISSION)
    return Listed(listing=listing, ended=False, refused=Reason.PAGED_OUT)


def _since(walk: Walk, ask: Edge | Window) -> tuple[datetime | None, Mark | None]:
    if isinstance(ask, Window):
        return ask.start, None
    cursor = ask.since
    mark = None
    if cursor is not None and cursor.native_id is not None:
        try:
            mark = decoded(cursor.native_id.encode(), Mark)
        except msgspec.MsgspecError:
            mark = None
    if mark is not None:
        return mark.at, mark
    if cursor is not None and cursor.at is not None:
        return cursor.at, None
    return walk.account.backfill_starts_at, None


def _signpost(answer: Answer, before: Mark | None) -> Cursor:
    """Return the newest edge: the mark of the feed as it is now, which the next walk sends along.

    It has no `at`: the mark must reach the next walk whole, and an overlap would void it.
    """
    if answer.status == HTTPStatus.NOT_MODIFIED and before is not None:
        mark = before
    else:
        slower = (
            answer.fetched_at if answer.server_date is None else min(answer.server_date, answer.fetched_at)
        )
        mark = Mark(
            at=slower,
            etag=answer.headers.get("etag", ""),
            modified=answer.headers.get("last-modified", ""),
        )
    return Cursor(native_id=msgspec.json.encode(mark).decode(), at=None)


def _respond(walk: Walk, answer: Answer, endpoint: str, then: Place | None, **more: Any) -> Response:
    marker = None if then is None else msgspec.json.encode(then).decode()
    return respond(
        walk, answer, endpoint=endpoint, api_version="", connector_version=VERSION, marker=marker, **more
    )
