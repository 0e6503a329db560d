"""Run by Alembic for each command, inside the transaction that `upgrade` has begun."""

from alembic import context

from pacs_proxy.access.tables import AuditRecord

context.configure(
    connection=context.config.attributes["connection"],
    # All tables share it; this module knows more of them than `database` does.
    target_metadata=AuditRecord.metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
