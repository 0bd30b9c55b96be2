"""The tables of retention: schedules as adopted, facts that people recorded, windows, cases, decisions.

Facts, decisions, links and transfers may name records: `record_key` finds these rows again when their record
is destroyed, and they are cleared with it. A row is never changed; what is newest counts.
"""

from typing import Any, Final

import sqlalchemy as sa

from muniment.adapters.sql.tables import METADATA, Instant

__all__ = [
    "case_records",
    "cases",
    "facts",
    "reclassifications",
    "schedules",
    "transfer_records",
    "transfers",
    "windows",
]

_NUMBER: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _text(name: str, *, key: bool = False, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, primary_key=key, nullable=null)


def _who_and_when() -> tuple[sa.Column[Any], ...]:
    return (_text("by"), sa.Column("at", Instant, nullable=False))


schedules: Final = sa.Table(
    "retention_schedules",
    METADATA,
    sa.Column("council", sa.Text, sa.ForeignKey("councils.council"), primary_key=True),
    _text("version", key=True),
    sa.Column("effective_from", sa.Date, nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False),
    _text("text"),
    *_who_and_when(),
)
"""Adopted versions, with the whole text: what was in force on a day can be read for ever."""

facts: Final = sa.Table(
    "retention_facts",
    METADATA,
    sa.Column("id", _NUMBER, primary_key=True),
    _text("council"),
    _text("event"),
    _text("scope"),
    _text("name"),
    sa.Column("record_key", sa.LargeBinary, nullable=True),
    sa.Column("happened_on", sa.Date, nullable=True),
    _text("reason"),
    *_who_and_when(),
    sa.Index("ix_retention_facts_council", "council"),
    sa.Index("ix_retention_facts_key", "record_key"),
)
"""Events on London dates. The newest row of an event and subject counts; `happened_on` null takes it back."""

windows: Final = sa.Table(
    "retention_windows",
    METADATA,
    sa.Column("id", _NUMBER, primary_key=True),
    _text("council"),
    _text("name"),
    _text("kind"),
    sa.Column("since", sa.Date, nullable=False),
    sa.Column("until", sa.Date, nullable=True),
    _text("accounts"),
    _text("reason"),
    *_who_and_when(),
    sa.Index("ix_retention_windows_council", "council"),
)
"""Pre-election periods, emergencies and alerts. The newest row of a name counts."""

cases: Final = sa.Table(
    "retention_cases",
    METADATA,
    sa.Column("id", _NUMBER, primary_key=True),
    _text("council"),
    _text("case_id"),
    _text("retention_class"),
    _text("reason"),
    *_who_and_when(),
    sa.Index("ix_retention_cases_council", "council"),
)
"""The class of each case. The newest row of a case counts."""

case_records: Final = sa.Table(
    "retention_case_records",
    METADATA,
    _text("council", key=True),
    _text("case_id", key=True),
    sa.Column("record_key", sa.LargeBinary, primary_key=True),
    _text("record_id"),
    *_who_and_when(),
    sa.Index("ix_retention_case_records_key", "record_key"),
)
"""Which records are linked to a case; a link only lengthens, and is never taken back."""

reclassifications: Final = sa.Table(
    "retention_decisions",
    METADATA,
    sa.Column("id", _NUMBER, primary_key=True),
    _text("council"),
    _text("scope"),
    _text("name"),
    sa.Column("record_key", sa.LargeBinary, nullable=False),
    _text("retention_class", null=True),
    sa.Column("until_on", sa.Date, nullable=True),
    _text("reason"),
    *_who_and_when(),
    sa.Column("shortens", sa.Boolean, nullable=False),
    _text("approved_by", null=True),
    sa.Column("approved_at", Instant, nullable=True),
    sa.Index("ix_retention_decisions_council", "council"),
    sa.Index("ix_retention_decisions_key", "record_key"),
)
"""Officers' decisions about a record or a thread: another class, or a longer period (`until_on`). One that
shortens counts once another person has approved it. The newest that counts decides."""

transfers: Final = sa.Table(
    "transfers",
    METADATA,
    _text("council", key=True),
    _text("transfer", key=True),
    _text("schedule", null=True),
    sa.Column("records", sa.BigInteger, nullable=False),
    sa.Column("manifest_digest", sa.LargeBinary, nullable=False),
    *_who_and_when(),
    _text("receipt", null=True),
    _text("received_by", null=True),
    sa.Column("received_at", Instant, nullable=True),
)
"""Packages made for the record office, and its receipts."""

transfer_records: Final = sa.Table(
    "transfer_records",
    METADATA,
    _text("council", key=True),
    _text("transfer", key=True),
    sa.Column("record_key", sa.LargeBinary, primary_key=True),
    _text("record_id"),
    sa.Index("ix_transfer_records_key", "record_key"),
)
"""What each package holds, for as long as the record is held here too."""
