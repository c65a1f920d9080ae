"""The study report: one HTML file that needs no network and prints to PDF."""

import hashlib
from datetime import datetime

from core import __version__
from core.export.long import csv_pieces
from core.report import markup as m
from core.report.checklist import EDITIONS, mapped
from core.report.flow_diagram import flow_diagram
from core.report.protocol_section import protocol_section
from core.report.references import REFERENCES
from core.results.comparison import Comparison, compare
from core.results.draw.chart import percent
from core.results.draw.text import Row, points, verdict_note, verdict_table
from core.results.gaps import attribute_gaps
from core.results.grids import read_table
from core.results.panels.characteristics import CASES_NOTE, READERS_NOTE, case_characteristics, reader_characteristics
from core.results.panels.mrmc import number, whole_table
from core.results.panels.registry import panels
from core.results.rows import StudyRows
from core.results.story import Story
from core.results.verdict import options_of
from core.stats.analyse import Analysis, analyse

SECTIONS = (
    "Prespecified comparison",
    "Protocol",
    "Readers",
    "Characteristics of cases",
    "Flow",
    "AI and readers",
    "Confusion",
    "Figures per class",
    "ROC",
    "MRMC",
    "Agreement",
    "Automation bias",
    "Time",
    "Subgroups",
    "Sensitivity to missing and undecided reads",
    "Deviations",
    "The AI",
    "Checklists",
    "Statistics and references",
    "Compute it again",
)


def report_html(rows: StudyRows, story: Story, *, at: datetime) -> str:
    """Return the report of an unblinded study as one page. `rows` are all its rows, in detail, without practice."""
    study = rows.study
    found = analyse(read_table(rows), options=options_of(study))
    compared = compare(rows, whole=rows)
    parts = {
        "Prespecified comparison": _verdict(compared),
        "Protocol": protocol_section(rows.study),
        "Readers": _readers(rows),
        "Characteristics of cases": _cases(rows),
        "Flow": _flow(rows, story, found),
        **panels(rows, compared, found),
        "Sensitivity to missing and undecided reads": _sensitivity(found),
        "Deviations": _deviations(story),
        "The AI": _ai(rows),
        "Checklists": _checklists(rows, story),
        "Statistics and references": "<ol>" + "".join(f"<li>{m.cell(one)}</li>" for one in REFERENCES) + "</ol>",
        "Compute it again": _again(rows, story),
    }
    head = f"<h1>{m.cell(study.title)}</h1>"
    head += m.paragraph(
        f"Report of a reader study of diagnostic accuracy, made by Parallax {__version__} on {at:%Y-%m-%d %H:%M} UTC."
    )
    head += m.paragraph("For research; not a medical device. The AI is a research demonstration.", kind="warn")
    links = "".join(f'<a href="#{m.anchor(name)}">{m.cell(name)}</a> ' for name in SECTIONS)
    body = "".join(m.heading(name) + parts[name] for name in SECTIONS)
    return m.page(study.title, f"{head}<nav>{links}</nav>{body}")


def _verdict(compared: Comparison) -> str:
    said = compared.verdict
    if said is None:
        return m.paragraph("Nothing was compared.")
    text = m.paragraph(f"{said.endpoint}: {said.hypothesis}") + m.paragraph(said.words, kind="verdict")
    if said.test is not None:
        text += m.paragraph(f"AI {percent(said.test.ai)}, readers {percent(said.test.readers)}.", kind="note")
    if said.tested:
        text += m.table(verdict_table(said), note=verdict_note(said))
    return text + m.paragraph("Every other comparison in this report is exploratory.", kind="note")


def _readers(rows: StudyRows) -> str:
    people: list[Row] = [
        {"reader": one.name, "group": one.group, "years": one.years, "withdrawn": "yes" if one.withdrawn else "no"}
        for one in rows.study.participants
        if not one.is_ai
    ]
    by_group = m.table(reader_characteristics(rows.study), note=READERS_NOTE)
    return m.table(people, note="Pseudonyms; years of experience as entered by the coordinator.") + by_group


def _cases(rows: StudyRows) -> str:
    missing = "".join(m.paragraph(f"{gap.what} {gap.remedy}", kind="note") for gap in attribute_gaps(rows.study))
    return missing + m.table(case_characteristics(rows), note=CASES_NOTE)


def _flow(rows: StudyRows, story: Story, found: Analysis) -> str:
    flow = story.flow
    counts = {
        "cases in the study": flow.cases,
        "practice cases (not analysed)": flow.practice_cases,
        "cases without truth (not analysed)": flow.without_truth,
        "reads planned": flow.planned_reads,
        "reads locked": flow.locked_reads,
        "of them superseded by a later attempt": flow.superseded_reads,
        "practice reads locked (not analysed)": flow.practice_reads,
        "reads left open": flow.open_reads,
        "AI reads, failures included": flow.ai_reads,
        "AI failures": flow.ai_failures,
        "reads analysed, the AI's included": found.study.reads,
        "reads missing": found.study.missing,
        "indeterminate": found.study.indeterminate,
    }
    classes: list[Row] = [
        {"class": rows.study.label(code), "cases": count}
        for code, count in zip(found.study.classes, found.study.cases_by_class, strict=True)
    ]
    steps: list[Row] = [{"when": f"{when:%Y-%m-%d %H:%M} UTC", "step": what} for when, what in story.steps]
    drawn = flow_diagram(rows.study, flow, found)
    return drawn + m.facts(counts) + m.table(classes, note="Cases by true class.") + (m.table(steps) if steps else "")


def _sensitivity(found: Analysis) -> str:
    if not found.sensitivity:
        return m.paragraph("Every read was made and decided: there is nothing to vary.")
    made: list[Row] = []
    for one in found.sensitivity:
        gap = one.difference
        made.append(
            {
                "rule": one.rule,
                "arm": one.arm or "–",
                "AI minus readers, accuracy": f"{points(gap.difference)}" if gap else (one.reason or "–"),
                "95 % interval": f"{points(gap.ci[0])} to {points(gap.ci[1])}" if gap and gap.ci else "–",
            }
        )
    return m.table(made, note="Percentage points.") + m.table(whole_table_of(found), note="Accuracy as analysed.")


def whole_table_of(found: Analysis) -> list[Row]:
    """Return accuracy and counts of every reader, the short form of the table per reader."""
    return [
        {
            "reader": one.reader,
            "arm": one.arm or "–",
            "reads": one.n,
            "missing": one.missing,
            "accuracy": number(one.accuracy),
        }
        for one in found.readers
    ]


def _deviations(story: Story) -> str:
    made: list[Row] = [
        {"when": f"{one.at:%Y-%m-%d %H:%M} UTC" if one.at else "–", "what": one.what, "reason": one.why or "none given"}
        for one in story.deviations
    ]
    return m.table(
        made, note="" if made else "None was recorded: no read again, no reader withdrawn, no truth changed."
    )


def _ai(rows: StudyRows) -> str:
    ai = rows.study.ai
    if ai is None:
        return m.paragraph("This study has no AI.")
    named = {
        "name and version": f"{ai.name} {ai.version}",
        "SHA-256 of the weights": ai.sha256,
        "rule": ai.rule,
        "parameters": ai.parameters,
        "device": ai.device,
        "patients that trained and tuned it": ai.training_patients,
    }
    warning = m.paragraph("Research demonstration, not a medical device.", kind="warn")
    return warning + m.facts(named) + m.heading("Model card", level=3) + m.facts(ai.card)


def _checklists(rows: StudyRows, story: Story) -> str:
    found = mapped(rows.study, story)
    made: list[Row] = [
        {
            "checklist": one.item.checklist,
            "item": one.item.number,
            "asks": one.item.asks,
            "answered": one.where or "not answered",
        }
        for one in found
    ]
    answered = sum(one.where is not None for one in found)
    note = f"{answered} of {len(found)} items are answered here; the others are for the authors. {EDITIONS}"
    return m.table(made, note=note)


def _again(rows: StudyRows, story: Story) -> str:
    digest = hashlib.sha256()
    for piece in csv_pieces(rows):
        digest.update(piece.encode())
    seeds: list[Row] = [{"reader": name, "session": number_, "seed": seed} for name, number_, seed in story.order_seeds]
    commands = (
        f"python -m core export {rows.study.id} --format csv --out study.csv   # SHA-256 {digest.hexdigest()}\n"
        f"python -m core analyse study.csv --json --shortest {options_of(rows.study).shortest:g}\n"
        f"python -m core report {rows.study.id} --out report.html"
    )
    named = {"software": f"Parallax {__version__}", "seed of the study": rows.study.seed}
    return (
        m.facts(named) + f"<pre>{m.cell(commands)}</pre>" + m.table(seeds, note="Seeds of the stored reading orders.")
    )


__all__ = ["report_html", "whole_table"]
