"""Reading orders: who reads which case at which place, in which arm. Made once; the caller stores them.

Readers are taken in pairs, and the second of a pair reads in exactly the reverse order of the first, so that over a
pair every case has the same mean position. Between pairs the cases move in blocks along a Williams design, so that
with an even number of readers every case is read once in every part of the session. A last odd reader joins a pair
to three orders whose positions add up to the same sum for every case, but for half a place.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator, default_rng

from core.errors import InvalidInput
from core.study.words import Arm, CrossoverUnit, Design

SEEDS = 2**31  # seeds lie below; the column is a signed 32-bit integer
TRIES = 200  # draws until no two orders are the same; only tiny studies need more than one


@dataclass(frozen=True, slots=True)
class Place:
    """One place in an order; practice cases come first."""

    case_id: int
    arm: Arm
    practice: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What orders are made from. `readers` stand group by group; `strata` maps cases to classes, empty for none."""

    readers: tuple[int, ...]
    cases: tuple[int, ...]
    practice: tuple[int, ...]
    design: Design
    independent_arm: Arm = Arm.UNAIDED
    crossover_unit: CrossoverUnit = CrossoverUnit.SESSION
    strata: Mapping[int, str] | None = None


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
    sessions = plan.design.sessions
    if len(plan.cases) < 20 and math.factorial(len(plan.cases)) < len(plan.readers) * sessions:
        raise InvalidInput(
            f"{len(plan.cases)} cases allow too few different orders for {len(plan.readers)} readers "
            f"and {sessions} session(s); add cases."
        )
    rng = default_rng(seed)
    for _ in range(TRIES):
        made = [_session_orders(plan, rng) for _ in range(sessions)]
        every = [tuple(order) for session in made for order in session]
        if len(set(every)) == len(every):
            return _with_arms(plan, made, rng)
    raise InvalidInput("No orders could be found in which nobody shares one; add cases.")


def largest_imbalance(orders: Sequence[Sequence[int]]) -> float:
    """Return how far, in places, the mean position of any case over these orders is from the middle."""
    places: dict[int, list[int]] = {}
    for order in orders:
        for place, case in enumerate(order):
            places.setdefault(case, []).append(place)
    middle = (len(orders[0]) - 1) / 2
    return max(abs(sum(found) / len(found) - middle) for found in places.values())


def spread(cases: Sequence[int], strata: Mapping[int, str] | None, rng: Generator) -> list[int]:
    """Return the cases in a random order; with strata, every class evenly over it, so that no class comes in a run.

    The j-th of m cases of a class falls somewhere into the j-th of m equal parts of the order.
    """
    shuffled = [cases[i] for i in rng.permutation(len(cases))]
    if strata is None:
        return shuffled
    total = Counter(strata[case] for case in shuffled)
    seen: Counter[str] = Counter()
    at: dict[int, float] = {}
    for case in shuffled:
        name = strata[case]
        at[case] = (seen[name] + rng.random()) / total[name]
        seen[name] += 1
    return sorted(shuffled, key=lambda case: at[case])


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


def _with_arms(plan: Plan, sessions: list[list[list[int]]], rng: Generator) -> dict[tuple[int, int], tuple[Place, ...]]:
    made: dict[tuple[int, int], tuple[Place, ...]] = {}
    halves = _halves(plan, rng)
    for index, reader in enumerate(plan.readers):
        for number, orders in enumerate(sessions, start=1):
            practice = [plan.practice[i] for i in rng.permutation(len(plan.practice))]
            made[reader, number] = (
                *(Place(case, _arm(plan, index, number, case, halves), True) for case in practice),
                *(Place(case, _arm(plan, index, number, case, halves), False) for case in orders[index]),
            )
    return made


def _halves(plan: Plan, rng: Generator) -> list[set[int]]:
    """Return, for each pair of readers, the half of the cases that its first reader begins with the AI."""
    halves = []
    for _ in range((len(plan.readers) + 1) // 2):
        study, practice = _blocks(plan, 2, rng)[0], [plan.practice[i] for i in rng.permutation(len(plan.practice))]
        halves.append({*study, *practice[::2]})
    return halves


def _arm(plan: Plan, index: int, session: int, case: int, halves: list[set[int]]) -> Arm:
    if plan.design == Design.INDEPENDENT:
        return plan.independent_arm
    if plan.design == Design.SEQUENTIAL:
        return Arm.UNAIDED  # each place is read unaided, then aided, within the session
    arms = (Arm.UNAIDED, Arm.AIDED)
    row = williams(2)[index % 2]  # neighbours in a group begin with different arms
    swap = plan.crossover_unit == CrossoverUnit.CASE and case in halves[index // 2]
    return arms[row[(session - 1) ^ int(swap)]]
