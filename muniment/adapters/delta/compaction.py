"""Merging small files: our own rewrite, under the lock and the fence.

The library's own compaction ignores other writers: two at once double every row (store.md, pitfall 1).
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import PurePath
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable
from deltalake.transaction import AddAction, RemoveAction

from muniment.adapters.delta.layout import (
    SMALL_FILE_BYTES,
    ActiveFile,
    active_files,
    remove_action,
    write_files,
)
from muniment.adapters.delta.rows import Partition
from muniment.adapters.storage import Files
from schemas.arrow import file_schema, row_kind
from schemas.errors import IntegrityError

__all__ = ["in_schema", "mergeable", "merged"]

_WORTH_MERGING: Final = 4


def mergeable(table: DeltaTable) -> dict[Partition, list[ActiveFile]]:
    """Return the small files of each partition that has enough of them."""
    small: defaultdict[Partition, list[ActiveFile]] = defaultdict(list)
    for file in active_files(table):
        if file.size < SMALL_FILE_BYTES:
            small[file.series, file.year].append(file)
    return {
        part: sorted(ones, key=lambda one: one.path)
        for part, ones in small.items()
        if len(ones) >= _WORTH_MERGING
    }


def merged(
    files: Files, root: PurePath, plan: dict[Partition, list[ActiveFile]], at: datetime
) -> list[AddAction | RemoveAction]:
    """Write each partition's small files together; return what is to be committed.

    Raises:
        IntegrityError: A file does not hold the rows that the log says; nothing is committed.
    """
    actions: list[AddAction | RemoveAction] = []
    for partition, old in plan.items():
        counter = _Counter()
        actions += write_files(files, root, partition, counter.counted(_rows(files, root, old)), at)
        if counter.rows != sum(file.rows for file in old):
            raise IntegrityError(
                f"The files of {partition[0]}, {partition[1]} hold other rows than the log says.",
                remedy="Run `muniment verify`: it names the file.",
            )
        actions += [remove_action(file, at) for file in old]
    return actions


class _Counter:
    """Counts the rows that pass."""

    def __init__(self) -> None:
        self.rows = 0

    def counted(self, tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
        for table in tables:
            self.rows += len(table)
            yield table


def _rows(files: Files, root: PurePath, old: Sequence[ActiveFile]) -> Iterator[pa.Table]:
    """Yield one row group at a time, so that memory stays bounded."""
    for file in old:
        schema = file_schema(row_kind(file.series))
        with files.open(root / file.path) as source, pq.ParquetFile(source) as parquet:
            for number in range(parquet.num_row_groups):
                yield in_schema(parquet.read_row_group(number), schema)


def in_schema(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return rows of an older schema version in today's: a column they lack is null."""
    columns = [
        rows[field.name].cast(field.type)
        if field.name in rows.schema.names
        else pa.nulls(len(rows), field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)
