"""What seeing the AI changed: reads that went from right to wrong and back, and how often a reader followed the AI.

Predictions are codes (r, n) (see confusion.py), unaided and aided by the same readers on the same cases; ai (n,) is
what the AI called. Pairs with a missing read are left out.
"""

import math
from dataclasses import dataclass

import numpy as np

from core.stats.confusion import MISSING, Codes
from core.stats.estimate import NO_INFORMATION, Estimate, Floats, StatsError, within
from core.stats.intervals import proportion
from core.stats.obuchowski_rockette import two_sided
from core.stats.pairs import mcnemar, tango
from core.stats.small_samples import METHOD, effective_wilson


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
    unaided: Codes, aided: Codes, truth: Codes, ai: Codes | None, *, readers: tuple[str, ...], groups: tuple[str, ...]
) -> tuple[tuple[Switches, ...], tuple[Switches, ...]]:
    """Switches of each reader and of each group; unaided and aided (r, n), truth (n,), ai (n,) or None where unknown.

    One reader: Wilson intervals, Tango's for the net change, McNemar's p. A group: reads of one case are not
    independent, so shares are ratios of sums over cases with the variance of a ratio estimator, cases as clusters
    (Cochran 1977, section 6.3); these readers only, and no p-value. Raises StatsError where shapes differ.
    """
    if unaided.shape != aided.shape or unaided.shape[1:] != truth.shape or len(readers) != len(unaided):
        raise StatsError("Give unaided and aided reads of the same readers and cases.")
    events = _events(unaided, aided, truth, ai)
    single = tuple(_reader(name, {k: v[i] for k, v in events.items()}) for i, name in enumerate(readers))
    found = []
    for group in dict.fromkeys(groups):
        inside = np.array([g == group for g in groups])
        found.append(_group(group, {k: v[inside] for k, v in events.items()}))
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


def _group(name: str, events: dict[str, Floats]) -> Switches:
    total = {key: int(value.sum()) for key, value in events.items()}
    shares = {
        key: ratio_over_cases(events[part], events[whole], what=what) for key, (part, whole, what) in SHARES.items()
    }
    net = ratio_over_cases(events["up"] - events["down"], events["both"], what="reads in both arms", low=-1.0)
    return Switches(
        name, len(events["both"]), total["both"], total["down"], total["up"], total["other"],
        shares["harmed"], shares["helped"], shares["automation_bias"], shares["good_advice"], net, None, None,
        note="these readers only",
    )  # fmt: skip


def ratio_over_cases(part: Floats, whole: Floats, *, what: str, low: float = 0.0) -> Estimate:
    """Ratio of sums of part and whole (r, n) with cases as clusters: variance n/(n-1) sum (y - R m)^2 / (sum m)^2.

    Cochran 1977, section 6.3. A share has Wilson's interval at its effective number of reads, a change (`low` -1) that
    of Student's t, both with one df less than cases.
    """
    y, m = part.sum(axis=0), whole.sum(axis=0)
    n = int(m.sum())
    if not n:
        return Estimate(None, n=0, method="ratio over cases", reason=f"no {what}")
    ratio, variance, k = (float(x[0]) for x in cluster_ratio(y[None, :], m[None, :]))
    method = f"ratio over {k:.0f} cases as clusters"
    if k < 2:
        return Estimate(ratio, None, None, n, method, "only one case counts: there is no interval")
    se = math.sqrt(variance) if variance > 1e-15 else None
    if low == 0.0:
        ends = effective_wilson(np.array(ratio), np.array(variance), np.array(k - 1), least=k, most=float(n))
        return Estimate(ratio, se, (float(ends[0]), float(ends[1])), n, f"{method}, {METHOD}")
    if se is None:
        return Estimate(ratio, None, None, n, method, "the change is the same in every case: there is no interval")
    ci, _ = within(two_sided(ratio, se, k - 1)[0], (low, 1.0))
    return Estimate(ratio, se, ci, n, f"{method}, t", None if ci else NO_INFORMATION)


def cluster_ratio(y: Floats, m: Floats) -> tuple[Floats, Floats, Floats]:
    """Ratios sum y / sum m of (b, n), their variances over cases as clusters, and how many cases count (b,)."""
    total, used = m.sum(axis=1), m > 0
    ratio = y.sum(axis=1) / np.maximum(total, 1e-300)
    k = used.sum(axis=1).astype(np.float64)
    spread = np.where(used, (y - ratio[:, None] * m) ** 2, 0.0).sum(axis=1)
    return ratio, np.where(k > 1, k / np.maximum(k - 1, 1.0), 0.0) * spread / np.maximum(total, 1e-300) ** 2, k
