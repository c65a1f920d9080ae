"""Gathers the facts that the check of a study looks at."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.ai.card import UNKNOWN
from core.errors import ParallaxError
from core.progress import Progress, ignore
from core.study.preflight import CaseFacts, Facts, Finding, ReaderFacts, check
from db import permissions
from db.ai import reads as ai_reads
from db.ai.reads import AiReadInfo
from db.models import Account, Patient
from db.permissions import Actor, Right
from db.study import info as study_info
from db.study import orders
from db.truth import members as panel_members
from db.truth import records as truth

Volumes = Mapping[str, str | None]  # storage key -> None where the volume opens, else the sentence that says why not
NOT_TRIED = "This case was added while the check ran; check the study again."


def storage_keys(session: Session, study_id: int, *, by: Actor) -> tuple[str, ...]:
    """Return the storage key of every volume of a study to those who manage it; raises Forbidden."""
    permissions.require(session, study_id, by, Right.MANAGE)
    return tuple(link.case.storage_key for link in study_info.taken(session, study_id))


def try_volumes(
    keys: Iterable[str], opens: Callable[[str], object], *, on_progress: Progress = ignore
) -> dict[str, str | None]:
    """Open every volume with `opens`, which raises a ParallaxError where it cannot.

    Takes no session on purpose: opening volumes takes seconds, and a transaction would hold up everybody meanwhile.
    """
    tried: dict[str, str | None] = {}
    keys = tuple(keys)
    for done, key in enumerate(keys, start=1):
        try:
            opens(key)
            tried[key] = None
        except ParallaxError as error:
            tried[key] = str(error)
        on_progress(done, len(keys))
    return tried


def preflight(session: Session, study_id: int, *, volumes: Volumes | None, by: Actor) -> tuple[Finding, ...]:
    """Return the blockers and notes of a study to those who manage it; raises Forbidden.

    `volumes` comes from `try_volumes`; None leaves the volumes out.
    """
    permissions.require(session, study_id, by, Right.MANAGE)
    return findings_of(session, study_id, volumes=volumes)


def findings_of(session: Session, study_id: int, *, volumes: Volumes | None) -> tuple[Finding, ...]:
    """Return the blockers and notes of a study. For verbs of db only."""
    return check(facts(session, study_id, volumes=volumes))


def facts(session: Session, study_id: int, *, volumes: Volumes | None) -> Facts:
    """Return the facts of a study. For verbs of db only."""
    study = study_info.load(session, study_id)
    links = study_info.taken(session, study_id)
    truths = truth.newest(session, study_id)
    reading = {reader.account_id for reader in study_info.people(session, study_id)}
    authored = truth.authors(session, study_id)
    by_readers = {case_id for account_id, cases in authored.items() if account_id in reading for case_id in cases}
    series = [link.case.series_id for link in links]
    model = ai_reads.model(session, study.ai_model_id) if study.ai_model_id is not None else None
    found = ai_reads.of_series(session, series, model.id, study.ai_rule) if model else {}
    trained = _trained_on(session, set(model.manifest)) if model else set()
    cases = []
    for link in links:
        known = truths.get(link.case.id)
        ai = found.get(link.case.series_id)
        cases.append(
            CaseFacts(
                number=link.case.number,
                patient_id=link.case.patient_id,
                practice=link.practice,
                withdrawn=link.case.withdrawn,
                in_training=link.case.patient_id in trained,
                tags=link.case.tags,
                attributes=link.case.attributes,
                opens=None if volumes is None else volumes.get(link.case.storage_key, NOT_TRIED),
                truth=known.class_code if known else None,
                truth_by_reader=link.case.id in by_readers,
                ai="none" if ai is None else "call" if ai.call else "failure",
                ai_warned=bool(ai and ai.warnings),
                ai_parameters=ai.parameters_hash if ai else None,
            )
        )
    return Facts(
        title=study.title,
        design=study.design,
        protocol=study.protocol,
        classes=study.classes,
        groups=tuple(group.name for group in study.groups),
        cases=tuple(cases),
        readers=_readers(session, study_id),
        ai_classes=model.classes if model else None,
        plan=orders.plan(session, study_id),
        panel=len(panel_members.voters(session, study_id)),
        ai_patients_known=model is None or model.card.get("manifest", {}).get("known") != UNKNOWN,
    )


def pinned(session: Session, study_id: int, *, at: datetime) -> dict[str, object]:
    """Return what freezes the AI of a study at its opening: model, weights, rule, parameters and when."""
    study = study_info.load(session, study_id)
    if study.ai_model_id is None:
        return {}
    model = ai_reads.model(session, study.ai_model_id)
    series = [link.case.series_id for link in study_info.taken(session, study_id)]
    reads = ai_reads.of_series(session, series, model.id, study.ai_rule)
    called: list[AiReadInfo] = [read for read in reads.values() if read.call is not None]
    return {
        "model": model.name,
        "version": model.version,
        "sha256": model.sha256,
        "rule": study.ai_rule,
        "parameters_hash": called[0].parameters_hash if called else None,
        "parameters": called[0].parameters if called else {},
        "reads": sorted(read.id for read in reads.values()),
        "frozen_at": at.isoformat(),
    }


def _trained_on(session: Session, manifest: set[str]) -> set[int]:
    """Return the ids of the patients whose keys are in a model's manifest."""
    if not manifest:
        return set()
    return {patient_id for patient_id, key in session.execute(select(Patient.id, Patient.key)) if key in manifest}


def _readers(session: Session, study_id: int) -> tuple[ReaderFacts, ...]:
    disabled = set(session.scalars(select(Account.id).where(Account.disabled_at.is_not(None))))
    staff = permissions.could_see_truth(session, study_id)
    return tuple(
        ReaderFacts(
            reader.name, reader.group, reader.has_password, reader.account_id in disabled, reader.account_id in staff
        )
        for reader in study_info.people(session, study_id, withdrawn=False)
    )
