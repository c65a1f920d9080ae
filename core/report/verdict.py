"""The one comparison a study committed itself to, and its verdict in words. Everything else is exploratory."""

from dataclasses import dataclass

import numpy as np

from core.errors import ParallaxError
from core.report.grids import Grid, grid_of
from core.report.rows import StudyFacts, StudyRows
from core.stats.confusion import FAILURE, INDETERMINATE, MISSING, Codes, class_cells, figure_cells
from core.stats.estimate import StatsError
from core.stats.figures import Cells, auc_cells, proportion_cells
from core.stats.obuchowski_rockette import Factor
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
    if plan.hypothesis == "none" or plan.comparison != "ai_vs_readers":
        kind = "none" if plan.hypothesis == "none" else "aided against unaided, on the page MRMC"
        return Verdict(endpoint, kind, "Nothing was prespecified for AI against readers: every figure is exploratory.")
    against = "all readers" if plan.comparator == ALL_READERS else f"the group {plan.comparator}"
    hypothesis = f"{plan.hypothesis} of the AI to {against}, alpha {plan.alpha:g}, readers {plan.readers}"
    if plan.margin is not None:
        hypothesis += f", margin {plan.margin:g}"
    try:
        test = _test(rows, plan)
    except StatsError as error:
        return Verdict(endpoint, hypothesis, f"No verdict: {error}")
    return Verdict(endpoint, hypothesis, _words(plan, test), test)


def endpoint_in_words(study: StudyFacts, plan: Prespecification) -> str:
    """Return the primary endpoint with its class by label."""
    name = ENDPOINTS[plan.endpoint]
    return f"{name}: {study.label(plan.endpoint_class)}" if plan.endpoint_class else name


def endpoint_cells(rows: StudyRows, grid: Grid, members: list[int], plan: Prespecification) -> Cells:
    """Return the primary endpoint of some participants with its covariance; raises StatsError where it has none."""
    calls = ruled(grid, plan)[members]
    codes = rows.study.codes
    target = codes.index(plan.endpoint_class) if plan.endpoint_class in codes else -1
    if plan.endpoint == "accuracy":
        correct = (calls == grid.truth[None, :]).astype(float)
        correct[calls == MISSING] = np.nan
        return proportion_cells(correct)
    if plan.endpoint in ("sensitivity", "specificity"):
        return class_cells(grid.truth, calls, plan.endpoint, target=target)
    if plan.endpoint == "auc":
        return auc_cells(grid.scores[members, :, target], grid.truth == target)
    return figure_cells(grid.truth, calls, plan.endpoint.replace("_f1", " F1").replace("_", " "), classes=len(codes))


def ruled(grid: Grid, plan: Prespecification) -> Codes:
    """Return the calls with the prespecified rules for missing and indeterminate reads applied."""
    calls = grid.calls.copy()
    if plan.indeterminate == "excluded":
        calls[grid.calls == INDETERMINATE] = MISSING
    if plan.missing == "wrong":
        calls[grid.calls == MISSING] = FAILURE
    return calls


def _test(rows: StudyRows, plan: Prespecification) -> Standalone:
    grid = grid_of(rows)
    if grid.ai is None:
        raise StatsError("the study has no AI.")
    members = grid.readers if plan.comparator == ALL_READERS else grid.members(plan.comparator)
    if not members:
        raise StatsError(f"nobody of {plan.comparator} has locked a read.")
    # two readers cannot stand for readers at large: they are taken as fixed, and the words say so
    readers_as: Factor = "fixed" if plan.readers == "fixed" or len(members) < 3 else "random"
    cells = endpoint_cells(rows, grid, [grid.ai, *members], plan)
    return ai_against_readers(cells, readers_as=readers_as, margin=plan.margin, level=1 - plan.alpha)


def _words(plan: Prespecification, test: Standalone) -> str:
    only = (
        ""
        if test.readers_as == "random"
        else f" These {len(test.reader_figures)} readers only: no statement on others."
    )
    if test.ci is None:
        return f"No verdict: {test.reason}.{only}"
    margin = 100 * (plan.margin or 0.0)
    if plan.hypothesis == "superiority":
        if test.ci[0] > 0:
            return f"The AI is superior.{only}"
        return f"{'The AI is inferior' if test.ci[1] < 0 else 'No difference shown'}.{only}"
    if test.p_noninferior is not None and test.p_noninferior < plan.alpha / 2:
        return f"The AI is non-inferior at a margin of {margin:g} percentage points.{only}"
    return f"Non-inferiority at a margin of {margin:g} percentage points was not shown.{only}"
