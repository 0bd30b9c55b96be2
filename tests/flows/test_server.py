"""Prefect's server on SQLite: a statement that failed is let go by the thread it failed in (ADR 0007)."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from flows.server import ClosingConnection

CHECKOUT = Path(__file__).parents[2]


@pytest.mark.parametrize("verb", ["execute", "executemany"])
def test_a_cursor_closes_where_its_statement_failed_and_the_connection_goes_on(verb: str) -> None:
    """Who lets go of it later, in whichever thread, then resets nothing and waits for no connection."""
    insert, row = "INSERT INTO runs VALUES (?)", (1,)
    with closing(sqlite3.connect(":memory:", factory=ClosingConnection)) as connection:
        connection.execute("CREATE TABLE runs (id UNIQUE)")
        connection.execute(insert, row)
        failed = connection.cursor()
        with pytest.raises(sqlite3.IntegrityError):
            getattr(failed, verb)(insert, row if verb == "execute" else [row])
        with pytest.raises(sqlite3.ProgrammingError, match="closed cursor"):
            failed.execute("SELECT id FROM runs")
        assert connection.execute("SELECT id FROM runs").fetchall() == [row]


CONNECTED = """
import asyncio
from flows.server import use_closing_connections
from prefect.server.database.configurations import AioSqliteConfiguration
from sqlalchemy import text

async def main() -> None:
    engine = await AioSqliteConfiguration("sqlite+aiosqlite:///prefect.db").engine()
    async with engine.connect() as connection:
        assert (await connection.execute(text("PRAGMA journal_mode"))).scalar() == "wal"
        raw = await connection.get_raw_connection()
        print(type(raw.driver_connection._conn).__name__)
    await engine.dispose()

use_closing_connections()
asyncio.run(main())
"""


def test_every_connection_of_the_server_is_of_that_kind(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CONNECTED],
        cwd=tmp_path,
        env={"PYTHONPATH": str(CHECKOUT), "PREFECT_HOME": str(tmp_path)},
        check=False,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.stdout.strip() == "ClosingConnection", done.stderr
