"""One keyed chain over everything that counts, in place of the seals of audit events."""

import sqlalchemy as sa
from alembic import op

from db.models.base import UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the links and drop the seals; db.migrate then takes the rows that are there into the chain."""
    op.create_table(
        "chain_links",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("table_name", sa.String(length=40), nullable=False),
        sa.Column("row_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("seal", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chain_links")),
        sa.UniqueConstraint("seal", name=op.f("uq_chain_links_seal")),
    )
    op.create_index(op.f("ix_chain_links_table_name_row_id"), "chain_links", ["table_name", "row_id"])
    with op.batch_alter_table("audit_events") as batch:
        batch.drop_constraint("uq_audit_events_seal", type_="unique")
        batch.drop_column("seal")
