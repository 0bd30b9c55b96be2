"""Limitation floors: how long what may be evidence of a claim is kept at least. Pure.

A schedule states, law by law, within which time a claim can be brought (`limitation_floors`); a class says of
which claims its records may be evidence (`evidence_of`). A period below the floor is refused, unless the
class records the reason; and whatever a period says, nothing goes before its floor. The law counts from the
cause of action, which no record knows: here the floor counts from the event that the class counts from.

Source:
    Limitation Act 1980, and the sources in records-law.md 4.2; the template's own words: "should not go below
    them without a recorded reason".
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from muniment.domain.counting import Ending, add, ending
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
from muniment.domain.retention import Action, RetentionClass

__all__ = ["NATIONS", "class_ending", "floors_for", "is_below"]

NATIONS: Final[Mapping[str, frozenset[str]]] = {
    "england_wales": frozenset({"ENG", "WAL"}),
    "northern_ireland": frozenset({"NIR"}),
    "scotland": frozenset({"SCT"}),
}
"""The laws of limitation that there are, and the nations in which each is law."""
_DAYS: Final = tuple(date(year, month, 1) for year in range(2023, 2027) for month in range(1, 13))
"""Days on which two durations are compared: 30d and 1m differ from month to month."""
_NOTHING: Final = Duration(count=0, unit=Unit.DAYS)


def floors_for(
    claims: frozenset[str], floors: Mapping[str, Mapping[str, Duration]], nations: Sequence[str]
) -> tuple[Duration, ...]:
    """Return the floors of some claims where a schedule is used; no nation told: in all of them."""
    here = [
        of_law
        for law, of_law in floors.items()
        if not nations or NATIONS.get(law, frozenset()) & set(nations)
    ]
    found = {of_law[claim] for of_law in here for claim in claims if claim in of_law}
    return tuple(sorted(found, key=lambda one: add(_DAYS[0], one)))


def is_below(period: Period, floor: Duration) -> bool:
    """Return whether a period may let a record go sooner than a floor."""
    return all(
        any(add(day, least) < add(day, floor) for day in _DAYS) for least in _least(period)
    ) and not _never(period)


def class_ending(one: RetentionClass, happened: Mapping[str, date], *, current_year: YearKind) -> Ending:
    """Return what a class's period comes to: never before its floors, and offered where PERM means that.

    Args:
        one: The class.
        happened: As `ending` takes it; TRIGGER is the class's own event.
        current_year: As `ending` takes it.

    Source:
        Derbyshire County Council's code PERM: permanent, offer to the Record Office (records-law.md 4.3).
    """
    end = ending(one.period, happened, current_year=current_year)
    base = happened.get(TRIGGER)
    if base is None:
        return end
    if one.action is Action.TRANSFER and end.permanent and end.review_on is None:
        end = replace(end, review_on=base, then=Then.OFFER)
    for floor in one.floors:
        first = ending(Plain(duration=floor), {TRIGGER: base}, current_year=current_year).eligible_from
        if first is not None:
            end = replace(
                end,
                eligible_from=None if end.eligible_from is None else max(end.eligible_from, first),
                review_on=None if end.review_on is None else max(end.review_on, first),
            )
    return end


def _least(period: Period) -> Iterator[Duration]:
    """Yield durations of which the longest is the least time for which a period keeps."""
    match period:
        case SixPlus(years=years):
            yield Duration(count=years, unit=Unit.YEARS)
        case Under():
            yield _NOTHING
        case Coded(duration=duration) | Plain(duration=duration):
            yield duration
        case Reviewed(period=inner, after=after):
            yield from [after] if inner is None else _least(inner)
        case Longest(periods=periods):
            for part in periods:
                yield from _least(part)
        case Permanent():
            pass


def _never(period: Period) -> bool:
    match period:
        case Permanent():
            return True
        case Reviewed(period=inner):
            return inner is not None and _never(inner)
        case Longest(periods=periods):
            return any(map(_never, periods))
        case _:
            return False
