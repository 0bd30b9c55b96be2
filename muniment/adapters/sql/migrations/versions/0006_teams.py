"""Teams: who is in which, which lists only some may see, and what a named team said of a list."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "team_members",
        sa.Column("council", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("council", "person", "team", "from_on", name=op.f("pk_team_members")),
    )
    op.create_table(
        "disposal_co_reviews",
        sa.Column("council", sa.Text(), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["council", "run"],
            ["disposal_runs.council", "disposal_runs.run"],
            name=op.f("fk_disposal_co_reviews_council"),
        ),
        sa.PrimaryKeyConstraint("council", "run", "team", name=op.f("pk_disposal_co_reviews")),
    )
    op.add_column("disposal_runs", sa.Column("restricted_to", sa.Text(), nullable=True))
