"""Agreement of an AI with each reader and with what most readers called; the truth plays no part."""

from dataclasses import dataclass

import numpy as np

from core.stats.confusion import MISSING, Codes
from core.stats.estimate import Estimate
from core.stats.intra_reader import pair_agreement
from core.stats.reader_figures import Set, each_ai
from core.stats.reads import ReadTable

CONSENSUS = "most readers"


@dataclass(frozen=True, slots=True)
class AiAgreement:
    """Cohen's kappa of an AI and a reader, or CONSENSUS, on the cases both called; `observed` is the share alike."""

    ai: str
    reader: str
    group: str
    kappa: Estimate
    observed: float | None


def ai_agreement(reads: Set, table: ReadTable) -> tuple[AiAgreement, ...]:
    """Each AI of a set with what most of its readers called, from three readers on, then with each reader."""
    found = []
    for single in each_ai(reads):
        ai, people = single.prediction[0], single.prediction[1:]
        others = [
            (name, group, own) for name, group, own in zip(single.names[1:], single.groups[1:], people, strict=True)
        ]
        if len(people) > 2:
            others.insert(0, (CONSENSUS, "", majority(people, classes=len(table.classes))))
        for name, group, own in others:
            pair = pair_agreement(np.stack([ai, own]), table, (single.names[0], name))
            found.append(AiAgreement(single.names[0], name, group, pair.pairs[0].kappa, pair.observed))
    return tuple(found)


def majority(prediction: Codes, *, classes: int) -> Codes:
    """What more than half of those who read a case called it (n,), of predictions (m, n); else MISSING."""
    votes = np.stack([(prediction == k).sum(axis=0) for k in range(classes)])
    read = (prediction != MISSING).sum(axis=0)
    return np.asarray(np.where(2 * votes.max(axis=0) > read, votes.argmax(axis=0), MISSING), np.int64)
