"""The archive's columns: one definition, frozen per version."""

import json
from pathlib import Path

import pyarrow as pa

from schemas import arrow
from schemas.arrow import COLUMNS, SCHEMA_VERSION, TABLE, RowKind

HISTORY = Path(arrow.__file__).parent / "history"


def frozen(version: int) -> dict[str, object]:
    found: dict[str, object] = json.loads((HISTORY / f"v{version}.json").read_text(encoding="utf-8"))
    return found


def columns_by_name(described: dict[str, object], kind: str) -> dict[str, tuple[str, bool]]:
    rows = described["rows"]
    assert isinstance(rows, dict)
    return {one["name"]: (one["type"], one["required"]) for one in rows[kind]}


def test_schema_is_the_frozen_copy_of_its_version() -> None:
    """A change of a dataclass that reaches the archive must be declared: docs/contribute/schemas.md."""
    assert arrow.described() == frozen(SCHEMA_VERSION)


def test_every_version_since_the_first_is_frozen() -> None:
    names = sorted(path.name for path in HISTORY.glob("*.json"))

    assert names == sorted(f"v{number}.json" for number in range(1, SCHEMA_VERSION + 1))


def test_a_later_version_only_adds_columns_that_older_files_may_lack() -> None:
    for kind in RowKind:
        now = columns_by_name(arrow.described(), kind)
        for number in range(1, SCHEMA_VERSION + 1):
            then = columns_by_name(frozen(number), kind)
            assert then.items() <= now.items()
            assert number == SCHEMA_VERSION or not any(now[name][1] for name in now.keys() - then.keys())


def test_one_name_has_one_type_in_every_kind_of_row() -> None:
    for columns in COLUMNS.values():
        for column in columns:
            assert TABLE.field(column.name).type == column.type


def test_an_observation_keeps_the_look_apart_from_the_belief() -> None:
    names = {column.name for column in COLUMNS[RowKind.OBSERVATION]}

    assert {"shown", "look_shown", "listing", "look_listing", "record_series"} <= names
    assert "series" not in names


def test_the_table_holds_no_place_for_a_name_on_its_way() -> None:
    assert "incoming" not in TABLE.names
    assert TABLE.field("year").type == pa.int32()
