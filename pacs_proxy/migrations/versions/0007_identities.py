"""Whose account is whose at the identity provider, and sign-ins under way there."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables; nobody is bound."""
    op.create_table(
        "bindings",
        sa.Column("issuer", sa.String(255), primary_key=True),
        sa.Column("subject", sa.String(255), primary_key=True),
        sa.Column("account", sa.String(64), nullable=False, unique=True),
        sa.Column("created", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["accounts.name"], ondelete="CASCADE"),
    )
    op.create_table(
        "flows",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("browser", sa.String(64), nullable=False),
        sa.Column("address", sa.String(64), nullable=False, index=True),
        sa.Column("created", sa.Double(), nullable=False, index=True),
    )


def downgrade() -> None:
    """Their accounts stay, and have no password."""
    for table in ("flows", "bindings"):
        op.drop_table(table)
