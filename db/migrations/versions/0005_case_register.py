"""The case register: encrypted sources of cases, and who may read them."""

import sqlalchemy as sa
from alembic import op

from db.models.base import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add two tables."""
    op.create_table(
        "register_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("destroyed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["accounts.id"], name=op.f("fk_register_entries_owner_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_register_entries_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register_entries")),
        sa.UniqueConstraint("owner_id", "case_id", "digest", name=op.f("uq_register_entries_owner_id_case_id_digest")),
    )
    op.create_index(op.f("ix_register_entries_owner_id"), "register_entries", ["owner_id"])
    op.create_index(op.f("ix_register_entries_case_id"), "register_entries", ["case_id"])
    op.create_table(
        "register_readers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["accounts.id"], name=op.f("fk_register_readers_owner_id")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_register_readers_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register_readers")),
        sa.UniqueConstraint("owner_id", "account_id", name=op.f("uq_register_readers_owner_id_account_id")),
    )
    op.create_index(op.f("ix_register_readers_owner_id"), "register_readers", ["owner_id"])
    op.create_index(op.f("ix_register_readers_account_id"), "register_readers", ["account_id"])
