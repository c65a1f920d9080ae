"""Wrong passwords by account and address, and where a browser that is signed in comes from."""

import sqlalchemy as sa
from alembic import op

from db.models.base import UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add one table and two columns."""
    op.create_table(
        "sign_in_failures",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name_hash", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_failures")),
    )
    for column in ("name_hash", "address", "at"):
        op.create_index(op.f(f"ix_sign_in_failures_{column}"), "sign_in_failures", [column])
    op.add_column("web_sessions", sa.Column("address", sa.String(length=64), nullable=True))
    op.add_column("web_sessions", sa.Column("browser", sa.String(length=200), nullable=True))
