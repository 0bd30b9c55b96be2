"""Runs of disposal over a council on stage."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pyarrow as pa

from muniment.adapters.sql.register import SqlRegister
from muniment.domain.disposal import ITEMS, Fate
from muniment.domain.disposal_run import Run, RunState
from tests.muniment.adapters.register.stage import at

RUN = "2026-03-02-1"


def items(*record_ids: str, **told: Any) -> pa.Table:
    """Return a list of due public comments, but for what is told otherwise."""
    row = {
        "account": "x-main",
        "platform": "x",
        "kind": "post",
        "series": "public",
        "fate": Fate.DUE.value,
        "why": None,
        "class": "PUB-COMMENT",
        "rule": "comments",
        "action": "destroy",
        "event": "published",
        "event_on": date(2023, 1, 2),
        "due_from": date(2025, 1, 3),
        "review_on": None,
        "case_id": None,
        "filed_on": date(2023, 1, 2),
        "first_captured_on": date(2023, 1, 3),
        "last_captured_on": date(2024, 5, 6),
        "last_commit": 1,
        **told,
    }
    rows = [{"record_id": one, "thread_id": one, **row} for one in record_ids]
    return pa.Table.from_pylist(rows, schema=ITEMS)


def a_run(name: str = RUN, **told: Any) -> Run:
    values = {
        "council": "elm",
        "run": name,
        "kind": "schedule",
        "state": RunState.PROPOSED,
        "schedule": "2026-01",
        "schedule_digest": b"\x07" * 32,
        "basis": "",
        "as_of": date(2026, 3, 2),
        "plan_commit": 1,
        "prepared_by": "ann",
        "prepared_at": at(0),
        "summary": {"due": 2},
        **told,
    }
    return Run(**values)


def intend(register: SqlRegister, record_ids: Sequence[str], name: str = RUN) -> None:
    """Enter a run with these records and open its intent."""
    listed = items(*record_ids)
    register.add_run(a_run(name), listed)
    register.open_intent("elm", name, listed, commit_no=4, dropped={"held": 1}, now=at(1))
