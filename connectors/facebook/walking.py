"""How a walk goes on: the marker, the page that follows, and what the end of a list may say. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import msgspec

from connectors.decoding import instant
from connectors.facebook.wire import Page, Stub
from schemas.capture import Cursor, Listed
from schemas.errors import MarkerRefusedError

__all__ = [
    "PAGE_ITEMS",
    "Listing",
    "Place",
    "marker_of",
    "marker_refused",
    "onward",
    "signpost",
    "told",
]

PAGE_ITEMS: Final = 100
_FILTERED: Final = 3
"""Facebook's totals count comments that it shows to nobody; a shortfall beyond these, or a tenth, is a list
that was cut short: what it lacks is then not absent."""
_OURS: Final = frozenset(
    {
        *("access_token", "appsecret_proof", "fields", "limit", "filter", "order", "summary", "live_filter"),
        *("include_hidden", "show_expired", "pretty", "format", "method", "suppress_http_code"),
    }
)
"""Parameters that our own request names: of `paging.next` all others are taken, and no token."""


class Place(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Where a walk goes on: the number of the thread or record, and the page in its list."""

    number: int = 0
    page: dict[str, str] = {}
    limit: int = PAGE_ITEMS
    seen: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A list to page: where, with what, and what its end may say.

    `has_total`: its summary counts the whole list. `is_whole`: no bound is asked for, so that what was
    paged can be compared with it. `end` is the marker after its last page.
    """

    path: str
    endpoint: str
    params: Mapping[str, str]
    listed: Listed
    end: str | None
    has_total: bool = True
    is_whole: bool = True
    since: Cursor | None = None
    signposted: bool = False


def onward(page: Page) -> dict[str, str] | None:
    """Return what names the next page; None on the last, which is where there is no `next`.

    Comments page by `after`, feeds also by `until` and `__paging_token`.
    """
    if page.paging is None or page.paging.next is None:
        return None
    query = parse_qsl(urlsplit(page.paging.next).query)
    named = {name: value for name, value in query if name not in _OURS}
    if page.paging.cursors is not None and page.paging.cursors.after:
        named["after"] = page.paging.cursors.after
    return named


def told(one: Listing, page: Page, place: Place, *, ended: bool) -> Listed:
    """Return what a page says of its list; `place` is where the walk stands after it."""
    total = page.summary.total_count if page.summary is not None and one.has_total else None
    short = total - place.seen if total is not None and one.is_whole else 0
    return replace(
        one.listed,
        ended=ended,
        reported=total if ended else None,
        absence_counts=ended and short <= max(_FILTERED, (total or 0) // 10),
    )


def signpost(found: tuple[Stub, ...], since: Cursor | None) -> Cursor:
    """Return the newest post on the first page; where there is none, the edge stays where it was."""
    dated = [(at, stub) for stub in found if (at := _moment(stub.created_time)) is not None]
    if not dated:
        return since or Cursor(native_id=None, at=None)
    at, newest = max(dated, key=lambda pair: pair[0])
    return Cursor(native_id=newest.id, at=at)


def _moment(told: str | None) -> datetime | None:
    try:
        return None if told is None else instant(told)
    except ValueError:
        return None


def marker_of(place: Place) -> str:
    """Return the marker that leads to a place; it never holds a credential."""
    return msgspec.json.encode(place).decode()


def marker_refused() -> MarkerRefusedError:
    """Return the error for a marker that does not fit its walk."""
    return MarkerRefusedError("The marker does not fit this walk.", remedy="The list is walked again.")
