"""Designs in which readers read some of the cases each: what is missing, power, and BDG beside single figures."""

import csv
import io
from dataclasses import replace

import numpy as np
import pytest

from core.stats.analyse import analyse
from core.stats.comparisons import arms_compared
from core.stats.components import CORRELATIONS, of_proportions
from core.stats.estimate import StatsError
from core.stats.incomplete_planning import power_of_shares
from core.stats.planning import power_of
from core.stats.reader_figures import sets_of
from core.stats.reads import ReadTable, table_from_text
from core.stats.roe_metz import Variances, simulate

INPUTS = of_proportions(0.75, 0.80, cases=200, correlations=CORRELATIONS, reader_sd=0.05)


@pytest.mark.parametrize(("blocks", "readers"), [(1, 4), (2, 4), (4, 8), (2, 10)])
def test_power_of_shares_is_that_of_the_split_plot_formula(blocks: int, readers: int):
    wanted = power_of(INPUTS, effect=0.05, readers=readers, cases=200, blocks=blocks)
    inside = readers // blocks
    shared = 200 / blocks * (inside - 1) / (readers - 1)  # mean over all pairs: those of other blocks share none
    found = power_of_shares(INPUTS, effect=0.05, readers=readers, reads=200 / blocks, shared=shared)
    assert (found.power, found.se, found.df) == pytest.approx((wanted.power, wanted.se, wanted.df))


def test_power_of_shares_refuses_what_cannot_be():
    with pytest.raises(StatsError, match="share between none and all"):
        power_of_shares(INPUTS, effect=0.05, readers=4, reads=20, shared=21)
    with pytest.raises(StatsError, match="One reader"):
        power_of_shares(INPUTS, effect=0.05, readers=1, reads=20, shared=2)


def text(*, readers: int, cases: int, each: int, seed: int, unread: int = 0) -> str:
    """A long CSV of a two-arm study in which reader j reads `each` cases from 7 j on; `unread` of them are missing."""
    made = simulate(areas=(0.8, 0.9), readers=readers, positives=cases // 3, negatives=cases - cases // 3,
                    variances=Variances(0.01, 0.01, 0.1, 0.1, 0.2, 0.2), levels=None, seed=seed)  # fmt: skip
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\n").writerow
    write(["reader", "group", "case", "truth", "prediction", "arm", "rating_no", "rating_yes", "assigned"])
    for j in range(readers):
        own = [(7 * j + 11 * k) % cases for k in range(each)]
        for a, arm in enumerate(("unaided", "aided")):
            for place, case in enumerate(own):
                truth, score = made.truth[case], made.ratings[a, j, case]
                call = "" if place < unread and not j else "yes" if score > 1 else "no"
                row = [f"R{j}", "all", case, "yes" if truth else "no", call, arm]
                write([*row, f"{-score:.4f}" if call else "", f"{score:.4f}" if call else "", 1])
    return out.getvalue()


def test_reads_that_the_design_does_not_ask_for_are_not_missing():
    table = table_from_text(text(readers=6, cases=60, each=20, seed=1, unread=2))
    found = analyse(table)
    assert (found.study.reads, found.study.missing) == (2 * 6 * 20 - 4, 4)
    assert {(one.reader, one.missing) for one in found.readers if one.missing} == {("R0", 2)}
    assert all(one.missing == 4 // 2 for one in found.groups)
    wrong = next(one for one in found.sensitivity if one.rule == "missing reads counted as incorrect")
    assert dict(wrong.readers)["R0"].n == 20  # not 60
    assert any("by design" in note for note in found.notes)
    plain = analyse(replace(table, assigned=None))
    assert plain.study.missing == 2 * 6 * 60 - (2 * 6 * 20 - 4)


def test_the_column_of_assigned_reads_holds_one_or_nought():
    with pytest.raises(StatsError, match="Row 2, column assigned: 'maybe' is neither 1 nor 0"):
        table_from_text(text(readers=2, cases=12, each=6, seed=1).replace(",1\n", ",maybe\n", 1))


def test_a_complete_table_gives_the_same_by_the_crossed_and_the_incomplete_way():
    crossed = table_from_text(text(readers=5, cases=40, each=40, seed=4))
    whole = analyse(replace(crossed, assigned=None))
    part = analyse(crossed)
    assert part.arms_compared == whole.arms_compared
    assert whole.incomplete_arms == ()
    for one in part.incomplete_arms:  # areas and shares are those of the readers' mean, whatever the method
        other = next(arms for arms in whole.arms_compared if (arms.figure, arms.group) == (one.figure, one.group))
        assert other.result is not None
        assert one.differences[0].estimate == pytest.approx(other.result.differences[0].estimate, abs=1e-12)
        assert 0.5 < one.differences[0].se / other.result.differences[0].se < 1.5


def lacking_a_class(table: ReadTable) -> ReadTable:
    """The same reads without those that the first reader made of positive cases."""
    assert table.assigned is not None
    prediction, scores, assigned = table.prediction.copy(), table.scores.copy(), table.assigned.copy()
    positive = table.truth == table.classes.index("yes")
    prediction[:, 0, positive], scores[:, 0, positive], assigned[:, 0, positive] = -1, np.nan, False
    return replace(table, prediction=prediction, scores=scores, assigned=assigned)


def test_a_reader_without_a_figure_is_left_out_and_named_and_counts_in_the_pooled_one():
    found = analyse(lacking_a_class(table_from_text(text(readers=6, cases=60, each=20, seed=2))))
    arms = {one.figure: one for one in found.arms_compared}
    area, share = arms["AUC yes"].result, arms["accuracy"].result
    assert area is not None
    assert share is not None
    assert (area.n_readers, share.n_readers) == (5, 6)
    assert area.notes == ("Left out, for their own cases lack those that the figure counts: R0.",)
    pooled = {one.figure: one for one in found.incomplete_arms}
    assert pooled["specificity yes"].arms[0].readers == 6
    assert pooled["AUC yes"].differences[0].se is not None


def test_intervals_of_samples_of_cases_cover_the_true_difference():
    covered = []
    for seed in range(40):
        table = table_from_text(text(readers=12, cases=60, each=20, seed=seed))
        (arms,) = arms_compared(sets_of(table), table, ("AUC yes",), readers_as=None)
        assert arms.result is not None
        assert arms.result.differences[0].ci is not None
        low, high = arms.result.differences[0].ci
        covered.append(low <= 0.1 <= high)
    assert sum(covered) >= 35  # 38 expected
