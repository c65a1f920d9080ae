"""MRMC: what the design is, what is assumed, variance components and tests; aided against unaided, and groups."""

from collections.abc import Iterator

from core.results import gaps
from core.results.blocks import Block, Choice, Gap, Heading, Note, Row, Surface, Table
from core.results.draw.prespecified import verdict_blocks
from core.results.draw.text import gap_of, gap_span_of, is_share, p_text, plain, span_of, value_of
from core.results.panels.panel import Panel
from core.results.rows import StudyFacts
from core.results.study_results import StudyResults
from core.results.verdict import figure_names
from core.stats.analyse import Analysis
from core.stats.comparisons import ArmComparison
from core.stats.mrmc import Mrmc

ASSUMED = (
    "Obuchowski & Rockette 1995 with the degrees of freedom of Hillis 2007: readers' figures vary about their arm's "
    "mean, errors are correlated through the cases (jackknife covariance). Readers are taken as a random sample from "
    "three on, below that as these readers only. Missing reads: each figure uses the cases its reader read, "
    "covariances those that two figures share."
)
UNITS = "Shares in percentage points; areas, F1 and kappas as they are."
NESTED = "Readers nested in groups (Hillis 2014, corrected multiplier); later minus earlier group. Exploratory."


def blocks(results: StudyResults, surface: Surface) -> Iterator[Block]:
    """Yield the arms' comparison and the groups'."""
    analysis, study = results.analysis, results.study
    plan = study.protocol.prespecification
    yield Heading("Aided against unaided")
    yield from mrmc_gaps(results)
    if analysis.arms_compared and plan.comparison == "aided_vs_unaided" and plan.hypothesis != "none":
        if not surface.paper:
            yield from verdict_blocks(results)
    elif analysis.arms_compared:
        yield Note("Not prespecified: every test here is exploratory.")
    if any(comparison.result for comparison in analysis.arms_compared):
        yield Table("arms", arm_table(study, analysis), f"Aided minus unaided, on every figure. {UNITS}", ASSUMED)
        figures = tuple(dict.fromkeys(comparison.figure for comparison in analysis.arms_compared))
        primary = next((name for name in figure_names(plan) if name in figures), figures[0])
        choice = Choice("figure", "Figure of merit", figures, (primary,), named=study.figure_label, look="list")
        for figure in surface.choose(choice):
            for comparison in analysis.arms_compared:
                if comparison.figure == figure:
                    yield from _in_full(study, comparison)
    rows = group_difference_table(study, analysis)
    if rows:
        yield Heading("Groups of readers")
        yield Table("groups", rows, UNITS, NESTED)


def mrmc_gaps(results: StudyResults) -> list[Gap]:
    """Return what comparing arms and groups lacks."""
    analysis = results.analysis
    found = gaps.few_people(results)
    if not analysis.arms_compared:
        remedy = "It takes a sequential or crossover design, with the AI shown in one of the arms."
        found.append(Gap("These reads have one arm only.", remedy))
    elif not any(comparison.result for comparison in analysis.arms_compared):
        why = next(
            (comparison.reason for comparison in analysis.arms_compared if comparison.reason),
            "no reader read in every arm",
        )
        remedy = "It takes at least two cases that the same readers read in both arms."
        found.append(Gap(f"No figure could be compared between arms: {why}", remedy))
    found += gaps.no_ratings(analysis) if analysis.arms_compared else []
    if len({group for _, group in analysis.study.readers}) < 2:
        remedy = "Two groups that read the same cases fill the table of groups."
        found.append(Gap("There is one group of readers only.", remedy))
    return found


def _in_full(study: StudyFacts, comparison: ArmComparison) -> Iterator[Block]:
    yield Heading(f"{study.figure_label(comparison.figure)}, {comparison.group}")
    if comparison.result is None:
        yield Gap(comparison.reason or "This figure does not exist.", "It takes readers with cases in both arms.")
        return
    who = "random readers" if comparison.result.readers == "random" else "these readers only"
    yield Note(
        f"{comparison.result.design}, {comparison.result.n_readers} readers ({who}); "
        f"{comparison.result.covariance} covariance."
    )
    for name, rows in mrmc_tables(comparison.result).items():
        yield Table(f"mrmc-{comparison.group}-{name}", rows, name)
    for sentence in comparison.result.notes:
        yield Note(sentence)


def mrmc_tables(result: Mrmc) -> dict[str, list[Row]]:
    """Return treatments, differences, the test and the variance components of one MRMC analysis."""
    parts, test = result.components, result.test
    return {
        "Means": [
            {
                "arm": mean.treatment,
                "mean": value_of(result.metric, mean.estimate),
                "95 % interval": span_of(result.metric, mean.ci, reason=mean.reason),
                "SE": _error(result.metric, mean.se),
            }
            for mean in result.treatments
        ],
        "Differences": [
            {
                "difference": f"{difference.a} minus {difference.b}",
                "estimate": gap_of(result.metric, difference.estimate),
                "95 % interval": gap_span_of(result.metric, difference.ci),
                "SE": _error(result.metric, difference.se),
                "df": plain(difference.df, digits=1),
                "p": p_text(difference.p),
                "note": difference.reason or "",
            }
            for difference in result.differences
        ],
        "Test that all arms are equal": [
            {
                "statistic": test.statistic,
                "value": plain(test.value),
                "df1": plain(test.df1),
                "df2": plain(test.df2),
                "p": p_text(test.p),
                "note": test.reason or "",
            }
        ],
        "Variance components": [
            {"component": name, "estimate": plain(value, digits=6)}
            for name, value in (
                ("error variance", parts.var),
                ("Cov1: same reader, other arm", parts.cov1),
                ("Cov2: other reader, same arm", parts.cov2),
                ("Cov3: other reader, other arm", parts.cov3),
                ("MS(T)", parts.ms_t),
                ("MS(R)", parts.ms_r),
                ("MS(T:R)", parts.ms_tr),
                ("reader", parts.var_r),
                ("arm x reader", parts.var_tr),
            )
        ],
    }


def _error(figure: str, value: float | None) -> str:
    """A standard error in the unit of its figure."""
    return plain(None if value is None else 100 * value, digits=1) if is_share(figure) else plain(value)


def arm_table(study: StudyFacts, analysis: Analysis) -> list[Row]:
    """Return aided minus unaided on every figure, for all readers and each group."""
    return [
        {
            "figure": study.figure_label(comparison.figure),
            "group": comparison.group,
            "difference": f"{gap.a} minus {gap.b}",
            "estimate": gap_of(comparison.figure, gap.estimate),
            "95 % interval": gap_span_of(comparison.figure, gap.ci, reason=gap.reason),
            "p": p_text(gap.p),
            "readers": "these readers only" if comparison.result.readers == "fixed" else "random",
        }
        for comparison in analysis.arms_compared
        if comparison.result
        for gap in comparison.result.differences
    ]


def group_difference_table(study: StudyFacts, analysis: Analysis) -> list[Row]:
    """Return groups of readers against each other, later minus earlier; readers nested in groups."""
    return [
        {
            "figure": study.figure_label(comparison.figure),
            "arm": comparison.arm or "–",
            "difference": f"{gap.a} minus {gap.b}",
            "estimate": gap_of(comparison.figure, gap.estimate),
            "95 % interval": gap_span_of(comparison.figure, gap.ci, reason=gap.reason),
            "p": p_text(gap.p),
            "readers": "these readers only" if comparison.readers_as == "fixed" else "random",
        }
        for comparison in analysis.groups_compared
        if comparison.result
        for gap in comparison.result.differences
    ]


PANEL = Panel(
    address="mrmc",
    title="MRMC",
    lead="Many readers, many cases: arms and groups compared with both sources of variation.",
    icon=":material/functions:",
    group="ROC",
    blocks=blocks,
)
