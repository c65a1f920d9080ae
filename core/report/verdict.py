"""The one comparison a study committed itself to, and its verdict in words. Everything else is exploratory."""

from dataclasses import dataclass, replace

import numpy as np

from core.errors import ParallaxError
from core.report.grids import arm_shown, read_table
from core.report.rows import ARMS, StudyFacts, StudyRows
from core.stats.comparisons import ai_with_groups, arms_compared
from core.stats.confusion import FAILURE, INDETERMINATE, MISSING, Codes
from core.stats.estimate import Interval, StatsError
from core.stats.obuchowski_rockette import Factor
from core.stats.reader_figures import ALL, cells_of, members, sets_of, sub_cells
from core.stats.reads import ReadTable
from core.stats.standalone import Standalone, ai_against_readers
from core.study.prespecification import ALL_READERS, ENDPOINTS, Prespecification
from core.study.protocol import Protocol


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was prespecified, in words, and what came out; `test` is None where nothing could be tested."""

    endpoint: str
    hypothesis: str
    words: str
    test: Standalone | None = None


def protocol_of(study: StudyFacts) -> Protocol:
    """Return the study's protocol; one that cannot be read counts as an empty one, so that results still show."""
    try:
        return Protocol.from_json(study.protocol)
    except ParallaxError:
        return Protocol()


def verdict(rows: StudyRows) -> Verdict:
    """Test what the study prespecified on all its rows, by its own rules for reads without a diagnosis."""
    study = rows.study
    plan = protocol_of(study).prespecification
    endpoint = endpoint_in_words(study, plan)
    if plan.hypothesis == "none":
        return Verdict(endpoint, "none", "Nothing was prespecified: every figure is exploratory.")
    test = _ai_test if plan.comparison == "ai_vs_readers" else _arms_test
    try:
        return test(rows, plan, Verdict(endpoint, hypothesis_in_words(plan), ""))
    except StatsError as error:
        return Verdict(endpoint, hypothesis_in_words(plan), f"No verdict: {error}")


def endpoint_in_words(study: StudyFacts, plan: Prespecification) -> str:
    """Return the primary endpoint with its class by label."""
    name = ENDPOINTS[plan.endpoint]
    return f"{name}: {study.label(plan.endpoint_class)}" if plan.endpoint_class else name


def hypothesis_in_words(plan: Prespecification) -> str:
    """Return what was to be shown, against whom, at which level."""
    who = "all readers" if plan.comparator == ALL_READERS else f"the group {plan.comparator}"
    what = f"the AI to {who}" if plan.comparison == "ai_vs_readers" else f"aided to unaided reading, {who}"
    margin = "" if plan.margin is None else f", margin {plan.margin:g}"
    return f"{plan.hypothesis} of {what}, alpha {plan.alpha:g}, readers {plan.readers}{margin}"


def figure_name(plan: Prespecification) -> str:
    """Return the primary endpoint by the name the analysis has for it."""
    whole = {"accuracy": "accuracy", "balanced_accuracy": "balanced accuracy", "macro_f1": "macro F1", "auc": "AUC"}
    name = whole.get(plan.endpoint, plan.endpoint)
    return f"{name} {plan.endpoint_class}" if plan.endpoint_class else name


def ruled(table: ReadTable, plan: Prespecification) -> ReadTable:
    """Return the table with the prespecified rules for missing and indeterminate reads applied."""

    def changed(codes: Codes) -> Codes:
        made = codes.copy()
        if plan.indeterminate == "excluded":
            made[codes == INDETERMINATE] = MISSING
        if plan.missing == "wrong":
            made[codes == MISSING] = FAILURE
        return np.asarray(made)

    machine = None if table.ai_prediction is None else changed(table.ai_prediction)
    return replace(table, prediction=changed(table.prediction), ai_prediction=machine)


def _ai_test(rows: StudyRows, plan: Prespecification, said: Verdict) -> Verdict:
    arm = ARMS.index(arm_shown(rows))
    table = ruled(read_table(rows.take((rows.arm == arm) | rows.is_ai)), plan)
    reads = sets_of(table)[0]
    if not reads.has_ai:
        raise StatsError("the study has no AI.")
    people = [at for at, group in enumerate(reads.groups) if at and plan.comparator in (ALL_READERS, group)]
    if not people:
        raise StatsError(f"nobody of {plan.comparator} has locked a read.")
    # two readers cannot stand for readers at large: they are taken as fixed, and the words say so
    factor: Factor = "fixed" if plan.readers == "fixed" or len(people) < 3 else "random"
    cells = cells_of(reads, table, figure_name(plan))
    found = ai_against_readers(
        sub_cells(cells, [0, *people]), readers_as=factor, margin=plan.margin, level=1 - plan.alpha
    )
    if len(people) == 1 and plan.alpha == 0.05:  # one reader: Tango's interval, where the figure is a proportion
        group = next(name for name, at in members(reads) if at == people)
        both = ai_with_groups(reads, table, {figure_name(plan): cells}, readers_as="fixed", margin=plan.margin)
        found = next((one.result for one in both if one.group == group and one.result), found)
    clears = found.p_noninferior is not None and found.p_noninferior < plan.alpha / 2
    words = _words(plan, "The AI", found.ci, found.reason, clears=clears)
    return Verdict(said.endpoint, said.hypothesis, words + _only(factor, len(people)), found)


def _arms_test(rows: StudyRows, plan: Prespecification, said: Verdict) -> Verdict:
    table = ruled(read_table(rows), plan)
    readers_as: Factor | None = "fixed" if plan.readers == "fixed" else None
    found = arms_compared(sets_of(table), table, (figure_name(plan),), readers_as=readers_as)
    wanted = ALL if plan.comparator == ALL_READERS else plan.comparator
    # with one group of readers the analysis has it under the name of all readers
    one = next((one for one in found if one.group in (wanted, ALL)), None)
    if one is None or one.result is None:
        raise StatsError(one.reason or "the figure does not exist." if one else "nobody read in both arms.")
    gap = one.result.differences[0]
    clears = gap.ci is not None and plan.margin is not None and gap.ci[0] > -plan.margin
    words = _words(plan, "Reading with the AI", gap.ci, gap.reason, clears=clears)
    if plan.alpha != 0.05:
        words += " The interval is of 95 %, not of the prespecified alpha."
    return Verdict(said.endpoint, said.hypothesis, words + _only(one.result.readers, one.result.n_readers))


def _only(factor: Factor, readers: int) -> str:
    return "" if factor == "random" else f" These {readers} readers only: no statement on others."


def _words(plan: Prespecification, who: str, ci: Interval | None, reason: str | None, *, clears: bool) -> str:
    """Return the verdict of an interval of `who` minus the other side; `clears` the margin, one-sided."""
    if ci is None:
        return f"No verdict: {reason}."
    if plan.hypothesis == "superiority":
        return f"{who} is superior." if ci[0] > 0 else f"{who} is inferior." if ci[1] < 0 else "No difference shown."
    margin = 100 * (plan.margin or 0.0)
    if clears:
        return f"{who} is non-inferior at a margin of {margin:g} percentage points."
    return f"Non-inferiority at a margin of {margin:g} percentage points was not shown."
