"""When a draft study was deleted; its row stays, since truth and audit events name it."""

import sqlalchemy as sa
from alembic import op

from db.models.base import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add one column."""
    op.add_column("studies", sa.Column("deleted_at", UtcDateTime(), nullable=True))
