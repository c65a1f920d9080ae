"""A study of five findings with localisation, two AIs and four readers: from the draft to figures equal to the
command line's on its export."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from typer.testing import CliRunner

from core.__main__ import build_app
from core.errors import InvalidInput
from core.export.files import file_of
from core.results.across import findings as across
from core.results.across import localisation
from core.results.across.registry import panels_of
from core.results.blocks import Table, Unattended
from core.results.findings import asked_of, questions
from core.results.localised import compared, marks_of_reads, scored_reads
from core.results.rows import StudyRows
from core.results.study_results import StudyResults
from core.stats.analyse import analyse
from core.stats.localisation.analysis import ai_against
from core.stats.localisation.figures import FIGURES
from core.stats.reads import table_from_text
from core.study.answers import Form, checked
from core.study.classes import PALETTE, StudyClass
from core.study.findings import Acceptance, Finding
from core.study.findings_csv import findings_template, read_findings
from core.study.lesions import read_places
from core.study.protocol import Protocol
from core.study.questions.question import Option
from core.study.tables import read_table
from db.ai import marks as ai_marks
from db.ai import models as ai_models
from db.ai import reads as ai_reads
from db.models import Read, Reader, ReadingOrder, Series
from db.permissions import SYSTEM
from db.results import rows as results
from db.study import design as study_design
from db.study import info as study_info
from db.study import life as study_life
from db.truth import records as truth
from db.truth.lesions import take_lesions
from tests.study import builder
from tests.study.builder import AT, REFERENCE

CODES = ("nodule", "effusion", "emphysema", "embolism", "consolidation")
CLASSES = tuple(
    StudyClass(code, code.title(), letter, colour)
    for code, letter, colour in zip(CODES, "NFQBC", PALETTE, strict=False)
)
GRADES = (Option("none", "None"), Option("mild", "Mild"), Option("severe", "Severe"))
FINDINGS = (
    Finding("nodule", mark="sphere"), Finding("effusion"), Finding("emphysema", levels=GRADES, positive_from=1),
    Finding("embolism"), Finding("consolidation", mark="box"),
)  # fmt: skip
PROTOCOL = Protocol(reference=REFERENCE, findings=FINDINGS, acceptance=Acceptance(radius_mm=40), indeterminate=False)
AFFINE = [[0.7, 0, 0, -22.05], [0, 0.7, 0, -22.05], [0, 0, 5.0, -195.0], [0, 0, 0, 1]]  # slice 0 lies at z = 0
CASES = 12


def present(n: int, place: int) -> bool:
    return bool((n >> place % 4) & 1) if n else place == 0


def lesions_csv(rng: np.random.Generator, numbers: list[int]) -> str:
    lines = ["case,finding,shape,x,y,z,x2,y2,z2,radius"]
    for n in range(CASES):
        for at, code in ((0, "nodule"), (4, "consolidation")):
            for _ in range(1 + n % 2) if present(n, at) else ():
                x, y, z = rng.uniform(-15, 15), rng.uniform(-15, 15), rng.uniform(-150, -30)
                shape = f"sphere,{x},{y},{z},,,,4" if code == "nodule" else f"box,{x},{y},{z},{x + 5},{y + 5},{z + 9},"
                lines.append(f"{numbers[n]},{code},{shape}")
    return "\n".join(lines)


def drafted(session: Session) -> tuple[int, int, list[int]]:
    """The draft with truth, lesions and two AIs: one of findings with marks, one of a single label."""
    made, me = (
        builder.study(session, cases_=CASES, protocol=Protocol(reference=REFERENCE)),
        builder.coordinator(session),
    )
    session.execute(update(Series).values(affine=AFFINE))
    with pytest.raises(InvalidInput, match="nodule is none of this study's"):
        study_design.save_protocol(session, made.id, PROTOCOL, by=me, at=AT)
    study_design.save_classes(session, made.id, CLASSES, by=me, at=AT)
    study_design.save_protocol(session, made.id, PROTOCOL, by=me, at=AT)
    numbers = [link.case.number for link in study_info.cases(session, made.id, by=SYSTEM)]
    levels = [["1" if present(n, at) else "absent" for at in range(5)] for n in range(CASES)]
    for n, line in enumerate(levels):
        line[2] = ("Severe" if n % 3 else "mild") if present(n, 2) else "None"
    table = "case,Nodule,effusion,emphysema,embolism,consolidation\n" + "\n".join(
        ",".join([str(number), *line]) for number, line in zip(numbers, levels, strict=True)
    )
    labels = {one.code: one.label for one in CLASSES}
    sheet = read_findings(
        read_table(table.encode()), findings=FINDINGS, labels=labels, case_numbers=numbers, source="PCR"
    )
    assert sheet.faults == ()
    assert truth.take(session, made.id, sheet.rows, by=me, at=AT) == CASES
    rng = np.random.default_rng(5)
    places = read_places(
        read_table(lesions_csv(rng, numbers).encode()), findings=FINDINGS, case_numbers=numbers, rated=False
    )
    assert places.faults == ()
    assert take_lesions(session, made.id, places.places, by=me, at=AT) == len(places.places)
    one = _model(session, "several", {"outputs": "findings", "threshold": 0.4}, [*CODES, "none"])
    other = _model(session, "single", {}, ["clear", "nodule"])
    for n, link in enumerate(study_info.cases(session, made.id, by=SYSTEM)):
        likely = {code: round(float(rng.uniform(0.3, 1) if present(n, at) else rng.uniform(0, 0.6)), 3)
                  for at, code in enumerate(CODES)}  # fmt: skip
        _store(session, link.case.series_id, one, max(likely, key=lambda code: likely[code]), {**likely, "none": 0.1})
        nodule = 0.8 - 0.03 * n if present(n, 0) else 0.1 + 0.03 * n
        call = "nodule" if nodule > 0.5 else "clear"
        _store(session, link.case.series_id, other, call, {"clear": 1 - nodule, "nodule": nodule})
    for model in (one, other):
        study_design.add_ai(session, made.id, model_id=model, by=me, at=AT)
    named = study_info.study(session, made.id, by=SYSTEM).protocol.ais
    kept = [{code: code for code in CODES} | {"none": None}, {"clear": None, "nodule": "nodule"}]
    study_design.save_ais(
        session, made.id, [replace(ai, classes=to) for ai, to in zip(named, kept, strict=True)], by=me, at=AT
    )
    marks = "case,finding,shape,x,y,z,radius,rating\n" + "\n".join(
        f"{number},nodule,sphere,{rng.uniform(-15, 15)},{rng.uniform(-15, 15)},{rng.uniform(-150, -30)},4,{60 + n}"
        if n % 3 else f"{number},,none,,,,,"
        for n, number in enumerate(numbers)
    )  # fmt: skip
    brought = read_places(read_table(marks.encode()), findings=FINDINGS, case_numbers=numbers, rated=True)
    assert ai_marks.take_marks(session, made.id, one, brought.places, by=me, at=AT) == CASES
    return made.id, me, numbers


def _model(session: Session, name: str, card: dict[str, Any], classes: list[str]) -> int:
    return ai_models.register_model(
        session, name=name, version="1", kind="csv", sha256="c" * 64, classes=classes, card=card, manifest=[], at=AT,
        by=SYSTEM,
    ).id  # fmt: skip


def _store(session: Session, series: int, model: int, call: str, likely: dict[str, float]) -> None:
    made = ai_reads.NewCall("paper", call, None, likely, {}, [], None, 1.0)
    ai_reads.store(
        session, series_id=series, model_id=model, parameters_hash="p", scores=None, calls=[made], at=AT, by=SYSTEM
    )


def read_by_everybody(session: Session, study_id: int) -> None:
    """Lock every read, with answers as the lock would take them."""
    form = Form({c.code: c.label for c in CLASSES}, False, True, (), (40, 64, 64), FINDINGS)
    rng = np.random.default_rng(8)
    links = study_info.cases(session, study_id, by=SYSTEM)
    readers = session.scalars(select(Reader).where(Reader.study_id == study_id).order_by(Reader.id)).all()
    assert len(readers) == 4
    assert session.scalars(select(ReadingOrder)).first() is not None
    for reader in readers:
        for n, link in enumerate(links):
            said, fields = checked(_answers(n, rng), form, complete=True)
            assert fields == {}
            session.add(
                Read(
                    token=f"{reader.id} {n}", reader_id=reader.id, case_id=link.case.id, arm="unaided", session=1,
                    attempt=1, position=n + 1, practice=False, state="locked", opened_at=AT, locked_at=AT,
                    active_seconds=30.0 + n, raw_seconds=31.0 + n, content=said, counters={}, ai_output={},
                )
            )  # fmt: skip
    session.flush()


def _answers(n: int, rng: np.random.Generator) -> dict[str, Any]:
    right = rng.random(5) < 0.8
    here = [present(n, at) == bool(right[at]) for at in range(5)]
    findings = {code: "present" if here[at] else "absent" for at, code in enumerate(CODES)}
    findings["emphysema"] = str(rng.choice(["mild", "severe"])) if here[2] else "none"
    ratings = {code: int(rng.integers(40, 101) if here[at] else rng.integers(0, 61)) for at, code in enumerate(CODES)}
    del ratings["emphysema"]
    marks = []
    for at, code, kind in ((0, "nodule", "sphere"), (4, "consolidation", "box")):
        for number in range(int(here[at]) + int(rng.integers(0, 2))):
            column, row = (float(value) for value in rng.uniform(8, 55, 2))
            points = [[column, row], [column + 6, row + 6]]
            plane, images = ("axial", 40) if number % 2 == 0 or kind == "box" else ("coronal", 64)
            limit = 33.0 if plane == "coronal" else 55.0
            points = [[x, min(y, limit)] for x, y in points]
            marks.append(
                {"id": f"{code}{number}", "kind": kind, "plane": plane, "slice": int(rng.integers(6, images - 6)),
                 "points": points, "finding": code, "rating": int(rng.integers(1, 6) * 20)}
            )  # fmt: skip
    return {"findings": findings, "ratings": ratings, "marks": marks}


@pytest.fixture
def rows(session: Session) -> StudyRows:
    study_id, me, _ = drafted(session)
    volumes = builder.volumes(session, study_id)
    found = study_life.check_study(session, study_id, volumes=volumes, by=me, at=AT)
    assert [finding.message for finding in found if finding.blocks] == []
    said = " ".join(finding.message for finding in found)
    assert "single 1 has no class that counts as Effusion: it takes no part there." in said
    assert "single 1 brought no marks: it takes no part in the localisation." in said
    study_life.open_study(session, study_id, volumes=volumes, seed=3, by=me, at=AT)
    read_by_everybody(session, study_id)
    study_life.close_study(session, study_id, reason="a pilot", by=me, at=AT)
    study_life.unblind(session, study_id, reason="the analysis begins", by=me, at=AT)
    return results.rows(session, study_id=study_id, by=SYSTEM, detail=True)


def test_from_draft_to_figures_that_the_command_line_gives_again(rows: StudyRows, tmp_path: Path):
    keys = [question.key for question in questions(rows.study)]
    assert keys == ["nodule", "effusion", "emphysema", "emphysema-grades", "embolism", "consolidation"]
    for key in keys:
        asked = asked_of(rows, key)
        text = "".join(file_of(asked, "csv").pieces)
        again, own = analyse(table_from_text(text)), StudyResults(asked).analysis
        assert [r.reader for r in again.readers] == [r.reader for r in own.readers]
        for theirs, ours in zip(again.readers, own.readers, strict=True):
            assert theirs.confusion == ours.confusion
            assert [s.auc.value for s in theirs.scores] == [s.auc.value for s in ours.scores]
        assert [c.result and c.result.p for c in again.ai_with_groups] == [
            c.result and c.result.p for c in own.ai_with_groups
        ]
        machines = {reader.reader for reader in own.readers if reader.group == "AI"}
        expected = {"nodule": 2, "emphysema-grades": 0}.get(key, 1)
        assert len(machines) == expected
    assert "".join(file_of(asked_of(rows, "nodule"), "imrmc", positive="present").pieces).count("BEGIN DATA") == 1
    with pytest.raises(InvalidInput, match="no finding cancer"):
        asked_of(rows, "cancer")
    _froc_of_the_export(rows, tmp_path)


def _froc_of_the_export(rows: StudyRows, tmp_path: Path) -> None:
    asked = asked_of(rows, "nodule")
    paths = {}
    for kind in ("marks", "lesions"):
        paths[kind] = tmp_path / f"{kind}.csv"
        paths[kind].write_text("".join(file_of(asked, kind, ai="several 1").pieces))  # type: ignore[arg-type]
    command = ["froc", str(paths["marks"]), "--truth", str(paths["lesions"]), "--ai", "several 1", "--json"]
    said = CliRunner().invoke(build_app(), command)
    assert said.exit_code == 0, said.output
    text = said.stdout
    printed = json.loads(text[text.index("{") :])
    reads = compared(scored_reads(asked), "ai", "several 1")
    found = ai_against(marks_of_reads(asked, reads, one_treatment=True), FIGURES["wafroc"], "several 1")
    numbers = json.dumps(printed)
    assert repr(found.ai) in numbers
    assert repr(found.p) in numbers
    hits = sum(mark.outcome == "hit" for read in reads for mark in read.found.marks)
    assert 0 < hits < sum(len(read.marks) for read in reads)


def test_panels_show_one_finding_and_all_of_them(rows: StudyRows):
    asked = StudyResults(asked_of(rows, "nodule"))
    assert [panel.title for panel in panels_of(asked.study)][:2] == ["Findings", "Localisation"]
    tables = {b.key: b for b in across.blocks(asked, Unattended(paper=False)) if isinstance(b, Table)}
    assert [row["finding"] for row in tables["findings"].rows] == [
        "Nodule", "Effusion", "Emphysema, Mild or above", "Embolism", "Consolidation",
    ]  # fmt: skip
    adjusted = [row["p (Holm)"] for row in tables["findings-ai"].rows]
    assert len(adjusted) == 6  # two AIs on the nodule, one on each other finding
    shown = {b.key: b for b in localisation.blocks(asked, Unattended(paper=False)) if isinstance(b, Table)}
    assert {row["reader"] for row in shown["marks"].rows} >= {"several 1"}
    assert [row["AI"] for row in shown["merit-ai-1"].rows] == ["several 1"]
    for panel in panels_of(asked.study)[2:]:
        assert list(panel.shown(asked, Unattended(paper=True)))


def test_what_lacks_a_place_or_has_one_too_many_stops_the_opening(session: Session):
    study_id, me, numbers = drafted(session)
    info = truth.current(session, study_id, by=me)
    case = next(one for one in info.values() if one.case_number == numbers[0])
    assert case.findings is not None
    levels = {**case.findings, "consolidation": "present"}
    truth.record(session, study_id, case.case_id, source="PCR", findings=levels, reason="seen again", by=me, at=AT)
    volumes = builder.volumes(session, study_id)
    found = study_life.check_study(session, study_id, volumes=volumes, by=me, at=AT)
    said = [finding.message for finding in found if finding.blocks]
    assert said == [f"Consolidation is present without a place in case {numbers[0]}; bring its lesions."]
    with pytest.raises(InvalidInput, match="Nodule is missing"):
        truth.record(session, study_id, case.case_id, source="PCR", findings={}, reason="seen again", by=me, at=AT)
    template = findings_template(numbers[:1], FINDINGS)
    assert template.startswith("case,nodule,effusion,emphysema,embolism,consolidation,source,reason\n")
