"""The tables of the audit chain: links that are never changed, and their texts, which have an end.

Triggers refuse UPDATE and DELETE of links, and UPDATE of texts (migration 0002). No foreign key leads from
here to what an entry is about: the audit outlives its subject.
"""

from typing import Final

import sqlalchemy as sa

from muniment.adapters.sql.tables import METADATA, Instant

__all__ = ["audit", "audit_texts"]

audit: Final = sa.Table(
    "audit",
    METADATA,
    sa.Column("council", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("tag", sa.Text, nullable=False),
    sa.Column("text_digest", sa.LargeBinary, nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Index("ix_audit_digest", "council", "digest", unique=True),
)
"""The links of each council's chain; they name no person."""

audit_texts: Final = sa.Table(
    "audit_texts",
    METADATA,
    sa.Column("council", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("salt", sa.LargeBinary, nullable=False),
    sa.Column("text", sa.LargeBinary, nullable=False),
)
"""What the entries say, each with the salt that makes its digest impossible to guess."""
