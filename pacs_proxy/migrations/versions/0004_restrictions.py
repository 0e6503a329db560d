"""Which studies an account is restricted to."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody is restricted who was not."""
    op.add_column("accounts", sa.Column("restriction", sa.JSON(none_as_null=True)))


def downgrade() -> None:
    """Nobody is restricted."""
    op.drop_column("accounts", "restriction")
