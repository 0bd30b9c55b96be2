"""How fast the archive keeps, as ratios to bare pyarrow in the same run (store.md 8).

    python -m bench.store [--rows 1000000]

Each figure has its target, and a miss exits 1. Milliseconds are judged at the speed of the machine on which
the targets were set, where a bare pyarrow write of 500 rows with fsync took 6.5 ms: that write is measured
beside each keep, and a slower or busier machine is allowed as much more time as it takes longer for it.
"""

import argparse
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable

from bench.clock import RealTime
from bench.comments import COUNCIL, START, items, record_table
from muniment.adapters.delta.archive import DeltaArchive
from muniment.adapters.delta.held import HeldRows
from muniment.adapters.delta.layout import CAPTURED, write_files
from muniment.adapters.delta.scan import TableReader
from muniment.adapters.delta.table import CouncilTable
from muniment.adapters.files import LocalFiles
from muniment.adapters.local_media import LocalMediaStore
from muniment.adapters.sql.register import SqlRegister
from muniment.ports import Batch
from schemas.vocabulary import Series

__all__ = ["Figure", "main", "measure"]

_BACKFILL: Final = 20_000
_TIMES: Final = 9
_BARE_MILLISECONDS: Final = 6.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured figure and what it should not exceed (or, `at_least`, not fall below); None: told only."""

    name: str
    value: float
    target: float | None
    unit: str
    at_least: bool = False
    slowness: float = 1.0

    @property
    def is_met(self) -> bool:
        if self.target is None:
            return True
        return self.value >= self.target if self.at_least else self.value / self.slowness <= self.target


def _typical(values: Sequence[float]) -> float:
    """Return the lower quartile: other work on the machine only ever adds."""
    return sorted(values)[len(values) // 4]


def bare_append(table: pa.Table, folder: Path) -> None:
    """Write one Parquet file with pyarrow alone, and flush it and its folder."""
    path = folder / f"{time.monotonic_ns()}.parquet"
    pq.write_table(table, path, compression="zstd", compression_level=3)
    for one in (path, folder):
        descriptor = os.open(one, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


def measure(rows: int, folder: Path, *, progress: Callable[[str], None] = print) -> list[Figure]:
    """Fill an archive with `rows` records and measure."""
    figures = _append_ratio(folder)
    root = folder / "archive"
    root.mkdir()
    register = SqlRegister.open(f"sqlite:///{root / 'register.db'}")
    media = LocalMediaStore(root / "media", LocalFiles())
    archive = DeltaArchive(COUNCIL, root / COUNCIL, register=register, media=media, clock=RealTime())
    backfill, backfill_cpu, slowest = _fill(archive, rows, folder, progress)
    figures += [
        Figure(
            name="backfill keep, per record, against a bare pyarrow write",
            value=backfill,
            target=15,
            unit="x",
        ),
        Figure(name="the same, processor time", value=backfill_cpu, target=None, unit="x"),
        Figure(name="last backfill keep against the median", value=slowest, target=2.2, unit="x"),
    ]
    archive.compact()
    fresh = rows + 10_000_000
    figures += [
        _keeps(
            archive,
            folder,
            "keep of 2,000 new",
            150,
            [items(fresh + 2_000 * n, 2_000) for n in range(_TIMES)],
        ),
        _keeps(
            archive, folder, "keep of 500: 350 new, 100 known, 50 edited", 150, _mixed(rows, fresh + 10**6)
        ),
        _keeps(
            archive, folder, "keep of 500 known: no commit", 100, [items(500 * n, 500) for n in range(_TIMES)]
        ),
        _keeps(
            archive,
            folder,
            "keep of 500, all edited",
            150,
            [items(500 * n, 500, edit=2) for n in range(_TIMES)],
        ),
        _dedupe_and_append(archive, folder, rows),
        _lookup(archive, rows),
        _full_stream(archive),
    ]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    figures.append(Figure(name=f"peak memory at {rows:,} records", value=peak, target=1_126, unit="MB"))
    register.close()
    return figures


class _Spent(NamedTuple):
    """A moment or a stretch: by the clock, and of the processors; seconds."""

    clock: float
    processors: float

    @classmethod
    def now(cls) -> "_Spent":
        return cls(time.perf_counter(), time.process_time())

    def since(self, then: "_Spent") -> "_Spent":
        return _Spent(self.clock - then.clock, self.processors - then.processors)


def _median(times: Sequence[_Spent]) -> _Spent:
    return _Spent(*(statistics.median(column) for column in zip(*times, strict=True)))


def _append_ratio(folder: Path) -> list[Figure]:
    """Return what a durable commit of 500 record rows costs against pyarrow with fsync."""
    root = folder / "append"
    files = LocalFiles()
    home = CouncilTable(root / "table", files)
    bare_folder = folder / "bare"
    bare_folder.mkdir()
    tables = [record_table(items(500 * number, 500)) for number in range(3 * _TIMES)]
    home.create()
    os.sync()  # what other parts left to be written is no cost of ours
    times: list[_Spent] = []
    bare_times: list[_Spent] = []
    for number, table in enumerate(tables, start=1):
        start = _Spent.now()
        bare_append(table, bare_folder)
        between = _Spent.now()
        with files.lock(root / "lock"), home.opened() as opened:
            written = write_files(files, home.root, ("public", 2024), [table], START, level=CAPTURED)
            home.commit(
                opened, list(written), kind="capture", numbers={"commit": number}, facts={"rows": 500}
            )
        bare_times.append(between.since(start))
        times.append(_Spent.now().since(between))
    ours, bare = _median(times[3:]), _median(bare_times[3:])
    name = f"durable commit of 500 rows ({1000 * ours.clock:.1f} ms) against pyarrow and fsync"
    return [
        Figure(name=name, value=ours.clock / bare.clock, target=3.0, unit="x"),
        Figure(
            name="the same, processor time", value=ours.processors / bare.processors, target=None, unit="x"
        ),
    ]


def _fill(
    archive: DeltaArchive, rows: int, folder: Path, progress: Callable[[str], None]
) -> tuple[float, float, float]:
    """Return backfill keeps against bare writes, by clock and processors, and the last against the median."""
    times: list[_Spent] = []
    bare_times: list[_Spent] = []
    for start in range(0, rows, _BACKFILL):
        batch = items(start, min(_BACKFILL, rows - start))
        since = _Spent.now()
        archive.keep(batch)
        times.append(_Spent(*(1e6 * part / len(batch.filings) for part in _Spent.now().since(since))))
        if start % (10 * _BACKFILL) == 0:
            table = record_table(batch)
            since = _Spent.now()
            bare_append(table, folder / "bare")
            bare_times.append(_Spent(*(1e6 * part / len(table) for part in _Spent.now().since(since))))
            progress(f"{start:,} of {rows:,} records, {times[-1].clock:.0f} µs a record")
    ours, bare = _median(times), _median(bare_times)
    slowest = statistics.median(one.clock for one in times[-5:]) / ours.clock
    return ours.clock / bare.clock, ours.processors / bare.processors, slowest


def _dedupe_and_append(archive: DeltaArchive, folder: Path, rows: int) -> Figure:
    """Return what it takes to drop 150 known of 500 record rows and to commit the rest."""
    files = LocalFiles()
    home = CouncilTable(archive.table_root, files)
    table = record_table(items(30_000_000, 350))
    bare_table = record_table(items(0, 500))
    times = []
    bare = []
    for number in range(_TIMES):
        known = items((rows // 2 + 1_000 * number) % (rows - 1_000), 150).filings
        since = time.perf_counter()
        with archive.locked() as opened:
            held = HeldRows(TableReader(home.root, files, partial(DeltaTable, str(home.root))), unseen=0)
            wanted = [
                (Series.PUBLIC, one.filed_at.year, one.record.record_id, one.version_id) for one in known
            ]
            if len(held.versions(wanted)) != len(known):
                raise LookupError("known versions were not found")
            actions = list(write_files(files, home.root, ("public", 2024), [table], START, level=CAPTURED))
            home.commit(opened, actions, kind="bench", numbers={}, facts={"rows": len(table)})
        between = time.perf_counter()
        bare_append(bare_table, folder / "bare")
        times.append(1000 * (between - since))
        bare.append(1000 * (time.perf_counter() - between))
    slowness = max(1.0, _typical(bare) / _BARE_MILLISECONDS)
    name = "append of 500 record rows, 150 of them known"
    return Figure(name=name, value=_typical(times), target=100, unit="ms", slowness=slowness)


def _mixed(rows: int, fresh: int) -> list[Batch]:
    found = []
    for number in range(_TIMES):
        new = items(fresh + 1_000 * number, 350)
        known = items((rows // 2 + 1_000 * number) % (rows - 1_000), 100)
        edited = items((rows // 3 + 1_000 * number) % (rows - 1_000), 50, edit=1)
        found.append(
            replace(
                new,
                captures=(*new.captures, *known.captures, *edited.captures),
                filings=(*new.filings, *known.filings, *edited.filings),
                sightings=(*new.sightings, *known.sightings, *edited.sightings),
            )
        )
    return found


def _keeps(archive: DeltaArchive, folder: Path, name: str, target: float, batches: Sequence[Batch]) -> Figure:
    times = []
    bare = []
    table = record_table(items(0, 500))
    for batch in batches:
        since = time.perf_counter()
        archive.keep(batch)
        between = time.perf_counter()
        bare_append(table, folder / "bare")
        times.append(1000 * (between - since))
        bare.append(1000 * (time.perf_counter() - between))
    slowness = max(1.0, _typical(bare) / _BARE_MILLISECONDS)
    return Figure(name=name, value=_typical(times), target=target, unit="ms", slowness=slowness)


def _lookup(archive: DeltaArchive, rows: int) -> Figure:
    times = []
    for number in range(_TIMES):
        wanted = f"facebook:{100_000_000_000_000 + (rows // 7 * number) % rows}"
        since = time.perf_counter()
        found = sum(map(len, archive.scan(series=["public"], columns=["text"], record_ids=[wanted])))
        times.append(1000 * (time.perf_counter() - since))
        if not found:
            raise LookupError(wanted)
    return Figure(name="look-up of one record", value=statistics.median(times), target=50, unit="ms")


def _full_stream(archive: DeltaArchive) -> Figure:
    """Return how fast every record row is read, against pyarrow reading the same files alone."""
    since = time.perf_counter()
    count = sum(len(batch) for batch in archive.scan(series=["public"]))
    between = time.perf_counter()
    bare = 0
    for path in sorted(Path(archive.table_root).glob("series=public/*/*.parquet")):
        bare += sum(len(batch) for batch in pq.ParquetFile(path).iter_batches(batch_size=8_192))
    ratio = (time.perf_counter() - between) / (between - since)
    if count != bare:
        raise LookupError("the stream and the files differ")
    name = f"full stream of {count:,} records, against pyarrow alone"
    return Figure(name=name, value=ratio, target=1.0, unit="x", at_least=True)


def main(arguments: list[str] | None = None) -> int:
    """Measure, print the table, return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    chosen = parser.parse_args(arguments)
    with TemporaryDirectory(prefix="muniment-bench-") as folder:
        figures = measure(chosen.rows, Path(folder))
    for one in figures:
        target, verdict = "", ""
        if one.target is not None:
            target = f"{'>=' if one.at_least else '<='} {one.target:>6,.0f}"
            verdict = "ok" if one.is_met else "MISSED"
        pace = f"  (machine {one.slowness:.1f}x slower)" if one.slowness > 1 else ""
        print(f"{one.name:<68}{one.value:>9.2f} {one.unit:<4}{target:>9}  {verdict}{pace}".rstrip())
    return 0 if all(one.is_met for one in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
