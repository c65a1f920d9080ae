"""Truth of several findings with the places of lesions, and the marks of AIs."""

import sqlalchemy as sa
from alembic import op

from db.models.base import UtcDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add four columns, empty in studies of one diagnosis, and one table."""
    for table in ("truth", "truth_votes"):
        op.add_column(table, sa.Column("findings", sa.JSON(), nullable=True))
        op.add_column(table, sa.Column("lesions", sa.JSON(), nullable=True))
    op.create_table(
        "ai_marks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("marks", sa.JSON(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name=op.f("fk_ai_marks_series_id")),
        sa.ForeignKeyConstraint(["model_id"], ["ai_models.id"], name=op.f("fk_ai_marks_model_id")),
        sa.ForeignKeyConstraint(["author_id"], ["accounts.id"], name=op.f("fk_ai_marks_author_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ai_marks")),
    )
    op.create_index(op.f("ix_ai_marks_series_id"), "ai_marks", ["series_id"])
    op.create_index(op.f("ix_ai_marks_model_id"), "ai_marks", ["model_id"])
