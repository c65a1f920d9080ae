"""From slice calls to a patient call. Named rules; a study chooses one. Imports no torch.

`paper` is the rule of Luo et al. 2022. `run-length` asks for a stretch of neighbouring abnormal slices instead of a
share of all slices: pneumonia is contiguous, false alarms are scattered, and a pneumonia that covers 15 % of the slices
escapes a 20 % threshold even when every slice is called right. Its figures were fitted to nothing. `sure-run` asks the
same at a higher probability, SURE, chosen on half of 102 procedural patients of families that trained nothing: on the
other half it gave as many false alarms as `paper` and found 25 instead of 19 of 34 pneumonias of 40 mm.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from core.ai.parameters import CLASSES, RuleParams
from core.errors import InvalidInput

Probabilities = Sequence[Sequence[float] | None]  # one triple a slice in CLASSES' order; None where not computed
SURE = 0.7  # smoothed abnormal probability from which a slice belongs to a sure run


@dataclass(frozen=True, slots=True)
class Names:
    """A model's classes in the order of its outputs, and which of them is normal."""

    classes: tuple[str, ...]
    normal: str

    @property
    def diseases(self) -> tuple[str, ...]:
        """All but normal, the last first."""
        return tuple(name for name in reversed(self.classes) if name != self.normal)

    @property
    def preference(self) -> tuple[str, ...]:
        """Whom a tie goes to: the first."""
        return (*self.diseases, self.normal)


OURS = Names(CLASSES, CLASSES[0])  # a tie goes to COVID-19, then CAP


@dataclass(frozen=True, slots=True)
class PatientCall:
    """The call and what it rests on: kept slices called so, the deciding slices, the abnormal share of kept slices."""

    label: str
    counts: dict[str, int]
    deciding_slices: tuple[int, ...]
    abnormal_share: float
    rule: str


def patient_call(
    probabilities: Probabilities,
    *,
    rule: str = "paper",
    parameters: RuleParams | None = None,
    classes: tuple[str, ...] = CLASSES,
    normal: str = CLASSES[0],
) -> PatientCall:
    """Call the patient from slice probabilities in the order of `classes` under a named rule.

    Raises InvalidInput for an unknown rule or when no slice was computed.
    """
    check_rule(rule)
    kept = [(index, triple) for index, triple in enumerate(probabilities) if triple is not None]
    if not kept:
        raise InvalidInput("No slice was left to call after truncation; the series is too short.")
    names = Names(classes, normal)
    calls = {index: slice_call(triple, names) for index, triple in kept}
    counts = {name: sum(call == name for call in calls.values()) for name in classes}
    label, deciding = RULES[rule](calls, dict(kept), len(probabilities), parameters or RuleParams(), names)
    abnormal = (len(calls) - counts[normal]) / len(calls)
    return PatientCall(label, counts, deciding, abnormal, rule)


def check_rule(rule: str) -> None:
    """Raise InvalidInput, naming those there are, where no rule has this name."""
    if rule not in RULES:
        raise InvalidInput(f"There is no patient rule named {rule}; choose one of {', '.join(RULES)}.")


def slice_call(row: Sequence[float], names: Names = OURS) -> str:
    """Return the class of one slice: the most probable; a tie goes to the later class, to normal last."""
    return max(names.preference, key=lambda name: row[names.classes.index(name)])  # max keeps the first of equals


def _paper(
    calls: dict[int, str], kept: dict[int, Sequence[float]], total: int, parameters: RuleParams, names: Names
) -> tuple[str, tuple[int, ...]]:
    counts = {name: sum(call == name for call in calls.values()) for name in names.classes}
    label = max(names.preference, key=lambda name: counts[name])
    if label == names.normal:
        of = len(calls) if parameters.of == "kept" else total
        if len(calls) - counts[label] > parameters.minority * of:
            label = max(names.diseases, key=lambda name: counts[name])
    return label, tuple(index for index, call in calls.items() if call == label)


def _run_length(
    calls: dict[int, str], kept: dict[int, Sequence[float]], total: int, parameters: RuleParams, names: Names
) -> tuple[str, tuple[int, ...]]:
    indices = list(kept)
    normal = names.classes.index(names.normal)
    abnormal = [1.0 - kept[index][normal] for index in indices]
    smooth = [_median(abnormal[max(i - 1, 0) : i + 2]) for i in range(len(abnormal))]
    need = max(parameters.run_slices, round(parameters.run_share * len(indices)))
    runs = [run for run in _runs([value > parameters.run_threshold for value in smooth]) if len(run) >= need]
    if not runs:
        return names.normal, tuple(index for index in indices if calls[index] == names.normal)
    deciding = tuple(indices[i] for run in runs for i in run)
    sums = {name: sum(kept[index][names.classes.index(name)] for index in deciding) for name in names.diseases}
    return max(names.diseases, key=lambda name: sums[name]), deciding


def _sure_run(
    calls: dict[int, str], kept: dict[int, Sequence[float]], total: int, parameters: RuleParams, names: Names
) -> tuple[str, tuple[int, ...]]:
    return _run_length(calls, kept, total, replace(parameters, run_threshold=SURE), names)


def _median(values: list[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _runs(flags: list[bool]) -> list[list[int]]:
    found: list[list[int]] = []
    for i, flag in enumerate(flags):
        if flag and i and flags[i - 1]:
            found[-1].append(i)
        elif flag:
            found.append([i])
    return found


Rule = Callable[[dict[int, str], dict[int, Sequence[float]], int, RuleParams, Names], tuple[str, tuple[int, ...]]]
RULES: dict[str, Rule] = {"paper": _paper, "run-length": _run_length, "sure-run": _sure_run}
