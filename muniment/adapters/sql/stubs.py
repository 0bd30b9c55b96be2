"""Stubs and intents in the register: what was destroyed, what is being destroyed, and by which commit.

Intent and stubs are written in one transaction (`intents`), so from then on `disposed` knows a run's
records, whether they are still in the archive or not.
"""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pyarrow as pa
import sqlalchemy as sa
from typing_extensions import override

from muniment.adapters.process_owner import may_live, this_process
from muniment.adapters.sql import disposal_tables as d
from muniment.adapters.sql.engine import Database, Part
from muniment.adapters.sql.presence import chunks
from muniment.adapters.stub_keys import StubKeys
from muniment.domain.stub import Stub, StubKey, ids_digest, stub_digest
from muniment.ports.disposal import Erased, ErasedRecords, Intent, Stubs
from schemas.errors import IntegrityError

__all__ = ["SqlStubs", "new_stub_ids", "packed", "unpacked"]

_STUB_ID_BYTES: Final = 8
_LONGEST_REBUILD: Final = timedelta(days=1)
_r, _k, _s = d.runs.c, d.stub_keys.c, d.stubs.c


def packed(table: pa.Table) -> bytes:
    """Return a table as one value of the database."""
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def unpacked(value: bytes) -> pa.Table:
    """Return the table of such a value."""
    with pa.ipc.open_stream(pa.py_buffer(value)) as reader:
        return reader.read_all()


def new_stub_ids(count: int) -> list[str]:
    """Return so many names for stubs, drawn at random: they say nothing of the records."""
    width = 2 * _STUB_ID_BYTES
    drawn = secrets.token_hex(_STUB_ID_BYTES * count)
    return [drawn[start : start + width] for start in range(0, len(drawn), width)]


class SqlStubs(Part, Stubs, ErasedRecords):
    """Stubs under every key ever used, and what views of the archive must know of erasures."""

    def __init__(self, database: Database, stub_keys: StubKeys | None = None) -> None:
        """Keep the database and where the keys are; without keys no stub can be written or read."""
        super().__init__(database)
        self._stub_keys = StubKeys(None) if stub_keys is None else stub_keys

    @override
    def disposed(self, council: str, record_ids: Sequence[str]) -> frozenset[str]:
        found: set[str] = set()
        with self._database.read() as connection:
            for key in self._keys_of(connection, council):
                for ids in chunks(record_ids):
                    asked = {stub_digest(key, council, one): one for one in ids}
                    wanted = sa.select(_s.digest).where(_s.council == council, _s.digest.in_(list(asked)))
                    found.update(asked[digest] for digest in connection.execute(wanted).scalars())
        return frozenset(found)

    @override
    def stub(self, council: str, record_id: str) -> Stub | None:
        with self._database.read() as connection:
            digests = [stub_digest(key, council, record_id) for key in self._keys_of(connection, council)]
            wanted = sa.select(d.stubs).where(_s.council == council, _s.digest.in_(digests))
            row = connection.execute(wanted).first()
        return None if row is None else _stub(row)

    @override
    def stub_counts(self, council: str) -> Mapping[str, int]:
        wanted = sa.select(_k.key_id, _k.stubs).where(_k.council == council).order_by(_k.first_used_at)
        with self._database.read() as connection:
            return {row.key_id: row.stubs for row in connection.execute(wanted)}

    @override
    def ids_digest(self, council: str, record_ids: Sequence[str]) -> bytes:
        return ids_digest(self._stub_keys.newest(), council, record_ids)

    def _keys_of(self, connection: sa.Connection, council: str) -> tuple[StubKey, ...]:
        """Return every key that stubs of the council stand under; most councils have none yet, or one."""
        used = sa.select(_k.key_id).where(_k.council == council, _k.stubs > 0)
        wanted = list(connection.execute(used).scalars())
        if not wanted:
            return ()
        known = {key.key_id: key for key in self._stub_keys.all()}
        missing = [key_id for key_id in wanted if key_id not in known]
        if missing:
            raise IntegrityError(
                f"The key {missing[0]} of stubs is missing: what was destroyed could come back unseen.",
                remedy="Restore it from the backup of the secrets; nothing is kept until then.",
            )
        return tuple(known[key_id] for key_id in wanted)

    @override
    def last_stub_on(self, council: str, key_id: str) -> date | None:
        newest = sa.select(sa.func.max(_s.disposed_on)).where(_s.council == council, _s.key_id == key_id)
        with self._database.read() as connection:
            found: date | None = connection.execute(newest).scalar()
        return found

    @override
    def councils_under(self, key_id: str) -> frozenset[str]:
        wanted = sa.select(_k.council).where(_k.key_id == key_id, _k.stubs > 0)
        with self._database.read() as connection:
            return frozenset(connection.execute(wanted).scalars())

    @override
    def end_stubs(self, council: str, key_id: str) -> None:
        with self._database.write(council, durable=True) as connection:
            for table in (d.stubs, d.stub_keys):
                of_key = sa.and_(table.c.council == council, table.c.key_id == key_id)
                connection.execute(sa.delete(table).where(of_key))

    @override
    def stub_too(self, council: str, *, known: str, other: str, now: datetime) -> None:
        key = self._stub_keys.newest()
        with self._database.write(council, durable=True) as connection:
            digests = [stub_digest(one, council, known) for one in self._keys_of(connection, council)]
            row = (
                connection.execute(sa.select(d.stubs).where(_s.council == council, _s.digest.in_(digests)))
                .mappings()
                .one()
            )
            values = {
                **row,
                "digest": stub_digest(key, council, other),
                "key_id": key.key_id,
                "stub_id": new_stub_ids(1)[0],
            }
            connection.execute(self._database.insert(d.stubs).on_conflict_do_nothing(), [values])
            self._count_stubs(connection, council, key, now)

    def _count_stubs(self, connection: sa.Connection, council: str, key: StubKey, now: datetime) -> None:
        counted = sa.select(sa.func.count()).where(_s.council == council, _s.key_id == key.key_id)
        stands = connection.execute(counted).scalar_one()
        told = {"council": council, "key_id": key.key_id, "stubs": stands, "first_used_at": now}
        connection.execute(
            self._database.insert(d.stub_keys)
            .values(told)
            .on_conflict_do_update(index_elements=["council", "key_id"], set_={"stubs": stands})
        )

    @override
    def erasures(self, council: str, *, after: int) -> Iterator[Erased]:
        wanted = (
            sa.select(_r.erased_commit, _r.intent)
            .where(_r.council == council, _r.erased_commit > after, _r.intent.is_not(None))
            .order_by(_r.erased_commit)
        )
        with self._database.read() as connection:
            rows = connection.execute(wanted).all()
        for row in rows:
            ids = unpacked(row.intent)["record_id"].combine_chunks()
            yield Erased(commit_no=row.erased_commit, record_ids=ids)

    @override
    def last_closed_erasure(self, council: str) -> int:
        closed = sa.and_(_r.council == council, _r.closed_at.is_not(None))
        with self._database.read() as connection:
            newest = connection.execute(sa.select(sa.func.max(_r.erased_commit)).where(closed)).scalar()
        return newest or 0

    @override
    def intents(self, council: str) -> tuple[Intent, ...]:
        still_open = sa.and_(_r.council == council, _r.intent.is_not(None), _r.erased_commit.is_(None))
        wanted = sa.select(_r.run, _r.intent).where(still_open).order_by(_r.intent_at)
        with self._database.read() as connection:
            rows = connection.execute(wanted).all()
        return tuple(
            Intent(run=row.run, record_ids=unpacked(row.intent)["record_id"].combine_chunks()) for row in rows
        )

    @override
    def begin_rebuild(self, council: str, name: str, *, commit_no: int, owner: str | None = None) -> None:
        began_at = datetime.now(UTC)  # of a process that lives or died, not of a sandbox
        own = f"{name}@{owner or this_process()}"
        told = {"council": council, "name": own, "commit_no": commit_no, "began_at": began_at}
        with self._database.write(council, durable=True) as connection:
            connection.execute(
                self._database.insert(d.rebuilds)
                .values(told)
                .on_conflict_do_update(index_elements=["council", "name"], set_=told)
            )

    @override
    def end_rebuild(self, council: str, name: str, *, owner: str | None = None) -> None:
        c = d.rebuilds.c
        own = f"{name}@{owner or this_process()}"
        with self._database.write(council, durable=True) as connection:
            connection.execute(sa.delete(d.rebuilds).where(c.council == council, c.name == own))

    @override
    def rebuilding(self, council: str) -> tuple[str, ...]:
        c = d.rebuilds.c
        alive = c.began_at > datetime.now(UTC) - _LONGEST_REBUILD
        with self._database.read() as connection:
            rows = connection.execute(sa.select(c.name).where(c.council == council, alive)).scalars().all()
        owned = [one.partition("@") for one in rows]
        return tuple(sorted({name for name, _, owner in owned if may_live(owner)}))


def _stub(row: Any) -> Stub:
    def on(name: str) -> date:
        found: date = getattr(row, name)
        return found

    return Stub(
        stub_id=row.stub_id,
        platform=row.platform,
        account=row.account,
        kind=row.kind,
        retention_class=row.retention_class,
        schedule=row.schedule,
        event=row.event,
        event_on=row.event_on,
        first_captured_on=on("first_captured_on"),
        last_captured_on=on("last_captured_on"),
        disposed_on=on("disposed_on"),
        run=row.run,
        parent=row.parent,
    )
