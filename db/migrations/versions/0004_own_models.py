"""Where an AI model comes from, which one is the default, and models that were removed."""

import sqlalchemy as sa
from alembic import op

from db.models.base import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add three columns; workers fill `origin` when they register what is on their machine again."""
    op.add_column("ai_models", sa.Column("origin", sa.String(length=20), nullable=True))
    op.add_column("ai_models", sa.Column("default_since", UtcDateTime(), nullable=True))
    op.add_column("ai_models", sa.Column("removed_at", UtcDateTime(), nullable=True))
