"""What an evaluation says: the paper's Tables 2 and 3, slice and patient ROC, calibration and time, from its rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from core.ai.parameters import CLASSES, PipelineParams, RuleParams, Truncation
from core.ai.preprocess import kept_slices
from core.ai.rule import patient_call
from core.stats.confusion import FAILURE, class_figures, counts
from core.stats.estimate import Estimate, Floats, StatsError, to_plain
from core.stats.intervals import proportion
from core.stats.roc import auc_estimate, calibration, roc_curve
from core.training.evaluate import STAGES, PatientRow, infected_slices
from core.training.layout import Patient

FEW_PATIENTS = 30  # of a class; with fewer, every interval is wide and one scanner can make the figure
SYNTHETIC_NOTE = "Procedural patients: a check of the machinery, which says nothing about people."


@dataclass(frozen=True, slots=True)
class Variant:
    """One row of the ablation: which slices are kept, and the rule that calls the patient."""

    name: str
    truncation: Truncation
    rule: RuleParams
    named: str = "paper"


def variants(parameters: PipelineParams) -> tuple[Variant, ...]:
    """Return the ablation: the paper's Table 2, then what its text leaves open, then the other rule."""
    cut, rule = parameters.truncation, parameters.rule
    other_end = replace(cut, first="base" if cut.first == "apex" else "apex")
    other_share = replace(rule, of="all" if rule.of == "kept" else "kept")
    return (
        Variant("without truncation", replace(cut, drop_head=0.0, drop_tail=0.0), rule),
        Variant("without rules", cut, replace(rule, minority=1.0)),
        Variant("proposed", cut, rule),
        Variant(f"proposed, first end is the {other_end.first}", other_end, rule),
        Variant(f"proposed, 20 % of {other_share.of} slices", cut, other_share),
        Variant("run-length rule", cut, rule, "run-length"),
        Variant("sure-run rule", cut, rule, "sure-run"),
    )


def called(row: PatientRow, variant: Variant) -> str | None:
    """Return the patient's call under a variant, from the stored slice scores; None where the AI failed."""
    if not row.scores:
        return None
    kept = set(kept_slices(len(row.scores), variant.truncation))
    triples = [triple if index in kept else None for index, triple in enumerate(row.scores)]
    return patient_call(triples, rule=variant.named, parameters=variant.rule).label


def report(rows: Sequence[PatientRow], patients: Sequence[Patient], parameters: PipelineParams) -> dict[str, Any]:
    """Return every table as plain values for JSON; proportions with Wilson intervals and n."""
    truth = np.array([CLASSES.index(row.truth) for row in rows], np.int64)
    proposed = _matrix(truth, [row.call for row in rows])
    synthetic = sum(row.synthetic for row in rows)
    return {
        "patients": len(rows),
        "failures": [{"patient": row.patient, "reason": row.failure} for row in rows if row.call is None],
        "synthetic": synthetic,
        "note": SYNTHETIC_NOTE if synthetic else None,
        "warnings": _few(truth),
        "confusion": {
            "truth": list(CLASSES),
            "called": [*CLASSES, "failed"],
            "matrix": np.delete(proposed[0], len(CLASSES), axis=1).astype(int).tolist(),
        },
        "table3": _table3(proposed),
        "table2": [_ablated(rows, truth, variant) for variant in variants(parameters)],
        "slices": _slices(rows, patients, parameters),
        "patient_roc": {name: _patient_roc(rows, truth, code) for code, name in enumerate(CLASSES)},
        "calibration": {name: _calibration(rows, truth, code) for code, name in enumerate(CLASSES)},
        "seconds": _seconds(rows),
    }


def _matrix(truth: np.ndarray, calls: Sequence[str | None]) -> Floats:
    codes = np.array([FAILURE if call is None else CLASSES.index(call) for call in calls], np.int64)
    return counts(truth, codes, len(CLASSES))


def _table3(matrix: Floats) -> list[dict[str, Any]]:
    """The paper's columns for each class; Acc is one class against the rest, a failed patient counts as wrong."""
    out = []
    n = int(matrix[0].sum())
    for code, figures in enumerate(class_figures(matrix, CLASSES)[0]):
        decided = matrix[0][:, : len(CLASSES)]
        right = decided[code, code] + np.delete(np.delete(decided, code, 0), code, 1).sum()
        shown = {"accuracy": proportion(int(right), n), **{key: getattr(figures, key) for key in FIGURES}}
        out.append({"class": figures.label, "n": figures.positives, **_plain(shown)})
    return out


def _few(truth: np.ndarray) -> list[str]:
    """Say where the patients are too few for what is printed to be an estimate of accuracy."""
    counts = {name: int((truth == code).sum()) for code, name in enumerate(CLASSES)}
    if len(truth) < FEW_PATIENTS:
        return [f"n = {len(truth)} patients: no estimate of accuracy."]
    few = [f"{count} {name}" for name, count in counts.items() if count < FEW_PATIENTS]
    return [f"Only {', '.join(few)} patients: their figures are uncertain beyond their intervals."] if few else []


def _over_patients(each: Sequence[float]) -> Estimate:
    """Return the mean of the patients' AUCs with an interval that takes patients, not slices, for independent."""
    method = "mean over patients, bootstrap of patients"
    mean = float(np.mean(each)) if each else None
    if len(each) < 3:
        return Estimate(mean, n=len(each), method=method, reason="an interval over patients needs three at least")
    drawn = np.random.default_rng(0).choice(np.asarray(each), (2000, len(each))).mean(axis=1)
    low, high = (float(q) for q in np.quantile(drawn, (0.025, 0.975)))
    return Estimate(mean, ci=(low, high), n=len(each), method=method)


FIGURES = ("sensitivity", "specificity", "fpr", "fnr", "fdr", "f1")


def _ablated(rows: Sequence[PatientRow], truth: np.ndarray, variant: Variant) -> dict[str, Any]:
    matrix = _matrix(truth, [called(row, variant) for row in rows])
    right = int(np.trace(matrix[0][:, : len(CLASSES)]))
    sensitivity = {f.label: f.sensitivity for f in class_figures(matrix, CLASSES)[0]}
    shown = {"sensitivity": sensitivity, "accuracy": proportion(right, len(rows))}
    return {"variant": variant.name, "rule": variant.named, **_plain(shown)}


def _slices(rows: Sequence[PatientRow], patients: Sequence[Patient], parameters: PipelineParams) -> dict[str, Any]:
    """ROC of 1 - P(normal) for infected slices among kept ones. Pooled intervals take slices for independent."""
    by_id = {patient.id: patient for patient in patients}
    each, scores, truth = [], [], []
    for row in rows:
        infected = infected_slices(by_id[row.patient], len(row.scores))
        if infected is None or not row.scores:
            continue
        kept = list(kept_slices(len(row.scores), parameters.truncation))
        s = np.array([1 - row.scores[index][0] for index in kept])
        t = np.asarray(infected[kept])
        scores.append(s)
        truth.append(t)
        if t.any() and not t.all():
            each.append({"patient": row.patient, **_plain({"auc": auc_estimate(s, t)})})
    if not scores:
        return {"reason": "no patient has slice labels"}
    pooled, labels = np.concatenate(scores), np.concatenate(truth)
    out: dict[str, Any] = {
        "n": len(pooled),
        "infected": int(labels.sum()),
        "patients": len(scores),
        **_plain({"auc": auc_estimate(pooled, labels)}),
        "note": "the pooled interval takes slices for independent, which those of a patient are not",
        "each": each,
        **_plain({"over_patients": _over_patients([figures["auc"]["value"] for figures in each])}),
    }
    try:
        out |= _plain({"roc": roc_curve(pooled, labels), "calibration": calibration(pooled, labels)})
    except StatsError as error:
        out["reason"] = str(error)
    return out


def _scores(rows: Sequence[PatientRow], code: int) -> Floats:
    return np.array([row.probabilities[code] if row.probabilities else np.nan for row in rows], np.float64)


def _patient_roc(rows: Sequence[PatientRow], truth: np.ndarray, code: int) -> dict[str, Any]:
    return _plain({"auc": auc_estimate(_scores(rows, code), truth == code)})


def _calibration(rows: Sequence[PatientRow], truth: np.ndarray, code: int) -> dict[str, Any]:
    try:
        return _plain({"of": calibration(_scores(rows, code), truth == code)})["of"]  # type: ignore[no-any-return]
    except StatsError as error:
        return {"reason": str(error)}


def _seconds(rows: Sequence[PatientRow]) -> dict[str, Any]:
    read = [row for row in rows if row.call is not None]
    if not read:
        return {"n": 0}
    shown: dict[str, Any] = {"n": len(read)}
    for stage in STAGES:
        seconds = np.array([row.seconds[stage] for row in read])
        shown[stage] = {"mean": round(float(seconds.mean()), 3), "median": round(float(np.median(seconds)), 3)}
    return shown


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    plain = to_plain(values)
    return plain if isinstance(plain, dict) else {}
