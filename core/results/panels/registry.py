"""The panels of the results pages as sections of the report: the same charts and tables."""

from core.report import markup as m
from core.results.comparison import Comparison, label_of
from core.results.draw.chart import plural
from core.results.draw.matrices import confusion_chart, kappa_chart
from core.results.draw.text import comparison_table, difference_table, time_table
from core.results.gaps import subgroup_gaps
from core.results.grids import confusion, grid_of
from core.results.panels.bias import drift_chart, switch_chart
from core.results.panels.cases import fast_rows, kappa_matrix, switch_rows
from core.results.panels.comparison import comparison_chart, difference_chart
from core.results.panels.mrmc import (
    PAIRED,
    agreement_table,
    arm_table,
    class_table,
    fatigue_table,
    group_difference_table,
    mrmc_tables,
    pair_table,
    switch_table,
    time_ratio_table,
    whole_table,
)
from core.results.panels.roc import area_table, curves_of, roc_chart, without_scores
from core.results.panels.subgroup_chart import effect_chart, figure_chart
from core.results.panels.subgroup_tables import (
    CONTRASTS_NOTE,
    contrast_table,
    effect_note,
    effect_table,
    figure_note,
    figure_table,
)
from core.results.panels.times import time_chart
from core.results.rows import AI, StudyRows
from core.results.subgroups import figure_choices, subgroups
from core.results.verdict import figure_names, protocol_of
from core.stats.analyse import Analysis

PRINTED = 4  # panels of subgroups a row, beside their lines' names
MOST_READERS = 12  # matrices and tables of single readers beyond this many make no readable report


def panels(rows: StudyRows, compared: Comparison, found: Analysis) -> dict[str, str]:
    """Return the HTML of every panel by section name; each says what it lacks."""
    return {
        "AI and readers": _comparison(rows, compared, found),
        "Confusion": _confusion(rows),
        "Figures per class": _classes(rows, found),
        "ROC": _roc(rows, found),
        "MRMC": _mrmc(rows, found),
        "Agreement": _agreement(found),
        "Automation bias": _bias(rows, found),
        "Subgroups": _subgroups(rows),
        "Time": _time(rows, compared, found),
    }


def _comparison(rows: StudyRows, compared: Comparison, found: Analysis) -> str:
    labels = {column: compared.label(column) for column in compared.columns}
    first = {name: label for name, label in labels.items() if not name.startswith("specificity")}
    rest = {name: label for name, label in labels.items() if name not in first}
    study = rows.study
    text = m.chart(comparison_chart(study, compared.dots, first, title="Accuracy and sensitivity", key="dots"))
    text += m.chart(comparison_chart(study, compared.dots, rest, title="Specificity", key="specificity"))
    text += m.table(comparison_table(compared), note="Percent with 95 % interval.")
    if compared.gaps:
        text += m.chart(difference_chart(study, compared.gaps))
        text += m.table(difference_table(compared), note="AI minus readers in percentage points.")
    if found.ai_with_each_reader and len(found.study.readers) <= MOST_READERS:
        text += m.heading("AI against each reader", level=3) + m.table(pair_table(rows.study, found), note=PAIRED)
    return text


def _confusion(rows: StudyRows) -> str:
    study, grid = rows.study, grid_of(rows)
    shown = [("AI", grid.members(AI))] + [(f"{plural(group)}, pooled", grid.members(group)) for group in study.groups]
    if len(grid.readers) <= MOST_READERS:
        shown += [(grid.people[at].name, [at]) for at in grid.readers]
    text = ""
    for name, members in shown:
        if members:
            counts = confusion(grid, members, classes=len(study.codes))
            reads = f"{int(counts.sum())} reads by {len(members)}" if len(members) > 1 else f"{int(counts.sum())} reads"
            text += m.chart(confusion_chart(study, counts, name=name, reads=reads, key=f"confusion-{name}"))
    return f'<div class="pair">{text}</div>' if text else m.paragraph("No read was locked.")


def _classes(rows: StudyRows, found: Analysis) -> str:
    note = "Percent with Wilson 95 % interval; PPV, NPV and FDR at this study's prevalence."
    text = m.table(whole_table(rows.study, found), note="Accuracy: Wilson; the others: jackknife over cases.")
    for one in found.readers:
        if one.group == AI or len(found.readers) <= MOST_READERS:
            text += m.heading(f"{one.reader}{', ' + one.arm if one.arm else ''}", level=3)
            text += m.table(class_table(rows.study, one), note=note)
    return text


def _roc(rows: StudyRows, found: Analysis) -> str:
    text = "".join(m.paragraph(sentence, kind="note") for sentence in without_scores(found))
    for one in rows.study.classes:
        chart = roc_chart(rows.study, curves_of(rows.study, found, one.code), label=one.label, key=f"roc-{one.code}")
        text += m.chart(chart) + m.table(area_table(rows.study, found, one.code))
    return text


def _mrmc(rows: StudyRows, found: Analysis) -> str:
    if not found.arms_compared:
        text = m.paragraph("One arm only: nothing to compare.", kind="note")
    else:
        note = "Aided against unaided, Obuchowski-Rockette with jackknife covariance (Hillis 2007)."
        text = m.table(arm_table(rows.study, found), note=note)
        primary = figure_names(protocol_of(rows.study).prespecification)[0]
        for one in found.arms_compared:
            if one.figure == primary and one.result is not None:
                text += m.heading(f"Primary endpoint in full: {label_of(rows.study, primary)}, {one.group}", level=3)
                text += "".join(m.table(part, note=name) for name, part in mrmc_tables(one.result).items())
    groups = group_difference_table(rows.study, found)
    return text + m.table(
        groups, note="Groups of readers, later minus earlier (Hillis 2014)." if groups else "One group."
    )


def _agreement(found: Analysis) -> str:
    if not found.agreement:
        return m.paragraph("Agreement needs two readers of the same cases.")
    names, kappas, counted = kappa_matrix(found, found.agreement[0].arm)
    return m.chart(kappa_chart(names, kappas, n=counted)) + m.table(agreement_table(found))


def _bias(rows: StudyRows, found: Analysis) -> str:
    if not found.switches:
        return m.paragraph("No case was read by the same reader without and with the AI.")
    text = m.chart(switch_chart(rows.study, switch_rows(rows.study, found)))
    return text + m.table(switch_table(found.group_switches)) + m.table(switch_table(found.switches))


def _subgroups(rows: StudyRows) -> str:
    """Return the primary endpoint in every subgroup, accuracy too, and the positive class's figures as tables."""
    text = ""
    for place, figure in enumerate(figure_choices(rows.study)):
        found = subgroups(rows, figure=figure, whole=True)
        if place == 0:
            text += "".join(m.paragraph(f"{gap.what} {gap.remedy}", kind="note") for gap in subgroup_gaps(rows, found))
            text += m.chart(figure_chart(found, per_row=PRINTED))
        else:
            text += m.heading(f"{label_of(rows.study, figure)} by subgroup", level=3)
        text += m.table(figure_table(found), note=figure_note(found))
        if found.differences:
            text += m.chart(effect_chart(found, per_row=PRINTED)) if place == 0 else ""
            text += m.table(effect_table(found), note=effect_note(found))
        contrasts = contrast_table(found)
        text += m.table(contrasts, note=CONTRASTS_NOTE) if contrasts else ""
    return text


def _time(rows: StudyRows, compared: Comparison, found: Analysis) -> str:
    text = m.chart(time_chart(rows.study, compared.times)) + m.table(time_table(compared.times))
    text += m.table(time_ratio_table(found), note="Ratios of geometric means. The AI's time is not compared.")
    if found.drifts:
        text += m.chart(drift_chart(rows.study, found.drifts)) + m.table(fatigue_table(found))
    shortest = protocol_of(rows.study).min_plausible_s
    fast = fast_rows(found)
    if fast:
        text += m.table(fast, note=f"Reads under {shortest} s of active time; they stay in all figures.")
    else:
        text += m.paragraph(f"No read was shorter than {shortest} s, the protocol's shortest plausible time.")
    return text
