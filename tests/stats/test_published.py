"""The published study: its figures follow from the reconstructed matrix, but for those listed as at odds."""

import pytest

from core.stats.published import (
    ABLATION,
    AI_TEST_CORRECT,
    AI_VALIDATION,
    CLASSES,
    CONTRADICTIONS,
    TABLE_3,
    TEST,
    TEST_CASES,
    VALIDATION_CASES,
    ai_figures,
    recomputed,
    smallest_p_values,
)


def test_the_reconstructed_matrix_meets_17_of_the_21_printed_figures():
    total = sum(VALIDATION_CASES)
    met, off = 0, []
    for c, figures in enumerate(ai_figures()):
        wrong = sum(AI_VALIDATION[c]) + sum(row[c] for row in AI_VALIDATION) - 2 * AI_VALIDATION[c][c]
        names = ("Acc", "Sens", "Spe", "FPR", "FNR", "FDR", "F1")
        values = (
            1 - wrong / total, figures.sensitivity.value, figures.specificity.value, figures.fpr.value,
            figures.fnr.value, figures.fdr.value, figures.f1.value,
        )  # fmt: skip
        for name, value, printed in zip(names, values, TABLE_3[CLASSES[c]], strict=True):
            if round(value, 4) == pytest.approx(printed, abs=1e-9):
                met += 1
            else:
                off.append(f"Table 3, {CLASSES[c]}, {name}")
    assert met == 17
    assert set(off) == {c.where for c in CONTRADICTIONS if c.where.startswith("Table 3")}


def test_rows_of_the_matrix_are_the_cases_and_its_diagonal_the_accuracy():
    assert tuple(sum(row) for row in AI_VALIDATION) == VALIDATION_CASES
    assert sum(AI_VALIDATION[c][c] for c in range(3)) == 91
    assert round(91 / 98, 4) == ABLATION["proposed"][3]


def test_printed_shares_are_whole_counts_and_their_wilson_intervals_are_the_known_ones():
    known = {
        "AI": (0.860, 0.965), "novice 1": (0.786, 0.921), "novice 2": (0.798, 0.929), "expert 1": (0.886, 0.978),
        "expert 2": (0.873, 0.972),
    }  # fmt: skip
    seconds = {"AI": 21.4, "novice 1": 45.9, "novice 2": 56.9, "expert 1": 48.4, "expert 2": 50.2}
    for row in recomputed():
        assert row.estimate.value == pytest.approx(row.printed, abs=1e-4)
        if row.figure == "accuracy":
            assert row.estimate.ci == pytest.approx(known[row.name], abs=5e-4)
            assert row.seconds_per_case == pytest.approx(seconds[row.name], abs=0.05)


def test_the_ablation_and_the_test_set_are_whole_counts():
    for name, right in (("without truncation", 63), ("without rules", 57), ("proposed", 91)):
        *shares, accuracy = ABLATION[name]
        counts = [round(share * n) for share, n in zip(shares, VALIDATION_CASES, strict=True)]
        assert sum(counts) == right
        assert round(right / 98, 4) == accuracy
    for share, right, n in zip((TEST[c] for c in CLASSES), AI_TEST_CORRECT, TEST_CASES, strict=True):
        assert int(right / n * 10_000) / 10_000 == share  # cut off, not rounded
    assert int(sum(AI_TEST_CORRECT) / sum(TEST_CASES) * 10_000) / 10_000 == TEST["accuracy"]


def test_no_accuracy_of_the_paper_can_differ_significantly_by_the_exact_test():
    bounds = {(b.reader, b.figure): b for b in smallest_p_values()}
    assert all(b.smallest_exact > 0.05 for (_, figure), b in bounds.items() if figure == "accuracy")
    assert bounds["novice 1", "accuracy"].smallest_midp == pytest.approx(0.039, abs=5e-4)
    assert bounds["novice 2", "accuracy"].smallest_midp == pytest.approx(0.031, abs=5e-4)
    sensitivity = bounds["novice 1", "COVID-19 sensitivity"]
    assert (sensitivity.only_ai, sensitivity.only_reader) == (7, 0)
    assert sensitivity.smallest_exact == pytest.approx(0.016, abs=5e-4)
