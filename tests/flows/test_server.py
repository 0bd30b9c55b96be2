"""Prefect's server on SQLite: what failed on a connection never makes another thread wait for it."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

import pytest

from flows.server import ClosingConnection

CHECKOUT = Path(__file__).parents[2]
WAITS_MS = 3000
LEAVES_STATEMENTS = sys.version_info < (3, 12)
"""Whether Python keeps a failed statement with its cursor: where none does, `flows.server` can go."""


@pytest.mark.parametrize(
    ("kind", "waits"), [(ClosingConnection, False), (sqlite3.Connection, LEAVES_STATEMENTS)]
)
def test_letting_go_of_what_failed_waits_for_no_writer(
    tmp_path: Path, kind: type[sqlite3.Connection], *, waits: bool
) -> None:
    path = tmp_path / "prefect.db"
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as writing,
        closing(
            sqlite3.connect(path, isolation_level=None, check_same_thread=False, factory=kind)
        ) as waiting,
    ):
        writing.execute("PRAGMA journal_mode = WAL")
        writing.execute("CREATE TABLE runs (id UNIQUE)")
        writing.execute("INSERT INTO runs VALUES (1)")
        waiting.execute(f"PRAGMA busy_timeout = {WAITS_MS}")
        failed = waiting.cursor()
        with pytest.raises(sqlite3.IntegrityError):
            failed.execute("INSERT INTO runs VALUES (?)", (1,))
        gave_up, begun = Event(), Event()

        def wait() -> None:
            begun.set()
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                waiting.execute("INSERT INTO runs VALUES (2)")
            gave_up.set()

        writing.execute("BEGIN IMMEDIATE")
        other = Thread(target=wait)
        other.start()
        begun.wait()
        assert not gave_up.wait(WAITS_MS / 6000)
        del failed
        assert gave_up.is_set() == waits
        other.join()
        writing.execute("ROLLBACK")


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
