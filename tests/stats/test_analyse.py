"""The analysis of a long table: what is left out and counted, and numbers that agree with the single analyses."""

import json
from typing import Any

import numpy as np
import pytest

from core.cli.show_analysis import analysis_text
from core.stats.analyse import Analysis, Options, analyse
from core.stats.auc_covariance import auc
from core.stats.estimate import StatsError
from core.stats.mrmc import mrmc
from core.stats.pairs import paired_proportions
from core.stats.reads import ReadTable, table_from_text
from core.stats.standalone import standalone
from tests.stats.goldens import close, long_table, reference, three_classes

HEADER = "reader,group,case,truth,prediction,arm,session,attempt,practice,rating_no,rating_yes,seconds,position"


def aided_study(seed: int = 1) -> str:
    """Three novices and three experts, unaided then aided, 40 cases, and the AI; classes no and yes with ratings
    0-100.
    """
    rng = np.random.default_rng(seed)
    lines = [HEADER]
    truth = ["yes" if k % 2 else "no" for k in range(40)]
    wrong = {3, 8, 15, 22}
    for k, t in enumerate(truth):
        call = t if k not in wrong else ("no" if t == "yes" else "yes")
        score = 80 if call == "yes" else 20
        lines.append(f"AI,AI,{k + 1},{t},{call},,,1,0,{100 - score},{score},20.5,")
    for j, name in enumerate(("Ann", "Bob", "Cy", "Di", "Eve", "Fay")):
        group = "novice" if j < 3 else "expert"
        for arm, gain in (("unaided", 0.0), ("aided", 0.6)):
            for k, t in enumerate(truth):
                score = int(
                    np.clip(
                        50 + 20 * rng.normal() + (25 + 10 * (j > 2) + 15 * gain) * (1 if t == "yes" else -1), 0, 100
                    )
                )
                call = "yes" if score >= 50 else "no"
                seconds = round(float(np.exp(rng.normal(3.5 - 0.1 * gain, 0.3))), 1)
                lines.append(f"{name},{group},{k + 1},{t},{call},{arm},1,1,0,{100 - score},{score},{seconds},{k + 1}")
    return "\n".join(lines) + "\n"


def found(text: str, **options: Any) -> Analysis:
    return analyse(table_from_text(text), options=Options(**options))


def test_the_ai_against_the_groups_is_the_single_analysis():
    result = found(long_table(), margin=0.05, ordered=True)
    by = {(row.group, row.figure): row for row in result.ai_with_groups}
    for group, who in (("all readers", "all"), ("novice", "novices"), ("expert", "experts")):
        row = by[group, "AUC 2"].result
        expected = reference(f"rjafroc__syn_ai_{who}__CadVsRad__1T-RRRC")
        close(row.p, expected["pval"])
        close(row.difference, -expected["avgDiffFom"])
    for figure, key in (("accuracy", "accuracy"), ("macro F1", "macro_f1"), ("kappa quadratic", "kappa_quadratic")):
        expected = reference("googlehealth__syn_ai__multiclass_foms")[key]
        close(by["all readers", figure].result.p, expected["p"])
        close(by["all readers", figure].result.p_noninferior, expected["p_ni_margin05"])
    assert (by["novice", "sensitivity 2"].cases, by["novice", "specificity 2"].cases) == (55, 43)


def test_every_reader_gets_the_figures_of_the_single_functions():
    prediction, scores, truth, _ = three_classes()
    result = found(long_table())
    assert [r.reader for r in result.readers] == ["AI", "N1", "N2", "N3", "E1", "E2", "E3"]
    for i, row in enumerate(result.readers):
        assert np.array(row.confusion)[:, 3:].sum() == 0
        close(row.accuracy.value, float((prediction[i] == truth).mean()))
        for c in range(3):
            close(row.scores[c].auc.value, auc(scores[i, :, c], truth == c))
        close(row.hand_till.value, reference("simple_tests")["hand_till_auc"][i])
        close(
            dict(row.figures)["kappa"].value,
            reference("simple_tests")["kappa_truth_v_reader"][row.reader]["irr_unweighted"],
        )
    pairs = {(p.reader, p.figure): p for p in result.ai_with_each_reader}
    right = prediction == truth
    assert pairs["N1", "accuracy"].pair == paired_proportions(right[0], right[1])
    assert pairs["N1", "accuracy"].p_holm == pytest.approx(5 * pairs["N2", "accuracy"].pair.p_exact)
    agreement = {a.group: a.result for a in result.agreement}
    close(agreement["all readers"].fleiss.value, reference("simple_tests")["multi_rater"]["fleiss"])
    groups = {g.figure: g for g in result.groups_compared}
    difference = groups["AUC 2"].result.differences[0]
    assert (difference.a, difference.b, groups["AUC 2"].readers_as) == ("expert", "novice", "random")
    assert difference.estimate > 0


def test_the_arms_are_compared_aided_minus_unaided_as_by_mrmc():
    text = aided_study()
    result = found(text)
    table = table_from_text(text)
    rows = {(r.group, r.figure): r.result for r in result.arms_compared}
    whole = mrmc(table.scores[::-1, :, :, 1], table.truth == 1)
    close(rows["all readers", "AUC yes"].test.p, whole.test.p)
    difference = rows["all readers", "accuracy"].differences[0]
    assert (difference.a, difference.b) == ("aided", "unaided")
    right = (table.prediction == table.truth).mean(axis=2).mean(axis=1)
    assert difference.estimate == pytest.approx(right[1] - right[0])
    assert rows["novice", "accuracy"].n_readers == 3
    switches = {s.name: s for s in (*result.switches, *result.group_switches)}
    before, after = table.prediction[0, 0] == table.truth, table.prediction[1, 0] == table.truth
    assert switches["Ann"].wrong_to_right == int((~before & after).sum())
    assert switches["novice"].reads == 120
    assert switches["novice"].automation_bias.n == sum(switches[n].automation_bias.n for n in ("Ann", "Bob", "Cy"))
    ratios = {t.who: t for t in result.times if t.arm == ""}
    assert (ratios["all readers"].a, ratios["all readers"].ratio.n) == ("aided", 6)
    assert len(result.fatigue) == 2
    ai = [r for r in result.readers if r.reader == "AI"]
    assert len(ai) == 1  # the AI reads once, whatever the arms
    assert {row.arm for row in result.ai_with_groups} == {"unaided", "aided"}


def test_practice_and_superseded_reads_are_left_out_and_counted():
    text = aided_study()
    lines = text.splitlines()
    again = lines[41].replace(",1,1,0,", ",1,2,0,").replace(",no,unaided", ",indeterminate,unaided")
    again = again.replace(",yes,unaided", ",indeterminate,unaided")
    practice = [f"Ann,novice,P{k},no,yes,unaided,1,1,1,10,90,5,{k}" for k in range(3)]
    result = found("\n".join([*lines, again, *practice]) + "\n")
    assert {(e.reason, e.rows) for e in result.study.exclusions} == {
        ("practice read", 3), ("superseded by a later attempt", 1),
    }  # fmt: skip
    assert result.study.cases == 40
    assert result.study.indeterminate == 1
    ann = next(r for r in result.readers if r.reader == "Ann" and r.arm == "unaided")
    assert (ann.indeterminate, ann.n) == (1, 40)
    assert ann.accuracy.value < 1


def test_undecided_reads_are_wrong_and_missing_ones_in_no_denominator():
    lines = aided_study().splitlines()

    def changed(line: str, call: str) -> str:
        parts = line.split(",")
        parts[4] = call
        return ",".join(parts)

    lines[1] = changed(lines[1], "failure")  # the AI, case 1
    lines[41] = changed(lines[41], "indeterminate")  # Ann unaided, case 1
    lines[42] = changed(lines[42], "")  # Ann unaided, case 2
    del lines[43]  # Ann unaided, case 3: not even a row
    result = found("\n".join(lines) + "\n")
    ann = next(r for r in result.readers if r.reader == "Ann" and r.arm == "unaided")
    ai = next(r for r in result.readers if r.reader == "AI")
    assert (ann.n, ann.missing, ann.indeterminate) == (38, 2, 1)
    assert sum(row[2] for row in ann.confusion) == 1
    assert (ai.failures, ai.n) == (1, 40)
    assert (result.study.missing, result.study.indeterminate, result.study.failures) == (2, 1, 1)
    rules = {(s.rule, s.arm): s for s in result.sensitivity}
    left = rules["indeterminate reads and failures left out", "unaided"]
    assert dict(left.readers)["Ann"].n == 37
    worst = rules["missing reads counted as incorrect", "unaided"]
    assert dict(worst.readers)["Ann"].n == 40
    complete = rules["only the 37 cases that everybody read and decided", "unaided"]
    assert dict(complete.readers)["Bob"].n == 37
    json.dumps(result.to_dict(), allow_nan=False)


def test_two_readers_in_a_group_speak_for_themselves_only():
    lines = [x for x in long_table().splitlines() if not x.startswith(("N3", "E3"))]
    result = found("\n".join(lines) + "\n")
    by = {(row.group, row.figure): row.result for row in result.ai_with_groups}
    assert by["novice", "accuracy"].readers_as == "fixed"
    assert by["all readers", "accuracy"].readers_as == "random"
    assert all(g.readers_as == "fixed" for g in result.groups_compared)
    assert any("these readers only" in note for note in result.notes)
    one = [x for x in long_table().splitlines() if x.startswith(("reader", "AI", "N1"))]
    single = found("\n".join(one) + "\n")
    row = next(r for r in single.ai_with_groups if r.figure == "accuracy")
    assert "Tango" in row.result.method
    close(row.result.p, reference("simple_tests")["mcnemar"]["accuracy"]["N1"]["p_chi2"])


@pytest.mark.parametrize("keep", ["AI", "N1", "NE"])
def test_a_table_of_only_the_ai_or_only_readers_is_analysed(keep):
    lines = [x for x in long_table().splitlines() if x.startswith(("reader", keep, *keep))]
    lines = [x for x in lines if keep == "AI" or not x.startswith("AI")]
    result = found("\n".join(lines) + "\n")
    json.dumps(result.to_dict(), allow_nan=False)
    assert analysis_text(result)
    assert bool(result.ai_with_groups) is False


def test_without_ratings_areas_are_refused_with_the_reason():
    text = "\n".join(",".join(line.split(",")[:5]) for line in long_table().splitlines()) + "\n"
    result = found(text)
    assert result.readers[0].scores[0].auc.reason == "no ratings or probabilities were given"
    row = next(r for r in result.ai_with_groups if r.figure.startswith("AUC"))
    assert row.result is None
    assert "Ratings or probabilities are missing" in row.reason
    assert any("No ratings" in note for note in result.notes)


def test_standalone_by_hand_is_the_analysis_with_the_studys_margin():
    table: ReadTable = table_from_text(aided_study())
    result = analyse(table, options=Options(margin=0.1, readers_as="fixed"))
    row = next(r for r in result.ai_with_groups if (r.group, r.figure, r.arm) == ("all readers", "AUC yes", "unaided"))
    single = standalone(
        table.ais[0].scores[:, 1], table.scores[0, :, :, 1], table.truth == 1, margin=0.1, readers_as="fixed"
    )
    assert row.result == single


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("Ann,novice,2,yes", "Ann,novice,2,no"), ("column truth", "case 2")),
        (("Ann,novice,3,", "Ann,expert,3,"), ("column group", "reader Ann")),
        ((",no,unaided", ",nope,unaided"), ("column prediction", "'nope'")),
        (("Ann,novice,1,no,", "Ann,novice,1,maybe,"), ("column truth", "maybe")),
        (("unaided,1,1,0,", "unaided,1,1,perhaps,"), ("column practice", "perhaps")),
        (("unaided,1,1,0,", "unaided,1,one,0,"), ("column attempt", "'one'")),
        (("Ann,novice,2,", "Ann,novice,1,"), ("column truth",)),
        (("Ann,novice,3,", "Ann,novice,1,"), ("row", "same reader, arm and case")),
        (("AI,AI,3,", "AI,AI,1,"), ("AI calls this case otherwise",)),
    ],
)
def test_a_bad_long_table_gets_row_column_and_remedy(change, words):
    text = aided_study()
    if words[0].startswith("AI calls"):
        lines = text.splitlines()
        text = "\n".join([*lines, lines[1].replace("1,no,no", "1,no,yes")]) + "\n"
    else:
        assert change[0] in text
        text = text.replace(change[0], change[1], 1)
    with pytest.raises(StatsError) as stop:
        table_from_text(text)
    for word in ("Row", *words):
        assert word in str(stop.value)


def test_a_table_of_practice_reads_only_is_refused():
    with pytest.raises(StatsError, match="practice"):
        table_from_text(f"{HEADER}\nAnn,novice,1,no,yes,unaided,1,1,1,10,90,5,1\n")
    with pytest.raises(StatsError, match="only class"):
        table_from_text("reader,group,case,truth,prediction\nAnn,novice,1,no,no\n")
    many = "".join(f"Ann,novice,{k},{k},{k}\n" for k in range(30))
    with pytest.raises(StatsError, match="not classes"):
        table_from_text(f"reader,group,case,truth,prediction\n{many}")
    with pytest.raises(StatsError, match="outside"):
        table_from_text("reader,group,case,truth,prediction,prob_0,prob_1\nAnn,novice,1,0,1,30,70\n")


def test_the_bootstrap_is_secondary_seeded_and_refused_for_two_readers():
    result = found(aided_study(), bootstrap=200, seed=4)
    again = found(aided_study(), bootstrap=200, seed=4)
    assert result.secondary == again.secondary
    by = {(s.a, s.arm): s.result for s in result.secondary}
    rows = {(r.group, r.figure, r.arm): r.result for r in result.ai_with_groups}
    assert by["AI", "aided"].estimate == pytest.approx(rows["all readers", "accuracy", "aided"].difference)
    arms = {(r.group, r.figure): r.result for r in result.arms_compared}
    assert by["aided", ""].estimate == pytest.approx(arms["all readers", "accuracy"].differences[0].estimate)
    few = [x for x in long_table().splitlines() if x.startswith(("reader", "AI", "N1", "E1"))]
    assert "too few to resample" in found("\n".join(few) + "\n", bootstrap=200).secondary[0].reason
    assert found(long_table()).secondary == ()
