"""How far the experts who set the truth agreed with each other before majority or adjudication decided."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from core.results.rows import CaseFacts, StudyFacts
from core.results.study_results import StudyResults
from core.stats.agreement import Agreement, agreement
from core.stats.agreement_clusters import over_clusters
from core.stats.confusion import MISSING
from core.stats.ids import clusters_among


@dataclass(frozen=True, slots=True)
class TruthPanel:
    """Agreement of the members' own labels on the cases that two or more of them labelled.

    `unanimous`, `majority` and `split` count those cases by how the labels fell; `against` those whose truth in the end
    is not what most members said. Cochran's Q is of no use here: the labels made the truth.
    """

    agreement: Agreement
    cases: int
    unanimous: int
    majority: int
    split: int
    against: int


def truth_panel(results: StudyResults) -> TruthPanel | None:
    """Return the agreement of the panel on the cases shown; None where no case has two labels."""
    shown = set(results.table.cases)
    cases = [case for case in results.study.cases if str(case.number) in shown and _labels(case) > 1]
    if not cases:
        return None
    place = {code: at for at, code in enumerate(results.study.codes)}
    given = np.array(
        [[MISSING if label is None else place[label] for label in case.labels] for case in cases], np.int64
    ).T
    given = given[(given != MISSING).any(axis=1)]
    classes, names = len(place), tuple(f"expert {n + 1}" for n in range(len(given)))
    truth = np.array([place[case.truth] for case in cases], np.int64)
    found = agreement(given, truth, classes=classes, readers=names)
    clusters = clusters_among(np.array([case.patient for case in cases]))
    if clusters is not None:
        found = over_clusters(found, given, classes=classes, clusters=clusters)
    kinds = Counter(_kind(case) for case in cases)
    against = sum(_most(case) not in (None, case.truth) for case in cases)
    return TruthPanel(found, len(cases), kinds["unanimous"], kinds["majority"], kinds["split"], against)


def has_labels(study: StudyFacts) -> bool:
    """Tell whether a case has the labels of two experts or more."""
    return any(_labels(case) > 1 for case in study.cases)


def _labels(case: CaseFacts) -> int:
    return sum(label is not None for label in case.labels)


def _most(case: CaseFacts) -> str | None:
    """What more than half of the labels say."""
    ((label, count),) = Counter(given for given in case.labels if given is not None).most_common(1)
    return label if 2 * count > _labels(case) else None


def _kind(case: CaseFacts) -> str:
    if len({given for given in case.labels if given is not None}) == 1:
        return "unanimous"
    return "split" if _most(case) is None else "majority"
