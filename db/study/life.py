"""The life of a study: draft -> checked -> open -> closed -> unblinded. Each step has its guard and its audit event."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import __version__
from core.errors import Conflict, Forbidden, InvalidInput
from core.study.classes import StudyClass
from core.study.preflight_facts import Remark
from core.study.protocol import Protocol
from core.study.reasons import given_reason
from core.study.words import StudyState
from db import audit, permissions, signatures
from db.models import Reader, Study, StudyCase
from db.permissions import Actor, Right, Task
from db.signatures import Act
from db.study import ais, orders
from db.study.ais import OTHERS
from db.study.design import create_study, named_design
from db.study.info import StudyInfo, load, people, row
from db.study.monitor import missing
from db.study.preflight import Volumes, findings_of, pinned
from db.study.readers import add_reader
from db.truth import records as truth
from db.truth.authors import may_author

FORMAT = "parallax study protocol 1"


def check_study(session: Session, study_id: int, *, volumes: Volumes, by: int, at: datetime) -> tuple[Remark, ...]:
    """Run the check; without blockers the study is checked, otherwise it is, or becomes again, a draft.

    `volumes` comes from `preflight.try_volumes`, called before this transaction began.
    """
    permissions.require(session, study_id, by, Right.MANAGE)
    found = row(session, study_id, hold=True)
    if not found.state.editable:
        raise Conflict("This study was opened already.")
    findings = findings_of(session, study_id, volumes=volumes)
    blockers = sum(finding.blocks for finding in findings)
    found.state = StudyState.DRAFT if blockers else StudyState.CHECKED
    detail = {"blockers": blockers, "notes": len(findings) - blockers}
    audit.record(session, kind="study checked", at=at, actor_id=by, study_id=study_id, detail=detail)
    return findings


def open_study(
    session: Session, study_id: int, *, volumes: Volumes, seed: int, by: int, at: datetime, password: str = ""
) -> StudyInfo:
    """Open a checked study: protocol, truth versions, AI and orders are frozen in this one transaction.

    `password` signs it where the study asks for signatures, here and in the next steps.

    The check runs once more; raises Conflict naming the first blocker. `seed` is below 2**31.
    """
    permissions.require(session, study_id, by, Right.MANAGE)
    found = row(session, study_id, hold=True)
    if found.state != StudyState.CHECKED:
        raise Conflict("Check the study first; only a checked study without blockers is opened.")
    blockers = [finding for finding in findings_of(session, study_id, volumes=volumes) if finding.blocks]
    if blockers:
        raise Conflict(f"Not opened. {blockers[0].message}")
    signatures.require(session, found, Act.OPENING, password=password, by=by, at=at)
    truths = truth.newest(session, study_id)
    for link in session.scalars(select(StudyCase).where(StudyCase.study_id == study_id)):
        link.frozen_truth_id = truths[link.case_id].id
    pin: dict[str, Any] = pinned(session, study_id, at=at)
    found.ai_parameters = pin
    made = orders.make(session, study_id, seed=seed, at=at)
    found.seed, found.state, found.opened_at = seed, StudyState.OPEN, at
    detail = {
        "seed": seed,
        "orders": made,
        "truth": {str(info.case_number): info.version for info in truths.values()},
        "ais": [
            {name: entry.get(name) for name in ("model", "version", "sha256", "rule")}
            for entry in ([pin, *pin.get(OTHERS, [])] if pin else [])
        ],
        "app_version": __version__,
    }
    audit.record(session, kind="study opened", at=at, actor_id=by, study_id=study_id, detail=detail)
    return load(session, study_id)


def close_study(
    session: Session, study_id: int, *, by: int, at: datetime, reason: str = "", password: str = ""
) -> None:
    """Close an open study: nothing is read in it any more. With reads missing it needs a reason.

    What readers who dropped out left unread is missing no more: their withdrawal has its own reason.
    """
    permissions.require(session, study_id, by, Right.MANAGE)
    found = row(session, study_id, hold=True)
    _must_be(found, StudyState.OPEN, "Only an open study can be closed.")
    left = missing(session, study_id, at=at)
    if left:
        reason = given_reason(f"{left} reads are missing; closing now", reason)
    signatures.require(session, found, Act.CLOSING, password=password, by=by, at=at)
    found.state, found.closed_at = StudyState.CLOSED, at
    detail = {"missing": left, "reason": reason.strip() or None}
    audit.record(session, kind="study closed", at=at, actor_id=by, study_id=study_id, detail=detail)


def unblind(session: Session, study_id: int, *, by: int, at: datetime, reason: str, password: str = "") -> None:
    """Unblind a closed study: from now on its results can be seen. Logged with who and why, never taken back."""
    permissions.require(session, study_id, by, Right.MANAGE)
    found = row(session, study_id, hold=True)
    _must_be(found, StudyState.CLOSED, "Close the study first; it is unblinded when nothing is read in it any more.")
    if session.scalar(select(Reader.id).where(Reader.study_id == study_id, Reader.account_id == by)) is not None:
        raise Forbidden("Who reads in this study may not unblind it; ask another coordinator.")
    reason = given_reason("Unblinding", reason)
    signatures.require(session, found, Act.UNBLINDING, password=password, by=by, at=at)
    found.state, found.unblinded_at = StudyState.UNBLINDED, at
    detail = {"reason": reason}
    audit.record(session, kind="study unblinded", at=at, actor_id=by, study_id=study_id, detail=detail)


def copy_study(
    session: Session,
    study_id: int,
    *,
    title: str,
    with_cases: bool,
    with_truth: bool = False,
    with_readers: bool = False,
    by: int,
    at: datetime,
) -> StudyInfo:
    """Return a new draft with the design of another study; with its cases, their truth and its readers if asked for.

    Reads and reading orders are never copied: orders are made anew when the copy is opened. An empty title is that of
    the study, marked as a copy. Raises InvalidInput for truth without cases.
    """
    parts = with_cases or with_truth or with_readers
    permissions.require(session, study_id, by, Right.MANAGE if parts else Right.OVERVIEW)
    if with_truth and not with_cases:
        raise InvalidInput("Truth belongs to cases: copy the cases too, or neither.")
    title = title.strip() or f"{row(session, study_id).title[:193]} (copy)"
    made = import_study(session, export_study(session, study_id, by=by), title=title, by=by, at=at)
    before, after = row(session, study_id), row(session, made.id)
    after.ai_rule = before.ai_rule
    ais.write(session, after, ais.chosen(session, before))
    if with_cases:
        for link in session.scalars(select(StudyCase).where(StudyCase.study_id == study_id).order_by(StudyCase.id)):
            session.add(StudyCase(study_id=made.id, case_id=link.case_id, practice=link.practice, added_at=at))
    session.flush()
    if with_readers:
        for reader in people(session, study_id, withdrawn=False):
            add_reader(session, made.id, reader.account_id, group=reader.group, years=reader.years, by=by, at=at)
    if with_truth:
        may_author(session, study_id, by)  # who reads in the first study does not learn its truth by a copy
        for case_id, record in truth.newest(session, study_id).items():
            said: dict[str, Any] = {
                "class_code": record.class_code,
                "source": record.source,
                "findings": record.findings,
            }
            truth.store(session, made.id, case_id, **said, lesions=record.lesions or None, reason=None, by=by, at=at)
    audit.record(session, kind="study copied", at=at, actor_id=by, study_id=made.id, detail={"from": study_id})
    return load(session, made.id)


def export_study(session: Session, study_id: int, *, by: Actor) -> dict[str, Any]:
    """Return the design of a study as plain JSON values: no cases, no people, no truth."""
    permissions.require(session, study_id, by, Right.OVERVIEW)
    found = load(session, study_id)
    return {
        "format": FORMAT,
        "title": found.title,
        "design": found.design,
        "classes": [
            {
                "code": study_class.code,
                "label": study_class.label,
                "letter": study_class.letter,
                "colour": study_class.colour,
                "ai_class": study_class.ai_class,
                "positive": study_class.positive,
            }
            for study_class in found.classes
        ],
        "groups": [group.name for group in found.groups],
        "ai_rule": found.ai_rule,
        "protocol": found.protocol.to_json(),
    }


def import_study(session: Session, data: object, *, by: int, at: datetime, title: str = "") -> StudyInfo:
    """Return a new draft from what `export_study` gave, as values or as JSON text; raises InvalidInput."""
    permissions.require_task(session, by, Task.STUDIES)
    if isinstance(data, bytes | str):
        try:
            data = json.loads(data)
        except ValueError:
            raise InvalidInput("The file is not JSON; choose a protocol exported from Parallax.") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT or not isinstance(data.get("groups"), list):
        raise InvalidInput("This is not a study protocol of this version; choose one exported from Parallax.")
    try:
        classes = [
            StudyClass(
                code=str(entry["code"]),
                label=str(entry["label"]),
                letter=str(entry["letter"]),
                colour=str(entry["colour"]),
                ai_class=None if entry.get("ai_class") is None else str(entry["ai_class"]),
                positive=bool(entry.get("positive", False)),
            )
            for entry in data["classes"]
        ]
        groups = [str(name) for name in data["groups"]]
        design, rule, name = named_design(data["design"]), str(data.get("ai_rule", "paper")), str(data["title"])
    except (KeyError, TypeError, AttributeError):
        raise InvalidInput("The protocol misses its title, design, classes or groups; export it again.") from None
    made = create_study(
        session,
        title=title or name,
        design=design,
        protocol=Protocol.from_json(data.get("protocol", {})),
        classes=classes,
        groups=groups,
        by=by,
        at=at,
    )
    imported = row(session, made.id)
    imported.ai_rule = rule[:60]
    ais.write(session, imported, imported.protocol.ais)
    return load(session, made.id)


def _must_be(found: Study, state: StudyState, message: str) -> None:
    if found.state != state:
        raise Conflict(message)
