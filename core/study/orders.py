"""Reading orders: who reads which case at which place, in which arm. Made once; the caller stores them.

Readers are taken in pairs, and the second of a pair reads in exactly the reverse order of the first, so that over a
pair every case has the same mean position. Between pairs the cases move in blocks along a Williams design, so that
with an even number of readers every case is read once in every part of the session. A last odd reader joins a pair
to three orders whose positions add up to the same sum for every case, but for half a place. In a split-plot design
this holds within each block. With a sample of cases per reader, a case that came late for the readers before comes
early for the next one.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.random import Generator, default_rng

from core.errors import InvalidInput
from core.study.allocation import Allocation, halved, shares, spread
from core.study.words import Allocate, Arm, CrossoverUnit, Design

SEEDS = 2**31  # seeds lie below; the column is a signed 32-bit integer
PASSES = 4  # over the readers: each time every reader's order answers those of all others
TRIES = 200  # draws until no two orders are the same; only tiny studies need more than one


@dataclass(frozen=True, slots=True)
class Place:
    """One place in an order; practice cases come first."""

    case_id: int
    arm: Arm
    practice: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What orders are made from. `readers` stand group by group; `strata` maps cases to classes, None for none.

    `truths` has the class of every case that has one, for sharing the cases out evenly.
    """

    readers: tuple[int, ...]
    cases: tuple[int, ...]
    practice: tuple[int, ...]
    design: Design
    independent_arm: Arm = Arm.UNAIDED
    crossover_unit: CrossoverUnit = CrossoverUnit.SESSION
    strata: Mapping[int, str] | None = None
    allocation: Allocation = field(default_factory=Allocation)
    truths: Mapping[int, str] = field(default_factory=dict)


def williams(treatments: int) -> tuple[tuple[int, ...], ...]:
    """Return the rows of a Williams design: n rows for even n, 2n for odd n (Williams 1949).

    Every treatment stands in every place equally often and follows every other equally often.
    """
    first = [0]
    for step in range(1, treatments):
        first.append((treatments - step // 2) % treatments if step % 2 == 0 else (step + 1) // 2)
    rows = [tuple((place + shift) % treatments for place in first) for shift in range(treatments)]
    if treatments % 2:
        rows += [row[::-1] for row in rows]
    return tuple(rows)


def make_orders(plan: Plan, *, seed: int) -> dict[tuple[int, int], tuple[Place, ...]]:
    """Return the order of every (reader, session), the same for the same plan and seed.

    Raises InvalidInput when there are no readers or cases, or too few cases for an order of everybody's own.
    """
    if not plan.readers or not plan.cases:
        raise InvalidInput("Reading orders need at least one reader and one case.")
    rng = default_rng(seed)
    if plan.allocation.kind == Allocate.SAMPLE:
        return _of_samples(plan, shares(plan.readers, plan.cases, plan.allocation, plan.truths, rng), rng)
    dealt = shares(plan.readers, plan.cases, plan.allocation, plan.truths, rng)
    blocks: dict[tuple[int, ...], list[int]] = {}
    for reader, cases in dealt.items():
        blocks.setdefault(cases, []).append(reader)
    plans = [
        replace(plan, readers=tuple(readers), cases=cases, allocation=Allocation()) for cases, readers in blocks.items()
    ]
    made: dict[tuple[int, int], tuple[Place, ...]] = {}
    for part in plans:
        made |= _crossed(part, rng)
    return made


def _crossed(plan: Plan, rng: Generator) -> dict[tuple[int, int], tuple[Place, ...]]:
    """Return the orders of readers who all read the same cases, no two of them the same."""
    sessions = plan.design.sessions
    if len(plan.cases) < 20 and math.factorial(len(plan.cases)) < len(plan.readers) * sessions:
        raise InvalidInput(
            f"{len(plan.cases)} cases allow too few different orders for {len(plan.readers)} readers "
            f"and {sessions} session(s); add cases."
        )
    for _ in range(TRIES):
        made = [_session_orders(plan, rng) for _ in range(sessions)]
        every = [tuple(order) for session in made for order in session]
        if len(set(every)) == len(every):
            return _with_arms(plan, made, _halves(plan, rng), rng)
    raise InvalidInput("No orders could be found in which nobody shares one; add cases.")


def _of_samples(
    plan: Plan, dealt: Mapping[int, Sequence[int]], rng: Generator
) -> dict[tuple[int, int], tuple[Place, ...]]:
    """Return orders of readers with cases of their own, positions and arms of every case balanced over its readers."""
    sessions = [_balanced(plan, dealt, rng) for _ in range(plan.design.sessions)]
    return _with_arms(plan, sessions, _sample_halves(plan, dealt, rng), rng)


def _balanced(plan: Plan, dealt: Mapping[int, Sequence[int]], rng: Generator) -> list[list[int]]:
    """Return one order a reader: where a case stood late so far, it comes early now, class by class if stratified."""
    late = dict.fromkeys(plan.cases, 0.0)
    orders = {reader: list[int]() for reader in plan.readers}
    for _ in range(PASSES):
        for reader in plan.readers:
            for place, case in enumerate(orders[reader]):
                late[case] -= place - (len(orders[reader]) - 1) / 2
            orders[reader] = _late_first(spread(dealt[reader], plan.strata, rng), late, plan.strata)
            for place, case in enumerate(orders[reader]):
                late[case] += place - (len(orders[reader]) - 1) / 2
    return list(orders.values())


def _late_first(order: Sequence[int], late: Mapping[int, float], strata: Mapping[int, str] | None) -> list[int]:
    """Return the order with cases that stand late for the others moved to the front, each place keeping its class."""
    waiting: dict[str, list[int]] = {}
    for case in sorted(order, key=lambda case: late[case]):  # stable: cases read equally late keep the shuffle
        waiting.setdefault(strata[case] if strata else "", []).append(case)
    return [waiting[strata[case] if strata else ""].pop() for case in order]


def _sample_halves(plan: Plan, dealt: Mapping[int, Sequence[int]], rng: Generator) -> dict[int, set[int]]:
    """Return by reader the cases begun with the AI, so that each case begins so for every other of its readers.

    By session all of them or none, as neighbours in a group take turns. By case half of a reader's, so that also half
    of the readers of a case begin it with the AI, but for one.
    """
    if plan.crossover_unit == CrossoverUnit.UNAIDED_FIRST:
        return {reader: set() for reader in plan.readers}
    if plan.crossover_unit == CrossoverUnit.SESSION:
        every = {*plan.cases, *plan.practice}
        return {reader: every if index % 2 else set() for index, reader in enumerate(plan.readers)}
    found = halved(dealt, rng)
    for reader in plan.readers:
        practice = [plan.practice[i] for i in rng.permutation(len(plan.practice))]
        found[reader] |= set(practice[::2])
    return found


def largest_imbalance(orders: Sequence[Sequence[int]]) -> float:
    """Return how far, in places, the mean position of any case over these orders is from the middle of its order."""
    places: dict[int, list[float]] = {}
    for order in orders:
        for place, case in enumerate(order):
            places.setdefault(case, []).append(place - (len(order) - 1) / 2)
    return max(abs(sum(found) / len(found)) for found in places.values())


def _session_orders(plan: Plan, rng: Generator) -> list[list[int]]:
    """Return one order of the study's cases for each reader."""
    count = len(plan.readers)
    if count == 1:
        return [spread(plan.cases, plan.strata, rng)]
    pairs, triple = (count // 2, False) if count % 2 == 0 else (count // 2 - 1, True)
    size = max(2 * pairs, 1)
    blocks = _blocks(plan, size, rng)
    # row s + n/2 of a Williams design with even n is row s backwards, so half the rows serve one reader of each pair
    rows = [row for row in williams(size)[:pairs]] if pairs else []
    orders: list[list[int]] = []
    for row in rows:
        first = [case for block in row for case in spread(blocks[block], plan.strata, rng)]
        orders += [first, first[::-1]]
    if triple:
        orders += _three(spread(plan.cases, plan.strata, rng))
    return orders


def _blocks(plan: Plan, count: int, rng: Generator) -> list[list[int]]:
    """Deal the cases, shuffled, into blocks of sizes that differ by one at most, each class evenly if stratified."""
    shuffled = [plan.cases[i] for i in rng.permutation(len(plan.cases))]
    if plan.strata is not None:
        shuffled.sort(key=lambda case: plan.strata[case] if plan.strata else "")  # stable: shuffled within a class
    blocks = [shuffled[start::count] for start in range(count)]
    return [blocks[i] for i in rng.permutation(count)]


def _three(base: list[int]) -> list[list[int]]:
    """Return three orders in which the positions of every case add up to the same sum, but for one place."""
    count = len(base)
    second = [(count - 1) // 2 - p // 2 if p % 2 == 0 else count - 1 - p // 2 for p in range(count)]
    sums = np.array([p + s for p, s in enumerate(second)])
    third = np.empty(count, int)
    third[np.argsort(-sums, kind="stable")] = np.arange(count)
    return [_placed(base, places) for places in (range(count), second, third.tolist())]


def _placed(base: list[int], places: Sequence[int]) -> list[int]:
    order = [0] * len(base)
    for case, place in zip(base, places, strict=True):
        order[place] = case
    return order


def _with_arms(
    plan: Plan, sessions: list[list[list[int]]], aided_first: Mapping[int, set[int]], rng: Generator
) -> dict[tuple[int, int], tuple[Place, ...]]:
    made: dict[tuple[int, int], tuple[Place, ...]] = {}
    for index, reader in enumerate(plan.readers):
        for number, orders in enumerate(sessions, start=1):
            practice = [plan.practice[i] for i in rng.permutation(len(plan.practice))]
            places = [(case, True) for case in practice] + [(case, False) for case in orders[index]]
            made[reader, number] = tuple(
                Place(case, arm_of(plan, number, aided_first=case in aided_first[reader]), flag)
                for case, flag in places
            )
    return made


def _halves(plan: Plan, rng: Generator) -> dict[int, set[int]]:
    """Return by reader the cases begun with the AI: neighbours in a group begin with different arms.

    In a crossover by case, half of them for the first reader of a pair, the other half for the second.
    """
    every, found = {*plan.cases, *plan.practice}, {}
    for start in range(0, len(plan.readers), 2):
        study, practice = _blocks(plan, 2, rng)[0], [plan.practice[i] for i in rng.permutation(len(plan.practice))]
        by_case = plan.crossover_unit == CrossoverUnit.CASE
        half = {*study, *practice[::2]} if by_case else set[int]()
        rest = set[int]() if plan.crossover_unit == CrossoverUnit.UNAIDED_FIRST else every - half
        for reader, chosen in zip(plan.readers[start : start + 2], (half, rest), strict=False):
            found[reader] = chosen
    return found


def arm_of(plan: Plan, session: int, *, aided_first: bool) -> Arm:
    """Return the arm of a case in a session, from 1; `aided_first` says where a crossover begins with the AI."""
    if plan.design == Design.INDEPENDENT:
        return plan.independent_arm
    if plan.design == Design.SEQUENTIAL:
        return Arm.UNAIDED  # each place is read unaided, then aided, within the session
    return Arm.AIDED if aided_first == (session == 1) else Arm.UNAIDED
