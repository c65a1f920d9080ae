"""Which cases each reader reads: all of them, a sample each, or one block of a split-plot design.

Samples are dealt from the cases in a random order, again and again, each round in a new order: at any moment no case
was dealt twice more often than another, so reads per case are balanced to within one. A round spreads the diagnoses
evenly, so a sample has about the mix of the study; with quotas it has exactly the mix that was asked for.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from numpy.random import Generator
from pydantic import ConfigDict

from core.errors import InvalidInput
from core.study.questions.question import NOTHING_ELSE
from core.study.words import Allocate


@dataclass(frozen=True, slots=True)
class Allocation:
    """The part of a protocol that says who reads which cases.

    `cases_per_reader` is of a sample without quotas; `quotas` gives the cases of each class, by code, in every reader's
    sample, so that the prevalence is controlled. `blocks` are those of a split-plot design.
    """

    __pydantic_config__: ClassVar[ConfigDict] = NOTHING_ELSE

    kind: Allocate = Allocate.ALL
    cases_per_reader: int = 20
    blocks: int = 2
    quotas: dict[str, int] = field(default_factory=dict)

    @property
    def crossed(self) -> bool:
        """Whether every reader reads every case."""
        return self.kind == Allocate.ALL

    @property
    def controlled(self) -> bool:
        """Whether samples have a prevalence of their own."""
        return self.kind == Allocate.SAMPLE and any(self.quotas.values())

    @property
    def sample_size(self) -> int:
        """Cases in each reader's sample."""
        return sum(self.quotas.values()) if self.controlled else self.cases_per_reader


def allocation_problems(allocation: Allocation) -> tuple[str, ...]:
    """Return a sentence for every number that no study could have; whether it fits the study, `shares` says."""
    found = []
    if allocation.kind == Allocate.SAMPLE and allocation.sample_size < 1:
        found.append("Each reader reads one case or more; give the number of cases each.")
    if allocation.kind == Allocate.SAMPLE and any(count < 0 for count in allocation.quotas.values()):
        found.append("A quota of cases is 0 or more.")
    if allocation.kind == Allocate.SPLIT_PLOT and not 2 <= allocation.blocks <= 100:
        found.append("A split-plot design has 2 to 100 blocks.")
    return tuple(found)


def shares(
    readers: Sequence[int],
    cases: Sequence[int],
    allocation: Allocation,
    truths: Mapping[int, str],
    rng: Generator,
) -> dict[int, tuple[int, ...]]:
    """Return the cases of each reader, the same for the same arguments; `truths` maps cases to classes.

    Reads per case differ by one at most (with quotas: within a class). Raises InvalidInput where readers and cases do
    not allow it.
    """
    if allocation.crossed:
        return {reader: tuple(cases) for reader in readers}
    if problems := allocation_problems(allocation):
        raise InvalidInput(problems[0])
    if allocation.kind == Allocate.SPLIT_PLOT:
        return _split(readers, cases, allocation.blocks, truths, rng)
    if not allocation.controlled:
        _must_reach(allocation.cases_per_reader, len(cases), "cases")
        return _dealt(readers, cases, allocation.cases_per_reader, truths, rng)
    every = {reader: list[int]() for reader in readers}
    for code, count in allocation.quotas.items():
        of_class = [case for case in cases if truths.get(case) == code]
        _must_reach(count, len(of_class), f"cases of the class {code}")
        for reader, dealt in _dealt(readers, of_class, count, {}, rng).items():
            every[reader] += dealt
    return {reader: tuple(dealt) for reader, dealt in every.items()}


def halved(dealt: Mapping[int, Sequence[int]], rng: Generator) -> dict[int, set[int]]:
    """Return half of the cases of each reader, so that they are half of the readers of each case too, but for one.

    The reads of a reader are paired, and those of a case: of each pair one is taken. Every read is in a pair of either
    kind at most, so the pairs form paths and circles of even length along which taking alternates.
    """
    reads = [(reader, case) for reader, cases in dealt.items() for case in cases]
    partner: dict[int, list[int]] = {place: [] for place in range(len(reads))}
    for side in (0, 1):
        waiting: dict[int, int] = {}
        for place in rng.permutation(len(reads)).tolist():
            other = waiting.pop(reads[place][side], None)
            if other is None:
                waiting[reads[place][side]] = place
            else:
                partner[place].append(other)
                partner[other].append(place)
    taken: dict[int, bool] = {}
    for start in sorted(partner, key=lambda place: len(partner[place])):  # the ends of paths first
        path = [] if start in taken else [(start, bool(rng.integers(2)))]
        while path:
            place, value = path.pop()
            if place not in taken:
                taken[place] = value
                path += [(other, not value) for other in partner[place]]
    found = {reader: set[int]() for reader in dealt}
    for place, (reader, case) in enumerate(reads):
        if taken[place]:
            found[reader].add(case)
    return found


def reads_per_case(dealt: Mapping[int, Sequence[int]], cases: Sequence[int]) -> dict[int, int]:
    """Return how many readers each case was given to."""
    counted = Counter(case for of_reader in dealt.values() for case in of_reader)
    return {case: counted[case] for case in cases}


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


def _dealt(
    readers: Sequence[int], cases: Sequence[int], each: int, truths: Mapping[int, str], rng: Generator
) -> dict[int, tuple[int, ...]]:
    """Deal `each` cases to every reader, round after round over all cases.

    Every other reader comes first, then those between: in a crossover they begin with different arms, and so each case
    is begun in both arms about equally often.
    """
    strata = {case: truths.get(case, "") for case in cases}
    dealt: dict[int, tuple[int, ...]] = {}
    round_: list[int] = []
    for reader in (*readers[::2], *readers[1::2]):
        hand = round_[:each]
        round_ = round_[len(hand) :]
        if len(hand) < each:  # the next round begins within this reader's hand, without the cases that are in it
            new = spread(cases, strata, rng)
            fresh = [case for case in new if case not in hand][: each - len(hand)]
            hand, taken = [*hand, *fresh], set(fresh)
            round_ = [case for case in new if case not in taken]
        dealt[reader] = tuple(hand)
    return dealt


def _split(
    readers: Sequence[int], cases: Sequence[int], blocks: int, truths: Mapping[int, str], rng: Generator
) -> dict[int, tuple[int, ...]]:
    """Deal readers and cases into blocks: groups of readers, in order, and classes of cases evenly over them."""
    if len(readers) < blocks or len(cases) < 2 * blocks:
        raise InvalidInput(
            f"{blocks} blocks need {blocks} readers and {2 * blocks} cases or more; there are {len(readers)} and "
            f"{len(cases)}."
        )
    ordered = spread(cases, None, rng)
    ordered.sort(key=lambda case: truths.get(case, ""))  # stable: shuffled within a class
    of_block = [tuple(ordered[start::blocks]) for start in rng.permutation(blocks)]
    return {reader: of_block[place % blocks] for place, reader in enumerate(readers)}


def _must_reach(each: int, there: int, what: str) -> None:
    if each > there:
        raise InvalidInput(f"Each reader is to read {each} {what}, but the study has {there}; lower it, or add cases.")
