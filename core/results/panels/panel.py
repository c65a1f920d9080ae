"""What a results panel is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from core.results.blocks import Block, Surface
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

    def shown(self, results: StudyResults, surface: Surface) -> Iterator[Block]:
        """Yield the blocks with what the study has too few cases for left out."""
        return guarded(self.blocks(results, surface), cases=results.cases)
