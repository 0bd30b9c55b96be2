"""Clearing destroyed records out of the register: presence, threads, cursors, walks, lists, gaps, holds.

Every column of the register is told of here: either it can name no record (`ID_FREE`), or what clears it. A
test holds that against the tables, so that a new one cannot be forgotten. Counts stay: the ledger lines of a
destroyed post's comments go on under a name that says nothing.

SQLite is told to overwrite what it deletes; the caller then lets it empty its write-ahead log. PostgreSQL
frees the space for reuse, which the certificate says.
"""

import re
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from muniment.adapters.sql import disposal_tables as d
from muniment.adapters.sql import hold_tables as h
from muniment.adapters.sql import retention_tables as r
from muniment.adapters.sql import tables as t
from muniment.adapters.sql.engine import Part
from muniment.adapters.sql.intents import native_ids_of
from muniment.adapters.sql.presence import chunks
from muniment.adapters.sql.stubs import packed, unpacked
from muniment.adapters.sql.tables import record_key
from muniment.domain.disposal_run import RunState
from schemas.capture import comments_of

__all__ = ["CLEARED", "SqlForgetting"]

CLEARED: Final[Mapping[str, frozenset[str]]] = {
    "presence": frozenset({"record_key", "record_id", "thread_id", "native_id", "version_id"}),
    "threads": frozenset({"record_key"}),
    "listings": frozenset({"listing"}),
    "gaps": frozenset({"listing"}),
    "streams": frozenset({"cursor_id"}),
    "walks": frozenset({"ask", "marker", "signpost_id", "last_note"}),
    "hold_records": frozenset({"record_key", "record_id"}),
    "aliases": frozenset({"record_key", "other_key", "record_id", "other_id"}),
    "disposal_runs": frozenset({"items", "intent"}),
    "disposal_decisions": frozenset({"value"}),
    "retention_facts": frozenset({"record_key", "name"}),
    "retention_decisions": frozenset({"record_key", "name"}),
    "retention_case_records": frozenset({"record_key", "record_id"}),
    "transfer_records": frozenset({"record_key", "record_id"}),
}
"""The columns in which a record may be named, and which this module clears."""

_WORD: Final = re.compile(r"[^\s\"',;|&?=\[\]{}]+")
_p, _s, _w, _r = t.presence.c, t.streams.c, t.walks.c, d.runs.c


class SqlForgetting(Part):
    """Clears ids, and looks for those that are left."""

    def forget(self, council: str, record_ids: Sequence[str]) -> Mapping[str, int]:
        """Clear ids of destroyed records from the register; return how many rows by table. Idempotent."""
        told: Counter[str] = Counter()
        natives = self._native_ids(council, record_ids)
        words = natives | set(record_ids)
        with self._clearing(council) as connection:
            told["walks"] += self._clear_walks(connection, council, words)
            told["streams"] += self._clear_cursors(connection, council, natives)
            told["disposal_runs"] += self._clear_lists(connection, council, record_ids)
        for ids in chunks(record_ids):
            with self._clearing(council) as connection:
                told.update(self._clear_listings(connection, council, ids))
                chosen = sa.update(d.decisions).where(_chosen(council, ids)).values(value=None)
                told[d.decisions.name] += connection.execute(chosen).rowcount
                keys = [record_key(one) for one in ids]
                for table, wanted in _keyed(council, keys):
                    told[table.name] += connection.execute(sa.delete(table).where(wanted)).rowcount
        self._database.empty_log()
        return {name: count for name, count in sorted(told.items()) if count}

    def mentions(self, council: str, record_ids: Sequence[str]) -> int:
        """Return how many rows of the register name one of these records, but for the runs' own intents."""
        found = 0
        with self._database.read() as connection:
            for ids in chunks(record_ids):
                keys = [record_key(one) for one in ids]
                names = [comments_of(one) for one in ids]
                named = [
                    (table, sa.and_(table.c.listing.in_(names), table.c.stream_id.in_(_streams_of(council))))
                    for table in (t.listings, t.gaps)
                ]
                chosen = (d.decisions, _chosen(council, ids))
                for table, wanted in (*_keyed(council, keys), *named, chosen):
                    counted = sa.select(sa.func.count()).select_from(table).where(wanted)
                    found += connection.execute(counted).scalar_one()
            walks = connection.execute(_walks_of(council)).all()
        words = set(record_ids)
        return found + sum(bool(_words(row) & words) for row in walks)

    @contextmanager
    def _clearing(self, council: str) -> Iterator[sa.Connection]:
        """Open a transaction whose deletions are overwritten on SQLite, whatever its default."""
        with self._database.write(council, durable=True) as connection:
            if self._database.is_sqlite:
                connection.exec_driver_sql("PRAGMA secure_delete=ON")
            yield connection

    def _native_ids(self, council: str, record_ids: Sequence[str]) -> set[str]:
        """Return what platforms call these records: by open intents, and presence while it knows."""
        found: set[str] = set()
        with self._database.read() as connection:
            opened = sa.and_(_r.council == council, _r.intent.is_not(None))
            wanted_ids = pa.array(record_ids, pa.string())
            for value in connection.execute(sa.select(_r.intent).where(opened)).scalars():
                intent = unpacked(value)
                mine = intent.filter(pc.is_in(intent["record_id"], wanted_ids))
                found.update(one for ones in mine["native_ids"].to_pylist() for one in ones)
            found.update(one for ones in native_ids_of(connection, council, record_ids) for one in ones)
        return found

    def _clear_walks(self, connection: sa.Connection, council: str, words: AbstractSet[str]) -> int:
        """Take ids out of what walks ask for and where they stand; an open walk starts anew, if it must."""
        count = 0
        for row in connection.execute(_walks_of(council)).all():
            if not _words(row) & words:
                continue
            count += 1
            values: dict[str, Any] = {"ask": _without(row.ask, words), "last_note": None}
            if row.signpost_id in words:
                values["signpost_id"] = None
            if row.marker is not None and _words_in(row.marker) & words:
                values |= {"marker": None} if row.closed_at is not None else {"marker": None, "ended": False}
                lists = t.walk_listings
                connection.execute(sa.delete(lists).where(lists.c.walk_id == row.walk_id))
            connection.execute(sa.update(t.walks).where(_w.walk_id == row.walk_id).values(values))
        return count

    def _clear_cursors(self, connection: sa.Connection, council: str, natives: AbstractSet[str]) -> int:
        """Leave a cursor its time when the record that it names is gone."""
        count = 0
        wanted = sa.select(_s.id, _s.cursor_id).where(_s.council == council, _s.cursor_id.is_not(None))
        for row in connection.execute(wanted).all():
            if row.cursor_id in natives:
                count += 1
                connection.execute(sa.update(t.streams).where(_s.id == row.id).values(cursor_id=None))
        return count

    def _clear_listings(
        self, connection: sa.Connection, council: str, ids: Sequence[str]
    ) -> Mapping[str, int]:
        """Give the lists of their comments, and the gaps of these, a name that says nothing."""
        count: Counter[str] = Counter()
        names = [comments_of(one) for one in ids]
        for table in (t.listings, t.gaps):
            c = table.c
            wanted = sa.select(c.id, c.listing).where(
                c.listing.in_(names), c.stream_id.in_(_streams_of(council))
            )
            new: dict[str, str] = {}
            for row in connection.execute(wanted).all():
                name = new.setdefault(row.listing, f"disposed:{secrets.token_hex(8)}")
                connection.execute(sa.update(table).where(c.id == row.id).values(listing=name))
                count[table.name] += 1
        return count

    def _clear_lists(self, connection: sa.Connection, council: str, record_ids: Sequence[str]) -> int:
        """Take the records out of the lists of other runs, which may name them too."""
        count = 0
        gone = pa.array(record_ids, pa.string())
        wanted = sa.select(_r.run, _r["items"].label("listed")).where(
            _r.council == council, _r["items"].is_not(None), _r.intent.is_(None)
        )
        for row in connection.execute(wanted).all():
            items = unpacked(row.listed)
            named = pc.is_in(items["record_id"], gone)
            if pc.any(named).as_py():
                count += 1
                left = packed(items.filter(pc.invert(named)))
                of_run = sa.and_(_r.council == council, _r.run == row.run)
                connection.execute(sa.update(d.runs).where(of_run).values(items=left))
        return count


def _chosen(council: str, ids: Sequence[str]) -> Any:
    """What people said of these records on other lists; of threads only where a list is stopped for good.

    An open list goes on naming a thread whose first record is gone, as the archive does: what was said of
    the thread is of those that stay. A run's own are cleared when it closes, with its intent.
    """
    c = d.decisions.c
    of_list = sa.and_(_r.council == council, _r.intent.is_(None))
    runs = sa.select(_r.run).where(of_list).scalar_subquery()
    stopped = sa.select(_r.run).where(of_list, _r.state == RunState.CANCELLED.value).scalar_subquery()
    which = sa.or_(
        sa.and_(c.facet == "record_id", c.run.in_(runs)), sa.and_(c.facet == "thread_id", c.run.in_(stopped))
    )
    return sa.and_(c.council == council, c.value.in_(ids), which)


def _keyed(council: str, keys: Sequence[bytes]) -> list[tuple[sa.Table, Any]]:
    """Return the tables that know records by their key, and which rows are of these records."""
    streams = _streams_of(council)
    holds = sa.select(h.holds.c.id).where(h.holds.c.council == council).scalar_subquery()
    a = h.aliases.c
    return [
        (t.presence, sa.and_(_p.record_key.in_(keys), _p.stream_id.in_(streams))),
        (t.threads, sa.and_(t.threads.c.record_key.in_(keys), t.threads.c.stream_id.in_(streams))),
        (
            h.hold_records,
            sa.and_(h.hold_records.c.record_key.in_(keys), h.hold_records.c.hold_id.in_(holds)),
        ),
        (h.aliases, sa.and_(a.council == council, sa.or_(a.record_key.in_(keys), a.other_key.in_(keys)))),
        *(
            (table, sa.and_(table.c.council == council, table.c.record_key.in_(keys)))
            for table in (r.facts, r.reclassifications, r.case_records, r.transfer_records)
        ),
    ]


def _streams_of(council: str) -> Any:
    return sa.select(_s.id).where(_s.council == council).scalar_subquery()


def _walks_of(council: str) -> Any:
    return (
        sa.select(_w.walk_id, _w.ask, _w.marker, _w.signpost_id, _w.closed_at)
        .join(t.streams, _s.id == _w.stream_id)
        .where(_s.council == council)
    )


def _words(row: Any) -> set[str]:
    found = _words_in(row.ask) | _words_in(row.marker or "")
    return found if row.signpost_id is None else found | {row.signpost_id}


def _words_in(text: str) -> set[str]:
    """Return what may be an id in a text that is JSON or a platform's own word."""
    return set(_WORD.findall(text))


def _without(ask: str, words: AbstractSet[str]) -> str:
    """Return what a walk asks for without the records that are gone."""
    told: dict[str, Any] = msgspec.json.decode(ask)
    for name in ("threads", "wanted", "controls"):
        if name in told:
            told[name] = [
                one for one in told[name] if one["record_id"] not in words and one["native_id"] not in words
            ]
    since = told.get("since")
    if since and since.get("native_id") in words:
        since["native_id"] = None
    return msgspec.json.encode(told).decode()
