"""The template, signed by a council of our making, and records to hold against it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, Final

import pyarrow as pa

from muniment.adapters.schedule_yaml import TEMPLATE, load_schedule
from muniment.domain.disposal import DisposalPlan
from muniment.domain.holdings import HOLDING_COLUMNS, holdings
from muniment.domain.planning import Circumstances, plan
from muniment.domain.retention import Schedule, SignOff, Status
from schemas.arrow import TABLE

POSTED: Final = datetime(2027, 3, 1, 12, tzinfo=UTC)
SIGNED: Final = SignOff(
    council="Anytown",
    approved_by="A. Manager",
    role="Information Manager",
    on=date(2026, 12, 1),
    minute_reference="Cabinet, 1 December 2026, minute 12",
)
_ROW: Final[Mapping[str, Any]] = {
    "record_id": "x:1",
    "thread_id": "x:1",
    "account": "x-main",
    "platform": "x",
    "kind": "comment",
    "series": "public",
    "author_role": "public",
    "filed_at": POSTED,
    "version_at": None,
    "captured_at": POSTED + timedelta(hours=1),
    "commit_no": 1,
}


@cache
def template() -> Schedule:
    return load_schedule(TEMPLATE)[0]


def adopted(**changes: Any) -> Schedule:
    return replace(template(), status=Status.ADOPTED, sign_off=SIGNED, **changes)


def comment(number: int, **facts: Any) -> dict[str, Any]:
    return {**_ROW, "record_id": f"x:{number}", **facts}


def post(number: int = 1, **facts: Any) -> dict[str, Any]:
    own = {"kind": "post", "series": "own", "author_role": "council", "thread_id": f"x:{number}"}
    return {**_ROW, "record_id": f"x:{number}", **own, **facts}


def reply(number: int, **facts: Any) -> dict[str, Any]:
    return comment(number, series="own", author_role="council", **facts)


def held(*rows: Mapping[str, Any]) -> pa.Table:
    schema = pa.schema([TABLE.field(name) for name in HOLDING_COLUMNS])
    return holdings([pa.RecordBatch.from_pylist([dict(row) for row in rows], schema=schema)])


def planned(
    *rows: Mapping[str, Any],
    on: date,
    schedule: Schedule | None = None,
    around: Circumstances | None = None,
) -> DisposalPlan:
    return plan(
        held(*rows),
        schedule or adopted(),
        around or Circumstances(),
        council="anytown",
        as_of=on,
        commit_no=1,
    )


def told(made: DisposalPlan, *names: str) -> dict[str, Any]:
    """Return for each record its fate, or why it is kept, or what `names` say."""
    rows = made.items.to_pylist()
    if names:
        return {row["record_id"]: tuple(row[name] for name in names) for row in rows}
    return {row["record_id"]: row["why"] or row["fate"] for row in rows}
