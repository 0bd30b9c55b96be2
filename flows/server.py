"""`python -m flows.server`: Prefect's server, started as `prefect` starts it; its SQLite cannot stop it.

Python before 3.12 leaves a statement that failed with its cursor, and SQLAlchemy leaves that cursor open. The
garbage collector finds it later, in whichever thread it runs. In the event loop's it resets the statement
and waits for its connection: where the thread of that connection waited for another writer, nothing could
commit, and all stood until SQLite gave up after a minute (ADR 0007). So a cursor closes where it failed.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any

from prefect.cli import app
from sqlalchemy import event
from sqlalchemy.engine import Dialect, Engine
from typing_extensions import override

__all__ = ["ClosingConnection", "use_closing_connections"]


class _ClosingCursor(sqlite3.Cursor):
    @override
    def execute(self, sql: str, parameters: Any = (), /) -> "_ClosingCursor":
        try:
            super().execute(sql, parameters)
        except sqlite3.Error:
            self.close()
            raise
        return self

    @override
    def executemany(self, sql: str, parameters: Any, /) -> "_ClosingCursor":
        try:
            super().executemany(sql, parameters)
        except sqlite3.Error:
            self.close()
            raise
        return self


class ClosingConnection(sqlite3.Connection):
    """A connection whose cursors are closed by the thread in which a statement of theirs failed."""

    @override
    def cursor(self, factory: Any = _ClosingCursor) -> Any:
        return super().cursor(factory)


def use_closing_connections() -> None:
    """Let every engine of this process that speaks to SQLite make such connections."""
    event.listen(Engine, "do_connect", _give_factory)


def _give_factory(
    dialect: Dialect, _record: object, _arguments: Sequence[object], options: dict[str, Any]
) -> None:
    if dialect.name == "sqlite":
        options["factory"] = ClosingConnection


if __name__ == "__main__":
    use_closing_connections()
    app()
