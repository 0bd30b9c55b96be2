"""When a period ends: the counting rules of retention (records-law.md 4.3), on Europe/London dates.

A period runs to the end of its anniversary, clamped to the month's last day; what is under it may go from
the next day: the cautious reading. An event that is not known gives no end: nothing is destroyed on a guess.
"""

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, assert_never

from muniment.domain.period import (
    TRIGGER,
    Coded,
    Duration,
    Longest,
    Period,
    Permanent,
    Plain,
    Reviewed,
    SixPlus,
    Then,
    Under,
    Unit,
    YearKind,
)

__all__ = ["Ending", "add", "ending", "year_end"]

_DAY: Final = timedelta(days=1)
_MONTHS_IN_A_YEAR: Final = 12
_MARCH: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What a period comes to.

    `eligible_from` is the first day on which disposal is allowed; None: never by the clock, or not yet.
    `review_on` is the day of its review, `then` what the review leads to. `missing` are the events that
    would have to be known; `permanent`: no event will ever end it. `overdue_from`: it should be gone by then.
    """

    eligible_from: date | None
    review_on: date | None = None
    then: Then | None = None
    missing: frozenset[str] = frozenset()
    permanent: bool = False
    overdue_from: date | None = None


def ending(period: Period, events: Mapping[str, date], *, current_year: YearKind) -> Ending:
    """Return when a period ends.

    Args:
        period: What the schedule says.
        events: London dates of what has happened; TRIGGER is the class's own event. For the Derbyshire
            rule TRIGGER is the date of the last change.
        current_year: What the schedule means by "current year" where it says no more.

    Source:
        records-law.md 4.3; Derbyshire County Council's corporate codes for `6+` and `D<1`.
    """
    match period:
        case Permanent():
            return Ending(eligible_from=None, permanent=True)
        case Reviewed():
            return _reviewed(period, events, current_year)
        case Longest(periods=periods):
            return _longest([ending(one, events, current_year=current_year) for one in periods])
        case _:
            event = period.event if isinstance(period, Coded) else TRIGGER
            base = events.get(event)
            if base is None:
                return Ending(eligible_from=None, missing=frozenset({event}))
            return _from(period, base, current_year)


def _from(period: SixPlus | Under | Coded | Plain, base: date, current_year: YearKind) -> Ending:
    match period:
        case SixPlus(years=years):
            counted = Duration(count=years, unit=Unit.YEARS)
            return Ending(eligible_from=_next(add(year_end(base, YearKind.FINANCIAL), counted)))
        case Under(within=within):
            return Ending(eligible_from=base, overdue_from=_next(add(base, within)))
        case Coded(duration=duration):
            return Ending(eligible_from=_next(add(base, duration)))
        case Plain(duration=duration, after_year=after_year, year=year):
            start = year_end(base, year or current_year) if after_year else base
            return Ending(eligible_from=_next(add(start, duration)))
        case _:
            assert_never(period)


def _reviewed(period: Reviewed, events: Mapping[str, date], current_year: YearKind) -> Ending:
    inner = (
        Ending(eligible_from=None, permanent=True)
        if period.period is None
        else ending(period.period, events, current_year=current_year)
    )
    base = events.get(_base(period.period))
    return Ending(
        eligible_from=inner.eligible_from,
        review_on=None if base is None else add(base, period.after),
        then=period.then,
        missing=inner.missing if base is not None else inner.missing | {_base(period.period)},
        permanent=inner.permanent,
        overdue_from=inner.overdue_from,
    )


def _base(period: Period | None) -> str:
    """Return the event that a review counts from: the one that its period counts from."""
    return period.event if isinstance(period, Coded) else TRIGGER


def _longest(endings: list[Ending]) -> Ending:
    """Return the latest end; there is none while any part has none."""
    known = [one.eligible_from for one in endings if one.eligible_from is not None]
    overdue = [one.overdue_from for one in endings if one.overdue_from is not None]
    reviews = [one for one in endings if one.review_on is not None]
    last = max(reviews, key=lambda one: one.review_on or date.min, default=None)
    whole = len(known) == len(endings)
    return Ending(
        eligible_from=max(known) if whole else None,
        review_on=None if last is None else last.review_on,
        then=None if last is None else last.then,
        missing=frozenset().union(*(one.missing for one in endings)),
        permanent=any(one.permanent for one in endings),
        overdue_from=max(overdue) if whole and len(overdue) == len(endings) else None,
    )


def add(base: date, duration: Duration) -> date:
    """Return the anniversary: the same day number, or the last of a month that has none.

    A day past the last that the calendar has stands for "not in any life of this archive".
    """
    if duration.unit is Unit.DAYS:
        return base + timedelta(days=min(duration.count, (date.max - base).days - 1))
    months = duration.count * (_MONTHS_IN_A_YEAR if duration.unit is Unit.YEARS else 1)
    year, month = divmod(base.year * _MONTHS_IN_A_YEAR + base.month - 1 + months, _MONTHS_IN_A_YEAR)
    if year >= date.max.year:
        return date.max - _DAY
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(base.day, last))


def year_end(day: date, kind: YearKind) -> date:
    """Return the last day of the financial (31 March) or calendar year that a day lies in."""
    if kind is YearKind.CALENDAR:
        return date(day.year, 12, 31)
    return date(day.year if day.month <= _MARCH else day.year + 1, _MARCH, 31)


def _next(day: date) -> date:
    return day + _DAY
