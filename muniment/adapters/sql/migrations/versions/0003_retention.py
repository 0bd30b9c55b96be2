"""Retention: schedules, facts, windows, cases, officers' decisions, transfers."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0004"


def upgrade() -> None:
    op.create_table('retention_case_records',
    sa.Column('council', sa.Text(), nullable=False),
    sa.Column('case_id', sa.Text(), nullable=False),
    sa.Column('record_key', sa.LargeBinary(), nullable=False),
    sa.Column('record_id', sa.Text(), nullable=False),
    sa.Column('by', sa.Text(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('council', 'case_id', 'record_key', name=op.f('pk_retention_case_records'))
    )
    op.create_index('ix_retention_case_records_key', 'retention_case_records', ['record_key'], unique=False)
    op.create_table('retention_cases',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('council', sa.Text(), nullable=False),
    sa.Column('case_id', sa.Text(), nullable=False),
    sa.Column('retention_class', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('by', sa.Text(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_retention_cases'))
    )
    op.create_index('ix_retention_cases_council', 'retention_cases', ['council'], unique=False)
    op.create_table('retention_decisions',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('council', sa.Text(), nullable=False),
    sa.Column('scope', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('record_key', sa.LargeBinary(), nullable=False),
    sa.Column('retention_class', sa.Text(), nullable=True),
    sa.Column('until_on', sa.Date(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('by', sa.Text(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('shortens', sa.Boolean(), nullable=False),
    sa.Column('approved_by', sa.Text(), nullable=True),
    sa.Column('approved_at', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_retention_decisions'))
    )
    op.create_index('ix_retention_decisions_council', 'retention_decisions', ['council'], unique=False)
    op.create_index('ix_retention_decisions_key', 'retention_decisions', ['record_key'], unique=False)
    op.create_table('retention_facts',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('council', sa.Text(), nullable=False),
    sa.Column('event', sa.Text(), nullable=False),
    sa.Column('scope', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('record_key', sa.LargeBinary(), nullable=True),
    sa.Column('happened_on', sa.Date(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('by', sa.Text(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_retention_facts'))
    )
    op.create_index('ix_retention_facts_council', 'retention_facts', ['council'], unique=False)
    op.create_index('ix_retention_facts_key', 'retention_facts', ['record_key'], unique=False)
    op.create_table('retention_windows',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('council', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('since', sa.Date(), nullable=False),
    sa.Column('until', sa.Date(), nullable=True),
    sa.Column('accounts', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('by', sa.Text(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_retention_windows'))
    )
    op.create_index('ix_retention_windows_council', 'retention_windows', ['council'], unique=False)
    op.create_table('transfer_records',
    sa.Column('council', sa.Text(), nullable=False),
    sa.Column('transfer', sa.Text(), nullable=False),
    sa.Column('record_key', sa.LargeBinary(), nullable=False),
    sa.Column('record_id', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('council', 'transfer', 'record_key', name=op.f('pk_transfer_records'))
    )
    op.create_index('ix_transfer_records_key', 'transfer_records', ['record_key'], unique=False)
    op.create_table('transfers',
    sa.Column('council', sa.Text(), nullable=False),
    sa.Column('transfer', sa.Text(), nullable=False),
    sa.Column('schedule', sa.Text(), nullable=True),
    sa.Column('records', sa.BigInteger(), nullable=False),
    sa.Column('manifest_digest', sa.LargeBinary(), nullable=False),
    sa.Column('by', sa.Text(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('receipt', sa.Text(), nullable=True),
    sa.Column('received_by', sa.Text(), nullable=True),
    sa.Column('received_at', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('council', 'transfer', name=op.f('pk_transfers'))
    )
    op.create_table('retention_schedules',
    sa.Column('council', sa.Text(), nullable=False),
    sa.Column('version', sa.Text(), nullable=False),
    sa.Column('effective_from', sa.Date(), nullable=False),
    sa.Column('digest', sa.LargeBinary(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('by', sa.Text(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['council'], ['councils.council'], name=op.f('fk_retention_schedules_council')),
    sa.PrimaryKeyConstraint('council', 'version', name=op.f('pk_retention_schedules'))
    )
