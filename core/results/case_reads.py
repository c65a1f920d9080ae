"""One case in rows: everybody's reads of it, and the AI along its slices."""

from collections.abc import Sequence

import numpy as np

from core.results.blocks import Row
from core.results.rows import AI, ARMS, StudyRows


def case_reads(rows: StudyRows, number: int) -> list[Row]:
    """Return everybody's reads of one case: diagnosis, whether right, scores, seconds, arm, session."""
    study = rows.study
    outcomes = [*(study_class.label for study_class in study.classes), "indeterminate", "AI failure"]
    chosen = np.flatnonzero(np.array([study.cases[case].number == number for case in rows.case.tolist()], bool))
    made: list[Row] = []
    for at in chosen.tolist():
        machine = bool(rows.is_ai[at])
        scores = 100 * rows.probabilities[at] if machine else rows.ratings[at]
        right = int(rows.call[at]) == int(rows.truth[at])
        made.append(
            {
                "reader": study.participants[rows.participant[at]].name,
                "group": study.participants[rows.participant[at]].group,
                "arm": "–" if machine else ARMS[rows.arm[at]],
                "session": "–" if machine else str(rows.session[at]),
                "read as": outcomes[rows.call[at]],
                "right": "yes" if right else "no",
                **{
                    f"{study_class.label}, 0-100": None if np.isnan(score) else round(float(score), 1)
                    for study_class, score in zip(study.classes, scores, strict=True)
                },
                "active s": None if np.isnan(rows.seconds[at]) else round(float(rows.seconds[at]), 1),
                "position": "–" if machine else str(rows.position[at]),
            }
        )
    return sorted(made, key=lambda row: row["group"] != AI)


def strip_rows(classes: Sequence[str], probabilities: Sequence[Sequence[float] | None]) -> list[Row]:
    """Return the AI's probabilities, a row a slice as the viewer counts them (1 = apex); None where it did not look."""
    return [
        {
            "slice": at,
            **{name: None if probability is None else probability[place] for place, name in enumerate(classes)},
        }
        for at, probability in enumerate(probabilities, start=1)
    ]
