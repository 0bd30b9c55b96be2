"""What a council's file lets a credential spend, and which part of it is kept for the newest posts."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

__all__ = ["LEFT_TO_EDGES", "Allowance"]

LEFT_TO_EDGES: Final = 0.2
"""The part of a day and of a month that walks other than edges leave (ADR 0006)."""

_MONTH: Final = timedelta(days=365.25 / 12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What may be spent with a credential; None: the platform's own limits only. Neither is 0."""

    usd_per_month: float | None = None
    calls_per_day: int | None = None

    def wait(self, *, calls: float, dollars: float) -> timedelta:
        """Return how long walks other than edges wait for the days and months that allow so many calls."""
        days = calls / self.calls_per_day if self.calls_per_day else 0.0
        months = dollars / self.usd_per_month if self.usd_per_month else 0.0
        # The first day's and the first month's share are there at once.
        return max(timedelta(days=_after_the_first(days)), _MONTH * _after_the_first(months))


def _after_the_first(shares: float) -> float:
    return max(shares / (1.0 - LEFT_TO_EDGES) - 1.0, 0.0)
