"""FROC and LROC figures by their definitions, in plain loops over dictionaries: a second opinion for the tests."""

from collections.abc import Callable
from itertools import pairwise, product

Mark = tuple[str, int, float]  # kind, lesion, rating
Cell = dict[str, list[Mark]]  # marks of one reader in one treatment, by case
Lesions = dict[str, dict[int, float]]  # weights of the lesions by case; none for a non-diseased case
NONE = float("-inf")


def psi(x: float, y: float) -> float:
    return 1.0 if x > y else 0.5 if x == y else 0.0


def hit(cell: Cell, case: str, lesion: int) -> float:
    return max((z for kind, n, z in cell[case] if kind == "lesion" and n == lesion), default=NONE)


def hits(cell: Cell, lesions: Lesions, case: str) -> list[float]:
    return [z for z in (hit(cell, case, n) for n in lesions[case]) if z > NONE]


def false(cell: Cell, case: str) -> list[float]:
    return [z for kind, _, z in cell[case] if kind == "nonlesion"]


def fp(cell: Cell, case: str) -> float:
    return max(false(cell, case), default=NONE)


def highest(cell: Cell, case: str) -> float:
    return max((z for _, _, z in cell[case]), default=NONE)


def split(lesions: Lesions) -> tuple[list[str], list[str]]:
    return [c for c in lesions if not lesions[c]], [c for c in lesions if lesions[c]]


def wafroc(cell: Cell, lesions: Lesions, *, weighted: bool = True, all_cases: bool = False) -> float:
    sound, sick = split(lesions)
    pool = list(lesions) if all_cases else sound
    total = sum(
        (w if weighted else 1.0) * psi(hit(cell, b, n), fp(cell, a))
        for a, b in product(pool, sick)
        for n, w in lesions[b].items()
    )
    return total / (len(pool) * (len(sick) if weighted else sum(len(lesions[c]) for c in sick)))


def hrauc(cell: Cell, lesions: Lesions) -> float:
    sound, sick = split(lesions)
    return sum(psi(highest(cell, b), highest(cell, a)) for a, b in product(sound, sick)) / (len(sound) * len(sick))


def song_a1(cell: Cell, lesions: Lesions) -> float:
    def score(case: str) -> float:
        groups = [g for g in (false(cell, case), hits(cell, lesions, case)) if g]
        return max((sum(g) / len(g) for g in groups), default=NONE)

    sound, sick = split(lesions)
    return sum(psi(score(b), score(a)) for a, b in product(sound, sick)) / (len(sound) * len(sick))


def song_a2(cell: Cell, lesions: Lesions) -> float:
    def pair(a: str, b: str) -> float:
        x, y = false(cell, b) + hits(cell, lesions, b), false(cell, a)
        if not x or not y:
            return 0.5 if not x and not y else 1.0 if x else 0.0
        return psi(sum(psi(i, j) for i, j in product(x, y)) / (len(x) * len(y)), 0.5)

    sound, sick = split(lesions)
    return sum(pair(a, b) for a, b in product(sound, sick)) / (len(sound) * len(sick))


def froc(cell: Cell, lesions: Lesions) -> float:
    found = [hit(cell, c, n) for c in lesions for n in lesions[c]]
    rivals = [z for c in lesions for z in false(cell, c)]
    return sum(psi(x, y) for x, y in product(found, rivals)) / (len(lesions) * len(found))


def _share(values: list[float]) -> float:
    return sum(values) / len(values)


FIGURES: dict[str, Callable[[Cell, Lesions], float]] = {
    "wafroc": wafroc,
    "afroc": lambda c, t: wafroc(c, t, weighted=False),
    "wafroc1": lambda c, t: wafroc(c, t, all_cases=True),
    "afroc1": lambda c, t: wafroc(c, t, weighted=False, all_cases=True),
    "hrauc": hrauc,
    "hrse": lambda c, t: _share([float(bool(c[k])) for k in split(t)[1]]),
    "hrsp": lambda c, t: _share([float(not c[k]) for k in split(t)[0]]),
    "maxllf": lambda c, t: _share([float(hit(c, k, n) > NONE) for k in t for n in t[k]]),
    "maxnlf": lambda c, t: _share([float(len(false(c, k))) for k in split(t)[0]]),
    "maxnlfallcases": lambda c, t: _share([float(len(false(c, k))) for k in t]),
    "songa1": song_a1,
    "songa2": song_a2,
    "froc": froc,
}
LEFT_OUT = {"hrse": 1, "maxllf": 1, "hrsp": 0, "maxnlf": 0}  # which of (sound, sick) is left out; else every case


def without(of: Callable[[Cell, Lesions], float], cell: Cell, lesions: Lesions, *cases: str) -> float | None:
    """The figure with some cases left out, None where it does not exist."""
    rest = {k: v for k, v in lesions.items() if k not in cases}
    try:
        return of({k: v for k, v in cell.items() if k not in cases}, rest)
    except ZeroDivisionError:
        return None


def lroc(cell: Cell, lesions: Lesions, at: float, *, area: bool) -> float:
    sound, sick = split(lesions)
    if not sound or not sick:
        raise ZeroDivisionError
    right = [highest(cell, c) for c in sick if cell[c][0][0] == "lesion"]
    other = [highest(cell, c) for c in sound]
    points = [
        (sum(z > c for z in other) / len(sound), sum(z > c for z in right) / len(sick))
        for c in sorted(set(other + right), reverse=True)
    ]
    points.append((1.0, points[-1][1]))
    before = max(p for p in points if p[0] < at)
    after = min(p for p in points if p[0] >= at)
    y = before[1] + (after[1] - before[1]) * (at - before[0]) / (after[0] - before[0])
    if not area:
        return y
    line = [*sorted(p for p in points if p[0] < at), (at, y)]
    return sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in pairwise(line))
