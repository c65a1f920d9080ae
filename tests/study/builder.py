"""Builds studies in a test's database: accounts, cases without pixels, classes, truth."""

from datetime import UTC, datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from core.study.classes import StudyClass
from core.study.protocol import Protocol, ReferenceStandard
from core.study.words import Design
from db import accounts, cases
from db.ai import models as ai_models
from db.ai import reads as ai_reads
from db.cases import CaseInfo, NewSeries
from db.models import StudyMember
from db.permissions import SYSTEM
from db.study import cases as study_cases
from db.study import design as study_design
from db.study import info as study_info
from db.study import preflight
from db.study import readers as study_readers
from db.study.info import StudyInfo

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CLASSES = (
    StudyClass("normal", "Normal", "N", "#009E73", "normal"),
    StudyClass("cap", "Pneumonia", "A", "#E69F00", "cap"),
    StudyClass("covid", "COVID-19", "C", "#0072B2", "covid", positive=True),
)
REFERENCE = ReferenceStandard(rests_on=("PCR",), interval="at most 3 days", who="Two radiologists")
READY = Protocol(reference=REFERENCE)


def coordinator(session: Session) -> int:
    """The coordinator's account id, made when first asked for."""
    known = {a.username: a.id for a in accounts.every(session, by=SYSTEM)}
    return known.get("coordinator") or account(session, "coordinator", role="coordinator")


def volumes(session: Session, study_id: int) -> preflight.Volumes:
    """What the check is given where every volume opens."""
    return dict.fromkeys(preflight.storage_keys(session, study_id, by=SYSTEM))


def account(session: Session, username: str, *, role: str = "reader") -> int:
    return accounts.create(session, username=username, name=username.title(), role=role, at=AT, by=SYSTEM).id


def share(session: Session, study_id: int, account_id: int, role: str = "coordinator") -> None:
    """Give an account a role in a study, as its owner would."""
    managed = role in ("owner", "coordinator")
    query = select(StudyMember).where(StudyMember.study_id == study_id, StudyMember.account_id == account_id)
    if session.scalar(query) is None:
        session.add(StudyMember(study_id=study_id, account_id=account_id, role=role, managed=managed, added_at=AT))
    session.flush()


def thaw(session: Session) -> None:
    """Let a test change the row of an opened study by hand, which the database refuses."""
    of = " ON studies" if session.get_bind().dialect.name == "postgresql" else ""
    session.execute(text(f"DROP TRIGGER studies_no_change{of}"))


def case(session: Session, n: int, *, patient: str | None = None, by: int) -> CaseInfo:
    """A case as it looks after its upload; `n` makes its content its own and, for once, its number."""
    new = NewSeries(
        content_hash=f"{n:064x}",
        storage_key=f"{n:064x}",
        shape=(40, 64, 64),
        spacing_mm=(5.0, 0.7, 0.7),
        z_mm=tuple(float(-5 * z) for z in range(40)),
        affine=((1.0, 0.0, 0.0, 0.0),) * 4,
        attributes={},
        patient_key=patient or f"patient {n}",
    )
    return cases.add(session, new, by=by, at=AT, draw=lambda _: n).case


def study(
    session: Session,
    *,
    cases_: int = 6,
    practice: int = 0,
    groups: tuple[str, ...] = ("Novices", "Experts"),
    readers: int = 4,
    design: Design = Design.INDEPENDENT,
    protocol: Protocol = READY,
) -> StudyInfo:
    """A study in draft with cases and readers spread evenly over its groups; no truth yet."""
    me = coordinator(session)
    made = study_design.create_study(
        session, title="A study", by=me, at=AT, design=design, protocol=protocol, classes=CLASSES, groups=groups
    )
    start = len(cases.every(session, withdrawn=True, by=SYSTEM))
    taken = [case(session, start + n + 1, by=me).id for n in range(cases_ + practice)]
    study_cases.add_cases(session, made.id, taken[:cases_], by=me, at=AT)
    study_cases.add_cases(session, made.id, taken[cases_:], practice=True, by=me, at=AT)
    for n in range(readers):
        group = groups[n * len(groups) // readers]
        reader = account(session, f"reader{made.id}_{n + 1}")
        study_readers.add_reader(session, made.id, reader, group=group, years=n, by=me, at=AT)
    return study_info.study(session, made.id, by=SYSTEM)


def model(session: Session, *, manifest: tuple[str, ...] = (), version: str = "1") -> int:
    return ai_models.register_model(
        session,
        name="demo",
        version=version,
        kind="networks",
        sha256="a" * 64,
        classes=["normal", "cap", "covid"],
        card={},
        manifest=list(manifest),
        at=AT,
        by=SYSTEM,
    ).id


def ai_read(session: Session, case: CaseInfo, model_id: int, call: str | None = "covid") -> None:
    """Store one AI read under the paper's rule; `call` None is a failure."""
    made = ai_reads.NewCall(
        rule="paper",
        call=call,
        failure=None if call else "No lungs were found.",
        probabilities={"normal": 0.2, "cap": 0.2, "covid": 0.6} if call else {},
        counts={},
        deciding_slices=[],
        abnormal_share=None,
        seconds=1.0,
    )
    ai_reads.store(
        session,
        series_id=case.series_id,
        model_id=model_id,
        parameters_hash="p",
        scores=None,
        calls=[made],
        at=AT,
        by=SYSTEM,
    )
