"""Temperature of the slice scores, and held-out figures, on made cases kept from training (never on patients)."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from torch import nn

from core.ai.parameters import CLASSES, PipelineParams
from core.training.cache import StoredCase
from core.training.fit import held_places
from core.training.procedural.fields import Float
from core.training.samples import ExactSlices, LungSamples

BATCH = 16


def slice_logits(
    net: nn.Module, cases: Sequence[StoredCase], parameters: PipelineParams, *, count: int, seed: int
) -> tuple[Float, NDArray[np.int64]]:
    """Return logits (n, 3) and class codes (n,) of about `count` held-out slices, a third of each class."""
    held = [c for c in cases if c.held_out]
    data = ExactSlices(held, held_places(held, parameters, count, seed), parameters)
    logits, codes = [], []
    for start in range(0, len(data), BATCH):
        pairs = [data[i] for i in range(start, min(start + BATCH, len(data)))]
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            x = torch.stack([p[0] for p in pairs]).contiguous(memory_format=torch.channels_last)
            logits.append(net(x).float().numpy())
        codes += [int(p[1]) for p in pairs]
    return np.concatenate(logits), np.asarray(codes, np.int64)


def nll(logits: Float, codes: NDArray[np.int64], temperature: float) -> float:
    """Return the mean negative log-likelihood at a temperature."""
    scaled = logits / temperature
    scaled = scaled - scaled.max(1, keepdims=True)
    log_p = scaled - np.log(np.exp(scaled).sum(1, keepdims=True))
    return float(-log_p[np.arange(len(codes)), codes].mean())


def fit_temperature(logits: Float, codes: NDArray[np.int64]) -> float:
    """Return the temperature in 0.25..8 of least negative log-likelihood (Guo et al. 2017)."""
    bounds = (np.log(0.25), np.log(8))
    found = minimize_scalar(lambda t: nll(logits, codes, float(np.exp(t))), bounds=bounds, method="bounded")
    return float(np.exp(found.x))


def expected_error(logits: Float, codes: NDArray[np.int64], temperature: float, *, bins: int = 10) -> float:
    """Return the expected calibration error of the most probable class over equal-width bins."""
    scaled = np.exp(logits / temperature - (logits / temperature).max(1, keepdims=True))
    p = scaled / scaled.sum(1, keepdims=True)
    sure, right = p.max(1), p.argmax(1) == codes
    which = np.minimum((sure * bins).astype(int), bins - 1)
    parts = [(which == b) for b in range(bins)]
    return float(sum(m.mean() * abs(sure[m].mean() - right[m].mean()) for m in parts if m.any()))


def slice_figures(logits: Float, codes: NDArray[np.int64], temperature: float) -> dict[str, float]:
    """Return held-out figures: n, accuracy, sensitivity per class, error before and after the temperature."""
    called = logits.argmax(1)
    out = {"n": float(len(codes)), "accuracy": float((called == codes).mean())}
    for code, name in enumerate(CLASSES):
        if (codes == code).any():
            out[f"sensitivity_{name}"] = float((called[codes == code] == code).mean())
    out |= {"nll_raw": nll(logits, codes, 1.0), "nll": nll(logits, codes, temperature)}
    out |= {"ece_raw": expected_error(logits, codes, 1.0), "ece": expected_error(logits, codes, temperature)}
    return {k: round(v, 4) for k, v in out.items()}


def lung_figures(
    net: nn.Module, cases: Sequence[StoredCase], parameters: PipelineParams, *, count: int, seed: int
) -> dict[str, float]:
    """Return Dice pooled over `count` held-out procedural slices, whose masks are exact: both lungs, right, left."""
    held = [c for c in cases if c.held_out and c.kind != "background"] or [c for c in cases if c.held_out]
    data = LungSamples(held, parameters, seed=seed, first=0, count=count, exact=True)
    both = np.zeros((3, 2), np.int64)  # overlap and sum: any lung, right, left
    for start in range(0, count, BATCH):
        pairs = [data[i] for i in range(start, min(start + BATCH, count))]
        with torch.inference_mode():
            x = torch.stack([p[0] for p in pairs]).contiguous(memory_format=torch.channels_last)
            called = net(x).argmax(1)
        truth = torch.stack([p[1] for p in pairs])
        for row, (a, b) in enumerate(((called > 0, truth > 0), (called == 1, truth == 1), (called == 2, truth == 2))):
            both[row] += (int((a & b).sum()), int(a.sum() + b.sum()))
    names = ("dice", "dice_right", "dice_left")
    dice = {n: round(2 * float(o) / max(float(s), 1.0), 4) for n, (o, s) in zip(names, both, strict=True)}
    return {"n": float(count), **dice}
