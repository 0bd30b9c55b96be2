"""Entering lists of what a plan says is due: one that all who review may see, and those that few may.

A record stands on one list at a time. What a restricted class has a hand in stands on a list that only the
teams and roles which the schedule names may read, review and approve; others are told how many there are.
"""

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from muniment.domain.disposal import DisposalPlan, Fate
from muniment.domain.disposal_events import DisposalProposed
from muniment.domain.disposal_run import Run, RunState, signed
from muniment.domain.people import SYSTEM, Actor, may_see
from muniment.domain.restricting import teams_in
from muniment.ports import Register
from schemas.clock import Clock

__all__ = ["LISTED", "STOPPABLE", "enter_list", "restrictions_for"]

LISTED: Final = (Fate.DUE.value, Fate.REVIEW.value, Fate.TRANSFER.value)
"""What a list holds; the rest stays, and is counted."""
STOPPABLE: Final = frozenset(
    {
        RunState.PROPOSED,
        RunState.UNDER_REVIEW,
        RunState.CO_REVIEW,
        RunState.ARCHIVIST_REVIEW,
        RunState.WAITING,
    }
)
"""The states in which a list is neither executed nor stopped."""


def restrictions_for(plan: DisposalPlan, actor: Actor) -> tuple[str, ...]:
    """Return by what the restricted lists of a plan are restricted: those that a person may see."""
    words = {word for word in _listed(plan)["restricted_to"].cast(pa.string()).to_pylist() if word}
    return tuple(sorted(word for word in words if actor == SYSTEM or teams_in(word) <= may_see(actor)))


def enter_list(
    council: str,
    plan: DisposalPlan,
    *,
    restricted_to: str | None,
    register: Register,
    actor: Actor,
    clock: Clock,
) -> Run | None:
    """Enter what of a plan is restricted to the same teams as a run under review; None: nothing is new."""
    now = clock.now()
    with register.begin(council, actor, now=now) as trail:
        listed = _not_listed_elsewhere(register, council, _restricted(_listed(plan), restricted_to))
        counts = _summary(plan, restricted_to)
        run = Run(
            council=council,
            run=_new_name(register, council, plan.as_of.isoformat()),
            kind=plan.kind.value,
            state=RunState.UNDER_REVIEW,
            schedule=plan.schedule,
            schedule_digest=plan.schedule_digest,
            basis=plan.basis,
            as_of=plan.as_of,
            plan_commit=plan.commit_no,
            prepared_by=signed(actor),
            prepared_at=now,
            summary=counts,
            restricted_to=restricted_to,
        )
        if len(listed):
            register.add_run(run, listed)
        trail.record(
            DisposalProposed(
                run=run.run if len(listed) else "",
                kind=run.kind,
                schedule=run.schedule,
                basis=run.basis,
                as_of=run.as_of,
                commit_no=run.plan_commit,
                counts=counts,
            )
        )
    return run if len(listed) else None


def _listed(plan: DisposalPlan) -> pa.Table:
    return plan.items.filter(pc.is_in(plan.items["fate"].cast(pa.string()), pa.array(LISTED, pa.string())))


def _restricted(items: pa.Table, to: str | None) -> pa.Table:
    column = items["restricted_to"].cast(pa.string())
    return items.filter(pc.is_null(column) if to is None else pc.equal(column, to))


def _not_listed_elsewhere(register: Register, council: str, items: pa.Table) -> pa.Table:
    for one in register.disposal_runs(council):
        if one.state in STOPPABLE:
            taken = register.run_items(council, one.run)["record_id"].combine_chunks()
            items = items.filter(pc.invert(pc.is_in(items["record_id"], taken)))
    return items


def _new_name(register: Register, council: str, day: str) -> str:
    names = {one.run for one in register.disposal_runs(council)}
    number = 1
    while f"{day}-{number}" in names:
        number += 1
    return f"{day}-{number}"


def _summary(plan: DisposalPlan, restricted_to: str | None) -> dict[str, int]:
    """Return a plan's counts: by fate, of those that stay by reason, of those on other lists in one sum."""
    found: dict[str, int] = {}
    for row in plan.counts("fate", "why", "restricted_to"):
        if row["why"] is not None and restricted_to is None:
            name = f"{row['fate']}: {row['why']}"
        elif row["restricted_to"] == restricted_to and row["why"] is None:
            name = str(row["fate"])
        elif restricted_to is None:
            name = "restricted, on lists of their own"
        else:
            continue
        found[name] = found.get(name, 0) + int(str(row["records"]))
    return found
