"""Where a council honours a platform's deletions: a plan of its own kind, on its own legal basis. Pure.

Only a confirmed deletion counts (state gone: `domain.presence`), of what the public wrote: the council's own
posts are its records, whoever removed them, and go by the schedule. A hold, a case or an officer's extension
stops it; the conflict between the platform's terms and the duty to keep is then shown, and a person decides.
"""

from collections.abc import Mapping
from datetime import date
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from muniment.domain.classifying import Classified
from muniment.domain.columns import looked_up, member, worded, words_of
from muniment.domain.disposal import ITEMS, DisposalPlan, Fate, PlanKind, Why
from muniment.domain.planning import Circumstances
from muniment.domain.restricting import restrictions
from muniment.domain.retention import Action, Schedule
from schemas.vocabulary import Series

__all__ = ["HONOURED", "conflicts", "honour_plan"]

HONOURED: Final = "a deletion confirmed at the platform"
"""The rule of items that go because their platform deleted them."""
_EVENT: Final = "deleted_at_platform"
_FATES: Final = (Fate.DUE, Fate.KEPT)
_STOPS: Final = (Why.CASE, Why.EXTENDED, Why.HELD, Why.UNDERWAY)
_CONFLICTS: Final = (Why.HELD, Why.CASE, Why.EXTENDED)


def honour_plan(
    records: pa.Table,
    gone: Mapping[str, date],
    circumstances: Circumstances,
    *,
    found: Classified | None,
    schedule: Schedule | None = None,
    council: str,
    basis: str,
    as_of: date,
    commit_no: int,
) -> DisposalPlan:
    """Return what is to be destroyed because its platform deleted it, and what stays all the same.

    Args:
        records: As `holdings` returns them.
        gone: Records confirmed gone at accounts whose deletions are honoured, with the London day.
        circumstances: Holds, cases, extensions and open intents count; the schedule does not.
        found: The class that the schedule gives each record, for stubs and certificates; None: no schedule.
        schedule: The one that `found` goes by: it says who alone may see a record.
        council: Whose records they are.
        basis: Who agreed to honour deletions, under which rule: the account register's `legal_basis`.
        as_of: The London day.
        commit_no: The archive's commit up to which `records` goes.
    """
    ids = records["record_id"].combine_chunks()
    days = {record: (on - date(1970, 1, 1)).days for record, on in gone.items()}
    on = looked_up(ids, days) if days else pa.nulls(len(ids), pa.int32())
    own = member(records["series"].combine_chunks(), [Series.OWN.value])
    mine = pc.and_(pc.is_valid(on), pc.invert(own))
    rows = records.filter(mine)
    ids, on = ids.filter(mine), on.filter(mine)
    why = pa.nulls(len(ids), pa.int32())
    cases = circumstances.cases.of_record
    extended = frozenset(one for one, until in circumstances.extended.items() if until >= as_of)
    stops = (frozenset(cases), extended, circumstances.held, circumstances.underway)
    for place, names in enumerate(stops):
        stopped = pc.is_in(ids, pa.array(list(names), pa.string()))
        why = pc.if_else(stopped, pa.scalar(place, pa.int32()), why)
    fate = pc.if_else(pc.is_valid(why), pa.scalar(1, pa.int32()), pa.scalar(0, pa.int32()))
    same = pa.repeat(pa.scalar(0, pa.int32()), len(ids))
    classes = found.classes if found is not None else ()
    class_at = found.class_at.filter(mine) if found is not None else pa.nulls(len(ids), pa.int32())
    restricted = pa.nulls(len(ids), ITEMS.field("restricted_to").type)
    if found is not None and schedule is not None:
        seen = restrictions(records, schedule, found, circumstances.cases)
        restricted = seen.named().filter(mine)
    case_of = [cases.get(one, (None,))[0] for one in ids.to_pylist()]
    columns = {
        **{name: rows[name] for name in ITEMS.names if name in rows.schema.names},
        "fate": worded(fate, _FATES),
        "why": worded(why, _STOPS),
        "class": worded(class_at, classes),
        "rule": worded(same, [HONOURED]),
        "action": worded(same, [Action.DESTROY]),
        "event": worded(same, [_EVENT]),
        "event_on": on.cast(pa.date32()),
        "due_from": on.cast(pa.date32()),
        "review_on": pa.nulls(len(ids), pa.date32()),
        "case_id": pa.array(case_of, pa.string()).dictionary_encode().cast(ITEMS.field("case_id").type),
        "restricted_to": restricted,
    }
    return DisposalPlan(
        council=council,
        kind=PlanKind.HONOUR,
        as_of=as_of,
        commit_no=commit_no,
        schedule=None,
        schedule_digest=None,
        basis=basis,
        items=pa.table([columns[name] for name in ITEMS.names], schema=ITEMS),
    )


def conflicts(plan: DisposalPlan) -> Mapping[Why, int]:
    """Return how many confirmed deletions are not honoured, and why: what a person must look at."""
    kept = words_of(plan.of(Fate.KEPT), "why").to_pylist()
    return {why: kept.count(why.value) for why in _CONFLICTS if why.value in kept}
