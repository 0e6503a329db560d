"""What a restriction asks of a study is in the catalogue: institution, the archive's own labels."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_TEXTS = (
    *("study_uid", "patient_name", "patient_id", "patient_birth_date", "patient_sex"),
    *("study_date", "study_time", "description", "accession", "modalities"),
)
_FOLDED = ("name_folded", "id_folded", "accession_folded", "description_folded")
_LISTED = [
    *("study_date", "study_time", "study", "name_folded", "id_folded"),
    *("accession_folded", "description_folded", "modalities", "patient_birth_date"),
    *("patient_sex", "series_count", "instance_count"),
]
_NEW = ("institution", "archive_labels")


def upgrade() -> None:
    """The rows are a copy: they come again by themselves, with what is new."""
    _make(_NEW)


def downgrade() -> None:
    """Back to looking at each study that is found."""
    _make(())


def _make(more: tuple[str, ...]) -> None:
    op.drop_table("study_rows")
    op.create_table(
        "study_rows",
        sa.Column("study", sa.String(44), primary_key=True),
        *(sa.Column(name, sa.Text(), nullable=False) for name in (*_TEXTS, *_FOLDED, *more)),
        sa.Column("series_count", sa.Integer(), nullable=False),
        sa.Column("instance_count", sa.Integer(), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.Column("arrived", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_study_rows_list", "study_rows", [*_LISTED, *more])
