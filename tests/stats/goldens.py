"""Reference answers of public programs (tests/golden/stats/reference) and the studies they were computed on.

Made once with MRMCaov 0.3.0, RJafroc 2.1.3, iMRMC 2.1.2 and the R packages named in the method's description; to make
them again, run those programs on the CSV files beside them. The studies are simulated (Roe & Metz 1997).
"""

import csv
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from core.stats.table import RATING_COLUMNS, Readings, read_rows, readings

FOLDER = Path(__file__).parents[1] / "golden" / "stats"
NAMES = ("AI", "N1", "N2", "N3", "E1", "E2", "E3")


def reference(name: str) -> Any:
    return json.loads((FOLDER / "reference" / f"{name}.json").read_text())


def reference_names(prefix: str) -> list[str]:
    return sorted(path.stem for path in (FOLDER / "reference").glob(f"{prefix}*.json"))


@lru_cache
def study(name: str) -> Readings:
    return readings(read_rows(FOLDER / f"{name}.csv", needed=RATING_COLUMNS))


@lru_cache
def three_classes() -> tuple[Any, Any, Any, Any]:
    """Predictions (7, 98), probabilities (7, 98, 3), truth (98,) and seconds (7, 98) of NAMES."""
    with (FOLDER / "syn_ai_3class.csv").open() as file:
        rows = list(csv.DictReader(file))
    own = [[row for row in rows if row["reader"] == name] for name in NAMES]
    prediction = np.array([[int(row["pred"]) for row in rows_] for rows_ in own])
    scores = np.array([[[float(row[f"p{c}"]) for c in range(3)] for row in rows_] for rows_ in own])
    seconds = np.array([[float(row["seconds"]) for row in rows_] for rows_ in own])
    return prediction, scores, np.array([int(row["truth"]) for row in own[0]]), seconds


def long_table() -> str:
    """The same study as the long table of a study."""
    prediction, scores, truth, seconds = three_classes()
    lines = ["reader,group,case,truth,prediction,prob_0,prob_1,prob_2,seconds"]
    for i, name in enumerate(NAMES):
        group = {"A": "AI", "N": "novice", "E": "expert"}[name[0]]
        for k in range(98):
            p = ",".join(str(x) for x in scores[i, k])
            lines.append(f"{name},{group},{k + 1},{truth[k]},{prediction[i, k]},{p},{seconds[i, k]}")
    return "\n".join(lines) + "\n"


def close(found: object, expected: object, *, relative: float = 1e-9, what: object = "") -> None:
    """The project's bound: 1e-9 relative or 1e-12 absolute."""
    if expected is None:
        return
    assert isinstance(found, int | float | np.number), (what, found, expected)
    assert isinstance(expected, int | float)
    assert abs(float(found) - expected) <= max(1e-12, relative * abs(expected)), (what, found, expected)
