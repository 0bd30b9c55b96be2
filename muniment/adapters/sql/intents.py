"""Intents in the register: stubs drawn up outside the transaction, and entered with the intent inside it.

Keyed digests and what platforms call a record take most of the time. They are made before anybody has to wait
for it; inside, what they rest on is asked again: the key in use, and how far presence stands.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from muniment.adapters.sql import disposal_tables as d
from muniment.adapters.sql import tables as t
from muniment.adapters.sql.bulk import enter_stubs
from muniment.adapters.sql.presence import chunks, watermark_of
from muniment.adapters.sql.stubs import SqlStubs, new_stub_ids, packed
from muniment.adapters.sql.tables import record_key
from muniment.domain.disposal_run import RunState
from muniment.domain.stub import StubKey, ids_digest, stub_digest
from muniment.ports.disposal import Drafted
from schemas.london import london_date

__all__ = ["SqlIntents", "native_ids_of"]

_ROWS_AT_ONCE: Final = 20_000
_DRAFT: Final = pa.schema(
    [
        pa.field("record_id", pa.string(), nullable=False),
        pa.field("digest", pa.binary(), nullable=False),
        pa.field("stub_id", pa.string(), nullable=False),
        pa.field("native_ids", pa.list_(pa.string()), nullable=False),
    ]
)
_FACTS: Final = (
    *("platform", "account", "kind", "class", "event", "event_on"),
    *("first_captured_on", "last_captured_on"),
)
"""The columns of a doomed record that its stub keeps."""
_STUB_FACTS: Final = tuple("retention_class" if name == "class" else name for name in _FACTS)
_r, _s = d.runs.c, d.stubs.c


class SqlIntents(SqlStubs):
    """Draws stubs up, and writes them with the intent."""

    def draft_stubs(self, council: str, record_ids: pa.Array) -> Drafted:
        """Make of these records' stubs what takes long; nothing is written, and nobody waits for it."""
        key = self._stub_keys.newest()
        with self._database.read() as connection:
            # Asked first: what presence takes in meanwhile shows as a higher one later.
            watermark = watermark_of(connection, council)
            made = [
                _draft(connection, council, key, record_ids.slice(start, _ROWS_AT_ONCE))
                for start in range(0, len(record_ids), _ROWS_AT_ONCE)
            ]
        stubs = pa.concat_tables([_DRAFT.empty_table(), *made])
        return Drafted(key_id=key.key_id, watermark=watermark, stubs=stubs)

    def _write_intent(
        self,
        connection: sa.Connection,
        council: str,
        run: str,
        doomed: pa.Table,
        *,
        schedule: str | None,
        commit_no: int,
        dropped: Mapping[str, int],
        now: datetime,
        drafted: Drafted | None,
    ) -> None:
        key = self._stub_keys.newest()
        ids = doomed["record_id"].combine_chunks()
        drawn = self._drawn(connection, council, ids, key, drafted)
        self._write_stubs(connection, council, run, doomed, drawn, key=key, schedule=schedule, now=now)
        values = {
            "state": RunState.EXECUTING.value,
            "intent_at": now,
            "intent_commit": commit_no,
            "intent_count": len(ids),
            "intent_digest": ids_digest(key, council, ids.to_pylist()),
            "key_id": key.key_id,
            "intent": packed(drawn.select(["record_id", "native_ids"])),
            "dropped": msgspec.json.encode(dict(dropped), order="sorted").decode(),
        }
        connection.execute(sa.update(d.runs).where(_r.council == council, _r.run == run).values(values))

    def _drawn(
        self,
        connection: sa.Connection,
        council: str,
        ids: pa.Array,
        key: StubKey,
        drafted: Drafted | None,
    ) -> pa.Table:
        """Return what was drawn up of exactly these records, in their order, as it holds now."""
        if drafted is None or drafted.key_id != key.key_id:
            return self.draft_stubs(council, ids).stubs
        places = pc.index_in(ids, drafted.stubs["record_id"].combine_chunks())
        if places.null_count:
            return self.draft_stubs(council, ids).stubs
        drawn = drafted.stubs.take(places)
        if drafted.watermark == watermark_of(connection, council):
            return drawn
        return drawn.set_column(
            _DRAFT.get_field_index("native_ids"),
            _DRAFT.field("native_ids"),
            pa.array(native_ids_of(connection, council, ids.to_pylist()), pa.list_(pa.string())),
        )

    def _write_stubs(
        self,
        connection: sa.Connection,
        council: str,
        run: str,
        doomed: pa.Table,
        drawn: pa.Table,
        *,
        key: StubKey,
        schedule: str | None,
        now: datetime,
    ) -> None:
        stubs = doomed.select(_FACTS).rename_columns(list(_STUB_FACTS))
        for name in ("digest", "stub_id"):
            stubs = stubs.append_column(name, drawn[name])
        stubs = stubs.append_column("parent", self._parents(connection, council, doomed, drawn))
        told = {
            "council": council,
            "key_id": key.key_id,
            "schedule": schedule,
            "disposed_on": london_date(now).isoformat(),
            "run": run,
        }
        # In the order of their keys, so that each page of the table is met once.
        enter_stubs(connection, stubs.take(pc.sort_indices(stubs["digest"])), told)
        self._count_stubs(connection, council, key, now)

    def _parents(
        self, connection: sa.Connection, council: str, doomed: pa.Table, drawn: pa.Table
    ) -> pa.ChunkedArray:
        """Return the stub of each record's thread, where its first record goes too or went before."""
        ids, threads = doomed["record_id"], doomed["thread_id"].cast(pa.string())
        here = drawn["stub_id"].take(pc.index_in(threads, ids.combine_chunks()))
        elsewhere = pc.unique(threads.filter(pc.is_null(here))).to_pylist()
        older = self._older_roots(connection, council, elsewhere)
        known, roots = pa.array(older.keys(), pa.string()), pa.array(older.values(), pa.string())
        parents = pc.coalesce(here, roots.take(pc.index_in(threads, known)))
        return pc.if_else(pc.equal(threads, ids), pa.scalar(None, pa.string()), parents)

    def _older_roots(
        self, connection: sa.Connection, council: str, thread_ids: Sequence[str]
    ) -> dict[str, str]:
        """Return the stubs of first records that earlier runs destroyed."""
        found: dict[str, str] = {}
        for key in self._keys_of(connection, council):
            for ids in chunks(thread_ids):
                asked = {stub_digest(key, council, one): one for one in ids}
                wanted = sa.select(_s.digest, _s.stub_id)
                wanted = wanted.where(_s.council == council, _s.digest.in_(list(asked)))
                found |= {asked[row.digest]: row.stub_id for row in connection.execute(wanted)}
        return found


def native_ids_of(connection: sa.Connection, council: str, ids: Sequence[str]) -> Iterator[list[str]]:
    """Yield what platforms call each of these records: cursors and walks name them so."""
    p, s = t.presence.c, t.streams.c
    for some in chunks(ids):
        found: dict[str, set[str]] = {}
        wanted = (
            sa.select(p.record_id, p.native_id)
            .join_from(t.presence, t.streams, s.id == p.stream_id)
            .where(s.council == council, p.record_key.in_([record_key(one) for one in some]))
        )
        for row in connection.execute(wanted):
            found.setdefault(row.record_id, set()).add(row.native_id)
        yield from (sorted(found.get(one, ())) for one in some)


def _draft(connection: sa.Connection, council: str, key: StubKey, record_ids: pa.Array) -> pa.Table:
    ids: list[str] = record_ids.to_pylist()
    columns = {
        "record_id": record_ids,
        "digest": [stub_digest(key, council, one) for one in ids],
        "stub_id": new_stub_ids(len(ids)),
        "native_ids": list(native_ids_of(connection, council, ids)),
    }
    return pa.table(columns, schema=_DRAFT)
