"""The grammar of retention periods: what an officer writes in a schedule, read strictly.

    expr       = longest | simple [ review ] | review
    longest    = "longest(" expr { "," expr } ")"
    simple     = "PERM" | superseded | sixplus | under | coded | plain
    superseded = "until superseded" [ "+" duration ]
    sixplus    = INT "+"                    6+    the Derbyshire rule
    under      = "D<" duration              D<1   transient, must go within
    coded      = CODE "+" duration          CASE+6  ACTION+15  EVENT:order_ends+0d
    plain      = duration [ "plus current" [ "financial" | "calendar" ] "year" ]
    duration   = INT [ "y" | "m" | "d" ]    no unit means years
    review     = "review at" duration [ "then" ( "offer" | "destroy" | "decide" ) ]

An unprefixed period counts from its class's trigger; `counting` says from when to when. Whatever else is
written is refused with the position of the mistake: a period that is guessed at destroys the wrong records.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias, assert_never

from typing_extensions import override

from schemas.errors import BadInputError

__all__ = [
    "CODES",
    "TRIGGER",
    "Coded",
    "Duration",
    "Longest",
    "Period",
    "PeriodError",
    "Permanent",
    "Plain",
    "Reviewed",
    "SixPlus",
    "Then",
    "Under",
    "Unit",
    "YearKind",
    "events_of",
    "parse_duration",
    "parse_period",
]

TRIGGER: Final = "trigger"
"""Stands for the event that the class names as its trigger."""

CODES: Final[Mapping[str, str]] = {
    "CASE": "case_closed",
    "ACTION": "last_action",
    "TERMS": "terms_end",
    "DOB": "date_of_birth",
    "LEAVE": "leaves_employment",
    "CLOSED": "account_closed",
    "SUPERSEDED": "superseded",
    "PUBLISHED": "published",
    "RECEIPT": "received",
}
"""The codes of council schedules, and the event that each counts from."""

_LONGEST_YEARS: Final = 999


class PeriodError(BadInputError):
    """A period has a mistake. `position` counts characters from 0; the message counts from 1."""

    def __init__(self, message: str, *, position: int, remedy: str) -> None:
        """Keep where the mistake is."""
        super().__init__(f"{message} (at character {position + 1}).", remedy=remedy)
        self.position = position


class Unit(StrEnum):
    """What a duration is counted in."""

    YEARS = "y"
    MONTHS = "m"
    DAYS = "d"


class YearKind(StrEnum):
    """Which year "plus current year" means: a financial year ends on 31 March."""

    FINANCIAL = "financial"
    CALENDAR = "calendar"


class Then(StrEnum):
    """What a review leads to."""

    OFFER = "offer"
    DESTROY = "destroy"
    DECIDE = "decide"


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration:
    """A number of years, months or days."""

    count: int
    unit: Unit

    @override
    def __str__(self) -> str:
        return f"{self.count}{self.unit}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Permanent:
    """Never to be destroyed by the clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SixPlus:
    """So many years from the end of the financial year of the last change (the Derbyshire rule)."""

    years: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Under:
    """Transient: may go at once, and must have gone within the duration."""

    within: Duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Coded:
    """A duration from an event of its own; "until superseded" alone is 0 days from `superseded`."""

    event: str
    duration: Duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """A duration from the class's trigger. `after_year`: counted from the end of the trigger's year.

    `year` None with `after_year`: the schedule says which year it means.
    """

    duration: Duration
    after_year: bool = False
    year: YearKind | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """A period with a review in it; `period` None: a bare review, never eligible by the clock."""

    period: "Period | None"
    after: Duration
    then: Then


@dataclass(frozen=True, slots=True, kw_only=True)
class Longest:
    """The latest end of several; unknown as long as one of them is."""

    periods: tuple["Period", ...]


Period: TypeAlias = Permanent | SixPlus | Under | Coded | Plain | Reviewed | Longest


def parse_period(text: str) -> Period:
    """Return what a period says.

    Raises:
        PeriodError: It is not in the grammar; the message says where, the remedy what can be written.
    """
    reader = _Reader(text)
    period = _expression(reader)
    reader.end()
    return period


def parse_duration(text: str) -> Duration:
    """Return a duration that stands alone, such as 90d.

    Raises:
        PeriodError: It is none.
    """
    reader = _Reader(text)
    duration = _duration(reader)
    reader.end()
    return duration


def events_of(period: Period) -> frozenset[str]:
    """Return the events that a period counts from; TRIGGER stands for the class's own."""
    match period:
        case Permanent():
            return frozenset()
        case SixPlus() | Under() | Plain():
            return frozenset({TRIGGER})
        case Coded(event=event):
            return frozenset({event})
        case Reviewed(period=inner):
            return events_of(inner) or frozenset({TRIGGER}) if inner is not None else frozenset({TRIGGER})
        case Longest(periods=periods):
            return frozenset().union(*map(events_of, periods))
        case _:
            assert_never(period)


class _Reader:
    """Reads a text from left to right; blanks between words count for nothing."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Return what stands next, after blanks, if it is such a thing, and go past it."""
        start = self._at
        while start < len(self._text) and self._text[start] == " ":
            start += 1
        found = pattern.match(self._text, start)
        if found is not None:
            self._at = found.end()
        return found

    def end(self) -> None:
        """Refuse whatever is left over."""
        if self._text[self._at :].strip(" "):
            raise self.error("does not belong here")

    def error(self, what: str) -> PeriodError:
        """Return the mistake that what stands next is."""
        position = self._at
        while position < len(self._text) and self._text[position] == " ":
            position += 1
        rest = self._text[position:]
        said = f"'{rest}' {what}" if rest else "the period breaks off"
        return PeriodError(
            f"The period '{self._text}' cannot be read: {said}", position=position, remedy=_REMEDY
        )


_REMEDY: Final = (
    "Write for example 6y, 18m, 30d, 6+, PERM, CASE+6, 6y plus current financial year, "
    "until superseded + 6y, PERM review at 10y then offer, or longest(CASE+6, EVENT:order_ends+0d)."
)
_LONGEST: Final = re.compile(r"longest *\(")
_COMMA: Final = re.compile(r",")
_CLOSE: Final = re.compile(r"\)")
_PERM: Final = re.compile(r"PERM\b(?! *\+)")
_SUPERSEDED: Final = re.compile(r"until +superseded\b")
_PLUS: Final = re.compile(r"\+")
_SIX_PLUS: Final = re.compile(r"([0-9]+)\+")
_UNDER: Final = re.compile(r"D *<")
_CODED: Final = re.compile(rf"(?:({'|'.join(CODES)})|EVENT:([a-z][a-z0-9_]*)) *\+")
_DURATION: Final = re.compile(r"([0-9]+)([ymd]?)(?![A-Za-z0-9])")
_PLUS_CURRENT: Final = re.compile(r"plus +current\b")
_YEAR_KIND: Final = re.compile(r"\( *(financial|calendar) *\)|(financial|calendar)\b")
_YEAR: Final = re.compile(r"year\b")
_REVIEW: Final = re.compile(r"review +at\b")
_THEN: Final = re.compile(r"then\b")
_THEN_WHAT: Final = re.compile(r"(offer|destroy|decide)\b")


def _expression(reader: _Reader) -> Period:
    if reader.take(_LONGEST):
        periods = [_expression(reader)]
        while reader.take(_COMMA):
            periods.append(_expression(reader))
        if not reader.take(_CLOSE):
            raise reader.error("should be a comma or a closing bracket")
        return Longest(periods=tuple(periods))
    if reader.take(_REVIEW):
        return _review(reader, None)
    simple = _simple(reader)
    return _review(reader, simple) if reader.take(_REVIEW) else simple


def _simple(reader: _Reader) -> Period:  # noqa: PLR0911 -- one for each line of the grammar
    if reader.take(_PERM):
        return Permanent()
    if reader.take(_SUPERSEDED):
        duration = _duration(reader) if reader.take(_PLUS) else Duration(count=0, unit=Unit.DAYS)
        return Coded(event="superseded", duration=duration)
    if found := reader.take(_SIX_PLUS):
        return SixPlus(years=_count(found, Unit.YEARS))
    if reader.take(_UNDER):
        return Under(within=_duration(reader))
    if found := reader.take(_CODED):
        event = CODES[found[1]] if found[1] else found[2]
        return Coded(event=event, duration=_duration(reader))
    duration = _duration(reader)
    if not reader.take(_PLUS_CURRENT):
        return Plain(duration=duration)
    kind = reader.take(_YEAR_KIND)
    if not reader.take(_YEAR):
        raise reader.error("should be 'year', 'financial year' or 'calendar year'")
    return Plain(
        duration=duration, after_year=True, year=None if kind is None else YearKind(kind[1] or kind[2])
    )


def _review(reader: _Reader, period: Period | None) -> Reviewed:
    after = _duration(reader)
    then = Then.DECIDE
    if reader.take(_THEN):
        found = reader.take(_THEN_WHAT)
        if found is None:
            raise reader.error("should be offer, destroy or decide")
        then = Then(found[1])
    return Reviewed(period=period, after=after, then=then)


def _duration(reader: _Reader) -> Duration:
    found = reader.take(_DURATION)
    if found is None:
        raise reader.error("is no number of years (6y), months (18m) or days (30d)")
    unit = Unit(found[2] or "y")
    return Duration(count=_count(found, unit), unit=unit)


def _count(found: re.Match[str], unit: Unit) -> int:
    digits = found[1]
    in_a_year = {Unit.YEARS: 1, Unit.MONTHS: 12, Unit.DAYS: 366}[unit]
    if len(digits) > 7 or int(digits) > _LONGEST_YEARS * in_a_year:  # noqa: PLR2004 -- no int() of a book
        raise PeriodError(
            f"A period of {digits[:12]}{unit} is longer than {_LONGEST_YEARS} years",
            position=found.start(),
            remedy="Write PERM for what is to be kept for ever.",
        )
    return int(digits)
