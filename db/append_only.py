"""Triggers that keep what counts as it was written, whatever program writes to the database (design rule 2).

They stand in for a check of every conflict clause: a row whose key is there already is refused before SQLite can
replace it, a key never changes, and a locked read, an order in use and the design of an opened study stay as they are.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, Table, UniqueConstraint, text

from db.models import Base

APPEND_ONLY = (
    "truth",
    "truth_votes",
    "slice_scores",
    "ai_reads",
    "ai_marks",
    "audit_events",
    "read_events",
    "chain_links",
)
FIXED = {  # columns that never change; in studies once it was opened
    "reads": ("id", "token", "reader_id", "case_id", "arm", "session", "attempt", "practice", "opened_at"),
    "reading_orders": ("id", "reader_id", "session", "seed", "made_at"),
    "studies": ("id", "design", "seed", "ai_model_id", "ai_rule", "ai_parameters", "opened_at"),
}
OPENED = (
    "EXISTS (SELECT 1 FROM readers r JOIN studies s ON s.id = r.study_id WHERE s.opened_at IS NOT NULL "
    "AND r.id = {reader})"
)
READER_OF_ENTRY = "(SELECT o.reader_id FROM reading_orders o WHERE o.id = OLD.order_id)"
TYPE = {"UPDATE": 1 + 2 + 16, "DELETE": 1 + 2 + 8, "TRUNCATE": 2 + 32}  # pg_trigger.tgtype: BEFORE, for each row


@dataclass(frozen=True, slots=True)
class Rule:
    """One trigger: before which action on a table it refuses, under which condition (always when empty), and why."""

    table: str
    name: str
    action: str
    when: str
    why: str


def rules() -> list[Rule]:
    """Return what is refused on every database; `{differs}` in a condition stands for the dialect's IS NOT."""
    found = []
    for table in APPEND_ONLY:
        found.append(Rule(table, f"{table}_no_update", "UPDATE", "", "a row never changes"))
        found.append(Rule(table, f"{table}_no_delete", "DELETE", "", "a row is never deleted"))
    say = "a locked read never changes, nor do the keys of an open one"
    changed = "OLD.state = 'locked' OR " + _changed(FIXED["reads"])
    found.append(Rule("reads", "reads_no_change", "UPDATE", changed, say))
    found.append(Rule("reads", "reads_no_delete", "DELETE", "", "a read is never deleted"))
    say = "the order of an opened study stays"
    found.append(Rule("order_entries", "order_entries_no_update", "UPDATE", "", "an order never changes"))
    found.append(Rule("order_entries", "order_entries_no_delete", "DELETE", OPENED.format(reader=READER_OF_ENTRY), say))
    changed = _changed(FIXED["reading_orders"])
    found.append(Rule("reading_orders", "reading_orders_no_change", "UPDATE", changed, "an order never changes"))
    found.append(
        Rule("reading_orders", "reading_orders_no_delete", "DELETE", OPENED.format(reader="OLD.reader_id"), say)
    )
    frozen = f"OLD.opened_at IS NOT NULL AND ({_changed(FIXED['studies'])})"
    found.append(Rule("studies", "studies_no_change", "UPDATE", frozen, "the design of an opened study never changes"))
    found.append(Rule("studies", "studies_no_delete", "DELETE", "", "a study is marked as deleted, its row stays"))
    return found


def protected() -> list[str]:
    """Return the tables that have triggers."""
    return sorted({rule.table for rule in rules()})


def restore(connection: Connection) -> list[str]:
    """Make the triggers as they should be; return the names of those that were missing, altered or not ours."""
    if connection.dialect.name == "sqlite":
        return _restore_sqlite(connection)
    return _restore_postgresql(connection)


def _changed(columns: tuple[str, ...]) -> str:
    # as text: PostgreSQL compares no JSON
    return " OR ".join(f"CAST(NEW.{name} AS TEXT) {{differs}} CAST(OLD.{name} AS TEXT)" for name in columns)


def _taken(table: Table) -> str:
    """Return the condition that a new row has a key that is there already."""
    keys = [[column.name for column in table.primary_key]]
    keys += [[c.name for c in found.columns] for found in table.constraints if isinstance(found, UniqueConstraint)]
    same = (" AND ".join(f"{name} = NEW.{name}" for name in key) for key in sorted(keys))
    taken = " OR ".join(f"({condition})" for condition in same)
    return f"EXISTS (SELECT 1 FROM {table.name} WHERE {taken})"  # noqa: S608 - names of our own tables only


def _sqlite() -> dict[str, tuple[str, str]]:
    """Return name -> (table, CREATE statement)."""
    tables = Base.metadata.tables
    taken = [
        Rule(name, f"{name}_no_replace", "INSERT", _taken(tables[name]), "the key is taken") for name in protected()
    ]
    made = {}
    for rule in [*rules(), *taken]:
        when = f"WHEN {rule.when.format(differs='IS NOT')} " if rule.when else ""
        made[rule.name] = (
            rule.table,
            f"CREATE TRIGGER {rule.name} BEFORE {rule.action} ON {rule.table} {when}"
            f"BEGIN SELECT RAISE(ABORT, '{rule.table} is append-only: {rule.why}'); END",
        )
    return made


def _restore_sqlite(connection: Connection) -> list[str]:
    rows = connection.execute(text("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'"))
    there = {name: (table, sql) for name, table, sql in rows if table in protected()}
    wanted = _sqlite()
    wrong = sorted(name for name in there.keys() | wanted.keys() if there.get(name) != wanted.get(name))
    for name in wrong:
        if name in there:
            connection.exec_driver_sql(f"DROP TRIGGER {_quoted(name)}")
        if name in wanted:
            connection.exec_driver_sql(wanted[name][1])
    return wrong


def _restore_postgresql(connection: Connection) -> list[str]:
    truncated = [Rule(name, f"{name}_no_truncate", "TRUNCATE", "", "no row is deleted") for name in protected()]
    wanted = {rule.name: rule for rule in [*rules(), *truncated]}
    rows = connection.execute(
        text(
            "SELECT t.tgname, c.relname, p.prosrc, t.tgtype, t.tgenabled, t.tgqual IS NULL AND t.tgattr = '' "
            "FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid "
            "WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace AND c.relname = ANY(:names)"
        ),
        {"names": protected()},
    )
    there = {name: tuple(rest) for name, *rest in rows}
    whole = {name: (r.table, _body(r), TYPE[r.action], "A", True) for name, r in wanted.items()}
    wrong = sorted(name for name in there.keys() | whole.keys() if there.get(name) != whole.get(name))
    for name in wrong:
        if name in there:
            connection.exec_driver_sql(f"DROP TRIGGER {_quoted(name)} ON {there[name][0]}")
        if name in wanted:
            _create_postgresql(connection, wanted[name])
    return wrong


def _create_postgresql(connection: Connection, rule: Rule) -> None:
    each = "STATEMENT" if rule.action == "TRUNCATE" else "ROW"
    for statement in (
        f"CREATE OR REPLACE FUNCTION {rule.name}() RETURNS trigger LANGUAGE plpgsql AS $${_body(rule)}$$",
        f"CREATE TRIGGER {rule.name} BEFORE {rule.action} ON {rule.table} "
        f"FOR EACH {each} EXECUTE FUNCTION {rule.name}()",
        f"ALTER TABLE {rule.table} ENABLE ALWAYS TRIGGER {rule.name}",  # also where replication turns triggers off
    ):
        connection.exec_driver_sql(statement.replace("%", "%%"))


def _body(rule: Rule) -> str:
    raised = f"RAISE EXCEPTION '{rule.table} is append-only: {rule.why}';"
    when = rule.when.format(differs="IS DISTINCT FROM")
    row = "NEW" if rule.action == "UPDATE" else "OLD"
    return f"BEGIN IF {when} THEN {raised} END IF; RETURN {row}; END" if when else f"BEGIN {raised} END"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
