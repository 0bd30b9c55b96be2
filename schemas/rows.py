"""Values to columns and back: the rows of the archive, built column by column, without a dict per row."""

import typing
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from itertools import accumulate, chain
from operator import attrgetter
from typing import Any, Final, TypeVar

import msgspec
import pyarrow as pa

from schemas.arrow import COLUMNS, Column, RowKind, file_schema
from schemas.capture import Attachment, CaptureRow, Exhibit
from schemas.observation import Observation
from schemas.record import FiledRecord, MediaRef

__all__ = [
    "attachments_from",
    "binary_array",
    "captures_from",
    "observations_from",
    "parts_array",
    "records_from",
    "table_of",
]

Value = TypeVar("Value")
_NO_TEXT: Final = "{}"
_NONE: Final[tuple[()]] = ()
_encode: Final = msgspec.json.Encoder(order="deterministic").encode


def table_of(kind: RowKind, values: Sequence[Any], given: Mapping[str, pa.Array]) -> pa.Table:
    """Return the rows of one kind, in the order of `values`.

    Args:
        kind: What the rows are.
        values: Objects with the attributes that the columns' paths name.
        given: Columns that stand ready: what only `keep` knows, or an exhibit that may be absent.

    Raises:
        ValueError: A required column holds a null.
    """
    arrays = []
    held: dict[tuple[str, ...], Sequence[Any]] = {(): values}
    for column in COLUMNS[kind]:
        array = given[column.name] if column.name in given else _column(column, held)
        if column.required and array.null_count:
            raise ValueError(f"{kind} rows need a value in {column.name}")
        arrays.append(array)
    return pa.Table.from_arrays(arrays, schema=file_schema(kind))


def _column(column: Column, held: dict[tuple[str, ...], Sequence[Any]]) -> pa.Array:
    """Return one column; `held` remembers the nested values that several columns are taken from."""
    *above, name = column.path
    within = tuple(above)
    if within not in held:
        held[within] = list(map(attrgetter(".".join(within)), held[()]))
    found = list(map(attrgetter(name), held[within]))
    if _is_one_value(found):
        return pa.repeat(pa.scalar(found[0], column.type), len(found))  # what a walk says of all its rows
    if column.name == "metrics":
        found = _texts(found)
    elif column.name == "media":
        found = [
            [(ref.native_id, ref.kind, ref.alt_text) for ref in refs] if refs else _NONE for refs in found
        ]
    elif column.name == "parts":
        return parts_array(found)
    elif column.type == pa.binary() and None not in found:
        return binary_array(found)
    return pa.array(found, column.type)


def _is_one_value(found: Sequence[Any]) -> bool:
    if not found or not (found[0] is None or isinstance(found[0], str | int | datetime)):
        return False
    # What differs does so at once, as a rule: counting every value of every column took a tenth of the time.
    return found[0] == found[-1] == found[len(found) // 2] and found.count(found[0]) == len(found)


def binary_array(values: Sequence[bytes]) -> pa.Array:
    """Return bytes as a column, copied once: exhibits are most of a batch, and growing copies more."""
    offsets = _offsets(values)
    if offsets is None:
        return pa.array(values, pa.binary())
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(values))]
    return pa.Array.from_buffers(pa.binary(), len(values), buffers)


def parts_array(values: Sequence[Sequence[bytes]]) -> pa.Array:
    """Return the parts of exhibits as a column of lists."""
    offsets = _offsets(values)
    whole = binary_array(list(chain.from_iterable(values)))
    if offsets is None or not isinstance(whole, pa.Array):
        return pa.array(values, pa.list_(pa.binary()))
    buffers = [None, pa.py_buffer(offsets)]
    return pa.Array.from_buffers(pa.list_(pa.binary()), len(values), buffers, children=[whole])


def _offsets(values: Sequence[Sequence[Any]]) -> "array[int] | None":
    """Return where each value begins and the last ends; None where 32 bits do not reach."""
    try:
        return array("i", accumulate(map(len, values), initial=0))
    except OverflowError:
        return None


def _texts(values: Sequence[Mapping[str, int]]) -> list[str]:
    """Return metrics as canonical JSON; most records of a batch share theirs with another."""
    known: dict[tuple[tuple[str, int], ...], str] = {(): _NO_TEXT}
    found = []
    for value in values:
        key = tuple(value.items())
        text = known.get(key)
        if text is None:
            text = known[key] = _encode(dict(value)).decode()
        found.append(text)
    return found


def records_from(batch: pa.RecordBatch) -> Iterator[FiledRecord]:
    """Yield the record versions of a batch that holds every column of their kind, and `series`."""
    return _values(FiledRecord, batch)


def observations_from(batch: pa.RecordBatch) -> Iterator[Observation]:
    """Yield the observations of a batch that holds every column of their kind."""
    return _values(Observation, batch)


def attachments_from(batch: pa.RecordBatch) -> Iterator[Attachment]:
    """Yield the attachments of a batch that holds every column of their kind."""
    return _values(Attachment, batch)


def captures_from(batch: pa.RecordBatch) -> Iterator[CaptureRow]:
    """Yield the capture rows of a batch that holds every column of their kind."""
    return _values(CaptureRow, batch)


_KIND_OF: Final[Mapping[type, RowKind]] = {
    FiledRecord: RowKind.RECORD,
    Observation: RowKind.OBSERVATION,
    Attachment: RowKind.ATTACHMENT,
    CaptureRow: RowKind.CAPTURE,
}


def _values(value: type[Value], batch: pa.RecordBatch) -> Iterator[Value]:
    names = {column.path or (column.name,): column.name for column in COLUMNS[_KIND_OF[value]]}
    build = _builder(value, (), names)
    wanted = [name for name in batch.schema.names if name in {*names.values(), "series"}]
    for row in batch.select(wanted).to_pylist():
        yield build(row)


def _builder(
    value: type[Value], path: tuple[str, ...], names: Mapping[tuple[str, ...], str]
) -> Callable[[Mapping[str, Any]], Value]:
    """Return what makes a dataclass from a row, nested values first; names lead from path to column."""
    hints = typing.get_type_hints(value)
    parts: list[tuple[str, Callable[[Mapping[str, Any]], Any]]] = []
    for one in fields(value):  # type: ignore[arg-type]  # every value here is a dataclass
        here = (*path, one.name)
        inner = [each for each in typing.get_args(hints[one.name]) if each is not type(None)]
        hint = inner[0] if type(None) in typing.get_args(hints[one.name]) else hints[one.name]
        if is_dataclass(hint) and isinstance(hint, type):
            parts.append((one.name, _nested(hint, here, names)))
        elif here in names or (one.name,) in names or (value is FiledRecord and one.name == "series"):
            column = names.get(here) or names.get((one.name,)) or one.name
            parts.append((one.name, _plain(hint, column)))
        elif value is Exhibit:
            parts.append((one.name, _plain(str, "record_id")))
    return lambda row: value(**{name: read(row) for name, read in parts})


def _nested(
    hint: type[Any], path: tuple[str, ...], names: Mapping[tuple[str, ...], str]
) -> Callable[[Mapping[str, Any]], Any]:
    build = _builder(hint, path, names)
    if hint is Exhibit:
        return lambda row: None if row["header"] is None else build(row)
    return build


def _plain(hint: Any, column: str) -> Callable[[Mapping[str, Any]], Any]:
    if column == "media":
        return lambda row: tuple(MediaRef(**one) for one in row[column])
    if column == "metrics":
        return lambda row: msgspec.json.decode(row[column])
    if typing.get_origin(hint) is tuple:
        return lambda row: tuple(row[column])
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return lambda row: None if row[column] is None else hint(row[column])
    return lambda row: row[column]
