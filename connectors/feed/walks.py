"""Walking a feed: its newest entries, older pages where it has any, and the comment feeds of its entries."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

import msgspec

from connectors.contract import Held
from connectors.decoding import decoded, place_of
from connectors.feed.pages import END, CommentFeed, Mark, Pages, Place, comments_address, following, next_of
from connectors.feed.reader import COMMENTS_FEED, ENTRIES, MAP, PROFILE_FEED, Reader
from connectors.transport import Answer
from connectors.walks import respond
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
from schemas.errors import MalformedItemError
from schemas.vocabulary import Reason, Stream

__all__ = ["VERSION", "Walks"]

VERSION: Final = "1"
_MOST_MAP_PAGES: Final = 20
_MOST_COMMENT_PAGES: Final = 1_000


class Walks:
    """The walks of one feed."""

    def __init__(self, pages: Pages, reader: Reader) -> None:
        """Keep what every walk needs."""
        self._pages = pages
        self._reader = reader

    def responses(self, walk: Walk, held: Held) -> Iterator[Response]:
        """Yield a walk's responses; see `Connector.pages`."""
        place = place_of(walk, Place())
        self._pages.begin()
        match walk.ask:
            case Threads(threads=threads):
                return self._threads(walk, threads, place, held)
            case Ids():
                return self._once(walk, ENTRIES)
            case Edge() | Window() as ask if walk.stream is Stream.POSTS:
                return self._posts(walk, ask, place)
            case Edge() | Window():
                return self._once(walk, PROFILE_FEED)

    def _once(self, walk: Walk, endpoint: str) -> Iterator[Response]:
        answer = self._pages.first()
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
            answer = self._pages.page(here, mark if first else None)
            unchanged = answer.status == HTTPStatus.NOT_MODIFIED
            if here.page == 1 and not unchanged and answer.status != HTTPStatus.OK:
                raise self._pages.refused(answer)
            read = self._pages.read(answer)
            place = following(here, answer, read, seen, since)
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

    def _threads(
        self, walk: Walk, threads: Sequence[RecordRef], start: Place, held: Held
    ) -> Iterator[Response]:
        """Walk comment feeds. Where they are stands in the feed itself, so it is read first.

        Of entries that the feed lists no more it stood in what was kept of them.
        """
        known: dict[str, CommentFeed] = {}
        wanted = {ref.record_id for ref in threads[start.index :]}
        unread: Answer | None = None
        page: Place | None = Place()
        resume = start
        while page is not None and not wanted <= known.keys() and page.page <= _MOST_MAP_PAGES:
            if unread is not None:
                yield _respond(walk, unread, MAP, resume)
            unread = self._pages.page(page, None)
            if page.page == 1 and unread.status != HTTPStatus.OK:
                raise self._pages.refused(unread)
            read = self._pages.read(unread)
            page = following(page, unread, read, frozenset(known), None)
            known |= read.comments
        known |= self._kept(held, wanted - known.keys())
        asked = [(number, ref) for number, ref in enumerate(threads) if number >= start.index]
        found = [(number, ref) for number, ref in asked if _has_feed(ref, known)]
        listings = tuple(_without(ref, known) for _, ref in asked if not _has_feed(ref, known))
        if unread is not None:
            yield _respond(walk, unread, MAP, resume if found else None, listings=listings)
        after = [Place(index=number) for number, _ in found[1:]]
        for (number, ref), then in zip(found, [*after, None], strict=False):
            begin = start if number == start.index else Place(index=number)
            yield from self._comments(walk, ref, known[ref.record_id], begin=begin, then=then)

    def _kept(self, held: Held, record_ids: Collection[str]) -> dict[str, CommentFeed]:
        """Return where the comments of entries were, by what was kept of them."""
        found: dict[str, CommentFeed] = {}
        for exhibit in held.exhibits(record_ids):
            with suppress(MalformedItemError):
                address = self._pages.own(comments_address(self._reader.told(exhibit)))
                found[exhibit.record_id] = CommentFeed(address=address, listed=False)
        return found

    def _comments(
        self, walk: Walk, ref: RecordRef, feed: CommentFeed, *, begin: Place, then: Place | None
    ) -> Iterator[Response]:
        """Read one comment feed, and its further pages where it names any (RFC 5005), as Blogger's do."""
        context = (msgspec.json.encode({"thread": ref.record_id}),)
        passed = {feed.address}
        place: Place | None = begin
        while place is not None:
            here, place = place, None
            answer = self._pages.get(here.address or feed.address)
            more = self._pages.own(next_of(answer))
            listed = Listed(listing=comments_of(ref.record_id), ended=False, short=Reason.PAGED_OUT)
            if answer.status != HTTPStatus.OK:
                left = answer.status in END and not feed.listed
                listed = replace(listed, refused=Reason.PAGED_OUT if left else Reason.UNAVAILABLE)
            elif not more:
                listed = replace(listed, ended=True, reported=feed.total)
            elif more in passed or here.page == _MOST_COMMENT_PAGES:
                listed = replace(listed, refused=Reason.LOOPED)
            else:
                passed.add(more)
                place = Place(index=here.index, page=here.page + 1, address=more)
            yield _respond(walk, answer, COMMENTS_FEED, place or then, listings=(listed,), context=context)


def _has_feed(ref: RecordRef, known: Mapping[str, CommentFeed]) -> bool:
    return ref.record_id in known and bool(known[ref.record_id].address)


def _without(ref: RecordRef, known: Mapping[str, CommentFeed]) -> Listed:
    listing, feed = comments_of(ref.record_id), known.get(ref.record_id)
    if feed is not None:
        return Listed(listing=listing, ended=True, reported=feed.total, short=Reason.PERMISSION)
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
