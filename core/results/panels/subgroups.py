"""Subgroups of cases: the AI, the readers and their difference by sex, age, slice thickness and more."""

from collections.abc import Iterator

from core.results import gaps
from core.results.blocks import Block, Choice, Gap, Heading, Number, Surface, Table
from core.results.draw.facets import NARROW
from core.results.draw.subgroup_forest import effect_chart, figure_chart
from core.results.draw.subgroup_tables import (
    CONTRASTS_NOTE,
    contrast_table,
    effect_note,
    effect_table,
    figure_note,
    figure_table,
    too_few,
)
from core.results.panels.panel import Panel
from core.results.study_results import StudyResults
from core.results.subgroups import Subgroups, figure_choices
from core.study.prespecification import THIN_MM

WIDE = 4  # small charts a row: the lines' names take the room of a fifth
BELOW = "Cases at or below it, and above."


def blocks(results: StudyResults, surface: Surface) -> Iterator[Block]:
    """Yield the forest plots and tables of the figure chosen; on paper of every figure, drawn for the first."""
    study, plan = results.study, results.study.protocol.prespecification
    names = tuple(figure_choices(study))
    figures = Choice(
        "subgroup_figure", "Figure", names, names[:1], named=study.figure_label, look="list", on_paper=names
    )
    chosen = surface.choose(figures)
    age = surface.number(
        Number("subgroup_age", "Age cut (years)", plan.age_cut, 1, 88, help=BELOW, placeholder="the median")
    )
    cut = plan.thickness_cut_mm
    thickness = surface.number(
        Number("subgroup_thickness", "Thickness cut (mm)", cut, 0.1, 20.0, 0.1, help=BELOW, placeholder=f"{THIN_MM:g}")
    )
    per_row = NARROW if surface.narrow else WIDE
    for figure in chosen:
        found = results.subgroups(figure, age_cut=None if age is None else int(age), thickness_cut_mm=thickness)
        drawn = figure == chosen[0]
        label, key = study.figure_label(figure), "" if drawn else f"-{figure}"
        if drawn:
            yield from subgroup_gaps(results, found)
            yield figure_chart(found, per_row=per_row)
        else:
            yield Heading(f"{label} by subgroup")
        yield Table(f"subgroups{key}", figure_table(found), too_few(found), figure_note(found))
        if found.differences:
            if drawn:
                yield Heading("Differences")
                yield effect_chart(found, per_row=per_row)
            yield Table(f"subgroup-differences{key}", effect_table(found), method=effect_note(found))
        contrasts = contrast_table(found)
        if contrasts:
            yield Heading("Does the difference differ?")
            yield Table(f"subgroup-contrasts{key}", contrasts, method=CONTRASTS_NOTE)


def subgroup_gaps(results: StudyResults, found: Subgroups) -> list[Gap]:
    """Return what subgroups lack: readers, AI, attributes that split the cases."""
    missing = [*gaps.few_people(results), *gaps.no_ai(results), *gaps.one_case(results)]
    if found.unknown:
        missing.append(Gap(f"Not recorded for any case: {', '.join(found.unknown).lower()}.", gaps.UPLOAD))
    if len(found.lines) == 1 and not missing:
        what = f"All cases are alike in {', '.join(found.alike).lower()}."
        missing.append(Gap(what, "Subgroups need cases that differ."))
    return missing


PANEL = Panel(
    address="subgroups",
    title="Subgroups",
    lead="The same figures in parts of the cases. What was not prespecified is exploratory.",
    icon=":material/account_tree:",
    group="Cases",
    blocks=blocks,
)
