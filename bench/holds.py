"""What holds cost: a thousand of them against new records, and finding what a new one covers.

    python -m bench.holds [--records 1000000]

Each is held to work that cannot be left out, measured in the same run by the processor's clock: making the
texts of new records into tokens, reading every entry of the archive. A miss exits 1.
"""

import argparse
import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bench.clock import RealTime
from bench.comments import COUNCIL, START, items
from bench.disposal_office import OFFICER
from bench.figures import Measured, table
from muniment.adapters.delta.archive import DeltaArchive
from muniment.adapters.files import LocalFiles
from muniment.adapters.local_media import LocalMediaStore
from muniment.adapters.sql.register import SqlRegister
from muniment.domain.holds import HoldKind, latest_review
from muniment.ports import NewHold
from muniment.search.match import read
from muniment.services.holding import catch_up_holds, place
from muniment.services.indexing import changed_entries, every_entry

__all__ = ["main", "measure"]

_BACKFILL: Final = 20_000
_NEW: Final = 2_000
_TIMES: Final = 5
_HOLDS: Final = 1_000
_FRESH: Final = 50_000_000
_MEGABYTES: Final = 1_126


def measure(records: int, folder: Path, *, progress: Callable[[str], None] = print) -> list[Measured]:
    """Fill an archive, place holds, keep on; return what the holds cost."""
    register = SqlRegister.open(f"sqlite:///{folder / 'register.db'}")
    media = LocalMediaStore(folder / "media", LocalFiles())
    archive = DeltaArchive(COUNCIL, folder / COUNCIL, register=register, media=media, clock=RealTime())
    for start in range(0, records, _BACKFILL):
        archive.keep(items(start, min(_BACKFILL, records - start)))
    progress(f"{records:,} records are kept")
    upto = archive.commit_no()
    bare = _cpu(lambda: sum(len(entry.text) > 0 for entry in every_entry(archive, upto)))
    spelt = _cpu(lambda: sum(bool(read(entry)) for entry in every_entry(archive, upto)))
    progress(f"every entry read in {bare:.1f} s of the processor, and made into tokens in {spelt:.1f}")
    found: list[Measured] = []
    for name, typed in (
        ("a word and days", "bins AND date:[2023-01-01 TO 2025-12-31]"),
        ("days alone", "date:[2024-02-01 TO 2024-02-03]"),
    ):
        taken = _cpu(lambda typed=typed: _place(archive, register, typed))  # type: ignore[misc] # bound now
        held = register.holds(COUNCIL)[-1].records
        line = f"hold placed on {name}: {held:,} of {records:,} held, {taken:.1f} s CPU, against reading"
        found.append(Measured(name=line, value=taken / bare, unit="x", target=6))
        found.append(Measured(name="the same against making tokens", value=taken / spelt, unit="x"))
        progress(line)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found.append(Measured(name="peak memory of that", value=peak, unit="MB", target=_MEGABYTES))
    scopes = _scopes()
    for typed in scopes:
        with register.begin(COUNCIL, OFFICER, now=RealTime().now()):
            hold = register.place_hold(COUNCIL, _hold(typed), now=RealTime().now())
            register.advance_holds(COUNCIL, [hold.hold_id], upto=archive.commit_no())
    keeps, resolved, tokens = [], [], []
    for number in range(_TIMES):
        before = archive.commit_no()
        batch = items(_FRESH + _NEW * number, _NEW)
        keeps.append(_cpu(lambda batch=batch: archive.keep(batch)))  # type: ignore[misc] # bound now
        resolved.append(_cpu(lambda: catch_up_holds(COUNCIL, archive=archive, register=register, now=START)))
        tokens.append(_cpu(lambda since=before: _tokens(archive, since)))  # type: ignore[misc] # bound now
    milliseconds = 1000 * statistics.median(resolved)
    name = f"{_NEW:,} new records against {len(scopes):,} holds ({milliseconds:,.0f} ms CPU), against tokens"
    ratio = statistics.median(resolved) / statistics.median(tokens)
    found.append(Measured(name=name, value=ratio, unit="x", target=6))
    name = "the same against their keep"
    found.append(
        Measured(name=name, value=statistics.median(resolved) / statistics.median(keeps), unit="x", target=4)
    )
    register.close()
    return found


def _scopes() -> list[str]:
    """Return a thousand: of words, phrases, days, accounts; a fifth of them asks what another asks too."""
    return [
        *(f"word{n} AND date:[2023-01-01 TO 2025-12-31]" for n in range(300)),
        *(f'"missed bins" AND road{n}' for n in range(200)),
        *(f"account:main AND street{n} NEAR/5 bins" for n in range(150)),
        *(f"date:[2023-0{1 + n % 9}-01 TO 2023-0{1 + n % 9}-20] AND platform:facebook" for n in range(100)),
        *(f"plan{n}* OR appeal{n}" for n in range(50)),
        *("council OR bins",) * 10,
        *("pothole AND claim",) * 90,
        *(f"case{n % 50} -parks" for n in range(100)),
    ]


def _hold(typed: str) -> NewHold:
    return NewHold(
        kind=HoldKind.FOI,
        reference="FOI/1",
        reason="bench",
        typed=typed,
        case_id=None,
        placed_by=OFFICER.name,
        review_on=latest_review(date.today()),  # noqa: DTZ011 -- any day will do
    )


def _place(archive: DeltaArchive, register: SqlRegister, typed: str) -> None:
    place(COUNCIL, _hold(typed), archive=archive, register=register, actor=OFFICER, now=RealTime().now())


def _tokens(archive: DeltaArchive, after: int) -> None:
    for entry in changed_entries(archive, after, archive.commit_no()):
        read(entry)


def _cpu(act: Callable[[], object]) -> float:
    since = time.process_time()
    act()
    return time.process_time() - since


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table, return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.holds", description="What holds cost.")
    parser.add_argument("--records", type=int, default=1_000_000)
    chosen = parser.parse_args(arguments)
    with TemporaryDirectory(prefix="muniment-bench-") as folder:
        found = measure(chosen.records, Path(folder))
    print(table(found))
    return 0 if all(one.is_met for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
