"""Platforms' deletions that a council honours: which are confirmed, and what stops them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from muniment.domain.classifying import classify
from muniment.domain.disposal import DisposalPlan
from muniment.domain.honouring import honour_plan
from muniment.services.held import held_ids
from muniment.services.holding import catch_up_holds
from muniment.services.retaining import Held, Retaining
from schemas.london import london_date

__all__ = ["Honouring"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Honouring:
    """Plans of kind `honour` over one council's archive; `bases` has each honouring account's legal basis."""

    retaining: Retaining
    bases: Mapping[str, str]

    def planner(self, on: date) -> DisposalPlan:
        """Return what confirmed deletions call for on a day: the plan that a list is proposed from."""
        of = self.retaining
        catch_up_holds(of.council, archive=of.archive, register=of.register, now=of.clock.now())
        return self.made(on, of.held(), held_ids(of.council, register=of.register))

    def made(self, on: date, records: Held, held: frozenset[str]) -> DisposalPlan:
        """Return what confirmed deletions call for among these records."""
        of = self.retaining
        schedule = of.in_force(on)
        gone = self._gone()
        accounts = sorted({account for account, _ in gone.values()})
        return honour_plan(
            records.records,
            {record: london_date(at) for record, (_, at) in gone.items()},
            of.circumstances(held),
            found=None if schedule is None else classify(records.records, schedule, of.setting()),
            schedule=schedule,
            council=of.council,
            basis="; ".join(f"{account}: {self.bases[account]}" for account in accounts) or "nothing is gone",
            as_of=on,
            commit_no=records.commit_no,
        )

    def basis(self, on: date, held: frozenset[str]) -> object:
        """Return what such a plan rests on beside the records: equal while it would be the same."""
        return self.retaining.basis(on, held), self._gone()

    def _gone(self) -> Mapping[str, tuple[str, datetime]]:
        return self.retaining.register.confirmed_gone(self.retaining.council, sorted(self.bases))
