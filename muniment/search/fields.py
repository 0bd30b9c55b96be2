"""The `field:value` part of the query language: which fields there are, and which values they take."""

import re
from collections.abc import Callable
from datetime import date
from typing import NamedTuple, TypeAlias

from muniment.search.entry import fold_value
from muniment.search.errors import QueryError
from muniment.search.tree import Keyword, Node, Not, Or, Range, Records
from schemas.vocabulary import Kind, State

__all__ = ["FIELD_NAMES", "FieldValue", "field_node", "within_days"]

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_PERIOD = re.compile(r"\[\s*(\S+)\s+(?i:TO)\s+(\S+?)\s*\]")
_DATE_REMEDY = "Write date:2024-01-31, or date:[2024-01-01 TO 2024-01-31] with * for an open end."


class FieldValue(NamedTuple):
    """A `name:value` as typed; `at` is where the name begins."""

    name: str
    value: str
    quoted: bool
    at: int


_Reader: TypeAlias = Callable[[FieldValue], Node]
_Held: TypeAlias = Callable[[], frozenset[str]]


def field_node(typed: FieldValue, held: _Held | None = None, *, classed: bool = True) -> Node:
    """Return the node of a `name:value`; `held` gives the records under a hold.

    Raises:
        QueryError: The value is not one that the field can take, or holds or classes cannot be asked here.
    """
    if not fold_value(typed.value):
        raise _bad(typed, "has no plain value after its colon", f"Write for example {_EXAMPLES[typed.name]}.")
    if typed.value.startswith("-") and not typed.quoted:
        remedy = f"To leave a value out write -{typed.name}:{typed.value.lstrip('-')}."
        raise _bad(typed, "has its minus in the wrong place", remedy)
    if typed.name == "class" and not classed:
        raise _bad(typed, "cannot be asked here", "Leave it out: only the index of today knows classes.")
    return _hold(typed, held) if typed.name == "hold" else _READERS[typed.name](typed)


def within_days(since: date | None, until: date | None) -> Range:
    """Return the range of whole Europe/London days, both ends included."""
    return Range("day", _number(since) if since else None, _number(until) if until else None)


def _exact(typed: FieldValue) -> Node:
    return Keyword(typed.name, fold_value(typed.value))


def _one_of(words: type[Kind] | type[State]) -> _Reader:
    def read(typed: FieldValue) -> Node:
        if typed.value.lower() not in list(words):
            raise _bad(typed, "is not one of its values", f"Write one of: {', '.join(words)}.")
        return Keyword(typed.name, typed.value.lower())

    return read


def _yes_or_no(yes: Node) -> _Reader:
    return lambda typed: _yes_or_no_of(typed, lambda: yes)


def _yes_or_no_of(typed: FieldValue, yes: Callable[[], Node]) -> Node:
    if typed.quoted or typed.value.lower() not in ("yes", "no"):
        raise _bad(typed, "is not yes or no", f"Write {typed.name}:yes or {typed.name}:no.")
    return yes() if typed.value.lower() == "yes" else Not(yes())


def _date(typed: FieldValue) -> Node:
    period = _PERIOD.fullmatch(typed.value)
    if typed.quoted or (typed.value.startswith("[") and not period):
        raise _bad(typed, "is not a date or a period", _DATE_REMEDY)
    first, last = (period[1], period[2]) if period else (typed.value, typed.value)
    low = None if period and first == "*" else _day(typed, first)
    high = None if period and last == "*" else _day(typed, last)
    if low and high and low > high:
        raise _bad(typed, "ends before it begins", "Write the earlier day first.")
    return within_days(low, high)


def _hold(typed: FieldValue, held: _Held | None) -> Node:
    if held is None:
        raise _bad(typed, "cannot be asked here", "Leave it out, or put it in quotation marks.")
    return _yes_or_no_of(typed, lambda: Records(held(), "is under a hold"))


def _day(typed: FieldValue, text: str) -> date:
    try:
        day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        raise _bad(typed, f"names a day that does not exist, {text}", _DATE_REMEDY) from None
    if day is None:
        raise _bad(typed, f"is not a date: {text}", _DATE_REMEDY)
    return day


def _number(day: date) -> int:
    return day.year * 10_000 + day.month * 100 + day.day


def _bad(typed: FieldValue, message: str, remedy: str) -> QueryError:
    value = f'"{typed.value}"' if typed.quoted else typed.value
    return QueryError(f"{typed.name}:{value} {message}", position=typed.at, remedy=remedy)


_DELETED = Or((Keyword("state", State.MISSING.value), Keyword("state", State.GONE.value)))
_READERS: dict[str, _Reader] = {
    "platform": _exact,
    "account": _exact,
    "author": _exact,
    "kind": _one_of(Kind),
    "state": _one_of(State),
    "edited": _yes_or_no(Range("edited", 1, 1)),
    "hidden": _yes_or_no(Keyword("state", State.HIDDEN.value)),
    "deleted": _yes_or_no(_DELETED),
    "date": _date,
    "class": _exact,
}
_EXAMPLES = {
    "platform": "platform:facebook",
    "account": "account:borough-news",
    "author": "author:@handle",
    "kind": "kind:comment",
    "state": "state:hidden",
    "edited": "edited:yes",
    "hidden": "hidden:yes",
    "deleted": "deleted:yes",
    "date": "date:2024-01-31",
    "class": "class:complaint",
    "hold": "hold:yes",
}
FIELD_NAMES = (*_READERS, "hold")
