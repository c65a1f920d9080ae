"""The published study (Luo et al. 2022, BMC Med Inform Decis Mak 22:284) as data, recomputed, with its contradictions.

Figures are as printed; percentages as shares, times in minutes. The matrix of the AI is a reconstruction: of all
whole-number matrices it fits the printed figures best (17 of 21).
"""

from dataclasses import dataclass

import numpy as np

from core.stats.confusion import ClassFigures, class_figures
from core.stats.estimate import Estimate
from core.stats.intervals import proportion
from core.stats.pairs import mcnemar

SOURCE = "Luo et al. 2022, BMC Medical Informatics and Decision Making 22:284"
CLASSES = ("normal", "CAP", "COVID-19")
VALIDATION_CASES = (24, 19, 55)
TEST_CASES = (51, 28, 51)
AI_VALIDATION = ((24, 0, 0), (0, 15, 4), (1, 2, 52))  # rows truth, columns call; reconstructed, not printed
AI_TEST_CORRECT = (50, 25, 47)


@dataclass(frozen=True, slots=True)
class PublishedReader:
    """One reader of the 98 validation cases, as printed: shares and minutes in all."""

    name: str
    group: str
    accuracy: float
    covid_sensitivity: float
    minutes: float


@dataclass(frozen=True, slots=True)
class Recomputed:
    """A printed share, the count nearest to it, and that count's Wilson interval."""

    name: str
    figure: str
    printed: float
    estimate: Estimate
    seconds_per_case: float | None


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A printed figure or sentence that another one does not agree with."""

    where: str
    printed: str
    should_read: str
    why: str


@dataclass(frozen=True, slots=True)
class Bound:
    """Smallest McNemar p-values of the AI against a reader that the printed totals allow (their pairing is unknown)."""

    reader: str
    figure: str
    only_ai: int
    only_reader: int
    n: int
    smallest_exact: float
    smallest_midp: float


READERS = (
    PublishedReader("AI", "AI", 0.9286, 0.9455, 35),
    PublishedReader("novice 1", "novice", 0.8673, 0.8182, 75),
    PublishedReader("novice 2", "novice", 0.8775, 0.8909, 93),
    PublishedReader("expert 1", "expert", 0.9490, 0.9455, 79),
    PublishedReader("expert 2", "expert", 0.9388, 0.9455, 82),
)
TABLE_3 = {  # Acc, Sens, Spe, FPR, FNR, FDR, F1 of the AI on validation, as printed
    "normal": (0.9898, 1.0, 0.9865, 0.0135, 0.0, 0.04, 0.9796),
    "CAP": (0.9388, 0.7895, 0.9747, 0.0253, 0.2105, 0.1176, 0.8334),
    "COVID-19": (0.9286, 0.9636, 0.907, 0.093, 0.0364, 0.0714, 0.9458),
}
ABLATION = {  # sensitivity of normal, CAP, COVID-19, then accuracy, on validation, as printed
    "without truncation": (0.0, 0.7895, 0.8727, 0.6429),
    "without rules": (1.0, 0.3158, 0.4909, 0.5816),
    "proposed": (1.0, 0.7895, 0.9455, 0.9286),
}
TEST = {"accuracy": 0.9384, "normal": 0.9803, "CAP": 0.8928, "COVID-19": 0.9215}

CONTRADICTIONS = (
    Contradiction("Table 3, COVID-19, Sens", ".9636", ".9455", "53 of 55 would force an accuracy of 92/98, not 91/98"),
    Contradiction("Table 3, COVID-19, FNR", ".0364", ".0545", "1 - sensitivity, with 52 of 55"),
    Contradiction("Table 3, COVID-19, F1", ".9458", ".9369", "2 x 52 / (55 + 56), from the matrix that fits the rest"),
    Contradiction("Table 3, CAP, F1", ".8334", ".8333", "2 x 15 / (19 + 17) = 5/6"),
    Contradiction("Test sensitivities", ".9803, .8928, .9215", ".9804, .8929, .9216", "cut off, not rounded"),
    Contradiction("Test accuracy", "93.84 %", "93.85 %", "122 of 130; cut off, not rounded"),
    Contradiction("Novice 2, accuracy", "87.75 %", "87.76 %", "86 of 98; cut off, not rounded"),
    Contradiction("Text: better than experts", "92.86 %", "93.88 % and 94.90 %", "both experts' accuracies are higher"),
    Contradiction("Text: 'significantly'", "no test", "a paired test", "no p-value or interval is given"),
    Contradiction(
        "Discussion", "test-set AI", "validation-set AI", "the readers never read the test set; it has other cases"
    ),
)
NOT_PRINTED = (
    "the readers' full confusion matrices (figure 3)",
    "the off-diagonal cells of figure 5",
    "which cases each reader got wrong (so no paired test can be redone)",
    "reading times of single cases",
)


def ai_figures() -> tuple[ClassFigures, ...]:
    """Figures of each class from the reconstructed AI matrix on the 98 validation cases, with Wilson intervals."""
    matrix = np.zeros((1, 3, 5))
    matrix[0, :, :3] = AI_VALIDATION
    return class_figures(matrix, CLASSES)[0]


def recomputed() -> tuple[Recomputed, ...]:
    """Accuracy and COVID-19 sensitivity of the AI and each reader from the nearest counts, with Wilson intervals."""
    n, positives = sum(VALIDATION_CASES), VALIDATION_CASES[2]
    found = []
    for reader in READERS:
        for name, printed, of in (
            ("accuracy", reader.accuracy, n),
            ("COVID-19 sensitivity", reader.covid_sensitivity, positives),
        ):
            seconds = reader.minutes * 60 / n if name == "accuracy" else None
            found.append(Recomputed(reader.name, name, printed, proportion(round(printed * of), of), seconds))
    return tuple(found)


def smallest_p_values() -> tuple[Bound, ...]:
    """For each reader, McNemar's p if, within COVID-19 and within the rest, the worse was right only where the better
    was.

    No pairing of the printed totals gives a smaller p-value: every further discordant pair adds one to both sides.
    Taken for granted: both printed lists of figures name the readers in one order.
    """
    n, positives = sum(VALIDATION_CASES), VALIDATION_CASES[2]

    def correct(reader: PublishedReader) -> tuple[int, int]:
        covid = round(reader.covid_sensitivity * positives)
        return covid, round(reader.accuracy * n) - covid

    found = []
    for reader in READERS[1:]:
        gaps = [a - b for a, b in zip(correct(READERS[0]), correct(reader), strict=True)]
        for name, parts, of in (("accuracy", gaps, n), ("COVID-19 sensitivity", gaps[:1], positives)):
            only_ai, only_reader = sum(max(g, 0) for g in parts), sum(max(-g, 0) for g in parts)
            found.append(Bound(reader.name, name, only_ai, only_reader, of, *mcnemar(only_ai, only_reader)))
    return tuple(found)
