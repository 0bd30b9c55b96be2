"""Erasing records: every file that holds a row of them is written anew without them; the old file goes.

Which files are touched is found in their id columns alone. A file is rewritten one row group at a time, so
memory does not grow with it, and counted: the rows that were in it, less the doomed ones, must be those that
come out. A file that loses every row is only removed. What is committed says how many, never which.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import DeltaTable
from deltalake.transaction import AddAction, RemoveAction

from muniment.adapters.delta.compaction import in_schema
from muniment.adapters.delta.layout import ActiveFile, active_files, remove_action, write_files
from muniment.adapters.storage import Files
from muniment.ports import Erasure
from schemas.arrow import RowKind, file_schema, row_kind
from schemas.errors import IntegrityError

__all__ = ["Doomed", "doomed_rows", "erasure_facts", "erasure_from", "remaining", "rewritten", "spared_media"]

_ID: Final = "record_id"
_ROWS: Final = "rows_"
_SIDE_BY_SIDE: Final = 2
_SMALL_BYTES: Final = 4 << 20
"""Files up to this size are rewritten two at once: compressing leaves Python's lock, and each waits for its
flush. A larger one takes up to 200 MB of memory while it is rewritten, so they go one after another.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doomed:
    """One file with doomed rows. `keep` says for each row group which rows stay; None: all of them."""

    file: ActiveFile
    count: int
    records: pa.Array  # distinct ids of the doomed rows
    keep: Sequence[pa.ChunkedArray | None]


def doomed_rows(files: Files, root: PurePath, table: DeltaTable, record_ids: pa.Array) -> list[Doomed]:
    """Return the files that hold rows of these records.

    Raises:
        IntegrityError: A file holds other rows than the log says.
    """
    found: list[Doomed] = []
    for file in active_files(table):
        if row_kind(file.series) is RowKind.CAPTURE or not len(record_ids):
            continue
        with files.open(root / file.path) as source, pq.ParquetFile(source) as parquet:
            sizes = [parquet.metadata.row_group(n).num_rows for n in range(parquet.num_row_groups)]
            ids = parquet.read(columns=[_ID])[_ID]
        if len(ids) != file.rows:
            raise _miscounted(file)
        mask = pc.is_in(ids, record_ids)
        count = pc.sum(mask).as_py() or 0
        if count:
            keep = pc.invert(mask)
            records = pc.unique(ids.filter(mask))
            found.append(Doomed(file=file, count=count, records=records, keep=tuple(_by_group(keep, sizes))))
    return found


def _by_group(keep: pa.ChunkedArray, sizes: Sequence[int]) -> Iterator[pa.ChunkedArray | None]:
    start = 0
    for size in sizes:
        piece = keep.slice(start, size)
        yield None if pc.all(piece).as_py() else piece
        start += size


def rewritten(
    files: Files, root: PurePath, plan: Sequence[Doomed], at: datetime
) -> list[AddAction | RemoveAction]:
    """Write each touched file without its doomed rows; return what is to be committed.

    Raises:
        IntegrityError: A new file does not hold the rows that were to stay; nothing is committed.
    """

    def rewrite(doomed: Doomed) -> list[AddAction]:
        file = doomed.file
        if doomed.count == file.rows:
            return []
        partition = (file.series, file.year)
        added = list(write_files(files, root, partition, _kept(files, root, doomed), at))
        held = 0
        for action in added:
            with files.open(root / action.path) as source, pq.ParquetFile(source) as parquet:
                held += parquet.metadata.num_rows
        if held != file.rows - doomed.count:
            raise _miscounted(file)
        return added

    small = [doomed for doomed in plan if doomed.file.size <= _SMALL_BYTES]
    with ThreadPoolExecutor(max_workers=_SIDE_BY_SIDE) as pool:
        added = [action for actions in pool.map(rewrite, small) for action in actions]
    added += [action for doomed in plan if doomed.file.size > _SMALL_BYTES for action in rewrite(doomed)]
    return [*added, *(remove_action(doomed.file, at) for doomed in plan)]


def _kept(files: Files, root: PurePath, doomed: Doomed) -> Iterator[pa.Table]:
    """Yield the rows that stay, one row group at a time; one that loses every row is not even read."""
    schema = file_schema(row_kind(doomed.file.series))
    with files.open(root / doomed.file.path) as source, pq.ParquetFile(source) as parquet:
        for number, keep in enumerate(doomed.keep):
            if keep is None:
                yield in_schema(parquet.read_row_group(number), schema)
            elif pc.any(keep).as_py():
                yield in_schema(parquet.read_row_group(number).filter(keep), schema)


def spared_media(
    attachments: Callable[[], Iterator[pa.RecordBatch]], record_ids: pa.Array
) -> tuple[frozenset[bytes], frozenset[bytes]]:
    """Return the media objects that only doomed rows name, and those that another record names too.

    Args:
        attachments: Streams `record_id` and `sha256` of every attachment row.
        record_ids: The records to be erased.
    """
    mine: set[bytes] = set()
    others: set[bytes] = set()
    for batch in attachments():
        doomed = pc.is_in(batch[_ID], record_ids)
        mine.update(batch["sha256"].filter(doomed).drop_null().to_pylist())
    if mine:
        wanted = pa.array(sorted(mine), pa.binary())
        for batch in attachments():
            shared = pc.and_(pc.invert(pc.is_in(batch[_ID], record_ids)), pc.is_in(batch["sha256"], wanted))
            others.update(batch["sha256"].filter(shared).to_pylist())
    return frozenset(mine - others), frozenset(others)


def remaining(files: Files, root: PurePath, table: DeltaTable, record_ids: pa.Array) -> int:
    """Return how many rows of these records the active files hold still: none, once they are erased."""
    return sum(doomed.count for doomed in doomed_rows(files, root, table, record_ids))


def erasure_facts(plan: Sequence[Doomed], *, media: int, shared: int) -> dict[str, int]:
    """Return what the log says of an erasure: counts."""
    rows: Counter[str] = Counter()
    for doomed in plan:
        rows[_ROWS + doomed.file.series] += doomed.count
    records = pc.unique(pa.chunked_array([doomed.records for doomed in plan], pa.string()))
    emptied = sum(doomed.count == doomed.file.rows for doomed in plan)
    return {
        "records": len(records),
        "media": media,
        "media_shared": shared,
        "files_rewritten": len(plan) - emptied,
        "files_emptied": emptied,
        **rows,
    }


def erasure_from(run: str, commit_no: int, facts: Mapping[str, int]) -> Erasure:
    """Return an erasure as its commit tells it: also to who finishes it after a crash."""
    rows = {name.removeprefix(_ROWS): count for name, count in facts.items() if name.startswith(_ROWS)}
    return Erasure(
        run=run,
        commit_no=commit_no,
        records=facts.get("records", 0),
        rows=dict(sorted(rows.items())),
        media=facts.get("media", 0),
        media_shared=facts.get("media_shared", 0),
        files_rewritten=facts.get("files_rewritten", 0),
        files_emptied=facts.get("files_emptied", 0),
    )


def _miscounted(file: ActiveFile) -> IntegrityError:
    return IntegrityError(
        f"A file of {file.series}, {file.year} holds other rows than it should: nothing was erased.",
        remedy="Run `muniment verify`: it names the file.",
    )
