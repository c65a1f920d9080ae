"""What a study came to, case by case, as DICOM SR and SEG: into a folder, or back to the PACS the cases came from."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from core import clock
from core.errors import NotFound
from core.imaging.storage import VolumeStore
from core.pacs import client
from core.pacs.results import AiResult, CaseResults, Diagnosis, ReaderResult
from core.progress import Progress, ignore
from core.results.rows import ARMS, FAILURE, StudyRows
from core.services.background import Background
from core.settings import settings
from db import pacs
from db.cases import CaseInfo
from db.engine import open_session, open_view
from db.permissions import SYSTEM, Actor
from db.results import rows as analysis
from db.results import taken
from db.study import info as study_info


@dataclass(frozen=True, slots=True)
class Given:
    """A case of an unblinded study with its results."""

    case: CaseInfo
    results: CaseResults


def given_back(study_id: int, *, by: Actor, readers: bool) -> list[Given]:
    """Return the results of each case of a study, by case number: AI reads, and readers' locked reads if asked for.

    Raises Forbidden before unblinding and without the right to results.
    """
    with open_view() as session:
        rows = analysis.rows(session, study_id=study_id, by=by, detail=True)
        cases = {link.case.number: link.case for link in study_info.cases(session, study_id, by=SYSTEM)}
    store = VolumeStore(settings().storage)
    made = []
    for place, facts in enumerate(rows.study.cases):
        if not facts.practice:
            made.append(Given(cases[facts.number], _results(rows, place, cases[facts.number], store, readers=readers)))
    return made


def write_study(
    study_id: int, folder: Path, *, by: Actor, readers: bool, images: bool, on_progress: Progress = ignore
) -> dict[str, int]:
    """Write SR, SEG and, if asked for, the de-identified images of each case into folders; return how many of each."""
    given = given_back(study_id, by=by, readers=readers)
    counts: dict[str, int] = {"cases": 0, "SR": 0, "SEG": 0, "CT": 0}
    with open_session() as session:
        taken.results(session, study_id, "dicom", by=by, at=clock.now(), cases=len(given))
    for one in given:
        to = folder / f"case-{one.case.number}"
        to.mkdir(parents=True, exist_ok=True)
        with _files(one, images=images) as (results, volume):
            for name in client.write(results, to, volume=volume):
                counts[name.split("-")[0]] += 1
        counts["cases"] += 1
        on_progress(counts["cases"], len(given))
    return counts


@dataclass(eq=False)
class Sending(Background):
    """Sends the results of cases back to the PACS that each came from."""

    study_id: int
    chosen: list[tuple[Given, pacs.Source]]
    by: int

    @property
    def count(self) -> int:
        """How many cases there are."""
        return len(self.chosen)

    def name(self, place: int) -> str:
        """The case."""
        return f"case {self.chosen[place][0].case.number}"

    def work(self, place: int) -> tuple[str, str]:
        """Make and send SR and SEG of a case."""
        given, source = self.chosen[place]
        self.tell(place, 0, 1, f"Case {place + 1} of {self.count}")
        with open_view() as session:
            address = pacs.address(session, source.server_id, by=self.by)
        with _files(given, images=False) as (results, _):
            sent = client.send(address, source.study_uid, source.series_uid, results)
        number = given.case.number
        with open_session() as session:
            pacs.note_sent(session, self.study_id, number, len(sent), by=self.by, at=clock.now())
        return "sent", str(number)


def sendable(given: list[Given], *, by: int) -> list[tuple[Given, pacs.Source]]:
    """Return the cases that this person fetched from a PACS, with their series there."""
    with open_view() as session:
        sources = pacs.sources(session, [result.case.id for result in given], by=by)
    return [(result, sources[result.case.id]) for result in given if result.case.id in sources]


@contextmanager
def _files(given: Given, *, images: bool) -> Iterator[tuple[CaseResults, Path | None]]:
    """Lay the lungs, and the volume if asked for, into files that the child process reads."""
    store, key = VolumeStore(settings().storage), given.case.storage_key
    with TemporaryDirectory(prefix="parallax-dicom-") as folder:
        results, volume = given.results, None
        if results.lungs:
            np.save(Path(folder) / "lungs.npy", store.array(key, results.lungs))
            results = replace(results, lungs=str(Path(folder) / "lungs.npy"))
        if images:
            volume = Path(folder) / "volume.npy"
            np.save(volume, store.hu(key))
        yield results, volume


def _results(rows: StudyRows, place: int, case: CaseInfo, store: VolumeStore, *, readers: bool) -> CaseResults:
    study = rows.study
    here = np.flatnonzero(rows.case == place).tolist()
    machines = [row for row in here if rows.is_ai[row]]
    facts = {ai.reader: ai for ai in study.ais}
    ais = tuple(_ai(rows, row, facts[study.participants[rows.participant[row]].name]) for row in machines)
    outlined = next((ai for ai in study.ais if _has(store, case.storage_key, _lungs(ai.sha256))), None)
    seed = hmac.new(settings().secret_bytes(), f"dicom/{study.id}/{case.number}".encode(), hashlib.sha256).hexdigest()
    return CaseResults(
        seed=seed,
        number=case.number,
        study=study.title,
        shape=case.shape,
        spacing_mm=case.spacing_mm,
        z_mm=case.z_mm,
        affine=case.affine,
        attributes=case.attributes,
        ais=ais,
        readers=tuple(_read(rows, row) for row in here if readers and not rows.is_ai[row]),
        lungs=_lungs(outlined.sha256) if outlined else "",  # the array beside the volume; a file once it is written
        lungs_by=outlined.title if outlined else "",
    )


def _ai(rows: StudyRows, row: int, ai: Any) -> AiResult:
    output = json.loads(rows.extra["ai_output"][row])
    outcome = rows.study.outcomes[rows.call[row]]
    return AiResult(
        name=ai.name,
        version=ai.version,
        sha256=ai.sha256,
        rule=ai.rule,
        call=None if outcome == FAILURE else Diagnosis(outcome, rows.study.label(outcome)),
        failure=output.get("failure") or "",
        probabilities={
            rows.study.label(code): float(value)
            for code, value in zip(rows.study.codes, rows.probabilities[row], strict=True)
            if np.isfinite(value)
        },
    )


def _read(rows: StudyRows, row: int) -> ReaderResult:
    content = json.loads(rows.extra["content"][row] or "{}")
    outcome = rows.study.outcomes[rows.call[row]]
    return ReaderResult(
        reader=rows.study.participants[rows.participant[row]].name,
        arm=ARMS[rows.arm[row]],
        session=int(rows.session[row]),
        attempt=int(rows.attempt[row]),
        call=Diagnosis(outcome, rows.study.label(outcome)),
        marks=tuple(content.get("marks") or ()),
    )


def _lungs(sha256: str) -> str:
    return f"lungs-{sha256[:12]}"


def _has(store: VolumeStore, key: str, name: str) -> bool:
    try:
        store.array_slice(key, name, 0)
    except NotFound:
        return False
    return True
