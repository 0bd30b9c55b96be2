"""Alembic's entry point: it runs the revisions on the connection that `upgrade` hands over."""

from alembic import context

from muniment.adapters.sql.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transaction_per_migration=False,
)
context.run_migrations()
