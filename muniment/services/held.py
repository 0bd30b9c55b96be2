"""What is held at this moment, for whoever is about to destroy it (data-model.md 8).

`look` reads it whole: what was resolved, and the scopes of holds that are behind the archive. `look_again`
does so inside the transaction that decides, for the same records, at the price of what happened since: holds
placed or grown, new commits. Sets of holds only grow, so a hold that counts as many records as before covers
the same ones; where one was released, or two ids became one record, everything is read again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from muniment.domain.holds import HELD, Hold, union
from muniment.ports import Archive, Register
from muniment.services.scoping import entries_by_id, in_scope, scopes_of, stood, touched

__all__ = ["HeldThen", "held_ids", "held_now", "look", "look_again"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldThen:
    """What holds stopped of some records as at a commit.

    `held` is a HELD table. `added` says of each hold that was open how much had been added to it, and is
    asked before anything else: what has come since is seen by it. `ties` are the ids that name one record.
    """

    record_ids: pa.Array
    held: pa.Table
    commit_no: int
    added: Mapping[int, int]
    ties: frozenset[tuple[str, str]]

    @property
    def ids(self) -> frozenset[str]:
        """The records that were held."""
        return frozenset(self.held["record_id"].to_pylist())


def held_ids(council: str, *, register: Register) -> frozenset[str]:
    """Return every record under an open hold, as resolved so far: what `hold:yes` means."""
    return frozenset(register.held_records(council)["record_id"].to_pylist())


def held_now(council: str, record_ids: pa.Array, *, archive: Archive, register: Register) -> pa.Table:
    """Return which of these records a hold stops at this moment: a HELD table, one row for each held record.

    For disposal: called under the archive's lock, inside `register.begin`, it is exact, since neither a
    commit nor a hold can come in between. What was resolved is looked up; only records that newer commits
    touched are evaluated, unless a hold was placed so lately that nothing of it is resolved.
    """
    return look(council, record_ids, archive=archive, register=register).held


def look(council: str, record_ids: pa.Array, *, archive: Archive, register: Register) -> HeldThen:
    """Return what holds stop of these records, with the marks by which `look_again` knows what is new."""
    added = register.added_to_holds(council)
    ties = register.ties(council)
    holds = register.holds(council)
    upto = archive.commit_no()
    resolved = register.held_records(council, record_ids)
    newer = _newer(council, record_ids, resolved, holds, archive=archive, register=register, upto=upto)
    return HeldThen(
        record_ids=record_ids,
        held=union(resolved, newer) if len(newer) else resolved,
        commit_no=upto,
        added=added,
        ties=ties,
    )


def look_again(then: HeldThen, council: str, *, archive: Archive, register: Register) -> HeldThen:
    """Return what holds stop of the same records now; inside `register.begin`, under the lock: exactly."""
    added = register.added_to_holds(council)
    ties = register.ties(council)
    if ties != then.ties or then.added.keys() - added.keys():
        return look(council, then.record_ids, archive=archive, register=register)
    upto = archive.commit_no()
    if added == then.added and upto == then.commit_no:
        return then
    asked = set(then.record_ids.to_pylist())
    grown = {
        one: hold_id
        for hold_id in sorted(added, reverse=True)
        if then.added.get(hold_id) != added[hold_id]
        for one in register.records_of_hold(council, hold_id)
        if one in asked
    }
    known = union(then.held, _held({one: {hold_id} for one, hold_id in grown.items()}))
    newer = _newer(
        council,
        then.record_ids,
        known,
        register.holds(council),
        archive=archive,
        register=register,
        upto=upto,
        looked=then,
    )
    return HeldThen(
        record_ids=then.record_ids, held=union(known, newer), commit_no=upto, added=added, ties=ties
    )


def _newer(
    council: str,
    record_ids: pa.Array,
    known: pa.Table,
    holds: Iterable[Hold],
    *,
    archive: Archive,
    register: Register,
    upto: int,
    looked: HeldThen | None = None,
) -> pa.Table:
    """Return what holds stop, beside what is known, by commits that they are not resolved up to.

    What `looked` has evaluated of a hold counts as resolved.
    """
    behind: dict[int, list[Hold]] = {}
    for hold in holds:
        seen = looked.commit_no if looked is not None and hold.hold_id in looked.added else 0
        after = max(hold.watermark, seen)
        if hold.typed is not None and after < upto:
            behind.setdefault(after, []).append(hold)
    if not behind:
        return HELD.empty_table()
    rest: list[str] = record_ids.filter(
        pc.invert(pc.is_in(record_ids, known["record_id"].combine_chunks()))
    ).to_pylist()
    asked = {*rest, *register.aliases_of(council, rest)}
    hits: dict[str, set[int]] = {}
    for after, some in sorted(behind.items()):
        ids = touched(archive, asked, after=after, upto=upto)
        states = stood(archive, after=after, upto=upto)
        found = in_scope(entries_by_id(archive, ids, upto=upto), scopes_of(some), states)
        for hold_id, records in found.items():
            for one in (*records, *register.aliases_of(council, records)):
                hits.setdefault(one, set()).add(hold_id)
    return _held({one: hits[one] for one in rest if one in hits})


def _held(hits: Mapping[str, set[int]]) -> pa.Table:
    told = {
        "record_id": list(hits),
        "hold_id": [min(holds) for holds in hits.values()],
        "holds": [len(holds) for holds in hits.values()],
    }
    return pa.Table.from_pydict(told, schema=HELD)
