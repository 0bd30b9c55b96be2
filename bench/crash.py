"""The kill test: two processes keep, compact, dispose and index one archive; kill -9; look for what is lost.

    python -m bench.crash --rounds 100 [--store s3]

Each round: both work on, both are killed at moments of their own (the second meets what the first left), a
third process takes over as the next writer would, and everything is checked: acknowledged versions there,
none twice, no stray file, commit numbers without a gap, leaves and exhibits alike, pictures whole, presence
what a rebuild gives, the index what the archive holds; every disposal before its intent, or certified truly.
Every tenth round an older copy of archive and index is restored (`crash_restore`), filtered by a process that
is killed too, and filtered again: nothing that was destroyed comes back.

`--store s3` has the archive and its media in a bucket of the rig's S3 server (python -m infra.rig up s3).
Exits 1 when any round found a fault.
"""

import argparse
import os
import random
import select
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from bench.crash_check import (
    acknowledged,
    again,
    faults,
    left_behind,
    take_over,
    unfinished_disposals,
)
from bench.crash_place import STORES
from bench.crash_restore import back_up, filter_restored, is_backed_up, put_back, restored_faults
from bench.crash_work import Archived, open_archived, work
from bench.disposal_site import LOCAL, S3

__all__ = ["Result", "main", "run"]

_ROUNDS_PER_ARCHIVE: Final = 10
_COPIED_AFTER: Final = 2
"""The number of the round, from 0, after which the copy is taken that is restored in the end."""
_READY: Final = b"."
_PATIENCE_SECONDS: Final = 120
_LONGEST_LIFE_SECONDS: Final = {LOCAL: 0.8, S3: 6.0}
"""In a bucket it takes as long until the lease of one that was killed has ended."""
_COUNTS: Final = ("strays", "unfinished", "certified")


@dataclass(slots=True, kw_only=True)
class Result:
    """What the rounds found."""

    rounds: int = 0
    kills: int = 0
    with_strays: int = 0
    strays: int = 0
    acknowledged: int = 0
    unfinished: int = 0
    certified: int = 0
    restored: int = 0
    faults: list[str] = field(default_factory=list)


def run(rounds: int, seed: int, *, store: str = LOCAL, progress: Callable[[str], None] = print) -> Result:
    """Run the rounds; every tenth begins with an empty archive.

    Every process is forked from this one, which never touches the archive itself: a library's threads do
    not survive a fork.
    """
    chance = random.Random(seed)  # noqa: S311  # a test's dice
    result = Result()
    root = Path()
    for number in range(rounds):
        if number % _ROUNDS_PER_ARCHIVE == 0:
            if number:
                result.acknowledged += len(acknowledged(root))
                shutil.rmtree(root)
            root = Path(mkdtemp(prefix="muniment-crash-"))
            _in_child(lambda answer, root=root: _make(root, store, answer))  # type: ignore[misc] # bound now
        told = _round(root, number, chance, store)
        result.rounds += 1
        result.kills += 2
        result.strays += told.strays
        result.with_strays += told.strays > 0
        result.unfinished += told.unfinished
        result.certified += told.certified
        result.faults += [f"round {number + 1}: {fault}" for fault in told.faults]
        if number % _ROUNDS_PER_ARCHIVE == _COPIED_AFTER:
            result.faults += _in_child(lambda answer, root=root: _copy(root, store, answer))  # type: ignore[misc]
        if (number + 1) % _ROUNDS_PER_ARCHIVE == 0 or number + 1 == rounds:
            result.faults += [f"round {number + 1}: {fault}" for fault in _restore(root, chance, store)]
            result.restored += is_backed_up(root)
        if (number + 1) % _ROUNDS_PER_ARCHIVE == 0:
            progress(f"{number + 1} of {rounds} rounds, {len(result.faults)} faults")
    result.acknowledged += len(acknowledged(root))
    if not result.faults:
        shutil.rmtree(root)
    else:
        progress(f"The archive of the last round is left in {root}.")
    return result


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What one round's check found. `unfinished` disposals stood before the next writer took over."""

    strays: int = 0
    unfinished: int = 0
    certified: int = 0
    faults: tuple[str, ...] = ()


def _round(root: Path, number: int, chance: random.Random, store: str) -> _Told:
    seeds = (2 * number, 2 * number + 1)
    workers = [_fork(_worker(root, seed, store)) for seed in seeds]
    died: list[str] = []
    for worker, ready in workers:
        select.select([ready], [], [], _PATIENCE_SECONDS)
        time.sleep(chance.uniform(0.0, _LONGEST_LIFE_SECONDS[store]))
        os.kill(worker, signal.SIGKILL)
        _, status = os.waitpid(worker, 0)
        with os.fdopen(ready, encoding="utf-8") as last_words:
            if not os.WIFSIGNALED(status):
                died.append("a worker ended by itself: " + " | ".join(last_words.read().splitlines()[-3:]))
    lines = _in_child(lambda answer: _check(root, store, answer))
    counts = lines[0].split() if lines else []
    if len(counts) != len(_COUNTS) or not all(map(str.isdigit, counts)):
        return _Told(faults=(*died, "the check itself died", *lines))
    return _Told(**dict(zip(_COUNTS, map(int, counts), strict=True)), faults=(*died, *lines[1:]))


def _worker(root: Path, seed: int, store: str) -> Callable[[int], None]:
    def body(ready: int) -> None:
        notes = root / f"acknowledged-{seed}"
        work(root, seed, notes, lambda: os.write(ready, _READY), store=store)

    return body


def _make(root: Path, store: str, answer: int) -> None:
    open_archived(root, store).register.close()
    os.write(answer, b"")


def _copy(root: Path, store: str, answer: int) -> None:
    back_up(open_archived(root, store))
    os.write(answer, b"")


def _restore(root: Path, chance: random.Random, store: str) -> list[str]:
    """Put an older copy back, have who filters it killed, filter it again; return what is wrong."""
    if not is_backed_up(root):
        return []
    found = _in_child(lambda answer: _answer(answer, put_back(open_archived(root, store))))
    filtering, ready = _fork(lambda answer: _filter(root, store, answer))
    select.select([ready], [], [], _PATIENCE_SECONDS)
    time.sleep(chance.uniform(0.0, _LONGEST_LIFE_SECONDS[store]))
    os.kill(filtering, signal.SIGKILL)
    os.waitpid(filtering, 0)
    os.close(ready)
    return found + _in_child(lambda answer: _answer(answer, _filtered(open_archived(root, store))))


def _filter(root: Path, store: str, ready: int) -> None:
    archived = open_archived(root, store)
    os.write(ready, _READY)
    filter_restored(archived)


def _filtered(archived: Archived) -> Iterator[str]:
    again(archived, lambda: filter_restored(archived))
    yield from restored_faults(archived)


def _answer(answer: int, found: Iterable[str]) -> None:
    os.write(answer, "\n".join(found).encode())


def _in_child(body: Callable[[int], None]) -> list[str]:
    """Run `body` in a process of its own; return the lines that it answers, or that it died with."""
    child, told = _fork(body)
    with os.fdopen(told, encoding="utf-8") as answer:
        lines = answer.read().splitlines()
    os.waitpid(child, 0)
    return lines


def _check(root: Path, store: str, answer: int) -> None:
    archived = open_archived(root, store)
    strays, unfinished = left_behind(archived), unfinished_disposals(archived)
    certified = take_over(archived)
    found = [f"{strays} {unfinished} {certified}", *faults(archived)]
    os.write(answer, "\n".join(found).encode())


def _fork(body: Callable[[int], None]) -> tuple[int, int]:
    """Run `body` in a child of our own; return its process id and where it answers."""
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return child, reading
    os.close(reading)
    try:
        body(writing)
    except BaseException:  # noqa: BLE001  # a child must say what happened, and must not return
        os.write(writing, traceback.format_exc().encode())
    os._exit(0)


def main(arguments: list[str] | None = None) -> int:
    """Run, print the table, return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=None, help="repeat a run's dice; moments still differ")
    parser.add_argument("--store", choices=STORES, default=LOCAL, help="where the archive lies")
    chosen = parser.parse_args(arguments)
    seed = random.SystemRandom().randrange(10**6) if chosen.seed is None else chosen.seed
    since = time.monotonic()
    result = run(chosen.rounds, seed, store=chosen.store)
    print(f"\nKill test, {chosen.store}, seed {seed}, {time.monotonic() - since:.0f} s")
    for name, value in (
        ("rounds", result.rounds),
        ("processes killed", result.kills),
        ("rounds that left strays for recovery", result.with_strays),
        ("stray files before recovery", result.strays),
        ("versions acknowledged", result.acknowledged),
        ("disposals killed after their intent", result.unfinished),
        ("disposals certified by the next writer", result.certified),
        ("older copies restored and filtered", result.restored),
        ("faults", len(result.faults)),
    ):
        print(f"  {name:<38}{value:>8}")
    for fault in result.faults[:20]:
        print(f"  {fault}")
    return 1 if result.faults else 0


if __name__ == "__main__":
    sys.exit(main())
