"""How long every hit of a search takes as records in a file, and in how much memory.

    python -m bench.export --records 300000

Backfills an archive of comments, indexes it, then writes every hit of a common word in each form, each in a
process of its own. Memory is that of the whole process at its most, all modules of the command line with it,
which are half of it; only the page of hits that the command prints first is not asked for here. The goal:
225,000 hits under 30 seconds and within 300 MB; fewer hits are held against the same rate. `--keep FOLDER`
leaves the archive for another run.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import muniment.cli
from bench.comments import COUNCIL
from bench.corpus import PAGE_ID, PAGE_ITEMS, pages
from bench.replayed import Replayed
from muniment.adapters.delta.archive import DeltaArchive
from muniment.adapters.files import LocalFiles
from muniment.adapters.local_media import LocalMediaStore
from muniment.adapters.sql.register import SqlRegister
from muniment.adapters.system_clock import SystemClock
from muniment.adapters.tantivy.index import TantivyIndex
from muniment.services.capturing import Capture
from muniment.services.hit_files import FileFormat
from muniment.services.indexing import catch_up
from muniment.services.writing_hits import spare_memory, write_hits
from schemas.account import Account
from schemas.capture import Window
from schemas.vocabulary import Stream

_COMMAND = muniment.cli.__name__  # imported for its memory: what the command brings with it is counted

_HITS, _SECONDS, _MEGABYTES = 225_000, 30.0, 300.0
_PAGES_AT_ONCE = 2_000
_SINCE = datetime(2018, 1, 1, tzinfo=UTC)
_ACCOUNT = Account(account="main", council=COUNCIL, platform="facebook", handle="caerwold", native_id=PAGE_ID)
_WORD = "the OR to OR and"


def build(root: Path, records: int) -> None:
    """Fill an archive and its index."""
    register = SqlRegister.open(f"sqlite:///{root / 'register.db'}")
    clock = SystemClock()
    register.enrol(COUNCIL, [_ACCOUNT], source_digest=b"", now=clock.now())
    archive = _archive(root, register)
    index = TantivyIndex(root / "index")
    capture = Capture(
        archive=archive,
        register=register,
        media=LocalMediaStore(root / COUNCIL, LocalFiles()),
        clock=clock,
        quarantine=lambda _name, _body: None,
    )
    answers = list(pages(records))
    for start in range(0, len(answers), _PAGES_AT_ONCE):
        some = answers[start : start + _PAGES_AT_ONCE]
        walk = register.open_walk(
            _ACCOUNT, Stream.COMMENTS, Window(start=_SINCE, end=clock.now()), now=clock.now()
        )
        capture.run(Replayed(some), walk)
        catch_up(archive, index, COUNCIL)
        print(f"{(start + len(some)) * PAGE_ITEMS:,} records", flush=True)
    register.close()


def _archive(root: Path, register: SqlRegister) -> DeltaArchive:
    media = LocalMediaStore(root / COUNCIL, LocalFiles())
    return DeltaArchive(COUNCIL, root / COUNCIL, register=register, media=media, clock=SystemClock())


def one_export(root: Path, form: str, into: Path) -> int:
    """Write every hit in this process; print hits, seconds and megabytes at most."""
    register = SqlRegister.open(f"sqlite:///{root / 'register.db'}")
    archive, index = _archive(root, register), TantivyIndex(root / "index")
    started = time.perf_counter()
    spare_memory()  # as the command does
    told = write_hits(
        archive, index, COUNCIL, _WORD, into, file_format=FileFormat(form), now=datetime.now(UTC)
    )
    seconds = time.perf_counter() - started
    print(told.rows, seconds, _megabytes_at_most())
    register.close()
    return 0


def _megabytes_at_most() -> float:
    """Return this process's own peak (Linux); `ru_maxrss` would begin with its parent's."""
    (line,) = (one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def measure(root: Path) -> bool:
    """Export in each form; return whether the goal is met."""
    met = True
    for form in FileFormat:
        with tempfile.TemporaryDirectory() as folder:
            asked = [str(root), "--one", form.value, "--into", f"{folder}/hits.{form}"]
            command = [sys.executable, "-m", "bench.export", "--keep", *asked]
            said = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603
        hits, seconds, megabytes = (float(word) for word in said.split())
        allowed = _SECONDS * hits / _HITS
        good = seconds <= allowed and megabytes <= _MEGABYTES
        met = met and good
        print(
            f"{form:8} {hits:>9,.0f} hits  {seconds:6.1f} s of {allowed:5.1f}  {megabytes:5.0f} MB of "
            f"{_MEGABYTES:.0f}  {'met' if good else 'MISSED'}"
        )
    return met


def main() -> int:
    """Build, measure, and fail when the goal is missed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--records", type=int, default=300_000)
    arguments.add_argument("--keep", type=Path)
    arguments.add_argument("--one", choices=list(FileFormat))
    arguments.add_argument("--into", type=Path)
    asked = arguments.parse_args()
    if asked.one:
        return one_export(asked.keep, asked.one, asked.into)
    if asked.keep and (asked.keep / "index").is_dir():
        return 0 if measure(asked.keep) else 1
    with tempfile.TemporaryDirectory() as folder:
        root = asked.keep or Path(folder)
        root.mkdir(exist_ok=True, mode=0o700)
        build(root, asked.records)
        return 0 if measure(root) else 1


if __name__ == "__main__":
    sys.exit(main())
