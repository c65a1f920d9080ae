"""Every figure per class (the paper's table 3), of all classes together, and of other runs of the AI (its table 2)."""

from collections.abc import Iterator

import numpy as np

from core.results import gaps
from core.results.blocks import Block, Choice, Gap, Heading, Note, Row, Surface, Table
from core.results.draw.text import number, p_text, points, points_between, with_interval
from core.results.panels.panel import Panel
from core.results.rows import AI, StudyFacts
from core.results.story import AiRun
from core.results.study_results import StudyResults
from core.stats.analyse import Analysis
from core.stats.confusion import class_figures, counts
from core.stats.intervals import proportions
from core.stats.reader_figures import ReaderFigures

MOST_READERS = 12  # tables of more single readers make no readable report
WILSON = "Percent with Wilson 95 % interval. PPV, NPV and FDR hold at the prevalence of this study."
WHOLE = "Accuracy: Wilson. Balanced accuracy, macro F1, kappa with the truth: jackknife over cases, normal."
PAIRED = (
    "Paired by case: exact and mid-p McNemar, Tango's interval in percentage points; Holm over the readers of the arm, "
    "on the exact p. Undecided reads are wrong, missing ones leave the pair out. Exploratory unless prespecified."
)
RUNS = "Wilson 95 % intervals; a run may have read fewer cases. The run of this study is marked."


def blocks(results: StudyResults, surface: Surface) -> Iterator[Block]:
    """Yield the tables."""
    analysis, study = results.analysis, results.study
    names = {f"{reader.reader}, {reader.arm}" if reader.arm else reader.reader: reader for reader in analysis.readers}
    yield from metrics_gaps(results)
    yield Heading("Per class")
    few = tuple(name for name, reader in names.items() if reader.group == AI or len(names) <= MOST_READERS)
    choice = Choice("who", "Whose", tuple(names), tuple(names)[:1], look="list", on_paper=few)
    for name in surface.choose(choice):
        reader = names[name]
        note = f"{name}: {reader.n} reads, {reader.missing} missing."
        if reader.group == AI:
            note += " The AI is a research demonstration."
        yield Table(f"classes-{name}" if surface.paper else "classes", class_table(study, reader), note, WILSON)
    yield Heading("All classes together")
    yield Table("whole", whole_table(analysis), method=WHOLE)
    if analysis.ai_with_each_reader:
        yield Heading("AI against each reader")
        yield Table("pairs", pair_table(study, analysis), method=PAIRED)
    runs = results.runs()
    if runs:
        yield Heading("Other runs of the AI on these cases")
        note = "A run may have read fewer cases. The AI is a research demonstration."
        yield Table("ablation", ablation_table(runs), note, RUNS)
    for sentence in analysis.notes:
        yield Note(sentence)


def metrics_gaps(results: StudyResults) -> list[Gap]:
    """Return what the tables per class lack: readers, AI, ratings, a class without a case."""
    summary = results.analysis.study
    found = [*gaps.nobody(results), *gaps.no_ai(results), *gaps.one_case(results), *gaps.no_ratings(results.analysis)]
    empty = [
        results.study.label(code)
        for code, count in zip(summary.classes, summary.cases_by_class, strict=True)
        if not count
    ]
    if empty:
        what = f"No case of {', '.join(empty)}: sensitivity and everything built on it do not exist."
        found.append(Gap(what, "Loosen the filters, or plan for cases of this class in the next study."))
    return found


def class_table(study: StudyFacts, reader: ReaderFigures) -> list[Row]:
    """Return table 3 of the paper for one reader or the AI: a row a class, each figure with its Wilson interval."""
    return [
        {
            "class": study.label(each.label),
            "cases": each.positives,
            "sensitivity": with_interval(each.sensitivity),
            "specificity": with_interval(each.specificity),
            "PPV": with_interval(each.ppv),
            "NPV": with_interval(each.npv),
            "F1": with_interval(each.f1),
            "FPR": with_interval(each.fpr),
            "FNR": with_interval(each.fnr),
            "FDR": with_interval(each.fdr),
        }
        for each in reader.classes
    ]


def whole_table(analysis: Analysis) -> list[Row]:
    """Return one row a reader and arm: the figures of all classes together, and counts."""
    return [
        {
            "reader": reader.reader,
            "arm": reader.arm or "–",
            "accuracy": with_interval(reader.accuracy),
            **{name: number(estimate) for name, estimate in reader.figures},
            "AUC, Hand-Till": number(reader.hand_till),
            "reads": reader.n,
            "missing": reader.missing,
            "indeterminate": reader.indeterminate,
            "failures": reader.failures,
            "group": reader.group,
        }
        for reader in analysis.readers
    ]


def pair_table(study: StudyFacts, analysis: Analysis) -> list[Row]:
    """Return each AI against each reader on the cases both read, figure by figure: McNemar, Tango, Holm (see
    PAIRED).
    """
    several = len(analysis.study.ais) > 1
    rows: list[Row] = []
    for contest in analysis.ai_with_each_reader:
        pair = contest.pair
        rows.append(
            {
                "figure": study.figure_label(contest.figure),
                **({"AI": contest.ai} if several else {}),
                "reader": contest.reader,
                "arm": contest.arm or "–",
                "AI minus reader": points(pair.difference) if pair else f"– ({contest.reason})",
                "95 % interval": points_between(pair.ci) if pair else "–",
                "p (Holm)": p_text(contest.p_holm),
                "p (exact)": p_text(pair.p_exact) if pair else "–",
                "p (mid-p)": p_text(pair.p_midp) if pair else "–",
                "cases": pair.n if pair else 0,
                "only the AI right": pair.only_a if pair else None,
                "only the reader right": pair.only_b if pair else None,
            }
        )
    return rows


def ablation_table(runs: list[AiRun]) -> list[Row]:
    """Return sensitivity per class and accuracy of every run, with Wilson intervals; the study's own run is marked."""
    rows: list[Row] = []
    for run in runs:
        matrix = counts(run.truth, run.calls, len(run.labels))
        of_classes = class_figures(matrix, run.labels)[0]
        right = np.einsum("mii->m", matrix[:, :, : len(run.labels)])
        accuracy = proportions(right, matrix.sum(axis=(1, 2)), what="cases")[0]
        rows.append(
            {
                "run": run.name + (" (this study's)" if run.of_study else ""),
                "accuracy": with_interval(accuracy),
                **{f"sensitivity {each.label}": with_interval(each.sensitivity) for each in of_classes},
                "cases": accuracy.n,
                "rule": run.rule,
                "parameters": run.parameters,
            }
        )
    return rows


PANEL = Panel(
    address="metrics",
    title="Metrics",
    lead="Figures per class for the AI and each reader, as the paper's tables 2 and 3 have them.",
    icon=":material/table_chart:",
    group="Accuracy",
    blocks=blocks,
)
