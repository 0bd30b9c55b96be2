"""What a run says of itself: completeness by listing, and one report for each walk. Counts only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from schemas.vocabulary import Outcome, Reason, Stream

__all__ = ["CaptureReport", "Completeness", "Gap"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Completeness:
    """A ledger line of one listing: `reported == captured + sum(short.values())`, where it is reported.

    `captured` are live there now; `removed` are held, but since removed there.
    """

    account: str
    stream: Stream
    listing: str
    at: datetime
    reported: int | None
    captured: int
    removed: int
    short: Mapping[Reason, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A time in which we could not see a stream, or one list of it; `ends_at` None: still open."""

    account: str
    stream: Stream
    listing: str | None
    reason: Reason
    starts_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureReport:
    """One walk in numbers: it may become a Prefect result, so it holds no content and no ids of records."""

    account: str
    stream: Stream
    outcome: Outcome
    promoted: bool
    pages: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    unread: int = 0
    media: int = 0
    media_pending: int = 0
    disposed: int = 0
    unexplained: int = 0
    cost_micros: int = 0
    drift: tuple[str, ...] = ()  # fields of the platform that our reader does not know
    alarms: tuple[str, ...] = ()
    reason: Reason | None = None
    remedy: str = ""
