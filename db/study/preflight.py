"""Gathers the facts that the check of a study looks at."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.ai.card import UNKNOWN
from core.errors import ParallaxError
from core.progress import Progress, ignore
from core.study.ais import AiFacts, CaseAi
from core.study.preflight import check
from core.study.preflight_facts import CaseFacts, Facts, ReaderFacts, Remark
from db import permissions
from db.ai import marks as ai_marks
from db.ai import reads as ai_reads
from db.ai.reads import AiReadInfo
from db.models import Account, Patient
from db.permissions import Actor, Right
from db.study import ais as study_ais
from db.study import clinical, orders
from db.study import info as study_info
from db.study.ais import AiOfStudy
from db.study.info import StudyCaseInfo
from db.truth import members as panel_members
from db.truth import records as truth
from db.truth.authors import authors

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


def preflight(session: Session, study_id: int, *, volumes: Volumes | None, by: Actor) -> tuple[Remark, ...]:
    """Return the blockers and notes of a study to those who manage it; raises Forbidden.

    `volumes` comes from `try_volumes`; None leaves the volumes out.
    """
    permissions.require(session, study_id, by, Right.MANAGE)
    return findings_of(session, study_id, volumes=volumes)


def findings_of(session: Session, study_id: int, *, volumes: Volumes | None) -> tuple[Remark, ...]:
    """Return the blockers and notes of a study. For verbs of db only."""
    return check(facts(session, study_id, volumes=volumes))


def facts(session: Session, study_id: int, *, volumes: Volumes | None) -> Facts:
    """Return the facts of a study. For verbs of db only."""
    study = study_info.load(session, study_id)
    links = study_info.taken(session, study_id)
    truths = truth.newest(session, study_id)
    reading = {reader.account_id for reader in study_info.people(session, study_id)}
    authored = authors(session, study_id)
    by_readers = {case_id for account_id, cases in authored.items() if account_id in reading for case_id in cases}
    row = study_info.row(session, study_id)
    ais, named = study_ais.ais_of(session, row), study_ais.chosen(session, row)
    told = clinical.of_study(session, study_id)
    cases = []
    for link in links:
        known = truths.get(link.case.id)
        cases.append(
            CaseFacts(
                number=link.case.number,
                patient_id=link.case.patient_id,
                practice=link.practice,
                withdrawn=link.case.withdrawn,
                tags=link.case.tags,
                attributes=link.case.attributes,
                opens=None if volumes is None else volumes.get(link.case.storage_key, NOT_TRIED),
                truth=known.class_code if known else None,
                truth_by_reader=link.case.id in by_readers,
                informed=link.case.number in told,
                levels=(known.findings or {}) if known else {},
                lesions=known.lesions if known else (),
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
        ais=tuple(_ai(session, ai, links) for ai in ais),
        plan=orders.plan(session, study_id),
        panel=len(panel_members.voters(session, study_id)),
        unregistered=tuple(sorted({ai.title for ai in named} - {ai.name for ai in ais})),
    )


def _ai(session: Session, ai: AiOfStudy, links: list[StudyCaseInfo]) -> AiFacts:
    found = ai_reads.of_series(session, [link.case.series_id for link in links], ai.model.id, ai.rule)
    trained = _trained_on(session, set(ai.model.manifest))
    marks = ai_marks.newest(session, ai.model.id, [link.case.series_id for link in links])
    reads = {}
    for link in links:
        read = found.get(link.case.series_id)
        if read is not None:
            state: Literal["call", "failure"] = "call" if read.call else "failure"
            reads[link.case.number] = CaseAi(state, bool(read.warnings), read.parameters_hash)
    return AiFacts(
        title=ai.name,
        classes=ai.model.classes,
        counts_as=ai.classes.to_study,
        reads=reads,
        trained_on=tuple(link.case.number for link in links if link.case.patient_id in trained),
        marked=tuple(link.case.number for link in links if link.case.series_id in marks),
        patients_known=ai.model.card.get("manifest", {}).get("known") != UNKNOWN,
    )


def pinned(session: Session, study_id: int, *, at: datetime) -> dict[str, Any]:
    """Return what freezes the AIs of a study at its opening: model, weights, rule, parameters and when.

    The first AI's values, with those of the others in a list.
    """
    row = study_info.row(session, study_id)
    series = [link.case.series_id for link in study_info.taken(session, study_id)]
    frozen = [_frozen(session, ai, series, at) for ai in study_ais.ais_of(session, row)]
    if not frozen:
        return {}
    return {**frozen[0], study_ais.OTHERS: frozen[1:]} if frozen[1:] else frozen[0]


def _frozen(session: Session, ai: AiOfStudy, series: list[int], at: datetime) -> dict[str, object]:
    reads = ai_reads.of_series(session, series, ai.model.id, ai.rule)
    marks = sorted(ai_marks.newest(session, ai.model.id, series).values())
    called: list[AiReadInfo] = [read for read in reads.values() if read.call is not None]
    return {
        "model": ai.model.name,
        "version": ai.model.version,
        "sha256": ai.model.sha256,
        "rule": ai.rule,
        "parameters_hash": called[0].parameters_hash if called else None,
        "parameters": called[0].parameters if called else {},
        "reads": sorted(read.id for read in reads.values()),
        **({"marks": marks} if marks else {}),
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
