"""Reading the table: streams of rows in bounded memory, and look-ups by id.

A few ids of a large table are looked up by the engine, through bloom filters (14 ms at a million records).
Of many, of a small table on a disk and of a span, the id column of each file is read first, and then only
the row groups that hold one of them: an index that catches up with 20,000 new records reads their file, not
the texts of the whole archive. What lies outside a span of ids is told by the statistics in the file's own
footer, and which commits a file holds by the log: it is not read at all. The engine takes 30 MB when first
used.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path, PurePath
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import DeltaTable

from muniment.adapters.delta.layout import ActiveFile, active_files
from muniment.adapters.storage import Files
from schemas.arrow import PARTITION, TABLE, file_schema, row_kind
from schemas.errors import IntegrityError, WriteConflictError

__all__ = ["Rows", "TableReader"]

_FEW_IDS: Final = 100
_FEW_ROWS: Final = 400_000
"""Where no more rows come in question, reading their ids takes as long as the engine does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Which rows are wanted; None: no bound."""

    series: Sequence[str] | None = None
    years: Sequence[int] | None = None
    after: int = 0
    upto: int | None = None
    record_ids: Sequence[str] | None = None
    within: tuple[str | None, str | None] = (None, None)

    def are_picked(self, files: Sequence[ActiveFile], *, near: bool) -> bool:
        """Say whether rows are picked file by file: of many ids, or a span; on a disk by commits, or of few.

        In a bucket each file is a round trip or three, and the engine reads many at a time.
        """
        if self.within != (None, None) or len(self.record_ids or ()) > _FEW_IDS:
            return True
        if self.record_ids is None:
            return near and self.after > 0
        return near and sum(file.rows for file in files) <= _FEW_ROWS

    @property
    def keys(self) -> list[str]:
        """The columns by which rows are picked."""
        by_id = self.record_ids is not None or self.within != (None, None)
        by_commit = self.after or self.upto is not None
        return [*(["record_id"] if by_id else []), *(["commit_no"] if by_commit else [])]

    def predicate(self) -> str:
        """Return the SQL that selects them."""
        terms = [f"commit_no > {int(self.after)}"]
        if self.upto is not None:
            terms.append(f"commit_no <= {int(self.upto)}")
        if self.series is not None:
            terms.append(f"series in ({_literals(self.series)})")
        if self.years is not None:
            terms.append(f"year in ({','.join(str(int(year)) for year in self.years)})")
        if self.record_ids is not None:
            terms.append(f"record_id in ({_literals(self.record_ids)})")
        return " and ".join(terms)

    def may_be_in(self, file: ActiveFile) -> bool:
        """Return whether a file may hold such rows, by its partition and its commits."""
        return (
            (self.series is None or file.series in self.series)
            and (self.years is None or file.year in self.years)
            and (file.last_commit is None or file.last_commit > self.after)
            and (self.upto is None or file.first_commit is None or file.first_commit <= self.upto)
        )

    def may_be_among(self, lowest: str, highest: str) -> bool:
        """Return whether ids between these may be of the span."""
        low, high = self.within
        return (low is None or highest >= low) and (high is None or lowest < high)

    def chosen(self, keys: pa.Table, among: pa.Array | None) -> pa.ChunkedArray:
        """Return which rows are wanted, by their `keys`; `among`: the `record_ids`, in Arrow."""
        low, high = self.within
        terms = [] if among is None else [pc.is_in(keys["record_id"], among)]
        terms += [] if low is None else [pc.greater_equal(keys["record_id"], low)]
        terms += [] if high is None else [pc.less(keys["record_id"], high)]
        terms += [pc.greater(keys["commit_no"], self.after)] if self.after else []
        terms += [] if self.upto is None else [pc.less_equal(keys["commit_no"], self.upto)]
        return reduce(pc.and_, terms)


def _literals(words: Iterable[str]) -> str:
    return ",".join("'" + word.replace("'", "''") + "'" for word in words)


class _FilesGoneError(Exception):
    """A file that the handle names is not there: the handle is old, or the file is lost."""


class TableReader:
    """Reads the table in `root`; `reopen` gives the version to read."""

    def __init__(self, root: PurePath, files: Files, reopen: Callable[[], DeltaTable]) -> None:
        self._root = root
        self._files = files
        self._reopen = reopen

    def stream(self, wanted: Rows, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Yield rows in the types of the schema; open again once when files went away before the first.

        Raises:
            WriteConflictError: Files went away later, in the middle of the stream: start again.
            IntegrityError: A file cannot be read.
        """
        names = list(TABLE.names if columns is None else columns)
        started = False
        for attempt in (1, 2):
            try:
                for batch in self._read(self._reopen(), wanted, names):
                    if len(batch):
                        started = True
                        yield batch
            except _FilesGoneError as error:
                if started:
                    raise WriteConflictError("The archive was rewritten while it was read.") from error
                if attempt == 2:  # noqa: PLR2004  # the second and last time
                    raise _unreadable(error) from error
            else:
                return

    def _read(self, table: DeltaTable, wanted: Rows, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        files = [file for file in active_files(table) if wanted.may_be_in(file)]
        if wanted.are_picked(files, near=isinstance(self._root, Path)):
            return self._picked(files, wanted, names)
        return _pulled(table, wanted, names)

    def _picked(
        self, files: Sequence[ActiveFile], wanted: Rows, names: Sequence[str]
    ) -> Iterator[pa.RecordBatch]:
        """Yield rows from the row groups that hold any."""
        among = None if wanted.record_ids is None else pa.array(wanted.record_ids, pa.string())
        for file in files:
            if not set(wanted.keys) <= set(file_schema(row_kind(file.series)).names):
                continue
            try:
                with self._files.open(self._root / file.path) as source, pq.ParquetFile(source) as parquet:
                    groups = _groups_with(parquet, wanted)
                    if not groups:
                        continue
                    # The ids of all of them at once: row groups are then decoded side by side.
                    chosen = wanted.chosen(parquet.read_row_groups(groups, columns=wanted.keys), among)
                    start = 0
                    for number in groups:
                        mask = chosen.slice(start, parquet.metadata.row_group(number).num_rows)
                        start += len(mask)
                        if pc.any(mask).as_py():
                            present = [name for name in names if name in parquet.schema_arrow.names]
                            rows = parquet.read_row_group(number, columns=present).filter(mask)
                            yield from _completed(rows, file, names)
            except FileNotFoundError as error:
                raise _FilesGoneError from error
            except (OSError, pa.ArrowException) as error:
                raise _unreadable(error) from error


def _groups_with(parquet: pq.ParquetFile, wanted: Rows) -> list[int]:
    """Return the row groups that may hold such ids, by what the file's footer says of them."""
    every = range(parquet.num_row_groups)
    if wanted.within == (None, None):
        return list(every)
    place = next(n for n in range(len(parquet.schema)) if parquet.schema.column(n).path == "record_id")
    told = [parquet.metadata.row_group(number).column(place).statistics for number in every]
    return [
        number
        for number, one in zip(every, told, strict=True)
        if one is None or not one.has_min_max or wanted.may_be_among(one.min, one.max)
    ]


def _completed(rows: pa.Table, file: ActiveFile, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Yield rows of one file with the columns that stand in its path, and nulls for those it lacks."""
    partition = dict(zip(PARTITION, (file.series, file.year), strict=True))
    columns = []
    for name in names:
        field = TABLE.field(name)
        if name in partition:
            columns.append(pa.repeat(pa.scalar(partition[name], field.type), len(rows)))
        elif name in rows.schema.names:
            columns.append(rows[name].cast(field.type).combine_chunks())
        else:
            columns.append(pa.nulls(len(rows), field.type))
    schema = pa.schema([TABLE.field(name) for name in names])
    yield from pa.Table.from_arrays(columns, schema=schema).to_batches()


def _pulled(table: DeltaTable, wanted: Rows, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Yield what the engine reads. It raises bare `Exception`s, so these are caught here and only here."""
    batches: Iterator[pa.RecordBatch] | None = None
    while True:
        try:
            if batches is None:
                batches = iter(table.scan(columns=list(names), predicate=wanted.predicate()))
            raw = next(batches, None)
        except Exception as error:  # see above
            if "not found" in str(error).lower():
                raise _FilesGoneError from error
            raise _unreadable(error) from error
        if raw is None:
            return
        yield _typed(pa.record_batch(raw), names)


def _unreadable(error: Exception) -> IntegrityError:
    return IntegrityError(
        f"A data file of the archive cannot be read ({type(error).__name__}).",
        remedy="Run `muniment verify`: it names the file.",
    )


def _typed(batch: pa.RecordBatch, names: Sequence[str]) -> pa.RecordBatch:
    """Return a batch in the schema's types: the engine hands out views and dictionaries."""
    columns = [
        column if column.type.equals(TABLE.field(name).type) else column.cast(TABLE.field(name).type)
        for name, column in ((name, batch.column(name)) for name in names)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=pa.schema([TABLE.field(name) for name in names]))
