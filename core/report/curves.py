"""From the analysis to what figures draw: kappa matrices, switches, drift, and every reader on every case."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.report.figure_curves import Drift
from core.report.grids import Grid, grid_of
from core.report.rows import AI, StudyFacts, StudyRows
from core.report.tables import Row
from core.stats.analyse import Analysis, NamedAgreement
from core.stats.confusion import FAILURE, INDETERMINATE, MISSING
from core.stats.estimate import Estimate

PARTS = 10  # the reading order is cut into so many parts for the chart of drift
ORDERS = ("difficulty", "true class", "case number")


def kappa_matrix(found: Analysis, arm: str) -> tuple[list[str], NDArray[np.float64], int]:
    """Return names, pairwise kappas (m, m; NaN where none) and the most cases a pair shares, of the largest set."""
    largest = largest_set(found, arm)
    names = list(largest.result.readers)
    place = {name: at for at, name in enumerate(names)}
    kappas = np.full((len(names), len(names)), np.nan)
    np.fill_diagonal(kappas, 1.0)
    for pair in largest.result.pairs:
        if pair.kappa.value is not None:
            kappas[place[pair.a], place[pair.b]] = kappas[place[pair.b], place[pair.a]] = pair.kappa.value
    return names, kappas, max((pair.kappa.n for pair in largest.result.pairs), default=0)


def largest_set(found: Analysis, arm: str) -> NamedAgreement:
    """Return the agreement of the most readers of an arm; there must be one."""
    return max((one for one in found.agreement if one.arm == arm), key=lambda one: len(one.result.readers))


def switch_rows(study: StudyFacts, found: Analysis) -> list[tuple[str, str, Estimate, Estimate]]:
    """Return (name, group, harmful, helpful) of groups, then of readers."""
    group_of = {one.name: one.group for one in study.participants}
    rows = [(f"{one.name}s", one.name, one.automation_bias, one.good_advice) for one in found.group_switches]
    return rows + [(one.name, group_of[one.name], one.automation_bias, one.good_advice) for one in found.switches]


def drifts_of(rows: StudyRows) -> list[Drift]:
    """Return median seconds and accuracy by part of the reading order, a line a group; [] with under six reads each."""
    grid = grid_of(rows)
    made = []
    for group in rows.study.groups:
        members = grid.members(group)
        read = grid.calls[members] != MISSING
        at = grid.position[members][read].astype(float)
        if len(at) < 6:
            continue
        seconds = grid.seconds[members][read]
        right = (grid.calls[members] == grid.truth[None, :])[read]
        edges = np.unique(np.quantile(at, np.linspace(0, 1, PARTS + 1)))
        part = np.clip(np.searchsorted(edges, at, side="right") - 1, 0, max(len(edges) - 2, 0))
        used = np.unique(part)
        made.append(
            Drift(
                group,
                np.array([at[part == one].mean() for one in used]),
                np.array([_median(seconds[part == one]) for one in used]),
                np.array([right[part == one].mean() for one in used]),
                np.array([int((part == one).sum()) for one in used]),
            )
        )
    return made


def too_fast(rows: StudyRows, shortest: float) -> list[Row]:
    """Return readers with reads under `shortest` seconds: how many, of how many, and on which cases."""
    grid, made = grid_of(rows), list[Row]()
    for at in grid.readers:
        fast = grid.seconds[at] < shortest
        if fast.any():
            numbers = [str(rows.study.cases[grid.case[place]].number) for place in np.flatnonzero(fast)]
            shown = ", ".join(numbers[:20]) + (" …" if len(numbers) > 20 else "")
            reads = int((grid.calls[at] != MISSING).sum())
            made.append({"reader": grid.people[at].name, "too fast": len(numbers), "reads": reads, "cases": shown})
    return made


@dataclass(frozen=True, slots=True)
class CaseMap:
    """Every reader on every case, cases in the order asked for. states: int8 (m, n), places in STATES."""

    names: list[str]
    numbers: list[int]
    truths: list[str]
    states: NDArray[np.int8]
    texts: NDArray[np.object_]
    share_right: list[float | None]
    read_by: list[int]
    study_id: int

    def table(self) -> list[Row]:
        """Return one row a case in this order, with the address of its page."""
        return [
            {
                "case": number,
                "truth": truth,
                "readers right": None if share is None else round(100 * share, 1),
                "of readers": count,
                "open": f"case?study={self.study_id}&case={number}",
            }
            for number, truth, share, count in zip(
                self.numbers, self.truths, self.share_right, self.read_by, strict=True
            )
        ]


def case_map(rows: StudyRows, *, order: str) -> CaseMap:
    """Return the map in one of ORDERS; difficulty is the share of readers who were wrong, most difficult first."""
    study, grid = rows.study, grid_of(rows)
    shown = [*grid.readers, *grid.members(AI)]
    people = grid.calls[grid.readers]
    read = (people != MISSING).sum(axis=0)
    right = (people == grid.truth[None, :]).sum(axis=0)
    share = np.where(read > 0, right / np.maximum(read, 1), np.nan)
    numbers = np.array([study.cases[case].number for case in grid.case])
    keys = {"difficulty": (numbers, np.nan_to_num(share, nan=2.0)), "true class": (numbers, grid.truth)}
    turn = np.lexsort(keys.get(order, (numbers,)))
    calls = grid.calls[shown][:, turn]
    states = np.select([calls == MISSING, calls == grid.truth[turn][None, :], calls < 0], [0, 3, 2], default=1).astype(
        np.int8
    )
    return CaseMap(
        names=[grid.people[at].name for at in shown],
        numbers=numbers[turn].tolist(),
        truths=[study.label(study.codes[code]) for code in grid.truth[turn]],
        states=states,
        texts=_words(study, calls),
        share_right=[None if np.isnan(one) else float(one) for one in share[turn]],
        read_by=read[turn].tolist(),
        study_id=study.id,
    )


def called(study: StudyFacts, grid: Grid, participant: int, column: int) -> str:
    """Return what a participant called a case, in words."""
    return str(_words(study, grid.calls[[participant]][:, [column]])[0, 0])


def _words(study: StudyFacts, calls: NDArray[np.int64]) -> NDArray[np.object_]:
    lookup = {MISSING: "not read", INDETERMINATE: "indeterminate", FAILURE: "AI failure"}
    lookup |= {at: one.label for at, one in enumerate(study.classes)}
    made = np.empty(calls.shape, object)
    for code, word in lookup.items():
        made[calls == code] = word
    return made


def _median(seconds: NDArray[np.float64]) -> float:
    known = seconds[~np.isnan(seconds)]
    return float(np.median(known)) if known.size else float("nan")
