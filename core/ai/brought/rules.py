"""From the scores of slices, patches or a volume to a patient's probabilities and call. Imports no torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.ai.brought.contract import SLICE_RULES, Contract
from core.ai.rule import patient_call

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ScanCall:
    """A patient's call, the probabilities it rests on, and which of the scores decided."""

    label: str
    probabilities: dict[str, float]
    counts: dict[str, int]
    deciding: tuple[int, ...]
    abnormal_share: float


def probabilities_of(scores: NDArray[Any], contract: Contract) -> Scores:
    """Return probabilities (n, classes) from a network's scores by the card's activation."""
    raw = scores.astype(np.float64)
    if contract.activation == "softmax":
        raised = np.exp(raw - raw.max(axis=1, keepdims=True))
        return np.asarray(raised / raised.sum(axis=1, keepdims=True))
    return np.asarray(1 / (1 + np.exp(-raw))) if contract.activation == "sigmoid" else raw


def called(scores: Scores, contract: Contract, indices: Sequence[int], total: int) -> ScanCall:
    """Return the patient's call from probabilities (n, classes) of the slices `indices` of `total`.

    `mean`, `max` and `top-k` take the mean of all, the most abnormal, or the k most abnormal rows: where a class is
    normal, rows with the least of it; else, and with several findings, each class for itself.
    """
    names, threshold = contract.classes, contract.threshold
    single_normal = names.index(contract.normal) if not contract.multi and contract.normal else None
    if contract.multi:
        own = [[name for name, score in zip(names, row, strict=True) if score >= threshold] for row in scores]
        counts = {name: sum(name in row for row in own) for name in names}
        abnormal = float(np.mean([bool(row) for row in own]))
    else:
        winners = [names[n] for n in scores.argmax(axis=1)]
        counts = {name: winners.count(name) for name in names}
        abnormal = 1 - counts[contract.normal] / len(winners) if contract.normal else 0.0
    mean = scores.mean(axis=0)
    if contract.rule in SLICE_RULES:
        rows: list[tuple[float, ...] | None] = [None] * total
        for index, row in zip(indices, scores.tolist(), strict=True):
            rows[index] = tuple(row)
        made = patient_call(rows, rule=contract.rule, classes=names, normal=contract.normal)
        return ScanCall(made.label, _named(names, mean), counts, made.deciding_slices, made.abnormal_share)
    count = {"mean": len(scores), "max": 1, "top-k": min(contract.top_k, len(scores))}[contract.rule]
    if single_normal is not None:
        chosen = np.argsort(scores[:, single_normal], kind="stable")[:count]
        final = scores[chosen].mean(axis=0)
    else:
        final = np.sort(scores, axis=0)[::-1][:count].mean(axis=0)
        if not contract.multi:
            final = final / max(float(final.sum()), 1e-12)
        chosen = np.argsort(-scores[:, int(final.argmax())], kind="stable")[:count]
    best = int(final.argmax())
    label = names[best] if not contract.multi or final[best] >= threshold else contract.normal
    deciding = tuple(sorted(int(indices[n]) for n in chosen))
    return ScanCall(label, _named(names, final), counts, deciding, abnormal)


def _named(names: tuple[str, ...], values: Scores) -> dict[str, float]:
    return dict(zip(names, values.tolist(), strict=True))
