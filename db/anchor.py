"""What the chain needs outside the database: its key, and the note of its newest link in a file beside the data."""

import fcntl
import hashlib
import hmac
import os
from pathlib import Path

import structlog
from sqlalchemy.orm import Session

from core.settings import secret_in, settings

log = structlog.get_logger()

FILE = "chain.head"
NEXT = "chain_next"


def folder(session: Session) -> Path:
    """Return the folder of the key and the note: the settings', or that of another SQLite file."""
    url = session.get_bind().engine.url
    if url.database and url.get_backend_name() == "sqlite" and url.render_as_string(False) != settings().database:
        return Path(url.database).parent
    return settings().data_dir


def key(session: Session) -> bytes:
    """Return the key of the chain, made of the secret so that there is one file to keep."""
    secret = settings().secret.encode() or secret_in(folder(session))
    return hmac.new(secret, b"parallax chain", hashlib.sha256).digest()


def noted(session: Session) -> str:
    """Return the link noted last, as number:seal; empty when there is none."""
    try:
        return (folder(session) / FILE).read_text().strip()
    except OSError:
        return ""


def prepare(session: Session, head: str, continues: bool) -> None:
    """Have the head noted once the transaction is committed, if the chain goes on from the one noted last."""
    if continues:
        session.info[NEXT] = (folder(session), head)
    else:
        log.error("the chain does not go through the link noted last: run `python -m core verify`")


def note(session: Session) -> None:
    """Write the head of a committed transaction; a newer one that another process wrote stays."""
    place, head = session.info.pop(NEXT, (None, ""))
    if place is None or session.in_nested_transaction():
        return
    try:
        descriptor = os.open(place / FILE, os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            number = file.read().partition(":")[0]
            if not number.isdecimal() or int(number) < int(head.partition(":")[0]):
                file.seek(0)
                file.write(head)
                file.truncate()
    except OSError as error:  # the row is committed and sealed; only the note is older than it could be
        log.error("the head of the chain could not be noted", reason=error.strerror)


def write(place: Path, head: str) -> None:
    """Write the note anew, in an installation that was just restored."""
    with os.fdopen(os.open(place / FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(head)


def forget(session: Session) -> None:
    """Nothing was committed."""
    session.info.pop(NEXT, None)
