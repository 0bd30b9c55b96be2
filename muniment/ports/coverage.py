"""What was seen and what was not: the ledger, the gaps, the capture rows that wait for a commit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from schemas.capture import CaptureRow
    from schemas.report import Completeness, Gap

__all__ = ["Coverage", "Queue"]


class Queue(Protocol):
    """Capture rows that wait for the council's next commit."""

    def queued(self, council: str, *, limit: int = 10_000) -> tuple[tuple[int, CaptureRow], ...]:
        """Return the waiting rows, numbered, oldest first."""
        ...

    def oldest_queued_at(self, council: str) -> datetime | None:
        """Return when the oldest waiting row was fetched: at the latest after an hour it is committed."""
        ...


class Coverage(Protocol):
    """The completeness ledger and the register of gaps; a gap is closed by the walk that covers it."""

    def open_gap(self, council: str, gap: Gap) -> None:
        """Open a gap, unless one of the same stream, listing and reason is open."""
        ...

    def gaps(self, council: str, *, since: date | None = None, until: date | None = None) -> tuple[Gap, ...]:
        """Return gaps that touch the London dates given."""
        ...

    def ledger(self, council: str, *, account: str | None = None) -> Iterator[Completeness]:
        """Yield the newest ledger line of each listing."""
        ...
