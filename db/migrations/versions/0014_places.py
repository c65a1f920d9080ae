"""Where readers stand is stored, so that no request of theirs looks through all cases; indexes for the monitor."""

import sqlalchemy as sa
from alembic import op

from db.models.base import UtcDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add one table, three columns and four indexes, and drop two columns that nothing used."""
    op.create_table(
        "reader_places",
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("practice", sa.Integer(), nullable=False),
        sa.Column("cases", sa.Integer(), nullable=False),
        sa.Column("next_position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["reading_orders.id"],
            name=op.f("fk_reader_places_order_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_reader_places")),
    )
    op.add_column("readers", sa.Column("streak", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("readers", sa.Column("streak_began", UtcDateTime(), nullable=True))
    op.add_column("readers", sa.Column("last_lock_at", UtcDateTime(), nullable=True))
    op.create_index(op.f("ix_reads_reader_id_session_locked_at"), "reads", ["reader_id", "session", "locked_at"])
    pace = ["reader_id", "state", "practice", "active_seconds", "raw_seconds"]
    op.create_index(op.f("ix_reads_pace"), "reads", pace)
    op.create_index(op.f("ix_ai_reads_series_id"), "ai_reads", ["series_id"])
    again = sa.text("attempt > 1")
    op.create_index(op.f("ix_reads_repeated"), "reads", ["reader_id"], sqlite_where=again, postgresql_where=again)
    op.drop_column("accounts", "failed_sign_ins")
    op.drop_column("accounts", "locked_until")
