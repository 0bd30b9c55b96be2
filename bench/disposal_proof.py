"""The proof of disposal: erased in every store, at the speed and memory of a bare rewrite.

    python -m bench.disposal_proof [--records 1000000] [--store local|s3] [--index embedded 8 9 cluster]

An archive of so many records, with a register, indexes, media and seals, is disposed of three times by the
product's own services: 1 % scattered, 30 % clustered under 1,000 holds, one record. Each time everything is
looked at from outside: every byte on the disks, of an S3 server's too, Parquet decoded; every version and
mark in the bucket; the vocabulary of every copy of an index; the register, media, the certificate; what
DuckDB and Polars read. Every look is tried before: it must find what is there. Then a page with such records
is captured again, and nothing may come back. Time is held against pyarrow alone reading, filtering and
writing the same files in the same run. Every step is a process of its own, so that each one's memory is told
apart. Exits 1 when a figure is missed.

With --folder the archive stays there, and --only takes some of the steps at a time: fill, scattered,
clustered, one, verify. --corpus copies an archive that was filled so, instead of filling one. Servers are
started by `python -m infra.rig up s3` and `python -m infra.elasticsearch up 8 9 cluster`.
"""

import argparse
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bench.disposal_corpus import copy_corpus
from bench.disposal_look import look_after, look_before, verified
from bench.disposal_site import LOCAL, S3, Site, bucket_of
from bench.disposal_town import Erased, Town, id_of
from bench.engines import EMBEDDED, NotUpError
from bench.figures import Measured, table
from infra.elasticsearch.servers import SERVERS
from muniment.adapters.delta.layout import active_files
from muniment.domain.disposal_run import RunState

__all__ = ["main", "measure"]

_HOLDS: Final = 1_000
_MEMORY_MB: Final = 1_126
_ZSTD: Final = 3
_TELLING: Final = 200_000
"""Records from which on time is held to its target: below it flushes and seals are all there is."""
_STEPS: Final = ("fill", "scattered", "clustered", "one", "verify")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """One disposal: what it destroyed, how long the whole took, from the decision on, and how much memory."""

    run: str
    pending: Mapping[str, str]
    certified: bool
    records: int
    erased: Erased
    whole_seconds: float
    peak_mb: float


def measure(
    records: int,
    site: Site,
    steps: Sequence[str] = _STEPS,
    *,
    corpus: Path | None = None,
    progress: Callable[[str], None],
) -> list[Measured]:
    """Fill an archive, dispose three times, look at everything each time; or some of these steps."""
    figures: list[Measured] = []
    third = range(records // 10, records // 10 + 3 * records // 10)
    held = sorted({third[place * len(third) // _HOLDS] for place in range(_HOLDS)})
    for step in steps:
        progress(step)
        match step:
            case "fill":
                _apart(_fill, site, records, corpus)
            case "scattered":
                figures += _step(site, records, "1 % scattered", list(range(7, records, 100)), [])
            case "clustered":
                figures += _step(site, records, f"30 % clustered, {len(held):,} held", list(third), held)
            case "one":
                figures += _step(site, records, "one record", [records - 1], [])
            case _:
                faults = _apart(verified, site)
                figures.append(_none(f"faults that verify finds, {records:,} records", faults))
    return figures


def _step(
    site: Site, records: int, name: str, numbers: Sequence[int], holds: Sequence[int]
) -> list[Measured]:
    before = _apart(look_before, site, numbers, holds)
    doomed = before.doomed
    bare_seconds, bare_cpu = _apart(_bare, site, doomed)
    run, approving_mb = _apart(_approve, site, numbers, holds)
    done = _apart(_dispose, site, run)
    faults = _apart(look_after, site, done.run, doomed, records)
    faults += [f"{store}: {why}" for store, why in done.pending.items()]
    faults += [] if done.certified else ["no certificate"]
    held_to_time = records >= _TELLING
    return [
        _none(f"{name}: looks that do not see what is there", before.blind),
        _none(f"{name}: things left or wrong", faults),
        Measured(
            name=f"{name}: archive against read, filter, write (CPU)",
            value=bare_cpu / done.erased.cpu_seconds,
            unit="x",
            target=0.9 if held_to_time else None,
            at_least=True,
        ),
        Measured(
            name=f"{name}: archive against it (wall)", value=bare_seconds / done.erased.seconds, unit="x"
        ),
        Measured(name=f"{name}: peak memory", value=done.peak_mb, unit="MB", target=_MEMORY_MB),
        Measured(name=f"{name}: peak memory of list and approval", value=approving_mb, unit="MB"),
        Measured(name=f"{name}: records destroyed", value=float(done.records), unit=""),
        Measured(
            name=f"{name}: intent, with the lock and the register held",
            value=done.erased.decided_seconds,
            unit="s",
        ),
        Measured(name=f"{name}: the archive's own part", value=done.erased.seconds, unit="s"),
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


def _fill(site: Site, records: int, corpus: Path | None) -> None:
    if corpus is not None:
        copy_corpus(corpus, site)
        _tell("copied")
    town = Town(site=site)
    if corpus is None:
        town.fill(records, _tell)
    town.index(_tell)


def _tell(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)


def _bare(site: Site, doomed: Sequence[str]) -> tuple[float, float]:
    """Return the wall and CPU time in which pyarrow alone rewrites the files that hold such rows."""
    ids = pa.array(doomed, pa.string())
    town = Town(site=site)
    with town.archive.locked() as held:
        paths = [town.archive.table_root / one.path for one in active_files(held) if one.series != "capture"]
    target = site.place / "bare.parquet"
    since, cpu = time.perf_counter(), time.process_time()
    for path in paths:
        with town.files.open(path) as source:
            rows = pq.read_table(source)
        kept = rows.filter(pc.invert(pc.is_in(rows["record_id"], ids)))
        if len(kept) < len(rows):
            with town.files.writing(target) as sink:
                pq.write_table(kept, sink, compression="zstd", compression_level=_ZSTD, row_group_size=20_000)
            town.files.remove(target)
    return time.perf_counter() - since, time.process_time() - cpu


def _approve(site: Site, numbers: Sequence[int], holds: Sequence[int]) -> tuple[str, float]:
    """List, review, approve, hold; return the run, and the memory that it took."""
    town = Town(site=site)
    run = town.office.approved([id_of(number) for number in numbers])
    if run is None:
        raise LookupError("nothing to dispose of")
    town.place_holds(holds)
    return run, _peak_mb()


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _dispose(site: Site, run: str) -> _Done:
    """Execute what was approved."""
    town = Town(site=site)
    # One index is purged of what it still holds; the others have followed the archive, as they may have.
    town.archive.then = lambda: town.bring_up(list(town.indexes)[1:])
    since = time.perf_counter()
    done = town.office.destroying.execute(run)
    erased = town.archive.erased
    if erased is None:
        raise LookupError("nothing was erased")
    return _Done(
        run=run,
        pending=done.pending,
        certified=done.state is RunState.CERTIFIED,
        records=done.records,
        erased=erased,
        whole_seconds=time.perf_counter() - since,
        peak_mb=_peak_mb(),
    )


@contextmanager
def _folder(chosen: Path | None) -> Iterator[Path]:
    if chosen is None:
        with TemporaryDirectory(prefix="muniment-disposal-") as made:
            yield Path(made)
    else:
        chosen.mkdir(parents=True, exist_ok=True)
        yield chosen


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table, return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--store", choices=(LOCAL, S3), default=LOCAL)
    engines = (EMBEDDED, *(name for name, server in SERVERS.items() if not server.secure))
    parser.add_argument("--index", choices=engines, nargs="+", default=[EMBEDDED])
    parser.add_argument("--folder", type=Path, help="where the archive lies and stays")
    parser.add_argument("--corpus", type=Path, help="the folder of an archive that was filled, and no more")
    parser.add_argument("--only", choices=_STEPS, nargs="+", default=_STEPS)
    chosen = parser.parse_args(arguments)
    with _folder(chosen.folder) as folder:
        try:
            server = bucket_of(folder) if chosen.store == S3 else None
        except NotUpError as error:
            print(error, file=sys.stderr)
            return 2
        site = Site(root=folder, engines=chosen.index, server=server)
        found = measure(chosen.records, site, chosen.only, corpus=chosen.corpus, progress=_tell)
    print(f"archive on {chosen.store}, index {', '.join(chosen.index)}, {chosen.records:,} records")
    print(table(found))
    return 0 if all(one.is_met for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
