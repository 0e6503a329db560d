"""The audit journal, and the triggers that keep it as it was written."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_FIRST = sa.text("event IN ('study.read', 'study.exported')")
_KEPT = "the audit journal is append-only"

_SQLITE = (
    *(
        f"CREATE TRIGGER audit_no_{verb} BEFORE {verb} ON audit "
        f"BEGIN SELECT RAISE(ABORT, '{_KEPT}'); END"
        for verb in ("UPDATE", "DELETE")
    ),
    # Also what keeps INSERT OR REPLACE out, which removes a row without asking the other trigger.
    "CREATE TRIGGER audit_in_order BEFORE INSERT ON audit "
    "WHEN NEW.seq IS NOT (SELECT COALESCE(MAX(seq), 0) + 1 FROM audit) "
    "BEGIN SELECT RAISE(ABORT, 'an audit record must follow the last one'); END",
)
_POSTGRESQL = (
    "CREATE FUNCTION audit_is_kept() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN RAISE EXCEPTION '{_KEPT}'; END $$",
    "CREATE FUNCTION audit_is_next() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN IF NEW.seq IS DISTINCT FROM (SELECT COALESCE(MAX(seq), 0) + 1 FROM audit) "
    "THEN RAISE EXCEPTION 'an audit record must follow the last one'; END IF; RETURN NEW; END $$",
    "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
    "FOR EACH STATEMENT EXECUTE FUNCTION audit_is_kept()",
    "CREATE TRIGGER audit_in_order BEFORE INSERT ON audit "
    "FOR EACH ROW EXECUTE FUNCTION audit_is_next()",
)


def upgrade() -> None:
    """Make the table, its indexes and its triggers."""
    op.create_table(
        "audit",
        sa.Column("seq", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("at", sa.Double(), nullable=False, index=True),
        sa.Column("event", sa.String(32), nullable=False),
        sa.Column("outcome", sa.String(64), nullable=False),
        sa.Column("principal", sa.String(128), nullable=False),
        sa.Column("session", sa.String(64), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("request", sa.String(32), nullable=False),
        sa.Column("study", sa.String(44), nullable=False, index=True),
        sa.Column("study_uid", sa.String(64), nullable=False, index=True),
        sa.Column("patient", sa.Text(), nullable=False, index=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    op.create_index("ix_audit_principal_at", "audit", ["principal", "at"])
    op.create_index(
        "ux_audit_first",
        "audit",
        ["session", "study", "event"],
        unique=True,
        sqlite_where=_FIRST,
        postgresql_where=_FIRST,
    )
    is_sqlite = op.get_context().dialect.name == "sqlite"
    for statement in _SQLITE if is_sqlite else _POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    """Back to no journal."""
    op.drop_table("audit")
    if op.get_context().dialect.name != "sqlite":
        op.execute("DROP FUNCTION audit_is_kept()")
        op.execute("DROP FUNCTION audit_is_next()")
