"""What differs between two versions of a schedule, field by field, in an officer's words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from muniment.domain.retention import ClassRule, RetentionClass, Schedule

__all__ = ["Difference", "differences"]

_LEFT_OUT: Final = frozenset({"code", "name", "period"})
_NONE: Final = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One field of one class or rule, before and after."""

    what: str
    field: str
    before: str
    after: str


def differences(before: Schedule, after: Schedule) -> tuple[Difference, ...]:
    """Return every difference, in the order of the newer file; what is gone comes last."""
    return (
        *_fields("schedule", _head(before), _head(after)),
        *_each("class", before.classes, after.classes),
        *_each("rule", {one.name: one for one in before.rules}, {one.name: one for one in after.rules}),
        *_order(before, after),
    )


def _each(what: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    for name, one in after.items():
        if name in before:
            yield from _fields(f"{what} {name}", _values(before[name]), _values(one))
        else:
            yield Difference(what=f"{what} {name}", field=what, before=_NONE, after=_short(one))
    for name in before.keys() - after.keys():
        yield Difference(what=f"{what} {name}", field=what, before=_short(before[name]), after=_NONE)


def _order(before: Schedule, after: Schedule) -> Iterator[Difference]:
    """Tell of rules that stand in another order: the first that fits decides."""
    shared = {one.name for one in before.rules} & {one.name for one in after.rules}
    was, now = ([one.name for one in side.rules if one.name in shared] for side in (before, after))
    if was != now:
        yield Difference(what="rules", field="order", before=", ".join(was), after=", ".join(now))


def _fields(what: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Difference]:
    for name, value in after.items():
        if before[name] != value:
            yield Difference(what=what, field=name, before=before[name], after=value)


def _values(one: RetentionClass | ClassRule) -> Mapping[str, str]:
    return {name: _text(getattr(one, name)) for name in type(one).__slots__ if name not in _LEFT_OUT}


def _head(one: Schedule) -> Mapping[str, str]:
    names = ("title", "status", "effective_from", "current_year")
    defaults = {name: _text(getattr(one.defaults, name)) for name in type(one.defaults).__slots__}
    signed = {name: _text(getattr(one.sign_off, name)) for name in type(one.sign_off).__slots__}
    return {**{name: _text(getattr(one, name)) for name in names}, **defaults, **signed}


def _short(one: RetentionClass | ClassRule) -> str:
    return f"{one.written}, {one.action}" if isinstance(one, RetentionClass) else one.gives


def _text(value: Any) -> str:
    if value is None or value == frozenset():
        return _NONE
    if isinstance(value, frozenset):
        return ", ".join(sorted(value))
    return f"{value:%-d %B %Y}" if isinstance(value, date) else str(value)
