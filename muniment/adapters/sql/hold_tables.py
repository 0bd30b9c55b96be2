"""The tables of people, their roles and teams, and of holds.

`hold_records` is what a hold's scope came to: record ids, found when it was placed and added to with new
commits up to the hold's `watermark`. An id stands there for as long as its record: erasure clears it.
"""

from typing import Final

import sqlalchemy as sa

from muniment.adapters.sql.tables import METADATA, Instant

__all__ = ["aliases", "appointments", "hold_records", "holds", "team_members"]

_NUMBER: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

appointments: Final = sa.Table(
    "appointments",
    METADATA,
    sa.Column("council", sa.Text, primary_key=True),
    sa.Column("person", sa.Text, primary_key=True),
    sa.Column("role", sa.Text, primary_key=True),
    sa.Column("from_on", sa.Date, primary_key=True),
    sa.Column("until_on", sa.Date, nullable=True),
)
"""Who has which role, from one London day to another."""

team_members: Final = sa.Table(
    "team_members",
    METADATA,
    sa.Column("council", sa.Text, primary_key=True),
    sa.Column("person", sa.Text, primary_key=True),
    sa.Column("team", sa.Text, primary_key=True),
    sa.Column("from_on", sa.Date, primary_key=True),
    sa.Column("until_on", sa.Date, nullable=True),
)
"""Who is in which team, from one London day to another: HR, a service, a partner council."""

holds: Final = sa.Table(
    "holds",
    METADATA,
    sa.Column("id", _NUMBER, primary_key=True),
    sa.Column("council", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("typed", sa.Text, nullable=True),
    sa.Column("case_id", sa.Text, nullable=True),
    sa.Column("placed_by", sa.Text, nullable=False),
    sa.Column("placed_at", Instant, nullable=False),
    sa.Column("review_on", sa.Date, nullable=False),
    sa.Column("watermark", sa.BigInteger, nullable=False),
    sa.Column("added", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("released_by", sa.Text, nullable=True),
    sa.Column("released_at", Instant, nullable=True),
    sa.Column("release_reason", sa.Text, nullable=True),
    sa.Index("ix_holds_council", "council"),
)
"""Holds, released ones too. `typed` is the query of the scope; null: the scope is a frozen set of records.

`added` grows whenever records are put under the hold: whoever knew its records then knows them still while it
has not changed."""

hold_records: Final = sa.Table(
    "hold_records",
    METADATA,
    sa.Column("hold_id", _NUMBER, sa.ForeignKey("holds.id"), primary_key=True, autoincrement=False),
    sa.Column("record_key", sa.LargeBinary, primary_key=True),
    sa.Column("record_id", sa.Text, nullable=False),
    sa.Index("ix_hold_records_key", "record_key"),
    sqlite_with_rowid=False,
)
"""The records of each hold."""

aliases: Final = sa.Table(
    "aliases",
    METADATA,
    sa.Column("council", sa.Text, primary_key=True),
    sa.Column("record_key", sa.LargeBinary, primary_key=True),
    sa.Column("other_key", sa.LargeBinary, primary_key=True),
    sa.Column("record_id", sa.Text, nullable=False),
    sa.Column("other_id", sa.Text, nullable=False),
)
"""Two ids of one record, told both ways: disposal, holds and stubs take both (data-model.md 2)."""
