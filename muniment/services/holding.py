"""Holds: placed, resolved to records, asked for, reviewed, released (data-model.md 8).

A hold stops disposal from the moment it is placed, before anybody knows what it covers: that is found
afterwards, in the archive, by the plain evaluator, and with every new commit from then on. Disposal asks
`held_now` inside its executing transaction, which also evaluates what no resolution has reached yet, for the
records that it is about to destroy and for no others.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from muniment.domain.events import HoldPlaced, HoldReleased, HoldResolved, HoldReviewed
from muniment.domain.holds import HELD, Hold, review_day, union
from muniment.domain.people import SYSTEM, Act, Actor, london_date, require
from muniment.ports import Archive, NewHold, Register
from muniment.search.entry import Entry
from muniment.search.match import matches, read
from muniment.search.narrowing import fields_of, may_match
from muniment.search.parse import parse
from muniment.search.tree import Node
from muniment.services.indexing import (
    ENTRY_COLUMNS,
    OBSERVATION_COLUMNS,
    changed_entries,
    entries_of,
    every_entry,
    portions,
)
from schemas.arrow import RECORD_SERIES, TABLE, RowKind
from schemas.errors import BadInputError

__all__ = ["Placed", "catch_up_holds", "held_ids", "held_now", "place", "release", "review"]

_PORTION_ROWS: Final = 20_000
_IDS_AT_ONCE: Final = 20_000
_EVERY_SERIES: Final = (*RECORD_SERIES, RowKind.OBSERVATION.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A hold as placed and resolved. `too_late` were being destroyed already, or are gone."""

    hold: Hold
    too_late: frozenset[str]


def place(
    council: str,
    new: NewHold,
    record_ids: Sequence[str] = (),
    *,
    archive: Archive,
    register: Register,
    actor: Actor,
    now: datetime,
) -> Placed:
    """Place a hold and resolve its scope; it stops disposal before the second begins.

    Args:
        council: Whose records.
        new: What is to be placed; its scope is `new.typed`, or the records given one by one.
        record_ids: A frozen set, when `new.typed` is None.
        archive: Where the scope is looked for.
        register: Where the hold is kept.
        actor: Who places it.
        now: The present.

    Raises:
        NotPermittedError: The person has no role in which holds are placed.
        QueryError: A mistake in the scope.
        BadInputError: No reason, no reference, no scope or two, an unknown record, a day of review too late.
    """
    require(actor, Act.PLACE_HOLD)
    _check(new, record_ids, today=london_date(now))
    wanted = tuple(dict.fromkeys(record_ids))
    lost = register.disposed(council, wanted)
    _check_records(archive, [one for one in wanted if one not in lost])
    with register.begin(council, actor, now=now) as trail:
        hold = register.place_hold(council, new, now=now)
        gone = register.disposed(council, wanted)
        register.add_to_hold(council, hold.hold_id, (one for one in wanted if one not in gone))
        trail.record(
            HoldPlaced(
                hold_id=hold.hold_id,
                kind=new.kind,
                reference=new.reference,
                reason=new.reason,
                typed=new.typed,
                records=len(wanted) - len(gone),
                too_late=len(gone),
                review_on=new.review_on,
                case_id=new.case_id,
            )
        )
    if new.typed is not None:
        gone = catch_up_holds(council, archive=archive, register=register, now=now, only=hold.hold_id)
    return Placed(hold=register.hold(council, hold.hold_id), too_late=gone)


def catch_up_holds(
    council: str, *, archive: Archive, register: Register, now: datetime, only: int | None = None
) -> frozenset[str]:
    """Put what commits brought since under the open holds whose scope it falls in; twice is once.

    After each run, before each plan, and when a hold is placed (`only`). Nothing depends on its being called:
    what it has not reached is evaluated by `held_now`.

    Returns:
        The records in scope that were too late: being destroyed, or gone.
    """
    upto = archive.commit_no()
    behind = [
        hold
        for hold in register.holds(council)
        if hold.typed is not None and hold.watermark < upto and only in (None, hold.hold_id)
    ]
    too_late: set[str] = set()
    for watermark, holds in _by_watermark(behind):
        scopes = _scopes(holds)
        start = watermark
        for end in portions(archive, watermark, upto, _PORTION_ROWS) if watermark else (upto,):
            entries = changed_entries(archive, start, end) if start else every_entry(archive, end)
            found = _matching(entries, scopes, _states(archive, after=start, upto=end))
            too_late |= _file(council, found, register=register, upto=end, first=not watermark, now=now)
            start = end
    return frozenset(too_late)


def held_now(council: str, record_ids: pa.Array, *, archive: Archive, register: Register) -> pa.Table:
    """Return which of these records a hold stops at this moment: a HELD table, one row for each held record.

    For disposal: called under the archive's lock, inside `register.begin`, it is exact, since neither a
    commit nor a hold can come in between. What was resolved is looked up; only records that newer commits
    touched are evaluated, unless a hold was placed so lately that nothing of it is resolved.
    """
    resolved = register.held_records(council, record_ids)
    upto = archive.commit_no()
    behind = [one for one in register.holds(council) if one.typed is not None and one.watermark < upto]
    if not behind:
        return resolved
    rest: list[str] = record_ids.filter(
        pc.invert(pc.is_in(record_ids, resolved["record_id"].combine_chunks()))
    ).to_pylist()
    asked = {*rest, *register.aliases_of(council, rest)}
    hits: dict[str, set[int]] = {}
    for watermark, holds in _by_watermark(behind):
        touched = _touched(archive, asked, after=watermark, upto=upto)
        entries = _entries(archive, touched, upto=upto)
        states = _states(archive, after=watermark, upto=upto)
        for hold_id, ids in _matching(entries, _scopes(holds), states).items():
            for one in (*ids, *register.aliases_of(council, ids)):
                hits.setdefault(one, set()).add(hold_id)
    found = [one for one in rest if one in hits]
    newer = {
        "record_id": found,
        "hold_id": [min(hits[one]) for one in found],
        "holds": [len(hits[one]) for one in found],
    }
    return union(resolved, pa.Table.from_pydict(newer, schema=HELD))


def held_ids(council: str, *, register: Register) -> frozenset[str]:
    """Return every record under an open hold, as resolved so far: what `hold:yes` means."""
    return frozenset(register.held_records(council)["record_id"].to_pylist())


def review(
    council: str,
    hold_id: int,
    *,
    review_on: date | None,
    reason: str,
    register: Register,
    actor: Actor,
    now: datetime,
) -> Hold:
    """Keep a hold until another day of review, six months on unless told otherwise.

    Raises:
        NotPermittedError: The person has no role in which holds are reviewed.
        BadInputError: There is no such open hold, no reason, or the day lies too far ahead.
    """
    require(actor, Act.REVIEW_HOLD)
    _check_reason(reason)
    with register.begin(council, actor, now=now) as trail:
        hold = register.hold(council, hold_id)
        day = review_day(review_on, london_date(now))
        register.review_hold(council, hold_id, review_on=day)
        trail.record(HoldReviewed(hold_id=hold_id, before=hold.review_on, after=day, reason=reason))
        return register.hold(council, hold_id)


def release(
    council: str, hold_id: int, *, reason: str, register: Register, actor: Actor, now: datetime
) -> int:
    """Release a hold; return how many of its records are under no other hold now.

    Raises:
        NotPermittedError: The person has no role in which holds are released.
        BadInputError: There is no such open hold, or no reason.
    """
    require(actor, Act.RELEASE_HOLD)
    _check_reason(reason)
    with register.begin(council, actor, now=now) as trail:
        hold = register.hold(council, hold_id)
        freed = register.release_hold(council, hold_id, by=actor.name, reason=reason, now=now)
        trail.record(
            HoldReleased(
                hold_id=hold_id,
                reference=hold.reference,
                records=hold.records,
                freed=freed,
                reason=reason,
            )
        )
    return freed


def _check(new: NewHold, record_ids: Sequence[str], *, today: date) -> None:
    _check_reason(new.reason)
    if not new.reference.strip():
        raise BadInputError("A hold needs the reference of its request or case.", remedy="Give --reference.")
    if (new.typed is None) == (not record_ids):
        raise BadInputError(
            "A hold covers a search or a set of records: one of the two.",
            remedy="Give a query, or --records with a file of record ids.",
        )
    if new.typed is not None:
        parse(new.typed, classed=False)
    review_day(new.review_on, today)


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise BadInputError("The reason is missing: it is read years later.", remedy="Give --reason.")


def _check_records(archive: Archive, record_ids: Sequence[str]) -> None:
    if not record_ids:
        return
    known: set[str] = set()
    for batch in archive.scan(series=RECORD_SERIES, columns=["record_id"], record_ids=record_ids):
        known.update(batch["record_id"].to_pylist())
    unknown = [one for one in record_ids if one not in known]
    if unknown:
        raise BadInputError(
            f"The archive does not hold {len(unknown)} of the records, first {unknown[0]}.",
            remedy="Take record ids from `muniment search` or its CSV.",
        )


def _by_watermark(holds: Iterable[Hold]) -> list[tuple[int, list[Hold]]]:
    found: dict[int, list[Hold]] = {}
    for hold in holds:
        found.setdefault(hold.watermark, []).append(hold)
    return sorted(found.items())


def _scopes(holds: Iterable[Hold]) -> list[tuple[int, Node]]:
    return [(hold.hold_id, parse(hold.typed).tree) for hold in holds if hold.typed is not None]


def _matching(
    entries: Iterable[Entry], scopes: Sequence[tuple[int, Node]], states: Mapping[str, AbstractSet[str]]
) -> dict[int, set[str]]:
    """Return the records of each hold of which a version falls into its scope, or fell meanwhile."""
    found: dict[int, set[str]] = {hold_id: set() for hold_id, _ in scopes}
    for entry in entries:
        others = states.get(entry.record_id, set()) - {entry.state}
        stood = [entry, *(entry._replace(state=one) for one in others)]
        fields = [fields_of(one) for one in stood]
        asked = [(n, tree) for n, tree in scopes if any(may_match(tree, one) for one in fields)]
        if asked:
            readings = [read(one) for one in stood]
            for hold_id, tree in asked:
                if any(matches(tree, reading) for reading in readings):
                    found[hold_id].add(entry.record_id)
    return found


def _states(archive: Archive, *, after: int, upto: int) -> Mapping[str, AbstractSet[str]]:
    """Return how records stood at each commit after `after`: what was missing for an hour was in scope then.

    Empty for `after` 0: a new hold covers what its query finds when it is placed.
    """
    found: dict[str, set[str]] = {}
    if after:
        columns = ["record_id", "state"]
        for batch in archive.scan(series=_EVERY_SERIES[-1:], columns=columns, after=after, upto=upto):
            for record_id, state in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                found.setdefault(record_id, set()).add(state)
    return found


def _file(
    council: str,
    found: Mapping[int, set[str]],
    *,
    register: Register,
    upto: int,
    first: bool,
    now: datetime,
) -> set[str]:
    """Put what was found under its holds, in one transaction; return what was too late."""
    too_late: set[str] = set()
    with register.begin(council, SYSTEM, now=now) as trail:
        for hold_id, ids in found.items():
            gone = register.disposed(council, sorted(ids))
            before = register.hold(council, hold_id)
            if not before.is_open:
                continue
            register.add_to_hold(council, hold_id, sorted(ids - gone))
            added = register.hold(council, hold_id).records - before.records
            if first or added:
                trail.record(HoldResolved(hold_id=hold_id, records=added, too_late=len(gone), commit_no=upto))
            too_late |= gone
        register.advance_holds(council, list(found), upto=upto)
    return too_late


def _touched(archive: Archive, asked: set[str], *, after: int, upto: int) -> list[str]:
    """Return which of these records commits after `after` touched, in order."""
    found: set[str] = set()
    for batch in archive.scan(series=_EVERY_SERIES, columns=["record_id"], after=after, upto=upto):
        found.update(asked.intersection(pc.unique(batch["record_id"]).to_pylist()))
    return sorted(found)


def _entries(archive: Archive, record_ids: Sequence[str], *, upto: int) -> Iterator[Entry]:
    for start in range(0, len(record_ids), _IDS_AT_ONCE):
        ids = record_ids[start : start + _IDS_AT_ONCE]
        rows = _table(archive, RECORD_SERIES, ENTRY_COLUMNS, ids, upto)
        yield from entries_of(rows, _table(archive, _EVERY_SERIES[-1:], OBSERVATION_COLUMNS, ids, upto))


def _table(
    archive: Archive, series: Sequence[str], columns: Sequence[str], record_ids: Sequence[str], upto: int
) -> pa.Table:
    batches = archive.scan(series=series, columns=columns, record_ids=record_ids, upto=upto)
    return pa.Table.from_batches(batches, schema=pa.schema([TABLE.field(name) for name in columns]))
