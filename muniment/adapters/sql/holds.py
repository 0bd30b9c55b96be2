"""Holds in the register: what people placed, and the records that each came to."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import islice
from typing import Any, Final

import pyarrow as pa
import sqlalchemy as sa
from typing_extensions import override

from muniment.adapters.sql import hold_tables as h
from muniment.adapters.sql.engine import Part
from muniment.adapters.sql.hold_sets import held_of, put_under
from muniment.adapters.sql.tables import record_key
from muniment.domain.holds import HELD, Hold, HoldKind
from muniment.ports.holds import Holds, NewHold
from schemas.errors import BadInputError

__all__ = ["SqlHolds"]

_CHUNK: Final = 5_000
_KEYS_AT_ONCE: Final = 100_000
_h, _r, _a = h.holds.c, h.hold_records.c, h.aliases.c
_OPEN: Final = _h.released_at.is_(None)
_COUNT: Final = (
    sa.select(sa.func.count())
    .where(_r.hold_id == _h.id)
    .correlate(h.holds)
    .scalar_subquery()
    .label("records")
)


class SqlHolds(Part, Holds):
    """Holds over SQLite or PostgreSQL."""

    @override
    def place_hold(self, council: str, new: NewHold, *, now: datetime) -> Hold:
        told = {
            "kind": new.kind.value,
            "reference": new.reference,
            "reason": new.reason,
            "typed": new.typed,
            "case_id": new.case_id,
            "placed_by": new.placed_by,
            "review_on": new.review_on,
        }
        insert = sa.insert(h.holds).values(council=council, placed_at=now, watermark=0, **told)
        with self._database.write(council, durable=True) as connection:
            hold_id = connection.execute(insert.returning(_h.id)).scalar_one()
        return self.hold(council, hold_id)

    @override
    def holds(self, council: str, *, released: bool = False) -> tuple[Hold, ...]:
        wanted = sa.select(h.holds, _COUNT).where(_h.council == council).order_by(_h.id)
        with self._database.read() as connection:
            rows = connection.execute(wanted if released else wanted.where(_OPEN)).all()
        return tuple(map(_hold, rows))

    @override
    def hold(self, council: str, hold_id: int) -> Hold:
        wanted = sa.select(h.holds, _COUNT).where(_h.council == council, _h.id == hold_id)
        with self._database.read() as connection:
            row = connection.execute(wanted).first()
        if row is None:
            raise BadInputError(
                f"Council {council} has no hold {hold_id}.", remedy="`muniment hold list` shows the holds."
            )
        return _hold(row)

    @override
    def add_to_hold(self, council: str, hold_id: int, record_ids: Iterable[str]) -> None:
        with self._database.write(council, durable=True) as connection:
            tied = self._is_tied(connection, council)
            for ids in _chunks(record_ids, _KEYS_AT_ONCE):
                every = {*ids, *(self.aliases_of(council, ids) if tied else ())}
                put_under(connection, hold_id, [(record_key(one), one) for one in every])
                one_hold = (_h.council == council, _h.id == hold_id)
                grown = {"added": _h.added + len(every)}
                connection.execute(sa.update(h.holds).where(*one_hold).values(grown))

    @override
    def added_to_holds(self, council: str) -> Mapping[int, int]:
        wanted = sa.select(_h.id, _h.added).where(_h.council == council, _OPEN)
        with self._database.read() as connection:
            return {row.id: row.added for row in connection.execute(wanted)}

    @override
    def advance_holds(self, council: str, hold_ids: Sequence[int], *, upto: int) -> None:
        with self._database.write(council, durable=True) as connection:
            for ids in _chunks(hold_ids):
                behind = (_h.council == council, _h.id.in_(ids), _h.watermark < upto)
                connection.execute(sa.update(h.holds).where(*behind).values(watermark=upto))

    @override
    def review_hold(self, council: str, hold_id: int, *, review_on: date) -> None:
        self._change(council, hold_id, {"review_on": review_on})

    @override
    def release_hold(self, council: str, hold_id: int, *, by: str, reason: str, now: datetime) -> int:
        other, its = h.hold_records.alias(), h.holds.alias()
        still_held = (
            sa.select(other.c.hold_id)
            .join_from(other, its, its.c.id == other.c.hold_id)
            .where(other.c.record_key == _r.record_key, its.c.released_at.is_(None))
            .exists()
        )
        freed = sa.select(sa.func.count()).where(_r.hold_id == hold_id, ~still_held)
        with self._database.write(council, durable=True) as connection:
            self._change(council, hold_id, {"released_by": by, "released_at": now, "release_reason": reason})
            return int(connection.execute(freed).scalar_one())

    @override
    def held_records(self, council: str, record_ids: pa.Array | None = None) -> pa.Table:
        if record_ids is None:
            return self._every_held(council)
        with self._database.read() as connection:
            open_holds = list(
                connection.execute(sa.select(_h.id).where(_h.council == council, _OPEN)).scalars()
            )
            if not open_holds:
                return HELD.empty_table()
            tied = self._is_tied(connection, council)
            found: list[tuple[str, int, int]] = []
            for ids in _chunks(record_ids.to_pylist(), _KEYS_AT_ONCE):
                found += self._held_of(connection, council, ids, tied=tied)
        return _held_table(found)

    @override
    def records_of_hold(self, council: str, hold_id: int) -> tuple[str, ...]:
        self.hold(council, hold_id)
        wanted = sa.select(_r.record_id).where(_r.hold_id == hold_id).order_by(_r.record_id)
        with self._database.read() as connection:
            return tuple(connection.execute(wanted).scalars())

    @override
    def tie(self, council: str, record_id: str, other_id: str) -> None:
        insert = self._database.insert(h.aliases).on_conflict_do_nothing()
        with self._database.write(council, durable=True) as connection:
            for one, other in ((record_id, other_id), (other_id, record_id)):
                told = {"record_key": record_key(one), "record_id": one}
                beside = {"other_key": record_key(other), "other_id": other}
                connection.execute(insert.values(council=council, **told, **beside))

    @override
    def ties(self, council: str) -> frozenset[tuple[str, str]]:
        wanted = sa.select(_a.record_id, _a.other_id).where(_a.council == council)
        with self._database.read() as connection:
            return frozenset((row.record_id, row.other_id) for row in connection.execute(wanted))

    @override
    def aliases_of(self, council: str, record_ids: Iterable[str]) -> frozenset[str]:
        seen = set(record_ids)
        asked, found = set(seen), set[str]()
        with self._database.read() as connection:
            if not self._is_tied(connection, council):
                return frozenset()
            while asked:
                named: set[str] = set()
                for ids in _chunks(asked):
                    keys = [record_key(one) for one in ids]
                    wanted = sa.select(_a.other_id).where(_a.council == council, _a.record_key.in_(keys))
                    named.update(connection.execute(wanted).scalars())
                asked = named - seen - found
                found |= asked
        return frozenset(found)

    def _is_tied(self, connection: sa.Connection, council: str) -> bool:
        """Return whether any record of the council goes by two ids: hardly ever."""
        return (
            connection.execute(sa.select(_a.record_key).where(_a.council == council).limit(1)).first()
            is not None
        )

    def _change(self, council: str, hold_id: int, values: dict[str, Any]) -> None:
        hold = self.hold(council, hold_id)
        if not hold.is_open:
            raise BadInputError(
                f"Hold {hold_id} of {council} was released already.",
                remedy="`muniment hold list` shows those that stand.",
            )
        with self._database.write(council, durable=True) as connection:
            one = (_h.council == council, _h.id == hold_id, _OPEN)
            connection.execute(sa.update(h.holds).where(*one).values(values))

    def _every_held(self, council: str) -> pa.Table:
        wanted = (
            sa.select(sa.func.min(_r.record_id), sa.func.min(_r.hold_id), sa.func.count())
            .join_from(h.hold_records, h.holds, _h.id == _r.hold_id)
            .where(_h.council == council, _OPEN)
            .group_by(_r.record_key)
        )
        with self._database.read() as connection:
            return _held_table([tuple(row) for row in connection.execute(wanted)])

    def _held_of(
        self, connection: sa.Connection, council: str, ids: Sequence[str], *, tied: bool
    ) -> Iterator[tuple[str, int, int]]:
        names = {record_key(one): {one} for one in ids}
        if tied:
            for one in ids:
                for other in self.aliases_of(council, (one,)):
                    names.setdefault(record_key(other), set()).add(one)
        found: dict[str, tuple[int, int]] = {}
        for key, hold_id, count in held_of(connection, council, list(names)):
            for one in names[key]:
                before = found.get(one, (hold_id, 0))
                found[one] = (min(before[0], hold_id), max(before[1], count))
        return ((one, hold_id, count) for one, (hold_id, count) in found.items())


def _hold(row: Any) -> Hold:
    return Hold(
        hold_id=row.id,
        kind=HoldKind(row.kind),
        reference=row.reference,
        reason=row.reason,
        typed=row.typed,
        case_id=row.case_id,
        placed_by=row.placed_by,
        placed_at=row.placed_at,
        review_on=row.review_on,
        watermark=row.watermark,
        records=row.records,
        released_by=row.released_by,
        released_at=row.released_at,
        release_reason=row.release_reason,
    )


def _held_table(found: Sequence[tuple[Any, ...]]) -> pa.Table:
    columns = zip(*found, strict=True) if found else ((), (), ())
    arrays = [pa.array(column, field.type) for column, field in zip(columns, HELD, strict=True)]
    return pa.Table.from_arrays(arrays, schema=HELD)


def _chunks(values: Iterable[Any], size: int = _CHUNK) -> Iterator[list[Any]]:
    """Yield pieces that fit into one statement."""
    rest = iter(values)
    while piece := list(islice(rest, size)):
        yield piece
