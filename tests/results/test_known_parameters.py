"""A study simulated by Roe and Metz's model, from areas that are known: panel, `analyse` and `mrmc` say the same."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from core.__main__ import build_app
from core.export.files import file_of
from core.results.draw.text import minus
from core.results.grids import read_table
from core.results.panels.mrmc import arm_table
from core.results.panels.roc import curves_of
from core.results.rows import CaseFacts, ClassFacts, Participant, StudyFacts, StudyRows
from core.stats.analyse import Analysis, analyse
from core.stats.roe_metz import STRUCTURES
from core.stats.simulation import Plan, study_csv
from core.stats.table import RATING_COLUMNS, Readings, parse_rows, readings
from core.study.protocol import Protocol
from core.study.words import Design, StudyState

AREAS = (0.75, 0.88)  # unaided, aided
PLAN = Plan(areas=AREAS, readers=6, positives=70, negatives=70, variances=STRUCTURES["HL"])
SEED = 11


def rows_of(made: Readings) -> StudyRows:
    """The simulated ratings as the rows of a study of two classes, read unaided and aided."""
    t, r, n = made.values.shape
    classes = (ClassFacts("no", "No", "#808a96", False), ClassFacts("yes", "Yes", "#d55e00", True))
    facts = StudyFacts(
        id=1,
        title="Roe and Metz",
        design=Design.CROSSOVER,
        state=StudyState.UNBLINDED,
        classes=classes,
        groups=("reader",),
        participants=tuple(Participant(f"reader {name}", "reader") for name in made.readers),
        cases=tuple(
            CaseFacts(int(name), "yes" if true else "no", 1, "simulated", at, (), practice=False)
            for at, (name, true) in enumerate(zip(made.cases, made.truth.tolist(), strict=True))
        ),
        protocol=Protocol(),
        ais=(),
        seed=SEED,
        opened_at=None,
        unblinded_at=None,
    )
    arm, reader, case = (axis.ravel() for axis in np.indices((t, r, n)))
    rating = made.values.ravel()
    count = rating.size
    return StudyRows(
        study=facts,
        participant=reader.astype(np.int32),
        case=case.astype(np.int32),
        arm=arm.astype(np.int8),
        session=(arm + 1).astype(np.int32),
        attempt=np.ones(count, np.int32),
        position=(case + 1).astype(np.int32),
        practice=np.zeros(count, bool),
        call=(rating > np.median(rating)).astype(np.int16),
        ai_call=np.full(count, -1, np.int16),
        ratings=np.stack([-rating, rating], axis=1),
        probabilities=np.full((count, 2), np.nan),
        seconds=np.full(count, 30.0),
        raw_seconds=np.full(count, 31.0),
    )


def command(*arguments: str) -> dict[str, Any]:
    ran = CliRunner().invoke(build_app(), [*arguments, "--json"], catch_exceptions=False)
    assert ran.exit_code == 0
    return dict(json.loads(ran.stdout))


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[StudyRows, Analysis, dict[str, Any], dict[str, Any]]:
    folder: Path = tmp_path_factory.mktemp("known")
    text = study_csv(PLAN, seed=SEED)
    rows = rows_of(readings(parse_rows(text, needed=RATING_COLUMNS)))
    (folder / "ratings.csv").write_text(text)
    (folder / "study.csv").write_text("".join(file_of(rows, "csv").pieces))
    said = command("analyse", str(folder / "study.csv")), command("mrmc", str(folder / "ratings.csv"))
    return rows, analyse(read_table(rows)), *said


def test_the_panel_s_arms_are_the_mrmc_command_s(told: tuple[StudyRows, Analysis, dict[str, Any], dict[str, Any]]):
    rows, found, analysed, by_mrmc = told
    (result,) = [one.result for one in found.arms_compared if one.figure == "AUC yes"]
    (said,) = [one["result"] for one in analysed["arms_compared"] if one["figure"] == "AUC yes"]
    gap, wanted = result.differences[0], by_mrmc["differences"][0]
    assert (gap.a, gap.b) == ("aided", "unaided")
    for value in (gap.estimate, said["differences"][0]["estimate"]):
        assert abs(value) == pytest.approx(abs(wanted["estimate"]), abs=1e-12)
    for p in (result.test.p, said["test"]["p"]):
        assert p == pytest.approx(by_mrmc["test"]["p"], rel=1e-9)
    for name in ("var", "cov1", "cov2", "cov3", "ms_t", "ms_r", "ms_tr"):
        assert getattr(result.components, name) == pytest.approx(by_mrmc["components"][name], abs=1e-12)
    (row,) = [row for row in arm_table(rows.study, found) if row["figure"] == "AUC Yes"]
    assert row["95 % interval"] == minus(f"{gap.ci[0]:+.3f} to {gap.ci[1]:+.3f}")


def test_the_parameters_come_back(told: tuple[StudyRows, Analysis, dict[str, Any], dict[str, Any]]):
    rows, found, *_ = told
    (result,) = [one.result for one in found.arms_compared if one.figure == "AUC yes"]
    low, high = result.differences[0].ci
    assert low < AREAS[1] - AREAS[0] < high
    for treatment in result.treatments:
        low, high = treatment.ci
        assert low < AREAS[("unaided", "aided").index(treatment.treatment)] < high
    means = {one.arm: one.area for one in curves_of(rows.study, found, "yes") if one.level == "group"}
    assert means == pytest.approx(
        {treatment.treatment: treatment.estimate for treatment in result.treatments}, abs=1e-12
    )
