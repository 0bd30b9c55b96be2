"""The tables of disposal: runs with their lists, what reviewers and approvers said, stubs.

A run's list and its intent are Arrow tables as one value each, since a run may name a million records and is
only ever read whole. Both are cleared when the run closes: then counts, keyed digests and stubs remain.
"""

from typing import Any, Final

import sqlalchemy as sa

from muniment.adapters.sql.tables import METADATA, Instant

__all__ = ["approvals", "co_reviews", "decisions", "rebuilds", "runs", "stub_keys", "stubs"]


def _text(name: str, *, key: bool = False, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, primary_key=key, nullable=null)


def _number(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger, nullable=null)


def _bytes(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.LargeBinary, nullable=null)


def _when(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, Instant, nullable=null)


runs: Final = sa.Table(
    "disposal_runs",
    METADATA,
    sa.Column("council", sa.Text, sa.ForeignKey("councils.council"), primary_key=True),
    _text("run", key=True),
    _text("kind"),
    _text("state"),
    _text("schedule", null=True),
    _bytes("schedule_digest", null=True),
    _text("basis"),
    sa.Column("as_of", sa.Date, nullable=False),
    _number("plan_commit"),
    _text("prepared_by"),
    _when("prepared_at"),
    _text("summary"),
    _bytes("items", null=True),
    _when("waits_until", null=True),
    _when("intent_at", null=True),
    _number("intent_commit", null=True),
    _number("intent_count", null=True),
    _bytes("intent_digest", null=True),
    _text("key_id", null=True),
    _bytes("intent", null=True),
    _text("dropped", null=True),
    _number("erased_commit", null=True),
    _text("erasure", null=True),
    _text("proofs", null=True),
    _when("done_at", null=True),
    _when("closed_at", null=True),
    _number("certificate_no", null=True),
    _bytes("certificate", null=True),
    _text("restricted_to", null=True),
    sa.Index("ix_disposal_runs_erased", "council", "erased_commit"),
)
"""The ledger of disposal, a row a run. `summary`, `dropped`, `erasure` and `proofs` are counts, as JSON.
`restricted_to` names the teams and roles that alone may see the list."""

decisions: Final = sa.Table(
    "disposal_decisions",
    METADATA,
    _text("council", key=True),
    _text("run", key=True),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    _text("person"),
    _when("at"),
    _text("facet"),
    _text("value", null=True),
    _text("decision"),
    _text("reason"),
    sa.Column("until_on", sa.Date, nullable=True),
    _text("retention_class", null=True),
    sa.ForeignKeyConstraint(["council", "run"], ["disposal_runs.council", "disposal_runs.run"]),
)
"""What reviewers and archivists said of a list's items. `facet` is a column of the list: what its `value`
chooses. A value that is a record's or a thread's id is cleared when the run closes."""

approvals: Final = sa.Table(
    "disposal_approvals",
    METADATA,
    _text("council", key=True),
    _text("run", key=True),
    _text("person", key=True),
    _text("role"),
    _when("at"),
    _bytes("list_digest"),
    sa.ForeignKeyConstraint(["council", "run"], ["disposal_runs.council", "disposal_runs.run"]),
)
"""Who approved a list as it stood: `list_digest` is keyed, and another list has another."""

co_reviews: Final = sa.Table(
    "disposal_co_reviews",
    METADATA,
    _text("council", key=True),
    _text("run", key=True),
    _text("team", key=True),
    _text("person"),
    _when("at"),
    sa.ForeignKeyConstraint(["council", "run"], ["disposal_runs.council", "disposal_runs.run"]),
)
"""Which of the teams that a list's classes name have looked at it, and who said so for each."""

stub_keys: Final = sa.Table(
    "stub_keys",
    METADATA,
    _text("council", key=True),
    _text("key_id", key=True),
    _number("stubs"),
    _when("first_used_at"),
)
"""Which keys a council's stubs were made with, and how many stand: what must be asked under each."""

stubs: Final = sa.Table(
    "stubs",
    METADATA,
    _text("council", key=True),
    sa.Column("digest", sa.LargeBinary, primary_key=True),
    _text("key_id"),
    _text("stub_id"),
    _text("platform"),
    _text("account"),
    _text("kind"),
    _text("retention_class", null=True),
    _text("schedule", null=True),
    _text("event", null=True),
    sa.Column("event_on", sa.Date, nullable=True),
    sa.Column("first_captured_on", sa.Date, nullable=False),
    sa.Column("last_captured_on", sa.Date, nullable=False),
    sa.Column("disposed_on", sa.Date, nullable=False),
    _text("run"),
    _text("parent", null=True),
    sa.Index("ix_stubs_run", "council", "run"),
    sqlite_with_rowid=False,
)
"""What remains of destroyed records: `digest` is keyed, and no other column leads to a person."""

rebuilds: Final = sa.Table(
    "index_rebuilds",
    METADATA,
    _text("council", key=True),
    _text("name", key=True),
    _number("commit_no"),
    _when("began_at"),
)
"""Indexes that are being built anew, from the archive as at a commit: closing a run waits for them. `name`
is the index, "@", and the process (process_owner.py): one that died holds nobody up."""
