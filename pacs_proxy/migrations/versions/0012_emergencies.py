"""Who may open studies out of reach in an emergency, and what is open so."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody may."""
    op.add_column(
        "accounts",
        sa.Column("may_break_glass", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.create_table(
        "openings",
        sa.Column("session", sa.String(32), primary_key=True),
        sa.Column("study", sa.String(44), primary_key=True),
        sa.Column("until", sa.Double(), nullable=False),
    )


def downgrade() -> None:
    """Nothing is open."""
    op.drop_table("openings")
    op.drop_column("accounts", "may_break_glass")
