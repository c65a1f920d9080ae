"""Which cases each reader reads: balanced to within one, whatever the numbers, and orders that stay balanced."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import default_rng

from core.errors import InvalidInput
from core.study.allocation import Allocation, halved, reads_per_case, shares
from core.study.consequences import in_words, power_in_words, shares_of
from core.study.joining import Standing, joining_orders
from core.study.orders import Place, Plan, largest_imbalance, make_orders
from core.study.words import Allocate, Arm, CrossoverUnit, Design

CASES = tuple(range(1000, 1200))
TRUTHS = {case: "pe" if case % 10 < 3 else "none" for case in CASES}
SAMPLE = Allocation(Allocate.SAMPLE, cases_per_reader=20)


def plan(
    allocation: Allocation, *, readers: int = 40, cases: tuple[int, ...] = CASES, design: Design = Design.CROSSOVER,
    unit: CrossoverUnit = CrossoverUnit.SESSION, stratified: bool = False, practice: tuple[int, ...] = (),
) -> Plan:  # fmt: skip
    truths = {case: TRUTHS.get(case, "none") for case in cases}
    return Plan(tuple(range(1, readers + 1)), cases, practice, design, crossover_unit=unit,
                strata=truths if stratified else None, allocation=allocation, truths=truths)  # fmt: skip


def own(order: tuple[Place, ...]) -> list[int]:
    return [place.case_id for place in order if not place.practice]


@given(st.integers(1, 30), st.integers(2, 60), st.integers(1, 60), st.integers(0, 5))
@settings(max_examples=80, deadline=None)
def test_samples_of_any_size_differ_by_one_read_a_case_at_most(readers: int, count: int, each: int, seed: int):
    each = min(each, count)
    dealt = shares(range(readers), range(count), Allocation(Allocate.SAMPLE, each), {}, default_rng(seed))
    assert all(len(set(cases)) == len(cases) == each for cases in dealt.values())
    often = reads_per_case(dealt, range(count)).values()
    assert max(often) - min(often) <= 1


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), unique=True, max_size=60), st.integers(0, 5))
@settings(max_examples=80, deadline=None)
def test_any_reads_are_halved_for_every_reader_and_every_case_at_once(reads: list[tuple[int, int]], seed: int):
    dealt: dict[int, list[int]] = {}
    for reader, case in reads:
        dealt.setdefault(reader, []).append(case)
    taken = halved(dealt, default_rng(seed))
    for reader, cases in dealt.items():
        assert abs(2 * len(taken[reader]) - len(cases)) <= 1
    for case in {case for _, case in reads}:
        there = [reader for reader, cases in dealt.items() if case in cases]
        assert abs(2 * sum(case in taken[reader] for reader in there) - len(there)) <= 1


@pytest.mark.parametrize("unit", list(CrossoverUnit))
@pytest.mark.parametrize("stratified", [False, True])
def test_forty_readers_of_twenty_of_two_hundred_cases_are_balanced(unit: CrossoverUnit, stratified: bool):
    made = make_orders(plan(SAMPLE, unit=unit, stratified=stratified), seed=3)
    assert len(made) == 80
    for number in (1, 2):
        orders = [own(order) for (_, session), order in made.items() if session == number]
        assert set(Counter(case for order in orders for case in order).values()) == {4}
        assert {sum(TRUTHS[case] == "pe" for case in order) for order in orders} == {6}  # the mix of the study
        assert largest_imbalance(orders) <= (1.5 if stratified else 0.5)  # of 20 places
    first = Counter(
        place.case_id for (_, session), order in made.items() if session == 1 for place in order if place.arm == "aided"
    )
    balanced = set() if unit == CrossoverUnit.UNAIDED_FIRST else {2}  # each case is begun in both arms equally often
    assert set(first.values()) == balanced
    for reader in range(1, 41):
        before, after = ({p.case_id: p.arm for p in made[reader, number]} for number in (1, 2))
        assert before.keys() == after.keys()  # the same cases come again after the washout, in the other arm
        assert all(before[case] != after[case] for case in before)
        aided = sum(arm == Arm.AIDED for arm in before.values())
        assert aided == 10 if unit == CrossoverUnit.CASE else aided in (0, 20)


def test_a_split_plot_gives_blocks_of_cases_to_blocks_of_readers():
    made = make_orders(plan(Allocation(Allocate.SPLIT_PLOT, blocks=2), readers=4, practice=(1, 2)), seed=1)
    blocks = {reader: frozenset(own(made[reader, 1])) for reader in range(1, 5)}
    assert blocks[1] == blocks[3] != blocks[2] == blocks[4]  # neighbours in a group go to different blocks
    assert blocks[1] | blocks[2] == set(CASES)
    assert not blocks[1] & blocks[2]
    assert [sum(TRUTHS[case] == "pe" for case in block) for block in set(blocks.values())] == [30, 30]
    assert {p.case_id for p in made[1, 1] if p.practice} == {1, 2}  # practice is everybody's
    for block in (1, 2):
        assert largest_imbalance([own(made[reader, 1]) for reader in (block, block + 2)]) == 0
        assert {made[reader, 1][-1].arm for reader in (block, block + 2)} == {Arm.UNAIDED, Arm.AIDED}


def test_quotas_control_the_prevalence_of_every_sample():
    asked = plan(Allocation(Allocate.SAMPLE, quotas={"pe": 10, "none": 10}), readers=12)
    made = make_orders(asked, seed=5)
    assert {Counter(TRUTHS[case] for case in own(order))["pe"] for order in made.values()} == {10}
    counts = Counter(case for (_, session), order in made.items() if session == 1 for case in own(order))
    assert {count for case, count in counts.items() if TRUTHS[case] == "pe"} == {2}  # 120 reads of 60 cases
    assert in_words(asked) == (
        "Each reader reads 20 of 200 cases, each case has 1 to 2 readers. Every sample holds 10 pe, 10 none; within a "
        "diagnosis, reads per case differ by one at most. 20 cases are read by nobody."
    )


@pytest.mark.parametrize(
    ("allocation", "said"),
    [
        (Allocation(Allocate.SAMPLE, 201), "Each reader is to read 201 cases, but the study has 200; lower it"),
        (Allocation(Allocate.SAMPLE, 0), "Each reader reads one case or more"),
        (Allocation(Allocate.SAMPLE, quotas={"pe": 61}), "61 cases of the class pe, but the study has 60"),
        (Allocation(Allocate.SAMPLE, quotas={"covid": 1}), "1 cases of the class covid, but the study has 0"),
        (Allocation(Allocate.SAMPLE, quotas={"pe": -1, "none": 2}), "A quota of cases is 0 or more."),
        (Allocation(Allocate.SPLIT_PLOT, blocks=41), "41 blocks need 41 readers and 82 cases or more"),
        (Allocation(Allocate.SPLIT_PLOT, blocks=1), "A split-plot design has 2 to 100 blocks."),
    ],
)
def test_what_readers_and_cases_do_not_allow_is_refused_in_words(allocation: Allocation, said: str):
    with pytest.raises(InvalidInput, match=said):
        make_orders(plan(allocation), seed=1)


def standing(made: dict[tuple[int, int], tuple[Place, ...]], readers: range) -> list[Standing]:
    return [Standing((made[reader, 1], made[reader, 2]), same_group=True) for reader in readers]


def test_a_reader_who_joins_gets_the_cases_read_least():
    asked = plan(Allocation(Allocate.SAMPLE, 20), readers=15)  # 300 reads: half of the cases were read twice
    made = make_orders(asked, seed=2)
    often = Counter(case for (_, session), order in made.items() if session == 1 for case in own(order))
    new = joining_orders(asked, standing(made, range(1, 16)), set(), seed=9)
    assert {often[case] for case in own(new[0])} == {1}
    assert len(own(new[0])) == 20
    assert sorted(own(new[0])) == sorted(own(new[1]))


def test_a_reader_who_joins_a_split_plot_goes_to_the_block_with_fewest_readers():
    asked = plan(Allocation(Allocate.SPLIT_PLOT, blocks=2), readers=5)
    made = make_orders(asked, seed=2)
    new = joining_orders(asked, standing(made, range(1, 6)), set(), seed=9)
    assert set(own(new[0])) == set(own(made[2, 1]))  # three readers are in the block of reader 1
    left = joining_orders(asked, standing(made, range(1, 6, 2)), set(), seed=9)  # all of the second block withdrew
    assert set(own(left[0])) == set(own(made[2, 1]))


def test_the_cost_in_power_is_said_in_a_sentence():
    found = shares_of(plan(SAMPLE))
    assert (found.each, found.least, found.most, found.unread) == (20, 4, 4, 0)
    assert found.shared == pytest.approx(200 * 4 * 3 / (40 * 39))
    assert in_words(plan(SAMPLE)) == "Each reader reads 20 of 200 cases, each case has 4 readers."
    words = power_in_words(plan(SAMPLE))
    assert "for 20 instead of 200 reads each" in words
    assert "is 74 % instead of 97 %" in words
    halves = power_in_words(plan(Allocation(Allocate.SPLIT_PLOT, blocks=2)))
    assert "for 100 instead of 200 reads each" in halves
    assert "is 95 % instead of 97 %" in halves
    with pytest.raises(InvalidInput, match="Add cases and readers"):
        in_words(plan(SAMPLE, readers=0))
