"""Store a series of an upload as a case: its volume, its row, its source in the register and its AI read, together."""

from dataclasses import dataclass
from typing import Protocol

from core import clock
from core.imaging.intake import Intake, Listed
from core.progress import Progress, ignore
from core.settings import settings
from db import cases, register
from db.ai import models as ai_models
from db.engine import Session, open_session


@dataclass(frozen=True, slots=True)
class Ingested:
    """The case that a series became, and whether the same content was there before."""

    case_id: int
    number: int
    known: bool


class Enqueue(Protocol):
    """Ask for an AI read of a series in the caller's transaction, as core.jobs.queue.enqueue does."""

    def __call__(self, session: Session, *, series_id: int, model_name: str, model_version: str) -> str: ...


def ingest(
    intake: Intake, series: Listed, *, by: int, enqueue: Enqueue, source: str = "", on_progress: Progress = ignore
) -> Ingested:
    """Read and store one series that an intake found; raises ParallaxError where it cannot be.

    source is what the case register calls it, where its files' names say nothing.
    """
    at = settings()
    read = intake.read(series.key, store=at.storage, secret=at.secret_bytes(), on_progress=on_progress)
    new = cases.NewSeries(
        content_hash=read.content_hash,
        storage_key=read.storage_key or read.content_hash,
        shape=read.shape,
        spacing_mm=read.spacing_mm,
        z_mm=read.z_mm,
        affine=read.affine,
        attributes=read.attributes,
        patient_key=read.patient_key or read.content_hash,
        deidentified=read.record,
    )
    with open_session() as session:  # the case and its job come into being together, or not at all
        added = cases.add(session, new, by=by, at=clock.now())
        register.add(session, case_id=added.case.id, source=source or series.origin, by=by, at=clock.now())
        model = ai_models.default(session)
        if model is not None and not added.known:
            enqueue(session, series_id=added.case.series_id, model_name=model.name, model_version=model.version)
    return Ingested(added.case.id, added.case.number, added.known)
