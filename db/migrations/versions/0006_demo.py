"""Which studies belong to the demo."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add one column; no study that is there is a demo."""
    op.add_column("studies", sa.Column("demo", sa.Boolean(), nullable=False, server_default=sa.false()))
