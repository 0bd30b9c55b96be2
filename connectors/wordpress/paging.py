"""Where a walk of a WordPress site stands, and what a page leads to. Pure.

Lists are asked newest id first, by offset: an id never changes its place, what is new comes in front (so
it shifts a list down: items twice, none missed), and a total that shrank says that something was deleted,
so the walk goes back by as much. WordPress's own order, by date, would lose whatever is re-dated meanwhile.

The filters `after` and `modified_after` compare local times, and in autumn an hour comes twice: an hour is
added on both sides.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Final

import msgspec

from connectors.headers import count_told
from connectors.transport import Answer
from schemas.capture import Cursor, Edge, Walk, Window

__all__ = [
    "Place",
    "Turn",
    "bounds",
    "comment_filter",
    "newest",
    "onward",
    "post_filter",
    "total_of",
]

_HOUR: Final = timedelta(hours=1)
_APPROVAL: Final = timedelta(days=7)
"""A held comment appears under the time it was written: so long an approval may take and be seen at once."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a walk goes on: the marker.

    `index` counts collections, threads or ids. In its list: `offset`, how many items were `listed`, the
    `total` that the last page told, and whether the same page is asked `again`. `alone`: threads before
    this index are asked one by one. `earlier` and `whole` are of the collections before this one.
    """

    index: int = 0
    offset: int = 0
    listed: int = 0
    total: int | None = None
    again: bool = False
    alone: int = 0
    earlier: int | None = 0
    whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What a page leads to: the next place of its list, None at its end; `whole`: nothing was withheld."""

    next: Place | None
    whole: bool


def total_of(answer: Answer) -> int | None:
    """Return how many items the whole list has, None where a proxy dropped the header."""
    return count_told(answer.headers.get("x-wp-total"))


def onward(here: Place, answer: Answer, count: int, size: int) -> Turn:
    """Return what a page of `count` items leads to, `size` having been asked for."""
    total = total_of(answer)
    if answer.status != HTTPStatus.OK or (total is None and count == 0):
        return Turn(next=None, whole=True)
    if total is None:
        return Turn(next=_at(here, here.offset + count, here.listed + count, None), whole=True)
    again = _read_again(here, total, count, size)
    if again is not None:
        return Turn(next=again, whole=True)
    offset, listed = here.offset + _step(answer, total, size), here.listed + count
    if offset < total:
        return Turn(next=_at(here, offset, listed, total), whole=True)
    return Turn(next=None, whole=listed >= total)


def _read_again(here: Place, total: int, count: int, size: int) -> Place | None:
    if total == 0 and here.offset:
        # Beyond the end WordPress counts nothing: something was deleted, so the page before is read again.
        back = max(here.offset - size, 0)
        return _at(here, back, max(here.listed - size, 0), None)
    if here.total is not None and total < here.total:
        back = here.total - total
        return _at(here, max(here.offset - back, 0), max(here.listed - back, 0), total)
    if count == 0 and here.offset < total and not here.again:
        return msgspec.structs.replace(here, total=total, again=True)
    return None


def _at(here: Place, offset: int, listed: int, total: int | None) -> Place:
    return msgspec.structs.replace(here, offset=offset, listed=listed, total=total, again=False)


def _step(answer: Answer, total: int, size: int) -> int:
    """Return how many places a page covers: fewer than asked where the site caps it without saying so.

    Items that we may not read are left out of a page and stay in the total, so their number tells nothing.
    """
    pages = count_told(answer.headers.get("x-wp-totalpages")) or 0
    return size if pages <= -(-total // size) else max(-(-total // pages), 1)


def bounds(walk: Walk, ask: Edge | Window) -> tuple[datetime | None, datetime | None]:
    """Return the creation times that a walk of posts pages."""
    if isinstance(ask, Window):
        return ask.start, ask.end
    fresh = ask.since is None or ask.since.at is None
    return walk.account.backfill_starts_at if fresh else None, None


def post_filter(walk: Walk, ask: Edge | Window) -> dict[str, str]:
    """Return the filter of a walk of posts: an Edge goes by change, all else by creation."""
    if isinstance(ask, Edge) and ask.since is not None and ask.since.at is not None:
        return {"modified_after": _stamp(ask.since.at - _HOUR)}
    return _created(*bounds(walk, ask))


def comment_filter(walk: Walk, ask: Edge | Window) -> dict[str, str]:
    """Return the filter of a walk of the whole site's comments; WordPress has none by change for them."""
    if isinstance(ask, Edge) and ask.since is not None and ask.since.at is not None:
        return _created(ask.since.at - _APPROVAL, None)
    return _created(*bounds(walk, ask))


def _created(start: datetime | None, end: datetime | None) -> dict[str, str]:
    after = {} if start is None else {"after": _stamp(start - _HOUR)}
    return after if end is None else {**after, "before": _stamp(end + _HOUR)}


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def newest(answer: Answer) -> Cursor:
    """Return the newest edge: the time of the answer, by the slower of the two clocks."""
    server = answer.server_date
    return Cursor(native_id=None, at=answer.fetched_at if server is None else min(server, answer.fetched_at))
