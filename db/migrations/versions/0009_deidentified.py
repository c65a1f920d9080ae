"""What of a case's header was kept, replaced and removed."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a column; cases stored before have no record."""
    op.add_column("series", sa.Column("deidentified", sa.JSON(), nullable=True))
