"""Make a whole study on a server's data by the coordinator's verbs: cases with images, truth, AI, readers; opened."""

import zlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from core.imaging.storage import VolumeStore
from core.imaging.synthetic import small_chest
from core.study.classes import StudyClass
from core.study.protocol import Protocol
from core.study.words import Design
from db import cases
from db.ai import models as ai_models
from db.ai import reads as ai_reads
from db.cases import CaseInfo
from db.engine import open_session
from db.permissions import SYSTEM
from db.study import cases as study_cases
from db.study import design as study_design
from db.study import life as study_life
from db.study import preflight
from db.study import readers as study_readers
from db.truth import records as truth
from tests.e2e.conftest import Server

SLICES = 16
REFERENCE = {"rests_on": ["PCR"], "interval": "two days", "who": "the clinic"}
SOURCE = "rt-pcr-planted-in-the-truth"
MODEL = "planted-model"
CLASSES = (
    StudyClass("normal", "Normal", "N", "#009E73", "normal"),
    StudyClass("cap", "Other pneumonia", "O", "#E69F00", "cap"),
    StudyClass("covid", "COVID-19", "C", "#0072B2", "covid", positive=True),
)


@dataclass
class Opened:
    """An open study: its id, who coordinates, and each case's truth by number."""

    id: int
    coordinator: int
    readers: dict[str, int] = field(default_factory=dict)
    truth: dict[int, str] = field(default_factory=dict)


def open_study(
    server: Server, name: str, *, design: Design, at: datetime, count: int, readers: int = 2, practice: int = 0,
    **protocol: Any,
) -> Opened:  # fmt: skip
    """Take a study from draft to open; readers are called <name>1, <name>2, ..."""
    store = VolumeStore(str(server.data / "volumes"))
    coordinator = server.account(f"{name}-coordinator", "coordinator")
    people = {f"{name}{n}": server.account(f"{name}{n}", "reader") for n in range(1, readers + 1)}
    with open_session(server.database) as session:
        by: dict[str, Any] = {"by": coordinator, "at": at}
        made = study_design.create_study(
            session, title=f"Study {name}", design=design, classes=CLASSES, groups=("readers",),
            protocol=Protocol.from_json({"ratings": False, "indeterminate": False, "break_after_cases": 0,
                                         "reference": REFERENCE, **protocol}),
            **by,
        )  # fmt: skip
        found = [put_case(session, server, f"{name}{n}", **by) for n in range(count + practice)]
        study_cases.add_cases(session, made.id, [case.id for case in found[practice:]], **by)
        study_cases.add_cases(session, made.id, [case.id for case in found[:practice]], practice=True, **by)
        opened = Opened(made.id, coordinator, people)
        for n, case in enumerate(found):
            opened.truth[case.number] = CLASSES[n % 3].code
            truth.record(session, made.id, case.id, class_code=CLASSES[n % 3].code, source=SOURCE, **by)
        study_design.save_ai(session, made.id, model_id=_ai(session, store, found, name, at), **by)
        for index, account in enumerate(people.values()):
            study_readers.add_reader(session, made.id, account, group="readers", years=index, **by)
        volumes = preflight.try_volumes(preflight.storage_keys(session, made.id, by=SYSTEM), store.geometry)
        findings = study_life.check_study(session, made.id, volumes=volumes, **by)
        blockers = [finding.message for finding in findings if finding.blocks]
        assert not blockers, blockers
        study_life.open_study(session, made.id, volumes=volumes, seed=7, **by)
    return opened


def put_case(session: Session, server: Server, name: str, *, by: int, at: datetime) -> CaseInfo:
    """Put a small procedural volume into the library."""
    store = VolumeStore(str(server.data / "volumes"))
    volume = small_chest(slices=SLICES, size=64, seed=zlib.crc32(name.encode()))
    new = cases.NewSeries(
        content_hash=volume.content_hash, storage_key=store.put(volume), shape=volume.hu.shape,
        spacing_mm=volume.spacing_mm, z_mm=volume.z_mm, affine=volume.affine, attributes={},
        patient_key=name.rjust(64, "0"),
    )  # fmt: skip
    return cases.add(session, new, by=by, at=at).case


def _ai(session: Session, store: VolumeStore, found: list[CaseInfo], name: str, at: datetime) -> int:
    """Store an AI that calls every case covid, with masks and heat maps beside the volumes."""
    sha = (name.encode().hex() * 32)[:64]
    model = ai_models.register_model(
        session, name=f"{MODEL}-{name}", version="9", kind="networks", sha256=sha, classes=["normal", "cap", "covid"],
        card={}, manifest=[], at=at,
    by=SYSTEM)  # fmt: skip
    for case in found:
        scores = ai_reads.NewScores(
            parameters={}, probabilities=[None, *[[0.125, 0.25, 0.625]] * (SLICES - 3), None, None], heat_slices=[4, 5],
            lung_volume_ml=4000.0, device="cpu", timings={}, code_version="1",
        )  # fmt: skip
        call = ai_reads.NewCall(
            rule="paper", call="covid", failure=None, probabilities={"normal": 0.125, "cap": 0.25, "covid": 0.625},
            counts={"normal": 0, "cap": 0, "covid": SLICES - 3}, deciding_slices=[4], abnormal_share=1.0, seconds=3.0,
        )  # fmt: skip
        ai_reads.store(
            session,
            series_id=case.series_id,
            model_id=model.id,
            parameters_hash="p",
            scores=scores,
            calls=[call],
            at=at,
            by=SYSTEM,
        )
        store.put_array(case.storage_key, f"lungs-{sha[:12]}", np.ones(case.shape, np.uint8))
        store.put_array(case.storage_key, f"heat-{sha[:12]}", np.full((2, 16, 16), 128, np.uint8))
    return model.id
