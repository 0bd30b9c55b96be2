"""The proof of disposal: erased in every store, at the speed and memory of a bare rewrite.

    python -m bench.disposal_proof [--records 1000000]

An archive of so many records, with a register, an index, media and seals, is disposed of three times by the
product's own services: 1 % scattered, 30 % clustered under 1,000 holds, one record. Each time everything is
looked at from outside: Parquet's ids by DuckDB and Polars, the bytes of log, seals, register and index,
media, the certificate; then a page with such records is captured again, and nothing may come back. Time is
held against pyarrow alone reading, filtering and writing the same files in the same run. Every step is a
process of its own, so that each one's memory is told apart. Exits 1 when a figure is missed.
"""

import argparse
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, TypeVar

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import DeltaTable

from bench.comments import COUNCIL, items
from bench.disposal_town import Town, id_of, number_of
from bench.figures import Measured, table
from muniment.domain.disposal_run import RunState
from muniment.services.verifying import verify

__all__ = ["main", "measure"]

_HOLDS: Final = 1_000
_MEMORY_MB: Final = 1_126
_ZSTD: Final = 3
_PAGE: Final = 100
_TELLING: Final = 200_000
"""Records from which on time is held to its target: below it flushes and seals are all there is."""
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """One disposal: what it destroyed, how long the archive's part and the whole took, how much memory."""

    run: str
    certified: bool
    records: int
    erased_seconds: float
    erased_cpu: float
    whole_seconds: float
    peak_mb: float


def measure(records: int, folder: Path, *, progress: Callable[[str], None] = print) -> list[Measured]:
    """Fill an archive, dispose three times, look at everything each time."""
    progress(f"filling {records:,} records")
    _apart(_fill, folder, records)
    third = range(records // 10, records // 10 + 3 * records // 10)
    held = sorted({third[place * len(third) // _HOLDS] for place in range(_HOLDS)})
    figures: list[Measured] = []
    for name, numbers, holds in (
        ("1 % scattered", list(range(7, records, 100)), []),
        (f"30 % clustered, {len(held):,} held", list(third), held),
        ("one record", [records - 1], []),
    ):
        progress(name)
        figures += _step(folder, records, name, numbers, holds)
    faults = _apart(_verified, folder)
    figures.append(_none(f"faults that verify finds, {records:,} records", faults))
    return figures


def _step(
    folder: Path, records: int, name: str, numbers: Sequence[int], holds: Sequence[int]
) -> list[Measured]:
    doomed = _apart(_doomed, folder, numbers, holds)
    bare_seconds, bare_cpu = _apart(_bare, folder, doomed)
    done = _apart(_dispose, folder, numbers, holds)
    faults = _apart(_look, folder, done.run, doomed, records)
    faults += [] if done.certified else ["no certificate"]
    held_to_time = records >= _TELLING
    return [
        _none(f"{name}: things left or wrong", faults),
        Measured(
            name=f"{name}: archive against read, filter, write (CPU)",
            value=bare_cpu / done.erased_cpu,
            unit="x",
            target=0.9 if held_to_time else None,
            at_least=True,
        ),
        Measured(
            name=f"{name}: archive against it (wall)", value=bare_seconds / done.erased_seconds, unit="x"
        ),
        Measured(name=f"{name}: peak memory", value=done.peak_mb, unit="MB", target=_MEMORY_MB),
        Measured(name=f"{name}: records destroyed", value=float(done.records), unit=""),
        Measured(name=f"{name}: the archive's own part", value=done.erased_seconds, unit="s"),
        Measured(name=f"{name}: decision to certificate", value=done.whole_seconds, unit="s"),
    ]


def _none(name: str, faults: Sequence[str]) -> Measured:
    for fault in faults:
        print(f"  {name}: {fault}", file=sys.stderr)
    return Measured(name=name, value=float(len(faults)), unit="", target=0)


def _apart(work: Callable[..., _T], *told: object) -> _T:
    """Do something in a process of its own."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=context) as pool:
        return pool.submit(work, *told).result()


def _fill(folder: Path, records: int) -> None:
    Town(root=folder).fill(records, lambda line: print(line, file=sys.stderr))


def _doomed(folder: Path, numbers: Sequence[int], holds: Sequence[int]) -> list[str]:
    """Return what is to go: what is asked and still held, less what holds cover."""
    held = _ids_by_duckdb(folder)
    return sorted({id_of(number) for number in numbers} & held - {id_of(number) for number in holds})


def _bare(folder: Path, doomed: Sequence[str]) -> tuple[float, float]:
    """Return the wall and CPU time in which pyarrow alone rewrites the files that hold such rows."""
    ids = pa.array(doomed, pa.string())
    since, cpu = time.perf_counter(), time.process_time()
    for path in (one for one in _files(folder) if "series=capture" not in one):
        rows = pq.read_table(path, partitioning=None)
        kept = rows.filter(pc.invert(pc.is_in(rows["record_id"], ids)))
        if len(kept) < len(rows):
            target = folder / "bare.parquet"
            pq.write_table(kept, target, compression="zstd", compression_level=_ZSTD, row_group_size=20_000)
            target.unlink()
    return time.perf_counter() - since, time.process_time() - cpu


def _dispose(folder: Path, numbers: Sequence[int], holds: Sequence[int]) -> _Done:
    """List, approve, hold, execute: the archive's part is timed from the decision on."""
    town = Town(root=folder)
    run = town.office.approved([id_of(number) for number in numbers])
    if run is None:
        raise LookupError("nothing to dispose of")
    town.place_holds(holds)
    since = time.perf_counter()
    ids = town.office.destroying.intend(run)
    began, cpu = time.perf_counter(), time.process_time()
    town.archive.erase(run, ids)
    erased_seconds, erased_cpu = time.perf_counter() - began, time.process_time() - cpu
    done = town.office.destroying.execute(run)
    return _Done(
        run=run,
        certified=done.state is RunState.CERTIFIED,
        records=done.records,
        erased_seconds=erased_seconds,
        erased_cpu=erased_cpu,
        whole_seconds=time.perf_counter() - since,
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )


def _look(folder: Path, run: str, doomed: Sequence[str], records: int) -> list[str]:
    """Look at every store from outside, capture a page again, and return what is wrong."""
    faults: list[str] = []
    town = Town(root=folder)
    gone = set(doomed)
    left = town.archive.remains(pa.array(doomed, pa.string()))
    if left.rows or left.stray_files or left.unnamed_media:
        faults.append(f"the archive: {left}")
    if town.register.mentions(COUNCIL, doomed):
        faults.append("the register names them")
    if town.register.disposed(COUNCIL, doomed) != gone:
        faults.append("stubs are missing")
    told = town.office.destroying.certifying.read(run)
    if told["records"] != len(gone) or not all(one["proved"] for one in told["proofs"]):
        faults.append("the certificate tells something else")
    faults += _bytes_left(folder, doomed)
    first = min(number_of(doomed[0]), records - _PAGE)
    before = _ids_by_duckdb(folder)
    again = items(first, _PAGE)
    kept = town.archive.keep(again)
    if kept.disposed < gone & {one.record.record_id for one in again.filings} or kept.new:
        faults.append("a second reading was not refused")
    after = _ids_by_duckdb(folder)
    if after != before or after & gone:
        faults.append(f"DuckDB: {len(after & gone)} held still, {len(after ^ before)} came or went")
    lazy = pl.scan_delta(str(_table(folder))).select(pl.col("record_id").drop_nulls().unique())
    if set(lazy.collect()["record_id"].to_list()) != after:
        faults.append("Polars reads something else than DuckDB")
    return faults


def _verified(folder: Path) -> list[str]:
    town = Town(root=folder)
    verdict = verify(
        COUNCIL,
        archive=town.archive,
        seals=town.seals,
        media=town.media,
        presence=town.register,
        audit=town.register,
    )
    return [f"{one.what} {one.why}" for one in verdict.faults]


def _bytes_left(folder: Path, doomed: Sequence[str]) -> list[str]:
    """Look for a sample of the ids in the bytes of all that is not compressed."""
    sample = [one.encode() for one in doomed[:: max(1, len(doomed) // 50)]]
    folders = (_table(folder) / "_delta_log", folder / "index", folder / COUNCIL / "seals")
    files = [path for one in folders for path in one.rglob("*") if path.is_file()]
    found = []
    for path in [*files, *sorted(folder.glob("register.db*"))]:
        content = path.read_bytes()
        if any(one in content for one in sample):
            found.append(f"bytes of an id in {path.name}")
    return found


def _ids_by_duckdb(folder: Path) -> set[str]:
    asked = "select distinct record_id from read_parquet(?, union_by_name=true) where record_id is not null"
    return {one for (one,) in duckdb.execute(asked, [_files(folder)]).fetchall()}


def _files(folder: Path) -> list[str]:
    return DeltaTable(str(_table(folder))).file_uris()


def _table(folder: Path) -> Path:
    return folder / COUNCIL / "table"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table, return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000)
    chosen = parser.parse_args(arguments)
    with TemporaryDirectory(prefix="muniment-disposal-") as folder:
        found = measure(chosen.records, Path(folder), progress=lambda line: print(line, file=sys.stderr))
    print(table(found))
    return 0 if all(one.is_met for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
