"""What makes an AI's call doubtful, kept with the call."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; reads made before have none, which is not the same as none found."""
    op.add_column("ai_reads", sa.Column("warnings", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Take the column away, and what it held."""
    op.drop_column("ai_reads", "warnings")
