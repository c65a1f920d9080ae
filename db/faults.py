"""What a database that does not answer means for people: which part fails, and what to do about it."""

from sqlalchemy.exc import DBAPIError, IntegrityError, TimeoutError

from core.errors import Unavailable
from db.turns import BUSY

FULL = (
    "The disk of the server is full, so nothing was stored. Whoever runs the server frees space; then it goes on by "
    "itself."
)
READ_ONLY = (
    "The server may not write to its database (read-only disk or file), so nothing was stored. Whoever runs the server "
    "makes it writable; then it goes on by itself."
)
AWAY = (
    "The database does not answer right now; it may be restarting. Keep this page open and try again in a moment; "
    "what you sent last is stored once, however often it is sent."
)
DISK = "The disk of the database gives errors. Whoever runs the server checks it; until then nothing is stored."
DAMAGED = "The database file is damaged. Whoever runs the server restores a backup: python -m core restore FILE."

SQLITE = (  # in the order in which they are looked for in SQLite's message
    ("locked", BUSY),
    ("busy", BUSY),
    ("disk is full", FULL),
    ("readonly", READ_ONLY),
    ("unable to open", AWAY),
    ("disk i/o", DISK),
    ("malformed", DAMAGED),
    ("not a database", DAMAGED),
)
POSTGRESQL = {  # SQLSTATE, or its class (two characters)
    "53100": FULL,
    "25006": READ_ONLY,
    "40001": BUSY,
    "40P01": BUSY,
    "55P03": BUSY,
    "57014": BUSY,
    "53": AWAY,
    "57": AWAY,
    "08": AWAY,
    "58": DISK,
    "XX": DAMAGED,
}


def explained(error: Exception) -> Unavailable | None:
    """Return what a person is told of a failing database; None for a mistake in the statement or the data."""
    if isinstance(error, TimeoutError):  # every connection of the pool is in use
        return Unavailable(BUSY)
    if not isinstance(error, DBAPIError) or isinstance(error, IntegrityError):
        return None
    told = str(error.orig).lower()
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        sentence = POSTGRESQL.get(state) or POSTGRESQL.get(state[:2])
    elif type(error.orig).__module__.startswith("sqlite3"):
        sentence = next((said for word, said in SQLITE if word in told), None)
    else:  # psycopg knows no state where there is no server to give it
        sentence = AWAY if error.connection_invalidated or type(error.orig).__name__ == "OperationalError" else None
    return None if sentence is None else Unavailable(sentence)
