"""A records office: places, reviews and releases holds, and asks what is held."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa

from muniment.adapters.sql.register import SqlRegister
from muniment.domain.audit import act_of
from muniment.domain.events import Event
from muniment.domain.holds import HoldKind, latest_review
from muniment.domain.people import Actor, Role
from muniment.ports import NewHold
from muniment.services import held, holding
from muniment.services.holding import Placed
from tests.muniment.adapters.register.disposal_stage import a_run, items
from tests.muniment.services.searching.commits import Commits

COUNCIL = "elm"
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
OFFICER = Actor(name="j.smith", roles=frozenset({Role.RECORDS_OFFICER}))
REVIEWER = Actor(name="a.jones", roles=frozenset({Role.REVIEWER}))


@dataclass(kw_only=True)
class Office:
    """One council's office. Time moves a minute with each act."""

    register: SqlRegister
    commits: Commits
    now: datetime = field(default=NOW)
    runs: int = 0

    def tick(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now

    def place(self, typed: str | None, *record_ids: str, actor: Actor = OFFICER, **told: Any) -> Placed:
        facts: dict[str, Any] = {
            "kind": HoldKind.FOI,
            "reference": "FOI/2026/17",
            "reason": "request of 1 March",
            "case_id": None,
            "placed_by": actor.name,
            "review_on": latest_review(NOW.date()),
        }
        new = NewHold(typed=typed, **{**facts, **told})
        return holding.place(
            COUNCIL,
            new,
            record_ids,
            archive=self.commits.archive(),
            register=self.register,
            actor=actor,
            now=self.tick(),
        )

    def catch_up(self) -> frozenset[str]:
        return holding.catch_up_holds(
            COUNCIL, archive=self.commits.archive(), register=self.register, now=self.tick()
        )

    def release(self, hold_id: int, *, reason: str = "answered", actor: Actor = OFFICER) -> int:
        return holding.release(
            COUNCIL, hold_id, reason=reason, register=self.register, actor=actor, now=self.tick()
        )

    def review(self, hold_id: int, review_on: date | None = None) -> date:
        hold = holding.review(
            COUNCIL,
            hold_id,
            review_on=review_on,
            reason="the tribunal has not sat",
            register=self.register,
            actor=OFFICER,
            now=self.tick(),
        )
        return hold.review_on

    def resolved(self) -> frozenset[str]:
        return held.held_ids(COUNCIL, register=self.register)

    def held(self, *record_ids: str) -> set[str]:
        """Return which of these an executing disposal would be told are held, asked as it asks."""
        with self.register.begin(COUNCIL, OFFICER, now=self.tick()):
            found = held.held_now(
                COUNCIL,
                pa.array(record_ids, pa.string()),
                archive=self.commits.archive(),
                register=self.register,
            )
        return set(found["record_id"].to_pylist())

    def intend(self, *record_ids: str) -> None:
        """Open an intent over these records: from here on they are being destroyed."""
        self.runs += 1
        name = f"run-{self.runs}"
        listed = items(*record_ids)
        with self.register.begin(COUNCIL, OFFICER, now=self.tick()):
            self.register.add_run(a_run(name, council=COUNCIL), listed)
            self.register.open_intent(COUNCIL, name, listed, commit_no=1, dropped={}, now=self.now)

    def told(self) -> list[Event]:
        return [act_of(one.tag, one.text or b"").event for one in self.register.audit_entries(COUNCIL)]
