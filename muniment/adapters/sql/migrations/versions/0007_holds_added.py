"""A number of each hold that grows with it: what is held is read again, inside a disposal, only where it has."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("holds", sa.Column("added", sa.BigInteger(), server_default="0", nullable=False))
