"""The catalogue of studies: what the list is searched and sorted in."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TEXTS = (
    *("study_uid", "patient_name", "patient_id", "patient_birth_date", "patient_sex"),
    *("study_date", "study_time", "description", "accession", "modalities"),
)
# A search reads this index and nothing else.
_LISTED = [
    *("study_date", "study_time", "study", "name_folded", "id_folded"),
    *("accession_folded", "description_folded", "modalities", "patient_birth_date"),
    *("patient_sex", "series_count", "instance_count"),
]


def upgrade() -> None:
    """Make both tables; the rows come by themselves."""
    op.create_table(
        "study_rows",
        sa.Column("study", sa.String(44), primary_key=True),
        *(sa.Column(name, sa.Text(), nullable=False) for name in _TEXTS),
        sa.Column("series_count", sa.Integer(), nullable=False),
        sa.Column("instance_count", sa.Integer(), nullable=False),
        sa.Column("name_folded", sa.Text(), nullable=False),
        sa.Column("id_folded", sa.Text(), nullable=False),
        sa.Column("accession_folded", sa.Text(), nullable=False),
        sa.Column("description_folded", sa.Text(), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.Column("arrived", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_study_rows_list", "study_rows", _LISTED)
    op.create_table(
        "catalogue",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("followed", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
    )


def downgrade() -> None:
    """Back to asking the archive each time."""
    op.drop_table("catalogue")
    op.drop_table("study_rows")
