"""Disposal: runs with their lists, decisions and approvals; stubs and the keys they stand under."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0002"


def upgrade() -> None:
    op.create_table('index_rebuilds',
    sa.Column('council', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('commit_no', sa.BigInteger(), nullable=False),
    sa.Column('began_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('council', 'name', name=op.f('pk_index_rebuilds'))
    )
    op.create_table('stub_keys',
    sa.Column('council', sa.Text(), nullable=False),
    sa.Column('key_id', sa.Text(), nullable=False),
    sa.Column('stubs', sa.BigInteger(), nullable=False),
    sa.Column('first_used_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('council', 'key_id', name=op.f('pk_stub_keys'))
    )
    op.create_table('stubs',
    sa.Column('council', sa.Text(), nullable=False),
    sa.Column('digest', sa.LargeBinary(), nullable=False),
    sa.Column('key_id', sa.Text(), nullable=False),
    sa.Column('stub_id', sa.Text(), nullable=False),
    sa.Column('platform', sa.Text(), nullable=False),
    sa.Column('account', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('retention_class', sa.Text(), nullable=True),
    sa.Column('schedule', sa.Text(), nullable=True),
    sa.Column('event', sa.Text(), nullable=True),
    sa.Column('event_on', sa.Date(), nullable=True),
    sa.Column('first_captured_on', sa.Date(), nullable=False),
    sa.Column('last_captured_on', sa.Date(), nullable=False),
    sa.Column('disposed_on', sa.Date(), nullable=False),
    sa.Column('run', sa.Text(), nullable=False),
    sa.Column('parent', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('council', 'digest', name=op.f('pk_stubs')),
    sqlite_with_rowid=False
    )
    op.create_index('ix_stubs_run', 'stubs', ['council', 'run'], unique=False)
    op.create_table('disposal_runs',
    sa.Column('council', sa.Text(), nullable=False),
    sa.Column('run', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('schedule', sa.Text(), nullable=True),
    sa.Column('schedule_digest', sa.LargeBinary(), nullable=True),
    sa.Column('basis', sa.Text(), nullable=False),
    sa.Column('as_of', sa.Date(), nullable=False),
    sa.Column('plan_commit', sa.BigInteger(), nullable=False),
    sa.Column('prepared_by', sa.Text(), nullable=False),
    sa.Column('prepared_at', sa.BigInteger(), nullable=False),
    sa.Column('summary', sa.Text(), nullable=False),
    sa.Column('items', sa.LargeBinary(), nullable=True),
    sa.Column('waits_until', sa.BigInteger(), nullable=True),
    sa.Column('intent_at', sa.BigInteger(), nullable=True),
    sa.Column('intent_commit', sa.BigInteger(), nullable=True),
    sa.Column('intent_count', sa.BigInteger(), nullable=True),
    sa.Column('intent_digest', sa.LargeBinary(), nullable=True),
    sa.Column('key_id', sa.Text(), nullable=True),
    sa.Column('intent', sa.LargeBinary(), nullable=True),
    sa.Column('dropped', sa.Text(), nullable=True),
    sa.Column('erased_commit', sa.BigInteger(), nullable=True),
    sa.Column('erasure', sa.Text(), nullable=True),
    sa.Column('proofs', sa.Text(), nullable=True),
    sa.Column('done_at', sa.BigInteger(), nullable=True),
    sa.Column('closed_at', sa.BigInteger(), nullable=True),
    sa.Column('certificate_no', sa.BigInteger(), nullable=True),
    sa.Column('certificate', sa.LargeBinary(), nullable=True),
    sa.ForeignKeyConstraint(['council'], ['councils.council'], name=op.f('fk_disposal_runs_council')),
    sa.PrimaryKeyConstraint('council', 'run', name=op.f('pk_disposal_runs'))
    )
    op.create_index('ix_disposal_runs_erased', 'disposal_runs', ['council', 'erased_commit'], unique=False)
    op.create_table('disposal_approvals',
    sa.Column('council', sa.Text(), nullable=False),
    sa.Column('run', sa.Text(), nullable=False),
    sa.Column('person', sa.Text(), nullable=False),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('list_digest', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['council', 'run'], ['disposal_runs.council', 'disposal_runs.run'], name=op.f('fk_disposal_approvals_council')),
    sa.PrimaryKeyConstraint('council', 'run', 'person', name=op.f('pk_disposal_approvals'))
    )
    op.create_table('disposal_decisions',
    sa.Column('council', sa.Text(), nullable=False),
    sa.Column('run', sa.Text(), nullable=False),
    sa.Column('number', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('person', sa.Text(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('facet', sa.Text(), nullable=False),
    sa.Column('value', sa.Text(), nullable=True),
    sa.Column('decision', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('until_on', sa.Date(), nullable=True),
    sa.Column('retention_class', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['council', 'run'], ['disposal_runs.council', 'disposal_runs.run'], name=op.f('fk_disposal_decisions_council')),
    sa.PrimaryKeyConstraint('council', 'run', 'number', name=op.f('pk_disposal_decisions'))
    )
