"""Uploads, what became of them, and jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_BIG_AT_WORK = "lane = 'big' AND state = 'running'"


def _number() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _of(table: str, name: str, ondelete: str = "CASCADE") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([name], [f"{table}.id"], ondelete=ondelete)


def upgrade() -> None:
    """Make the tables of this version."""
    _batches()
    _uploads()
    _chunks()
    _results()
    _labels()
    _jobs()


def downgrade() -> None:
    """Back to nothing."""
    for table in ("jobs", "study_labels", "results", "chunks", "uploads", "batches"):
        op.drop_table(table)


def _batches() -> None:
    op.create_table(
        "batches",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("owner", sa.String(128), nullable=False, index=True),
        sa.Column("client_key", sa.String(64)),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("label", sa.String(64)),
        sa.Column("rev", sa.BigInteger(), nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("expected_files", sa.BigInteger()),
        sa.Column("files", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("owner", "client_key"),
    )


def _uploads() -> None:
    op.create_table(
        "uploads",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("owner", sa.String(128), nullable=False),
        sa.Column("batch_id", sa.String(32), nullable=False),
        sa.Column("client_key", sa.String(64)),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(16)),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("code", sa.String(64)),
        sa.Column("detail", sa.Text()),
        sa.Column("target", sa.JSON()),
        sa.Column("thumbnail", sa.Text()),
        sa.Column("rev", sa.BigInteger(), nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
        sa.Column("progressed", sa.Double(), nullable=False),
        sa.Column("expires", sa.Double()),
        sa.Column("sha256", sa.String(64)),
        sa.Column("done_bytes", sa.BigInteger()),
        sa.Column("total_bytes", sa.BigInteger()),
        sa.Column("sent_metadata", sa.Text()),
        _of("batches", "batch_id"),
        sa.UniqueConstraint("owner", "client_key"),
    )
    op.create_index("ix_uploads_owner_state_length", "uploads", ["owner", "state", "length"])
    op.create_index("ix_uploads_batch_id_rev", "uploads", ["batch_id", "rev"])
    op.create_index("ix_uploads_state_expires", "uploads", ["state", "expires"])


def _chunks() -> None:
    op.create_table(
        "chunks",
        sa.Column("upload_id", sa.String(32), primary_key=True),
        sa.Column("at", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        _of("uploads", "upload_id"),
    )


def _results() -> None:
    op.create_table(
        "results",
        sa.Column("id", _number(), primary_key=True),
        sa.Column("batch_id", sa.String(32), nullable=False),
        sa.Column("upload_id", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False, index=True),
        sa.Column("code", sa.String(64)),
        sa.Column("detail", sa.Text()),
        sa.Column("instance", sa.String(44), index=True),
        sa.Column("series", sa.String(44), index=True),
        sa.Column("study", sa.String(44), index=True),
        sa.Column("md5", sa.String(32)),
        sa.Column("size", sa.BigInteger()),
        sa.Column("rev", sa.BigInteger(), nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.Column("staged", sa.Text()),
        _of("batches", "batch_id"),
        _of("uploads", "upload_id"),
        sa.UniqueConstraint("upload_id", "number"),
    )
    op.create_index("ix_results_batch_id_rev", "results", ["batch_id", "rev"])
    op.create_index("ix_results_settled_created", "results", ["settled", "created"])


def _labels() -> None:
    op.create_table(
        "study_labels",
        sa.Column("study", sa.String(44), primary_key=True),
        sa.Column("label", sa.String(64), primary_key=True, index=True),
        sa.Column("batch_id", sa.String(32)),
        sa.Column("created", sa.Double(), nullable=False),
        _of("batches", "batch_id", "SET NULL"),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", _number(), primary_key=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("lane", sa.String(16), nullable=False),
        sa.Column("study_id", sa.String(44), index=True),
        sa.Column("upload_id", sa.String(32), index=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("most_attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.Double(), nullable=False),
        sa.Column("lease_until", sa.Double()),
        sa.Column("owner", sa.String(128), index=True),
        sa.Column("progress", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger()),
        sa.Column("detail", sa.Text()),
        sa.Column("created", sa.Double(), nullable=False),
        sa.Column("updated", sa.Double(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_jobs_state_lane_not_before", "jobs", ["state", "lane", "not_before"])
    op.create_index(
        "ux_jobs_big_at_work", "jobs", ["lane"], unique=True,
        sqlite_where=sa.text(_BIG_AT_WORK), postgresql_where=sa.text(_BIG_AT_WORK),
    )  # fmt: skip
