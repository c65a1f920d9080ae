"""Several AIs in one long table: each alone gives the figures it gives by itself, and AI is set against AI."""

from typing import Any

import numpy as np
import pytest

from core.cli.show_analysis import analysis_text
from core.stats.analyse import Analysis, Options, analyse
from core.stats.estimate import StatsError
from core.stats.pairs import holm, paired_areas, paired_proportions
from core.stats.reads import ReadTable, table_from_text

HEADER = "reader,group,case,truth,prediction,prob_no,prob_yes,rating_no,rating_yes,seconds"
OLD, NEW = "lungs 1.0", "lungs 2.0"


def study(*ais: str, seed: int = 4, failed: tuple[int, ...] = (), silent: str = "") -> str:
    """Four readers in two groups and some AIs on 60 cases of two classes; `failed` cases of the last AI, and an AI
    that gives no probabilities.
    """
    rng = np.random.default_rng(seed)
    truth = ["yes" if k % 3 == 0 else "no" for k in range(60)]
    lines = [HEADER]
    for name, skill in ((OLD, 0.8), (NEW, 1.6), ("other", 1.1)):
        for k, t in enumerate(truth):
            p = float(1 / (1 + np.exp(-(rng.normal() + skill * (1 if t == "yes" else -1)))))
            call = "yes" if p > 0.5 else "no"
            if name not in ais:
                continue
            if name == ais[-1] and k in failed:
                lines.append(f"{name},AI,{k + 1},{t},failure,,,,,")
                continue
            given = "," if name == silent else f"{1 - p!r},{p!r}"
            lines.append(f"{name},AI,{k + 1},{t},{call},{given},,,3")
    for j, group in enumerate(("novice", "novice", "novice", "expert", "expert", "expert")):
        for k, t in enumerate(truth):
            score = round(float(np.clip(50 + 25 * rng.normal() + 22 * (1 if t == "yes" else -1), 0, 100)), 2)
            lines.append(f"r{j},{group},{k + 1},{t},{'yes' if score > 50 else 'no'},,,{100 - score},{score},20")
    return "\n".join(lines) + "\n"


def found(text: str, **options: Any) -> Analysis:
    return analyse(table_from_text(text), options=Options(**options))


@pytest.fixture(scope="module")
def both() -> Analysis:
    return found(study(OLD, NEW))


def table() -> ReadTable:
    return table_from_text(study(OLD, NEW))


def test_every_reader_of_the_group_ai_is_an_ai_and_no_reader(both: Analysis):
    assert both.study.ais == (OLD, NEW)
    assert [name for name, _ in both.study.readers] == [f"r{j}" for j in range(6)]
    assert [(reader.reader, reader.group, reader.arm) for reader in both.readers[:2]] == [
        (OLD, "AI", ""),
        (NEW, "AI", ""),
    ]


@pytest.mark.parametrize("name", [OLD, NEW])
@pytest.mark.parametrize("part", ["ai_with_each_reader", "ai_areas_with_each_reader", "ai_with_groups", "sensitivity"])
def test_each_ai_has_the_figures_it_has_alone(both: Analysis, name: str, part: str):
    alone = found(study(name))
    mine = [one for one in getattr(both, part) if one.ai == name]
    assert mine == list(getattr(alone, part))
    assert [reader for reader in both.readers if reader.reader == name] == [
        reader for reader in alone.readers if reader.reader == name
    ]


def test_what_is_said_of_readers_does_not_depend_on_the_ais(both: Analysis):
    alone = found(study(OLD))
    for part in ("groups", "group_curves", "groups_compared", "agreement", "times", "cases"):
        assert getattr(both, part) == getattr(alone, part), part


def test_an_ai_named_ai_alone_gives_the_same_as_before():
    named, plain = found(study(OLD)), found(study(OLD).replace(f"{OLD},AI", "AI,AI"))
    assert [contest.result for contest in named.ai_with_groups] == [contest.result for contest in plain.ai_with_groups]
    assert not named.ais_compared
    assert not plain.ais_compared


def test_ai_against_ai_is_mcnemar_tango_and_delong_later_minus_earlier(both: Analysis):
    data = table()
    old, new = data.ais
    rows = {one.comparison.figure: one for one in both.ais_compared if one.with_ai}
    assert {(row.comparison.ai, row.comparison.group) for row in rows.values()} == {(NEW, OLD)}
    right = [one.prediction == data.truth for one in (new, old)]
    expected = paired_proportions(*right)
    accuracy = rows["accuracy"].comparison.result
    assert accuracy is not None
    assert accuracy.difference == pytest.approx(expected.difference, abs=1e-12)
    assert accuracy.ci == pytest.approx(expected.ci, abs=1e-12)
    area = rows["AUC yes"].comparison.result
    delong = paired_areas(new.scores[:, 1], old.scores[:, 1], data.truth == 1)
    assert area is not None
    assert (area.difference, area.p) == pytest.approx((delong.difference, delong.p), abs=1e-12)


def test_holm_is_over_all_comparisons_of_a_figure(both: Analysis):
    for figure in ("accuracy", "sensitivity yes", "AUC yes"):
        rows = [one for one in both.ais_compared if one.comparison.figure == figure]
        # one pair of AIs, and each of two AIs with novices, experts and all readers
        assert len(rows) == 1 + 2 * 3
        ps = [row.comparison.result.p for row in rows if row.comparison.result]
        assert [row.p_holm for row in rows] == list(holm(ps))


def test_three_ais_are_three_pairs():
    pairs = [
        (one.comparison.ai, one.comparison.group)
        for one in found(study(OLD, NEW, "other")).ais_compared
        if one.with_ai and one.comparison.figure == "accuracy"
    ]
    assert pairs == [(NEW, OLD), ("other", OLD), ("other", NEW)]


def test_an_ai_without_probabilities_takes_no_area_from_readers_or_another_ai():
    silent = found(study(OLD, NEW, silent=OLD))
    areas = {
        contest.ai: contest
        for contest in silent.ai_with_groups
        if contest.figure == "AUC yes" and contest.group == "novice"
    }
    assert areas[OLD].result is None
    assert areas[NEW].result is not None
    whole = found(study(OLD, NEW))
    assert silent.groups == whole.groups
    pair = next(one for one in silent.ais_compared if one.with_ai and one.comparison.figure == "AUC yes")
    assert pair.comparison.result is None
    assert OLD in (pair.comparison.reason or "")
    assert pair.p_holm is None


def test_a_failure_of_either_ai_leaves_the_case_out_of_their_areas():
    data = table_from_text(study(OLD, NEW, failed=(0, 1, 2)))
    old, new = data.ais
    result = analyse(data)
    row = next(one for one in result.ais_compared if one.with_ai and one.comparison.figure == "AUC yes").comparison
    kept = ~np.isnan(new.scores[:, 1])
    assert kept.sum() == 57
    expected = paired_areas(new.scores[kept, 1], old.scores[kept, 1], data.truth[kept] == 1)
    assert row.result is not None
    assert row.result.difference == pytest.approx(expected.difference, abs=1e-12)
    assert any(note.startswith(f"{NEW} gave no score for 3 cases") for note in result.notes)


def test_a_reader_of_the_group_ai_may_not_be_read_twice():
    doubled = study(OLD, NEW).rstrip("\n") + f"\n{NEW},AI,1,yes,no,.9,.1,,,3\n"
    with pytest.raises(StatsError, match=f"the AI {NEW} calls this case otherwise|AI and case"):
        table_from_text(doubled)


def test_the_tables_name_the_ai_of_every_row(both: Analysis):
    text = analysis_text(both)
    assert f"the AIs {OLD}, {NEW}" in text
    assert "AIs compared (Holm over all of a figure)" in text
    assert f"{NEW} - novice" in text
