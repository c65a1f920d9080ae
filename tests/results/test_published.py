"""The published study: synthetic matrices that fit the printed margins go through the panels and give them back."""

from dataclasses import replace

import numpy as np
import pytest

from core.export.files import file_of
from core.results import published as paper
from core.results.gaps import no_ratings
from core.results.grids import confusion, places_of
from core.results.panels.cases import case_map
from core.results.panels.metrics import class_table, whole_table
from core.results.panels.roc import curves_of
from core.results.rows import AI, ARMS, CaseFacts, StudyRows
from core.results.study_results import StudyResults
from core.stats import published
from core.stats.analyse import analyse
from core.stats.reads import table_from_text

N = published.VALIDATION_CASES


SYNTHETIC = "synthetic, consistent with the printed margins"


def synthetic_rows(seed: int) -> StudyRows:
    """One matrix a reader, synthetic, consistent with the printed margins; the AI's is the reconstructed one.

    Which cases a reader got wrong, and what they called them instead, was not printed: it is drawn by lot.
    """
    rng = np.random.default_rng(seed)
    study = replace(paper.study(), title=f"{published.SOURCE} ({SYNTHETIC})")
    truth = np.repeat(np.arange(3), N)
    cases = tuple(CaseFacts(k + 1, study.codes[t], 1, "printed", k, (), False) for k, t in enumerate(truth))
    study = replace(study, cases=cases)
    place = {one.name: at for at, one in enumerate(study.participants)}
    participant, call, seconds = [], [], []
    for reader in published.READERS:
        made = ai_calls() if reader.group == AI else reader_calls(rng, reader, truth)
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


def reader_calls(rng: np.random.Generator, reader: published.PublishedReader, truth: np.ndarray) -> np.ndarray:
    """Right on the printed number of COVID-19 cases and of all cases; which ones, and what else was called, by lot."""
    covid = round(reader.covid_sensitivity * N[2])
    others = round(reader.accuracy * sum(N)) - covid
    right = np.zeros(len(truth), bool)
    right[rng.choice(N[0] + N[1], others, replace=False)] = True
    right[N[0] + N[1] + rng.choice(N[2], covid, replace=False)] = True
    return np.where(right, truth, (truth + rng.integers(1, 3, len(truth))) % 3)


@pytest.fixture(scope="module", params=[1, 2, 3])
def rows(request: pytest.FixtureRequest) -> StudyRows:
    return synthetic_rows(request.param)


def test_the_comparison_gives_the_printed_margins_back(rows: StudyRows):
    found = StudyResults(rows).comparison
    shown = {dot.name: dot for dot in found.dots}
    for reader in published.READERS:
        accuracy = shown[reader.name].figures["accuracy"]
        sensitivity = shown[reader.name].figures["sensitivity COVID-19"]
        assert accuracy.value == pytest.approx(reader.accuracy, abs=1.01e-4)  # novice 2 is cut off, not rounded
        assert sensitivity.value == pytest.approx(reader.covid_sensitivity, abs=5.1e-5)
    times = {time.name: time for time in found.times}
    assert {name: round(float(time.seconds.sum()) / 60) for name, time in times.items()} == {
        reader.name: reader.minutes for reader in published.READERS
    }


def test_the_ai_s_matrix_comes_back_and_groups_are_these_readers_only(rows: StudyRows):
    results = StudyResults(rows)
    table, reads = results.listed, results.reads
    assert confusion(table, reads, places_of(reads, AI))[:, :3].tolist() == [
        list(row) for row in published.AI_VALIDATION
    ]
    methods = [
        dot.figures["accuracy"].method
        for dot in results.comparison.dots
        if dot.name.startswith(("novice (", "expert ("))
    ]
    assert len(methods) == 2
    assert all("these readers only" in method for method in methods)


def test_every_panel_takes_the_synthetic_readers_and_none_gives_another_margin(rows: StudyRows):
    results = StudyResults(rows)
    found = results.analysis
    printed = {reader.name: reader for reader in published.READERS}
    table, reads, study = results.listed, results.reads, rows.study
    assert SYNTHETIC in study.title
    for reader in found.readers:
        said = printed[reader.reader]
        right = round(said.accuracy * 98), round(said.covid_sensitivity * 55)
        matrix = np.array(reader.confusion)
        assert matrix.sum(axis=1).tolist() == list(N)
        assert (int(np.trace(matrix)), int(matrix[2, 2])) == right
        assert confusion(table, reads, [reads.names.index(reader.reader)]).tolist() == matrix.tolist()
        covid = next(row for row in class_table(study, reader) if row["class"] == "COVID-19")
        assert str(covid["sensitivity"]).startswith(f"{100 * right[1] / 55:.1f} %")
    whole = {row["reader"]: row for row in whole_table(found)}
    for line in paper.readers_table():
        assert line["accuracy, Wilson"] == whole[line["reader"]]["accuracy"]
    difficulty = case_map(results, order="case number")
    assert sum(round(share * 4) for share in difficulty.share_right) == sum(
        round(reader.accuracy * 98) for reader in published.READERS if reader.group != AI
    )
    assert no_ratings(found)
    assert curves_of(study, found, "COVID-19")[-1].point == pytest.approx((4 / 43, 52 / 55))
    assert not found.arms_compared
    assert not found.switches
    text = "".join(file_of(rows, "csv").pieces)
    assert analyse(table_from_text(text)).to_dict() == found.to_dict()


def test_what_is_known_of_the_readers_matrices_is_their_margins(rows: StudyRows):
    shown = {(row["reader"], row["truth"]): row for row in paper.readers_margins()}
    results = StudyResults(rows)
    reads = results.reads
    for name in reads.names[1:]:
        matrix = confusion(results.listed, reads, [reads.names.index(name)])
        covid = shown[name, "COVID-19"]
        rest = shown[name, "normal and CAP together"]
        assert (covid["cases"], covid["right"]) == (55, int(matrix[2, 2]))
        assert (rest["cases"], rest["right"]) == (43, int(matrix[0, 0] + matrix[1, 1]))
    assert {row["what wrong ones were called"] for row in shown.values()} == {"not reported"}
    assert len(shown) == 8


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
    matrix = paper.ai_matrix()
    assert "reconstructed" in matrix.title
    assert "Reconstructed" in matrix.note
    notes = paper.figure_4().note + paper.minutes().note
    assert "No test is run" in notes
    assert "p =" not in notes
