"""Bulk backfill end to end, as a ratio to bare pyarrow and bare tokenise-and-index in the same run.

    python -m bench.backfill [--records 100000] [--stages | --memory]

Ours: pages of Graph's JSON -> FacebookConnector cuts and reads -> keeps of 20,000 records with evidence
and presence, and their notes in the register -> the search index, brought up beside it by a process of its
own as in every run (ADR 0011). All that a backfill does but the network; a turn ends when its last record can
be searched. Bare: the same record rows, ready in Arrow, by `pyarrow.parquet.write_table` with fsync; the same
texts through a tokeniser into a tantivy index that holds nothing else. They take turns of five commits. The
ratio is bare time over our time: 1 would mean that cutting, reading, evidence, presence and the register cost
nothing.

The bare tokeniser is the one that the target was set with (`plain_tokens`), its memory empty at first as ours
is. The product remembers whole pieces of text; had the bare side that too, what makes ours faster would count
against it. How ours stands to a bare side with the product's own tokeniser, which has met every word before,
is told beside it and held to nothing.

`--memory` is one walk without bare sides, its pages made as they are asked for: the peak of both processes.
"""

import argparse
import compileall
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pyarrow as pa
import tantivy

import connectors
import muniment
import schemas
from bench.clock import RealTime
from bench.comments import COUNCIL
from bench.corpus import PAGE_ID, PAGE_ITEMS, Page, pages
from bench.dlt_delta import load_with_dlt
from bench.figures import Measured, table
from bench.plain_tokens import PlainTokens
from bench.replayed import Replayed, response
from bench.stages import stages
from bench.store import bare_append
from muniment.adapters.delta.archive import DeltaArchive
from muniment.adapters.files import LocalFiles
from muniment.adapters.local_media import LocalMediaStore
from muniment.adapters.schedule_yaml import read_schedule
from muniment.adapters.sql.register import SqlRegister
from muniment.bootstrap.council import index_process
from muniment.bootstrap.stores import search_index
from muniment.search.tokens import streams
from muniment.services.capturing import Capture
from muniment.services.indexing import catch_up
from muniment.services.retaining import Retaining
from muniment.settings import from_environment
from schemas.account import Account
from schemas.capture import Walk, Window
from schemas.vocabulary import Stream

__all__ = ["main", "measure"]

_PORTION: Final = 20_000
_COMMITS_A_TURN: Final = 5
_HEAP_BYTES: Final = 128_000_000
_MOST_MEGABYTES: Final = 1_126  # 1.1 GB
_START: Final = datetime(2018, 1, 1, tzinfo=UTC)
_ACCOUNT: Final = Account(
    account="main", council=COUNCIL, platform="facebook", handle="caerwold", native_id=PAGE_ID
)


@dataclass(slots=True)
class _Spent:
    """Seconds by the clock and of the processors."""

    wall: float = 0.0
    cpu: float = 0.0

    def time(self, work: Callable[[], object]) -> None:
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        self.wall += time.perf_counter() - wall
        self.cpu += time.process_time() - cpu


@dataclass(slots=True)
class _Times:
    capture: _Spent = field(default_factory=_Spent)
    index: _Spent = field(default_factory=_Spent)
    bare_write: _Spent = field(default_factory=_Spent)
    bare_index: _Spent = field(default_factory=_Spent)
    strict_index: _Spent = field(default_factory=_Spent)
    beside: float = 0.0


class BareIndex:
    """A tantivy index of two token streams and a number, as anybody would write it."""

    def __init__(self, folder: Path, tokenise: Callable[[str], tuple[str, str]] = streams) -> None:
        self._tokenise = tokenise
        builder = tantivy.SchemaBuilder()
        builder.add_integer_field("id", fast=True, stored=True)
        for name in ("x", "s"):
            builder.add_text_field(name, tokenizer_name="whitespace", index_option="position")
        folder.mkdir()
        self._index: Any = tantivy.Index(builder.build(), path=str(folder))

    def add(self, texts: Sequence[str]) -> None:
        writer = self._index.writer(_HEAP_BYTES, 1)
        for number, text in enumerate(texts):
            document = tantivy.Document()
            document.add_integer("id", number)
            exact, stem = self._tokenise(text)
            document.add_text("x", exact)
            document.add_text("s", stem)
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()


def measure(records: int, folder: Path, *, progress: Callable[[str], None] = print) -> list[Measured]:
    """Backfill so many records in portions, bare writes between them."""
    (folder / "bare").mkdir()
    ours = _Ours(folder / "ours")
    archive, index, beside = ours.archive, ours.index, ours.beside
    plain = PlainTokens().streams
    bare_index = BareIndex(folder / "bare" / "index", plain)
    strict_index = BareIndex(folder / "bare" / "strict")
    times = _Times()
    answers = list(pages(records))
    pages_each = _COMMITS_A_TURN * _PORTION // PAGE_ITEMS
    for start in range(0, len(answers), pages_each):
        turn = answers[start : start + pages_each]
        connector = Replayed(turn)
        walk = ours.walk()
        if start == 0:
            _meet_every_word(connector, walk, answers)
        before = archive.commit_no()
        helped = _seconds_of(beside.pid)
        times.capture.time(lambda: ours.capture.run(connector, walk))  # noqa: B023  # called at once
        times.index.time(ours.indexed)
        times.beside += _seconds_of(beside.pid) - helped
        if index.watermark(COUNCIL) != archive.commit_no():
            raise LookupError("the index is behind the archive")
        kept = 0
        for commit_no in range(before + 1, archive.commit_no() + 1):
            rows = pa.Table.from_batches(
                list(archive.scan(series=["public"], after=commit_no - 1, upto=commit_no))
            )
            kept += len(rows)
            texts = rows.column("text").to_pylist()
            times.bare_write.time(lambda: bare_append(rows, folder / "bare"))  # noqa: B023
            times.bare_index.time(lambda: bare_index.add(texts))  # noqa: B023
            times.strict_index.time(lambda: strict_index.add(texts))  # noqa: B023
            if any(plain(text) != streams(text) for text in texts):
                raise LookupError("the bare tokeniser makes other streams")
        if kept != len(turn) * PAGE_ITEMS:
            raise LookupError(f"{kept} rows in commits {before + 1} to {archive.commit_no()}")
        progress(f"{(start + len(turn)) * PAGE_ITEMS:,} of {len(answers) * PAGE_ITEMS:,} records")
    ours.close()
    count = len(answers) * PAGE_ITEMS
    dlt = _Spent()
    dlt.time(lambda: load_with_dlt(answers, folder / "dlt"))
    return _figures(times, dlt, count)


def peaks(records: int, folder: Path) -> list[Measured]:
    """Backfill so many records in one walk; return the most memory that each process took."""
    ours = _Ours(folder / "ours")
    ours.capture.run(Replayed(pages(records)), ours.walk())
    ours.indexed()
    found = [
        Measured(
            name=f"backfill of {records:,} records: peak memory of {name}",
            value=_peak_megabytes(process),
            unit="MB",
            target=_MOST_MEGABYTES,
        )
        for name, process in (("capture", os.getpid()), ("the index beside it", ours.beside.pid))
        if process is not None
    ]
    ours.close()
    return found


class _Ours:
    """An archive with its register and index, and the process beside capture, as a run has them."""

    def __init__(self, root: Path) -> None:
        for package in (muniment, schemas, connectors):
            compileall.compile_dir(package.__path__[0], quiet=1)  # as pip does when it installs them
        settings = from_environment({"MUNIMENT_HOME": str(root)})
        root.mkdir()
        self.register = SqlRegister.open(settings.database_url)
        self._clock = RealTime()
        folder = settings.council_folder(COUNCIL)
        media = LocalMediaStore(folder, LocalFiles())
        self.register.enrol(COUNCIL, [_ACCOUNT], source_digest=b"", now=self._clock.now())
        self.archive = DeltaArchive(COUNCIL, folder, register=self.register, media=media, clock=self._clock)
        self.index = search_index(settings)
        retaining = Retaining(
            council=COUNCIL,
            title=COUNCIL,
            archive=self.archive,
            register=self.register,
            clock=self._clock,
            read=read_schedule,
            accounts=[_ACCOUNT],
        )
        self.beside = index_process(settings, self.register, retaining)
        self.capture = Capture(
            archive=self.archive,
            register=self.register,
            media=media,
            clock=self._clock,
            quarantine=lambda _name, _body: None,
            beside=self.beside,
        )

    def walk(self) -> Walk:
        now = self._clock.now()
        return self.register.open_walk(_ACCOUNT, Stream.COMMENTS, Window(start=_START, end=now), now=now)

    def indexed(self) -> None:
        """Do what ends a run: wait for the process, and index what it left."""
        self.beside.settle()
        catch_up(self.archive, self.index, COUNCIL)

    def close(self) -> None:
        self.beside.close()
        self.register.close()


def _seconds_of(process: int | None) -> float:
    """Return the processor time that another process has taken so far (Linux)."""
    if process is None:
        return 0.0
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak_megabytes(process: int) -> float:
    """Return the most memory that a process has held (Linux)."""
    told = Path(f"/proc/{process}/status").read_text()
    return int(told.partition("VmHWM:")[2].split()[0]) / 1024


def _meet_every_word(connector: Replayed, walk: Walk, answers: Sequence[Page]) -> None:
    for page in answers:
        for exhibit in connector.exhibits(response(walk, page, marker=None)):
            record = connector.read(exhibit).record
            if record is not None:
                streams(record.text)


def _figures(times: _Times, dlt: _Spent, count: int) -> list[Measured]:
    ours = times.capture.wall + times.index.wall
    ours_cpu = times.capture.cpu + times.index.cpu + times.beside
    bare = times.bare_write.wall + times.bare_index.wall
    bare_cpu = times.bare_write.cpu + times.bare_index.cpu
    strict = times.bare_write.wall + times.strict_index.wall
    strict_cpu = times.bare_write.cpu + times.strict_index.cpu

    def each(seconds: float) -> float:
        return 1e6 * seconds / count

    told = (
        ("capture: cut, read, keep, note", times.capture),
        ("index: what is left of it after capture", times.index),
        ("index: the process beside capture", _Spent(cpu=times.beside)),
        ("bare pyarrow write", times.bare_write),
        ("bare tokenise-and-index", times.bare_index),
        ("the same, the product's tokeniser", times.strict_index),
        ("dlt's Delta destination: JSON to a table, no more", dlt),
    )
    return [
        Measured(
            name=f"backfill of {count:,} records: bare over ours, by the clock",
            value=bare / ours,
            unit="x",
            target=0.6,
            at_least=True,
        ),
        Measured(
            name="the same, processor time", value=bare_cpu / ours_cpu, unit="x", target=0.6, at_least=True
        ),
        Measured(name="  bare with the product's tokeniser, by the clock", value=strict / ours, unit="x"),
        Measured(name="  the same, processor time", value=strict_cpu / ours_cpu, unit="x"),
        Measured(
            name="dlt's Delta destination over our keep, by the clock",
            value=dlt.wall / times.capture.wall,
            unit="x",
            target=1.0,
            at_least=True,
        ),
        Measured(name="the same, processor time", value=dlt.cpu / times.capture.cpu, unit="x"),
        *(
            Measured(
                name=f"  {name}, a record (processors {each(one.cpu):.0f})", value=each(one.wall), unit="µs"
            )
            for name, one in told
        ),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table, return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--stages", action="store_true", help="what each step costs by itself")
    parser.add_argument("--memory", action="store_true", help="the peak of both processes over one walk")
    chosen = parser.parse_args(arguments)
    with TemporaryDirectory(prefix="muniment-bench-") as folder:
        if chosen.stages:
            print(table(stages(chosen.records, Path(folder))))
            return 0
        work = peaks if chosen.memory else measure
        found = work(chosen.records, Path(folder))
    print(table(found))
    return 0 if all(one.is_met for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
