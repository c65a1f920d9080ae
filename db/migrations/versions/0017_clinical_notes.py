"""Clinical information of cases, and when a reader was shown it."""

import sqlalchemy as sa
from alembic import op

from db.models.base import UtcDateTime

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add one table, and two columns of reads that are empty where no clinical information was shown."""
    op.create_table(
        "clinical_notes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=False),
        sa.Column("age", sa.Integer(), nullable=True),
        sa.Column("sex", sa.String(length=1), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("prior", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["study_id"], ["studies.id"], name=op.f("fk_clinical_notes_study_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_clinical_notes_case_id")),
        sa.ForeignKeyConstraint(["author_id"], ["accounts.id"], name=op.f("fk_clinical_notes_author_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clinical_notes")),
        sa.UniqueConstraint("study_id", "case_id", "batch", name=op.f("uq_clinical_notes_study_id_case_id_batch")),
    )
    op.create_index(op.f("ix_clinical_notes_case_id"), "clinical_notes", ["case_id"])
    # plain ADD COLUMN: batch mode would make the table anew and lose its triggers
    op.add_column("reads", sa.Column("clinical_shown_at", UtcDateTime(), nullable=True))
    op.add_column("reads", sa.Column("first_diagnosis", sa.String(length=1000), nullable=True))
