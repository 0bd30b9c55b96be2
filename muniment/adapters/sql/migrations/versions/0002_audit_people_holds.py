"""The audit chain, people, holds and aliases."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("council", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("text_digest", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("council", "number", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_digest", "audit", ["council", "digest"], unique=True)
    op.create_table(
        "audit_texts",
        sa.Column("council", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("council", "number", name=op.f("pk_audit_texts")),
    )
    op.create_table(
        "appointments",
        sa.Column("council", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("council", "person", "role", "from_on", name=op.f("pk_appointments")),
    )
    op.create_table(
        "holds",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("council", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("typed", sa.Text(), nullable=True),
        sa.Column("case_id", sa.Text(), nullable=True),
        sa.Column("placed_by", sa.Text(), nullable=False),
        sa.Column("placed_at", sa.BigInteger(), nullable=False),
        sa.Column("review_on", sa.Date(), nullable=False),
        sa.Column("watermark", sa.BigInteger(), nullable=False),
        sa.Column("released_by", sa.Text(), nullable=True),
        sa.Column("released_at", sa.BigInteger(), nullable=True),
        sa.Column("release_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holds")),
    )
    op.create_index("ix_holds_council", "holds", ["council"])
    op.create_table(
        "hold_records",
        sa.Column("hold_id", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("record_key", sa.LargeBinary(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["hold_id"], ["holds.id"], name=op.f("fk_hold_records_hold_id")),
        sa.PrimaryKeyConstraint("hold_id", "record_key", name=op.f("pk_hold_records")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_hold_records_key", "hold_records", ["record_key"])
    op.create_table(
        "aliases",
        sa.Column("council", sa.Text(), nullable=False),
        sa.Column("record_key", sa.LargeBinary(), nullable=False),
        sa.Column("other_key", sa.LargeBinary(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("other_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("council", "record_key", "other_key", name=op.f("pk_aliases")),
    )
    if op.get_bind().dialect.name == "sqlite":
        _refuse_on_sqlite()
    else:
        _refuse_on_postgresql()


def _refuse_on_sqlite() -> None:
    for table, act in (("audit", "UPDATE"), ("audit", "DELETE"), ("audit_texts", "UPDATE")):
        op.execute(
            f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'the audit chain is never changed'); END"
        )


def _refuse_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION audit_is_never_changed() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit chain is never changed'; END $$"
    )
    for table, acts in (("audit", "UPDATE OR DELETE OR TRUNCATE"), ("audit_texts", "UPDATE")):
        op.execute(
            f"CREATE TRIGGER {table}_never_changed BEFORE {acts} ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION audit_is_never_changed()"
        )
