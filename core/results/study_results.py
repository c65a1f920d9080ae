"""What every results panel works on: a study's rows, and what is computed of them, once and only when asked for."""

from collections.abc import Callable
from functools import cached_property

from core.results.comparison import Comparison, compare
from core.results.grids import arm_shown, one_arm, read_table
from core.results.guard import withheld
from core.results.rows import StudyFacts, StudyRows
from core.results.story import AiRun
from core.results.subgroups import Subgroups, subgroups_of
from core.results.verdict import Verdict, figure_names, options_of, verdict_on
from core.stats.analyse import Analysis, analyse
from core.stats.comparisons import ArmComparison, arms_compared
from core.stats.reader_figures import Set, sets_of
from core.stats.reads import ReadTable
from core.stats.threads import one_thread


def no_runs() -> list[AiRun]:
    """Return that no other AI run is known."""
    return []


class StudyResults:
    """The rows a filter left, with `whole`, the results of the whole study, which are these where nothing is left out.

    The rows become a ReadTable once; everything else is computed of it, or is a view of it. `runs` gets every AI run on
    the study's cases, which only one panel needs.
    """

    def __init__(
        self, rows: StudyRows, *, whole: "StudyResults | None" = None, runs: Callable[[], list[AiRun]] = no_runs
    ) -> None:
        self.rows = rows
        self.whole = self if whole is None or len(whole.rows) == len(rows) else whole
        self.runs = runs
        self._subgroups: dict[tuple[str, float | None, float | None], Subgroups] = {}

    @property
    def study(self) -> StudyFacts:
        """Facts of the study."""
        return self.rows.study

    @property
    def filtered(self) -> bool:
        """Whether a filter left rows out."""
        return self.whole is not self

    @cached_property
    def table(self) -> ReadTable:
        """The reads as the statistics take them, practice left out."""
        return read_table(self.rows)

    @cached_property
    def shown(self) -> ReadTable:
        """The one arm that is compared with the AI."""
        return one_arm(self.table, arm_shown(self.table))

    @cached_property
    def listed(self) -> ReadTable:
        """The same arm with practice reads where they were asked for, for panels that list reads."""
        table = read_table(self.rows, practice=True) if self.rows.practice.any() else self.table
        return one_arm(table, arm_shown(table))

    @cached_property
    def reads(self) -> Set:
        """The reads of `listed`, the AI first."""
        return sets_of(self.listed)[0]

    @cached_property
    def analysis(self) -> Analysis:
        """The whole analysis: the numbers of `python -m core analyse`. StatsError where nothing was read."""
        return analyse(self.table, options=options_of(self.study))

    @cached_property
    def comparison(self) -> Comparison:
        """The AI, the groups and the readers."""
        return compare(self.study, self.shown, whole=not self.filtered)

    @cached_property
    def verdict(self) -> Verdict:
        """What was prespecified and what came out, always of the whole study."""
        if self.whole is not self:
            return self.whole.verdict
        return withheld(verdict_on(self.study, self.table), cases=self.cases)

    @property
    def cases(self) -> int:
        """How many cases the rows have, practice left out."""
        return int(self.table.truth.size)

    @property
    def prespecified_arms(self) -> tuple[str, ...]:
        """The figures that were prespecified to be compared between arms; none where something else was."""
        plan = self.study.protocol.prespecification
        planned = plan.comparison == "aided_vs_unaided" and plan.hypothesis != "none" and len(self.table.arms) > 1
        return figure_names(plan) if planned else ()

    def arms(self, figures: tuple[str, ...]) -> tuple[ArmComparison, ...]:
        """Return the arms compared on some figures; the whole analysis has all of them, and takes longer."""
        with one_thread():
            return arms_compared(sets_of(self.table), self.table, figures, readers_as=None)

    def subgroups(
        self, figure: str, *, age_cut: float | None = None, thickness_cut_mm: float | None = None
    ) -> Subgroups:
        """Return one figure in the subgroups of the cases."""
        key = (figure, age_cut, thickness_cut_mm)
        if key not in self._subgroups:
            self._subgroups[key] = subgroups_of(
                self.rows,
                self.table,
                figure=figure,
                whole=not self.filtered,
                age_cut=age_cut,
                thickness_cut_mm=thickness_cut_mm,
            )
        return self._subgroups[key]
