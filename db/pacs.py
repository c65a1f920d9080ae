"""Connections to PACS, and which of their series became which case.

Address, credentials and the UIDs of series are encrypted with a key derived from the installation's secret, each bound
to its owner. Only the owner uses a connection.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.errors import Conflict, InvalidInput, NotFound
from core.pacs.client import Address
from core.sealing import seal, unseal
from core.settings import settings
from db import audit, permissions
from db.models import Case, PacsServer, PacsSource
from db.permissions import Right, Task

CONNECTION = "parallax PACS connection"
SERIES = "parallax PACS series"
NO_CONNECTION = "You have no such connection to a PACS."


@dataclass(frozen=True, slots=True)
class Server:
    """A connection as its owner sees it, without credentials."""

    id: int
    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Source:
    """The series of a PACS that a case was made from."""

    server_id: int
    study_uid: str
    series_uid: str


def add_server(session: Session, name: str, address: Address, *, by: int, at: datetime) -> int:
    """Store a connection of this person; return its number. Raises InvalidInput, Conflict for a name used twice."""
    permissions.require_task(session, by, Task.CASES)
    address.check()
    allowed = settings().pacs_addresses
    if allowed and not any(address.url.startswith(beginning) for beginning in allowed.split()):
        raise InvalidInput("This installation connects to other addresses only; ask whoever runs it to add this one.")
    name = name.strip()[:80]
    if not name:
        raise InvalidInput("Give the connection a name.")
    if any(server.name == name for server in servers(session, by=by)):
        raise Conflict("You have a connection of this name; choose another name, or remove that one first.")
    row = PacsServer(owner_id=by, name=name, created_at=at)
    session.add(row)
    session.flush()
    text = json.dumps(asdict(address))
    row.sealed = seal(text, secret=settings().secret_bytes(), purpose=CONNECTION, context=f"{by}/{row.id}")
    audit.record(session, kind="PACS connection added", at=at, actor_id=by, detail={"connection": row.id})
    return row.id


def servers(session: Session, *, by: int) -> list[Server]:
    """Return this person's connections, by name."""
    permissions.require_task(session, by, Task.CASES)
    query = (
        select(PacsServer).where(PacsServer.owner_id == by, PacsServer.sealed.is_not(None)).order_by(PacsServer.name)
    )
    return [Server(row.id, row.name, _address(row).url) for row in session.scalars(query)]


def address(session: Session, server_id: int, *, by: int) -> Address:
    """Return address and credentials of this person's connection; raises NotFound."""
    permissions.require_task(session, by, Task.CASES)
    return _address(_own(session, server_id, by))


def remove_server(session: Session, server_id: int, *, by: int, at: datetime) -> None:
    """Forget address and credentials of a connection. Cases fetched through it stay."""
    permissions.require_task(session, by, Task.CASES)
    row = _own(session, server_id, by)
    row.sealed, row.removed_at = None, at
    audit.record(session, kind="PACS connection removed", at=at, actor_id=by, detail={"connection": server_id})


def note_search(session: Session, server_id: int, *, by: int, at: datetime, studies: int) -> None:
    """Record that somebody searched a PACS, which shows names; not what for."""
    permissions.require_task(session, by, Task.CASES)
    _own(session, server_id, by)
    detail = {"connection": server_id, "studies": studies}
    audit.record(session, kind="PACS searched", at=at, actor_id=by, detail=detail)


def add_source(session: Session, case_id: int, source: Source, *, by: int, at: datetime) -> None:
    """Note which series of a PACS a case was fetched from, once; raises NotFound, Forbidden."""
    permissions.require_cases(session, [case_id], by)
    _own(session, source.server_id, by)
    same = (PacsSource.case_id == case_id, PacsSource.owner_id == by, PacsSource.server_id == source.server_id)
    row = session.scalar(select(PacsSource).where(*same))
    if row is None:
        row = PacsSource(case_id=case_id, owner_id=by, server_id=source.server_id, created_at=at)
        session.add(row)
    text = json.dumps([source.study_uid, source.series_uid])
    row.sealed = seal(text, secret=settings().secret_bytes(), purpose=SERIES, context=f"{by}/{case_id}")
    session.flush()
    number = session.scalar(select(Case.number).where(Case.id == case_id))
    detail = {"connection": source.server_id, "case": number}
    audit.record(session, kind="PACS series fetched", at=at, actor_id=by, detail=detail)


def sources(session: Session, case_ids: Sequence[int], *, by: int) -> dict[int, Source]:
    """Return the series of a PACS behind each of these cases that this person fetched and can still reach."""
    permissions.require_task(session, by, Task.CASES)
    query = (
        select(PacsSource)
        .join(PacsServer, PacsServer.id == PacsSource.server_id)
        .where(PacsSource.owner_id == by, PacsSource.sealed.is_not(None), PacsServer.sealed.is_not(None))
        .order_by(PacsSource.id)
    )
    wanted, secret = set(case_ids), settings().secret_bytes()
    found = {}
    for row in session.scalars(query):
        if row.case_id in wanted and row.sealed is not None:
            text = unseal(row.sealed, secret=secret, purpose=SERIES, context=f"{by}/{row.case_id}")
            found[row.case_id] = Source(row.server_id, *json.loads(text))
    return found


def note_sent(session: Session, study_id: int, case_number: int, objects: int, *, by: int, at: datetime) -> None:
    """Record that results of a case were sent to a PACS; raises Forbidden without the right to the study's results."""
    permissions.require(session, study_id, by, Right.RESULTS)
    detail = {"case": case_number, "objects": objects}
    audit.record(session, kind="results sent to a PACS", at=at, actor_id=by, study_id=study_id, detail=detail)


def forget_sources(session: Session, *, by: int) -> None:
    """Erase which series this person's cases were fetched from; part of destroying the case register."""
    permissions.active(session, by)
    session.execute(update(PacsSource).where(PacsSource.owner_id == by).values(sealed=None))


def _own(session: Session, server_id: int, by: int) -> PacsServer:
    row = session.get(PacsServer, server_id)
    if row is None or row.owner_id != by or row.sealed is None:
        raise NotFound(NO_CONNECTION)
    return row


def _address(row: PacsServer) -> Address:
    text = unseal(
        row.sealed or b"", secret=settings().secret_bytes(), purpose=CONNECTION, context=f"{row.owner_id}/{row.id}"
    )
    return Address(**json.loads(text))
