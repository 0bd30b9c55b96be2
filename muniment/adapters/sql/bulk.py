"""The register's hot statements, written by hand: a batch is one call of the driver, never one per row.

SQLite takes a list of rows (`executemany`). PostgreSQL takes one statement with all rows as one JSON text:
its driver sends a list row by row, and spells arrays out letter by letter (ten times slower, measured).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import pyarrow as pa
import sqlalchemy as sa

__all__ = ["PRESENCE_COLUMNS", "enter_stubs", "see_again", "take_presence", "tell_threads"]

PRESENCE_COLUMNS: Final = (
    ("record_key", "bytea"),
    ("stream_id", "bigint"),
    ("record_id", "text"),
    ("listing_id", "bigint"),
    ("thread_id", "text"),
    ("native_id", "text"),
    ("series", "text"),
    ("digest_rule", "bigint"),
    ("filed_at", "bigint"),
    ("version_id", "bytea"),
    ("state", "text"),
    ("shown", "text"),
    ("absences", "bigint"),
    ("first_absent_at", "bigint"),
    ("metrics", "text"),
    ("metrics_at", "bigint"),
    ("observed_at", "bigint"),
    ("commit_no", "bigint"),
    ("last_walk", "text"),
    ("last_seen_at", "bigint"),
)

_NAMES: Final = ", ".join(name for name, _ in PRESENCE_COLUMNS)
_BELIEFS: Final = (
    *(
        "listing_id",
        "thread_id",
        "native_id",
        "series",
        "digest_rule",
        "filed_at",
        "version_id",
    ),
    *("state", "shown", "absences", "first_absent_at", "observed_at", "commit_no"),
)
_SET: Final = ", ".join(f"{name} = excluded.{name}" for name in _BELIEFS)
# A look without metrics leaves those known before. A row that is older than what presence holds, by time and
# then by commit, changes nothing, so the order in which files are read does not matter.
_UPSERT: Final = f"""
ON CONFLICT (record_key, stream_id) DO UPDATE SET {_SET},
  metrics = CASE WHEN excluded.metrics = '{{}}' THEN presence.metrics ELSE excluded.metrics END,
  metrics_at = CASE WHEN excluded.metrics = '{{}}' THEN presence.metrics_at ELSE excluded.metrics_at END,
  last_walk = CASE WHEN excluded.observed_at >= presence.last_seen_at
    THEN excluded.last_walk ELSE presence.last_walk END,
  last_seen_at = CASE WHEN excluded.last_seen_at > presence.last_seen_at
    THEN excluded.last_seen_at ELSE presence.last_seen_at END
WHERE excluded.observed_at > presence.observed_at
  OR (excluded.observed_at = presence.observed_at AND excluded.commit_no >= presence.commit_no)
"""

_SEE_SQLITE: Final = """
UPDATE presence SET last_walk = ?, last_seen_at = ?
WHERE record_key = ? AND stream_id = ? AND last_seen_at <= ?
"""
_SEE_POSTGRESQL: Final = """
UPDATE presence SET last_walk = :walk, last_seen_at = seen.at
FROM json_to_recordset(CAST(:rows AS json)) AS seen(key text, at bigint)
WHERE presence.record_key = decode(seen.key, 'hex') AND presence.stream_id = :stream
  AND presence.last_seen_at <= seen.at
"""

_THREADS: Final = """
ON CONFLICT (record_key, stream_id) DO UPDATE SET
  filed_at = coalesce(excluded.filed_at, threads.filed_at),
  reported = CASE WHEN excluded.reported IS NULL OR excluded.reported_at < threads.reported_at
    THEN threads.reported ELSE excluded.reported END,
  reported_at = CASE WHEN excluded.reported IS NULL OR excluded.reported_at < threads.reported_at
    THEN threads.reported_at ELSE excluded.reported_at END
"""
_THREAD_COLUMNS: Final = (
    ("record_key", "bytea"),
    ("stream_id", "bigint"),
    ("filed_at", "bigint"),
    ("reported", "bigint"),
    ("reported_at", "bigint"),
)


_STUBS_AT_ONCE: Final = 20_000
"""Stubs that are made and written together: 300,000 at once took half a gigabyte."""
_STUB_COLUMNS: Final = (
    ("council", "text"),
    ("digest", "bytea"),
    *((name, "text") for name in ("key_id", "stub_id", "platform", "account", "kind", "retention_class")),
    *((name, "text") for name in ("schedule", "event", "run", "parent")),
    *((name, "date") for name in ("event_on", "first_captured_on", "last_captured_on", "disposed_on")),
)


def enter_stubs(connection: sa.Connection, stubs: pa.Table, told: Mapping[str, str | None]) -> None:
    """Insert stubs; those that are there stay as they are.

    10,000 took PostgreSQL 24 s one by one, on two busy processors with the council locked meanwhile.

    Args:
        connection: Where to.
        stubs: A row for each, with columns of the table `stubs`.
        told: What stands in the others, alike in all; days as ISO 8601.
    """
    for batch in stubs.to_batches(max_chunksize=_STUBS_AT_ONCE):
        columns = (
            [told[name]] * len(batch) if name in told else _values(batch[name]) for name, _ in _STUB_COLUMNS
        )
        rows = list(zip(*columns, strict=True))
        if connection.dialect.name != "sqlite":
            _insert_json(connection, "stubs", _STUB_COLUMNS, rows, "ON CONFLICT DO NOTHING")
            continue
        names = ", ".join(name for name, _ in _STUB_COLUMNS)
        marks = ", ".join("?" * len(_STUB_COLUMNS))
        sql = f"INSERT INTO stubs ({names}) VALUES ({marks}) ON CONFLICT DO NOTHING"  # noqa: S608 - fixed names
        connection.exec_driver_sql(sql, rows)


def _values(column: pa.Array) -> list[Any]:
    """Return what the drivers take; by way of numpy it takes a tenth of the time."""
    plain = column.cast(pa.string()) if pa.types.is_date(column.type) else column
    values: list[Any] = plain.to_numpy(zero_copy_only=False).tolist()
    return values


def take_presence(connection: sa.Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert or bring up to date; `rows` follow PRESENCE_COLUMNS, oldest look first.

    They are written as they come: list by list and by time, as two of the indexes lie. In the order of their
    keys they took a third longer, at 200,000 records and at 800,000 (measured).
    """
    _upsert(connection, "presence", PRESENCE_COLUMNS, rows, _UPSERT)


def tell_threads(
    connection: sa.Connection, rows: Sequence[tuple[bytes, int, int | None, int | None, int]]
) -> None:
    """Remember how many comments posts report: (record key, stream, filed_at, comments, told at)."""
    _upsert(connection, "threads", _THREAD_COLUMNS, rows, _THREADS)


def see_again(
    connection: sa.Connection, stream_id: int, walk_id: str, seen: Sequence[tuple[bytes, int]]
) -> None:
    """Move `last_walk` and `last_seen_at` of records that a walk saw: (record key, time) of each."""
    if not seen:
        return
    if connection.dialect.name == "sqlite":
        rows = [(walk_id, at, key, stream_id, at) for key, at in sorted(seen)]
        connection.exec_driver_sql(_SEE_SQLITE, rows)
        return
    told = msgspec.json.encode([{"key": key.hex(), "at": at} for key, at in seen]).decode()
    connection.execute(sa.text(_SEE_POSTGRESQL), {"walk": walk_id, "stream": stream_id, "rows": told})


def _upsert(
    connection: sa.Connection,
    table: str,
    columns: Sequence[tuple[str, str]],
    rows: Sequence[tuple[Any, ...]],
    conflict: str,
) -> None:
    if connection.dialect.name != "sqlite":
        for turn in _turns(rows):
            _insert_json(connection, table, columns, turn, conflict)
    elif rows:
        names = ", ".join(name for name, _ in columns)
        marks = ", ".join("?" * len(columns))
        sql = f"INSERT INTO {table} ({names}) VALUES ({marks}) {conflict}"  # noqa: S608 - fixed names
        connection.exec_driver_sql(sql, list(rows))


def _insert_json(
    connection: sa.Connection,
    table: str,
    columns: Sequence[tuple[str, str]],
    rows: Sequence[tuple[Any, ...]],
    conflict: str,
) -> None:
    """Insert rows as one statement; bytes travel as hex."""
    names = [name for name, _ in columns]
    picked = ", ".join(f"decode({name}, 'hex')" if kind == "bytea" else name for name, kind in columns)
    typed = ", ".join(f"{name} {'text' if kind == 'bytea' else kind}" for name, kind in columns)
    sql = (
        f"INSERT INTO {table} ({', '.join(names)}) SELECT {picked} "  # noqa: S608 - fixed names
        f"FROM json_to_recordset(CAST(:rows AS json)) AS n({typed}) {conflict}"
    )
    as_hex = [number for number, (_, kind) in enumerate(columns) if kind == "bytea"]
    told = []
    for row in rows:
        values = dict(zip(names, row, strict=True))
        for number in as_hex:
            values[names[number]] = None if row[number] is None else row[number].hex()
        told.append(values)
    connection.execute(sa.text(sql), {"rows": msgspec.json.encode(told).decode()})


def _turns(rows: Sequence[tuple[Any, ...]]) -> list[list[tuple[Any, ...]]]:
    """Split rows so that none holds a key (the first two columns) twice.

    One statement of PostgreSQL cannot update a row two times.
    """
    counts: dict[tuple[Any, ...], int] = {}
    turns: list[list[tuple[Any, ...]]] = []
    for row in rows:
        turn = counts[row[:2]] = counts.get(row[:2], -1) + 1
        if turn == len(turns):
            turns.append([])
        turns[turn].append(row)
    return turns
