"""The hot statements of hold sets, written by hand: a hundred thousand records are one call of the driver.

SQLite takes them as a list into a temporary table, PostgreSQL as one JSON text (see `bulk`). Measured
on SQLite, 1,000 holds of 1,000 records each: asking for 297,665 records 3.1 s of processor time (4.0 with
SQLAlchemy's IN), placing them 9 s (18).
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa

__all__ = ["held_of", "put_under"]

_SQLITE_ASKED: Final = (
    "CREATE TEMP TABLE IF NOT EXISTS asked_keys (record_key BLOB PRIMARY KEY) WITHOUT ROWID",
    "DELETE FROM asked_keys",
)
_SQLITE_ASK: Final = "INSERT OR IGNORE INTO temp.asked_keys VALUES (?)"
# CROSS JOIN keeps the order: begun with the holds, each of them would be tried on every record.
_SQLITE_HELD: Final = """
SELECT r.record_key, min(r.hold_id), count(*)
FROM temp.asked_keys AS asked
CROSS JOIN hold_records r INDEXED BY ix_hold_records_key ON r.record_key = asked.record_key
CROSS JOIN holds h ON h.id = r.hold_id
WHERE h.council = ? AND h.released_at IS NULL GROUP BY r.record_key
"""
_SQLITE_PUT: Final = "INSERT OR IGNORE INTO hold_records (hold_id, record_key, record_id) VALUES (?, ?, ?)"

_POSTGRESQL_HELD: Final = sa.text("""
SELECT r.record_key, min(r.hold_id), count(*)
FROM (
  SELECT decode(value, 'hex') AS record_key FROM json_array_elements_text(CAST(:asked AS json))
) AS asked
JOIN hold_records r ON r.record_key = asked.record_key
JOIN holds h ON h.id = r.hold_id
WHERE h.council = :council AND h.released_at IS NULL GROUP BY r.record_key
""")
_POSTGRESQL_PUT: Final = sa.text("""
INSERT INTO hold_records (hold_id, record_key, record_id)
SELECT :hold_id, decode(told.record_key, 'hex'), told.record_id
FROM json_to_recordset(CAST(:told AS json)) AS told(record_key text, record_id text)
ON CONFLICT DO NOTHING
""")


def held_of(connection: sa.Connection, council: str, keys: Sequence[bytes]) -> Iterable[Sequence[Any]]:
    """Return the key, lowest hold and number of open holds of each of these records that is held."""
    if connection.dialect.name == "sqlite":
        for statement in _SQLITE_ASKED:
            connection.exec_driver_sql(statement)
        if keys:
            connection.exec_driver_sql(_SQLITE_ASK, [(key,) for key in sorted(keys)])
        return connection.exec_driver_sql(_SQLITE_HELD, (council,)).all()
    asked = _json([key.hex() for key in keys])
    return connection.execute(_POSTGRESQL_HELD, {"asked": asked, "council": council}).all()


def put_under(connection: sa.Connection, hold_id: int, records: Sequence[tuple[bytes, str]]) -> None:
    """Put records, by key and id, under a hold; those that are there stay as they are."""
    if not records:
        return
    if connection.dialect.name == "sqlite":
        rows = [(hold_id, key, record_id) for key, record_id in sorted(records)]
        connection.exec_driver_sql(_SQLITE_PUT, rows)
        return
    told = _json([{"record_key": key.hex(), "record_id": record_id} for key, record_id in records])
    connection.execute(_POSTGRESQL_PUT, {"hold_id": hold_id, "told": told})


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
