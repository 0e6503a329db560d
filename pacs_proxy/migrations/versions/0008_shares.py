"""Links to one study for guests; searching becomes a permission of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_MAY_READ = "' ' || scopes || ' ' LIKE '% study.read %'"


def upgrade() -> None:
    """Nothing is shared; programs that could search still can."""
    op.create_table(
        "shares",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("key", sa.String(64), nullable=False, unique=True),
        sa.Column("study", sa.String(44), nullable=False, index=True),
        sa.Column("account", sa.String(64), nullable=False, index=True),
        sa.Column("passphrase", sa.Text()),
        sa.Column("created", sa.Double(), nullable=False),
        sa.Column("expires", sa.Double(), nullable=False),
        sa.Column("is_revoked", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["accounts.name"], ondelete="CASCADE"),
    )
    op.add_column("sign_ins", sa.Column("share", sa.String(32)))
    op.execute(f"UPDATE tokens SET scopes = scopes || ' study.search' WHERE {_MAY_READ}")  # noqa: S608 - our own words


def downgrade() -> None:
    """Guests are out."""
    op.execute("DELETE FROM sign_ins WHERE share IS NOT NULL")
    op.drop_column("sign_ins", "share")
    op.execute("UPDATE tokens SET scopes = replace(scopes, ' study.search', '')")
    op.drop_table("shares")
