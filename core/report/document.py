"""The study report: one HTML file that needs no network and prints to PDF."""

import hashlib
from collections.abc import Iterator
from datetime import datetime

from core.export.long import csv_pieces
from core.report.checklist import EDITIONS, Mapped, mapped
from core.report.flow_diagram import flow_diagram
from core.report.page import Drawing, Section, page
from core.report.protocol_section import protocol_section
from core.report.record import Made, record_of
from core.report.references import REFERENCES
from core.results.across.registry import panels_of
from core.results.answer import summary
from core.results.blocks import Block, Code, Facts, Heading, Note, Row, Table, Unattended
from core.results.draw.ais import classes_in_words
from core.results.draw.prespecified import verdict_blocks
from core.results.draw.text import number, points, points_between
from core.results.grids import read_table
from core.results.rows import AiFacts, StudyRows
from core.results.story import Story
from core.results.study_results import StudyResults
from core.results.verdict import options_of
from core.stats.analyse import Analysis

PAPER = Unattended(paper=True)


def report_html(results: StudyResults, story: Story, *, made: Made) -> str:
    """Return the report of an unblinded study as one page. `results` are of all rows, practice left out."""
    record = record_of(results, story, made)
    return page(results.study.title, _head(made), sections(results, story, made), record=record)


def made_now(rows: StudyRows, *, at: datetime, head: str) -> Made:
    """Return what a report says of its own making. `rows` are in detail: the hash is that of their CSV export."""
    digest = hashlib.sha256()
    for piece in csv_pieces(rows):
        digest.update(piece.encode())
    return Made(at, head, digest.hexdigest())


def sections(results: StudyResults, story: Story, made: Made) -> list[Section]:
    """Return the sections of the report: what was planned, every results panel, and what an author needs beside."""
    rows, analysis = results.rows, results.analysis
    return [
        Section("Summary", tuple(summary(results)), "summary"),
        Section("Prespecified comparison", (*verdict_blocks(results), *_exploratory())),
        Section("Protocol", tuple(protocol_section(rows.study))),
        Section("Readers", tuple(_readers(rows))),
        Section("Flow", tuple(_flow(rows, story, analysis))),
        *(Section(panel.title, tuple(panel.shown(results, PAPER))) for panel in panels_of(results.study)),
        Section("Sensitivity to missing and undecided reads", tuple(_sensitivity(analysis))),
        Section("Deviations", tuple(_deviations(story))),
        Section("The AI", tuple(_ai(rows))),
        Section("Checklists", tuple(_checklists(rows, story)), "appendix"),
        Section("Statistics and references", tuple(Note(f"{at}. {text}") for at, text in enumerate(REFERENCES, 1))),
        Section("Compute it again", tuple(_again(rows, story, made))),
    ]


def _head(made: Made) -> Iterator[Block]:
    yield Note(
        f"Report of a reader study of diagnostic accuracy, made by Parallax {made.software} on "
        f"{made.at:%Y-%m-%d %H:%M} UTC."
    )
    if made.head:
        yield Note(f"Head of the chain over reads, truth, orders, AI reads and the audit trail: {made.head}")
    yield Note("For research; not a medical device. The AI is a research demonstration.", "warn")


def _exploratory() -> Iterator[Block]:
    yield Note("Every other comparison in this report is exploratory.")


def _readers(rows: StudyRows) -> Iterator[Block]:
    people: list[Row] = [
        {
            "reader": reader.name,
            "group": reader.group,
            "years": reader.years,
            "withdrawn": "yes" if reader.withdrawn else "no",
        }
        for reader in rows.study.participants
        if not reader.is_ai
    ]
    yield Table("readers", people, "Pseudonyms; years of experience as entered by the coordinator.")


def _flow(rows: StudyRows, story: Story, analysis: Analysis) -> Iterator[Block | Drawing]:
    flow, summary = story.flow, analysis.study
    yield flow_diagram(rows.study, flow, analysis)
    yield Facts(
        {
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
            "reads analysed, the AI's included": summary.reads,
            "reads missing": summary.missing,
            "indeterminate": summary.indeterminate,
        }
    )
    classes: list[Row] = [
        {"class": rows.study.label(code), "cases": count}
        for code, count in zip(summary.classes, summary.cases_by_class, strict=True)
    ]
    yield Table("classes-of-cases", classes, "Cases by true class.")
    steps: list[Row] = [{"when": f"{when:%Y-%m-%d %H:%M} UTC", "step": what} for when, what in story.steps]
    if steps:
        yield Table("steps", steps)


def _sensitivity(analysis: Analysis) -> Iterator[Block]:
    if not analysis.sensitivity:
        yield Note("Every read was made and decided: there is nothing to vary.")
        return
    rules: list[Row] = [
        {
            "rule": check.rule,
            **({"AI": check.ai} if len(analysis.study.ais) > 1 else {}),
            "arm": check.arm or "–",
            "AI minus readers, accuracy": points(check.difference.difference)
            if check.difference
            else (check.reason or "–"),
            "95 % interval": points_between(check.difference.ci) if check.difference else "–",
        }
        for check in analysis.sensitivity
    ]
    yield Table("sensitivity", rules, "Percentage points.")
    analysed: list[Row] = [
        {
            "reader": reader.reader,
            "arm": reader.arm or "–",
            "reads": reader.n,
            "missing": reader.missing,
            "accuracy": number(reader.accuracy),
        }
        for reader in analysis.readers
    ]
    yield Table("as-analysed", analysed, "Accuracy as analysed.")


def _deviations(story: Story) -> Iterator[Block]:
    rows: list[Row] = [
        {
            "when": f"{deviation.at:%Y-%m-%d %H:%M} UTC" if deviation.at else "–",
            "what": deviation.what,
            "reason": deviation.why or "none given",
        }
        for deviation in story.deviations
    ]
    if rows:
        yield Table("deviations", rows)
    else:
        yield Note("None was recorded: no read again, no reader withdrawn, no truth changed.")


def _ai(rows: StudyRows) -> Iterator[Block]:
    study = rows.study
    if not study.ais:
        yield Note("This study has no AI.")
        return
    yield Note("Research demonstration, not a medical device.", "warn")
    for ai in study.ais:
        if len(study.ais) > 1:
            yield Heading(ai.title)
        yield Facts(
            {
                "name and version": ai.title,
                "SHA-256 of the weights": ai.sha256,
                "rule": ai.rule,
                "parameters": ai.parameters,
                "device": ai.device,
                "patients that trained and tuned it": ai.training_patients,
                **({"what its classes count as": classes_in_words(study, ai)} if _joins(ai) else {}),
            }
        )
        yield Heading(f"Model card of {ai.title}" if len(study.ais) > 1 else "Model card")
        yield Facts(ai.card)


def _joins(ai: AiFacts) -> bool:
    """Whether an AI's classes are not one by one the diagnoses of the study."""
    used = [code for code in ai.classes.values() if code]
    return len(used) < len(ai.classes) or len(set(used)) < len(used)


def _checklists(rows: StudyRows, story: Story) -> Iterator[Block]:
    items = mapped(rows.study, story)
    asked = [item for item in items if item.applies]
    answered = sum(item.where is not None for item in asked)
    yield Note(f"{answered} of {len(asked)} items are answered here; the others are for the authors. {EDITIONS}")
    for name in dict.fromkeys(item.item.checklist for item in items):
        yield Heading(name)
        yield Table(f"checklist-{name}", _items(items, name))


def _items(items: list[Mapped], checklist: str) -> list[Row]:
    return [
        {"item": item.item.number, "asks": item.item.asks, "answered": item.where or "not answered"}
        for item in items
        if item.item.checklist == checklist
    ]


def _again(rows: StudyRows, story: Story, made: Made) -> Iterator[Block]:
    cluster = "" if read_table(rows).clusters is None else " --cluster patient"
    yield Facts({"software": f"Parallax {made.software}", "seed of the study": rows.study.seed})
    yield Code(
        f"python -m core export {rows.study.id} --format csv --out study.csv   # SHA-256 {made.data_sha256}\n"
        f"python -m core analyse study.csv --json --shortest {options_of(rows.study).shortest:g}{cluster}\n"
        f"python -m core report {rows.study.id} --out report.html\n"
        f"python -m core verify-report report.html --data study.csv\n"
        + (f"python -m core verify --head {made.head}" if made.head else "")
    )
    yield Note(
        "This file holds what else it was made from: the protocol, readers' pseudonyms, and each case's class, age, "
        "sex and scanner; no names, no dates of patients. The last commands make every figure again and list what "
        "differs."
    )
    seeds: list[Row] = [{"reader": name, "session": session, "seed": seed} for name, session, seed in story.order_seeds]
    yield Table("seeds", seeds, "Seeds of the stored reading orders.")
