"""From the analysis to what figures draw: kappa matrices, switches, and every reader on every case."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.results.draw.chart import plural
from core.results.draw.text import Row
from core.results.grids import grid_of, read_table
from core.results.rows import AI, StudyFacts, StudyRows
from core.stats.analyse import Analysis, NamedAgreement
from core.stats.confusion import FAILURE, INDETERMINATE, MISSING
from core.stats.course import case_figures
from core.stats.estimate import Estimate

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


def fast_rows(found: Analysis) -> list[Row]:
    """Return readers with reads that were too fast: how many, of how many, and on which cases."""
    return [
        {
            "reader": one.reader,
            "arm": one.arm or "–",
            "too fast": len(one.cases),
            "reads": one.reads,
            "cases": ", ".join(one.cases[:20]) + (" …" if len(one.cases) > 20 else ""),
        }
        for one in found.too_fast
    ]


def switch_rows(study: StudyFacts, found: Analysis) -> list[tuple[str, str, Estimate, Estimate]]:
    """Return (name, group, harmful, helpful) of groups, then of readers."""
    group_of = {one.name: one.group for one in study.participants}
    rows = [(plural(one.name), one.name, one.automation_bias, one.good_advice) for one in found.group_switches]
    return rows + [(one.name, group_of[one.name], one.automation_bias, one.good_advice) for one in found.switches]


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
                "readers right, %": None if share is None else round(100 * share, 1),
                "of readers": count,
                "open": f"case?study={self.study_id}&case={number}",
            }
            for number, truth, share, count in zip(
                self.numbers, self.truths, self.share_right, self.read_by, strict=True
            )
        ]


def case_map(rows: StudyRows, *, order: str) -> CaseMap:
    """Return the map of the arm shown in one of ORDERS; difficulty is the share of readers who were wrong, first."""
    study, grid = rows.study, grid_of(rows)
    shown = [*grid.readers, *grid.members(AI)]
    known = {int(one.case): one for one in case_figures(read_table(rows)) if one.arm == grid.arm}
    numbers = np.array([study.cases[case].number for case in grid.case])
    found = [known.get(int(number)) for number in numbers]
    share = np.array([np.nan if one is None or one.share is None else one.share for one in found])
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
        read_by=[one.read if (one := found[at]) else 0 for at in turn],
        study_id=study.id,
    )


def _words(study: StudyFacts, calls: NDArray[np.int64]) -> NDArray[np.object_]:
    lookup = {MISSING: "not read", INDETERMINATE: "indeterminate", FAILURE: "AI failure"}
    lookup |= {at: one.label for at, one in enumerate(study.classes)}
    made = np.empty(calls.shape, object)
    for code, word in lookup.items():
        made[calls == code] = word
    return made
