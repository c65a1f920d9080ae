"""Tables of the whole analysis for people: per class, areas, agreement, switches, times and MRMC."""

from core.results.comparison import label_of
from core.results.draw.chart import percent, with_interval
from core.results.draw.text import Row, p_text, points
from core.results.rows import StudyFacts
from core.stats.analyse import Analysis
from core.stats.estimate import Estimate, Interval
from core.stats.mrmc import Mrmc
from core.stats.reader_figures import ReaderFigures
from core.stats.switches import Switches
from core.stats.times import TimeRatio


def class_table(study: StudyFacts, one: ReaderFigures) -> list[Row]:
    """Return table 3 of the paper for one reader or the AI: a row a class, each figure with its Wilson interval."""
    return [
        {
            "class": study.label(each.label),
            "cases": each.positives,
            "sensitivity": with_interval(each.sensitivity),
            "specificity": with_interval(each.specificity),
            "FPR": with_interval(each.fpr),
            "FNR": with_interval(each.fnr),
            "FDR": with_interval(each.fdr),
            "PPV": with_interval(each.ppv),
            "NPV": with_interval(each.npv),
            "F1": with_interval(each.f1),
        }
        for each in one.classes
    ]


def whole_table(study: StudyFacts, found: Analysis) -> list[Row]:
    """Return one row a reader and arm: counts and the figures of all classes together."""
    return [
        {
            "reader": one.reader,
            "group": one.group,
            "arm": one.arm or "–",
            "reads": one.n,
            "missing": one.missing,
            "indeterminate": one.indeterminate,
            "failures": one.failures,
            "accuracy": with_interval(one.accuracy),
            **{name: number(estimate) for name, estimate in one.figures},
            "AUC, Hand-Till": number(one.hand_till),
        }
        for one in found.readers
    ]


PAIRED = (
    "Paired by case: exact and mid-p McNemar, Tango's interval in percentage points; Holm over the readers of the arm, "
    "on the exact p. Undecided reads are wrong, missing ones leave the pair out. Exploratory unless prespecified."
)


def pair_table(study: StudyFacts, found: Analysis) -> list[Row]:
    """Return the AI against each reader on the cases both read, figure by figure: McNemar, Tango, Holm (see PAIRED)."""
    made: list[Row] = []
    for one in found.ai_with_each_reader:
        pair = one.pair
        low, high = pair.ci if pair else (None, None)
        made.append(
            {
                "figure": label_of(study, one.figure),
                "reader": one.reader,
                "arm": one.arm or "–",
                "cases": pair.n if pair else 0,
                "only the AI right": pair.only_a if pair else None,
                "only the reader right": pair.only_b if pair else None,
                "AI minus reader": points(pair.difference) if pair else f"– ({one.reason})",
                "95 % interval": f"{points(low)} to {points(high)}" if pair else "–",
                "p (exact)": p_text(pair.p_exact) if pair else "–",
                "p (mid-p)": p_text(pair.p_midp) if pair else "–",
                "p (Holm)": p_text(one.p_holm),
            }
        )
    return made


def agreement_table(found: Analysis) -> list[Row]:
    """Return Fleiss' kappa, AC1, alpha and Cochran's Q by group and arm."""
    return [
        {
            "group": one.group,
            "arm": one.arm or "–",
            "readers": len(one.result.readers),
            "cases": one.result.n,
            "share agreeing": percent(one.result.observed),
            "Fleiss' kappa": number(one.result.fleiss),
            "Gwet's AC1": number(one.result.ac1),
            "Krippendorff's alpha": number(one.result.alpha),
            "mean pairwise kappa": "–" if one.result.light is None else f"{one.result.light:.3f}",
            "Cochran's Q": "–" if one.result.cochran_q.q is None else f"{one.result.cochran_q.q:.2f}",
            "p": p_text(one.result.cochran_q.p) if one.result.cochran_q.p is not None else one.result.cochran_q.reason,
        }
        for one in found.agreement
    ]


def switch_table(rows: tuple[Switches, ...]) -> list[Row]:
    """Return switches of readers or groups: counts and shares with intervals."""
    return [
        {
            "": one.name,
            "reads in both arms": one.reads,
            "right to wrong": one.right_to_wrong,
            "wrong to right": one.wrong_to_right,
            "to the AI's wrong call": with_interval(one.automation_bias),
            "of chances": one.automation_bias.n,
            "to the AI's right call": with_interval(one.good_advice),
            "of": one.good_advice.n,
            "net change, points": _points(one.net),
            "p (McNemar, exact)": p_text(one.p_exact),
            "note": one.note,
        }
        for one in rows
    ]


def time_ratio_table(found: Analysis) -> list[Row]:
    """Return ratios of reading times: of arms by reader and over readers, and of groups."""
    return [
        {
            "who": one.who,
            "compared": f"{one.a} / {one.b}",
            "arm": one.arm or "–",
            "ratio of geometric means": ratio(one.ratio),
            "p": p_text(one.ratio.p),
            "Wilcoxon p": p_text(one.ratio.wilcoxon_p),
            "n": one.ratio.n,
            "method": one.ratio.method if one.ratio.reason is None else f"{one.ratio.method}; {one.ratio.reason}",
        }
        for one in found.times
    ]


def fatigue_table(found: Analysis) -> list[Row]:
    """Return what position in the reading order did to time and accuracy, by arm."""
    return [
        {
            "arm": arm,
            "readers": one.readers,
            "time, per 10 cases further on": number(one.time_ratio_per_10, sign="×"),
            "accuracy, last minus first third": _points(one.accuracy_change),
            "method": one.time_ratio_per_10.method,
            "no interval": one.accuracy_change.reason or one.time_ratio_per_10.reason or "",
        }
        for arm, one in found.fatigue
    ]


def mrmc_tables(found: Mrmc) -> dict[str, list[Row]]:
    """Return treatments, differences, the test and the variance components of one MRMC analysis."""
    parts = found.components
    return {
        "Means": [
            {
                "arm": one.treatment,
                "mean": _plain(one.estimate),
                "95 % interval": span(one.ci, reason=one.reason),
                "SE": _plain(one.se),
            }
            for one in found.treatments
        ],
        "Differences": [
            {
                "difference": f"{one.a} minus {one.b}",
                "estimate": _plain(one.estimate),
                "95 % interval": span(one.ci),
                "SE": _plain(one.se),
                "df": "–" if one.df is None else f"{one.df:.1f}",
                "p": p_text(one.p),
                "note": one.reason or "",
            }
            for one in found.differences
        ],
        "Test that all arms are equal": [
            {
                "statistic": found.test.statistic,
                "value": _plain(found.test.value),
                "df1": _plain(found.test.df1),
                "df2": _plain(found.test.df2),
                "p": p_text(found.test.p),
                "note": found.test.reason or "",
            }
        ],
        "Variance components": [
            {"component": name, "estimate": _plain(value, digits=6)}
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


def arm_table(study: StudyFacts, found: Analysis) -> list[Row]:
    """Return aided minus unaided on every figure, for all readers and each group."""
    made: list[Row] = []
    for one in found.arms_compared:
        for gap in one.result.differences if one.result else ():
            made.append(
                {
                    "figure": label_of(study, one.figure),
                    "group": one.group,
                    "difference": f"{gap.a} minus {gap.b}",
                    "estimate": _plain(gap.estimate),
                    "95 % interval": span(gap.ci, reason=gap.reason),
                    "p": p_text(gap.p),
                    "readers": "these readers only" if one.result and one.result.readers == "fixed" else "random",
                }
            )
    return made


def group_difference_table(study: StudyFacts, found: Analysis) -> list[Row]:
    """Return groups of readers against each other, later minus earlier; readers nested in groups."""
    made: list[Row] = []
    for one in found.groups_compared:
        if one.result is None:
            continue
        for gap in one.result.differences:
            made.append(
                {
                    "figure": label_of(study, one.figure),
                    "arm": one.arm or "–",
                    "difference": f"{gap.a} minus {gap.b}",
                    "estimate": _plain(gap.estimate),
                    "95 % interval": span(gap.ci, reason=gap.reason),
                    "p": p_text(gap.p),
                    "readers": "these readers only" if one.readers_as == "fixed" else "random",
                }
            )
    return made


def number(estimate: Estimate, *, sign: str = "") -> str:
    """Return a figure with three decimals and its interval, or the reason why there is none."""
    if estimate.value is None:
        return f"– ({estimate.reason})" if estimate.reason else "–"
    spread = "" if estimate.ci is None else f" ({estimate.ci[0]:.3f} to {estimate.ci[1]:.3f})"
    return f"{sign}{estimate.value:.3f}{spread}"


def ratio(found: TimeRatio) -> str:
    """Return a ratio of times with its interval."""
    if found.ratio is None:
        return f"– ({found.reason})"
    return f"×{found.ratio:.2f}" + ("" if found.ci is None else f" ({found.ci[0]:.2f} to {found.ci[1]:.2f})")


def span(ci: Interval | None, *, reason: str | None = None) -> str:
    """Return an interval with three decimals, or the reason why there is none."""
    if ci is None:
        return f"– ({reason})" if reason else "–"
    return f"{ci[0]:.3f} to {ci[1]:.3f}".replace("-", "−")


def _plain(value: float | None, *, digits: int = 3) -> str:
    return "–" if value is None else f"{value:.{digits}f}".replace("-", "−")


def _points(estimate: Estimate) -> str:
    if estimate.value is None:
        return f"– ({estimate.reason})"
    return points(estimate.value) + (
        "" if estimate.ci is None else f" ({points(estimate.ci[0])} to {points(estimate.ci[1])})"
    )
