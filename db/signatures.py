"""Signatures (21 CFR 11.50, 11.70): a password given again, with a meaning, bound to the hash of what was signed.

A signature is an event of the audit trail, so it is append-only and a link of the chain. Its digest is over what the
study is at this moment, and over the head of the chain, which stands for every locked read, truth and order before it.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import Forbidden
from db import audit, chain, permissions, sign_ins
from db.models import AuditEvent, Study
from db.permissions import Actor, Right

KIND = "signed"
ADDRESS = "signature"  # where wrong passwords of signatures are counted, apart from those of sign-ins


class Act(StrEnum):
    """What can be signed."""

    OPENING = "opening"
    CLOSING = "closing"
    UNBLINDING = "unblinding"


MEANINGS = {
    Act.OPENING: "I approve the protocol, the cases, the truth and the readers of this study as they are frozen now.",
    Act.CLOSING: "I confirm that the reading of this study has ended.",
    Act.UNBLINDING: "I approve that the results of this study are seen from now on.",
}


class WrongPassword(Forbidden):
    """The password does not prove who signs."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature. `digest` is the SHA-256 of what was signed, `head` the chain's head it includes."""

    act: Act
    name: str
    username: str
    at: datetime
    meaning: str
    digest: str
    head: str


def require(session: Session, study: Study, act: Act, *, password: str, by: int, at: datetime) -> None:
    """Sign an act where the study asks for it; raises WrongPassword. For verbs of db, before they change the study."""
    if not study.protocol.signatures:
        return
    account = permissions.active(session, by)
    if account.password_hash is None:
        raise WrongPassword("Signing asks for a password of your own; set one with a link from an administrator.")
    tried = sign_ins.attempt(session, username=account.username, password=password, address=ADDRESS, at=at)
    if not tried.right:
        raise WrongPassword(
            "Not signed: rest five minutes after five wrong passwords."
            if tried.resting
            else "Not signed: this is not your password."
        )
    head = chain.head(session)
    detail = {"act": act.value, "name": account.name, "username": account.username, "meaning": MEANINGS[act]}
    detail |= {"digest": digest_of(study, head), "head": head}
    audit.record(session, kind=KIND, at=at, actor_id=by, study_id=study.id, detail=detail)


def count_wrong(session: Session, *, by: int, password: str, at: datetime) -> None:
    """Count a wrong password of a signature, in a transaction of its own: that of the act was taken back."""
    account = permissions.active(session, by)
    tried = sign_ins.attempt(session, username=account.username, password=password, address=ADDRESS, at=at)
    if not tried.right:
        sign_ins.conclude(session, tried, at=at)


def of_study(session: Session, study_id: int, *, by: Actor) -> list[Signature]:
    """Return the signatures of a study in order of time, to who has a part in running it; raises Forbidden."""
    permissions.require(session, study_id, by, Right.OVERVIEW)
    signed = AuditEvent.study_id == study_id, AuditEvent.kind == KIND
    found = session.scalars(select(AuditEvent).where(*signed).order_by(AuditEvent.id))
    return [signature(event.at, event.detail) for event in found]


def signature(at: datetime, detail: dict[str, Any]) -> Signature:
    """Return the signature that an event holds."""
    texts = (str(detail[name]) for name in ("name", "username"))
    name, username = texts
    return Signature(
        Act(detail["act"]), name, username, at, str(detail["meaning"]), str(detail["digest"]), str(detail["head"])
    )


def digest_of(study: Study, head: str) -> str:
    """Return the SHA-256 of what a study is, and of the chain's head."""
    told = {
        "study": study.id,
        "title": study.title,
        "design": study.design,
        "state": study.state,
        "protocol": study.protocol.to_json(),
        "ai_parameters": study.ai_parameters,
        "seed": study.seed,
        "head": head,
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True, ensure_ascii=False, default=str).encode()).hexdigest()
