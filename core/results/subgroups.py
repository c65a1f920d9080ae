"""The AI, readers and their difference in subgroups of the cases: what was prespecified, and what is exploratory."""

from dataclasses import dataclass

import numpy as np

from core.results.case_strata import Attribute, Level, attributes_of
from core.results.draw.text import many
from core.results.grids import arm_shown
from core.results.rows import CaseFacts, StudyFacts, StudyRows
from core.results.verdict import figure_names, ruled
from core.stats.estimate import Estimate, StatsError
from core.stats.reads import ReadTable
from core.stats.subgroups import Effect, SubgroupFigures, difference_between, subgroup_figures
from core.stats.threads import one_thread

FEWEST = 10  # cases that count for a figure; below that a subgroup has no figures
Who = tuple[str, ...]  # group (or an AI's name) and arm, of a difference the AI too; without an arm it is ""


@dataclass(frozen=True, slots=True)
class Line:
    """One subgroup, or all cases with attribute "". `few`: too few cases for any figure."""

    key: str
    attribute: str
    level: str
    figures: SubgroupFigures
    prespecified: bool
    few: bool

    def figure(self, who: Who) -> Estimate:
        """Return the figure of the AI or a group; the reason where there is none."""
        if self.few:
            return Estimate(None, n=self.figures.counted, reason="too few")
        known: dict[Who, Estimate] = {key: estimate for key, estimate in self.figures.figures}
        return known.get(who, Estimate(None, reason="none of these cases was read"))

    def effect(self, who: Who) -> Effect:
        """Return a difference; the reason where there is none."""
        none = Estimate(None, reason="too few" if self.few else "none of these cases was read")
        known = [effect for effect in self.figures.effects if (effect.group, effect.arm, effect.ai) == who]
        return known[0] if known and not self.few else Effect(who[0], who[1], none, None, who[2])


@dataclass(frozen=True, slots=True)
class Contrast:
    """Two subgroups of one attribute: what each difference of the first is above that of the second, or why not."""

    attribute: str
    first: str
    second: str
    effects: tuple[Effect, ...]
    reason: str | None
    few: bool = False


@dataclass(frozen=True, slots=True)
class Subgroups:
    """One figure in every subgroup. `unknown` and `alike` name attributes that do not split the cases."""

    study: StudyFacts
    figure: str
    arm: str
    lines: tuple[Line, ...]
    contrasts: tuple[Contrast, ...]
    unknown: tuple[str, ...]
    alike: tuple[str, ...]

    @property
    def who(self) -> list[Who]:
        """Whose figures there are: the AIs, then groups by arm."""
        return [who for who, _ in self.lines[0].figures.figures]

    @property
    def differences(self) -> list[Who]:
        """Which differences there are: the AI minus groups in the arm that is compared with it, aided minus unaided."""
        return [
            (effect.group, effect.arm, effect.ai)
            for effect in self.lines[0].figures.effects
            if effect.arm in ("", self.arm)
        ]


def cases_of(rows: StudyRows) -> list[int]:
    """Return the places of the cases that any row has, practice left out."""
    places: list[int] = np.flatnonzero(np.bincount(rows.case[~rows.practice])).tolist()
    return places


def figure_choices(study: StudyFacts) -> list[str]:
    """Return the figures that subgroups can be looked at by, the primary endpoint first."""
    positive = [study_class.code for study_class in study.classes if study_class.positive] or list(study.codes[-1:])
    more = [f"{kind} {code}" for code in positive for kind in ("sensitivity", "specificity")]
    known = {f"{kind} {code}" for code in study.codes for kind in ("sensitivity", "specificity", "AUC")}
    ends = figure_names(study.protocol.prespecification)
    valid = [name for name in ends if name in known or " " not in name or name in ("balanced accuracy", "macro F1")]
    return list(dict.fromkeys([*valid, "accuracy", *more]))


def subgroups_of(
    rows: StudyRows,
    table: ReadTable,
    *,
    figure: str,
    whole: bool,
    age_cut: float | None = None,
    thickness_cut_mm: float | None = None,
) -> Subgroups:
    """Compute one figure in the subgroups of the cases of `rows`, whose reads `table` has.

    `whole` says that no filter left any row out. Cuts default to the prespecified ones, then to the median age and thin
    slices. On the whole study the prespecified rules for missing and undecided reads hold, as for its verdict. Raises
    StatsError where there are no reads.
    """
    study, plan = rows.study, rows.study.protocol.prespecification
    places = cases_of(rows)
    if not places:
        raise StatsError("No case was read.")
    cases = [study.cases[place] for place in places]
    own_age = plan.age_cut if age_cut is None else age_cut
    own_thickness = plan.thickness_cut_mm if thickness_cut_mm is None else thickness_cut_mm
    attributes = attributes_of(cases, age_cut=own_age, thickness_cut_mm=own_thickness)
    moved = {"age": own_age != plan.age_cut, "thickness": own_thickness != plan.thickness_cut_mm}
    planned = {
        attribute.key
        for attribute in attributes
        if attribute.key in plan.subgroups and whole and figure in figure_names(plan) and not moved.get(attribute.key)
    }
    table = ruled(table, plan) if whole else table

    def line(key: str, label: str, level: Level) -> Line:
        figures = subgroup_figures(table, figure, np.array(level.places, np.int64))
        return Line(key, label, level.name, figures, key in planned, figures.counted < FEWEST and bool(key))

    with one_thread():
        lines = [line("", "", Level("All cases", tuple(range(len(places)))))]
        lines += [
            line(attribute.key, attribute.label, level)
            for attribute in attributes
            if attribute.splits
            for level in attribute.levels
        ]
        contrasts = [
            _contrast(table, figure, cases, attribute, [line for line in lines if line.key == attribute.key])
            for attribute in attributes
            if attribute.pair
        ]
    return Subgroups(
        study=study,
        figure=figure,
        arm=arm_shown(table),
        lines=tuple(lines),
        contrasts=tuple(contrasts),
        unknown=tuple(attribute.label for attribute in attributes if not attribute.known),
        alike=tuple(attribute.label for attribute in attributes if attribute.known and not attribute.splits),
    )


def _contrast(
    table: ReadTable, figure: str, cases: list[CaseFacts], attribute: Attribute, lines: list[Line]
) -> Contrast:
    first, second = attribute.levels[:2]
    shared = {cases[place].patient for place in first.places} & {cases[place].patient for place in second.places}
    reason, few = None, any(line.few for line in lines[:2])
    if few:
        reason = f"too few cases: fewer than {FEWEST} count in one of them"
    elif shared:
        reason = f"{many(len(shared), 'patient')} with cases in both: no test for subgroups that are not independent"
    if reason:
        return Contrast(attribute.label, first.name, second.name, (), reason, few)
    effects = difference_between(table, figure, np.array(first.places), np.array(second.places))
    return Contrast(attribute.label, first.name, second.name, effects, None)
