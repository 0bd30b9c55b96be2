"""Disposal as a bench drives it: the product's own services, a schedule of one line, no waiting period.

Whatever records a bench names are due. Two people approve; the rest is what a council's officers would run.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from muniment.adapters.seal_key import SealKey, is_signed_by
from muniment.domain.disposal import ITEMS, DisposalPlan, PlanKind
from muniment.domain.people import Actor, Role
from muniment.ports import Archive, Register, SearchIndex
from muniment.services.certifying import Certifying
from muniment.services.destroying import Destroying
from muniment.services.disposing import Disposing
from schemas.arrow import RECORD_SERIES
from schemas.clock import Clock

__all__ = ["INFORMATION_MANAGER", "OFFICER", "Office"]

OFFICER: Final = Actor(name="officer", roles=frozenset({Role.RECORDS_OFFICER}))
REVIEWER: Final = Actor(name="reviewer", roles=frozenset({Role.REVIEWER}))
INFORMATION_MANAGER: Final = Actor(name="manager", roles=frozenset({Role.INFORMATION_MANAGER}))
_KEYS: Final = ("record_id", "thread_id", "account", "platform", "kind", "series")
_SCHEDULE: Final = b"\x01" * 32


@dataclass(slots=True, kw_only=True)
class Office:
    """One council's office. `due` are the ids that the next plan finds due; `file` files a certificate."""

    council: str
    archive: Archive
    register: Register
    indexes: Mapping[str, SearchIndex]
    clock: Clock
    root: Path
    file: Callable[[str, bytes], None] = lambda _number, _raw: None
    due: Sequence[str] = ()
    disposing: Disposing = field(init=False)
    destroying: Destroying = field(init=False)

    def __post_init__(self) -> None:
        """Build the services."""
        key = SealKey.of(None, self.root / "seal.pem")
        certifying = Certifying(
            council=self.council,
            register=self.register,
            clock=self.clock,
            sign=key.sign,
            public_key=key.public,
            is_signed=is_signed_by,
            file=self.file,
            software="bench",
            reference=lambda person: f"person {person[0]}",
        )
        self.disposing = Disposing(
            council=self.council,
            register=self.register,
            clock=self.clock,
            planners={PlanKind.SCHEDULE: self.plan},
            waiting=timedelta(0),
        )
        self.destroying = Destroying(
            council=self.council,
            archive=self.archive,
            register=self.register,
            indexes=self.indexes,
            certifying=certifying,
            clock=self.clock,
            foresight={PlanKind.SCHEDULE: self._foresee},
        )

    def approved(self, record_ids: Sequence[str]) -> str | None:
        """Have these records listed, reviewed and approved by two; return the run, None: none is held."""
        self.due = record_ids
        run = self.disposing.propose(actor=OFFICER)
        if run is None:
            return None
        self.disposing.send_on(run.run, actor=REVIEWER)
        self.disposing.approve(run.run, actor=REVIEWER)
        self.disposing.approve(run.run, actor=INFORMATION_MANAGER)
        return run.run

    def _foresee(self, as_of: date, record_ids: Sequence[str]) -> Callable[[], DisposalPlan]:
        """Return what gives the plan: the one made now, as long as no commit has come."""
        made = self.plan(as_of, record_ids)

        def plan() -> DisposalPlan:
            return made if self.archive.commit_no() == made.commit_no else self.plan(as_of, record_ids)

        return plan

    def plan(self, as_of: date, record_ids: Sequence[str] | None = None) -> DisposalPlan:
        """Return a plan in which the records named are due, if they are held."""
        wanted = pa.array(self.due if record_ids is None else record_ids, pa.string())
        columns = [*_KEYS, "filed_at", "commit_no"]
        batches = [
            batch.filter(pc.is_in(batch["record_id"], wanted))
            for batch in self.archive.scan(series=RECORD_SERIES, columns=columns)
        ]
        items = _items(pa.Table.from_batches(batches)) if batches else ITEMS.empty_table()
        return DisposalPlan(
            council=self.council,
            kind=PlanKind.SCHEDULE,
            as_of=as_of,
            commit_no=self.archive.commit_no(),
            schedule="bench",
            schedule_digest=_SCHEDULE,
            basis="",
            items=items,
        )


def _items(rows: pa.Table) -> pa.Table:
    found = rows  # a bench's records have one version: nothing is to be brought together
    if pc.count_distinct(rows["record_id"]).as_py() < len(rows):
        named = rows.group_by(list(_KEYS)).aggregate([("filed_at", "min"), ("commit_no", "max")])
        found = named.rename_columns([*_KEYS, "filed_at", "commit_no"])
    on = found["filed_at"].cast(pa.date32())
    count = len(found)
    given = {
        **{name: found[name] for name in _KEYS},
        "fate": pa.repeat("due", count),
        "class": pa.repeat("PUB-COMMENT", count),
        "rule": pa.repeat("bench", count),
        "action": pa.repeat("destroy", count),
        "event": pa.repeat("published", count),
        "event_on": on,
        "due_from": on,
        "filed_on": on,
        "first_captured_on": on,
        "last_captured_on": on,
        "last_commit": found["commit_no"],
    }
    columns = [
        given[one.name].cast(one.type) if one.name in given else pa.nulls(count, one.type) for one in ITEMS
    ]
    return pa.Table.from_arrays(columns, schema=ITEMS)
