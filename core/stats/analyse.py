"""The whole analysis of a study's long table: one function for the command line, the results pages and the report."""

import math
from dataclasses import dataclass, replace

import numpy as np

from core.stats.agreement import Agreement, agreement
from core.stats.agreement_clusters import over_clusters
from core.stats.ai_failures import RULES, AiFailures, FailedAreas, failed, failed_areas, under_rule
from core.stats.ai_pairs import AiContest, ais_compared
from core.stats.bootstrap import check_bootstrap
from core.stats.choices import Factor
from core.stats.comparisons import (
    AiComparison,
    AreaPair,
    ArmComparison,
    GroupComparison,
    ProportionPair,
    ai_with_groups,
    arms_compared,
    groups_compared,
    with_each_reader,
)
from core.stats.confusion import FAILURE, INDETERMINATE, MISSING
from core.stats.course import CaseFigure, Drift, TooFast, case_figures, drifts, too_fast
from core.stats.estimate import StatsError, to_plain
from core.stats.figures import Cells
from core.stats.group_curves import GroupCurve, group_curves
from core.stats.group_figures import GroupFigures, group_figures
from core.stats.incomplete import IncompleteComparison, incomplete_arms
from core.stats.intra_reader import IntraReader, intra_reader
from core.stats.models import ModelCheck, model_checks
from core.stats.reader_figures import (
    ReaderFigures,
    Set,
    cells_of_people,
    cells_or_error,
    each_ai,
    figure_names,
    members,
    reader_figures,
    sets_of,
)
from core.stats.reads import Exclusion, ReadTable
from core.stats.score_figures import ScoreFigures, score_figures
from core.stats.secondary import Secondary, secondary
from core.stats.sensitivity import Sensitivity, other_rules
from core.stats.standalone import check_margin
from core.stats.switches import Switches, switches
from core.stats.threads import one_thread
from core.stats.time_comparisons import TimeComparison, fatigue_of, times_compared
from core.stats.times import Fatigue


@dataclass(frozen=True, slots=True)
class Options:
    """What a protocol fixes. `readers_as` None: random from three readers on. `ordered`: classes have an order, so that
    weighted kappas make sense. `margin`: non-inferiority margin in units of each figure. `bootstrap`: resamples of the
    secondary two-way bootstrap, 0 for none, from `seed`. `ai_failures`: what an area of the AI against readers does
    with cases on which the AI failed. `shortest`: seconds below which a read is called too fast. `models`: also a mixed
    model of log times and GEE, as checks.
    """

    readers_as: Factor | None = None
    margin: float | None = None
    ordered: bool = False
    bootstrap: int = 0
    seed: int = 1
    shortest: float = 5.0
    ai_failures: AiFailures = "common"
    models: bool = False


@dataclass(frozen=True, slots=True)
class StudySummary:
    """What was analysed and what was not, with reasons."""

    cases: int
    classes: tuple[str, ...]
    cases_by_class: tuple[int, ...]
    readers: tuple[tuple[str, str], ...]  # name, group
    arms: tuple[str, ...]
    ai: bool
    ais: tuple[str, ...]
    reads: int
    missing: int
    indeterminate: int
    failures: int
    exclusions: tuple[Exclusion, ...]


@dataclass(frozen=True, slots=True)
class NamedAgreement:
    """Agreement within a group, or of all readers, in one arm."""

    group: str
    arm: str
    result: Agreement


@dataclass(frozen=True, slots=True)
class Analysis:
    """Every figure of a study. Differences are AI minus readers, aided minus unaided, later minus earlier group or AI.

    `ai_with_each_reader` and the like say which AI they are of; `ais_compared` has rows where there are several.
    """

    study: StudySummary
    readers: tuple[ReaderFigures, ...]
    groups: tuple[GroupFigures, ...]
    group_curves: tuple[GroupCurve, ...]
    ai_with_each_reader: tuple[ProportionPair, ...]
    ai_areas_with_each_reader: tuple[AreaPair, ...]
    ai_with_groups: tuple[AiComparison, ...]
    groups_compared: tuple[GroupComparison, ...]
    arms_compared: tuple[ArmComparison, ...]
    agreement: tuple[NamedAgreement, ...]
    switches: tuple[Switches, ...]
    group_switches: tuple[Switches, ...]
    times: tuple[TimeComparison, ...]
    fatigue: tuple[tuple[str, Fatigue], ...]  # by arm
    drifts: tuple[Drift, ...]
    too_fast: tuple[TooFast, ...]
    cases: tuple[CaseFigure, ...]
    sensitivity: tuple[Sensitivity, ...]
    notes: tuple[str, ...]
    secondary: tuple[Secondary, ...] = ()
    ai_failures: tuple[FailedAreas, ...] = ()  # areas under every rule, where the AI failed on cases
    ais_compared: tuple[AiContest, ...] = ()
    scores: tuple[ScoreFigures, ...] = ()  # calibration line, net benefit, partial area
    intra_reader: tuple[IntraReader, ...] = ()  # each reader with themselves in another arm
    incomplete_arms: tuple[IncompleteComparison, ...] = ()  # where readers read some of the cases each
    models: tuple[ModelCheck, ...] = ()  # where asked for: checks by mixed model and GEE

    def to_dict(self) -> dict[str, object]:
        """Plain dicts, lists and numbers ready for JSON; what does not exist is None beside its reason, never NaN."""
        return {name: to_plain(getattr(self, name)) for name in Analysis.__slots__}


def analyse(table: ReadTable, *, options: Options | None = None) -> Analysis:
    """All that applies to a table of reads. Pure: the same table gives the same numbers.

    Undecided reads and AI failures count as incorrect; missing reads are left out of the denominators, counted, and
    examined under `sensitivity`. PPV and NPV hold at the study's prevalence. Raises StatsError for a table without
    readers and AI.
    """
    if not table.readers and not table.ais:
        raise StatsError("There are no reads to analyse.")
    chosen = options or Options()
    check_margin(chosen.margin)
    check_bootstrap(chosen.bootstrap, chosen.seed)
    if not 0 <= chosen.shortest < math.inf:
        raise StatsError("The shortest plausible time must be a number of seconds of 0 or more.")
    with one_thread():
        return _analysis(table, chosen)


def _analysis(table: ReadTable, chosen: Options) -> Analysis:
    sets = sets_of(table)
    names = figure_names(table, ordered=chosen.ordered)
    readers: list[ReaderFigures] = []
    groups: list[GroupFigures] = []
    pairs: list[ProportionPair] = []
    areas: list[AreaPair] = []
    against: list[AiComparison] = []
    nested: list[GroupComparison] = []
    agreements: list[NamedAgreement] = []
    sensitivity: list[Sensitivity] = []
    means: list[GroupCurve] = []
    failures: list[FailedAreas] = []
    for k, reads in enumerate(sets):
        figures = reader_figures(reads, table, ordered=chosen.ordered)
        readers += [
            replace(f, arm="") if i < reads.ais else f for i, f in enumerate(figures) if i >= reads.ais or not k
        ]
        means += group_curves(reads, figures)
        singles = each_ai(reads) or (reads,)
        base, cells = singles[0], cells_of_people(singles[0], table, names)
        groups += group_figures(base, table, cells, readers_as=chosen.readers_as)
        nested += groups_compared(base, table, cells, readers_as=chosen.readers_as)
        for one in singles:
            proportions, curves = with_each_reader(one, table)
            pairs += proportions
            areas += curves
            ruled = under_rule(one, table.truth, chosen.ai_failures)
            own = {n: cells_or_error(ruled, table, n) if _stale(n, c, ruled, base) else c for n, c in cells.items()}
            against += ai_with_groups(ruled, table, own, readers_as=chosen.readers_as, margin=chosen.margin)
            failures += failed_areas(one, table, names, chosen=chosen.ai_failures, readers_as=chosen.readers_as,
                                     margin=chosen.margin)  # fmt: skip
            sensitivity += other_rules(one, table)
        agreements += _agreements(reads, table, ordered=chosen.ordered)
    single, grouped = _switches(table)
    return Analysis(
        study=summary(table),
        readers=tuple(readers),
        groups=tuple(groups),
        group_curves=tuple(means),
        ai_with_each_reader=tuple(pairs),
        ai_areas_with_each_reader=tuple(areas),
        ai_with_groups=tuple(against),
        groups_compared=tuple(nested),
        arms_compared=arms_compared(sets, table, names, readers_as=chosen.readers_as),
        agreement=tuple(agreements),
        switches=single,
        group_switches=grouped,
        times=times_compared(sets, table),
        fatigue=tuple((arm, f) for k, arm in enumerate(table.arms) if (f := fatigue_of(table, k)) is not None),
        drifts=drifts(table),
        too_fast=too_fast(table, shortest=chosen.shortest),
        cases=case_figures(table),
        sensitivity=tuple(sensitivity),
        notes=notes_of(table, sets, ai_failures=chosen.ai_failures),
        ai_failures=tuple(failures),
        ais_compared=ais_compared(sets[0], table, names, against, rule=chosen.ai_failures, margin=chosen.margin)
        if sets
        else (),
        secondary=secondary(sets, table, repeats=chosen.bootstrap, seed=chosen.seed),
        scores=score_figures(sets, table),
        intra_reader=intra_reader(sets, table),
        incomplete_arms=incomplete_arms(sets, table, names),
        models=model_checks(sets, table) if chosen.models else (),
    )


def _stale(name: str, cells: Cells | StatsError, ruled: Set, base: Set) -> bool:
    """Whether the first AI's cells are not those of the set `ruled`; its rule changes areas only."""
    if ruled.names[:1] != base.names[:1] or (ruled.scores is not base.scores and name.startswith("AUC ")):
        return True
    return isinstance(cells, Cells) and bool(np.isnan(cells.theta[: base.ais]).any())


def summary(table: ReadTable) -> StudySummary:
    """Counts of cases, readers and reads, the AI's included, and what was left out."""
    parts = [table.prediction[k][(table.prediction[k] != MISSING).any(axis=1)] for k in range(len(table.arms))]
    parts += [ai.prediction[None, :] for ai in table.ais]
    codes = np.concatenate([part.ravel() for part in parts])
    unmade = sum(int((ai.prediction == MISSING).sum()) for ai in table.ais)
    for k in range(len(table.arms)):
        present = (table.prediction[k] != MISSING).any(axis=1)
        unmade += int(table.missing[k][present].sum())
    return StudySummary(
        cases=len(table.cases),
        classes=table.classes,
        cases_by_class=tuple(int((table.truth == c).sum()) for c in range(len(table.classes))),
        readers=tuple(zip(table.readers, table.groups, strict=True)),
        arms=table.arms,
        ai=bool(table.ais),
        ais=tuple(ai.name for ai in table.ais),
        reads=int((codes != MISSING).sum()),
        missing=unmade,
        indeterminate=int((codes == INDETERMINATE).sum()),
        failures=int((codes == FAILURE).sum()),
        exclusions=table.exclusions,
    )


def notes_of(table: ReadTable, sets: tuple[Set, ...], *, ai_failures: AiFailures = "common") -> tuple[str, ...]:
    """Sentences a reader of the figures must know."""
    found = list(table.notes)
    if table.assigned is not None:
        found.append(
            "Readers read some of the cases each, by design: each figure uses the cases its reader read, each "
            "covariance the cases that two figures share. Reads that the design does not ask for are not missing."
        )
    found.append("Indeterminate reads and failures count as incorrect; missing reads are in no denominator.")
    found.append("PPV, NPV and FDR hold at the prevalence of this study.")
    for reads in sets:
        few = [name for name, at in members(reads) if len(at) < 3]
        if few:
            where = f" ({reads.arm})" if reads.arm else ""
            found.append(f"Fewer than three readers{where} in {', '.join(few)}: figures of these readers only.")
    for single in each_ai(sets[0]) if sets else ():
        lost = int(failed(single).sum())
        if not lost:
            continue
        who = "The AI" if len(table.ais) == 1 else single.names[0]
        found.append(
            f"{who} gave no score for {lost} case{'s' * (lost != 1)}, on which it failed or could not decide. In its "
            f"areas against readers ({ai_failures}): {RULES[ai_failures]}. Areas under all three rules stand beside."
        )
    if np.isnan(table.scores).all() and all(np.isnan(ai.scores).all() for ai in table.ais):
        found.append("No ratings or probabilities: areas under the curve are not given.")
    return tuple(dict.fromkeys(found))


def _agreements(reads: Set, table: ReadTable, *, ordered: bool) -> list[NamedAgreement]:
    found, classes = [], len(table.classes)
    for group, at in members(reads):
        if len(at) < 2:
            continue
        own = agreement(reads.prediction[at], table.truth, classes=classes, readers=tuple(reads.names[i] for i in at),
                        ordered=ordered)  # fmt: skip
        if table.clusters is not None:
            own = over_clusters(own, reads.prediction[at], classes=classes, clusters=table.clusters)
        found.append(NamedAgreement(group, reads.arm, own))
    return found


def _switches(table: ReadTable) -> tuple[tuple[Switches, ...], tuple[Switches, ...]]:
    """Switches from the arm "unaided" to the arm "aided", where there are both."""
    at = {arm.casefold(): k for k, arm in enumerate(table.arms)}
    if "unaided" not in at or "aided" not in at:
        return (), ()
    unaided, aided = table.prediction[at["unaided"]], table.prediction[at["aided"]]
    return switches(unaided, aided, table.truth, table.ai_prediction, readers=table.readers, groups=table.groups,
                    clusters=table.clusters)  # fmt: skip
