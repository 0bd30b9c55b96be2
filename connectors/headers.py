"""What the headers of an answer tell: numbers, moments, how long to wait. Hostile input like every answer.

Whoever answers in a platform's name could otherwise stop an account with a number too large to be a time, or
have it left alone for a thousand years.
"""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

__all__ = ["LONGEST_PAUSE", "count_told", "moment_told", "pause_of", "retry_after"]

LONGEST_PAUSE: Final = timedelta(days=1)
"""However long a platform wants to be left alone: after a day it is asked once more."""

_UNTOLD_PAUSE: Final = timedelta(seconds=30)
_SHORTEST_PAUSE: Final = timedelta(seconds=1)
_MOST_DIGITS: Final = 18


def count_told(value: str | None) -> int | None:
    """Return the number that a header tells; None where it tells none, or one that nothing can have."""
    if value is None or not value.isascii() or not value.isdigit() or len(value) > _MOST_DIGITS:
        return None
    return int(value)


def moment_told(value: str | None) -> datetime | None:
    """Return the moment that a header tells, in UTC; None where it tells none, or one beyond any calendar."""
    if value is None:
        return None
    try:
        moment = parsedate_to_datetime(value)
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def pause_of(seconds: float) -> timedelta:
    """Return how long to leave a platform alone that asks for so many seconds: a day at most."""
    return timedelta(seconds=min(seconds, LONGEST_PAUSE.total_seconds()))


def retry_after(value: str | None, now: datetime) -> timedelta:
    """Return the pause that `Retry-After` asks for, in seconds or until a moment; half a minute if untold."""
    seconds = count_told(value)
    if seconds is not None:
        return pause_of(seconds)
    moment = moment_told(value)
    return _UNTOLD_PAUSE if moment is None else pause_of(max(moment - now, _SHORTEST_PAUSE).total_seconds())
