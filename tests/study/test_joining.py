"""Who joins an open study gets an order that balances with those that stand."""

from collections import Counter

import pytest

from core.errors import InvalidInput
from core.study.joining import Standing, joining_orders
from core.study.orders import Place, largest_imbalance, make_orders
from core.study.words import CrossoverUnit, Design
from tests.study.test_orders import plan, sequences


def standing(made: dict[tuple[int, int], tuple[Place, ...]], *, same_group: bool = True) -> list[Standing]:
    readers = sorted({reader for reader, _ in made})
    return [Standing(tuple(made[key] for key in sorted(made) if key[0] == reader), same_group) for reader in readers]


def taken(made: dict[tuple[int, int], tuple[Place, ...]]) -> set[tuple[int, ...]]:
    return {tuple(p.case_id for p in order if not p.practice) for order in made.values()}


def cases(order: tuple[Place, ...]) -> list[int]:
    return [place.case_id for place in order if not place.practice]


def test_the_second_to_join_restores_the_balance_that_the_first_had_to_disturb():
    asked = plan(4, 98, practice=2)
    made = make_orders(asked, seed=1)
    (fifth,) = joining_orders(asked, standing(made), taken(made), seed=2)
    there = {**made, (5, 1): fifth}
    (sixth,) = joining_orders(asked, standing(there), taken(there), seed=3)
    every = [*sequences(made), cases(fifth), cases(sixth)]
    assert largest_imbalance(every) == 0
    assert cases(sixth) == cases(fifth)[::-1]
    assert len({tuple(order) for order in every}) == 6
    assert [place.practice for place in fifth[:3]] == [True, True, False]


def test_who_replaces_a_drop_out_balances_the_others_without_taking_over_the_lost_order():
    asked = plan(4, 98)
    made = make_orders(asked, seed=1)
    left = {key: order for key, order in made.items() if key[0] != 2}
    (new,) = joining_orders(asked, standing(left), taken(made), seed=5)
    assert tuple(cases(new)) not in taken(made)
    assert largest_imbalance([*sequences(left), cases(new)]) <= 0.5


def test_the_same_seed_gives_the_same_order_and_another_one_another():
    asked = plan(4, 30)
    made = make_orders(asked, seed=1)
    first, again, other = (joining_orders(asked, standing(made), taken(made), seed=seed) for seed in (7, 7, 8))
    assert first == again != other


def test_a_crossover_reader_begins_with_the_arm_that_fewer_of_the_group_began_with():
    asked = plan(3, 12, design=Design.CROSSOVER)
    made = make_orders(asked, seed=1)
    began: list[str] = [order[0].arm for (_, number), order in made.items() if number == 1]
    rarer = min(("unaided", "aided"), key=began.count)
    one, two = joining_orders(asked, standing(made), taken(made), seed=2)
    assert {place.arm for place in one} == {rarer}
    assert {place.arm for place in two} == {"unaided", "aided"} - {rarer}
    assert cases(one) != cases(two)


def test_in_a_case_wise_crossover_the_arms_of_every_case_are_evened_out():
    asked = plan(3, 12, practice=2, design=Design.CROSSOVER, crossover_unit=CrossoverUnit.CASE)
    made = make_orders(asked, seed=1)
    one, two = joining_orders(asked, standing(made), taken(made), seed=2)
    first = {place.case_id: place.arm for place in one}
    second = {place.case_id: place.arm for place in two}
    assert all(first[case] != second[case] for case in first)
    assert Counter(first[case] for case in asked.cases) == {"unaided": 6, "aided": 6}
    aided = Counter(p.case_id for (_, number), o in made.items() if number == 1 for p in o if p.arm == "aided")
    assert {aided[case] + (first[case] == "aided") for case in asked.cases} == {2}  # of four readers


def test_nobody_joins_where_every_order_is_taken():
    asked = plan(2, 2)
    made = make_orders(asked, seed=1)
    with pytest.raises(InvalidInput, match="nobody can join"):
        joining_orders(asked, standing(made), taken(made), seed=2)
