"""Where a walk over X stands, and what it asks for next: pure.

A marker is a `Place` as JSON. It holds the period as it was first asked for, because a page token belongs
to that very request.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from connectors.decoding import decoded
from connectors.x.cutting import Cut
from connectors.x.wire import EDIT_WINDOW, EPOCH, RECENT, TIMELINE_CAP, User, created_at_of, instant
from schemas.capture import POSTS, Cursor, Listed, RecordRef, comments_of
from schemas.vocabulary import Reason

__all__ = [
    "PAGE",
    "Place",
    "asked_for",
    "grouped",
    "interleaved",
    "listed_threads",
    "newest_of",
    "query_of",
    "reach_of",
    "turned",
]

PAGE: Final = 100
_PROBE: Final = 5
_QUERY: Final = 512
_MARGIN: Final = timedelta(seconds=60)
"""X refuses an `end_time` within ten seconds of now, and a `start_time` a moment older than seven days."""


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """A marker: the page to ask for next, and what was fixed when its list was opened.

    `group` numbers the requests of a walk over threads or ids; `seen` and `total` count a timeline's
    posts, ours and X's own; `start` and `until` are the period as asked for. `probing`: the period is
    read to its end, and whether older posts are still shown proves that nothing was cut off in it.
    """

    token: str | None = None
    group: int = 0
    seen: int = 0
    total: int | None = None
    start: str | None = None
    until: str | None = None
    opened: bool = False
    probing: bool = False

    @classmethod
    def of_period(cls, since: datetime | None, until: datetime | None, now: datetime) -> "Place":
        """Open a timeline. A post of the period's last hour may since have been edited: it stands later."""
        late = None if until is None else until + EDIT_WINDOW
        if late is not None and late >= now - _MARGIN:
            late = None
        return cls(
            opened=True,
            start=None if since is None or since <= EPOCH else instant(since),
            until=None if late is None else instant(late),
        )

    def for_threads(self, group: Sequence[RecordRef], reach: datetime | None) -> "Place":
        """Open a group of threads: from the oldest time wanted, as far as the search reaches."""
        start = max(min(wanted_from(ref) for ref in group), EPOCH)
        told = None if reach is not None and start < reach else instant(start)
        return msgspec.structs.replace(self, opened=True, start=told)

    def marker(self) -> str:
        """Return the place as a marker."""
        return msgspec.json.encode(self).decode()

    def is_capped(self) -> bool:
        """Whether X's own count says that the timeline does not reach back to the first post."""
        return self.total is not None and self.total > TIMELINE_CAP

    def is_whole(self) -> bool | None:
        """Whether a list that ended had all of its period: not cut at the cap. None: a probe must tell."""
        if self.total is not None and not self.is_capped():
            return True
        return self.seen < TIMELINE_CAP if self.until is None else None


def asked_for(place: Place, token_name: str) -> dict[str, str]:
    """Return the paging parameters of the page to ask for."""
    if place.probing:
        return {"max_results": str(_PROBE), "end_time": place.start or ""}
    params = {"max_results": str(PAGE)}
    told = {"start_time": place.start, "end_time": place.until, token_name: place.token}
    return params | {name: value for name, value in told.items() if value is not None}


def turned(
    place: Place, cut: Cut, own_id: str, *, since: datetime | None, until: datetime | None
) -> tuple[Listed, Place]:
    """Return what a timeline's page says of the list, and where the walk stands after it."""
    total = _total(cut, own_id)
    after = msgspec.structs.replace(
        place,
        token=None if place.probing else cut.meta.next_token,
        seen=place.seen + len(cut.items),
        total=place.total if total is None else total,
    )
    whole = bool(cut.items) if place.probing else after.is_whole()
    ended = after.token is None and (place.probing or whole is not None or place.start is None)
    # X counts all that the account ever posted: of a part of it that number says nothing.
    says_all = place.start is None or after.is_capped()
    listed = Listed(
        listing=POSTS,
        ended=ended,
        reported=after.total if ended and says_all else None,
        absence_counts=ended and whole is True,
        since=since,
        until=until,
        short=Reason.PAGED_OUT if after.is_capped() else Reason.UNEXPLAINED,
    )
    return listed, msgspec.structs.replace(after, probing=after.token is None)


def _total(cut: Cut, own_id: str) -> int | None:
    for raw in cut.includes.get("users", ()):
        try:
            user = decoded(raw, User)
        except msgspec.DecodeError:
            continue
        if user.id == own_id:
            return user.posts
    return None


def newest_of(cut: Cut) -> Cursor | None:
    """Return the newest edge that a page shows; None when it shows nothing: the cursor then stays."""
    ids = [head.id for _, head in cut.items if head is not None and head.id.isdigit()]
    if not ids:
        return None
    newest = max(ids, key=int)
    return Cursor(native_id=newest, at=created_at_of(newest))


def reach_of(now: datetime) -> datetime:
    """Return how far back a recent search reaches."""
    return now - RECENT + _MARGIN


def wanted_from(ref: RecordRef) -> datetime:
    """Return from when on a thread's replies are wanted: since it was read, else since its root."""
    root_at = created_at_of(_first_id(ref)) or EPOCH
    if ref.since is None:
        return root_at
    since = ref.since.at or (None if ref.since.native_id is None else created_at_of(ref.since.native_id))
    return max(since or root_at, root_at)


def listed_threads(group: Sequence[RecordRef], *, ended: bool, reach: datetime | None) -> tuple[Listed, ...]:
    """Return what a page of a search says of its threads. Search is ranked and capped: no absence counts.

    A thread whose older replies are beyond the search's reach counts as read: its newer ones are.
    """
    listings: list[Listed] = []
    for ref in group:
        wanted = wanted_from(ref)
        cut_off = reach is not None and wanted < reach
        listings.append(
            Listed(
                listing=comments_of(ref.record_id),
                ended=ended,
                since=reach if cut_off else wanted,
                short=Reason.PAGED_OUT if cut_off else Reason.UNEXPLAINED,
            )
        )
    return tuple(listings)


def query_of(group: Sequence[RecordRef]) -> str:
    """Return the search for all threads of a group; an edited root is asked for by both of its ids."""
    terms: dict[str, None] = {}
    for ref in group:
        terms |= dict.fromkeys((_first_id(ref), ref.native_id))
    return " OR ".join(f"conversation_id:{native_id}" for native_id in terms if native_id)


def grouped(threads: Sequence[RecordRef]) -> tuple[tuple[RecordRef, ...], ...]:
    """Join threads to queries of at most 512 characters, those wanted from like times together."""
    groups: list[tuple[RecordRef, ...]] = []
    for ref in sorted(threads, key=lambda ref: (wanted_from(ref), ref.record_id)):
        if groups and len(query_of((*groups[-1], ref))) <= _QUERY:
            groups[-1] = (*groups[-1], ref)
        else:
            groups.append((ref,))
    return tuple(groups)


def interleaved(wanted: Sequence[RecordRef], controls: Sequence[RecordRef]) -> tuple[RecordRef, ...]:
    """Return wanted ids and controls by turns, each once, so that every request asks for both."""
    turns: dict[str, RecordRef] = {}
    for at in range(max(len(wanted), len(controls))):
        for ref in (*wanted[at : at + 1], *controls[at : at + 1]):
            turns.setdefault(ref.native_id, ref)
    return tuple(turns.values())


def _first_id(ref: RecordRef) -> str:
    return ref.record_id.removeprefix("x:")
