"""Run by Alembic for each command, inside the transaction that `upgrade` has begun."""

from alembic import context

from pacs_proxy.database import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
