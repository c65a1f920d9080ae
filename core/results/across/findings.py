"""All findings of a study at once: each reader and AI on each finding, and each AI minus the readers, by Holm."""

from collections.abc import Iterator
from dataclasses import dataclass

from core.results.blocks import Block, Choice, Gap, Heading, Note, Row, Surface, Table
from core.results.draw.text import number, p_text, percent, plain, points, points_between
from core.results.findings import Question, each_presence
from core.results.grids import arm_shown, one_arm, read_table
from core.results.panels.panel import Panel
from core.results.study_results import StudyResults
from core.stats.analyse import Analysis, analyse
from core.stats.comparisons import AiComparison
from core.stats.estimate import Estimate, StatsError
from core.stats.pairs import holm
from core.stats.reader_figures import ALL, ReaderFigures
from core.study.findings import PRESENT

FIGURES = {
    "auc": "AUC",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "accuracy": "Accuracy",
}
ONE_DIAGNOSIS = Gap("This study asks for one diagnosis.", "A study of several findings is compared across them here.")


@dataclass(frozen=True, slots=True)
class OfFinding:
    """One finding with its own analysis: the numbers of `python -m core analyse` on its export."""

    question: Question
    analysis: Analysis | None
    reason: str = ""


def blocks(results: StudyResults, surface: Surface) -> Iterator[Block]:
    """Yield the matrix of one figure, and the AI minus the readers over all findings."""
    if results.rows.whole is None:
        yield ONE_DIAGNOSIS
        return
    choice = Choice("figure", "Figure", tuple(FIGURES), ("auc",), named=FIGURES.__getitem__)
    (figure,) = surface.choose(choice)
    found = analyses(results)
    yield Heading(f"{FIGURES[figure]}, findings by readers")
    yield Table("findings", matrix(found, figure), "Whether the finding is present, case by case; one arm.", METHOD)
    rows = against_readers(found, figure)
    if rows:
        yield Heading("AI minus all readers, finding by finding")
        yield Table("findings-ai", rows, "Exploratory unless prespecified.", HOLM)
    for one in found:
        if one.reason:
            yield Note(f"{one.question.name}: {one.reason}")


METHOD = "Each cell is the figure of the page of that finding; its interval stands there."
HOLM = "Obuchowski-Rockette, AI against readers; p adjusted by Holm over all rows of this table."


def analyses(results: StudyResults) -> tuple[OfFinding, ...]:
    """Return each finding's analysis of the arm that is compared with the AI."""
    made = []
    for question, rows in each_presence(results.rows):
        try:
            table = read_table(rows)
            made.append(OfFinding(question, analyse(one_arm(table, arm_shown(table)))))
        except StatsError as error:
            made.append(OfFinding(question, None, str(error)))
    return tuple(made)


def matrix(found: tuple[OfFinding, ...], figure: str) -> list[Row]:
    """Return a row a finding: its cases, how many have it, and the figure of every reader and AI."""
    lines: list[Row] = []
    for one in found:
        if one.analysis is None:
            continue
        absent, present = one.analysis.study.cases_by_class
        line: Row = {"finding": one.question.name, "cases": absent + present, "present": present}
        for reader in one.analysis.readers:
            line[reader.reader] = _said(_figure(reader, figure), figure)
        lines.append(line)
    return lines


def against_readers(found: tuple[OfFinding, ...], figure: str) -> list[Row]:
    """Return each AI minus all readers on each finding, p adjusted by Holm over all of them."""
    contests = [(one.question, contest) for one in found for contest in _contests(one, figure)]
    adjusted = holm([contest.result.p if contest.result else None for _, contest in contests])
    return [
        _row(question, contest, p, figure) for (question, contest), p in zip(contests, adjusted, strict=True)
    ]  # fmt: skip


def _contests(one: OfFinding, figure: str) -> list[AiComparison]:
    if one.analysis is None:
        return []
    named = {"accuracy": "accuracy", "auc": f"AUC {PRESENT}"}.get(figure, f"{figure} {PRESENT}")
    mine = [contest for contest in one.analysis.ai_with_groups if contest.figure == named]
    every = [contest for contest in mine if contest.group == ALL]
    return every or mine  # one group alone has no row for all


def _row(question: Question, contest: AiComparison, p: float | None, figure: str) -> Row:
    result = contest.result
    area = figure == "auc"
    difference = result.difference if result else None
    ci = result.ci if result else None
    return {
        "finding": question.name,
        "AI": contest.ai,
        "readers": contest.readers,
        "cases": contest.cases,
        "AI minus readers": plain(difference) if area else points(difference),
        "95 % interval": ("–" if ci is None else f"{plain(ci[0])} to {plain(ci[1])}") if area else points_between(ci),
        "p (Holm)": p_text(p),
        "p": p_text(result.p if result else None),
        "note": contest.reason or contest.flag or (result.reason if result else "") or "",
    }


def _figure(reader: ReaderFigures, figure: str) -> Estimate | None:
    if figure == "accuracy":
        return reader.accuracy
    if figure == "auc":
        return next((each.auc for each in reader.scores if each.label == PRESENT), None)
    of_class = next(each for each in reader.classes if each.label == PRESENT)
    return of_class.sensitivity if figure == "sensitivity" else of_class.specificity


def _said(estimate: Estimate | None, figure: str) -> str:
    if estimate is None or estimate.value is None:
        return "–"
    return number(Estimate(estimate.value)) if figure == "auc" else percent(estimate.value)


PANEL = Panel(
    address="findings",
    title="Findings",
    lead="Every finding of the study beside the others: each reader, each AI, and the AI minus the readers.",
    icon=":material/checklist:",
    blocks=blocks,
    group="Accuracy",
)
