"""Roles in a study, who uploaded a case, and the role of an auditor. Whoever made a study becomes its owner."""

import sqlalchemy as sa
from alembic import op

from db.models.base import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ROLES = "role IN ('administrator', 'coordinator', 'auditor', 'reader')"


def upgrade() -> None:
    """Add two tables, filled from who made each study and case; let accounts be auditors."""
    op.create_table(
        "study_members",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("managed", sa.Boolean(), nullable=False),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.Column("removed_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "role IN ('owner', 'coordinator', 'observer', 'statistician')", name=op.f("ck_study_members_role")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_study_members_account_id")),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_study_members_study_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_study_members")),
        sa.UniqueConstraint("study_id", "account_id", name=op.f("uq_study_members_study_id_account_id")),
    )
    op.create_index(op.f("ix_study_members_account_id"), "study_members", ["account_id"])
    op.execute(
        "INSERT INTO study_members (study_id, account_id, role, managed, added_at) "
        "SELECT id, created_by, 'owner', true, created_at FROM studies"
    )
    op.create_table(
        "case_uploaders",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_case_uploaders_account_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_uploaders_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_uploaders")),
        sa.UniqueConstraint("case_id", "account_id", name=op.f("uq_case_uploaders_case_id_account_id")),
    )
    op.create_index(op.f("ix_case_uploaders_account_id"), "case_uploaders", ["account_id"])
    op.execute("INSERT INTO case_uploaders (case_id, account_id) SELECT id, created_by FROM cases")
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f("ck_accounts_role"), "accounts", type_="check")
        op.create_check_constraint(op.f("ck_accounts_role"), "accounts", ROLES)
    else:  # the table is made anew, which leaves the old constraint out; foreign keys are off (env.py)
        with op.batch_alter_table("accounts", recreate="always") as accounts:
            accounts.create_check_constraint(op.f("ck_accounts_role"), ROLES)
