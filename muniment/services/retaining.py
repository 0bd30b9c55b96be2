"""What the schedule makes of the records held: plans, simulations and forecasts. It changes nothing.

Every plan is made here, by one way: the monthly review's, the simulation's, and the one that an execution
makes again before it writes its intent (`services.foreseeing`). What it rests on is read anew each time.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from muniment.domain.classifying import Setting, Window
from muniment.domain.columns import words_of
from muniment.domain.disposal import DisposalPlan
from muniment.domain.holdings import HOLDING_COLUMNS, holdings
from muniment.domain.planning import Circumstances, plan
from muniment.domain.retention import Schedule, WindowKind, in_force, refusal
from muniment.domain.simulating import Simulation, compare
from muniment.domain.triggers import Scope
from muniment.ports import Archive, Register
from muniment.services.held import held_ids
from muniment.services.holding import catch_up_holds
from schemas.account import Account
from schemas.arrow import RECORD_SERIES
from schemas.clock import Clock
from schemas.errors import BadInputError
from schemas.london import london_date

__all__ = ["Held", "ReadSchedule", "Retaining", "campaign_windows"]

ReadSchedule = Callable[[str, str], Schedule]
"""Reads the text of an adopted version; the second is what its mistakes are told under."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The facts of every record at a commit (`domain.holdings`)."""

    records: pa.Table
    commit_no: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Retaining:
    """Plans over one council's archive.

    `title` is the council's name, and `campaigns` are the days of campaign accounts, as its file gives them.
    """

    council: str
    title: str
    archive: Archive
    register: Register
    clock: Clock
    read: ReadSchedule
    accounts: Iterable[Account]
    campaigns: tuple[Window, ...] = ()

    def today(self) -> date:
        """Return the London day."""
        return london_date(self.clock.now())

    def versions(self) -> tuple[Schedule, ...]:
        """Return every adopted version, by the day it takes effect."""
        return tuple(
            self.read(one.text, f"adopted version {one.version}")
            for one in self.register.schedules(self.council)
        )

    def in_force(self, on: date | None = None) -> Schedule | None:
        """Return the version in force on a day, None: there is none."""
        return in_force(self.versions(), on or self.today())

    def schedule(self, on: date | None = None) -> Schedule:
        """Return the version in force on a day.

        Raises:
            BadInputError: There is none.
        """
        day = on or self.today()
        found = self.in_force(day)
        if found is None:
            raise BadInputError(
                refusal(None, day) or "", remedy="`muniment schedule adopt FILE` adopts a signed one."
            )
        return found

    def version(self, name: str) -> Schedule:
        """Return an adopted version.

        Raises:
            BadInputError: There is no such version.
        """
        found = next((one for one in self.versions() if one.version == name), None)
        if found is None:
            raise BadInputError(
                f"No version {name} of the schedule was adopted.",
                remedy="`muniment schedule list` shows the versions.",
            )
        return found

    def held(self) -> Held:
        """Return the facts of every record held: a scan of a dozen narrow columns."""
        upto = self.archive.commit_no()
        rows = self.archive.scan(series=RECORD_SERIES, columns=HOLDING_COLUMNS, upto=upto)
        return Held(records=holdings(rows), commit_no=upto)

    def held_with(self, record_ids: Sequence[str]) -> Held:
        """Return the facts of some records and of all else in their threads."""
        found = self.held()
        ids = found.records["record_id"].combine_chunks()
        threads = words_of(found.records, "thread_id")
        mine = threads.filter(pc.is_in(ids, pa.array(record_ids, pa.string())))
        return Held(records=found.records.filter(pc.is_in(threads, mine)), commit_no=found.commit_no)

    def setting(self) -> Setting:
        """Return what classes depend on: accounts, windows, officers' decisions that count."""
        decided = [
            one.decision
            for one in self.register.reclassifications(self.council)
            if one.counts and one.decision.retention_class is not None
        ]
        by_scope: Mapping[Scope, dict[str, str]] = {Scope.RECORD: {}, Scope.THREAD: {}}
        for one in decided:
            by_scope[one.scope][one.name] = one.retention_class or ""
        return Setting(
            account_kinds={account.account: account.kind for account in self.accounts},
            windows=(*self.register.retention_windows(self.council), *self.campaigns),
            by_record=by_scope[Scope.RECORD],
            by_thread=by_scope[Scope.THREAD],
        )

    def circumstances(self, held: frozenset[str], *, may_see: frozenset[str] | None = None) -> Circumstances:
        """Return everything else that a plan rests on; `held` are the ids that holds cover."""
        council, register = self.council, self.register
        intents = [one for intent in register.intents(council) for one in intent.record_ids.to_pylist()]
        return Circumstances(
            setting=self.setting(),
            facts=register.facts(council),
            cases=register.retention_cases(council),
            held=held,
            underway=frozenset(intents),
            extended=self._extended(),
            transferred=self._transferred(),
            may_see=may_see,
        )

    def _transferred(self) -> dict[str, date]:
        packed = {one.transfer: london_date(one.at) for one in self.register.transfers(self.council)}
        received = self.register.transferred_records(self.council)
        return {record: packed[transfer] for record, transfer in received.items()}

    def _extended(self) -> dict[str, date]:
        found: dict[str, date] = {}
        for one in self.register.reclassifications(self.council):
            until = one.decision.until_on
            if until is not None:
                found[one.decision.name] = max(until, found.get(one.decision.name, until))
        return found

    def plan(
        self,
        *,
        schedule: Schedule | None = None,
        on: date | None = None,
        held: frozenset[str] | None = None,
        records: Held | None = None,
        may_see: frozenset[str] | None = None,
    ) -> DisposalPlan:
        """Return what falls due, and why the rest does not.

        Args:
            schedule: Another version than the one in force, to see what it would do.
            on: Another day than today.
            held: The ids that holds cover, where they are known more exactly: inside the transaction that
                executes (`services.held`). Otherwise holds are brought up to date first.
            records: The records, where they were read already.
            may_see: The teams and roles whose restricted records may be named as due; None: all, for counts
                and for lists that only these see.

        Raises:
            BadInputError: No schedule is in force.
        """
        day = on or self.today()
        chosen = schedule or self.schedule(day)
        if held is None:
            catch_up_holds(self.council, archive=self.archive, register=self.register, now=self.clock.now())
            held = held_ids(self.council, register=self.register)
        found = records or self.held()
        return plan(
            found.records,
            chosen,
            self.circumstances(held, may_see=may_see),
            council=self.council,
            as_of=day,
            commit_no=found.commit_no,
        )

    def planner(self, on: date) -> DisposalPlan:
        """Return the plan of all records that a list is proposed from.

        Raises:
            BadInputError: No schedule is in force, or the one that is may dispose of nothing.
        """
        return self.plan(schedule=self._executable(on), on=on)

    def made(self, on: date, records: Held, held: frozenset[str]) -> DisposalPlan:
        """Return the plan of these records that a disposal rests on.

        Raises:
            BadInputError: No schedule is in force, or the one that is may dispose of nothing.
        """
        return self.plan(schedule=self._executable(on), on=on, held=held, records=records)

    def basis(self, on: date, held: frozenset[str]) -> object:
        """Return what such a plan rests on beside the records: equal while it would be the same."""
        return on, self.register.schedules(self.council), self.circumstances(held)

    def _executable(self, on: date) -> Schedule:
        schedule = self.schedule(on)
        refused = refusal(schedule, on)
        if refused is not None:
            raise BadInputError(refused, remedy="Adopt a version that is signed and in force.")
        return schedule

    def simulate(self, schedule: Schedule, *, on: date | None = None) -> Simulation:
        """Return what a version would do to the records held, against the one in force; on any day."""
        day = on or max(self.today(), schedule.effective_from)
        records = self.held()
        now = self.in_force(day)
        before = None if now is None else self.plan(schedule=now, on=day, records=records)
        return compare(before, self.plan(schedule=schedule, on=day, records=records))


def campaign_windows(days: Iterable[tuple[str, date, date | None]]) -> tuple[Window, ...]:
    """Return the windows of campaign accounts: each in its own days, for itself alone."""
    return tuple(
        Window(
            name=f"campaign {account}",
            kind=WindowKind.CAMPAIGN,
            since=since,
            until=until,
            accounts=frozenset({account}),
        )
        for account, since, until in days
    )
