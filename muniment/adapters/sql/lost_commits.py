"""Commits whose answer was lost: PostgreSQL remembers of every transaction how it ended, and is asked.

A person whose act was told as failed would do it again, and a hold would stand there twice.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import sqlalchemy as sa

from schemas.errors import StorageError

__all__ = ["committed"]

_PATIENCE_SECONDS: Final = 60.0
_LOOK_AGAIN_SECONDS: Final = 0.2
_NUMBER: Final = sa.select(sa.func.txid_current_if_assigned())
_UNDERWAY: Final = "in progress"


@contextmanager
def committed(connection: sa.Connection) -> Iterator[None]:
    """Run a transaction that ends with the block, and is done once PostgreSQL has it, said or not.

    Raises:
        StorageError: It was to be committed, and the server does not say whether it was.
        sqlalchemy.exc.DBAPIError: Nothing was written.
    """
    with connection.begin() as transaction:
        yield
        number = connection.execute(_NUMBER).scalar()
        try:
            transaction.commit()
        except sa.exc.DBAPIError as error:
            if number is None or not error.connection_invalidated or not _landed(connection.engine, number):
                raise


def _landed(engine: sa.Engine, number: int) -> bool:
    """Return whether a transaction was committed; asked until the server is there and it has ended."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            with engine.connect() as other:
                status = other.execute(sa.select(sa.func.txid_status(number))).scalar()
        except sa.exc.DBAPIError:
            status = _UNDERWAY
        if status != _UNDERWAY:
            return bool(status == "committed")
        if time.monotonic() > deadline:
            raise StorageError(
                "The register's database server did not say whether it wrote what it was told.",
                remedy="Look whether it is there once the server answers, before you do it again.",
            )
        time.sleep(_LOOK_AGAIN_SECONDS)
