"""Platforms' deletions that a council honours: which are confirmed, and what stops them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from muniment.domain.classifying import classify
from muniment.domain.disposal import DisposalPlan
from muniment.domain.honouring import honour_plan
from muniment.domain.people import london_date
from muniment.services.holding import catch_up_holds, held_ids, held_now
from muniment.services.retaining import Retaining

__all__ = ["Honouring"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Honouring:
    """Plans of kind `honour` over one council's archive; `bases` has each honouring account's legal basis."""

    retaining: Retaining
    bases: Mapping[str, str]

    def planner(self, on: date, record_ids: Sequence[str] | None) -> DisposalPlan:
        """Return what confirmed deletions call for on a day: of all records, or (executing) of these."""
        of = self.retaining
        records = of.held() if record_ids is None else of.held_with(record_ids)
        if record_ids is None:
            catch_up_holds(of.council, archive=of.archive, register=of.register, now=of.clock.now())
            held = held_ids(of.council, register=of.register)
        else:
            ids = records.records["record_id"].combine_chunks()
            stopped = held_now(of.council, ids, archive=of.archive, register=of.register)
            held = frozenset(stopped["record_id"].to_pylist())
        schedule = of.in_force(on)
        gone = of.register.confirmed_gone(of.council, sorted(self.bases))
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
