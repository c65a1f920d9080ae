"""The order of a reader who joins an open study: what balances best with the orders of those who are reading.

The orders that stand are never touched. Every case goes to the place where the mean over the readers comes nearest to
the middle: a case the others read late comes early. Where the others are balanced this leaves a free shuffle; where
one reader has no partner it comes to the reverse of that reader's order, as in `core.study.orders`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from numpy.random import Generator, default_rng

from core.errors import InvalidInput
from core.study.allocation import Allocation, spread
from core.study.orders import Place, Plan, arm_of
from core.study.words import Allocate, Arm, CrossoverUnit, Design

TRIES = 200  # exchanges of neighbours until the order is nobody else's


@dataclass(frozen=True, slots=True)
class Standing:
    """A reader who is in the study: the stored orders by session, and whether they are in the joining one's group."""

    orders: tuple[tuple[Place, ...], ...]
    same_group: bool


def joining_orders(
    plan: Plan, standing: Sequence[Standing], taken: Collection[tuple[int, ...]], *, seed: int
) -> list[tuple[Place, ...]]:
    """Return the order of the joining reader for each session, the same for the same arguments.

    `taken` holds every stored order as case ids, practice left out; raises InvalidInput when no other order is left.
    """
    rng = default_rng(seed)
    plan = replace(plan, cases=_cases(plan, standing, rng), allocation=Allocation())
    sessions = plan.design.sessions
    used = set(taken)
    orders: list[list[int]] = []
    for number in range(sessions):
        orders.append(_session_order(plan, [reader.orders[number] for reader in standing], used, rng))
        used.add(tuple(orders[-1]))
    aided_first = _aided_first(plan, standing, rng)
    made = []
    for number, order in enumerate(orders):
        practice = [plan.practice[i] for i in rng.permutation(len(plan.practice))]
        places = [(case, True) for case in practice] + [(case, False) for case in order]
        made.append(
            tuple(Place(case, arm_of(plan, number + 1, aided_first=case in aided_first), flag) for case, flag in places)
        )
    return made


def _cases(plan: Plan, standing: Sequence[Standing], rng: Generator) -> tuple[int, ...]:
    """Return the cases of the joining reader: all, those read by the fewest, or the block with the fewest readers."""
    if plan.allocation.crossed:
        return plan.cases
    read = [frozenset(place.case_id for place in reader.orders[0] if not place.practice) for reader in standing]
    often = {case: sum(case in cases for cases in read) for case in plan.cases}
    if plan.allocation.kind == Allocate.SPLIT_PLOT:
        blocks = sorted({tuple(sorted(cases)) for cases in read})
        nobody = tuple(case for case in plan.cases if not often[case])  # of blocks whose readers have all withdrawn
        return nobody or min(blocks, key=lambda block: often[block[0]])
    quotas = plan.allocation.quotas if plan.allocation.controlled else {None: plan.allocation.cases_per_reader}
    chosen: list[int] = []
    for code, count in quotas.items():
        fitting = [case for case in plan.cases if code is None or plan.truths.get(case) == code]
        chosen += sorted(spread(fitting, None, rng), key=lambda case: often[case])[:count]
    return tuple(chosen)


def _session_order(
    plan: Plan, others: Sequence[Sequence[Place]], used: Collection[tuple[int, ...]], rng: Generator
) -> list[int]:
    late = dict.fromkeys(plan.cases, 0.0)
    for order in others:
        read = [place.case_id for place in order if not place.practice]
        for position, case in enumerate(read):
            if case in late:
                late[case] += position - (len(read) - 1) / 2
    made = spread(plan.cases, plan.strata, rng)
    made.sort(key=lambda case: -late[case])  # stable: among cases read equally late the shuffle stands
    for _ in range(TRIES):
        if tuple(made) not in used:
            return made
        if len(made) < 2:
            break
        first = int(rng.integers(len(made) - 1))
        made[first], made[first + 1] = made[first + 1], made[first]
    raise InvalidInput("There are too few cases for an order that nobody else has; nobody can join.")


def _aided_first(plan: Plan, standing: Sequence[Standing], rng: Generator) -> set[int]:
    """Return the cases that the joining reader of a crossover reads with the AI in the first session."""
    if plan.design != Design.CROSSOVER or plan.crossover_unit == CrossoverUnit.UNAIDED_FIRST:
        return set()
    every = {*plan.cases, *plan.practice}
    if plan.crossover_unit == CrossoverUnit.SESSION:
        begin = [_begins_aided(reader) for reader in standing if reader.same_group] or [
            _begins_aided(reader) for reader in standing
        ]
        lead = 2 * sum(begin) - len(begin)
        return every if lead < 0 or (lead == 0 and rng.random() < 0.5) else set()
    first = [{place.case_id for place in reader.orders[0] if place.arm == Arm.AIDED} for reader in standing]
    order = spread(plan.cases, plan.strata, rng)
    order.sort(key=lambda case: sum(case in aided for aided in first))  # stable
    practice = [plan.practice[i] for i in rng.permutation(len(plan.practice))]
    return {*order[: len(order) // 2], *practice[::2]}


def _begins_aided(standing: Standing) -> bool:
    return any(place.arm == Arm.AIDED for place in standing.orders[0])
