"""Holds: named, reasoned stops on disposal, placed and released by people. Pure.

A record is free only when no hold is left on it; a hold has no end, only a day by which a person looks at it
again. What falls under a hold only grows: narrowing it is releasing it and placing another, on record.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

import pyarrow as pa

from schemas.errors import BadInputError

__all__ = [
    "HELD",
    "REVIEW_MONTHS",
    "Hold",
    "HoldKind",
    "due_for_review",
    "is_free",
    "latest_review",
    "review_day",
    "union",
]

REVIEW_MONTHS: Final = 6
"""A hold is looked at again within six months (records-law.md 4.1; section 8.15: too long a hold can make the
keeping itself unlawful)."""

HELD: Final = pa.schema(
    [
        pa.field("record_id", pa.string(), nullable=False),
        pa.field("hold_id", pa.int64(), nullable=False),
        pa.field("holds", pa.int64(), nullable=False),
    ]
)
"""Held records, one row each: one of the holds that stop it, and how many do."""


class HoldKind(StrEnum):
    """What a hold is for."""

    FOI = "foi"  # under FOIA, EIR, FOISA and EISR alike
    SAR = "sar"
    INVESTIGATION = "investigation"
    LITIGATION = "litigation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A hold as the register knows it.

    `typed` is the query of its scope; None: the scope is a frozen set of records. `records` are held by it
    now; what commits up to `watermark` brought is resolved, what came later is evaluated when it matters.
    """

    hold_id: int
    kind: HoldKind
    reference: str
    reason: str
    typed: str | None
    case_id: str | None
    placed_by: str
    placed_at: datetime
    review_on: date
    watermark: int
    records: int
    released_by: str | None = None
    released_at: datetime | None = None
    release_reason: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether it still stops disposal."""
        return self.released_at is None


def is_free(holds: Iterable[Hold]) -> bool:
    """Return whether a record under these holds may be disposed of as far as holds go: none is left open."""
    return not any(hold.is_open for hold in holds)


def latest_review(today: date) -> date:
    """Return the last day on which a hold placed or reviewed today must be looked at again.

    The same day of the month six months on, or that month's last day.
    """
    years, month = divmod(today.month - 1 + REVIEW_MONTHS, 12)
    year = today.year + years
    for day in (today.day, 30, 29, 28):
        try:
            return date(year, month + 1, min(day, today.day))
        except ValueError:
            continue
    raise AssertionError


def review_day(asked: date | None, today: date) -> date:
    """Return the day by which a hold is to be looked at again.

    Raises:
        BadInputError: It lies in the past, or later than six months from now.

    Source:
        records-law.md 4.1: review every hold each six months.
    """
    latest = latest_review(today)
    if asked is None:
        return latest
    if not today < asked <= latest:
        raise BadInputError(
            f"A hold is reviewed within {REVIEW_MONTHS} months: {asked:%-d %B %Y} cannot be the day.",
            remedy=f"Give a day after today, up to {latest:%-d %B %Y}.",
        )
    return asked


def due_for_review(holds: Iterable[Hold], today: date) -> tuple[Hold, ...]:
    """Return the open holds that must be looked at by today, the longest overdue first."""
    due = (hold for hold in holds if hold.is_open and hold.review_on <= today)
    return tuple(sorted(due, key=lambda hold: (hold.review_on, hold.hold_id)))


def union(*held: pa.Table) -> pa.Table:
    """Return the records of several HELD tables, one row each; a record in two counts the holds of both."""
    together = pa.concat_tables(held)
    if len(held) == 1:
        return together
    joined = together.group_by("record_id").aggregate([("hold_id", "min"), ("holds", "sum")])
    return joined.rename_columns(["record_id", "hold_id", "holds"]).select(HELD.names).cast(HELD)
