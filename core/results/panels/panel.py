"""What a results panel is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from core.results.blocks import Block, Note, Surface
from core.results.draw.text import many
from core.results.guard import guarded
from core.results.study_results import StudyResults

Group = Literal["Accuracy", "ROC", "Readers", "Time", "Aided reading", "Cases", "Methods"]
GROUPS: tuple[Group, ...] = get_args(Group)


@dataclass(frozen=True, slots=True)
class Panel:
    """One question about a study's results, and the blocks that answer it.

    `address` names its page, `title` also its section in the report, `lead` says in a sentence what it shows. `blocks`
    yields what there is to see from the top down; it asks the surface where somebody can choose. `group` is the
    heading under which the results home lists it.
    """

    address: str
    title: str
    lead: str
    icon: str
    blocks: Callable[[StudyResults, Surface], Iterator[Block]]
    group: Group = "Methods"
    estimates: bool = True  # False for a list without intervals

    def shown(self, results: StudyResults, surface: Surface) -> Iterator[Block]:
        """Yield the blocks with what the study has too few cases for left out."""
        clusters = results.table.clusters
        if self.estimates and clusters is not None:
            yield Note(of_patients(cases=len(clusters), patients=int(np.unique(clusters).size)))
        yield from guarded(self.blocks(results, surface), cases=results.cases)


def of_patients(*, cases: int, patients: int) -> str:
    """Return how intervals and tests treat several cases of one patient."""
    return (
        f"{cases} cases of {many(patients, 'patient')}: cases of one patient count together. Intervals and "
        "tests of areas are Obuchowski's (1997), of shares Rao and Scott's (1992), of other figures a jackknife of "
        "patients, whatever method a line below names. Tests that take cases as independent are left out."
    )
