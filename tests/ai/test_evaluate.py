"""Evaluation on a labelled folder: resumed rows, and tables that agree with hand counts."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.ai.parameters import PipelineParams, RuleParams
from core.cli.evaluate import show
from core.errors import InvalidInput
from core.imaging.read import read_path
from core.imaging.synthetic import small_chest
from core.imaging.write import write_series
from core.training import evaluate as module
from core.training import evaluation
from core.training.evaluate import PatientRow, append_row, evaluate_patients, stored_rows
from core.training.evaluation import report
from core.training.layout import Patient, read_layout, write_labels
from tests.ai.build import SMALL, small_model

SURE = {"normal": (0.9, 0.06, 0.04), "cap": (0.05, 0.9, 0.05), "covid": (0.05, 0.05, 0.9)}


def row(patient: str, truth: str, slices: list[str], *, failure: str = "") -> PatientRow:
    scores = tuple(SURE[name] for name in slices)
    mean = tuple(float(p) for p in np.mean(scores, axis=0)) if scores else ()
    call = None if failure else max(("covid", "cap", "normal"), key=slices.count)
    return PatientRow(
        patient, truth, call, failure, mean, 4000.0, False, dict.fromkeys(module.STAGES, 2.0), "m", "p", scores
    )


def cohort() -> tuple[list[PatientRow], list[Patient]]:
    rows = [
        row("normal001", "normal", ["normal"] * 100),
        row("normal002", "normal", ["covid"] * 10 + ["normal"] * 76 + ["covid"] * 14),
        row("cap001", "cap", ["normal"] * 85 + ["cap"] * 15),
        row("P001", "covid", ["normal"] * 20 + ["covid"] * 60 + ["normal"] * 20),
        row("P002", "covid", ["normal"] * 40 + ["covid"] * 12 + ["normal"] * 48),
        row("P003", "covid", [], failure="No lungs were found."),
    ]
    patients = [
        Patient(r.patient, Path(), r.truth, np.array([s[0] < 0.5 for s in r.scores]) if r.truth != "normal" else None)
        for r in rows
    ]
    return rows, patients


def test_tables_follow_from_the_rows() -> None:
    rows, patients = cohort()
    found = report(rows, patients, PipelineParams())
    assert found["confusion"]["matrix"] == [[2, 0, 0, 0], [1, 0, 0, 0], [1, 0, 1, 1]]
    covid = next(r for r in found["table3"] if r["class"] == "covid")
    assert covid["sensitivity"]["value"] == pytest.approx(1 / 3)
    assert covid["sensitivity"]["n"] == 3
    assert covid["sensitivity"]["ci"] == pytest.approx((0.0615, 0.7923), abs=1e-3)
    assert covid["accuracy"]["value"] == pytest.approx(4 / 6)
    assert found["failures"] == [{"patient": "P003", "reason": "No lungs were found."}]
    assert found["seconds"]["total"]["mean"] == 2.0


def test_the_ablation_changes_one_thing_at_a_time() -> None:
    rows, patients = cohort()
    table = {r["variant"]: r for r in report(rows, patients, PipelineParams())["table2"]}
    sensitivity = {name: {k: e["value"] for k, e in r["sensitivity"].items()} for name, r in table.items()}
    assert sensitivity["without truncation"]["normal"] == pytest.approx(1 / 2)  # its dropped ends hold false alarms
    assert sensitivity["proposed"]["normal"] == 1
    assert sensitivity["run-length rule"]["covid"] == pytest.approx(2 / 3)  # 12 slices in a row are enough
    assert table["proposed"]["accuracy"]["n"] == 6
    assert any("base" in name for name in table)


def test_the_minority_rule_finds_what_the_majority_does_not() -> None:
    rows = [row("P001", "covid", ["normal"] * 50 + ["covid"] * 30 + ["normal"] * 20)]
    patients = [Patient("P001", Path(), "covid", None)]
    table = {r["variant"]: r for r in report(rows, patients, PipelineParams())["table2"]}
    assert table["without rules"]["sensitivity"]["covid"]["value"] == 0
    assert table["proposed"]["sensitivity"]["covid"]["value"] == 1


def test_slice_scores_of_labelled_patients_give_a_roc() -> None:
    rows, patients = cohort()
    slices = report(rows, patients, PipelineParams())["slices"]
    assert slices["auc"]["value"] == pytest.approx(1.0)
    assert slices["patients"] == 5
    assert {one["patient"] for one in slices["each"]} == {"cap001", "P001", "P002"}
    assert slices["over_patients"]["value"] == pytest.approx(1.0)
    assert slices["over_patients"]["n"] == 3


def test_intervals_take_patients_and_not_slices_for_independent() -> None:
    wide, narrow = (evaluation._over_patients(aucs) for aucs in ([0.6, 0.9, 0.7, 0.95], [0.8] * 4))
    assert wide.ci is not None
    assert wide.ci[0] < 0.75
    assert wide.ci[1] > 0.82
    assert narrow.ci == pytest.approx((0.8, 0.8))
    two = evaluation._over_patients([0.7, 0.9])
    assert two.ci is None
    assert "three" in str(two.reason)


def test_few_patients_are_said_to_be_no_estimate(capsys: pytest.CaptureFixture[str]) -> None:
    rows, patients = cohort()
    found = report(rows, patients, PipelineParams())
    assert found["warnings"] == ["n = 6 patients: no estimate of accuracy."]
    many = [replace(rows[0], patient=f"normal{n:03d}") for n in range(40)]
    more = report(
        [*many, rows[2]], [Patient(r.patient, Path(), r.truth, None) for r in [*many, rows[2]]], PipelineParams()
    )
    assert more["warnings"] == ["Only 1 cap, 0 covid patients: their figures are uncertain beyond their intervals."]
    show(found | {"model": {"name": "m", "version": "1"}, "device": "cpu"})
    printed = capsys.readouterr().out
    for expected in ("no estimate of accuracy", "P002", "interval over patients", "Brier", "Patient AUC"):
        assert expected in printed


def test_rows_come_back_from_the_csv_as_they_were(tmp_path: Path) -> None:
    rows, _ = cohort()
    table = tmp_path / "rows.csv"
    for one in rows:
        append_row(table, one)
    for mine, stored in zip(rows, stored_rows(table), strict=True):
        assert (mine.patient, mine.call, mine.failure, len(mine.scores)) == (
            stored.patient,
            stored.call,
            stored.failure,
            len(stored.scores),
        )
        assert stored.probabilities == pytest.approx(mine.probabilities, abs=1e-6)


def test_a_row_cut_off_by_a_kill_is_not_taken(tmp_path: Path) -> None:
    rows, _ = cohort()
    table = tmp_path / "rows.csv"
    for one in rows[:2]:
        append_row(table, one)
    table.write_bytes(table.read_bytes()[:-400])
    assert [r.patient for r in stored_rows(table)] == ["normal001"]
    append_row(table, rows[2])
    assert [r.patient for r in stored_rows(table)] == ["normal001", "cap001"]


def test_another_table_is_not_written_over(tmp_path: Path) -> None:
    table = tmp_path / "rows.csv"
    table.write_text("case,call\n1,covid\n")
    with pytest.raises(InvalidInput, match="name a new file"):
        stored_rows(table)


def test_an_evaluation_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_series(small_chest(slices=12, size=64, lesion="covid"), tmp_path / "P001", uid_seed="a", patient_id="P001")
    write_series(small_chest(slices=12, size=64, seed=1), tmp_path / "normal001", uid_seed="b", patient_id="normal001")
    write_labels(tmp_path, {"P001": np.arange(12) % 3 == 0})
    patients, table = read_layout(tmp_path), tmp_path / "rows.csv"
    first = evaluate_patients(patients[:1], small_model(), table, parameters=SMALL)
    opened: list[Path] = []
    real = read_path
    monkeypatch.setattr("core.training.evaluate.read_path", lambda path: (opened.append(path), real(path))[1])
    both = evaluate_patients(patients, small_model(), table, parameters=SMALL)
    assert [path.name for path in opened] == ["normal001"]
    assert both[0].call == first[0].call
    assert len(stored_rows(table)) == 2
    assert all(len(triple) == 3 for triple in both[1].scores)
    other = PipelineParams(lung_size=96, slice_size=64, rule=RuleParams(minority=0.5))
    evaluate_patients(patients[:1], small_model(), table, parameters=other)
    assert [path.name for path in opened] == ["normal001", "P001"]
