"""Officers' decisions about single records and threads: another class, or a longer period.

A decision that lets anything end sooner counts only once another person has approved it, and is refused
while a hold is on it (records-law.md 4.1). Whether it does is found by planning with it and without.
"""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from muniment.domain.disposal_run import hands, signed
from muniment.domain.people import Act, Actor, require, require_another
from muniment.domain.planning import Circumstances, plan
from muniment.domain.retention import Level, Schedule
from muniment.domain.retention_events import ClassApproved, ClassDecided
from muniment.domain.triggers import Scope
from muniment.ports import AuditTrail, Register
from muniment.ports.retention import NewDecision, Reclassification
from muniment.services.checking import check_reason, check_until
from muniment.services.held import held_now
from muniment.services.retaining import Held, Retaining
from schemas.errors import BadInputError, HeldError

__all__ = ["Reclassifying"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reclassifying:
    """The decisions of one person, over one council's retention."""

    retaining: Retaining
    actor: Actor
    record_key: Callable[[str], str]

    def decide(
        self, scope: Scope, name: str, *, retention_class: str | None, until_on: date | None, reason: str
    ) -> Reclassification:
        """Give a record, or the comments of a thread, another class; or a record a longer period.

        Returns:
            The decision. One that ends something sooner counts only once another person approved it.

        Raises:
            NotPermittedError: The person has no role in which classes are decided.
            HeldError: It would end something sooner that a hold covers.
            BadInputError: An unknown class or record, a class of cases, a day that is past, no reason.
        """
        require(self.actor, Act.DECIDE_CLASS)
        check_reason(reason)
        check_until(until_on, self.retaining.today())
        schedule = self._schedule()
        if retention_class is not None:
            one = schedule.classes.get(retention_class)
            if one is None or one.level is Level.CASE:
                raise BadInputError(
                    f"Version {schedule.version} has no class {retention_class} for records.",
                    remedy="`muniment schedule show` lists them; `muniment class link` is for cases.",
                )
        held = self.retaining.held()
        ids = self._of_subject(held, scope, name)
        before, sooner = self._effect(held, ids, scope, name, retention_class)
        if sooner:
            self._refuse_held(ids)
        new = NewDecision(
            scope=scope,
            name=name,
            retention_class=retention_class,
            until_on=until_on,
            reason=reason,
            shortens=sooner,
        )
        now = self.retaining.clock.now()
        with self._begin() as trail:
            number = self._register.add_decision(self._council, new, by=signed(self.actor), at=now)
            trail.record(
                ClassDecided(
                    number=number,
                    scope=scope.value,
                    record_key=self.record_key(name),
                    before=before,
                    after=retention_class,
                    until_on=until_on,
                    shortens=sooner,
                    reason=reason,
                )
            )
        return self._decision(number)

    def approve(self, number: int) -> Reclassification:
        """Let a decision count that ends something sooner.

        Raises:
            NotPermittedError: The person has no role for it, or decided it.
            HeldError: A hold covers it by now.
            BadInputError: There is no such decision that waits.
        """
        require(self.actor, Act.APPROVE_CLASS)
        waiting = self._decision(number)
        require_another(self.actor, hands(waiting.by), "decided it")
        decision = waiting.decision
        self._refuse_held(self._of_subject(self.retaining.held(), decision.scope, decision.name))
        now = self.retaining.clock.now()
        with self._begin() as trail:
            self._register.approve_decision(self._council, number, by=self.actor.name, at=now)
            trail.record(ClassApproved(number=number, decided_by=waiting.by))
        return self._decision(number)

    @property
    def _council(self) -> str:
        return self.retaining.council

    @property
    def _register(self) -> Register:
        return self.retaining.register

    def _begin(self) -> AbstractContextManager[AuditTrail]:
        return self._register.begin(self._council, self.actor, now=self.retaining.clock.now())

    def _schedule(self) -> Schedule:
        return self.retaining.schedule()

    def _decision(self, number: int) -> Reclassification:
        found = [one for one in self._register.reclassifications(self._council) if one.number == number]
        if not found:
            raise BadInputError(
                f"There is no decision {number}.", remedy="`muniment class list` shows the decisions."
            )
        return found[0]

    def _effect(
        self, held: Held, ids: frozenset[str], scope: Scope, name: str, retention_class: str | None
    ) -> tuple[str | None, bool]:
        """Return the class before, and whether a decision lets anything end sooner."""
        if retention_class is None:
            return None, False
        was = self.retaining.circumstances(frozenset())
        setting = was.setting
        if scope is Scope.RECORD:
            setting = replace(setting, by_record={**setting.by_record, name: retention_class})
        else:
            setting = replace(setting, by_thread={**setting.by_thread, name: retention_class})
        ends = [self._ends(held, around, ids) for around in (was, replace(was, setting=setting))]
        classes = {code for code, _ in ends[0].values() if code is not None}
        sooner = any(ends[1][one][1] < ends[0][one][1] for one in ids)
        return (classes.pop() if len(classes) == 1 else None), sooner

    def _ends(
        self, held: Held, around: Circumstances, ids: frozenset[str]
    ) -> dict[str, tuple[str | None, date]]:
        """Return the class of some records and the first day on which anything may happen to them."""
        made = plan(
            held.records,
            self._schedule(),
            around,
            council=self._council,
            as_of=self.retaining.today(),
            commit_no=held.commit_no,
        )
        mine = made.items.filter(pc.is_in(made.items["record_id"], pa.array(sorted(ids), pa.string())))
        return {
            row["record_id"]: (
                row["class"],
                min(row["due_from"] or date.max, row["review_on"] or date.max),
            )
            for row in mine.select(["record_id", "class", "due_from", "review_on"]).to_pylist()
        }

    def _of_subject(self, held: Held, scope: Scope, name: str) -> frozenset[str]:
        column = "record_id" if scope is Scope.RECORD else "thread_id"
        found = held.records.filter(pc.equal(held.records[column].cast(pa.string()), name))
        if scope is Scope.THREAD:
            found = found.filter(pc.not_equal(found["record_id"], name))
        if not found.num_rows:
            raise BadInputError(
                f"The archive holds no {scope.value} {name}.", remedy="`muniment search` shows record ids."
            )
        return frozenset(found["record_id"].to_pylist())

    def _refuse_held(self, ids: Iterable[str]) -> None:
        asked = pa.array(sorted(ids), pa.string())
        stopped = held_now(self._council, asked, archive=self.retaining.archive, register=self._register)
        if stopped.num_rows:
            raise HeldError(
                f"A hold is on {stopped.num_rows} of these records: nothing of them may end sooner.",
                remedy="Wait until the hold is released; a longer class can be decided at any time.",
            )
