"""Walks and cursors: where each stream of each account has got to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from muniment.domain.due import ThreadDue
    from muniment.ports.archive import Kept
    from schemas.account import Account
    from schemas.capture import Ask, CaptureRow, Cursor, Listed, RecordRef, Walk
    from schemas.observation import Look, Presence, Sighting
    from schemas.report import Completeness
    from schemas.vocabulary import Outcome, Stream

__all__ = ["Noted", "PastWalk", "Walks"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """What `note` remembers of one kept batch, in one transaction with the marker."""

    walk: Walk
    marker: str | None
    ended: bool
    signpost: Cursor | None
    listings: Sequence[Listed]
    looks: Sequence[Look]  # every seen record of the batch, re-sightings too
    queued: Sequence[CaptureRow]  # capture rows of a batch that made no commit
    queue_taken: int  # queued rows up to this number went into the commit
    kept: Kept
    unchanged: int
    unread: int
    media: int
    media_pending: int
    cost_micros: int
    pages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PastWalk:
    """A walk as history: what it asked for, when, and how it ended. `threads` are native ids.

    `whole`: it saw the lists that it asked for to their end; who asks by id sees no list.
    """

    account: str
    stream: Stream
    started_at: datetime
    ended_at: datetime
    whole: bool
    outcome: str
    covers_from: datetime | None
    covers_to: datetime | None
    threads: tuple[str, ...] | None


class Walks(Protocol):
    """Walks and cursors: where each stream of each account has got to."""

    def open_walk(self, account: Account, stream: Stream, ask: Ask, *, now: datetime) -> Walk:
        """Return the unfinished walk of this kind of ask, or a new one.

        Kinds are Edge, Window (per window), Threads and Ids; an unfinished walk keeps its own ask.
        """
        ...

    def note(self, noted: Noted, *, now: datetime) -> None:
        """Remember marker, sightings, listings and counts of a kept batch, in one transaction."""
        ...

    def absent(self, walk: Walk, *, now: datetime) -> Iterator[Sighting]:
        """Yield an absent sighting for each record that a listing which ended should have shown."""
        ...

    def promote(self, walk: Walk, *, now: datetime) -> tuple[Completeness, ...]:
        """Close a whole walk: cursor := signpost, the gaps it covers close, the ledger is written."""
        ...

    def abandon(
        self,
        walk: Walk,
        outcome: Outcome,
        *,
        now: datetime,
        resume_at: datetime | None = None,
        drop_marker: bool = False,
    ) -> None:
        """Leave a walk unfinished (it goes on from its marker), or failed (the next starts anew)."""
        ...

    def cursor(self, council: str, account: str, stream: Stream) -> Cursor | None:
        """Return the promoted cursor of a stream's edge."""
        ...

    def last_whole(self, council: str, account: str, stream: Stream) -> datetime | None:
        """Return when an Edge of this stream last ended whole."""
        ...

    def last_ended(self, council: str, account: str, stream: Stream) -> Mapping[str, datetime]:
        """Return when walks of this stream last ended whole, by purpose.

        Purposes: "edge", "threads", "ids", or a Window's own ("backfill", "recent", "month", ...).
        """
        ...

    def unfinished(self, council: str, account: str) -> tuple[Walk, ...]:
        """Return the walks that wait to go on."""
        ...

    def walk_history(self, council: str) -> Iterator[PastWalk]:
        """Yield every walk that was begun, oldest first."""
        ...

    def windows_done(
        self, council: str, account: str, stream: Stream
    ) -> tuple[tuple[datetime, datetime], ...]:
        """Return the periods that whole Window walks have covered, joined and in order."""
        ...

    def threads(self, council: str, account: str) -> Iterator[ThreadDue]:
        """Yield the account's threads, newest first."""
        ...

    def to_confirm(
        self, council: str, account: str, stream: Stream, *, now: datetime, limit: int
    ) -> tuple[Presence, ...]:
        """Return records that wait for an answer by id, oldest look first.

        Missing ones: with two absences or more over a day, or last looked for eight hours ago. Live and
        hidden ones that no walk has seen for twice as long as their age band allows (domain.due.BANDS):
        lists whose absence proves nothing, such as a search, never make a record missing.
        """
        ...

    def controls(self, council: str, account: str, presence: Presence) -> tuple[RecordRef, ...]:
        """Return a live record of the same kind in the same thread, else of the same account."""
        ...
