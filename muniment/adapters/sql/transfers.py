"""Transfers in the register: packages for the record office, what is in them, and its receipts."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from muniment.adapters.sql import retention_tables as r
from muniment.adapters.sql.engine import Part
from muniment.adapters.sql.tables import record_key
from muniment.ports.retention import Transfer
from schemas.errors import BadInputError

__all__ = ["SqlTransfers"]

_CHUNK: Final = 5_000
_t, _i = r.transfers.c, r.transfer_records.c


class SqlTransfers(Part):
    """Transfers over SQLite or PostgreSQL."""

    def add_transfer(self, council: str, transfer: Transfer, record_ids: Iterable[str]) -> None:
        """Keep that a package was made, and of what."""
        told = {name: getattr(transfer, name) for name in Transfer.__slots__}
        rows = [
            {
                "council": council,
                "transfer": transfer.transfer,
                "record_key": record_key(one),
                "record_id": one,
            }
            for one in sorted(set(record_ids))
        ]
        with self._database.write(council, durable=True) as connection:
            connection.execute(sa.insert(r.transfers).values(council=council, **told))
            for start in range(0, len(rows), _CHUNK):
                connection.execute(sa.insert(r.transfer_records), rows[start : start + _CHUNK])

    def receive_transfer(self, council: str, transfer: str, *, receipt: str, by: str, at: datetime) -> None:
        """Keep the record office's receipt.

        Raises:
            BadInputError: There is no such package, or it was received already.
        """
        waits = (_t.council == council, _t.transfer == transfer, _t.receipt.is_(None))
        received = sa.update(r.transfers).where(*waits)
        with self._database.write(council, durable=True) as connection:
            values = {"receipt": receipt, "received_by": by, "received_at": at}
            if connection.execute(received.values(**values)).rowcount != 1:
                raise BadInputError(
                    f"No transfer {transfer} of {council} waits for a receipt.",
                    remedy="`muniment transfer list` shows the transfers.",
                )

    def transfers(self, council: str) -> tuple[Transfer, ...]:
        """Return every package, oldest first."""
        wanted = sa.select(r.transfers).where(_t.council == council).order_by(_t.at, _t.transfer)
        with self._database.read() as connection:
            rows = connection.execute(wanted).all()
        return tuple(Transfer(**{name: getattr(row, name) for name in Transfer.__slots__}) for row in rows)

    def transferred_records(self, council: str) -> Mapping[str, str]:
        """Return the records that the record office has received, with the package each came in."""
        wanted = (
            sa.select(_i.record_id, _i.transfer)
            .join_from(
                r.transfer_records,
                r.transfers,
                sa.and_(_t.council == _i.council, _t.transfer == _i.transfer),
            )
            .where(_i.council == council, _t.receipt.is_not(None))
            .order_by(_t.at)
        )
        with self._database.read() as connection:
            return {row.record_id: row.transfer for row in connection.execute(wanted)}

    def transfer_records(self, council: str, transfer: str) -> tuple[str, ...]:
        """Return the records of a package that are still held here, sorted."""
        wanted = sa.select(_i.record_id).where(_i.council == council, _i.transfer == transfer)
        with self._database.read() as connection:
            return tuple(connection.execute(wanted.order_by(_i.record_id)).scalars())
