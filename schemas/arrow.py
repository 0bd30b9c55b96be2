"""The archive's Parquet columns, derived from the dataclasses: one definition, in one place.

One table holds four kinds of row (data-model.md 4); a file holds only the columns of its own kind, and
the table's schema is their union, every column nullable. How a dataclass becomes columns:

- a nested value (`record`, `look`, `exhibit`) is flattened into the names of its own fields;
- where two fields would share a name, the inner one is called after its holder (`look_shown`); an
  observation's `series` is `record_series`, since `series` is the partition that the row lies in;
- a mapping is one column of canonical JSON; a time is a UTC instant in microseconds;
- `keep` adds `salt` and `commit_no`; the partition is `series` and `year`.

A change here is a new schema version: docs/contribute/schemas.md says how.
"""

import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import pyarrow as pa

from schemas.capture import Attachment, CaptureRow, Exhibit
from schemas.observation import Look, Observation
from schemas.record import CouncilRecord, FiledRecord
from schemas.vocabulary import Series

__all__ = [
    "COLUMNS",
    "PARTITION",
    "RECORD_SERIES",
    "SCHEMA_VERSION",
    "SERIES",
    "TABLE",
    "UTC",
    "Column",
    "RowKind",
    "described",
    "file_schema",
    "row_kind",
]

SCHEMA_VERSION: Final = 1
PARTITION: Final = ("series", "year")
UTC: Final = pa.timestamp("us", "UTC")


class RowKind(StrEnum):
    """What a row of the table is."""

    RECORD = "record"
    OBSERVATION = "observation"
    ATTACHMENT = "attachment"
    CAPTURE = "capture"


RECORD_SERIES: Final = tuple(series.value for series in Series)
SERIES: Final = (*RECORD_SERIES, RowKind.OBSERVATION, RowKind.ATTACHMENT, RowKind.CAPTURE)
"""Every value of the partition column `series`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: its name, where its value stands in the dataclass, its Arrow type.

    `path` is empty for what only `keep` knows. `required` columns hold no null in rows of their kind.
    """

    name: str
    path: tuple[str, ...]
    type: pa.DataType
    required: bool


_FLATTENED: Final = (CouncilRecord, Look, Exhibit)
_RENAMED: Final[Mapping[tuple[type, str], str]] = {
    (Look, "shown"): "look_shown",
    (Look, "listing"): "look_listing",
    (Observation, "series"): "record_series",
}
_LEFT_OUT: Final = {
    (Exhibit, "record_id"),  # the row's own
    (Attachment, "incoming"),  # a name on its way into the media store, never a fact
    (FiledRecord, "series"),  # the partition
}
_COMMIT_NO: Final = Column(name="commit_no", path=(), type=pa.int64(), required=True)
_SALT: Final = Column(name="salt", path=(), type=pa.binary(), required=True)
_SALT_IF_EXHIBIT: Final = Column(name="salt", path=(), type=pa.binary(), required=False)
_FROM_KEEP: Final = {"council", "salt", "commit_no"}


def _optional(hint: Any) -> tuple[Any, bool]:
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        inner = [one for one in typing.get_args(hint) if one is not types.NoneType]
        return inner[0], True
    return hint, False


def _arrow_type(hint: Any) -> pa.DataType:
    origin = typing.get_origin(hint)
    if origin is tuple:
        return pa.list_(_arrow_type(typing.get_args(hint)[0]))
    if origin is Mapping:
        return pa.string()
    if is_dataclass(hint):
        hints = typing.get_type_hints(hint)
        return pa.struct([(one.name, _arrow_type(_optional(hints[one.name])[0])) for one in fields(hint)])
    if issubclass(hint, str):
        return pa.string()
    return {bytes: pa.binary(), int: pa.int64(), bool: pa.bool_(), datetime: UTC}[hint]


def _columns_of(value: type, path: tuple[str, ...] = (), *, required: bool = True) -> list[Column]:
    """Return the columns of a dataclass, nested values flattened, in the order of its fields."""
    hints = typing.get_type_hints(value)
    found: list[Column] = []
    for one in fields(value):
        if (value, one.name) in _LEFT_OUT:
            continue
        hint, optional = _optional(hints[one.name])
        here = (*path, one.name)
        if hint in _FLATTENED:
            found += _columns_of(hint, here, required=required and not optional)
            continue
        name = _RENAMED.get((value, one.name), one.name)
        found.append(
            Column(
                name=name,
                path=() if name in _FROM_KEEP else here,
                type=_arrow_type(hint),
                required=required and not optional,
            )
        )
    return found


COLUMNS: Final[Mapping[RowKind, tuple[Column, ...]]] = {
    RowKind.RECORD: tuple(_columns_of(FiledRecord)),
    RowKind.OBSERVATION: (*_columns_of(Observation), _SALT_IF_EXHIBIT, _COMMIT_NO),
    RowKind.ATTACHMENT: (*_columns_of(Attachment), _SALT, _COMMIT_NO),
    RowKind.CAPTURE: (*_columns_of(CaptureRow), _COMMIT_NO),
}
"""The columns of each kind of row, the partition columns left out."""


def row_kind(series: str) -> RowKind:
    """Return what the rows of a series are."""
    return RowKind.RECORD if series in RECORD_SERIES else RowKind(series)


def file_schema(kind: RowKind) -> pa.Schema:
    """Return the schema of a data file with rows of this kind; the partition stands in its path."""
    return pa.schema([(column.name, column.type) for column in COLUMNS[kind]])


def _union() -> pa.Schema:
    found: dict[str, pa.DataType] = {}
    for kind in RowKind:
        for column in COLUMNS[kind]:
            if not found.setdefault(column.name, column.type).equals(column.type):
                raise TypeError(f"two kinds of row give the column {column.name} two types")
    return pa.schema([*found.items(), ("series", pa.string()), ("year", pa.int32())])


TABLE: Final = _union()
"""The schema of the whole table."""


def described() -> dict[str, Any]:
    """Return the schema in plain words, as frozen per version in `schemas/history/`."""
    return {
        "version": SCHEMA_VERSION,
        "partition": list(PARTITION),
        "rows": {
            kind.value: [
                {"name": column.name, "type": str(column.type), "required": column.required}
                for column in COLUMNS[kind]
            ]
            for kind in RowKind
        },
    }
