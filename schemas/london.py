"""London time: instants are kept in UTC; a day of the law, of a council and of its officers is London's."""

from datetime import UTC, date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

__all__ = ["LONDON", "london_date", "london_day_starts", "london_short", "london_words"]

LONDON: Final = ZoneInfo("Europe/London")


def london_date(moment: datetime) -> date:
    """Return the day that an aware instant falls on in London."""
    return moment.astimezone(LONDON).date()


def london_day_starts(day: date) -> datetime:
    """Return the instant, in UTC, at which a London day begins."""
    return datetime.combine(day, time.min, tzinfo=LONDON).astimezone(UTC)


def london_words(moment: datetime) -> str:
    """Return an instant as a person reads it in a sentence: `3 March 2024 14:05`."""
    return moment.astimezone(LONDON).strftime("%-d %B %Y %H:%M")


def london_short(moment: datetime) -> str:
    """Return an instant as a person reads it in a table: `3 Mar 2024 14:05`."""
    return moment.astimezone(LONDON).strftime("%-d %b %Y %H:%M")
