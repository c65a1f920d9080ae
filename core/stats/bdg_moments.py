"""Sums over pairs of a positive and a negative case, and success moments of two treatments (Gallas & Brown 2008)."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.stats.estimate import Bools, Floats

Estimator = Literal["ustat", "mle", "centred"]
ESTIMATORS: tuple[Estimator, ...] = ("ustat", "mle", "centred")
SHARES = {"negative": (0, 2, 4, 6), "positive": (0, 1, 4, 5), "reader": (0, 1, 2, 3)}
BLOCK = 4_000_000  # pairs of cases held at once: sums of products of scores stay below 2^24 in quarters
LEVELS = {"negative": 6, "positive": 5, "reader": 3}  # the moment that shares only this


@dataclass(frozen=True, slots=True)
class Moments:
    """The eight success moments of a pair of treatments (Gallas & Brown 2008).

    `unbiased` and `repeated` (8,) are means of products over classes, `share` (8,) what each class is of all products:
    same reader with same pair, same positive, same negative, neither; then the same four for two different readers.
    """

    unbiased: Floats
    repeated: Floats
    share: Floats

    def covariance(self, estimator: Estimator) -> float:
        """Covariance of the two areas; NaN where too few cases of a kind leave no independent products.

        The product of the expectations is the moment that shares nothing; with one reader only that of other cases.
        """
        means = self.repeated if estimator == "mle" else self.unbiased
        apart = 7 if self.share[4:].any() else 3
        return float(self.share @ means - means[apart]) if self.share[apart] > 0 else math.nan

    def part(self, what: str) -> float:
        """Component of readers, positive or negative cases, from the moments with repetition."""
        return float(self.repeated[LEVELS[what]] - self.repeated[7]) if self.of(what) > 0 else 0.0

    def of(self, what: str) -> float:
        """Share of the products that share a reader, a positive or a negative case."""
        return float(self.share[list(SHARES[what])].sum())


@dataclass(frozen=True, slots=True)
class PairSums:
    """Sums of scores of pairs (1, 1/2 for a tie, 0): over negatives `rows` (t, r, n1), over positives `columns` (t, r,
    n0), over readers `over` (t, n1, n0); `same` (t, t, r) of products of two treatments, `beside` (t, t, r) of the
    scores of one where the other was read too; what was read, `read1` (t, r, n1) and `read0` (t, r, n0); how many
    readers read a pair, `number` (t, n1, n0).
    """

    rows: Floats
    columns: Floats
    over: Floats
    same: Floats
    beside: Floats
    read1: Floats
    read0: Floats
    number: Floats


def pair_sums(ratings: Floats, truth: Bools) -> PairSums:
    """Sums over the pairs of ratings (t, r, n), truth (n,): exact whole numbers of quarters, reader by reader."""
    t, r, _ = ratings.shape
    x, y = ratings[:, :, truth], ratings[:, :, ~truth]
    n1, n0 = x.shape[2], y.shape[2]
    read1, read0 = (~np.isnan(x)).astype(np.float32), (~np.isnan(y)).astype(np.float32)
    over = np.zeros((t, n1, n0))
    rows, columns = np.zeros((t, r, n1)), np.zeros((t, r, n0))
    same, beside = np.zeros((t, t, r)), np.zeros((t, t, r))
    step = max(1, BLOCK // max(n0, 1))
    ones0 = np.ones(n0, np.float32)
    for start in range(0, n1, step):
        part = slice(start, start + step)
        count = np.zeros((t, min(step, n1 - start), n0), np.int32)
        ones1 = np.ones(count.shape[1], np.float32)
        for j in range(r):
            scores = []
            for i in range(t):
                above = np.greater(x[i, j, part, None], y[i, j, None, :]).view(np.int8)
                above += np.greater_equal(x[i, j, part, None], y[i, j, None, :]).view(np.int8)  # 0, 1 (tie) or 2
                count[i] += above
                flat = above.astype(np.float32)  # whole numbers below 2^24: the sums of a block are exact
                rows[i, j, part] = flat @ ones0 / 2
                columns[i, j] += ones1 @ flat / 2
                scores.append(flat)
                for k in range(t):
                    beside[i, k, j] += float(read1[k, j, part] @ (flat @ read0[k, j])) / 2
            for i in range(t):
                for k in range(i, t):
                    same[i, k, j] += float(scores[i].ravel() @ scores[k].ravel()) / 4
                    same[k, i, j] = same[i, k, j]
        over[:, part] = count / 2
    return PairSums(rows, columns, over, same, beside, read1.astype(np.float64), read0.astype(np.float64),
                    (read1.transpose(0, 2, 1) @ read0).astype(np.float64))  # fmt: skip


def moments(sums: PairSums, i: int, k: int, who: list[int], centre: Floats) -> Moments:
    """Moments of treatments i and k over the readers `who` (all, or one), scores less the centre (t,)."""
    read1, read0 = sums.read1[:, who], sums.read0[:, who]
    pairs = {a: (read1[a] * read0[a].sum(axis=1, keepdims=True), read0[a] * read1[a].sum(axis=1, keepdims=True))
             for a in (i, k)}  # fmt: skip
    scores = {a: (sums.rows[a, who], sums.columns[a, who]) for a in (i, k)}
    both = float(((read1[i] * read1[k]).sum(axis=1) * (read0[i] * read0[k]).sum(axis=1)).sum())

    def products(first: str, second: str) -> Floats:
        """Sums of products (8,) of scores ("s") or of having been read ("m") of i and k."""
        same = {"ss": float(sums.same[i, k, who].sum()), "sm": float(sums.beside[i, k, who].sum()),
                "ms": float(sums.beside[k, i, who].sum()), "mm": both}[first + second]  # fmt: skip
        a = scores[i] if first == "s" else pairs[i]
        b = scores[k] if second == "s" else pairs[k]
        left = sums.over[i] if first == "s" else sums.number[i]
        right = sums.over[k] if second == "s" else sums.number[k]
        return _sums(same, (a[0], b[0]), (a[1], b[1]), same if len(who) == 1 else float(np.vdot(left, right)))

    total, counted = products("s", "s"), products("m", "m")
    if centre.any():
        total = total - centre[k] * products("s", "m") - centre[i] * products("m", "s")
        total += centre[i] * centre[k] * counted
    found, counts = _classes(total), _classes(counted)
    some, ever = counts > 0.5, counted > 0.5
    unbiased = np.where(some, found / np.where(some, counts, 1.0), 0.0)
    repeated = np.where(ever, total / np.where(ever, counted, 1.0), 0.0)
    return Moments(unbiased, repeated, counts / counted[7])


def _sums(
    same_pair: float, rows: tuple[Floats, Floats], columns: tuple[Floats, Floats], pair_any_reader: float
) -> Floats:
    """Sums of products (8,) in the order of Moments, "another" widened to "any".

    `rows` (r, n1) of two treatments are sums over negatives, `columns` (r, n0) over positives.
    """
    a, b = rows
    c, d = columns
    total = a.sum(axis=1), b.sum(axis=1)
    return np.array([
        same_pair, float(np.vdot(a, b)), float(np.vdot(c, d)), float(total[0] @ total[1]), pair_any_reader,
        float(a.sum(axis=0) @ b.sum(axis=0)), float(c.sum(axis=0) @ d.sum(axis=0)),
        float(total[0].sum() * total[1].sum()),
    ])  # fmt: skip


def _classes(s: Floats) -> Floats:
    """Sums over the eight classes themselves, from those with "any"."""
    own = np.array([s[0], s[1] - s[0], s[2] - s[0], s[3] - s[1] - s[2] + s[0]])
    every = np.array([s[4], s[5] - s[4], s[6] - s[4], s[7] - s[5] - s[6] + s[4]])
    return np.concatenate([own, every - own])
