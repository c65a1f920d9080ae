"""What a study committed itself to, and its verdict in words. Everything else is exploratory."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from core.results.grids import arm_shown, one_arm
from core.results.rows import StudyFacts
from core.stats.ai_failures import worst_ranked
from core.stats.analyse import Options
from core.stats.choices import Factor
from core.stats.comparisons import ai_with_groups, arms_compared, flag_of
from core.stats.confusion import FAILURE, INDETERMINATE, MISSING, Codes
from core.stats.estimate import Bools, Floats, Interval, StatsError
from core.stats.pairs import fixed_order, holm
from core.stats.reader_figures import ALL, cells_of, each_ai, members, sets_of, sub_cells
from core.stats.reads import ReadTable
from core.stats.standalone import Standalone, ai_against_readers, one_sided
from core.study.prespecification import ALL_READERS, ENDPOINTS, Prespecification, family_choices, tested_endpoints

ADJUSTED = {"holm": "Holm", "hierarchical": "fixed order"}


@dataclass(frozen=True, slots=True)
class Tested:
    """One prespecified endpoint: the difference (AI minus readers, or aided minus unaided) and its test.

    `p` is two-sided for superiority, one-sided for non-inferiority; `p_adjusted` is over the endpoints tested together,
    the same as `p` where there is one. All None where `reason` says why. `test` is None for aided against unaided.
    """

    endpoint: str
    figure: str
    difference: float | None
    ci: Interval | None
    p: float | None
    p_adjusted: float | None
    words: str
    method: str = ""
    test: Standalone | None = None
    reason: str | None = None
    only: str = ""  # that the readers are these only, where they are
    flag: str = ""  # what simulations say against the interval


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was prespecified, in words, and what came out; the primary endpoint is the first of `tested`.

    `adjustment` names how the p-values were adjusted, "" for one endpoint.
    """

    endpoint: str
    hypothesis: str
    words: str
    tested: tuple[Tested, ...] = ()
    adjustment: str = ""

    @property
    def test(self) -> Standalone | None:
        """The test of the primary endpoint against readers, where there is one."""
        return self.tested[0].test if self.tested else None


def options_of(study: StudyFacts) -> Options:
    """Return what the protocol fixes for the analysis: which reads count as too fast."""
    return Options(shortest=float(study.protocol.min_plausible_s))


def verdict_on(study: StudyFacts, table: ReadTable) -> Verdict:
    """Test what the study prespecified on the table of all its reads, by its own rules for reads without a diagnosis.

    With several endpoints the p-values are adjusted over all of them, by Holm 1979 or, tested in a fixed order, each by
    the largest p up to it; an endpoint that cannot be tested counts as one that was not shown (p = 1). The verdict
    follows the adjusted p-values.
    """
    plan = study.protocol.prespecification
    endpoint = endpoint_in_words(study, plan)
    if plan.hypothesis == "none":
        return Verdict(endpoint, "none", "Nothing was prespecified: every figure is exploratory.")
    tested = _tests(study, table, plan)
    adjust: Callable[[list[float]], tuple[float | None, ...]] = (
        fixed_order if plan.multiplicity == "hierarchical" else holm
    )
    adjusted = adjust([1.0 if test.p is None else test.p for test in tested])
    who = "The AI" if plan.comparison == "ai_vs_readers" else "Reading with the AI"
    judged = tuple(
        replace(test, p_adjusted=p if test.p is not None else None, words=test.words or _words(plan, who, test, p))
        for test, p in zip(tested, adjusted, strict=True)
    )
    return Verdict(
        endpoint,
        hypothesis_in_words(plan),
        judged[0].words,
        judged,
        ADJUSTED.get(plan.multiplicity, "") if len(judged) > 1 else "",
    )


def endpoint_in_words(study: StudyFacts, plan: Prespecification) -> str:
    """Return the primary endpoint with its class by label."""
    return name_in_words(study, tested_endpoints(plan)[0])


def name_in_words(study: StudyFacts, name: str) -> str:
    """Return an endpoint ("accuracy", "sensitivity covid") with its class by label."""
    kind, _, code = name.partition(" ")
    words = ENDPOINTS.get(kind, kind)
    return f"{words}: {study.label(code)}" if code else words


def hypothesis_in_words(plan: Prespecification) -> str:
    """Return what was to be shown, against whom, at which level."""
    who = "all readers" if plan.comparator == ALL_READERS else f"the group {plan.comparator}"
    what = f"the AI to {who}" if plan.comparison == "ai_vs_readers" else f"aided to unaided reading, {who}"
    margin = f", margin {margin_in_words(plan)}" if plan.margin is not None else ""
    return f"{plan.hypothesis} of {what}, alpha {plan.alpha:g}, readers {plan.readers}{margin}"


def margin_in_words(plan: Prespecification) -> str:
    """Return the margin in the unit in which the endpoint is shown."""
    if plan.margin is None:
        return ""
    area = plan.endpoint in ("auc", "macro_f1")
    return f"{plan.margin:g}" if area else f"{100 * plan.margin:g} percentage points"


def figure_names(plan: Prespecification) -> tuple[str, ...]:
    """Return the endpoints by the names the analysis has for them, the primary one first."""
    whole = {"balanced_accuracy": "balanced accuracy", "macro_f1": "macro F1"}
    return tuple(
        whole.get(name, name.replace("auc ", "AUC ", 1) if name.startswith("auc ") else name)
        for name in tested_endpoints(plan)
    )


def prespecified(study: StudyFacts, groups: list[str]) -> set[tuple[str, str]]:
    """Return (figure, group) of the comparisons of AI and `groups` that the study committed itself to."""
    plan = study.protocol.prespecification
    if plan.hypothesis == "none" or plan.comparison != "ai_vs_readers":
        return set()
    # with one group of readers the analysis has all readers under the name of that group
    everybody = ALL if ALL in groups else next(iter(groups), ALL)
    group = everybody if plan.comparator == ALL_READERS else plan.comparator
    return {(figure, group) for figure in figure_names(plan)}


def ruled(table: ReadTable, plan: Prespecification) -> ReadTable:
    """Return the table with the prespecified rules for missing and indeterminate reads applied to calls and ratings.

    What counts as wrong has the worst rank in an area; what is left out has no rating; a class of its own is never the
    right one (and has no rank: an area with it is refused in `_tests`).
    """

    def changed(codes: Codes, scores: Floats, lacking: Bools) -> tuple[Codes, Floats]:
        calls, ranked = codes.copy(), scores.copy()
        if plan.indeterminate == "excluded":
            calls[codes == INDETERMINATE] = MISSING
            ranked[codes == INDETERMINATE] = np.nan
        if plan.missing != "excluded":
            calls[lacking] = FAILURE if plan.missing == "wrong" else INDETERMINATE
        wrong = (codes == FAILURE) & np.isnan(scores).any(axis=-1)
        wrong |= (codes == INDETERMINATE) & (plan.indeterminate == "wrong")
        wrong |= lacking & (plan.missing == "wrong")
        return np.asarray(calls), worst_ranked(ranked, np.asarray(wrong), table.truth)

    arms = [changed(*arm) for arm in zip(table.prediction, table.scores, table.missing, strict=True)]
    made = table
    if arms:
        made = replace(
            made,
            prediction=np.array([prediction for prediction, _ in arms]),
            scores=np.array([score for _, score in arms]),
        )
    ais = []
    for ai in table.ais:
        calls, scores = changed(ai.prediction[None], ai.scores[None], ai.prediction[None] == MISSING)
        ais.append(replace(ai, prediction=calls[0], scores=scores[0]))
    return replace(made, ais=tuple(ais))


def _tests(study: StudyFacts, table: ReadTable, plan: Prespecification) -> list[Tested]:
    """Test every endpoint; the p-values are not adjusted yet, and words stand only where nothing could be tested."""
    known = family_choices({code: code for code in study.codes})
    ruled_table = ruled(table, plan)
    test_of = _of_ai if plan.comparison == "ai_vs_readers" else _of_arms
    made = []
    for name, figure in zip(tested_endpoints(plan), figure_names(plan), strict=True):
        endpoint = name_in_words(study, name)
        try:
            if name not in known:
                raise StatsError("this study has no such endpoint.")
            if figure.startswith("AUC ") and "own_class" in (plan.missing, plan.indeterminate):
                raise StatsError(
                    "a class of its own has no rank in an area; count such reads as wrong, or exclude them."
                )
            made.append(replace(test_of(ruled_table, plan, figure), endpoint=endpoint))
        except StatsError as error:
            why = str(error)
            made.append(Tested(endpoint, figure, None, None, None, None, f"No verdict: {why}", reason=why))
    return made


def _of_ai(table: ReadTable, plan: Prespecification, figure: str) -> Tested:
    table = one_arm(table, arm_shown(table))
    reads = sets_of(table)[0]
    if not reads.has_ai:
        raise StatsError("the study has no AI.")
    reads = each_ai(reads)[0]  # the study's first AI is the one its hypothesis is about
    people = [at for at, group in enumerate(reads.groups) if at and plan.comparator in (ALL_READERS, group)]
    if not people:
        raise StatsError(f"nobody of {plan.comparator} has locked a read.")
    # two readers cannot stand for readers at large: they are taken as fixed, and the words say so
    factor: Factor = "fixed" if plan.readers == "fixed" or len(people) < 3 else "random"
    cells = cells_of(reads, table, figure)
    test = ai_against_readers(
        sub_cells(cells, [0, *people]), readers_as=factor, margin=plan.margin, level=1 - plan.alpha
    )
    flag = flag_of(test, table, figure, r=len(people))
    if len(people) == 1 and plan.alpha == 0.05:  # one reader: Tango's interval, where the figure is a proportion
        group = next(name for name, at in members(reads) if at == people)
        both = ai_with_groups(reads, table, {figure: cells}, readers_as="fixed", margin=plan.margin)
        tango = next((contest for contest in both if contest.group == group and contest.result is not None), None)
        if tango is not None and tango.result is not None:
            test, flag = tango.result, tango.flag
    p = test.p_noninferior if plan.hypothesis == "non-inferiority" else test.p
    only = _only(plan, factor, len(people))
    return Tested("", figure, test.difference, test.ci, p, None, "", test.method, test, test.reason, only, flag)


def _of_arms(table: ReadTable, plan: Prespecification, figure: str) -> Tested:
    readers_as: Factor | None = "fixed" if plan.readers == "fixed" else None
    compared = arms_compared(sets_of(table), table, (figure,), readers_as=readers_as, level=1 - plan.alpha)
    wanted = ALL if plan.comparator == ALL_READERS else plan.comparator
    # with one group of readers the analysis has it under the name of all readers
    arms = next((arms for arms in compared if arms.group in (wanted, ALL)), None)
    if arms is None or arms.result is None:
        raise StatsError(arms.reason or "the figure does not exist." if arms else "nobody read in both arms.")
    difference = arms.result.differences[0]
    p = difference.p
    if plan.hypothesis == "non-inferiority":
        se = difference.se
        p = one_sided((difference.estimate + (plan.margin or 0.0)) / se, difference.df) if se else None
    method = f"Obuchowski-Rockette, {arms.result.covariance} covariance"
    only = _only(plan, arms.result.readers, arms.result.n_readers)
    estimate, reason = difference.estimate, difference.reason
    return Tested("", figure, estimate, difference.ci, p, None, "", method, None, reason, only)


def _only(plan: Prespecification, factor: Factor, readers: int) -> str:
    """Whom the verdict is about where readers are taken as they are, and why if the plan said otherwise."""
    if factor == "random":
        return ""
    these = "This reader" if readers == 1 else f"These {readers} readers"
    why = ""
    if plan.readers == "random":
        why = " Readers were prespecified as random, but fewer than three cannot stand for others: they count as fixed."
    return f" {these} only: no statement on others.{why}"


def _words(plan: Prespecification, who: str, test: Tested, p: float | None) -> str:
    """Return the verdict on one endpoint by its adjusted p, two-sided for superiority, else one-sided."""
    if p is None or test.p is None or test.difference is None:
        return f"No verdict: {test.reason or 'there is no test'}."
    if plan.hypothesis == "superiority":
        shown = p < plan.alpha
        said = "No difference shown." if not shown else f"{who} is {'superior' if test.difference > 0 else 'inferior'}."
    else:
        margin = f"at a margin of {margin_in_words(plan)}"
        shown = p < plan.alpha / 2
        said = f"{who} is non-inferior {margin}." if shown else f"Non-inferiority {margin} was not shown."
    return said + test.only
