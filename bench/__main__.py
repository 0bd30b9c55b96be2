"""Speed, memory and calls, each against its target: `make bench`.

    python -m bench [--quick]

Each part runs in a process of its own, so that one's peak of memory is not another's. Exits 1 on a miss.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec

from bench.figures import Measured, table

__all__ = ["main"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """One part: how large it is, in full and in haste, and what measures it."""

    full: int
    quick: int
    measure: Callable[[int, Path], list[Measured]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run every part, print one table, return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Speed, memory and calls.")
    parser.add_argument("--quick", action="store_true", help="a tenth of the store, a third of the backfill")
    parser.add_argument("--only", choices=_PARTS, action="append", help="this part; may be repeated")
    parser.add_argument("--write-to", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    names = chosen.only or list(_PARTS)
    if chosen.write_to is not None:
        return _measure_one(names[0], chosen.write_to, quick=chosen.quick)
    began = time.monotonic()
    found: list[Measured] = []
    broken: list[str] = []
    with TemporaryDirectory(prefix="muniment-bench-") as folder:
        for name in names:
            answer = Path(folder) / f"{name}.json"
            command = [sys.executable, "-m", "bench", "--only", name, "--write-to", str(answer)]
            code = subprocess.run([*command, *["--quick"][: chosen.quick]], check=False).returncode  # noqa: S603
            if code:
                broken.append(f"The part {name} ended with exit code {code}: nothing is known of it.")
                continue
            found += msgspec.json.decode(answer.read_bytes(), type=list[Measured])
    print(table(found))
    print("\n".join(broken), end="\n" if broken else "")
    missed = sum(not one.is_met for one in found)
    held = sum(one.target is not None for one in found)
    print(f"{held - missed} of {held} met, in {time.monotonic() - began:.0f} s.")
    return 1 if missed or broken else 0


def _measure_one(name: str, answer: Path, *, quick: bool) -> int:
    part = _PARTS[name]
    with TemporaryDirectory(prefix="muniment-bench-") as folder:
        found = part.measure(part.quick if quick else part.full, Path(folder))
    answer.write_bytes(msgspec.json.encode(found))
    return 0


def _tell(line: str) -> None:
    print(line, file=sys.stderr)


def _store(size: int, folder: Path) -> list[Measured]:
    from bench.store import measure  # noqa: PLC0415  # a part loads what it needs, and no more

    return [
        Measured(
            name=one.name,
            value=one.value,
            unit=one.unit,
            target=one.target,
            at_least=one.at_least,
            slowness=one.slowness,
        )
        for one in measure(size, folder, progress=_tell)
    ]


def _backfill(size: int, folder: Path) -> list[Measured]:
    from bench.backfill import measure  # noqa: PLC0415

    return measure(size, folder, progress=_tell)


def _quiet(size: int, folder: Path) -> list[Measured]:
    from bench.quiet import measure  # noqa: PLC0415

    return measure(size, folder)


def _holds(size: int, folder: Path) -> list[Measured]:
    from bench.holds import measure  # noqa: PLC0415

    return measure(size, folder, progress=_tell)


_PARTS: Final[Mapping[str, _Part]] = {
    "quiet": _Part(full=60, quick=60, measure=_quiet),
    "backfill": _Part(full=60_000, quick=20_000, measure=_backfill),
    "store": _Part(full=1_000_000, quick=100_000, measure=_store),
    "holds": _Part(full=300_000, quick=20_000, measure=_holds),
}


if __name__ == "__main__":
    sys.exit(main())
