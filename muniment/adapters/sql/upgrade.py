"""Brings a register database to the revision that this muniment speaks; nothing is ever downgraded."""

from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from muniment.adapters.sql.engine import Database
from schemas.errors import SchemaMismatchError

__all__ = ["HEAD", "upgrade"]

HEAD: Final = "0009"
"""The newest revision under `migrations/versions`."""

_SCRIPTS: Final = Path(__file__).parent / "migrations"


def upgrade(database: Database, *, to: str = HEAD) -> None:
    """Run the revisions that are missing, in one transaction; a database that has them is left alone.

    Raises:
        SchemaMismatchError: A newer muniment wrote this database.
    """
    with database.read() as connection:
        if revision_of(connection) == to:
            return
    with database.exclusive() as connection:
        _run(connection, to)


def revision_of(connection: sa.Connection) -> str | None:
    """Return the revision of a database; None: it is empty."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return found


def _run(connection: sa.Connection, to: str) -> None:
    from alembic import command  # noqa: PLC0415 - a fifth of a second that an up-to-date register is spared
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config: Any = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, to)
    except CommandError as error:
        raise SchemaMismatchError(
            "The register database was written by another version of muniment "
            f"(revision {revision_of(connection)}; this one knows {HEAD}).",
            remedy="Install that version or a newer one, or restore the backup made before the upgrade.",
        ) from error
