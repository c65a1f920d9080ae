"""The first schema, with the triggers that keep it append-only."""

import sqlalchemy as sa
from alembic import op

from db.models.base import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create every table, then the triggers."""
    op.create_table(
        "accounts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("username", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("oidc_subject", sa.String(length=300), nullable=True),
        sa.Column("preferences", sa.JSON(), nullable=False),
        sa.Column("failed_sign_ins", sa.Integer(), nullable=False),
        sa.Column("locked_until", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("disabled_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("role IN ('administrator', 'coordinator', 'reader')", name=op.f("ck_accounts_role")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("oidc_subject", name=op.f("uq_accounts_oidc_subject")),
        sa.UniqueConstraint("username", name=op.f("uq_accounts_username")),
    )
    op.create_table(
        "ai_models",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("version", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("classes", sa.JSON(), nullable=False),
        sa.Column("card", sa.JSON(), nullable=False),
        sa.Column("manifest", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("kind IN ('networks', 'csv')", name=op.f("ck_ai_models_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ai_models")),
        sa.UniqueConstraint("name", "version", name=op.f("uq_ai_models_name_version")),
    )
    op.create_table(
        "patients",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patients")),
        sa.UniqueConstraint("key", name=op.f("uq_patients_key")),
    )
    op.create_table(
        "workers",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("beat_at", UtcDateTime(), nullable=False),
        sa.Column("device", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_workers")),
    )
    op.create_table(
        "cases",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["accounts.id"], name=op.f("fk_cases_created_by")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_cases_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
        sa.UniqueConstraint("number", name=op.f("uq_cases_number")),
    )
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_cases_patient_id"), ["patient_id"], unique=False)

    op.create_table(
        "links",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("kind IN ('setup', 'password')", name=op.f("ck_links_kind")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_links_account_id")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_links")),
    )
    with op.batch_alter_table("links", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_links_account_id"), ["account_id"], unique=False)

    op.create_table(
        "sign_in_tickets",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_sign_in_tickets_account_id")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_sign_in_tickets")),
    )
    op.create_table(
        "studies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("design", sa.String(length=20), nullable=False),
        sa.Column("protocol", sa.JSON(), nullable=False),
        sa.Column("ai_model_id", sa.Integer(), nullable=True),
        sa.Column("ai_rule", sa.String(length=60), nullable=False),
        sa.Column("ai_parameters", sa.JSON(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=True),
        sa.Column("created_by", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("unblinded_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("design IN ('independent', 'sequential', 'crossover')", name=op.f("ck_studies_design")),
        sa.CheckConstraint(
            "state IN ('draft', 'checked', 'open', 'closed', 'unblinded')", name=op.f("ck_studies_state")
        ),
        sa.ForeignKeyConstraint(["ai_model_id"], ["ai_models.id"], name=op.f("fk_studies_ai_model_id")),
        sa.ForeignKeyConstraint(["created_by"], ["accounts.id"], name=op.f("fk_studies_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_studies")),
    )
    op.create_table(
        "web_sessions",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_web_sessions_account_id")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_web_sessions")),
    )
    with op.batch_alter_table("web_sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_web_sessions_account_id"), ["account_id"], unique=False)

    op.create_table(
        "audit_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=True),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("seal", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["accounts.id"], name=op.f("fk_audit_events_actor_id")),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_audit_events_study_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_events")),
        sa.UniqueConstraint("seal", name=op.f("uq_audit_events_seal")),
    )
    with op.batch_alter_table("audit_events", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_events_kind"), ["kind"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_events_study_id"), ["study_id"], unique=False)

    op.create_table(
        "reader_groups",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["study_id"], ["studies.id"], name=op.f("fk_reader_groups_study_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reader_groups")),
        sa.UniqueConstraint("study_id", "name", name=op.f("uq_reader_groups_study_id_name")),
        sa.UniqueConstraint("study_id", "position", name=op.f("uq_reader_groups_study_id_position")),
    )
    op.create_table(
        "series",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("storage_key", sa.String(length=200), nullable=False),
        sa.Column("slices", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("columns", sa.Integer(), nullable=False),
        sa.Column("spacing_mm", sa.JSON(), nullable=False),
        sa.Column("z_mm", sa.JSON(), nullable=False),
        sa.Column("affine", sa.JSON(), nullable=False),
        sa.Column("attributes", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_series_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series")),
        sa.UniqueConstraint("case_id", name=op.f("uq_series_case_id")),
        sa.UniqueConstraint("content_hash", name=op.f("uq_series_content_hash")),
    )
    op.create_table(
        "study_classes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("label", sa.String(length=120), nullable=False),
        sa.Column("letter", sa.String(length=1), nullable=False),
        sa.Column("colour", sa.String(length=9), nullable=False),
        sa.Column("ai_class", sa.String(length=40), nullable=True),
        sa.Column("positive", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["study_id"], ["studies.id"], name=op.f("fk_study_classes_study_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_study_classes")),
        sa.UniqueConstraint("study_id", "code", name=op.f("uq_study_classes_study_id_code")),
        sa.UniqueConstraint("study_id", "position", name=op.f("uq_study_classes_study_id_position")),
    )
    op.create_table(
        "truth",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("class_code", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["accounts.id"], name=op.f("fk_truth_author_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_truth_case_id")),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_truth_study_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_truth")),
        sa.UniqueConstraint("study_id", "case_id", "version", name=op.f("uq_truth_study_id_case_id_version")),
    )
    with op.batch_alter_table("truth", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_truth_case_id"), ["case_id"], unique=False)

    op.create_table(
        "truth_votes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("class_code", sa.String(length=40), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["accounts.id"], name=op.f("fk_truth_votes_author_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_truth_votes_case_id")),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_truth_votes_study_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_truth_votes")),
        sa.UniqueConstraint(
            "study_id",
            "case_id",
            "author_id",
            "version",
            name=op.f("uq_truth_votes_study_id_case_id_author_id_version"),
        ),
    )
    op.create_table(
        "readers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("pseudonym", sa.String(length=40), nullable=False),
        sa.Column("years", sa.Double(), nullable=True),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.Column("withdrawn_reason", sa.String(length=500), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_readers_account_id")),
        sa.ForeignKeyConstraint(["group_id"], ["reader_groups.id"], name=op.f("fk_readers_group_id")),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_readers_study_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_readers")),
        sa.UniqueConstraint("study_id", "account_id", name=op.f("uq_readers_study_id_account_id")),
        sa.UniqueConstraint("study_id", "pseudonym", name=op.f("uq_readers_study_id_pseudonym")),
    )
    with op.batch_alter_table("readers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_readers_account_id"), ["account_id"], unique=False)

    op.create_table(
        "slice_scores",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("parameters_hash", sa.String(length=64), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("probabilities", sa.JSON(), nullable=False),
        sa.Column("heat_slices", sa.JSON(), nullable=False),
        sa.Column("lung_volume_ml", sa.Double(), nullable=False),
        sa.Column("device", sa.String(length=120), nullable=False),
        sa.Column("timings", sa.JSON(), nullable=False),
        sa.Column("code_version", sa.String(length=40), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["model_id"], ["ai_models.id"], name=op.f("fk_slice_scores_model_id")),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name=op.f("fk_slice_scores_series_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slice_scores")),
        sa.UniqueConstraint(
            "series_id", "model_id", "parameters_hash", name=op.f("uq_slice_scores_series_id_model_id_parameters_hash")
        ),
    )
    op.create_table(
        "study_cases",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("practice", sa.Boolean(), nullable=False),
        sa.Column("frozen_truth_id", sa.Integer(), nullable=True),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_study_cases_case_id")),
        sa.ForeignKeyConstraint(["frozen_truth_id"], ["truth.id"], name=op.f("fk_study_cases_frozen_truth_id")),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_study_cases_study_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_study_cases")),
        sa.UniqueConstraint("study_id", "case_id", name=op.f("uq_study_cases_study_id_case_id")),
    )
    with op.batch_alter_table("study_cases", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_study_cases_case_id"), ["case_id"], unique=False)

    op.create_table(
        "ai_reads",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("slice_scores_id", sa.Integer(), nullable=True),
        sa.Column("parameters_hash", sa.String(length=64), nullable=False),
        sa.Column("rule", sa.String(length=60), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("call", sa.String(length=40), nullable=True),
        sa.Column("failure", sa.String(length=500), nullable=True),
        sa.Column("probabilities", sa.JSON(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("deciding_slices", sa.JSON(), nullable=False),
        sa.Column("abnormal_share", sa.Double(), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("(call IS NULL) = (failure IS NOT NULL)", name=op.f("ck_ai_reads_call_or_failure")),
        sa.ForeignKeyConstraint(["model_id"], ["ai_models.id"], name=op.f("fk_ai_reads_model_id")),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name=op.f("fk_ai_reads_series_id")),
        sa.ForeignKeyConstraint(["slice_scores_id"], ["slice_scores.id"], name=op.f("fk_ai_reads_slice_scores_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ai_reads")),
        sa.UniqueConstraint(
            "series_id",
            "model_id",
            "parameters_hash",
            "rule",
            "attempt",
            name=op.f("uq_ai_reads_series_id_model_id_parameters_hash_rule_attempt"),
        ),
    )
    with op.batch_alter_table("ai_reads", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ai_reads_model_id"), ["model_id"], unique=False)

    op.create_table(
        "reading_orders",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reader_id", sa.Integer(), nullable=False),
        sa.Column("session", sa.Integer(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("opens_at", UtcDateTime(), nullable=True),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["reader_id"], ["readers.id"], name=op.f("fk_reading_orders_reader_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reading_orders")),
        sa.UniqueConstraint("reader_id", "session", name=op.f("uq_reading_orders_reader_id_session")),
    )
    op.create_table(
        "order_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("arm", sa.String(length=20), nullable=False),
        sa.Column("practice", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_order_entries_case_id")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["reading_orders.id"], name=op.f("fk_order_entries_order_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_entries")),
        sa.UniqueConstraint("order_id", "case_id", name=op.f("uq_order_entries_order_id_case_id")),
        sa.UniqueConstraint("order_id", "position", name=op.f("uq_order_entries_order_id_position")),
    )
    op.create_table(
        "reads",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("reader_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("arm", sa.String(length=20), nullable=False),
        sa.Column("session", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("attempt_reason", sa.String(length=500), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("practice", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("locked_at", UtcDateTime(), nullable=True),
        sa.Column("shown_at", UtcDateTime(), nullable=True),
        sa.Column("loaded_at", UtcDateTime(), nullable=True),
        sa.Column("first_action_at", UtcDateTime(), nullable=True),
        sa.Column("diagnosis_changed_at", UtcDateTime(), nullable=True),
        sa.Column("active_seconds", sa.Double(), nullable=True),
        sa.Column("raw_seconds", sa.Double(), nullable=True),
        sa.Column("diagnosis", sa.String(length=40), nullable=True),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("counters", sa.JSON(), nullable=False),
        sa.Column("ai_read_id", sa.Integer(), nullable=True),
        sa.Column("ai_shown_at", UtcDateTime(), nullable=True),
        sa.Column("ai_output", sa.JSON(), nullable=False),
        sa.Column("app_version", sa.String(length=40), nullable=True),
        sa.Column("screen", sa.String(length=40), nullable=True),
        sa.CheckConstraint("(state = 'locked') = (locked_at IS NOT NULL)", name=op.f("ck_reads_locked_at")),
        sa.CheckConstraint("arm IN ('unaided', 'aided')", name=op.f("ck_reads_arm")),
        sa.CheckConstraint("state IN ('open', 'locked')", name=op.f("ck_reads_state")),
        sa.ForeignKeyConstraint(["ai_read_id"], ["ai_reads.id"], name=op.f("fk_reads_ai_read_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_reads_case_id")),
        sa.ForeignKeyConstraint(["reader_id"], ["readers.id"], name=op.f("fk_reads_reader_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reads")),
        sa.UniqueConstraint(
            "reader_id",
            "case_id",
            "arm",
            "session",
            "attempt",
            name=op.f("uq_reads_reader_id_case_id_arm_session_attempt"),
        ),
        sa.UniqueConstraint("token", name=op.f("uq_reads_token")),
    )
    with op.batch_alter_table("reads", schema=None) as batch_op:
        batch_op.create_index("ix_reads_case_id_state", ["case_id", "state"], unique=False)
        batch_op.create_index(batch_op.f("ix_reads_reader_id"), ["reader_id"], unique=False)

    op.create_table(
        "drafts",
        sa.Column("read_id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("tab", sa.String(length=64), nullable=True),
        sa.Column("saved_at", UtcDateTime(), nullable=True),
        sa.Column("diagnosis_changed_at", UtcDateTime(), nullable=True),
        sa.Column("counters", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["read_id"], ["reads.id"], name=op.f("fk_drafts_read_id")),
        sa.PrimaryKeyConstraint("read_id", name=op.f("pk_drafts")),
    )
    op.create_table(
        "read_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("read_id", sa.Integer(), nullable=False),
        sa.Column("tab", sa.String(length=64), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("client_ms", sa.Double(), nullable=True),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["read_id"], ["reads.id"], name=op.f("fk_read_events_read_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_read_events")),
        sa.UniqueConstraint("read_id", "tab", "n", name=op.f("uq_read_events_read_id_tab_n")),
    )
