"""Makes a disposal plan: pure, over Arrow columns, the same for a simulation, a review and an execution.

Nothing is due without an event that is known; nothing that is held; nothing whose thread, or what hangs below
it, must stay. Every record that is not due has the reason beside it, so nothing due is forgotten.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from muniment.domain.classifying import Setting, Threads, classify, threads_of
from muniment.domain.columns import certain, day_number, days, greatest, looked_up, worded
from muniment.domain.disposal import ITEMS, DisposalPlan, Fate, PlanKind, Why
from muniment.domain.duties import THENS, Cases, Duties, duties
from muniment.domain.period import Then
from muniment.domain.restricting import Restrictions, restrictions
from muniment.domain.retention import Action, AfterTransfer, Schedule, refusal
from muniment.domain.triggers import Facts

__all__ = ["Circumstances", "plan"]

_FATES: Final = tuple(Fate)
_WHYS: Final = tuple(Why)
_BY_ACTION: Final[Mapping[Action, Fate]] = {
    Action.DESTROY: Fate.DUE,
    Action.ANONYMISE: Fate.DUE,
    Action.REVIEW: Fate.REVIEW,
    Action.TRANSFER: Fate.TRANSFER,
    Action.PERMANENT: Fate.KEPT,
}
_BY_THEN: Final[Mapping[Then, Fate]] = {
    Then.OFFER: Fate.TRANSFER,
    Then.DESTROY: Fate.REVIEW,  # a review is a person's: it may end in destruction, not begin there
    Then.DECIDE: Fate.REVIEW,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What a plan depends on beside the records, the schedule and the day.

    `held`: ids that any hold covers. `underway`: ids of an open intent. `extended`: the last day up to which
    an officer extended a record's period. `transferred`: the London day on which what the record office has
    received of a record was packed; a version captured later is not among it, so it is offered again.
    `may_see`: the teams and roles whose restricted records this plan may name as due; None: of all, for
    counts and for lists that only these see.
    """

    setting: Setting = field(default_factory=Setting)
    facts: Facts = field(default_factory=dict)
    cases: Cases = field(default_factory=lambda: Cases(classes={}, of_record={}))
    held: frozenset[str] = frozenset()
    underway: frozenset[str] = frozenset()
    extended: Mapping[str, date] = field(default_factory=dict)
    transferred: Mapping[str, date] = field(default_factory=dict)
    may_see: frozenset[str] | None = None


def plan(
    records: pa.Table,
    schedule: Schedule,
    circumstances: Circumstances,
    *,
    council: str,
    as_of: date,
    commit_no: int,
) -> DisposalPlan:
    """Return what a schedule makes of the records held.

    Args:
        records: As `holdings` returns them: all records, or all of some threads.
        schedule: A version. That a template's plan may be made, shown and simulated is the point of one;
            `basis` then says why nothing can be disposed of under it, and whoever executes asks `refusal`.
        circumstances: Everything else.
        council: Whose records they are.
        as_of: The London day on which it is asked.
        commit_no: The archive's commit up to which `records` goes.
    """
    threads = threads_of(records)
    setting = circumstances.setting
    found = classify(records, schedule, setting, threads)
    made = duties(
        records,
        schedule,
        found,
        threads=threads,
        setting=setting,
        facts=circumstances.facts,
        cases=circumstances.cases,
    )
    seen = restrictions(records, schedule, found, circumstances.cases)
    made, extended = _extended(made, records, circumstances.extended, as_of)
    fate, why = _fates(made, schedule, as_of, extended)
    fate, why = _stopped((fate, why), made, records, schedule, circumstances, seen=seen)
    if schedule.defaults.together:
        fate, why = _together(fate, why, threads)
        seen = seen.spread(threads, pc.equal(fate, _FATES.index(Fate.DUE)))
    refused = refusal(schedule, as_of)
    return DisposalPlan(
        council=council,
        kind=PlanKind.SCHEDULE,
        as_of=as_of,
        commit_no=commit_no,
        schedule=schedule.version,
        schedule_digest=schedule.digest,
        basis=refused or f"Retention schedule {schedule.version}, {schedule.sign_off.minute_reference}",
        items=_items(records, made, schedule, (fate, why), seen),
    )


def _extended(
    made: Duties, records: pa.Table, until: Mapping[str, date], as_of: date
) -> tuple[Duties, pa.Array]:
    """Move ends and reviews behind the day that an officer set; return where that is what keeps a record."""
    if not until:
        return made, pa.repeat(pa.scalar(value=False), len(records))
    ids = records["record_id"].combine_chunks()
    first = looked_up(ids, {record: day_number(day) + 1 for record, day in until.items()})
    later = [
        pc.if_else(pc.is_null(column), column, greatest(column, first)) for column in (made.due, made.review)
    ]
    keeps = certain(pc.greater(first, day_number(as_of)))
    was_due = pc.or_(*(certain(pc.less_equal(one, day_number(as_of))) for one in (made.due, made.review)))
    return _replaced(made, due=later[0], review=later[1]), pc.and_(keeps, was_due)


def _replaced(made: Duties, *, due: pa.Array, review: pa.Array) -> Duties:
    fields = {name: getattr(made, name) for name in Duties.__slots__}
    return Duties(**{**fields, "due": due, "review": review})


def _fates(made: Duties, schedule: Schedule, as_of: date, extended: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Return the fate and the reason by the clock alone."""
    today = day_number(as_of)
    ended = certain(pc.less_equal(made.due, today))
    reviewed = pc.and_(certain(pc.less_equal(made.review, today)), pc.invert(ended))
    by_class = [_FATES.index(_BY_ACTION[schedule.classes[code].action]) for code in made.classes]
    by_then = [_FATES.index(_BY_THEN[then]) for then in THENS]
    kept = pa.scalar(_FATES.index(Fate.KEPT), pa.int32())
    fate = pc.if_else(
        ended,
        pa.array(by_class, pa.int32()).take(made.class_at),
        pc.if_else(reviewed, pa.array(by_then, pa.int32()).take(made.then), kept),
    )
    fate = pc.fill_null(fate, kept)
    why = pc.case_when(
        pc.make_struct(
            pc.invert(pc.equal(fate, kept)),
            pc.is_valid(made.case),
            pc.is_null(made.class_at),
            extended,
            pc.and_(made.permanent, pc.is_null(made.review)),
            pc.and_(ended, pc.equal(fate, kept)),
            pc.and_(pc.is_null(made.due), pc.is_null(made.review)),
        ),
        pa.scalar(None, pa.int32()),
        *(_code(one) for one in (Why.CASE, Why.NO_CLASS, Why.EXTENDED, Why.PERMANENT, Why.PERMANENT)),
        _code(Why.NOT_TRIGGERED),
        _code(Why.NOT_YET),
    )
    never = pc.and_(
        pc.and_(pc.is_null(made.due), pc.invert(made.permanent)), pc.equal(why, _code(Why.NOT_YET))
    )
    return fate, pc.if_else(never, _code(Why.NOT_TRIGGERED), why)


def _stopped(
    clock: tuple[pa.Array, pa.Array],
    made: Duties,
    records: pa.Table,
    schedule: Schedule,
    circumstances: Circumstances,
    *,
    seen: Restrictions,
) -> tuple[pa.Array, pa.Array]:
    """Take out what was transferred, may not be seen, is held or is being disposed of: the last wins."""
    fate, why = clock
    ids = records["record_id"].combine_chunks()
    of_transfer = pc.equal(fate, _FATES.index(Fate.TRANSFER))
    packed = looked_up(ids, {one: day_number(day) for one, day in circumstances.transferred.items()})
    captured = days(records["last_captured_on"].combine_chunks())
    received = pc.and_(certain(pc.less_equal(captured, packed)), of_transfer)
    goes = [schedule.classes[code].after_transfer is AfterTransfer.DESTROY for code in made.classes]
    destroyed = pc.and_(received, certain(pa.array(goes, pa.bool_()).take(made.class_at)))
    fate = pc.if_else(destroyed, pa.scalar(_FATES.index(Fate.DUE), pa.int32()), fate)
    may_see = seen.teams if circumstances.may_see is None else circumstances.may_see
    stops = (
        (Why.TRANSFERRED, pc.and_(received, pc.invert(destroyed))),
        (Why.RESTRICTED, seen.beyond(may_see)),
        (Why.HELD, _among(ids, circumstances.held)),
        (Why.UNDERWAY, _among(ids, circumstances.underway)),
    )
    for reason, mask in stops:
        fate, why = _kept(fate, why, mask, reason)
    return fate, why


def _together(fate: pa.Array, why: pa.Array, threads: Threads) -> tuple[pa.Array, pa.Array]:
    """Keep the talk of a thread until all of it may go, and a post until nothing below it stays."""
    due = pc.equal(fate, _FATES.index(Fate.DUE))
    stays = threads.any_of(pc.and_(threads.talk, pc.invert(due))).take(threads.codes)
    return _kept(fate, why, pc.and_(due, stays), Why.THREAD)


def _kept(fate: pa.Array, why: pa.Array, mask: pa.Array, reason: Why) -> tuple[pa.Array, pa.Array]:
    kept = pa.scalar(_FATES.index(Fate.KEPT), pa.int32())
    return pc.if_else(mask, kept, fate), pc.if_else(mask, _code(reason), why)


def _items(
    records: pa.Table,
    made: Duties,
    schedule: Schedule,
    decided: tuple[pa.Array, pa.Array],
    seen: Restrictions,
) -> pa.Table:
    fate, why = decided
    classes = [schedule.classes[code] for code in made.classes]
    columns = {
        **{name: records[name] for name in ITEMS.names if name in records.schema.names},
        "fate": worded(fate, _FATES),
        "why": worded(why, _WHYS),
        "class": worded(made.class_at, made.classes),
        "rule": worded(made.rule_at, made.rules),
        "action": worded(made.class_at, [one.action for one in classes]),
        "event": worded(made.class_at, [one.event for one in classes]),
        "event_on": made.event_on.cast(pa.date32()),
        "due_from": made.due.cast(pa.date32()),
        "review_on": made.review.cast(pa.date32()),
        "case_id": made.case.dictionary_encode().cast(pa.dictionary(pa.int32(), pa.string())),
        "restricted_to": seen.named(),
    }
    return pa.table([columns[name] for name in ITEMS.names], schema=ITEMS)


def _among(ids: pa.Array, wanted: frozenset[str]) -> pa.Array:
    if not wanted:
        return pa.repeat(pa.scalar(value=False), len(ids))
    return pc.is_in(ids, pa.array(list(wanted), pa.string()))


def _code(reason: Why) -> pa.Scalar:
    return pa.scalar(_WHYS.index(reason), pa.int32())
