from collections import Counter
from itertools import groupby, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.study.orders import Plan, largest_imbalance, make_orders, williams
from core.study.words import CrossoverUnit, Design


def plan(readers: int, cases: int, *, practice: int = 0, design: Design = Design.INDEPENDENT, **rest: object) -> Plan:
    return Plan(
        readers=tuple(range(1, readers + 1)),
        cases=tuple(range(100, 100 + cases)),
        practice=tuple(range(900, 900 + practice)),
        design=design,
        **rest,  # type: ignore[arg-type]
    )


def sequences(made: dict, session: int = 1) -> list[list[int]]:
    return [[p.case_id for p in order if not p.practice] for (_, number), order in made.items() if number == session]


@pytest.mark.parametrize("n", range(2, 9))
def test_williams_balances_places_and_neighbours(n: int):
    rows = williams(n)
    times = len(rows) // n
    assert len(rows) == (n if n % 2 == 0 else 2 * n)
    for place in range(n):
        assert Counter(row[place] for row in rows) == {t: times for t in range(n)}
    follows = Counter(pair for row in rows for pair in pairwise(row))
    assert follows == {(a, b): times for a in range(n) for b in range(n) if a != b}


def test_four_readers_and_98_cases_have_no_imbalance_and_no_order_twice():
    for seed in range(20):
        orders = sequences(make_orders(plan(4, 98), seed=seed))
        assert largest_imbalance(orders) == 0
        assert largest_imbalance(orders[:2]) == largest_imbalance(orders[2:]) == 0  # within each group of two
        assert len({tuple(order) for order in orders}) == 4


def test_every_case_is_read_once_in_every_quarter_by_four_readers():
    orders = sequences(make_orders(plan(4, 96), seed=3))
    for case in orders[0]:
        assert sorted(order.index(case) // 24 for order in orders) == [0, 1, 2, 3]


@given(readers=st.integers(1, 9), cases=st.integers(6, 60), seed=st.integers(0, 2**31 - 1))
@settings(max_examples=60, deadline=None)
def test_any_study_is_balanced_complete_and_without_a_shared_order(readers: int, cases: int, seed: int):
    orders = sequences(make_orders(plan(readers, cases), seed=seed))
    assert all(sorted(order) == list(range(100, 100 + cases)) for order in orders)
    assert len({tuple(order) for order in orders}) == readers
    if readers > 1:
        assert largest_imbalance(orders) <= 0.5 / readers + 1e-9


def test_the_same_seed_gives_the_same_orders_and_another_seed_others():
    assert make_orders(plan(3, 30, practice=3), seed=5) == make_orders(plan(3, 30, practice=3), seed=5)
    assert make_orders(plan(3, 30), seed=5) != make_orders(plan(3, 30), seed=6)


def test_practice_comes_first():
    for order in make_orders(plan(4, 10, practice=3), seed=1).values():
        assert [place.practice for place in order] == [True] * 3 + [False] * 10


def test_stratified_orders_spread_the_classes_over_the_session():
    strata = {case: "covid" if case < 112 else "normal" for case in range(100, 148)}
    for order in sequences(make_orders(plan(4, 48, strata=strata), seed=2)):
        for quarter in range(4):
            part = order[quarter * 12 : quarter * 12 + 12]
            assert sum(strata[case] == "covid" for case in part) == 3


def test_crossover_readers_read_each_case_once_in_each_arm_and_half_begin_with_each():
    made = make_orders(plan(4, 20, practice=2, design=Design.CROSSOVER), seed=1)
    first = {reader: {place.arm for place in made[reader, 1]} for reader in range(1, 5)}
    assert first == {1: {"unaided"}, 2: {"aided"}, 3: {"unaided"}, 4: {"aided"}}
    for reader in range(1, 5):
        arms = {(p.case_id, p.arm) for session in (1, 2) for p in made[reader, session]}
        assert len(arms) == 2 * 22
        assert [p.case_id for p in made[reader, 1]] != [p.case_id for p in made[reader, 2]]


def test_a_crossover_within_the_session_shows_the_ai_on_half_of_the_cases():
    made = make_orders(plan(4, 20, design=Design.CROSSOVER, crossover_unit=CrossoverUnit.CASE), seed=1)
    for reader in range(1, 5):
        assert Counter(place.arm for place in made[reader, 1]) == {"aided": 10, "unaided": 10}
        arms = [{p.case_id: p.arm for p in made[reader, session]} for session in (1, 2)]
        assert all(arms[0][case] != arms[1][case] for case in arms[0])
    for case in range(100, 120):  # over readers every case begins with the AI as often as without it
        began = [p.arm for reader in range(1, 5) for p in made[reader, 1] if p.case_id == case]
        assert Counter(began) == {"aided": 2, "unaided": 2}


@pytest.mark.parametrize(("readers", "cases"), [(0, 5), (5, 0), (3, 2), (2, 1)])
def test_orders_that_cannot_be_made_are_refused_in_words(readers: int, cases: int):
    with pytest.raises(InvalidInput, match="case"):
        make_orders(plan(readers, cases), seed=1)


@given(readers=st.sampled_from((1, 2, 4, 6)), seed=st.integers(0, 2**31 - 1))
@settings(max_examples=40, deadline=None)
def test_stratified_orders_spread_every_class_over_every_readers_order(readers: int, seed: int):
    strata = {case: "abc"[case % 3] for case in range(100, 160)}  # sixty cases, twenty of each class
    made = make_orders(plan(readers, 60, strata=strata), seed=seed)
    for order in sequences(made):
        assert sorted(order) == list(range(100, 160))
        runs = max(len(list(run)) for _, run in groupby(strata[case] for case in order))
        assert runs <= 6
        for half in (order[:30], order[30:]):
            assert all(7 <= count <= 13 for count in Counter(strata[case] for case in half).values())
