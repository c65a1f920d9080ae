"""Connections to PACS, and which of their series became which case."""

import sqlalchemy as sa
from alembic import op

from db.models.base import UtcDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add two tables."""
    op.create_table(
        "pacs_servers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("removed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["accounts.id"], name=op.f("fk_pacs_servers_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pacs_servers")),
    )
    op.create_index(op.f("ix_pacs_servers_owner_id"), "pacs_servers", ["owner_id"])
    op.create_table(
        "pacs_sources",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("server_id", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_pacs_sources_case_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["accounts.id"], name=op.f("fk_pacs_sources_owner_id")),
        sa.ForeignKeyConstraint(["server_id"], ["pacs_servers.id"], name=op.f("fk_pacs_sources_server_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pacs_sources")),
        sa.UniqueConstraint(
            "case_id", "owner_id", "server_id", name=op.f("uq_pacs_sources_case_id_owner_id_server_id")
        ),
    )
    op.create_index(op.f("ix_pacs_sources_case_id"), "pacs_sources", ["case_id"])
    op.create_index(op.f("ix_pacs_sources_owner_id"), "pacs_sources", ["owner_id"])
