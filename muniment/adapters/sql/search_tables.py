"""The tables of saved searches. They hold what officers typed, never a record or its id."""

from typing import Final

import sqlalchemy as sa

from muniment.adapters.sql.tables import METADATA, Instant

__all__ = ["saved_searches", "search_decisions", "search_statements"]

saved_searches: Final = sa.Table(
    "saved_searches",
    METADATA,
    sa.Column("council", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("revision", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("typed", sa.Text, nullable=False),
    sa.Column("filters", sa.Text, nullable=False),
    sa.Column("case_reference", sa.Text, nullable=True),
    sa.Column("saved_by", sa.Text, nullable=False),
    sa.Column("saved_at", Instant, nullable=False),
    sa.Column("dropped_at", Instant, nullable=True),
)
"""One row for each revision; `filters` is a JSON object of words."""

search_decisions: Final = sa.Table(
    "search_decisions",
    METADATA,
    sa.Column("council", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Column("of_words", sa.Text, nullable=False),
    sa.Column("adds", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("versions", sa.BigInteger, nullable=False),
    sa.Column("accepted", sa.Boolean, nullable=False),
    sa.Column("decided_by", sa.Text, nullable=False),
    sa.Column("decided_at", Instant, nullable=False),
)
"""What officers said to other spellings and forms."""

search_statements: Final = sa.Table(
    "search_statements",
    METADATA,
    sa.Column("council", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("sha256", sa.LargeBinary, nullable=False),
    sa.Column("records", sa.BigInteger, nullable=False),
    sa.Column("versions", sa.BigInteger, nullable=False),
    sa.Column("watermark", sa.BigInteger, nullable=False),
    sa.Column("accepted_by", sa.Text, nullable=False),
    sa.Column("accepted_at", Instant, nullable=False),
)
"""Statements of search as they were accepted for a reply, word for word."""
