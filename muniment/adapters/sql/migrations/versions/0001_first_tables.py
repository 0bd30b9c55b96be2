"""The register's first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "councils",
        sa.Column("council", sa.Text(), nullable=False),
        sa.Column("watermark", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("queue_number", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("council", name=op.f("pk_councils")),
    )
    op.create_table(
        "presence",
        sa.Column("record_key", sa.LargeBinary(), nullable=False),
        sa.Column("stream_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("native_key", sa.BigInteger(), nullable=False),
        sa.Column("listing_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("thread_id", sa.Text(), nullable=False),
        sa.Column("native_id", sa.Text(), nullable=False),
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("digest_rule", sa.BigInteger(), nullable=False),
        sa.Column("filed_at", sa.BigInteger(), nullable=False),
        sa.Column("version_id", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("absences", sa.BigInteger(), nullable=False),
        sa.Column("first_absent_at", sa.BigInteger(), nullable=True),
        sa.Column("metrics", sa.Text(), nullable=False),
        sa.Column("metrics_at", sa.BigInteger(), nullable=True),
        sa.Column("observed_at", sa.BigInteger(), nullable=False),
        sa.Column("commit_no", sa.BigInteger(), nullable=False),
        sa.Column("last_walk", sa.Text(), nullable=False),
        sa.Column("last_seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("record_key", "stream_id", name=op.f("pk_presence")),
    )
    op.create_index("ix_presence_filed", "presence", ["stream_id", "filed_at"], unique=False)
    op.create_index(
        "ix_presence_listing", "presence", ["listing_id", "state", "shown", "filed_at"], unique=False
    )
    op.create_index(
        "ix_presence_missing",
        "presence",
        ["stream_id", "first_absent_at"],
        unique=False,
        sqlite_where=sa.text("state = 'missing'"),
        postgresql_where=sa.text("state = 'missing'"),
    )
    op.create_index("ix_presence_native", "presence", ["native_key"], unique=False)
    op.create_table(
        "accounts",
        sa.Column("council", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("native_id", sa.Text(), nullable=True),
        sa.Column("handle", sa.Text(), nullable=True),
        sa.Column("site", sa.Text(), nullable=True),
        sa.Column("first_enrolled_at", sa.BigInteger(), nullable=False),
        sa.Column("checked_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("paused", sa.Text(), nullable=True),
        sa.Column("paused_at", sa.BigInteger(), nullable=True),
        sa.Column("backfill_confirmed_by", sa.Text(), nullable=True),
        sa.Column("backfill_confirmed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["council"], ["councils.council"], name=op.f("fk_accounts_council")),
        sa.PrimaryKeyConstraint("council", "account", name=op.f("pk_accounts")),
    )
    op.create_table(
        "budgets",
        sa.Column("council", sa.Text(), nullable=False),
        sa.Column("credential", sa.Text(), nullable=False),
        sa.Column("window_started_at", sa.BigInteger(), nullable=True),
        sa.Column("window_calls", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("paused_until", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["council"], ["councils.council"], name=op.f("fk_budgets_council")),
        sa.PrimaryKeyConstraint("council", "credential", name=op.f("pk_budgets")),
    )
    op.create_table(
        "queue",
        sa.Column("council", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("capture_id", sa.Text(), nullable=False),
        sa.Column("fetched_at", sa.BigInteger(), nullable=False),
        sa.Column("capture", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["council"], ["councils.council"], name=op.f("fk_queue_council")),
        sa.PrimaryKeyConstraint("council", "number", name=op.f("pk_queue")),
        sa.UniqueConstraint("council", "capture_id", name=op.f("uq_queue_council")),
    )
    op.create_table(
        "spending",
        sa.Column("council", sa.Text(), nullable=False),
        sa.Column("credential", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("calls", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cost_micros", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["council"], ["councils.council"], name=op.f("fk_spending_council")),
        sa.PrimaryKeyConstraint("council", "credential", "day", name=op.f("pk_spending")),
    )
    op.create_table(
        "streams",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("council", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("cursor_id", sa.Text(), nullable=True),
        sa.Column("cursor_at", sa.BigInteger(), nullable=True),
        sa.Column("swept_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["council"], ["councils.council"], name=op.f("fk_streams_council")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_streams")),
        sa.UniqueConstraint("council", "account", "stream", name=op.f("uq_streams_council")),
    )
    op.create_table(
        "endings",
        sa.Column("stream_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["stream_id"], ["streams.id"], name=op.f("fk_endings_stream_id")),
        sa.PrimaryKeyConstraint("stream_id", "purpose", name=op.f("pk_endings")),
    )
    op.create_table(
        "gaps",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("stream_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("listing", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["stream_id"], ["streams.id"], name=op.f("fk_gaps_stream_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gaps")),
        sa.UniqueConstraint("stream_id", "listing", "reason", "starts_at", name=op.f("uq_gaps_stream_id")),
    )
    op.create_index(
        "ix_gaps_open",
        "gaps",
        ["stream_id", "listing", "reason"],
        unique=True,
        sqlite_where=sa.text("ends_at IS NULL"),
        postgresql_where=sa.text("ends_at IS NULL"),
    )
    op.create_table(
        "listings",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("stream_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("listing", sa.Text(), nullable=False),
        sa.Column("line_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["stream_id"], ["streams.id"], name=op.f("fk_listings_stream_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listings")),
        sa.UniqueConstraint("stream_id", "listing", name=op.f("uq_listings_stream_id")),
    )
    op.create_table(
        "settings",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("council", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("source_digest", sa.LargeBinary(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["council", "account"], ["accounts.council", "accounts.account"], name=op.f("fk_settings_council")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settings")),
    )
    op.create_index("ix_settings_account", "settings", ["council", "account", "asked_at"], unique=False)
    op.create_table(
        "threads",
        sa.Column("stream_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("record_key", sa.LargeBinary(), nullable=False),
        sa.Column("filed_at", sa.BigInteger(), nullable=True),
        sa.Column("reported", sa.BigInteger(), nullable=True),
        sa.Column("reported_at", sa.BigInteger(), nullable=True),
        sa.Column("reported_when_read", sa.BigInteger(), nullable=True),
        sa.Column("last_read_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["stream_id"], ["streams.id"], name=op.f("fk_threads_stream_id")),
        sa.PrimaryKeyConstraint("stream_id", "record_key", name=op.f("pk_threads")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_threads_newest", "threads", ["stream_id", "filed_at", "record_key"], unique=False)
    op.create_table(
        "walks",
        sa.Column("walk_id", sa.Text(), nullable=False),
        sa.Column("stream_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("ask", sa.Text(), nullable=False),
        sa.Column("marker", sa.Text(), nullable=True),
        sa.Column("ended", sa.Boolean(), nullable=False),
        sa.Column("resume_at", sa.BigInteger(), nullable=True),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("noted_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("has_signpost", sa.Boolean(), nullable=False),
        sa.Column("signpost_id", sa.Text(), nullable=True),
        sa.Column("signpost_at", sa.BigInteger(), nullable=True),
        sa.Column("last_commit", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("last_note", sa.LargeBinary(), nullable=True),
        sa.Column("pages", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("new", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("changed", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("unchanged", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("unread", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("media", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("media_pending", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("disposed", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cost_micros", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["stream_id"], ["streams.id"], name=op.f("fk_walks_stream_id")),
        sa.PrimaryKeyConstraint("walk_id", name=op.f("pk_walks")),
    )
    op.create_index("ix_walks_closed", "walks", ["stream_id", "closed_at"], unique=False)
    op.create_index(
        "ix_walks_open",
        "walks",
        ["stream_id", "purpose"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "windows",
        sa.Column("stream_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("start_at", sa.BigInteger(), nullable=False),
        sa.Column("end_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["stream_id"], ["streams.id"], name=op.f("fk_windows_stream_id")),
        sa.PrimaryKeyConstraint("stream_id", "start_at", name=op.f("pk_windows")),
    )
    op.create_table(
        "ledger",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("listing_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=False),
        sa.Column("reported", sa.BigInteger(), nullable=True),
        sa.Column("captured", sa.BigInteger(), nullable=False),
        sa.Column("removed", sa.BigInteger(), nullable=False),
        sa.Column("short", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["listing_id"], ["listings.id"], name=op.f("fk_ledger_listing_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger")),
    )
    op.create_index(op.f("ix_ledger_listing_id"), "ledger", ["listing_id"], unique=False)
    op.create_table(
        "walk_listings",
        sa.Column("walk_id", sa.Text(), nullable=False),
        sa.Column("listing_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("reported", sa.BigInteger(), nullable=True),
        sa.Column("short", sa.Text(), nullable=False),
        sa.Column("absence_counts", sa.Boolean(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("shows", sa.Text(), nullable=False),
        sa.Column("refused", sa.Text(), nullable=True),
        sa.Column("disposed", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["listing_id"], ["listings.id"], name=op.f("fk_walk_listings_listing_id")),
        sa.ForeignKeyConstraint(["walk_id"], ["walks.walk_id"], name=op.f("fk_walk_listings_walk_id")),
        sa.PrimaryKeyConstraint("walk_id", "listing_id", name=op.f("pk_walk_listings")),
    )
