"""The register's book of what was given out: keyed digests of the records in each, and no id."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from typing_extensions import override

from muniment.adapters.sql.stubs import SqlStubs
from muniment.adapters.sql.tables import METADATA, Instant
from muniment.domain.given_out import DIGEST_BYTES, GivenKind, GivenOut, Holding
from muniment.domain.stub import StubKey, stub_digest
from muniment.ports.given_out import GivenOutBook

__all__ = ["SqlGivenOut", "given_out"]

given_out: Final = sa.Table(
    "given_out",
    METADATA,
    sa.Column("council", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("records", sa.BigInteger, nullable=False),
    sa.Column("reference", sa.Text, nullable=True),
    sa.Column("place", sa.Text, nullable=True),
    sa.Column("removed_at", Instant, nullable=True),
    sa.Column("key_id", sa.Text, nullable=False),
    sa.Column("digests", sa.LargeBinary, nullable=False),
)
"""A row for each file or package; `digests` are the first bytes of its records' keyed digests, one by one."""

_g = given_out.c


class SqlGivenOut(SqlStubs, GivenOutBook):
    """What was given out, over SQLite or PostgreSQL."""

    @override
    def add_given_out(self, council: str, given: GivenOut, record_ids: Sequence[str]) -> int:
        key = self._stub_keys.newest()
        digests = _digests(key, council, record_ids)
        with self._database.write(council, durable=True) as connection:
            last = sa.select(sa.func.max(_g.number)).where(_g.council == council)
            number: int = 1 + (connection.execute(last).scalar() or 0)
            connection.execute(
                sa.insert(given_out).values(
                    council=council,
                    number=number,
                    kind=given.kind.value,
                    by=given.by,
                    at=given.at,
                    records=given.records,
                    reference=given.reference,
                    place=given.place,
                    key_id=key.key_id,
                    digests=digests,
                )
            )
        return number

    @override
    def given_out_with(self, council: str, record_ids: Sequence[str]) -> tuple[Holding, ...]:
        keys = {key.key_id: key for key in self._stub_keys.all()}
        asked: dict[str, pa.Array] = {}
        found: list[Holding] = []
        with self._database.read() as connection:
            numbers = list(
                connection.execute(
                    sa.select(_g.number).where(_g.council == council).order_by(_g.number)
                ).scalars()
            )
            for number in numbers:  # one at a time: the digests of a large export are megabytes
                row = connection.execute(
                    sa.select(given_out).where(_g.council == council, _g.number == number)
                ).one()
                if row.key_id in keys and row.key_id not in asked:
                    asked[row.key_id] = _array(_digests(keys[row.key_id], council, record_ids))
                count = _count(asked.get(row.key_id), row.digests)
                if count != 0:
                    found.append(Holding(given=_given(row), records=count))
        return tuple(found)

    @override
    def note_removed(self, council: str, number: int, *, now: datetime) -> None:
        one = sa.and_(_g.council == council, _g.number == number)
        with self._database.write(council, durable=True) as connection:
            connection.execute(sa.update(given_out).where(one).values(removed_at=now))


def _digests(key: StubKey, council: str, record_ids: Iterable[str]) -> bytes:
    """Return the digests one by one, sorted, each once: as objects those of 200,000 records take 20 MB."""
    made = bytearray()
    for one in record_ids:
        made += stub_digest(key, council, one)[:DIGEST_BYTES]
    return np.unique(np.frombuffer(made, f"S{DIGEST_BYTES}")).tobytes()


def _array(digests: bytes) -> pa.Array:
    count = len(digests) // DIGEST_BYTES
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(DIGEST_BYTES), count, [None, pa.py_buffer(digests)])


def _count(asked: pa.Array | None, digests: bytes) -> int | None:
    """Return how many of some records are among these; None: the key is gone, so nobody can tell."""
    return None if asked is None else int(pc.sum(pc.is_in(asked, _array(digests))).as_py() or 0)


def _given(row: Any) -> GivenOut:
    return GivenOut(
        number=row.number,
        kind=GivenKind(row.kind),
        by=row.by,
        at=row.at,
        records=row.records,
        reference=row.reference,
        place=row.place,
        removed_at=row.removed_at,
    )
