"""What it means that readers read some of the cases each, in sentences: reads per case, and what it costs in power."""

from collections import Counter
from dataclasses import dataclass

from numpy.random import default_rng

from core.errors import InvalidInput
from core.stats.components import CORRELATIONS, of_proportions
from core.stats.estimate import StatsError
from core.stats.incomplete_planning import power_of_shares
from core.study.allocation import Allocation, reads_per_case, shares
from core.study.orders import Plan
from core.study.words import Allocate

BEFORE, AFTER = 0.75, 0.80  # shares of right reads that the sentence on power assumes, in the two arms
READER_SD = 0.05  # of the true difference over readers


@dataclass(frozen=True, slots=True)
class Shares:
    """How the cases are shared out: cases a reader, readers a case (least and most), cases that nobody reads.

    `shared` is the mean number of cases that two readers both read.
    """

    readers: int
    cases: int
    each: int
    least: int
    most: int
    unread: int
    shared: float


def shares_of(plan: Plan) -> Shares:
    """Return how a plan shares its cases out; raises InvalidInput where it cannot, or has no readers or cases."""
    if not plan.readers or not plan.cases:
        raise InvalidInput("Add cases and readers: then it is said here how often each case is read.")
    dealt = shares(plan.readers, plan.cases, plan.allocation, plan.truths, default_rng(0))
    counts = [count for count in reads_per_case(dealt, plan.cases).values()]
    read = [count for count in counts if count] if plan.allocation.controlled else counts
    pairs = len(plan.readers) * (len(plan.readers) - 1)
    return Shares(
        readers=len(plan.readers),
        cases=len(plan.cases),
        each=max(len(cases) for cases in dealt.values()),
        least=min(read),
        most=max(read),
        unread=counts.count(0),
        shared=sum(count * (count - 1) for count in counts) / pairs if pairs else 0.0,
    )


def allocated(chosen: Allocation) -> str:
    """Return which cases a reader reads, as the protocol says it."""
    if chosen.kind == Allocate.SPLIT_PLOT:
        return f"split-plot: {chosen.blocks} blocks of cases are read by as many blocks of readers"
    if chosen.kind == Allocate.ALL:
        return "every reader reads every case"
    mix = ", ".join(f"{count} {code}" for code, count in chosen.quotas.items() if count)
    return f"each reader reads a sample of {chosen.sample_size} cases" + (f": {mix}" if chosen.controlled else "")


def in_words(plan: Plan) -> str:
    """Return how many cases a reader reads and how many readers read a case; raises InvalidInput as `shares_of`."""
    found = shares_of(plan)
    often = f"{found.least} reader{'s' * (found.least != 1)}"
    if found.least != found.most:
        often = f"{found.least} to {found.most} readers"
    which = f"{found.each} of {found.cases} cases"
    if plan.allocation.kind == Allocate.SPLIT_PLOT:
        text = f"{plan.allocation.blocks} blocks: each reader reads about {which}, each case has {often}."
    else:
        text = f"Each reader reads {which}, each case has {often}."
    if plan.allocation.controlled:
        wanted = Counter(plan.allocation.quotas)
        mix = ", ".join(f"{count} {code}" for code, count in wanted.items() if count)
        text += f" Every sample holds {mix}; within a diagnosis, reads per case differ by one at most."
    if found.unread:
        text += f" {found.unread} cases are read by nobody."
    return text


def power_in_words(plan: Plan) -> str:
    """Return what the plan costs in power against every reader reading every case, with what that assumes.

    Raises InvalidInput as `shares_of` does, and where there are too few readers to say it.
    """
    found = shares_of(plan)
    inputs = of_proportions(BEFORE, AFTER, cases=found.cases, correlations=CORRELATIONS, reader_sd=READER_SD)
    try:
        whole = power_of_shares(
            inputs, effect=AFTER - BEFORE, readers=found.readers, reads=found.cases, shared=found.cases
        )
        part = power_of_shares(
            inputs, effect=AFTER - BEFORE, readers=found.readers, reads=found.each, shared=min(found.shared, found.each)
        )
    except StatsError as error:
        raise InvalidInput(str(error)) from None
    return (
        f"Power: the standard error of a difference between arms is {part.se / whole.se:.1f} times that of every "
        f"reader reading every case, for {found.each} instead of {found.cases} reads each; the power to show a "
        f"rise of right reads from {100 * BEFORE:.0f} to {100 * AFTER:.0f} % is {100 * part.power:.0f} % instead of "
        f"{100 * whole.power:.0f} % (assumed: true gains vary over readers with a standard deviation of "
        f"{100 * READER_SD:.0f} points, errors correlate as Rockette et al. 1999 found)."
    )
