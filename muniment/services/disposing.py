"""The way of a disposal list to its execution: proposed, reviewed, seen by the archivist, approved by two.

Every step is a person's, in a role, and an entry of the audit chain in the same transaction. Nothing here
destroys anything: `destroying` does, once the waiting period is over. Source: records-law.md 4.4.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from muniment.domain.co_review import CoReviewing
from muniment.domain.disposal import DisposalPlan, Fate, PlanKind
from muniment.domain.disposal_events import (
    DisposalApproved,
    DisposalCancelled,
    DisposalCoReviewed,
    DisposalDecided,
    DisposalSentOn,
)
from muniment.domain.disposal_run import (
    APPROVERS,
    WAITING,
    Approval,
    Decision,
    Outcome,
    Run,
    RunState,
    Said,
    approval_faults,
    hands,
    may_decide,
    next_step,
    outcomes,
    signed,
)
from muniment.domain.people import Act, Actor, Role, require, require_another, require_sight
from muniment.domain.restricting import teams_in
from muniment.domain.retention import Schedule
from muniment.ports import Register
from muniment.ports.audit import AuditTrail
from muniment.services.checking import check_reason
from muniment.services.listing import STOPPABLE, enter_list, restrictions_for
from muniment.services.reviewing import check_said, file_decisions
from schemas.clock import Clock
from schemas.errors import BadInputError, NotPermittedError
from schemas.london import london_date

__all__ = ["Disposing", "Listed"]

_AT_ONCE: Final = timedelta(0)
"""A platform's terms ask for its deletions to be honoured within a day: two people, and no waiting."""
_IDS: Final = ("record_id", "thread_id")
_OPEN: Final = (RunState.UNDER_REVIEW, RunState.CO_REVIEW, RunState.ARCHIVIST_REVIEW)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A run with its list as it stands: `items` with one more column, `outcome`.

    `co_reviews`: who looked at it for which team; `waits_for`: the teams that have a say and did not yet.
    """

    run: Run
    items: pa.Table
    said: tuple[Said, ...]
    approvals: tuple[Approval, ...]
    co_reviews: Mapping[str, str]
    waits_for: frozenset[str]

    def counts(self) -> Mapping[str, int]:
        """Return how many records there are by outcome."""
        counted = pc.value_counts(self.items["outcome"]).to_pylist()
        return {one["values"]: one["counts"] for one in sorted(counted, key=lambda one: one["values"])}

    @property
    def destroyed(self) -> pa.Table:
        """The items that go, as the list stands."""
        return self.items.filter(pc.equal(self.items["outcome"], Outcome.DESTROY.value))


Planner: TypeAlias = Callable[[date], DisposalPlan]
"""Makes the plan of all records as of a London day."""


@dataclass(slots=True, kw_only=True)
class Disposing:
    """The workflow of one council's disposals. `schedule` gives the version in force; None: there is none.

    `partners`: the councils with which an account is shared, each a team that has a say in its records.
    """

    council: str
    register: Register
    clock: Clock
    planners: Mapping[PlanKind, Planner]
    waiting: timedelta = WAITING
    schedule: Callable[[], Schedule | None] = lambda: None
    partners: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def propose(self, *, actor: Actor, kind: PlanKind = PlanKind.SCHEDULE) -> Run | None:
        """Make a plan and, when anything is due, a list of it; None: nothing is, which is said too.

        Of kind HONOUR it lists what platforms' deletions call for, where the council's file says so. What is
        restricted is counted and stands on lists of its own: `propose_restricted`.

        Raises:
            NotPermittedError: The person has no role in which lists are proposed.
        """
        return self.enter(self._plan(actor, kind), actor=actor)

    def propose_restricted(self, *, actor: Actor, kind: PlanKind = PlanKind.SCHEDULE) -> tuple[Run, ...]:
        """Make lists of what is due that only some may see: those that this person may.

        Raises:
            NotPermittedError: The person has no role in which lists are proposed.
        """
        return self.enter_restricted(self._plan(actor, kind), actor=actor)

    def enter(self, plan: DisposalPlan, *, actor: Actor) -> Run | None:
        """Enter a plan's list as a run under review."""
        return self._enter(plan, None, actor)

    def enter_restricted(self, plan: DisposalPlan, *, actor: Actor) -> tuple[Run, ...]:
        """Enter a plan's restricted lists, each as a run of its own; the system enters them all."""
        made = [self._enter(plan, one, actor) for one in restrictions_for(plan, actor)]
        return tuple(one for one in made if one is not None)

    def _plan(self, actor: Actor, kind: PlanKind) -> DisposalPlan:
        require(actor, Act.PROPOSE_DISPOSAL)
        return self.planners[kind](london_date(self.clock.now()))

    def _enter(self, plan: DisposalPlan, restricted_to: str | None, actor: Actor) -> Run | None:
        return enter_list(
            self.council,
            plan,
            restricted_to=restricted_to,
            register=self.register,
            actor=actor,
            clock=self.clock,
        )

    def listed(self, run: str, *, reader: Actor) -> Listed:
        """Return a run's list as it stands.

        Raises:
            NotPermittedError: The list is restricted, and not to this person.
            BadInputError: There is no such run.
        """
        return self._listed(self._run(run, reader))

    def _run(self, run: str, actor: Actor) -> Run:
        """Return a run that somebody may see."""
        found = self.register.disposal_run(self.council, run)
        require_sight(actor, teams_in(found.restricted_to))
        return found

    def _listed(self, found: Run) -> Listed:
        items = self.register.run_items(self.council, found.run)
        said = self.register.decisions(self.council, found.run)
        named = tuple(one for one in said if one.value is not None)
        outcome = outcomes(items, named) if len(items) else pa.array([], pa.string())
        return Listed(
            run=found,
            items=items.append_column("outcome", outcome),
            said=said,
            approvals=self.register.run_approvals(self.council, found.run),
            co_reviews=self.register.co_reviews(self.council, found.run),
            waits_for=self._waits_for(found.run, items),
        )

    def decide(
        self,
        run: str,
        decision: Decision,
        *,
        facet: str,
        value: str,
        reason: str,
        actor: Actor,
        until_on: date | None = None,
        retention_class: str | None = None,
    ) -> int:
        """Say what becomes of the items whose column holds a value; return how many these are.

        Raises:
            NotPermittedError: The list is restricted, or the person has no role in which this is said.
            BadInputError: The run is not under review, no item is chosen, the reason, the day or the class
                is missing, or the schedule in force has no such class for records.
        """
        now = self.clock.now()
        said = Said(
            person=signed(actor),
            at=now,
            facet=facet,
            value=value,
            decision=decision,
            reason=reason,
            until_on=until_on,
            retention_class=retention_class,
        )
        check_said(said, today=london_date(now), schedule=self.schedule())
        with self.register.begin(self.council, actor, now=now) as trail:
            found = self._run(run, actor)
            items = self.register.run_items(self.council, run)
            chosen = pc.fill_null(pc.equal(items[facet].cast(pa.string()), value), False)  # noqa: FBT003
            self._may_say(found, decision, items.filter(chosen), actor)
            if found.state not in _OPEN:
                raise _refusal(found, "its list is not open")
            count = pc.sum(chosen).as_py() or 0
            if not count:
                raise BadInputError(f"No item of {run} has {facet} {value}.", remedy="See its list.")
            self.register.decide(self.council, run, said)
            if until_on is not None or retention_class is not None:
                file_decisions(self.register, self.council, items, said)
            trail.record(
                DisposalDecided(
                    run=run,
                    facet=facet,
                    value=None if facet in _IDS else value,
                    items=count,
                    decision=decision.value,
                    reason=reason,
                    until_on=until_on,
                    retention_class=retention_class,
                )
            )
        return count

    def _may_say(self, found: Run, decision: Decision, chosen: pa.Table, actor: Actor) -> None:
        """Refuse who has no role for this; while it co-reviews, a team has a say in what concerns it."""
        if may_decide(decision, actor.roles):
            return
        archivists = decision in (Decision.TRANSFERRED, Decision.DECLINED)
        if found.state is RunState.CO_REVIEW and not archivists:
            concerns = self._co_reviewing().concerns(chosen, actor.teams)
            if len(chosen) and pc.all(concerns).as_py():
                return
        needed = "archivist" if archivists else "reviewer"
        raise NotPermittedError(
            f"{actor.name} may not say {decision} of these: that takes the role of {needed}.",
            remedy="`muniment people list` shows who has it.",
        )

    def _co_reviewing(self) -> CoReviewing:
        return CoReviewing.of(self.schedule(), self.partners)

    def _waits_for(self, run: str, items: pa.Table) -> frozenset[str]:
        """Return the teams that have a say in some items and have not looked at the list yet."""
        return self._co_reviewing().teams(items) - self.register.co_reviews(self.council, run).keys()

    def send_on(self, run: str, *, actor: Actor) -> RunState:
        """End the review, a team's or the archivist's, and send the list to the next step.

        In co-review it waits until each team that has a say in it, by class or shared account, has done so.

        Raises:
            NotPermittedError: The list is restricted, or the person has no role in which this step is ended.
            BadInputError: The run is not at such a step.
        """
        with self.register.begin(self.council, actor, now=self.clock.now()) as trail:
            found = self._run(run, actor)
            items = self.register.run_items(self.council, run)
            match found.state:
                case RunState.UNDER_REVIEW:
                    require(actor, Act.REVIEW_DISPOSAL)
                    after = RunState.CO_REVIEW if self._waits_for(run, items) else _after_review(items)
                case RunState.CO_REVIEW:
                    after = self._co_review(run, items, actor, trail)
                    if after is RunState.CO_REVIEW:
                        return after
                case RunState.ARCHIVIST_REVIEW:
                    require(actor, Act.REVIEW_TRANSFER)
                    after = RunState.PROPOSED
                case _:
                    raise _refusal(found, "nothing is to be sent on")
            self._move(run, found, after, trail)
        return after

    def _co_review(self, run: str, items: pa.Table, actor: Actor, trail: AuditTrail) -> RunState:
        """Note that this person's teams have looked at the list; return where it goes."""
        waits = self._waits_for(run, items)
        mine = waits & actor.teams
        if not mine:
            raise NotPermittedError(
                f"The disposal run {run} waits for {' and '.join(sorted(waits))}: {actor.name} is not in it.",
                remedy="`muniment people list` shows who is in which team.",
            )
        for team in sorted(mine):
            waits -= {team}
            self.register.co_review(self.council, run, team, by=signed(actor), at=trail.now)
            trail.record(DisposalCoReviewed(run=run, team=team, waits_for=tuple(sorted(waits))))
        return RunState.CO_REVIEW if waits else _after_review(items)

    def send_back(self, run: str, *, actor: Actor) -> None:
        """Open a list again; what was approved of it ends.

        Raises:
            NotPermittedError: The list is restricted, or the person has no role in which lists are reviewed.
            BadInputError: The run is executed already, or under review anyway.
        """
        require(actor, Act.REVIEW_DISPOSAL)
        with self.register.begin(self.council, actor, now=self.clock.now()) as trail:
            found = self._run(run, actor)
            if found.state not in STOPPABLE - {RunState.UNDER_REVIEW}:
                raise _refusal(found, "it cannot go back")
            self._move(run, found, RunState.UNDER_REVIEW, trail)

    def approve(self, run: str, *, actor: Actor) -> Run:
        """Approve a list as it stands; with the second approval the waiting period begins.

        Raises:
            NotPermittedError: The person prepared the list, or has no role in which it is approved.
            BadInputError: The run does not wait for approval, or nothing of it would be destroyed.
        """
        require(actor, Act.APPROVE_DISPOSAL)
        now = self.clock.now()
        with self.register.begin(self.council, actor, now=now) as trail:
            found = self._run(run, actor)
            listed = self._listed(found)
            if found.state is not RunState.PROPOSED:
                raise _refusal(found, "it does not wait for approval")
            require_another(actor, hands(found.prepared_by), "prepared the list")
            others = [hands(one.person) for one in listed.approvals if one.person != signed(actor)]
            require_another(actor, frozenset().union(*others), "approved it already under another name")
            ids: list[str] = listed.destroyed["record_id"].to_pylist()
            if not ids:
                raise BadInputError(f"Nothing of {run} would be destroyed.", remedy="Cancel it.")
            waits = self._waits_for(run, listed.destroyed)
            if waits:  # a class or an account was given another team since
                raise BadInputError(
                    f"{run} was not seen by {' and '.join(sorted(waits))}, who have a say in it.",
                    remedy=f"`muniment dispose back {run}` sends it round again.",
                )
            digest = self.register.ids_digest(self.council, ids)
            role = _role(actor)
            self.register.approve_run(
                self.council, run, Approval(person=signed(actor), role=role, at=now, list_digest=digest)
            )
            faults = approval_faults(
                self.register.run_approvals(self.council, run),
                prepared_by=found.prepared_by,
                list_digest=digest,
                now=now,
            )
            waiting = self.waiting if found.kind == PlanKind.SCHEDULE else _AT_ONCE
            waits_until = None if faults else now + waiting
            if waits_until is not None:
                self.register.move_run(self.council, run, RunState.WAITING, waits_until=waits_until)
            trail.record(
                DisposalApproved(
                    run=run,
                    role=role.value,
                    records=len(ids),
                    list_digest=digest.hex(),
                    waits_until=waits_until,
                )
            )
            return self.register.disposal_run(self.council, run)

    def cancel(self, run: str, *, reason: str, actor: Actor) -> None:
        """Stop a run before it is executed: nothing is destroyed, a later list may name the records again.

        Raises:
            NotPermittedError: The person has no role in which runs are stopped.
            BadInputError: No reason is given, or it is executed already.
        """
        require(actor, Act.CANCEL_DISPOSAL)
        check_reason(reason)
        with self.register.begin(self.council, actor, now=self.clock.now()) as trail:
            found = self.register.disposal_run(self.council, run)
            if found.state not in STOPPABLE:
                raise _refusal(found, "it cannot be stopped")
            self.register.move_run(self.council, run, RunState.CANCELLED)
            trail.record(DisposalCancelled(run=run, before=found.state.value, reason=reason))

    def _move(self, run: str, found: Run, after: RunState, trail: AuditTrail) -> None:
        self.register.move_run(self.council, run, after)
        trail.record(DisposalSentOn(run=run, before=found.state.value, after=after.value))


def _refusal(found: Run, why: str) -> BadInputError:
    told = f"The disposal run {found.run} is {found.state}: {why}."
    return BadInputError(told, remedy=next_step(found.run, found.state))


def _after_review(items: pa.Table) -> RunState:
    offered = pc.equal(items["fate"].cast(pa.string()), Fate.TRANSFER.value)
    return RunState.ARCHIVIST_REVIEW if pc.any(offered).as_py() else RunState.PROPOSED


def _role(actor: Actor) -> Role:
    """Return in which role a person approves: the one that only one of the two needs, if it is theirs."""
    if Role.INFORMATION_MANAGER in actor.roles:
        return Role.INFORMATION_MANAGER
    return min(actor.roles & APPROVERS)
