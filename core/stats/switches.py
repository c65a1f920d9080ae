"""What seeing the AI changed: reads that went from right to wrong and back, and how often a reader followed the AI.

Predictions are codes (r, n) (see confusion.py), unaided and aided by the same readers on the same cases; ai (n,) is
what the AI called. Pairs with a missing read are left out.
"""

from dataclasses import dataclass

import numpy as np

from core.stats.confusion import MISSING, Codes
from core.stats.estimate import Estimate, Floats, Ints, StatsError
from core.stats.intervals import proportion
from core.stats.pairs import mcnemar, tango
from core.stats.ratios import ratio_over_cases


@dataclass(frozen=True, slots=True)
class Switches:
    """Switches of one reader or of a group. Shares have the denominators their names say.

    `harmed`: right unaided, wrong aided, of reads right unaided; `helped` the reverse. Only cases in which the AI named
    a class count as advice: nobody follows a failure or an indeterminate result. `automation_bias`: switched to
    the AI's wrong call, of reads right unaided where the AI is wrong. `good_advice`: switched to the AI's right call,
    of reads wrong unaided where the AI is right. `net` is aided minus unaided accuracy.
    """

    name: str
    readers: int
    reads: int
    right_to_wrong: int
    wrong_to_right: int
    wrong_to_other_wrong: int
    harmed: Estimate
    helped: Estimate
    automation_bias: Estimate
    good_advice: Estimate
    net: Estimate
    p_exact: float | None
    p_midp: float | None
    note: str = ""


def switches(
    unaided: Codes,
    aided: Codes,
    truth: Codes,
    ai: Codes | None,
    *,
    readers: tuple[str, ...],
    groups: tuple[str, ...],
    clusters: Ints | None = None,
) -> tuple[tuple[Switches, ...], tuple[Switches, ...]]:
    """Switches of each reader and of each group; unaided and aided (r, n), truth (n,), ai (n,) or None where unknown.

    One reader: Wilson intervals, Tango's for the net change, McNemar's p. A group: reads of one case are not
    independent, so shares are ratios of sums over cases with the variance of a ratio estimator, cases as clusters
    (Cochran 1977, section 6.3); these readers only, and no p-value. With `clusters` (n,), such as patients with several
    cases, the clusters are those, for single readers too. Raises StatsError where shapes differ.
    """
    if unaided.shape != aided.shape or unaided.shape[1:] != truth.shape or len(readers) != len(unaided):
        raise StatsError("Give unaided and aided reads of the same readers and cases.")
    events = _events(unaided, aided, truth, ai)
    single = tuple(
        _reader(name, {k: v[i] for k, v in events.items()})
        if clusters is None
        else _group(name, {k: v[[i]] for k, v in events.items()}, clusters, note="")
        for i, name in enumerate(readers)
    )
    found = []
    for group in dict.fromkeys(groups):
        inside = np.array([g == group for g in groups])
        found.append(_group(group, {k: v[inside] for k, v in events.items()}, clusters))
    return single, tuple(found)


def _events(unaided: Codes, aided: Codes, truth: Codes, ai: Codes | None) -> dict[str, Floats]:
    both = (unaided != MISSING) & (aided != MISSING)
    before, after = (unaided == truth) & both, (aided == truth) & both
    none = np.zeros_like(both)
    known = none if ai is None else both & (ai >= 0)[None, :]  # a failure or indeterminate result is no advice
    ai_wrong = known & (ai != truth)[None, :] if ai is not None else none
    ai_right = known & (ai == truth)[None, :] if ai is not None else none
    followed = (aided == ai[None, :]) & both if ai is not None else none
    changed = both & ~before & ~after & (unaided != aided)
    found = {
        "both": both, "before": before, "unright": both & ~before, "down": before & ~after,
        "up": both & ~before & after, "other": changed, "bias_of": before & ai_wrong,
        "bias": before & ai_wrong & followed, "advice_of": both & ~before & ai_right,
        "advice": both & ~before & ai_right & followed,
    }  # fmt: skip
    return {name: value.astype(np.float64) for name, value in found.items()}


SHARES = {
    "harmed": ("down", "before", "reads right unaided"),
    "helped": ("up", "unright", "reads wrong unaided"),
    "automation_bias": ("bias", "bias_of", "reads right unaided where the AI is wrong"),
    "good_advice": ("advice", "advice_of", "reads wrong unaided where the AI is right"),
}


def _reader(name: str, events: dict[str, Floats]) -> Switches:
    total = {key: int(value.sum()) for key, value in events.items()}
    n, down, up = total["both"], total["down"], total["up"]
    exact, midp = mcnemar(up, down) if n else (None, None)
    net = (
        Estimate((up - down) / n, None, tango(up, down, n), n, "Tango")
        if n
        else Estimate(None, n=0, method="Tango", reason="no case was read in both arms")
    )
    shares = {key: proportion(total[part], total[whole], what=what) for key, (part, whole, what) in SHARES.items()}
    return Switches(
        name,
        1,
        n,
        down,
        up,
        total["other"],
        shares["harmed"],
        shares["helped"],
        shares["automation_bias"],
        shares["good_advice"],
        net,
        exact,
        midp,
    )


def _group(
    name: str, events: dict[str, Floats], clusters: Ints | None, *, note: str = "these readers only"
) -> Switches:
    total = {key: int(value.sum()) for key, value in events.items()}
    shares = {
        key: ratio_over_cases(events[part], events[whole], what=what, clusters=clusters)
        for key, (part, whole, what) in SHARES.items()
    }
    net = ratio_over_cases(events["up"] - events["down"], events["both"], what="reads in both arms", low=-1.0,
                           clusters=clusters)  # fmt: skip
    return Switches(
        name, len(events["both"]), total["both"], total["down"], total["up"], total["other"],
        shares["harmed"], shares["helped"], shares["automation_bias"], shares["good_advice"], net, None, None,
        note=note,
    )  # fmt: skip
