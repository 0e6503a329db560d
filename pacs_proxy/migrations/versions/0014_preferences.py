"""How accounts like their pages."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody has any."""
    op.create_table(
        "preferences",
        sa.Column(
            "account",
            sa.String(64),
            sa.ForeignKey("accounts.name", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("changed", sa.Double(), nullable=False),
    )


def downgrade() -> None:
    """They are forgotten."""
    op.drop_table("preferences")
