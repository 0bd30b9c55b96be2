"""The register's connection: SQLite by default, PostgreSQL where a council runs several machines.

Writers of one council queue behind each other: by `BEGIN IMMEDIATE` on SQLite, by `FOR UPDATE` on the
council's row on PostgreSQL. Errors of the driver leave here as errors of ours.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from muniment.adapters.sql import tables as t
from muniment.adapters.sql.lost_commits import committed
from schemas.errors import BadInputError, StorageError, WriteConflictError

__all__ = ["Database", "Part"]

_BUSY_SECONDS: Final = 60
_LOOK_AGAIN_SECONDS: Final = 0.02
_WRITES: Final = "muniment_writes"
_DURABLE: Final = "muniment_durable"
_COUNCIL: Final = (
    sa.select(t.councils.c.council).where(t.councils.c.council == sa.bindparam("council")).with_for_update()
)
_CACHE_KIB: Final = 64 * 1024
_CHECKPOINT_PAGES: Final = 8_000  # 32 MiB: bulk writes touch pages at random, and so write each less often


class _Open(threading.local):
    """The writing transaction that a thread has open: what it asks inside belongs to it."""

    connection: sa.Connection | None = None


class Database:
    """One register database. Safe to share between threads; a child process opens its own.

    Inside a `write` block, whatever the same thread reads or writes joins its transaction, so that several
    parts of the register can act as one: a fact and the audit entry about it.
    """

    def __init__(self, url: str) -> None:
        """Connect lazily; `url` is SQLAlchemy's: `sqlite:///path` or `postgresql+pg8000://...`.

        Raises:
            BadInputError: Another kind of database, or a SQLite file that other users may read.
        """
        parsed = _parsed(url)
        self._open = _Open()
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        if self.is_sqlite:
            _make_private(Path(parsed.database or ""))
            self.engine = sa.create_engine(parsed, connect_args={"timeout": _BUSY_SECONDS})
            sa.event.listen(self.engine, "connect", _prepare_sqlite)
            sa.event.listen(self.engine, "begin", _begin_sqlite)
        else:
            self.engine = sa.create_engine(parsed, pool_pre_ping=True)

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Open a transaction that reads: one consistent view on SQLite."""
        if self._open.connection is not None:
            yield self._open.connection
            return
        with _translated(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self, council: str, *, durable: bool = False) -> Iterator[sa.Connection]:
        """Open a transaction that holds the council's row; it commits when the block ends well.

        `durable`: what a person did, which nothing else remembers, is on the disk when the block ends.
        What capture notes is not waited for on SQLite (18 ms a call measured): a power cut takes the last
        notes, never a record, and their walk goes on from an earlier marker.

        Raises:
            WriteConflictError: Another process held it for a minute.
            StorageError: The disk is full or the server is away; nothing was written.
        """
        joined = self._open.connection
        if joined is not None:
            self._lock(joined, council)
            yield joined
            return
        with _translated(), self._writing(durable=durable) as connection:
            self._lock(connection, council)
            self._open.connection = connection
            try:
                yield connection
            finally:
                self._open.connection = None

    @contextmanager
    def exclusive(self) -> Iterator[sa.Connection]:
        """Open a transaction that holds the whole database, for upgrades."""
        with _translated(), self._writing(durable=True) as connection:
            if not self.is_sqlite:
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(7364213)"))
            yield connection

    def insert(self, table: sa.Table) -> Any:
        """Return an INSERT of the database's own dialect, which knows ON CONFLICT."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    def empty_log(self) -> None:
        """Let SQLite empty its write-ahead log, in which pages lie as they were; nothing inside `write`."""
        if self.is_sqlite and self._open.connection is None:
            with _translated(), self.engine.connect() as connection:
                raw = connection.connection.dbapi_connection
                if raw is not None:
                    raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").close()

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    @contextmanager
    def _writing(self, *, durable: bool) -> Iterator[sa.Connection]:
        options = {_WRITES: True, _DURABLE: durable}
        with (
            self.engine.connect().execution_options(**options) as connection,
            connection.begin() if self.is_sqlite else committed(connection),
        ):
            yield connection

    def _lock(self, connection: sa.Connection, council: str) -> None:
        if connection.execute(_COUNCIL, {"council": council}).first() is None:
            new = self.insert(t.councils).values(council=council).on_conflict_do_nothing()
            connection.execute(new)
            connection.execute(_COUNCIL, {"council": council})


class Part:
    """What every part of the register is built from."""

    def __init__(self, database: Database) -> None:
        """Keep the database."""
        self._database = database

    def stream_id(self, connection: sa.Connection, council: str, account: str, stream: str) -> int:
        """Return the number of a stream, which is drawn when it is new."""
        found = self.known_stream(connection, council, account, stream)
        if found is None:
            values = {"council": council, "account": account, "stream": stream}
            connection.execute(self._database.insert(t.streams).values(**values).on_conflict_do_nothing())
            found = self.known_stream(connection, council, account, stream)
        if found is None:
            raise StorageError("The register lost a row that it had just written.")
        return found

    def known_stream(self, connection: sa.Connection, council: str, account: str, stream: str) -> int | None:
        """Return the number of a stream, None when it has none yet."""
        c = t.streams.c
        wanted = sa.select(c.id).where(c.council == council, c.account == account, c.stream == stream)
        number: int | None = connection.execute(wanted).scalar()
        return number

    def listing_ids(self, connection: sa.Connection, stream_id: int, names: set[str]) -> dict[str, int]:
        """Return the numbers of a stream's listings, drawn when they are new."""
        found = self._known_listings(connection, stream_id, names)
        new = [{"stream_id": stream_id, "listing": name} for name in sorted(names - found.keys())]
        if new:
            connection.execute(self._database.insert(t.listings).on_conflict_do_nothing(), new)
            found |= self._known_listings(connection, stream_id, names - found.keys())
        return found

    def _known_listings(self, connection: sa.Connection, stream_id: int, names: set[str]) -> dict[str, int]:
        c = t.listings.c
        found: dict[str, int] = {}
        ordered = sorted(names)
        for start in range(0, len(ordered), 1000):
            wanted = c.listing.in_(ordered[start : start + 1000])
            rows = connection.execute(sa.select(c.listing, c.id).where(c.stream_id == stream_id, wanted))
            found |= {row.listing: row.id for row in rows}
        return found


def _parsed(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):  # the latter for a port that is no number
        parsed = None
    if parsed is not None and parsed.drivername in ("sqlite", "postgresql+pg8000") and parsed.database:
        return parsed
    raise BadInputError(
        "The register's database address cannot be used.",
        remedy="Write sqlite:////full/path/register.sqlite or postgresql+pg8000://user:password@host/name.",
    )


def _make_private(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StorageError(
            f"The register database {path} cannot be opened ({error.strerror}).",
            remedy="Give the user that runs muniment the right to read and write it.",
        ) from error
    if path.stat().st_mode & 0o077:
        raise BadInputError(
            f"Other users of this machine may open the register database {path}.",
            remedy=f"Run: chmod 600 {path}",
        )


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions are begun by `_begin_sqlite`, not by the driver
    _write_ahead(connection)
    for pragma in (
        "synchronous=FULL",
        "foreign_keys=ON",
        f"cache_size=-{_CACHE_KIB}",
        f"wal_autocheckpoint={_CHECKPOINT_PAGES}",
        "journal_size_limit=67108864",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch to write-ahead logging; wait for another process that opens the new file at the same moment.

    For this one statement SQLite does not wait as `timeout` says: of 300 new files that four processes
    opened at once, 6 answered "database is locked" within a millisecond (SQLite 3.40.1).
    """
    patience = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
            if not busy or time.monotonic() > patience:
                raise
            time.sleep(_LOOK_AGAIN_SECONDS)
        else:
            return


def _begin_sqlite(connection: sa.Connection) -> None:
    options = connection.get_execution_options()
    writes = options.get(_WRITES)
    if writes:
        connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if options.get(_DURABLE) else 'NORMAL'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sa.exc.DBAPIError as error:
        if not isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError) and (
            type(error) is not sa.exc.DatabaseError  # SQLite's word for a damaged file
        ):
            raise
        words = str(error.orig).lower()
        if "locked" in words or "busy" in words:
            raise WriteConflictError("Another process holds the register.") from error
        raise StorageError(
            "The register database cannot be read or written.",
            remedy="Check the disk for free space, or that the database server runs; then run it again.",
        ) from error
