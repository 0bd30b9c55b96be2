"""Presence is asked by record alone: an index and a key by native id cost a quarter of taking a record in."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.drop_index("ix_presence_native", table_name="presence")
    op.drop_column("presence", "native_key")
