"""Members of the truth panel, readers who join an open study, and what an aided read began with."""

import sqlalchemy as sa
from alembic import op

from db.models.base import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add one table and two columns; who has voted on a panel before becomes a member of it."""
    # plain ADD COLUMN: batch mode would make the tables anew and lose the triggers of reads
    op.add_column("reads", sa.Column("began_with", sa.String(length=10), nullable=True))
    op.add_column("readers", sa.Column("joined_reason", sa.String(length=500), nullable=True))
    op.create_table(
        "panel_members",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("adjudicator", sa.Boolean(), nullable=False),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.Column("left_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_panel_members_account_id")),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_panel_members_study_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_panel_members")),
        sa.UniqueConstraint("study_id", "account_id", name=op.f("uq_panel_members_study_id_account_id")),
    )
    op.create_index(op.f("ix_panel_members_account_id"), "panel_members", ["account_id"])
    op.execute(
        "INSERT INTO panel_members (study_id, account_id, adjudicator, added_at) "
        "SELECT study_id, author_id, false, min(at) FROM truth_votes GROUP BY study_id, author_id"
    )
