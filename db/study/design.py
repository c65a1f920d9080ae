"""Changing the design of a study while it may still change. A change after the check sends the study back to draft."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from core.ai.rule import check_rule
from core.errors import Conflict, InvalidInput, NotFound
from core.study.ais import StudyAi
from core.study.classes import StudyClass, class_problems
from core.study.findings import aligned, finding_problems
from core.study.protocol import Protocol
from core.study.questions.registry import question_problems
from core.study.words import Design, StudyRole, StudyState
from db import audit, permissions
from db.ai import models as ai_models
from db.models import Reader, ReaderGroup, Study, StudyMember, Truth, TruthVote
from db.models import StudyClass as ClassRow
from db.permissions import Right, Task
from db.study import ais as study_ais
from db.study.info import StudyInfo, classes, load, reading_began, row

DEFAULT_GROUPS = ("Readers",)


def create_study(
    session: Session,
    *,
    title: str,
    by: int,
    at: datetime,
    design: Design = Design.INDEPENDENT,
    protocol: Protocol | None = None,
    classes: Sequence[StudyClass] = (),
    groups: Sequence[str] = DEFAULT_GROUPS,
    demo: bool = False,
) -> StudyInfo:
    """Add a study in draft, owned by who makes it; raises InvalidInput for an unknown design or faulty classes."""
    permissions.require_task(session, by, Task.STUDIES)
    made = Study(
        title=_title(title),
        state=StudyState.DRAFT,
        design=named_design(design),
        protocol=protocol or Protocol(),
        ai_rule="paper",
        ai_parameters={},
        created_by=by,
        created_at=at,
        demo=demo,
    )
    session.add(made)
    session.flush()
    session.add(StudyMember(study_id=made.id, account_id=by, role=StudyRole.OWNER, managed=True, added_at=at))
    session.flush()
    audit.record(session, kind="study created", at=at, actor_id=by, study_id=made.id, detail={"design": design})
    if classes:
        _write_classes(session, made, tuple(classes))
    _write_groups(session, made.id, tuple(groups))
    return load(session, made.id)


def save_title(session: Session, study_id: int, title: str, *, by: int, at: datetime) -> None:
    """Rename a study before its first read."""
    permissions.require(session, study_id, by, Right.MANAGE)
    found = row(session, study_id, hold=True)
    _must_be_unread(session, found)
    found.title = _title(title)
    audit.record(session, kind="study renamed", at=at, actor_id=by, study_id=study_id)


def save_design(session: Session, study_id: int, design: Design, *, by: int, at: datetime) -> None:
    """Choose the design: independent, sequential or crossover."""
    editing(session, study_id, by=by, at=at).design = named_design(design)
    audit.record(session, kind="design changed", at=at, actor_id=by, study_id=study_id, detail={"design": design})


def save_protocol(session: Session, study_id: int, protocol: Protocol, *, by: int, at: datetime) -> None:
    """Store the protocol. A draft may be incomplete, but its questions must be askable; raises InvalidInput.

    Once the study is open and until the first read only words may change; raises Conflict for anything else.
    """
    permissions.require(session, study_id, by, Right.MANAGE)
    found = row(session, study_id, hold=True)
    before = found.protocol
    protocol = Protocol.from_json(protocol.to_json())  # what could not be read again is never stored
    if protocol == before:
        return
    if problems := [
        *question_problems(protocol.questions),
        *finding_problems(protocol.findings, protocol.acceptance),
        *_class_problems(session, study_id, protocol),
    ]:
        raise InvalidInput(" ".join(problems))
    if found.state == StudyState.OPEN:
        _must_be_unread(session, found)
        if protocol.without_wording() != before.without_wording():
            raise Conflict("The study is open: words may change until the first read, its rules no more.")
        kind = "wording changed"
    else:
        editing(session, study_id, by=by, at=at)
        kind = "protocol changed"
    found.protocol = protocol
    old = before.to_json()
    changed = [name for name, value in protocol.to_json().items() if value != old[name]]
    audit.record(session, kind=kind, at=at, actor_id=by, study_id=study_id, detail={"fields": changed})


def save_classes(session: Session, study_id: int, new: Sequence[StudyClass], *, by: int, at: datetime) -> None:
    """Replace the classes. A class that a truth names cannot go; once open, only labels may change."""
    permissions.require(session, study_id, by, Right.MANAGE)
    found = row(session, study_id, hold=True)
    before, after = classes(session, study_id), tuple(new)
    if before == after:
        return
    if problems := class_problems(after, findings=bool(found.protocol.findings)):
        raise InvalidInput(" ".join(problems))
    if found.state == StudyState.OPEN:
        _must_be_unread(session, found)
        if [(c.code, c.letter, c.ai_class, c.positive) for c in before] != [
            (c.code, c.letter, c.ai_class, c.positive) for c in after
        ]:
            raise Conflict("The study is open: labels may change until the first read, classes no more.")
    else:
        editing(session, study_id, by=by, at=at)
    gone = {c.code for c in before} - {c.code for c in after}
    if gone & _codes_in_truth(session, study_id):
        raise Conflict(f"The truth of this study names {', '.join(sorted(gone))}; correct the truth first.")
    named = study_ais.chosen(session, found)
    _write_classes(session, found, after)
    if found.state.editable and named:
        study_ais.write(session, found, [study_ais.again(session, study_id, ai) for ai in named])
    detail = {"classes": [c.code for c in after]}
    audit.record(session, kind="classes changed", at=at, actor_id=by, study_id=study_id, detail=detail)


def save_groups(session: Session, study_id: int, names: Sequence[str], *, by: int, at: datetime) -> None:
    """Replace the reader groups by name and order; a group that has readers cannot go."""
    editing(session, study_id, by=by, at=at)
    _write_groups(session, study_id, tuple(names))
    audit.record(session, kind="groups changed", at=at, actor_id=by, study_id=study_id, detail={"groups": [*names]})


def save_ai(
    session: Session, study_id: int, *, model_id: int | None, rule: str = "paper", by: int, at: datetime
) -> None:
    """Choose the AI that takes part, or none; raises NotFound for one that is not registered any more."""
    found = editing(session, study_id, by=by, at=at)
    there = study_ais.chosen(session, found)
    new: list[StudyAi] = []
    if model_id is not None:
        ai_models.check_registered(session, model_id)
        new = [study_ais.described(session, study_id, ai_models.model(session, model_id), rule, there)]
    _write_ais(session, found, [*new, *there[1:]], by=by, at=at)


def add_ai(session: Session, study_id: int, *, model_id: int, rule: str = "paper", by: int, at: datetime) -> None:
    """Let one more AI take part, with its classes mapped as those of another version of it, else by guess."""
    found = editing(session, study_id, by=by, at=at)
    there = study_ais.chosen(session, found)
    new = study_ais.described(session, study_id, ai_models.model(session, model_id), rule, there)
    save_ais(session, study_id, [*there, new], by=by, at=at)


def save_ais(session: Session, study_id: int, ais: Sequence[StudyAi], *, by: int, at: datetime) -> None:
    """Replace the AIs that take part; the first is the one that aided readers are shown.

    Raises InvalidInput where one is named twice under one rule or mapped to no class of the study, NotFound for one
    that is not registered.
    """
    found = editing(session, study_id, by=by, at=at)
    codes = {study_class.code for study_class in classes(session, study_id)}
    for ai in ais:
        model = ai_models.by_name(session, ai.name, ai.version)
        if model is None:
            raise NotFound(f"The AI {ai.title} is not registered; reload the page.")
        ai_models.check_registered(session, model.id)
        check_rule(ai.rule)
        if gone := sorted({code for code in ai.classes.values() if code is not None} - codes):
            raise InvalidInput(f"{', '.join(gone)} is no class of this study; choose one that is.")
    named = [(ai.name, ai.version, ai.rule) for ai in ais]
    if len(set(named)) < len(named):
        raise InvalidInput("The study has this AI under this rule already; choose another version or rule.")
    _write_ais(session, found, ais, by=by, at=at)


def _write_ais(session: Session, found: Study, ais: Sequence[StudyAi], *, by: int, at: datetime) -> None:
    study_ais.write(session, found, ais)
    detail = {"ais": [{"model": ai.name, "version": ai.version, "rule": ai.rule, **ai.classes} for ai in ais]}
    audit.record(session, kind="AI chosen", at=at, actor_id=by, study_id=found.id, detail=detail)


def editing(session: Session, study_id: int, *, by: int, at: datetime) -> Study:
    """Return the row of a study whose design `by` may change now, held. For verbs of db only.

    Raises Forbidden, or Conflict once the study was opened.
    """
    permissions.require(session, study_id, by, Right.MANAGE)
    found = row(session, study_id, hold=True)
    if not found.state.editable:
        raise Conflict("This study was opened: its protocol is frozen. Copy the study to change the design.")
    if found.state == StudyState.CHECKED:
        found.state = StudyState.DRAFT
        audit.record(session, kind="study back to draft", at=at, actor_id=by, study_id=study_id)
    return found


def _must_be_unread(session: Session, found: Study) -> None:
    if not (found.state.editable or found.state == StudyState.OPEN) or reading_began(session, found.id):
        raise Conflict("Reading has begun: wording is locked. Copy the study to change it.")


def _title(title: str) -> str:
    if not 1 <= len(title.strip()) <= 200:
        raise InvalidInput("A study needs a title of 1 to 200 characters.")
    return title.strip()


def named_design(name: object) -> Design:
    """Return the design of this name, as a protocol file has it; raises InvalidInput."""
    if name not in list(Design):
        raise InvalidInput(f"The design is one of {', '.join(Design)}.")
    return Design(str(name))


def _codes_in_truth(session: Session, study_id: int) -> set[str]:
    found: set[str] = set()
    for table in (Truth, TruthVote):
        said = session.execute(select(table.class_code, table.findings).where(table.study_id == study_id))
        for code, levels in said:
            found |= {code} if levels is None else set(levels)
    return found


def _class_problems(session: Session, study_id: int, protocol: Protocol) -> list[str]:
    """Say where a protocol's findings are not the classes of the study, or are too few or many for a diagnosis."""
    there = classes(session, study_id)
    unknown = [
        finding.code for finding in protocol.findings if finding.code not in {study_class.code for study_class in there}
    ]
    named = [f"The finding {code} is none of this study's; add it first." for code in unknown]
    return named or [*class_problems(there, findings=bool(protocol.findings))] if there else named


def _write_classes(session: Session, study: Study, new: tuple[StudyClass, ...]) -> None:
    """Replace the classes of a study; its findings, where it has some, follow them."""
    if problems := class_problems(new, findings=bool(study.protocol.findings)):
        raise InvalidInput(" ".join(problems))
    if study.protocol.findings:
        study.protocol = replace(
            study.protocol, findings=aligned(study.protocol.findings, [study_class.code for study_class in new])
        )
    session.execute(delete(ClassRow).where(ClassRow.study_id == study.id))
    session.add_all(
        ClassRow(
            study_id=study.id,
            position=position,
            code=study_class.code,
            label=study_class.label.strip(),
            letter=study_class.letter,
            colour=study_class.colour,
            ai_class=study_class.ai_class,
            positive=study_class.positive,
        )
        for position, study_class in enumerate(new)
    )
    session.flush()


def _write_groups(session: Session, study_id: int, names: tuple[str, ...]) -> None:
    wanted = [name.strip() for name in names]
    if not wanted or len({name.lower() for name in wanted}) != len(wanted):
        raise InvalidInput("A study needs at least one reader group, each with a name of its own.")
    if any(not 1 <= len(name) <= 80 or name.lower() in ("ai", "all") for name in wanted):
        raise InvalidInput("A group needs a name of 1 to 80 characters, other than “AI” and “all”.")
    there = {g.name: g for g in session.scalars(select(ReaderGroup).where(ReaderGroup.study_id == study_id))}
    filled = set(session.scalars(select(Reader.group_id).where(Reader.study_id == study_id)))
    for name, group in there.items():
        if name not in wanted and group.id in filled:
            raise Conflict(f"The group {name} has readers; move them to another group first.")
    for name, group in there.items():
        if name not in wanted:
            session.delete(group)
        else:
            group.position = -1 - group.position  # out of the way: positions are unique within a study
    session.flush()
    for position, name in enumerate(wanted):
        if name in there:
            there[name].position = position
        else:
            session.add(ReaderGroup(study_id=study_id, name=name, position=position))
    session.flush()
