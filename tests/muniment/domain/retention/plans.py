"""Plans made by hand, for tests of what is done with a plan."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import pyarrow as pa

from muniment.domain.disposal import ITEMS, DisposalPlan, Fate, PlanKind

TODAY: Final = date(2030, 6, 1)
_ITEM: Final[Mapping[str, Any]] = {
    "thread_id": "x:1",
    "account": "x-main",
    "platform": "x",
    "kind": "comment",
    "series": "public",
    "fate": Fate.DUE.value,
    "why": None,
    "class": "PUB-COMMENT",
    "rule": "comments",
    "action": "destroy",
    "event": "thread_closed",
    "event_on": date(2028, 5, 1),
    "due_from": date(2030, 5, 2),
    "review_on": None,
    "case_id": None,
    "filed_on": date(2028, 2, 1),
    "first_captured_on": date(2028, 2, 1),
    "last_captured_on": date(2028, 2, 1),
    "last_commit": 1,
}


def items(*told: Mapping[str, Any]) -> pa.Table:
    return pa.Table.from_pylist([{**_ITEM, **one} for one in told], schema=ITEMS)


def plan(*told: Mapping[str, Any]) -> DisposalPlan:
    return DisposalPlan(
        council="anytown",
        kind=PlanKind.SCHEDULE,
        as_of=TODAY,
        commit_no=7,
        schedule="2.0",
        schedule_digest=b"d" * 32,
        basis="schedule 2.0",
        items=items(*told),
    )
