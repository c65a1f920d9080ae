"""The published study: synthetic matrices that fit the printed margins go through the panels and give them back."""

from dataclasses import replace

import numpy as np
import pytest

from core.report import published as paper
from core.report.compare import compare
from core.report.grids import confusion, grid_of
from core.report.rows import AI, ARMS, CaseFacts, StudyRows
from core.stats import published

N = published.VALIDATION_CASES


def synthetic_rows() -> StudyRows:
    """One matrix a reader, synthetic, consistent with the printed margins; the AI's is the reconstructed one."""
    study = paper.study()
    truth = np.repeat(np.arange(3), N)
    cases = tuple(CaseFacts(k + 1, study.codes[t], 1, "printed", k, (), False) for k, t in enumerate(truth))
    study = replace(study, cases=cases)
    place = {one.name: at for at, one in enumerate(study.participants)}
    participant, call, seconds = [], [], []
    for reader in published.READERS:
        made = ai_calls() if reader.group == AI else reader_calls(reader, truth)
        participant += [place[reader.name]] * len(truth)
        call += made.tolist()
        seconds += [reader.minutes * 60 / len(truth)] * len(truth)
    who = np.array(participant, np.int32)
    count = len(who)
    machine = who == place[AI]
    nothing = np.full((count, 3), np.nan)
    return StudyRows(
        study=study,
        participant=who,
        case=np.tile(np.arange(len(truth), dtype=np.int32), len(published.READERS)),
        arm=np.where(machine, ARMS.index("ai"), 0).astype(np.int8),
        session=np.ones(count, np.int32),
        attempt=np.ones(count, np.int32),
        position=np.ones(count, np.int32),
        practice=np.zeros(count, bool),
        call=np.array(call, np.int16),
        ai_call=np.full(count, -1, np.int16),
        ratings=nothing,
        probabilities=nothing,
        seconds=np.array(seconds),
        raw_seconds=np.array(seconds),
    )


def ai_calls() -> np.ndarray:
    return np.concatenate([np.repeat(np.arange(3), row) for row in published.AI_VALIDATION])


def reader_calls(reader: published.PublishedReader, truth: np.ndarray) -> np.ndarray:
    """Right on the printed number of COVID-19 cases and of all cases; wrong ones are called the next class."""
    covid = round(reader.covid_sensitivity * N[2])
    others = round(reader.accuracy * sum(N)) - covid
    right = np.concatenate([np.arange(N[0] + N[1]) < others, np.arange(N[2]) < covid])
    return np.where(right, truth, (truth + 1) % 3)


@pytest.fixture(scope="module")
def rows() -> StudyRows:
    return synthetic_rows()


def test_the_comparison_gives_the_printed_margins_back(rows: StudyRows):
    found = compare(rows)
    shown = {dot.name: dot for dot in found.dots}
    for reader in published.READERS:
        accuracy = shown[reader.name].figures["accuracy"]
        sensitivity = shown[reader.name].figures["sensitivity COVID-19"]
        assert accuracy.value == pytest.approx(reader.accuracy, abs=1.01e-4)  # novice 2 is cut off, not rounded
        assert sensitivity.value == pytest.approx(reader.covid_sensitivity, abs=5.1e-5)
    times = {one.name: one for one in found.times}
    assert {name: round(float(one.seconds.sum()) / 60) for name, one in times.items()} == {
        reader.name: reader.minutes for reader in published.READERS
    }


def test_the_ai_s_matrix_comes_back_and_groups_are_these_readers_only(rows: StudyRows):
    grid = grid_of(rows)
    assert confusion(grid, grid.members(AI), classes=3)[:, :3].tolist() == [
        list(row) for row in published.AI_VALIDATION
    ]
    methods = [
        dot.figures["accuracy"].method for dot in compare(rows).dots if dot.name.startswith(("novice (", "expert ("))
    ]
    assert len(methods) == 2
    assert all("these readers only" in method for method in methods)


def test_table_3_marks_the_four_figures_that_do_not_follow():
    cells = [str(cell) for row in paper.table_3() for cell in row.values()]
    marked = [cell for cell in cells if "⚠" in cell]
    assert marked == [
        "0.8334 ⚠ recomputed 0.8333",
        "0.9636 ⚠ recomputed 0.9455",
        "0.0364 ⚠ recomputed 0.0545",
        "0.9458 ⚠ recomputed 0.9369",
    ]


def test_what_is_not_printed_says_so_and_nothing_is_tested():
    readers = [row for row in paper.readers_table() if row["reader"] != AI]
    assert all(row["confusion matrix"] == "not reported" for row in readers)
    assert all(row["time of single cases"] == "not reported" for row in paper.readers_table())
    notes = paper.figure_4().note + paper.minutes().note
    assert "No test is run" in notes
    assert "p =" not in notes
