"""What of an approved list goes: everything that the approval rested on is read again (records-law.md 4.4).

`prepare` does all of it before the transaction that executes, so that nobody waits for it; `decide` is called
inside. It asks again what may have changed since: the day, the list's decisions and approvals, the plan
(`services.foreseeing`), holds, stubs, ids that are one record. Where all is as it was, so is the answer.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from muniment.domain.disposal import DisposalPlan, PlanKind, Why, recheck
from muniment.domain.disposal_run import Outcome, Run, RunState, Said, approval_faults, outcomes
from muniment.ports import Archive, Register
from muniment.ports.disposal import Drafted
from muniment.services.foreseeing import Foresee, Foreseen
from muniment.services.held import HeldThen, look, look_again
from schemas.errors import NotApprovedError
from schemas.london import london_date, london_words

__all__ = ["Decided", "Prepared", "Rechecking"]

_BINDING: Final = (Why.HELD.value, Why.CASE.value, Why.EXTENDED.value, Why.RESTRICTED.value)
"""What keeps a record under whichever of its ids it was said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What goes, and how many of the approved records stay, by reason.

    `drafted`: stubs drawn up before, of these records or more; None: of none.
    """

    doomed: pa.Table
    dropped: Mapping[str, int]
    commit_no: int
    drafted: Drafted | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A decision before its time, and what it was made of."""

    on: date
    items: pa.Table
    said: tuple[Said, ...]
    approved: pa.Table
    foreseen: Foreseen
    plan: DisposalPlan
    held: HeldThen
    stubs: Mapping[str, int]
    decided: Decided


@dataclass(frozen=True, slots=True, kw_only=True)
class Rechecking:
    """Decides what the runs of one council destroy."""

    council: str
    archive: Archive
    register: Register
    foresight: Mapping[PlanKind, Foresee]

    def prepare(self, found: Run, *, now: datetime) -> Prepared:
        """Decide as things stand, and draw up the stubs.

        Raises:
            NotApprovedError: The run does not wait for its execution, or not long enough yet.
            BadInputError: No schedule is in force.
        """
        ready = self._prepared(found, now=now)
        ids = ready.decided.doomed["record_id"].combine_chunks()
        drafted = self.register.draft_stubs(self.council, ids)
        return replace(ready, decided=replace(ready.decided, drafted=drafted))

    def _prepared(self, found: Run, *, now: datetime) -> Prepared:
        _check_waiting(found, now)
        stubs = self.register.stub_counts(self.council)
        items = self.register.run_items(self.council, found.run)
        said = self.register.decisions(self.council, found.run)
        approved = items.filter(pc.equal(outcomes(items, said), Outcome.DESTROY.value))
        ids = approved["record_id"].combine_chunks()
        asked = sorted({*ids.to_pylist(), *self.register.aliases_of(self.council, ids.to_pylist())})
        held = look(self.council, ids, archive=self.archive, register=self.register)
        on = london_date(now)
        foreseen = self.foresight[PlanKind(found.kind)](on, asked)
        plan = foreseen()
        return Prepared(
            on=on,
            items=items,
            said=said,
            approved=approved,
            foreseen=foreseen,
            plan=plan,
            held=held,
            stubs=stubs,
            decided=self._decided(items, approved, plan, held),
        )

    def decide(self, found: Run, prepared: Prepared | None, *, now: datetime) -> Decided:
        """Return what goes, and why the rest stays; under the archive's lock and inside `begin`: exactly.

        Raises:
            NotApprovedError: The list as a whole may not be executed.
        """
        _check_waiting(found, now)
        ready = self._still(found, prepared, now=now) or self._prepared(found, now=now)
        plan = ready.foreseen()
        self._check_approvals(found, ready, plan, now=now)
        held = look_again(ready.held, self.council, archive=self.archive, register=self.register)
        same = plan.items is ready.plan.items and held.held is ready.held.held
        if same and self.register.stub_counts(self.council) == ready.stubs:
            return replace(ready.decided, commit_no=self.archive.commit_no())
        decided = self._decided(ready.items, ready.approved, plan, held)
        return replace(decided, drafted=ready.decided.drafted)

    def _still(self, found: Run, prepared: Prepared | None, *, now: datetime) -> Prepared | None:
        """Return what was prepared, if it is of this day, of the same decisions and of the same records."""
        if (
            prepared is None
            or prepared.on != london_date(now)
            or prepared.said != self.register.decisions(self.council, found.run)
            or prepared.held.ties != self.register.ties(self.council)
        ):
            return None
        return prepared

    def _check_approvals(self, found: Run, ready: Prepared, plan: DisposalPlan, *, now: datetime) -> None:
        faults = list(
            approval_faults(
                self.register.run_approvals(self.council, found.run),
                prepared_by=found.prepared_by,
                list_digest=self.register.ids_digest(self.council, ready.approved["record_id"].to_pylist()),
                now=now,
            )
        )
        another = plan.schedule_digest != found.schedule_digest
        if another:  # for good: a list stays bound to the version that it was made by
            faults.append("the schedule has changed since it was approved")
        if faults:
            raise NotApprovedError(
                f"The disposal run {found.run} cannot be executed: {'; '.join(faults)}.",
                faults=tuple(faults),
                remedy="Cancel it and propose a new list, by the schedule that is in force now."
                if another
                else "Review the list and have it approved again.",
            )

    def _decided(self, items: pa.Table, approved: pa.Table, plan: DisposalPlan, held: HeldThen) -> Decided:
        checked = recheck(approved, plan)
        why: dict[str, str] = dict(
            zip(
                checked.dropped["record_id"].to_pylist(),
                checked.dropped["why"].to_pylist(),
                strict=True,
            )
        )
        rest: list[str] = checked.record_ids.to_pylist()
        why |= dict.fromkeys(held.ids.intersection(rest), Why.HELD.value)
        why |= dict.fromkeys(self.register.disposed(self.council, rest), Why.UNDERWAY.value)
        stays = {*items["record_id"].to_pylist()} - {*approved["record_id"].to_pylist()} | why.keys()
        kept = plan.items.filter(pc.is_in(plan.items["why"].cast(pa.string()), pa.array(_BINDING)))
        stays |= {*kept["record_id"].to_pylist()}
        for one in self.register.aliases_of(self.council, sorted(stays)).intersection(rest):
            why.setdefault(one, Why.OTHER_ID.value)
        goes = pc.invert(pc.is_in(approved["record_id"], pa.array(list(why), pa.string())))
        doomed = self._with_aliases(approved.filter(goes))
        return Decided(
            doomed=doomed,
            dropped=dict(sorted(Counter(why.values()).items())),
            commit_no=self.archive.commit_no(),
        )

    def _with_aliases(self, doomed: pa.Table) -> pa.Table:
        """Add the other ids that these records go by: disposal and stubs take both (data-model.md 2)."""
        ids: list[str] = doomed["record_id"].to_pylist()
        if not self.register.aliases_of(self.council, ids):
            return doomed
        known = set(ids)
        rows = doomed.to_pylist()
        for row in tuple(rows):
            others = self.register.aliases_of(self.council, [row["record_id"]]) - known
            known |= others
            rows += [{**row, "record_id": other} for other in sorted(others)]
        return pa.Table.from_pylist(rows, schema=doomed.schema)


def _check_waiting(found: Run, now: datetime) -> None:
    if found.state is not RunState.WAITING or found.waits_until is None:
        raise NotApprovedError(
            f"The disposal run {found.run} is {found.state}, not approved.",
            remedy="`muniment dispose status` says what it waits for.",
        )
    if now < found.waits_until:
        raise NotApprovedError(
            f"The disposal run {found.run} waits until {london_words(found.waits_until)}.",
            remedy="It is executed in the night after that, or by `muniment dispose run`.",
        )
