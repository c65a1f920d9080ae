"""A reference standard that contradicts itself is named; a coherent one is not."""

from dataclasses import replace

import pytest

from core.study.prespecification import ReferenceStandard
from core.study.protocol import Protocol
from core.study.reference_standard import contradictions
from core.study.template import PUBLISHED

SOUND = ReferenceStandard(rests_on=("PCR", "expert panel"), blinded_to="the AI and the readers", panel=True)


@pytest.mark.parametrize(
    ("reference", "may_author", "by_reader", "says"),
    [
        (replace(SOUND, rests_on=("PCR",)), False, False, "does not name an expert panel"),
        (SOUND, True, False, "readers of the study may author it"),
        (SOUND, False, True, "a reader of the study authored some of it"),
        (replace(SOUND, panel=False, rests_on=("CT",)), False, False, "the CT alone"),
        (
            replace(SOUND, panel=False, rests_on=("CT", "PCR"), blinded_to="the CT, PCR"),
            False,
            False,
            "blinded to the CT",
        ),
    ],
)
def test_a_contradiction_is_named(reference: ReferenceStandard, may_author: bool, by_reader: bool, says: str):
    (said,) = contradictions(Protocol(reference=reference, readers_may_author_truth=may_author), by_reader=by_reader)
    assert says in said


@pytest.mark.parametrize("protocol", [Protocol(), Protocol(reference=SOUND), PUBLISHED.protocol])
def test_a_coherent_description_is_let_be(protocol: Protocol):
    assert contradictions(protocol, by_reader=False) == []
