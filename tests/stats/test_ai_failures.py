"""Rules for what was not read or not decided reach every endpoint, areas too, and the analysis says which it used."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.results.verdict import ruled
from core.stats.analyse import Options, analyse
from core.stats.auc_covariance import auc
from core.stats.reads import ReadTable, table_from_text
from core.study.prespecification import Prespecification, prespecification_problems
from core.study.words import Design
from tests.stats.test_commands import program  # noqa: F401 - a fixture

HEAD = "reader,group,case,truth,prediction,prob_a,prob_b\n"


def study(*, fails: int = 6, call: str = "failure") -> str:
    rng = np.random.default_rng(3)
    rows = []
    for k in range(40):
        truth = "ab"[k % 2]
        for who in ("AI", "r1", "r2", "r3"):
            p = round(float(np.clip(0.5 + (0.25 if truth == "b" else -0.25) + rng.normal(0, 0.25), 0.01, 0.99)), 3)
            scores = f"{1 - p:.3f},{p:.3f}"
            if who == "AI" and k < fails:
                rows.append(f"AI,AI,{k},{truth},{call},,")
            else:
                rows.append(f"{who},{'AI' if who == 'AI' else 'g'},{k},{truth},{'b' if p > 0.5 else 'a'},{scores}")
    return HEAD + "\n".join(rows) + "\n"


def area(table: ReadTable, at: np.ndarray, scores: np.ndarray) -> float:
    return auc(scores[at], (table.truth == 1)[at])


@pytest.mark.parametrize("call", ["failure", "indeterminate"])
def test_areas_where_the_ai_failed_are_given_under_three_rules(call: str):
    table = table_from_text(study(call=call))
    found = analyse(table)
    rows: dict[str, Any] = {ai_failure.rule: ai_failure for ai_failure in found.ai_failures}
    assert set(rows) == {"worst", "common", "as-is"}
    scored, every = np.arange(40) >= 6, np.ones(40, bool)
    ai = table.ais[0].scores[:, 1]
    people = [table.scores[0, j, :, 1] for j in range(3)]
    worst = np.where(scored, ai, np.where(table.truth == 1, -9.0, 9.0))
    expected = {
        "worst": (area(table, every, worst), np.mean([area(table, every, s) for s in people])),
        "common": (area(table, scored, ai), np.mean([area(table, scored, s) for s in people])),
        "as-is": (area(table, scored, ai), np.mean([area(table, every, s) for s in people])),
    }
    for rule, (own, readers) in expected.items():
        result = rows[rule].comparison.result
        assert result.ai == pytest.approx(own, abs=1e-12)
        assert result.readers == pytest.approx(readers, abs=1e-12)
    chosen = next(contest.result for contest in found.ai_with_groups if contest.figure == "AUC b")
    assert chosen == rows["common"].comparison.result
    assert any("6 cases" in note and "only cases that the AI scored" in note for note in found.notes)
    other = analyse(table, options=Options(ai_failures="worst"))
    assert (
        next(contest.result for contest in other.ai_with_groups if contest.figure == "AUC b")
        == rows["worst"].comparison.result
    )


def test_without_failures_nothing_is_said_and_nothing_changes():
    found = analyse(table_from_text(study(fails=0)))
    assert found.ai_failures == ()
    assert not any("gave no score" in note for note in found.notes)


def test_the_command_takes_the_rule(program, tmp_path):  # noqa: F811
    path = tmp_path / "reads.csv"
    path.write_text(study())
    code, out, _ = program("analyse", path, "--ai-failures", "as-is", "--json")
    rows = json.loads(out)["ai_failures"]
    assert code == 0
    assert [row["rule"] for row in rows if row["chosen"]] == ["as-is"]
    assert "used above" in program("analyse", path)[1]


def missing_table() -> ReadTable:
    rows = []
    for k in range(20):
        truth = "ab"[k % 2]
        for who in ("AI", "r1", "r2", "r3"):
            call, p = truth, 0.9 if truth == "b" else 0.1
            if who == "r1" and k < 5:
                rows.append(f"r1,g,{k},{truth},{'' if k < 3 else 'indeterminate'},,")
                continue
            rows.append(f"{who},{'AI' if who == 'AI' else 'g'},{k},{truth},{call},{1 - p},{p}")
    return table_from_text(HEAD + "\n".join(rows) + "\n")


@pytest.mark.parametrize(
    ("missing", "indeterminate", "accuracy", "auc_b"),
    [
        ("excluded", "excluded", 1.0, 1.0),
        ("excluded", "wrong", 15 / 17, None),
        ("wrong", "excluded", 15 / 18, None),
        ("own_class", "wrong", 15 / 20, None),
        ("wrong", "wrong", 15 / 20, 112.5 / 200),
    ],
)
def test_the_prespecified_rules_reach_calls_and_areas(missing, indeterminate, accuracy, auc_b):
    plan = replace(Prespecification(), missing=missing, indeterminate=indeterminate)
    found = analyse(ruled(missing_table(), plan))
    one = next(r for r in found.readers if r.reader == "r1")
    assert one.accuracy.value == pytest.approx(accuracy)
    shown = one.scores[1].auc.value
    if auc_b is None:
        assert shown < 1.0 or missing == "own_class"
    else:
        truth = np.arange(20) % 2 == 1
        scores = np.where(np.arange(20) < 5, np.where(truth, -9, 9), np.where(truth, 0.9, 0.1)).astype(float)
        assert shown == pytest.approx(auc(scores, truth) if missing == "wrong" else 1.0)


@pytest.mark.parametrize("which", ["missing", "indeterminate"])
def test_a_class_of_its_own_is_refused_for_an_area_at_the_step(which):
    own: dict[str, Any] = {which: "own_class"}
    plan = replace(Prespecification(), endpoint="auc", endpoint_class="b", **own)
    found = prespecification_problems(plan, codes=("a", "b"), groups=("g",), design=Design.INDEPENDENT, ratings=True)
    assert any("class of its own" in one and "AUC" in one for one in found)
    calls = replace(plan, endpoint="accuracy", endpoint_class=None)
    assert (
        prespecification_problems(calls, codes=("a", "b"), groups=("g",), design=Design.INDEPENDENT, ratings=True) == ()
    )
    family = replace(calls, multiplicity="holm", family=("auc b",))
    assert prespecification_problems(family, codes=("a", "b"), groups=("g",), design=Design.INDEPENDENT, ratings=True)
