"""Latency and size of searching: the embedded engine and Elasticsearch side by side, in one run.

Each class of query of the design is asked in turn of every engine, `--times` times, and the median is taken:
totals of records and versions are exact in each. Asked again, both engines know something from before: the
totals, what filters found, facets; the embedded one the page itself. So two figures more are told: the first
asking, once, and the median of as many questions of each class, no two alike, each asked once (`questions`).
In each the embedded engine must be no slower than Elasticsearch in any class. Indexing is held against the
bare tokeniser and a bare tantivy index of the same texts, and an export of every hit as records against half
a minute and 300 MB.
Exits 1 when a figure is missed.

`python -m bench.searching --records 1000000`
"""

import argparse
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bench.backfill import BareIndex
from bench.clock import RealTime
from bench.comments import COUNCIL, items
from bench.engines import EMBEDDED, NotUpError, engines
from bench.figures import Measured, table
from bench.parity_corpus import invented
from bench.questions import questions
from muniment.adapters.delta.archive import DeltaArchive
from muniment.adapters.elastic.index import ElasticIndex
from muniment.adapters.files import LocalFiles
from muniment.adapters.local_media import LocalMediaStore
from muniment.adapters.sql.register import SqlRegister
from muniment.adapters.tantivy.index import TantivyIndex
from muniment.ports import SearchIndex
from muniment.search.answer import Order
from muniment.search.parse import parse
from muniment.search.tree import Query
from muniment.services.hit_files import FileFormat
from muniment.services.indexing import rebuild
from muniment.services.writing_hits import spare_memory, write_hits

__all__ = ["main"]

_COUNCIL: Final = "bench_search"
_PORTION: Final = 20_000
_KEEP: Final = 20_000
_EXPORT_SECONDS, _EXPORT_MB, _EXPORT_HITS = 30.0, 300.0, 225_000
_INDEXING: Final = 0.6
_SIZE: Final = 50

_CLASSES: Final[Mapping[str, str]] = {
    "rare word": "heatmus",
    "common word, 50 newest": "council",
    "phrase of two words": '"of the"',
    "(a OR b) c NOT d": "(bins OR school) the -road",
    "prefix coll*": "coll*",
    "prefix c*n": "c*n*",
    "pattern *hole*": "*hole*",
    "pattern *ing": "*ing",
    "misspelt, 1 edit": "council~1",
    "misspelt, 2 edits": "council~2",
    "near": "council NEAR/5 tax",
    "fields and dates": "the platform:x state:live date:[2021-01-01 TO 2022-12-31]",
    "all without a word": "-council",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table, say whether all figures are met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=15)
    parser.add_argument("--servers", nargs="*", default=["8"], help="8, 9, or none")
    parser.add_argument("--export", type=int, default=_EXPORT_HITS, help="hits that are exported; 0: none")
    asked = parser.parse_args(arguments)
    found: list[Measured] = []
    with tempfile.TemporaryDirectory() as folder:
        try:
            with engines(Path(folder), tuple(asked.servers)) as opened:
                found += _indexing(opened, asked.records, Path(folder))
                found += _latency(opened, asked.times)
        except NotUpError as error:
            print(error, file=sys.stderr)
            return 2
        if asked.export:
            found += _export(Path(folder), asked.export)
    print(
        f"\n{asked.records:,} versions; medians of {asked.times}; Elasticsearch over HTTP on this machine\n"
    )
    print(table(found))
    return 0 if all(one.is_met for one in found) else 1


def _indexing(
    opened: Mapping[str, TantivyIndex | ElasticIndex], records: int, folder: Path
) -> Iterator[Measured]:
    """Build every engine's index, and a bare one beside the embedded, portion by portion."""
    bare, ours = BareIndex(folder / "bare"), 0.0
    spent = dict.fromkeys(opened, 0.0)
    commit = 0
    entries = invented(records)
    waiting = []
    for number, entry in enumerate(entries, start=1):
        waiting.append(entry)
        if len(waiting) < _PORTION and number < records:
            continue
        commit += 1
        since = time.process_time()
        bare.add([one.text for one in waiting])
        ours += time.process_time() - since
        for name, index in opened.items():
            portion = [one._replace(commit_no=commit, new_after=commit - 1) for one in waiting]
            wall, cpu = time.perf_counter(), time.process_time()
            if commit == 1:
                index.rebuild(_COUNCIL, commit, portion)
            else:
                index.apply(_COUNCIL, commit, portion, ())
            embedded = name == EMBEDDED
            spent[name] += time.process_time() - cpu if embedded else time.perf_counter() - wall
        waiting = []
    yield Measured(
        name="indexing: bare tokenise and index, against ours (processor time)",
        value=ours / spent[EMBEDDED],
        unit="x",
        target=_INDEXING,
        at_least=True,
    )
    for name, seconds in spent.items():
        what = "processor" if name == EMBEDDED else "wall clock"
        yield Measured(name=f"indexing, {name}, {what}", value=records / seconds, unit="/s")
    size = sum(path.stat().st_size for path in (folder / "index").rglob("*") if path.is_file())
    yield Measured(name="size of the embedded index", value=size / 1e6, unit="MB")
    for name, index in opened.items():
        if isinstance(index, ElasticIndex):
            yield Measured(name=f"size of {name}", value=index.size_bytes(_COUNCIL) / 1e6, unit="MB")


def _latency(opened: Mapping[str, SearchIndex], times: int) -> Iterator[Measured]:
    for name, typed in _CLASSES.items():
        query = parse(typed)
        asks: dict[str, Callable[[], object]] = {
            engine: lambda index=index, query=query: index.search(  # type: ignore[misc]
                _COUNCIL, query, order=Order.NEWEST, size=_SIZE
            )
            for engine, index in opened.items()
        }
        yield from _side_by_side(name, query, opened, asks, times)
    common = parse("council")
    facets: dict[str, Callable[[], object]] = {
        engine: lambda index=index: index.facets(_COUNCIL, common)  # type: ignore[misc]
        for engine, index in opened.items()
    }
    yield from _side_by_side("facets", common, opened, facets, times)
    every: dict[str, Callable[[], object]] = {
        engine: lambda index=index: sum(map(len, index.every_hit(_COUNCIL, common).batches))  # type: ignore[misc]
        for engine, index in opened.items()
    }
    yield from _side_by_side("every id", common, opened, every, max(times // 3, 3))
    yield from _asked_once(opened, times)


def _asked_once(opened: Mapping[str, SearchIndex], times: int) -> Iterator[Measured]:
    """Ask each engine different questions, in turn; but for one or two of a class, neither has heard them."""
    for name, asked in questions(times).items():
        spent: dict[str, list[float]] = {engine: [] for engine in opened}
        for query in map(parse, asked):
            for engine, index in opened.items():
                since = time.perf_counter()
                index.search(_COUNCIL, query, order=Order.NEWEST, size=_SIZE)
                spent[engine].append(1000 * (time.perf_counter() - since))
        medians = {engine: statistics.median(values) for engine, values in spent.items()}
        yield from _compared(f"{name}, {len(asked)} different ones", medians)


def _versions(index: SearchIndex, query: Query) -> int:
    return index.search(_COUNCIL, query, order=Order.NEWEST, size=1).versions


def _side_by_side(
    what: str,
    query: Query,
    opened: Mapping[str, SearchIndex],
    asks: Mapping[str, Callable[[], object]],
    times: int,
) -> Iterator[Measured]:
    """Ask the engines in turn, so that what slows the machine slows all of them."""
    spent: dict[str, list[float]] = {engine: [] for engine in asks}
    for _ in range(1 + times):
        for engine, ask in asks.items():
            since = time.perf_counter()
            ask()
            spent[engine].append(1000 * (time.perf_counter() - since))
    first = {engine: values[0] for engine, values in spent.items()}
    medians = {engine: statistics.median(values[1:]) for engine, values in spent.items()}
    name = f"{what} ({_versions(opened[EMBEDDED], query):,})"  # afterwards: that asks the query too
    yield from _compared(f"{name}, first asked", first)
    yield from _compared(name, medians)


def _compared(name: str, milliseconds: Mapping[str, float]) -> Iterator[Measured]:
    others = [value for engine, value in milliseconds.items() if engine != EMBEDDED]
    target = min(others) if others else None
    for engine, value in milliseconds.items():
        held_to = target if engine == EMBEDDED else None
        yield Measured(name=f"{name}, {engine}", value=value, unit="ms", target=held_to)


def _export(folder: Path, hits: int) -> Iterator[Measured]:
    """Export every hit as records from an archive on disk, in a process of its own."""
    root = folder / "exported"
    root.mkdir()
    register = SqlRegister.open(f"sqlite:///{root / 'register.db'}")
    archive = _archive(root, register)
    for start in range(0, hits, _KEEP):
        archive.keep(items(start, min(_KEEP, hits - start)))
    archive.compact()
    index = TantivyIndex(root / "index")
    rebuild(archive, index, COUNCIL)
    register.close()
    context = multiprocessing.get_context("spawn")
    for file_format in FileFormat:
        with context.Pool(1) as pool:
            seconds, megabytes, rows = pool.apply(_write, (root, file_format))
        name = f"export of {rows:,} hits as {file_format.value}"
        yield Measured(name=name, value=seconds, unit="s", target=_EXPORT_SECONDS)
        yield Measured(name=f"{name}: memory it took", value=megabytes, unit="MB", target=_EXPORT_MB)


def _write(root: Path, file_format: FileFormat) -> tuple[float, float, int]:
    register = SqlRegister.open(f"sqlite:///{root / 'register.db'}")
    archive, index = _archive(root, register), TantivyIndex(root / "index")
    index.search(COUNCIL, parse("-zzz"), order=Order.NEWEST, size=1)
    before = _megabytes("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak so far is forgotten: proc(5)
    spare_memory()  # as the command does
    since = time.perf_counter()
    path = root / f"hits.{file_format.value}"
    manifest = write_hits(
        archive, index, COUNCIL, "-zzz", path, file_format=file_format, now=datetime.now(UTC)
    )
    seconds = time.perf_counter() - since
    register.close()
    return seconds, _megabytes("VmHWM") - before, manifest.rows


def _megabytes(name: str) -> float:
    """Return a figure of this process's memory, as the kernel tells it."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:"))


def _archive(root: Path, register: SqlRegister) -> DeltaArchive:
    media = LocalMediaStore(root / "media", LocalFiles())
    return DeltaArchive(COUNCIL, root / COUNCIL, register=register, media=media, clock=RealTime())


if __name__ == "__main__":
    sys.exit(main())
