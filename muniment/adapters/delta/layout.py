"""How one data file of the archive is laid out, and what the table's log says of it.

    <root>/table/series=<series>/year=<year>/part-<uuid>.parquet

A file holds rows of one series and year, at most 64 MB, in row groups of 20,000 rows; bloom filters on
the two ids, page index, page checksums. Statistics in the log are of numbers and dates only: default
ones would leave text and names there, beyond the reach of an erasure.

What is captured is compressed lightly: that takes half the time, for a twelfth more of the disk (measured on
backfills) until compaction writes it again, as small as it stays.
"""

import json
import re
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import DeltaTable
from deltalake.transaction import AddAction, RemoveAction

from muniment.adapters.storage import Files
from schemas.arrow import RowKind, file_schema, row_kind
from schemas.errors import IntegrityError

__all__ = [
    "CAPTURED",
    "LASTING",
    "MAX_FILE_BYTES",
    "ROW_GROUP_ROWS",
    "SMALL_FILE_BYTES",
    "STATISTICS",
    "TABLE_PROPERTIES",
    "ActiveFile",
    "active_files",
    "remove_action",
    "write_files",
]

STATISTICS: Final = ("commit_no", "filed_at", "captured_at")
TABLE_PROPERTIES: Final = {
    "delta.dataSkippingStatsColumns": ",".join(STATISTICS),
    "delta.deletedFileRetentionDuration": "interval 0 hours",
    "delta.logRetentionDuration": "interval 7 days",
    "delta.checkpointInterval": "20",
    "delta.enableExpiredLogCleanup": "false",
    "delta.enableChangeDataFeed": "false",
    "delta.enableDeletionVectors": "false",
}
CAPTURED: Final = 1
LASTING: Final = 3
"""Levels of zstd: of what a keep writes, and of what is written to stay."""
ROW_GROUP_ROWS: Final = 20_000
MAX_FILE_BYTES: Final = 64 << 20
SMALL_FILE_BYTES: Final = 16 << 20
_GROUP_BYTES: Final = 48 << 20  # of Arrow memory: bounds a row group of very large exhibits
_NO_GROUP: Final = (None, 0)
_MIN_BLOOM_VALUES: Final = 64
_SLUG: Final = re.compile(r"[a-z0-9_]+")
_BLOOMED: Final = ("record_id", "version_id")
_REPEATED: Final = [  # few values each: a dictionary pays
    *("platform", "kind", "thread_id", "author_id", "author_handle", "author_name", "language", "council"),
    *("account", "author_role", "digest_rule", "capture_id", "commit_no", "answer", "walk_id", "look_shown"),
    *("look_listing", "stream", "listing", "record_series", "state", "shown", "absences", "control_seen"),
    *("media_type", "why_not", "endpoint", "status", "api_version", "connector_version", "metrics"),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveFile:
    """One data file that the table's newest version names; which commits its rows are of, None: not told."""

    path: str
    size: int
    rows: int
    series: str
    year: int
    first_commit: int | None
    last_commit: int | None


def active_files(table: DeltaTable) -> list[ActiveFile]:
    """Return the files of the version that `table` shows."""
    found = pa.table(table.get_add_actions(flatten=True))
    names = ("path", "size_bytes", "num_records", "partition.series", "partition.year")
    commits = ("min.commit_no", "max.commit_no")
    columns = [found[name].to_pylist() for name in names]
    columns += [
        found[name].to_pylist() if name in found.column_names else [None] * len(found) for name in commits
    ]
    return [
        ActiveFile(
            path=path,
            size=size,
            rows=rows,
            series=series,
            year=int(year),
            first_commit=first,
            last_commit=last,
        )
        for path, size, rows, series, year, first, last in zip(*columns, strict=True)
    ]


def write_files(
    files: Files,
    root: PurePath,
    partition: tuple[str, int],
    rows: Iterable[pa.Table],
    at: datetime,
    *,
    level: int = LASTING,
) -> Iterator[AddAction]:
    """Write rows durably, in as many files as their size asks for; yield each file's add action.

    A file's name is on the disk when its action is yielded; the log does not know it yet.
    """
    series, year = partition
    folder = f"series={_checked(series)}/year={_checked(str(year))}"
    kind = row_kind(series)
    groups = _groups(rows)
    group, group_bytes = next(groups, _NO_GROUP)
    while group is not None:
        name = f"{folder}/part-{uuid.uuid4()}.parquet"
        bounds = _Bounds()
        with files.writing(root / name) as sink:
            with _writer(sink, kind, len(group), level) as writer:
                raw = 0
                while group is not None:
                    writer.write_table(group, row_group_size=ROW_GROUP_ROWS)
                    bounds.add(group)
                    raw += group_bytes
                    group, group_bytes = next(groups, _NO_GROUP)
                    ratio = min(1.0, 1.5 * sink.tell() / max(raw, 1))
                    if group is not None and sink.tell() + ratio * group_bytes > MAX_FILE_BYTES:
                        break
            size = sink.tell()
        files.sync((root / name).parent)
        yield AddAction(
            name,
            size,
            {"series": series, "year": str(year)},
            _millis(at),
            True,  # noqa: FBT003  # data_change, also when compacting: store.md, pitfall 1
            bounds.statistics(),
        )


def remove_action(file: ActiveFile, at: datetime) -> RemoveAction:
    """Return the action that takes a file out of the table.

    `data_change` stays True even for compaction: with False two writers can both commit, and every row
    is there twice.
    """
    values: dict[str, str | None] = {"series": file.series, "year": str(file.year)}
    return RemoveAction(file.path, True, _millis(at), file.size, values)  # noqa: FBT003  # data_change


def _checked(value: str) -> str:
    """Return a partition value; another alphabet commits well and leaves an unreadable table."""
    if _SLUG.fullmatch(value) is None:
        raise IntegrityError("A series or year is not written in a-z, 0-9 and _: nothing was filed.")
    return value


def _writer(sink: Any, kind: RowKind, rows: int, level: int) -> pq.ParquetWriter:
    schema = file_schema(kind)
    names = frozenset(schema.names)
    expected = {"ndv": max(_MIN_BLOOM_VALUES, min(ROW_GROUP_ROWS, rows)), "fpp": 0.01}
    return pq.ParquetWriter(
        sink,
        schema,
        compression="zstd",
        compression_level=level,
        use_dictionary=[name for name in _REPEATED if name in names],
        write_page_index=True,
        write_page_checksum=True,
        bloom_filter_options={name: expected for name in _BLOOMED if name in names},
    )


def _groups(rows: Iterable[pa.Table]) -> Iterator[tuple[pa.Table, int]]:
    """Yield tables of at most one row group each, and their bytes: small ones together, large ones cut."""
    waiting: list[pa.Table] = []
    count = size = 0
    for table in rows:
        for piece, piece_bytes in _pieces(table):
            if waiting and (count + len(piece) > ROW_GROUP_ROWS or size + piece_bytes > _GROUP_BYTES):
                yield pa.concat_tables(waiting), size
                waiting, count, size = [], 0, 0
            waiting.append(piece)
            count += len(piece)
            size += piece_bytes
    if waiting:
        yield pa.concat_tables(waiting), size


def _pieces(table: pa.Table) -> Iterator[tuple[pa.Table, int]]:
    size = table.nbytes  # of 29 columns: not asked for twice
    step = max(1, min(ROW_GROUP_ROWS, _GROUP_BYTES * len(table) // max(size, 1)))
    if 0 < len(table) <= step:
        yield table, size
        return
    for start in range(0, len(table), step):
        piece = table.slice(start, step)
        yield piece, piece.nbytes


class _Bounds:
    """The statistics of one file, gathered while it is written."""

    def __init__(self) -> None:
        self._rows = 0
        self._lowest: dict[str, Any] = {}
        self._highest: dict[str, Any] = {}

    def add(self, group: pa.Table) -> None:
        self._rows += len(group)
        names = frozenset(group.schema.names)
        for name in STATISTICS:
            if name not in names:
                continue
            both = pc.min_max(group[name]).as_py()
            self._lowest[name] = min(both["min"], self._lowest.get(name, both["min"]))
            self._highest[name] = max(both["max"], self._highest.get(name, both["max"]))

    def statistics(self) -> str:
        return json.dumps(
            {
                "numRecords": self._rows,
                "minValues": {name: _plain(value) for name, value in self._lowest.items()},
                "maxValues": {name: _plain(value) for name, value in self._highest.items()},
                "nullCount": dict.fromkeys(self._lowest, 0),
            }
        )


def _plain(value: Any) -> Any:
    return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if isinstance(value, datetime) else value


def _millis(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
