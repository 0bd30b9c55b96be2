"""How long each record must be kept: its class's period from its events, and those of the cases it is in.

"Holds and linked cases only ever lengthen": a record in a case goes by whichever ends later, the case's class
or its own, and never while either has no end yet (records-law.md 4.1).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from muniment.domain.classifying import BY_CASE, Classified, Setting, Threads
from muniment.domain.columns import EPOCH, certain, day_number, greatest, grouped, looked_up, replaced
from muniment.domain.counting import Ending
from muniment.domain.floors import class_ending
from muniment.domain.period import TRIGGER, Longest, Period, Reviewed, SixPlus, Then, events_of
from muniment.domain.retention import RetentionClass, Schedule, WindowKind
from muniment.domain.triggers import EventDates, Facts, Scope

__all__ = ["THENS", "Cases", "Duties", "duties"]

THENS: Final = tuple(Then)
_DAY: Final = pa.int32()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cases:
    """The class of each case, and which cases each record is in."""

    classes: Mapping[str, str]
    of_record: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Duties:
    """For each record what decides how long it stays: columns in the order of the records.

    `due` and `review` are day numbers, null when there is none (yet); `then` is a place in THENS. No event
    will ever end what is `permanent`. `event_on` is when the class's trigger happened. `case` names the case
    whose class decides, in place of the record's own; `class_at` and `rule_at` are then the case's.
    """

    classes: tuple[str, ...]
    class_at: pa.Array
    rules: tuple[str, ...]
    rule_at: pa.Array
    due: pa.Array
    review: pa.Array
    then: pa.Array
    permanent: pa.Array
    event_on: pa.Array
    case: pa.Array


def duties(
    held: pa.Table,
    schedule: Schedule,
    found: Classified,
    *,
    threads: Threads,
    setting: Setting,
    facts: Facts,
    cases: Cases,
) -> Duties:
    """Return what each record's class, and its cases, come to."""
    dates = EventDates(held=held, threads=threads, setting=setting, facts=facts)
    blank = pa.nulls(len(held), _DAY)
    made = Duties(
        classes=found.classes,
        class_at=found.class_at,
        rules=(*found.rules, BY_CASE),
        rule_at=found.rule_at,
        due=blank,
        review=blank,
        then=blank,
        permanent=pa.repeat(pa.scalar(value=False), len(held)),
        event_on=blank,
        case=pa.nulls(len(held), pa.string()),
    )
    for code, window, mask in _groups(found):
        made = _with_class(made, schedule, schedule.classes[code], dates=dates, window=window, mask=mask)
    return _with_cases(made, held, schedule, facts, cases) if cases.of_record else made


def _groups(found: Classified) -> Iterator[tuple[str, WindowKind | None, pa.Array]]:
    """Yield the records of each class, those apart that have it by a window."""
    kinds = tuple(WindowKind)
    of_rule = [
        kinds.index(found.windows[at]) if at in found.windows else len(kinds)
        for at in range(len(found.rules))
    ]
    by_window = pa.array(of_rule, pa.int32()).take(found.rule_at)
    pairs = pa.table({"class": found.class_at, "window": by_window})
    for row in grouped(pairs, ["class", "window"], []).to_pylist():
        if row["class"] is not None:
            mask = pc.and_(pc.equal(found.class_at, row["class"]), pc.equal(by_window, row["window"]))
            window = kinds[row["window"]] if row["window"] < len(kinds) else None
            yield found.classes[row["class"]], window, certain(mask)


def _with_class(
    made: Duties,
    schedule: Schedule,
    one: RetentionClass,
    *,
    dates: EventDates,
    window: WindowKind | None,
    mask: pa.Array,
) -> Duties:
    """Reckon the period of one class, once for each distinct combination of its events' dates."""
    trigger = dates.of(one.event, quiet=one.quiet, window=window)
    if _goes_by_last_change(one.period):
        later = greatest(trigger, dates.changed())
        trigger = pc.if_else(pc.is_null(trigger), trigger, later)
    others = sorted(events_of(one.period) - {TRIGGER})
    columns = [trigger, *(dates.of(event, quiet=one.quiet, window=window) for event in others)]
    columns = [column.filter(mask) for column in columns]
    codes, rows = _combinations(columns)
    endings = [_ending(one, schedule, dict(zip((TRIGGER, *others), row, strict=True))) for row in rows]

    def spread(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
        return pa.array(values, kind).take(codes)

    return replace(
        made,
        due=replaced(made.due, mask, spread([_number(end.eligible_from) for end in endings], _DAY)),
        review=replaced(made.review, mask, spread([_number(end.review_on) for end in endings], _DAY)),
        then=replaced(made.then, mask, spread([_place(end.then) for end in endings], _DAY)),
        permanent=replaced(made.permanent, mask, spread([end.permanent for end in endings], pa.bool_())),
        event_on=replaced(made.event_on, mask, columns[0]),
    )


def _combinations(columns: Sequence[pa.Array]) -> tuple[pa.Array, list[tuple[int | None, ...]]]:
    """Return a code for each row, and for each code the values that it stands for."""
    codes = pa.repeat(pa.scalar(0, pa.int64()), len(columns[0]))
    for column in columns:
        coded = column.dictionary_encode(null_encoding="encode")
        mixed = pc.add(pc.multiply(codes, max(len(coded.dictionary), 1)), coded.indices.cast(pa.int64()))
        codes = mixed.dictionary_encode().indices.cast(pa.int64())
    numbered = pa.table({"code": codes, "row": pa.arange(0, len(codes))})
    first = grouped(numbered, ["code"], [("row", "min")]).sort_by("code")["row_min"]
    values = [column.take(first.combine_chunks()).to_pylist() for column in columns]
    return codes, list(zip(*values, strict=True))


def _ending(one: RetentionClass, schedule: Schedule, numbers: Mapping[str, int | None]) -> Ending:
    happened = {event: _day(number) for event, number in numbers.items() if number is not None}
    if one.event in happened:
        happened.setdefault(TRIGGER, happened[one.event])
    return class_ending(one, happened, current_year=schedule.current_year)


def _goes_by_last_change(period: Period | None) -> bool:
    match period:
        case SixPlus():
            return True
        case Reviewed(period=inner):
            return _goes_by_last_change(inner)
        case Longest(periods=periods):
            return any(map(_goes_by_last_change, periods))
        case _:
            return False


def _with_cases(made: Duties, held: pa.Table, schedule: Schedule, facts: Facts, cases: Cases) -> Duties:
    """Let the longest of a record's own class and of its cases' decide."""
    ids = held["record_id"].combine_chunks()
    linked = pc.is_valid(looked_up(ids, dict.fromkeys(cases.of_record, 0)))
    ends = {case: _case_end(code, case, schedule, facts) for case, code in cases.classes.items()}
    rows = pa.table(
        {"id": ids.filter(linked), "due": made.due.filter(linked), "class": made.class_at.filter(linked)}
    ).to_pylist()
    place = {code: number for number, code in enumerate(made.classes)}
    by_case = len(made.rules) - 1
    of_rows = [[(case, ends.get(case)) for case in cases.of_record[row["id"]]] for row in rows]
    decides = [_deciding(of_row, row["due"]) for of_row, row in zip(of_rows, rows, strict=True)]
    # A record that goes by its own class is not reviewed, and so not given away, before its cases end.
    latest = pa.array([max((_end(end) or 0 for _, end in of_row), default=0) for of_row in of_rows], _DAY)
    own_review = made.review.filter(linked)
    own_review = pc.if_else(pc.is_null(own_review), own_review, greatest(own_review, latest))
    made = replace(made, review=replaced(made.review, linked, own_review))
    chosen = pa.array([case is not None for case in decides], pa.bool_())
    mask = replaced(linked, linked, chosen)
    names = [case for case in decides if case is not None]
    found = [ends.get(case) for case in names]

    def put(column: pa.Array, values: Sequence[Any]) -> pa.Array:
        return replaced(column, mask, pa.array(values, column.type))

    return replace(
        made,
        case=put(made.case, names),
        class_at=put(made.class_at, [place.get(cases.classes.get(case, "")) for case in names]),
        rule_at=put(made.rule_at, [by_case] * len(names)),
        due=put(made.due, [_end(end) for end in found]),
        review=put(made.review, [None if end is None else _number(end.review_on) for end in found]),
        then=put(made.then, [None if end is None else _place(end.then) for end in found]),
        permanent=put(made.permanent, [end is not None and end.permanent for end in found]),
        event_on=put(made.event_on, [_number(_case_event(case, cases, schedule, facts)) for case in names]),
    )


def _deciding(ends: Sequence[tuple[str, Ending | None]], own: int | None) -> str | None:
    """Return the case that keeps a record longest, if it is not kept as long by itself.

    A case whose class the schedule has not, or whose events are not known, has no end: it keeps.
    """
    never = [case for case, end in ends if end is None or end.eligible_from is None]
    if never:
        return min(never)
    if own is None or not ends:
        return None
    case, last = max(ends, key=lambda one: (_end(one[1]) or 0, one[0]))
    return case if (_end(last) or 0) >= own else None


def _end(end: Ending | None) -> int | None:
    return None if end is None else _number(end.eligible_from)


def _case_end(code: str, case: str, schedule: Schedule, facts: Facts) -> Ending | None:
    one = schedule.classes.get(code)
    if one is None:
        return None
    happened = {
        event: on for (event, scope, name), on in facts.items() if (scope, name) == (Scope.CASE, case)
    }
    if one.event in happened:
        happened[TRIGGER] = happened[one.event]
    return class_ending(one, happened, current_year=schedule.current_year)


def _case_event(case: str, cases: Cases, schedule: Schedule, facts: Facts) -> date | None:
    one = schedule.classes.get(cases.classes.get(case, ""))
    return None if one is None else facts.get((one.event, Scope.CASE, case))


def _number(day: date | None) -> int | None:
    return None if day is None else day_number(day)


def _day(number: int) -> date:
    return date.fromordinal(number + EPOCH.toordinal())


def _place(then: Then | None) -> int | None:
    return None if then is None else THENS.index(then)
