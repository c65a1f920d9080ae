"""Triggers that keep reads, AI reads, truth and audit append-only, whatever code does (design rule 2)."""

APPEND_ONLY = ("truth", "truth_votes", "slice_scores", "ai_reads", "audit_events", "read_events", "order_entries")


def statements(dialect: str) -> list[str]:
    """Return the CREATE statements for 'sqlite' or 'postgresql'. A draft's orders may be deleted, by the verb only."""
    return _sqlite() if dialect == "sqlite" else _postgresql()


def _sqlite() -> list[str]:
    made = []
    for table in APPEND_ONLY:
        for action in ("UPDATE", "DELETE"):
            if table == "order_entries" and action == "DELETE":
                continue
            made.append(
                f"CREATE TRIGGER {table}_no_{action.lower()} BEFORE {action} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
    made.append(
        "CREATE TRIGGER reads_no_change_after_lock BEFORE UPDATE ON reads WHEN OLD.state = 'locked' "
        "BEGIN SELECT RAISE(ABORT, 'a locked read never changes'); END"
    )
    made.append(
        "CREATE TRIGGER reads_no_delete BEFORE DELETE ON reads BEGIN SELECT RAISE(ABORT, 'reads is append-only'); END"
    )
    return made


def _postgresql() -> list[str]:
    made = [
        "CREATE FUNCTION parallax_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    ]
    for table in APPEND_ONLY:
        actions = "UPDATE" if table == "order_entries" else "UPDATE OR DELETE"
        made.append(
            f"CREATE TRIGGER {table}_append_only BEFORE {actions} ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION parallax_append_only()"
        )
    made.append(
        "CREATE TRIGGER reads_no_change_after_lock BEFORE UPDATE ON reads FOR EACH ROW "
        "WHEN (OLD.state = 'locked') EXECUTE FUNCTION parallax_append_only()"
    )
    made.append(
        "CREATE TRIGGER reads_no_delete BEFORE DELETE ON reads FOR EACH ROW EXECUTE FUNCTION parallax_append_only()"
    )
    return made
