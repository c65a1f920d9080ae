"""Comparisons of a study: AI with each reader and with groups, groups with each other, arms with each other."""

from dataclasses import dataclass, replace

import numpy as np

from core.stats.choices import Factor
from core.stats.clustered_reads import clustered_area_pair, clustered_pair
from core.stats.confusion import MISSING, Codes
from core.stats.designs import Nested, nested_readers
from core.stats.estimate import Bools, Ints, StatsError
from core.stats.figures import Cells
from core.stats.mrmc import Mrmc, analyse_cells
from core.stats.pairs import PairedAreas, PairedProportions, areas_against_first, holm, paired_areas, paired_proportions
from core.stats.reader_figures import Set, cases_for, cells_of, members, sub_cells, units_for
from core.stats.reads import ReadTable
from core.stats.small_samples import difference_flag
from core.stats.standalone import Standalone, ai_against_readers, with_tango
from core.stats.table import AI

PROPORTIONS = ("accuracy", "sensitivity", "specificity")


@dataclass(frozen=True, slots=True)
class ProportionPair:
    """An AI (a) and one reader (b) on one figure; p_holm adjusts p_exact over the readers of the arm."""

    reader: str
    arm: str
    figure: str
    pair: PairedProportions | None
    p_holm: float | None
    reason: str | None = None
    ai: str = AI


@dataclass(frozen=True, slots=True)
class AreaPair:
    """Areas of an AI (a) and one reader (b); p_holm adjusts over the readers of the arm."""

    reader: str
    arm: str
    figure: str
    pair: PairedAreas | None
    p_holm: float | None
    reason: str | None = None
    ai: str = AI


@dataclass(frozen=True, slots=True)
class AiComparison:
    """An AI minus the readers of a group on one figure, over `cases` cases."""

    group: str
    arm: str
    figure: str
    readers: int
    cases: int
    result: Standalone | None
    reason: str | None = None
    ai: str = AI
    flag: str = ""  # where simulations speak against the interval


@dataclass(frozen=True, slots=True)
class GroupComparison:
    """Groups of readers against each other on one figure, later minus earlier; `readers_as` fixed: these readers
    only.
    """

    arm: str
    figure: str
    readers_as: Factor
    cases: int
    result: Nested | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ArmComparison:
    """Arms read by the same readers on one figure, aided minus unaided."""

    figure: str
    group: str
    result: Mrmc | None
    reason: str | None = None


def correct_for(prediction: Codes, truth: Codes, target: int | None) -> Bools:
    """Correct reads (..., n): the right class, or for `target` the right side of it; undecided reads are wrong."""
    if target is None:
        return np.asarray(prediction == truth)
    return np.asarray((prediction >= 0) & ((prediction == target) == (truth == target)))


def with_each_reader(reads: Set, table: ReadTable) -> tuple[tuple[ProportionPair, ...], tuple[AreaPair, ...]]:
    """The first AI of a set: McNemar and Tango on accuracy and each class's sensitivity and specificity; DeLong on
    areas; Holm over readers.
    """
    if not reads.has_ai:
        return (), ()
    ai, people = reads.names[0], range(reads.ais, len(reads.names))
    proportions: list[ProportionPair] = []
    areas: list[AreaPair] = []
    targets = range(len(table.classes)) if len(table.classes) > 2 else (1,)
    plans: list[tuple[str, int | None, Bools]] = [("accuracy", None, np.ones(table.truth.shape, bool))]
    for c in targets:
        plans += [(f"sensitivity {table.classes[c]}", c, table.truth == c)]
        plans += [(f"specificity {table.classes[c]}", c, table.truth != c)]
    read = reads.prediction != MISSING
    for figure, target, counted in plans:
        right = correct_for(reads.prediction, table.truth, target)
        batch = []
        for i in people:
            both = counted & read[0] & read[i]
            pair = _pair(right[0, both], right[i, both], table.clusters, both) if both.any() else None
            reason = None if pair else "no such case was read by both"
            batch.append(ProportionPair(reads.names[i], reads.arm, figure, pair, None, reason, ai))
        adjusted = holm([b.pair.p if b.pair else None for b in batch])
        proportions += [replace(b, p_holm=p) for b, p in zip(batch, adjusted, strict=True)]
    for c in targets:
        rows = _areas(reads, table, c)
        adjusted = holm([row.pair.p if row.pair else None for row in rows])
        areas += [replace(row, p_holm=p) for row, p in zip(rows, adjusted, strict=True)]
    return tuple(proportions), tuple(areas)


def _pair(a: Bools, b: Bools, clusters: Ints | None, both: Bools) -> PairedProportions:
    return paired_proportions(a, b) if clusters is None else clustered_pair(a, b, clusters[both])


def _areas(reads: Set, table: ReadTable, target: int) -> list[AreaPair]:
    """The first AI's area for one class against each reader's, on the cases both have scores for."""
    people = [0, *range(reads.ais, len(reads.names))]
    names, ai = [reads.names[i] for i in people[1:]], reads.names[0]
    figure, scores, truth = f"AUC {table.classes[target]}", reads.scores[people, :, target], table.truth == target
    missing = np.isnan(scores)
    if table.clusters is None and not missing.any() and min(int(truth.sum()), int((~truth).sum())) > 1:
        pairs = areas_against_first(scores, truth)
        return [AreaPair(name, reads.arm, figure, pair, None, pair.reason, ai) for name, pair in zip(
            names, pairs, strict=True)]  # fmt: skip
    rows = []
    for i, name in enumerate(names, start=1):
        both = ~missing[0] & ~missing[i]
        try:
            if table.clusters is None:
                found = paired_areas(scores[0, both], scores[i, both], truth[both])
            else:
                found = clustered_area_pair(scores[0, both], scores[i, both], truth[both], table.clusters[both])
            rows.append(AreaPair(name, reads.arm, figure, found, None, found.reason, ai))
        except StatsError as error:
            why = str(error) if both.any() else "no ratings or probabilities were given by both"
            rows.append(AreaPair(name, reads.arm, figure, None, None, why, ai))
    return rows


def ai_with_groups(
    reads: Set,
    table: ReadTable,
    cells: dict[str, Cells | StatsError],
    *,
    readers_as: Factor | None,
    margin: float | None,
) -> tuple[AiComparison, ...]:
    """The first AI of a set against every group and all readers on every figure; readers random from three on unless
    said otherwise.
    """
    found: list[AiComparison] = []
    if not reads.has_ai:
        return ()
    ai = reads.names[0]
    for group, at in members(reads):
        for name, figure in cells.items():
            n = cases_for(table, name)
            if isinstance(figure, StatsError):
                found.append(AiComparison(group, reads.arm, name, len(at), n, None, str(figure), ai))
                continue
            factor: Factor | None = "fixed" if readers_as == "random" and len(at) < 3 else readers_as
            try:
                result = ai_against_readers(sub_cells(figure, [0, *at]), readers_as=factor, margin=margin)
                share = name.split(" ")[0] in PROPORTIONS
                exact = share and len(at) == 1 and table.clusters is None
                if exact:
                    result = with_tango(result, *_correct_pair(reads, table, name, at[0]))
                flag = "" if exact else flag_of(result, table, name, r=len(at))
                found.append(AiComparison(group, reads.arm, name, len(at), n, result, result.reason, ai, flag))
            except StatsError as error:
                found.append(AiComparison(group, reads.arm, name, len(at), n, None, str(error), ai))
    return tuple(found)


def flag_of(result: Standalone, table: ReadTable, figure: str, *, r: int) -> str:
    """What simulations say against the interval of AI minus r readers on a proportion; empty for other figures."""
    if result.ci is None or figure.split(" ")[0] not in PROPORTIONS:
        return ""
    return difference_flag(units_for(table, figure), result.ai, readers=result.readers_as, r=r)


def _correct_pair(reads: Set, table: ReadTable, name: str, reader: int) -> tuple[Bools, Bools]:
    kind, _, label = name.partition(" ")
    target = table.classes.index(label) if label else None
    counted = np.ones(table.truth.shape, bool) if target is None else (table.truth == target) == (kind == "sensitivity")
    right = correct_for(reads.prediction[[0, reader]], table.truth, target)
    both = counted & (reads.prediction[[0, reader]] != MISSING).all(axis=0)
    return right[0, both], right[1, both]


def groups_compared(
    reads: Set, table: ReadTable, cells: dict[str, Cells | StatsError], *, readers_as: Factor | None
) -> tuple[GroupComparison, ...]:
    """All groups of a set against each other; readers random only where every group has three or more."""
    groups = [(name, at) for name, at in members(reads) if name != "all readers"][::-1]  # later minus earlier
    if len(groups) < 2:
        return ()
    smallest = min(len(at) for _, at in groups)
    factor: Factor = readers_as if readers_as == "fixed" else ("random" if smallest > 2 else "fixed")
    at = [i for _, inside in groups for i in inside]
    index = np.repeat(np.arange(len(groups)), [len(inside) for _, inside in groups])
    found = []
    for name, figure in cells.items():
        if isinstance(figure, StatsError):
            found.append(GroupComparison(reads.arm, name, factor, cases_for(table, name), None, str(figure)))
            continue
        own = sub_cells(figure, at)
        try:
            result = nested_readers(own.theta, index, own.cov, readers=factor,
                                    group_names=tuple(name for name, _ in groups), bounds=own.bounds)  # fmt: skip
            found.append(GroupComparison(reads.arm, name, factor, cases_for(table, name), result, result.test.reason))
        except StatsError as error:
            found.append(GroupComparison(reads.arm, name, factor, cases_for(table, name), None, str(error)))
    return tuple(found)


def arms_compared(
    sets: tuple[Set, ...], table: ReadTable, names: tuple[str, ...], *, readers_as: Factor | None, level: float = 0.95
) -> tuple[ArmComparison, ...]:
    """Obuchowski-Rockette of the arms on every figure, for all readers who read in every arm and for each group."""
    if len(sets) < 2:
        return ()
    ordered = arm_order(sets)
    people = [n for n in table.readers if all(n in s.names for s in ordered)]
    if not people:
        return tuple(ArmComparison(name, "all readers", None, "no reader read in every arm") for name in names)
    group_of = dict(zip(table.readers, table.groups, strict=True))
    groups = list(dict.fromkeys(group_of[n] for n in people))
    wanted = [("all readers", people)]
    wanted += [(g, [n for n in people if group_of[n] == g]) for g in groups] if len(groups) > 1 else []
    left = [n for n in table.readers if n not in people]
    notes = (f"Left out, for they did not read in every arm: {', '.join(left)}.",) if left else ()
    found = []
    for name in names:
        able, own_notes = people, notes
        try:
            if table.assigned is not None:
                able = [n for n in people if _exists(ordered, table, name, n)]
                own_notes = (*notes, *_without(people, able))
            cells = cells_of(stacked(ordered, able), table, name)
        except StatsError as error:
            found += [ArmComparison(name, group, None, str(error)) for group, _ in wanted]
            continue
        for group, everybody in wanted:
            inside = [n for n in everybody if n in able]
            at = [t * len(able) + able.index(n) for t in range(len(ordered)) for n in inside]
            factor: Factor = "fixed" if readers_as == "fixed" or len(inside) < 3 else "random"
            try:
                result = analyse_cells(
                    sub_cells(cells, at), metric=name, treatments=tuple(s.arm for s in ordered), readers=tuple(inside),
                    readers_as=factor, n_cases=cases_for(table, name), notes=own_notes, level=level,
                )  # fmt: skip
                found.append(ArmComparison(name, group, result, result.test.reason))
            except StatsError as error:
                found.append(ArmComparison(name, group, None, str(error)))
    return tuple(found)


def _exists(sets: tuple[Set, ...], table: ReadTable, name: str, reader: str) -> bool:
    """Whether a figure of one reader exists in every arm, on the cases that the design gave that reader."""
    try:
        return bool(np.isfinite(cells_of(stacked(sets, [reader]), table, name).theta).all())
    except StatsError:
        return False


def _without(people: list[str], able: list[str]) -> tuple[str, ...]:
    left = ", ".join(n for n in people if n not in able)
    return (f"Left out, for their own cases lack those that the figure counts: {left}.",) if left else ()


def arm_order(sets: tuple[Set, ...]) -> tuple[Set, ...]:
    """Arms so that a difference of two is aided minus unaided: unaided last, else the latest named first."""
    return tuple(sorted(sets[::-1], key=lambda s: s.arm.casefold() == "unaided"))


def stacked(sets: tuple[Set, ...], people: list[str]) -> Set:
    """The same readers of all arms under each other, arm by arm, without AIs."""
    at = [[s.names.index(n) for n in people] for s in sets]

    def joined(name: str) -> np.ndarray:
        return np.concatenate([getattr(s, name)[rows] for s, rows in zip(sets, at, strict=True)])

    return Set(
        "", tuple(people) * len(sets), tuple(people) * len(sets), joined("prediction"), joined("scores"),
        joined("probabilities"), joined("seconds"), ais=0,
        assigned=None if any(s.assigned is None for s in sets) else joined("assigned"),
    )  # fmt: skip
