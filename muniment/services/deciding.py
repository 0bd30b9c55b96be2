"""What people decide about retention: a schedule adopted, an event recorded, a case linked, a window set.

Each act needs a role, has a reason, and is one transaction with its audit entry. None of them can shorten
what a hold or a case keeps: those are read anew by every plan.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import date

from muniment.domain.classifying import Window
from muniment.domain.people import Act, Actor, require
from muniment.domain.retention import DERIVED, EVENTS, Level, Schedule, Status, refusal
from muniment.domain.retention_events import CaseLinked, ScheduleAdopted, TriggerRecorded, WindowSet
from muniment.domain.simulating import Simulation
from muniment.domain.triggers import Scope
from muniment.ports import AuditTrail, Register
from muniment.ports.retention import AdoptedSchedule, Fact
from muniment.services.checking import check_held, check_name, check_reason, one_of
from muniment.services.retaining import Retaining
from schemas.errors import BadInputError

__all__ = ["Deciding"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deciding:
    """The acts of one person, over one council's retention."""

    retaining: Retaining
    actor: Actor
    record_key: Callable[[str], str]

    def adopt(self, schedule: Schedule, text: str) -> Simulation:
        """Adopt a signed version; return what it does to the records held.

        Raises:
            NotPermittedError: Only an information manager adopts a schedule.
            BadInputError: It is a template, not signed or signed by another council, adopted already, or
                takes no later effect.

        Source:
            uk-local-government.yml: every council signs its own.
        """
        require(self.actor, Act.ADOPT_SCHEDULE)
        signed = replace(schedule, status=Status.ADOPTED)  # what is withdrawn is signed like anything else
        refused = refusal(schedule if schedule.status is Status.TEMPLATE else signed, schedule.effective_from)
        if refused is not None:
            raise BadInputError(refused, remedy="Fill in every field of sign_off and set status to adopted.")
        self._check_signed_here(schedule)
        simulated = self.retaining.simulate(schedule)
        before = self.retaining.in_force()
        now = self.retaining.clock.now()
        adopted = AdoptedSchedule(
            version=schedule.version,
            effective_from=schedule.effective_from,
            digest=schedule.digest,
            text=text,
            by=self.actor.name,
            at=now,
        )
        with self._begin() as trail:
            self._register.adopt_schedule(self._council, adopted)
            trail.record(
                ScheduleAdopted(
                    version=schedule.version,
                    effective_from=schedule.effective_from,
                    sha256=schedule.digest.hex(),
                    minute_reference=schedule.sign_off.minute_reference or "",
                    before=None if before is None else before.version,
                    simulated={
                        "records": simulated.records,
                        "sooner": simulated.sooner,
                        "later": simulated.later,
                    },
                )
            )
        return simulated

    def _check_signed_here(self, schedule: Schedule) -> None:
        signed, ours = schedule.sign_off.council or "", self.retaining.title
        if _plain(signed) != _plain(ours):
            raise BadInputError(
                f"The schedule is signed off by {signed}, and these are the records of {ours}.",
                remedy=f"Every council signs its own: once yours has, write 'council: {ours}' in sign_off.",
            )

    def record_trigger(self, event: str, scope: Scope, name: str, *, on: date | None, reason: str) -> None:
        """Record that an event happened on a London day, or (None) that it did not, after all.

        Raises:
            NotPermittedError: The person has no role in which events are recorded.
            BadInputError: An unknown event or subject, a day to come, no reason.
        """
        require(self.actor, Act.RECORD_TRIGGER)
        check_reason(reason)
        self._check_event(event)
        self._check_subject(scope, name)
        if on is not None and on > self.retaining.today():
            raise BadInputError(
                f"{on:%-d %B %Y} is still to come: an event is recorded once it has happened.",
                remedy="Record it on the day.",
            )
        now = self.retaining.clock.now()
        fact = Fact(event=event, scope=scope, name=name, on=on, reason=reason, by=self.actor.name, at=now)
        with self._begin() as trail:
            before = self._register.facts(self._council).get((event, scope, name))
            self._register.add_fact(self._council, fact)
            trail.record(
                TriggerRecorded(
                    event=event,
                    scope=scope.value,
                    about=self._about(scope, name),
                    before=before,
                    after=on,
                    reason=reason,
                )
            )

    def set_window(self, window: Window, *, reason: str) -> None:
        """Open a pre-election period, an emergency or an alert, or change its days.

        Raises:
            NotPermittedError: The person has no role in which events are recorded.
            BadInputError: The days are not in order, an account is unknown, no reason.
        """
        require(self.actor, Act.RECORD_TRIGGER)
        check_reason(reason)
        check_name(window.name)
        if window.until is not None and window.until < window.since:
            raise BadInputError("The window ends before it begins.", remedy="Give the earlier day first.")
        self._check_accounts(window.accounts)
        now = self.retaining.clock.now()
        with self._begin() as trail:
            known = {one.name: one for one in self._register.retention_windows(self._council)}
            before = known.get(window.name)
            self._register.set_window(self._council, window, reason=reason, by=self.actor.name, at=now)
            trail.record(
                WindowSet(
                    name=window.name,
                    kind=window.kind.value,
                    before=() if before is None else (before.since, before.until),
                    since=window.since,
                    until=window.until,
                    accounts=tuple(sorted(window.accounts)),
                    reason=reason,
                )
            )

    def link_case(self, case_id: str, retention_class: str, record_ids: Sequence[str], *, reason: str) -> int:
        """Give a case its class and link records to it; return how many are new to it.

        Raises:
            NotPermittedError: The person has no role in which cases are linked.
            BadInputError: The class is none of cases, a record is not held, no reason.
        """
        require(self.actor, Act.LINK_CASE)
        check_reason(reason)
        check_name(case_id)
        found = self._schedule().classes.get(retention_class)
        if found is None or found.level is not Level.CASE:
            cases = sorted(one.code for one in self._schedule().classes.values() if one.level is Level.CASE)
            raise BadInputError(
                f"{retention_class} is no class of cases.", remedy=f"Write one of {', '.join(cases)}."
            )
        if record_ids:
            check_held(self.retaining.held().records, record_ids)
        now = self.retaining.clock.now()
        with self._begin() as trail:
            before = self._register.retention_cases(self._council).classes.get(case_id)
            if before != retention_class:
                self._register.set_case(
                    self._council, case_id, retention_class, reason=reason, by=self.actor.name, at=now
                )
            new = self._register.link_to_case(self._council, case_id, record_ids, by=self.actor.name, at=now)
            trail.record(
                CaseLinked(case_id=case_id, before=before, after=retention_class, records=new, reason=reason)
            )
        return new

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

    def _check_event(self, event: str) -> None:
        schedule = self.retaining.in_force()
        known = {*EVENTS, *(schedule.events if schedule is not None else ())} - DERIVED | {"last_action"}
        if event not in known:
            raise BadInputError(
                f"No event is called {event}, or it is taken from the record itself.",
                remedy=f"Write one of {', '.join(sorted(known))}.",
            )

    def _check_subject(self, scope: Scope, name: str) -> None:
        match scope:
            case Scope.RECORD | Scope.THREAD:
                held = self.retaining.held()
                column = "record_id" if scope is Scope.RECORD else "thread_id"
                check_held(held.records, [name], column=column)
            case Scope.ACCOUNT:
                self._check_accounts([name])
            case Scope.WINDOW:
                known = [one.name for one in self._register.retention_windows(self._council)]
                one_of(name, known, "window", "`muniment trigger window` opens one.")
            case Scope.CASE:
                known = list(self._register.retention_cases(self._council).classes)
                one_of(name, known, "case", "`muniment class link` makes one.")
            case Scope.COUNCIL:
                pass

    def _check_accounts(self, names: Iterable[str]) -> None:
        known = sorted(account.account for account in self.retaining.accounts)
        for name in names:
            one_of(name, known, "account", "`muniment accounts list` shows the accounts.")

    def _about(self, scope: Scope, name: str) -> str:
        if scope in (Scope.RECORD, Scope.THREAD):
            return str(self.record_key(name))
        return name


def _plain(name: str) -> str:
    """Return a council's name as it is compared: however it is spaced and in whatever case it is written."""
    return " ".join(name.split()).casefold()
