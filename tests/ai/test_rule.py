"""The patient rule of Luo et al. 2022 and the one beside it."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ai.parameters import CLASSES, PipelineParams, RuleParams, Truncation
from core.ai.preprocess import kept_slices
from core.ai.rule import RULES, patient_call, slice_call
from core.errors import InvalidInput

SURE = {"normal": (0.9, 0.05, 0.05), "cap": (0.05, 0.9, 0.05), "covid": (0.05, 0.05, 0.9)}


def of(normal: int = 0, cap: int = 0, covid: int = 0) -> list[Any]:
    return [SURE["covid"]] * covid + [SURE["cap"]] * cap + [SURE["normal"]] * normal


def test_the_majority_class_is_the_call() -> None:
    assert patient_call(of(normal=2, cap=1, covid=5)).label == "covid"
    assert patient_call(of(normal=2, cap=5, covid=1)).label == "cap"


def test_a_normal_majority_stands_at_exactly_a_fifth_and_falls_above_it() -> None:
    assert patient_call(of(normal=80, cap=20)).label == "normal"
    assert patient_call(of(normal=79, cap=21)).label == "cap"
    assert patient_call(of(normal=79, cap=10, covid=11)).label == "covid"


def test_ties_go_to_covid() -> None:
    assert patient_call(of(cap=5, covid=5)).label == "covid"
    assert patient_call(of(normal=70, cap=15, covid=15)).label == "covid"
    assert patient_call(of(normal=5, covid=5)).label == "covid"
    assert slice_call((0.2, 0.4, 0.4)) == "covid"


def test_the_fifth_can_be_counted_of_all_slices() -> None:
    series = [None] * 30 + of(normal=55, cap=15)
    assert patient_call(series).label == "cap"
    assert patient_call(series, parameters=RuleParams(of="all")).label == "normal"


def test_without_the_minority_rule_only_the_majority_counts() -> None:
    assert patient_call(of(normal=51, covid=49), parameters=RuleParams(minority=1.0)).label == "normal"


def test_deciding_slices_are_those_called_as_the_patient() -> None:
    call = patient_call([None, *of(normal=3, cap=2), None])
    assert call.label == "cap"
    assert call.deciding_slices == (1, 2)
    assert call.counts == {"normal": 3, "cap": 2, "covid": 0}
    assert call.abnormal_share == pytest.approx(0.4)


def test_a_short_pneumonia_escapes_the_fifth_but_not_the_run() -> None:
    series = of(normal=40) + of(covid=15) + of(normal=45)
    assert patient_call(series).label == "normal"
    call = patient_call(series, rule="run-length")
    assert call.label == "covid"
    assert call.deciding_slices == tuple(range(40, 55))


def test_scattered_false_alarms_make_no_run() -> None:
    series = (of(covid=1) + of(normal=4)) * 20
    assert patient_call(series, rule="run-length").label == "normal"


def test_a_sure_run_finds_a_short_pneumonia_and_not_a_run_of_doubts() -> None:
    short = of(normal=40) + of(covid=15) + of(normal=45)
    assert patient_call(short, rule="sure-run").label == "covid"
    doubts = of(normal=40) + [(0.4, 0.35, 0.25)] * 15 + of(normal=45)
    assert patient_call(doubts, rule="run-length").label == "cap"
    assert patient_call(doubts, rule="sure-run").label == "normal"


def test_a_run_is_named_by_its_summed_evidence() -> None:
    series = of(normal=30) + [(0.1, 0.3, 0.6)] * 5 + [(0.05, 0.9, 0.05)] * 5 + of(normal=30)
    assert patient_call(series, rule="run-length").label == "cap"


def test_an_unknown_rule_and_a_series_without_scores_are_refused() -> None:
    with pytest.raises(InvalidInput, match="choose one of paper"):
        patient_call(of(normal=1), rule="best")
    with pytest.raises(InvalidInput, match="No slice"):
        patient_call([None, None])


@given(st.lists(st.sampled_from(CLASSES), min_size=1, max_size=60), st.sampled_from(sorted(RULES)))
def test_calls_follow_from_the_slices(calls: list[str], rule: str) -> None:
    made = patient_call([SURE[name] for name in calls], rule=rule)
    assert sum(made.counts.values()) == len(calls)
    assert set(made.deciding_slices) <= set(range(len(calls)))
    assert made.label in CLASSES
    if set(calls) == {"normal"}:
        assert made.label == "normal"


@given(st.lists(st.sampled_from(CLASSES), min_size=1, max_size=60), st.randoms())
def test_the_papers_rule_does_not_know_the_order_of_slices(calls: list[str], random: np.random.Generator) -> None:
    mixed = list(calls)
    random.shuffle(mixed)
    assert patient_call([SURE[c] for c in calls]).label == patient_call([SURE[c] for c in mixed]).label


@pytest.mark.parametrize(("count", "kept"), [(148, range(14, 128)), (100, range(10, 86)), (8, range(7))])
def test_truncation_drops_a_tenth_at_the_apex_and_fourteen_hundredths_at_the_base(count: int, kept: range) -> None:
    assert kept_slices(count, Truncation()) == kept


def test_truncation_can_take_the_base_for_the_first_end() -> None:
    assert kept_slices(100, Truncation(first="base")) == range(14, 90)


def test_parameters_have_a_stable_hash_that_knows_every_value() -> None:
    assert PipelineParams().hash() == PipelineParams().hash()
    assert PipelineParams().hash() != PipelineParams(rule=RuleParams(minority=0.25)).hash()
    assert PipelineParams().as_dict()["truncation"]["drop_tail"] == 0.14
