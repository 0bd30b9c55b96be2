"""Random worlds of retention: nothing held is disposed of, nothing due forgotten, the longest duty wins.

    python -m bench.retention --worlds 100000

In each world: the plan says of every record what a plain oracle says; rows in another order make the same
plan; what a simulation of another schedule counts is what disposal does once it is adopted; and after
approval, while the world moves on (late captures, edits, holds, cases, facts, a change of schedule), what is
executed is exactly what is still due in the same way. Prints a table; exits 1 when any world fails, and says
which.
"""

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from multiprocessing import get_context

import pyarrow as pa

from bench.retention_oracle import Told, expected
from bench.retention_world import (
    SIDE_BY_SIDE,
    Row,
    World,
    batches,
    make_world,
    random_circumstances,
    random_row,
)
from muniment.domain.disposal import DisposalPlan, recheck
from muniment.domain.holdings import holdings
from muniment.domain.planning import Circumstances, plan
from muniment.domain.retention import Schedule
from muniment.domain.simulating import compare

__all__ = ["check", "main"]

_AT_ONCE = 100


def check(seed: int) -> tuple[Counter[str], list[str]]:
    """Return how many records of each fate the worlds of a number had, and what is wrong with them."""
    world = make_world(seed)
    dice = random.Random(seed)  # noqa: S311 -- a world, not a secret
    records = holdings(batches(world.rows, dice))
    before, tried = (_plan_of(records, world, one) for one in (world.schedule, world.other))
    wrong = list(_against_oracle(before, world, world.schedule))
    wrong += _same(before, _plan(world, world.schedule, dice), "another order of rows")
    wrong += _against_oracle(tried, world, world.other)
    wrong += _simulation(before, tried, world, dice)
    wrong += _execution(before, world, dice)
    counts = Counter(
        {
            f"{row['fate']} {row['why'] or ''}": int(row["records"] or 0)
            for row in before.counts("fate", "why")
        }
    )
    return counts, [f"world {seed}: {one}" for one in wrong]


def _plan(world: World, schedule: Schedule, dice: random.Random) -> DisposalPlan:
    return _plan_of(holdings(batches(world.rows, dice)), world, schedule)


def _plan_of(records: pa.Table, world: World, schedule: Schedule) -> DisposalPlan:
    return plan(
        records,
        schedule,
        world.circumstances,
        council="anytown",
        as_of=world.as_of,
        commit_no=world.commit_no,
    )


def _against_oracle(made: DisposalPlan, world: World, schedule: Schedule) -> Iterator[str]:
    told = expected(world.rows, schedule, world.circumstances, world.as_of)
    items = {row["record_id"]: row for row in made.items.to_pylist()}
    if len(items) != made.items.num_rows or items.keys() != told.keys():
        yield "the plan does not name every record once"
        return
    for record_id, must in told.items():
        row = items[record_id]
        names = {"retention_class": "class"}
        for field in (
            "fate",
            "why",
            "retention_class",
            "rule",
            "due_from",
            "review_on",
            "case_id",
            "restricted_to",
        ):
            found, wanted = row[names.get(field, field)], getattr(must, field)
            if found != wanted:
                yield f"{record_id}: {field} is {found}, must be {wanted}"
        if row["fate"] == "due":
            if record_id in world.circumstances.held:
                yield f"{record_id} is held, and due"
            ends = [row["due_from"], row["review_on"]]
            if not any(day is not None and day <= world.as_of for day in ends):
                yield f"{record_id} is due before its day"


def _same(one: DisposalPlan, two: DisposalPlan, what: str) -> Iterator[str]:
    plain = [sorted(made.items.to_pylist(), key=lambda row: str(row["record_id"])) for made in (one, two)]
    if plain[0] != plain[1]:
        yield f"the plan differs: {what}"


def _simulation(
    before: DisposalPlan, tried: DisposalPlan, world: World, dice: random.Random
) -> Iterator[str]:
    """Adopt the other schedule and dispose at once; check that the simulation said just that."""
    simulated = compare(before, tried)
    was, then = (
        expected(world.rows, one, world.circumstances, world.as_of) for one in (world.schedule, world.other)
    )
    told = Counter({(one.class_before, one.class_after): one.records for one in simulated.changes})
    if told != Counter((was[one].retention_class, must.retention_class) for one, must in then.items()):
        yield f"the simulation has other records: {told}"
    gone = set(recheck(tried.due, _plan(world, world.other, dice)).record_ids.to_pylist())
    asked = {one for one, must in then.items() if must.fate in ("review", "transfer")}
    if gone != {one for one, must in then.items() if must.fate == "due"}:
        yield "what was simulated is not what went"
    for change in simulated.changes:
        pair = (change.class_before, change.class_after)
        mine = {one for one in then if (was[one].retention_class, then[one].retention_class) == pair}
        if change.due_after != len(mine & (gone | asked)):
            yield f"{pair}: {change.due_after} were to be due, {len(mine & (gone | asked))} are"
        if change.due_before != sum(was[one].fate != "kept" for one in mine):
            yield f"{pair}: {change.due_before} are said to be due before"
        ends = [(_end(was[one]), _end(then[one])) for one in mine]
        moved = (sum(new < old for old, new in ends), sum(new > old for old, new in ends))
        if (change.sooner, change.later) != moved:
            yield f"{pair}: {change.sooner} sooner, {change.later} later; they are {moved}"


def _end(must: Told) -> date:
    """Return the first day on which something happens to a record, the last day there is: never."""
    return min((day for day in (must.due_from, must.review_on) if day is not None), default=date.max)


def _execution(approved: DisposalPlan, world: World, dice: random.Random) -> Iterator[str]:
    """Let the world move on between approval and execution; check what goes, and what is left."""
    rows = _later_rows(world.rows, dice)
    later = replace(
        world,
        rows=tuple(rows),
        circumstances=_later_circumstances(world, rows, dice),
        as_of=world.as_of + timedelta(days=dice.choice([0, 8, 40])),
        commit_no=max(row.commit_no for row in rows),
        schedule=world.other if dice.random() < 0.2 else world.schedule,
    )
    fresh = _plan(later, later.schedule, dice)
    found = recheck(approved.due, fresh)
    gone = set(found.record_ids.to_pylist())
    dropped = {row["record_id"]: row["why"] for row in found.dropped.to_pylist()}
    listed = set(approved.due["record_id"].to_pylist())
    if gone | dropped.keys() != listed or gone & dropped.keys():
        yield "an approved record neither went nor has a reason"
    if gone & (later.circumstances.held | later.circumstances.underway):
        yield "a held record went"
    told = expected(later.rows, later.schedule, later.circumstances, later.as_of)
    commits = {row.record_id: row.commit_no for row in sorted(later.rows, key=lambda row: row.commit_no)}
    for row in approved.due.to_pylist():
        record_id = row["record_id"]
        must = told[record_id]
        goes = (
            must.fate == "due"
            and commits[record_id] == row["last_commit"]
            and (must.retention_class, must.rule) == (row["class"], row["rule"])
            and must.restricted_to == row["restricted_to"]
        )
        if goes != (record_id in gone):
            yield f"{record_id} {'was forgotten' if goes else 'went'}: {must}, {dropped.get(record_id)}"
    left = [row for row in later.rows if row.record_id not in gone]
    if left:
        after = _plan(replace(later, rows=tuple(left)), later.schedule, dice)
        if gone & set(after.items["record_id"].to_pylist()):
            yield "what went is planned again"


def _later_rows(rows: Sequence[Row], dice: random.Random) -> list[Row]:
    found = list(rows)
    for town in range(SIDE_BY_SIDE):
        here = [row for row in rows if row.record_id.startswith(f"x:{town}/")]
        for _ in range(dice.choice([0, 0, 0, 1, 2])):
            new = random_row(dice, here, town)
            here += new
            found += new
    return found


def _later_circumstances(world: World, rows: Sequence[Row], dice: random.Random) -> Circumstances:
    was = world.circumstances
    if dice.random() < 0.5:
        return was
    now = random_circumstances(dice, rows, world.schedule)
    moved = dice.choice(["held", "facts", "cases", "extended", "setting"])
    return replace(was, **{moved: getattr(now, moved)})


def _checked(seeds: range) -> tuple[Counter[str], list[str]]:
    pa.set_cpu_count(1)  # two processes on two cores: threads inside would only wait for each other
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    for seed in seeds:
        found, faults = check(seed)
        counts += found
        wrong += faults
    return counts, wrong


def main(arguments: Sequence[str] | None = None) -> int:
    """Check many worlds; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.retention")
    parser.add_argument("--worlds", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0, help="the number of the first ones")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args(arguments)
    end = given.first + -(-given.worlds // SIDE_BY_SIDE)
    chunks = [range(at, min(at + _AT_ONCE, end)) for at in range(given.first, end, _AT_ONCE)]
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    began = time.monotonic()
    # spawned: a library's threads do not survive a fork
    with ProcessPoolExecutor(given.processes, mp_context=get_context("spawn")) as pool:
        for found, faults in pool.map(_checked, chunks):
            counts += found
            wrong += faults
    for fate, number in sorted(counts.items()):
        print(f"{fate:<24}{number:>12,} records")
    schedules, seconds = end - given.first, time.monotonic() - began
    print(f"{schedules * SIDE_BY_SIDE:,} worlds under {2 * schedules:,} schedules in {seconds:.0f} s")
    print(f"{len(wrong)} faults")
    for one in wrong[:20]:
        print(one)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
