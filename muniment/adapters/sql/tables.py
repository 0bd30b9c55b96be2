"""The tables of the register database, in SQLAlchemy Core: one definition for SQLite and PostgreSQL.

A change here needs a new revision under `migrations/versions`; a test compares the two. Times are whole
microseconds since 1970 in UTC, so that both databases sort and compare them alike and bulk writes need
no conversion. `presence` repeats no account, stream or listing: it names rows of `streams` and
`listings`, since a council has millions of the first and dozens of the second.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

import sqlalchemy as sa
from typing_extensions import override

__all__ = ["METADATA", "Instant", "from_micros", "micros", "record_key"]

METADATA: Final = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def micros(moment: datetime) -> int:
    """Return an aware instant as whole microseconds since 1970 in UTC."""
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(number: int) -> datetime:
    """Return the UTC instant of a number of microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=number)


@lru_cache(maxsize=65_536)  # a batch asks three times for each
def record_key(record_id: str) -> bytes:
    """Return the key of a record, 16 bytes: a digest, so that no two records share one."""
    return hashlib.blake2b(record_id.encode(), digest_size=16).digest()


class Instant(sa.TypeDecorator[datetime]):
    """An aware UTC datetime in Python, a BIGINT of microseconds in the database."""

    impl = sa.BigInteger
    cache_ok = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> int | None:
        return None if value is None else micros(value)

    @override
    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        return None if value is None else from_micros(value)


_NUMBER: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""A number that the database draws: SQLite draws only for INTEGER."""


def _text(name: str, *, key: bool = False, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, primary_key=key, nullable=null)


def _count(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger, nullable=False, server_default="0")


def _when(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, Instant, nullable=null)


councils = sa.Table(
    "councils",
    METADATA,
    _text("council", key=True),
    _count("watermark"),
    _count("queue_number"),
)
"""One row a council: what writers lock. `queue_number` is the last one given to a waiting capture row."""

accounts = sa.Table(
    "accounts",
    METADATA,
    sa.Column("council", sa.Text, sa.ForeignKey("councils.council"), primary_key=True),
    _text("account", key=True),
    _text("platform"),
    _text("native_id", null=True),
    _text("handle", null=True),
    _text("site", null=True),
    _when("first_enrolled_at"),
    _when("checked_at", null=True),
    _when("closed_at", null=True),
    _text("paused", null=True),
    _when("paused_at", null=True),
    _text("backfill_confirmed_by", null=True),
    _when("backfill_confirmed_at", null=True),
)

settings = sa.Table(
    "settings",
    METADATA,
    sa.Column("id", _NUMBER, primary_key=True),
    _text("council"),
    _text("account"),
    _when("asked_at"),
    sa.Column("source_digest", sa.LargeBinary, nullable=False),
    _text("settings"),
    sa.ForeignKeyConstraint(["council", "account"], ["accounts.council", "accounts.account"]),
    sa.Index("ix_settings_account", "council", "account", "asked_at"),
)
"""The history of the account register: what was asked for, from when."""

streams = sa.Table(
    "streams",
    METADATA,
    sa.Column("id", _NUMBER, primary_key=True),
    sa.Column("council", sa.Text, sa.ForeignKey("councils.council"), nullable=False),
    _text("account"),
    _text("stream"),
    _text("cursor_id", null=True),
    _when("cursor_at", null=True),
    _when("swept_at", null=True),
    sa.UniqueConstraint("council", "account", "stream"),
)
"""The streams of each account, with the promoted cursor. `swept_at` is when records of an age that is
looked at weekly or yearly were last searched for ones that no walk sees. No foreign key to `accounts`:
presence can be rebuilt from an archive before its council's file is enrolled."""

endings = sa.Table(
    "endings",
    METADATA,
    sa.Column("stream_id", _NUMBER, sa.ForeignKey("streams.id"), primary_key=True),
    _text("purpose", key=True),
    _when("ended_at"),
)
"""When a walk of each purpose last ended whole."""

listings = sa.Table(
    "listings",
    METADATA,
    sa.Column("id", _NUMBER, primary_key=True),
    sa.Column("stream_id", _NUMBER, sa.ForeignKey("streams.id"), nullable=False),
    _text("listing"),
    sa.Column("line_id", _NUMBER, nullable=True),
    sa.UniqueConstraint("stream_id", "listing"),
)
"""The lists that walks page. `line_id` is the newest ledger line."""

presence = sa.Table(
    "presence",
    METADATA,
    sa.Column("record_key", sa.LargeBinary, primary_key=True),
    sa.Column("stream_id", _NUMBER, primary_key=True),
    _text("record_id"),
    sa.Column("listing_id", _NUMBER, nullable=False),
    _text("thread_id"),
    _text("native_id"),
    _text("series"),
    sa.Column("digest_rule", sa.BigInteger, nullable=False),
    _when("filed_at"),
    sa.Column("version_id", sa.LargeBinary, nullable=True),
    _text("state"),
    _text("shown"),
    sa.Column("absences", sa.BigInteger, nullable=False),
    _when("first_absent_at", null=True),
    _text("metrics"),
    _when("metrics_at", null=True),
    _when("observed_at"),
    sa.Column("commit_no", sa.BigInteger, nullable=False),
    _text("last_walk"),
    _when("last_seen_at"),
    sa.Index("ix_presence_listing", "listing_id", "state", "shown", "filed_at"),
    sa.Index("ix_presence_filed", "stream_id", "filed_at"),
    sa.Index(
        "ix_presence_missing",
        "stream_id",
        "first_absent_at",
        sqlite_where=sa.text("state = 'missing'"),
        postgresql_where=sa.text("state = 'missing'"),
    ),
)
"""How each record stands, by a key that is short whatever a platform's ids are (measured: half the time and
two thirds of the size of an index over the ids themselves). `observed_at` and `commit_no` are those of the
observation it was taken from; `last_walk` and `last_seen_at` also move with sightings that file nothing, and
stand in no index. Streams and listings are numbered in the same transaction and never removed: foreign keys
to them would only cost (a third of the time, measured)."""

threads = sa.Table(
    "threads",
    METADATA,
    sa.Column("stream_id", _NUMBER, sa.ForeignKey("streams.id"), primary_key=True),
    sa.Column("record_key", sa.LargeBinary, primary_key=True),
    _when("filed_at", null=True),
    sa.Column("reported", sa.BigInteger, nullable=True),
    _when("reported_at", null=True),
    sa.Column("reported_when_read", sa.BigInteger, nullable=True),
    _when("last_read_at", null=True),
    sa.Index("ix_threads_newest", "stream_id", "filed_at", "record_key"),
    sqlite_with_rowid=False,
)
"""Comment threads by their root post, under the account's posts stream."""

walks = sa.Table(
    "walks",
    METADATA,
    _text("walk_id", key=True),
    sa.Column("stream_id", _NUMBER, sa.ForeignKey("streams.id"), nullable=False),
    _text("purpose"),
    _text("ask"),
    _text("marker", null=True),
    sa.Column("ended", sa.Boolean, nullable=False),
    _when("resume_at", null=True),
    _when("opened_at"),
    _when("noted_at", null=True),
    _when("closed_at", null=True),
    _text("outcome", null=True),
    sa.Column("has_signpost", sa.Boolean, nullable=False),
    _text("signpost_id", null=True),
    _when("signpost_at", null=True),
    _count("last_commit"),
    sa.Column("last_note", sa.LargeBinary, nullable=True),
    *(_count(name) for name in ("pages", "new", "changed", "unchanged", "unread")),
    *(_count(name) for name in ("media", "media_pending", "disposed", "cost_micros")),
    sa.Index(
        "ix_walks_open",
        "stream_id",
        "purpose",
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    ),
    sa.Index("ix_walks_closed", "stream_id", "closed_at"),
)
"""Walks: one open walk for each stream and purpose; closed ones stay a month, for reports."""

walk_listings = sa.Table(
    "walk_listings",
    METADATA,
    sa.Column("walk_id", sa.Text, sa.ForeignKey("walks.walk_id"), primary_key=True),
    sa.Column("listing_id", _NUMBER, sa.ForeignKey("listings.id"), primary_key=True),
    _when("ended_at", null=True),
    sa.Column("reported", sa.BigInteger, nullable=True),
    _text("short"),
    sa.Column("absence_counts", sa.Boolean, nullable=False),
    _when("since", null=True),
    _when("until", null=True),
    _text("shows"),
    _text("refused", null=True),
    _count("disposed"),
)
"""What an open walk has learnt of each list it pages; gone when the walk closes."""

windows = sa.Table(
    "windows",
    METADATA,
    sa.Column("stream_id", _NUMBER, sa.ForeignKey("streams.id"), primary_key=True),
    sa.Column("start_at", Instant, primary_key=True),
    _when("end_at"),
)
"""Periods that whole Window walks have covered, joined."""

queue = sa.Table(
    "queue",
    METADATA,
    sa.Column("council", sa.Text, sa.ForeignKey("councils.council"), primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    _text("capture_id"),
    _when("fetched_at"),
    _text("capture"),
    sa.UniqueConstraint("council", "capture_id"),
)
"""Capture rows that wait for the council's next commit."""

gaps = sa.Table(
    "gaps",
    METADATA,
    sa.Column("id", _NUMBER, primary_key=True),
    sa.Column("stream_id", _NUMBER, sa.ForeignKey("streams.id"), nullable=False),
    _text("listing"),
    _text("reason"),
    _when("starts_at"),
    _when("ends_at", null=True),
    sa.UniqueConstraint("stream_id", "listing", "reason", "starts_at"),
    sa.Index(
        "ix_gaps_open",
        "stream_id",
        "listing",
        "reason",
        unique=True,
        sqlite_where=sa.text("ends_at IS NULL"),
        postgresql_where=sa.text("ends_at IS NULL"),
    ),
)
"""When we could not see a stream (`listing` empty) or one of its lists."""

ledger = sa.Table(
    "ledger",
    METADATA,
    sa.Column("id", _NUMBER, primary_key=True),
    sa.Column("listing_id", _NUMBER, sa.ForeignKey("listings.id"), nullable=False, index=True),
    _when("at"),
    _when("confirmed_at"),
    sa.Column("reported", sa.BigInteger, nullable=True),
    sa.Column("captured", sa.BigInteger, nullable=False),
    sa.Column("removed", sa.BigInteger, nullable=False),
    _text("short"),
)
"""Completeness lines: a new one when the numbers differ, else `confirmed_at` moves."""

budgets = sa.Table(
    "budgets",
    METADATA,
    sa.Column("council", sa.Text, sa.ForeignKey("councils.council"), primary_key=True),
    _text("credential", key=True),
    _when("window_started_at", null=True),
    _count("window_calls"),
    _when("paused_until", null=True),
)

spending = sa.Table(
    "spending",
    METADATA,
    sa.Column("council", sa.Text, sa.ForeignKey("councils.council"), primary_key=True),
    _text("credential", key=True),
    sa.Column("day", sa.Date, primary_key=True),
    _count("calls"),
    _count("cost_micros"),
)
"""Calls and money by credential and London day."""
