"""One database with everybody in it: two studies in draft, two that are unblinded, and an account of every kind."""

from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Account, Case, Read, Reader, ReaderGroup, Series, Study, StudyCase, StudyMember
from db.simulated import Plan, seed_study
from db.study import readers as study_readers
from tests.study import builder
from tests.study.builder import AT

# what they are in the first study; the strangers have the second one to themselves
OWNER, COORDINATOR, OBSERVER, STATISTICIAN = "owner", "study coordinator", "observer", "statistician"
ADMINISTRATOR, READER, AUDITOR, DISABLED = "administrator", "reader", "auditor", "disabled owner"
STRANGER, STRANGE_READER = "stranger coordinator", "stranger reader"
IN_INSTALLATION = {
    ADMINISTRATOR: "administrator",
    OWNER: "coordinator",
    COORDINATOR: "reader",
    OBSERVER: "reader",
    STATISTICIAN: "reader",
    READER: "reader",
    AUDITOR: "auditor",
    DISABLED: "coordinator",
    STRANGER: "coordinator",
    STRANGE_READER: "reader",
}
IN_STUDY = {COORDINATOR: "coordinator", OBSERVER: "observer", STATISTICIAN: "statistician", DISABLED: "coordinator"}
PLAN = Plan(cases=4, practice=0, novices=1, experts=1, ai_failures=0, missing=0.0, indeterminate=0.0)


@dataclass(frozen=True)
class Place:
    """What verbs need of one pair of studies: the draft, the unblinded one, and ids of their parts."""

    draft: int
    unblinded: int
    case_id: int  # in the draft
    case_number: int
    series_id: int
    reviewed: int  # number of a case of the unblinded study
    storage_key: str
    reader_id: int  # in the draft
    read_id: int  # in the unblinded study
    token: str  # of that read


@dataclass
class Scene:
    """The accounts by what they are, and the two places: the first study, and the stranger's."""

    people: dict[str, int] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    model_id: int = 0


def build(session: Session) -> Scene:
    """Fill an empty database."""
    scene = Scene()
    for who, role in IN_INSTALLATION.items():
        scene.people[who] = builder.account(session, who.replace(" ", "-"), role=role)
    for name, owner, reader in (("own", OWNER, READER), ("other", STRANGER, STRANGE_READER)):
        scene.places[name] = _place(session, name, scene.people[owner], scene.people[reader])
        for study_id in (scene.places[name].draft, scene.places[name].unblinded):
            for who, role in IN_STUDY.items() if name == "own" else ():
                builder.share(session, study_id, scene.people[who], role)
    scene.model_id = builder.model(session, version="2")
    session.get_one(Account, scene.people[DISABLED]).disabled_at = AT
    session.flush()
    return scene


def _place(session: Session, name: str, owner: int, reader: int) -> Place:
    made = builder.study(session, cases_=2, readers=1)
    study_readers.add_reader(session, made.id, reader, group="Novices", by=builder.coordinator(session), at=AT)
    unblinded = seed_study(session, Plan(**{**vars(PLAN), "title": name, "seed": 7 + len(name)}))
    for study_id in (made.id, unblinded):
        session.get_one(Study, study_id).created_by = owner
        member = session.scalars(select(StudyMember).where(StudyMember.study_id == study_id)).one()
        member.account_id = owner
    group = session.scalars(select(ReaderGroup).where(ReaderGroup.study_id == unblinded)).first()
    assert group is not None
    session.add(Reader(study_id=unblinded, account_id=reader, group_id=group.id, pseudonym="R9", added_at=AT))
    session.flush()
    case, series = session.execute(
        select(Case, Series)
        .join(Series, Series.case_id == Case.id)
        .join(StudyCase, StudyCase.case_id == Case.id)
        .where(StudyCase.study_id == made.id)
    ).first() or (None, None)
    assert case is not None
    assert series is not None
    reviewed = select(Case.number).join(StudyCase).where(StudyCase.study_id == unblinded)
    read = session.scalars(select(Read).join(Reader).where(Reader.study_id == unblinded)).first()
    mine = select(Reader.id).where(Reader.study_id == made.id, Reader.account_id == reader)
    assert read is not None
    return Place(
        draft=made.id,
        unblinded=unblinded,
        case_id=case.id,
        case_number=case.number,
        series_id=series.id,
        reviewed=session.scalars(reviewed).first() or 0,
        storage_key=series.storage_key,
        reader_id=session.scalars(mine).one(),
        read_id=read.id,
        token=read.token,
    )
