"""What is no chest gets no call, and a chest that a call should be doubted on gets a warning that says why."""

import pytest

from core.ai.lungs import NoLungs
from core.ai.pipeline import read_volume
from core.ai.quality import check_chest, hanging, warnings_of
from core.ai.rule import PatientCall
from tests.ai.build import SMALL, small_model
from tests.ai.doubtful import DOUBTFUL, NOT_CHESTS, chest, not_a_chest


@pytest.mark.parametrize("name", NOT_CHESTS)
def test_what_is_no_chest_gets_no_call_but_a_reason(name):
    with pytest.raises(NoLungs, match=r"No lungs were found|does not look like a chest CT: .+ Check the file"):
        read_volume(not_a_chest(name), small_model(), parameters=SMALL, heat_maps=False)


def test_a_chest_as_usual_is_read_without_a_warning():
    volume, lungs = chest()
    assert warnings_of(volume, lungs, check_chest(volume, lungs)) == ()


@pytest.mark.parametrize("name", DOUBTFUL)
def test_a_doubtful_chest_gets_a_warning(name):
    make, says = DOUBTFUL[name]
    volume, lungs = make()
    found = warnings_of(volume, lungs, check_chest(volume, lungs))
    assert any(says in sentence for sentence in found), found
    assert all(sentence.endswith(".") for sentence in found)


@pytest.mark.parametrize(
    ("label", "counts", "deciding", "says"),
    [
        ("cap", {"normal": 40, "cap": 3, "covid": 0}, 3, "rests on 3 slices"),
        ("covid", {"normal": 0, "cap": 55, "covid": 58}, 58, "narrow: 55 slices are called cap, 58 covid"),
        ("covid", {"normal": 52, "cap": 38, "covid": 41}, 41, "narrow: 38 slices are called cap, 41 covid"),
        ("normal", {"normal": 20, "cap": 18, "covid": 0}, 20, "narrow"),
        ("normal", {"normal": 90, "cap": 3, "covid": 0}, 90, None),
        ("covid", {"normal": 20, "cap": 10, "covid": 80}, 80, None),
    ],
)
def test_a_call_that_few_slices_would_turn_says_so(label, counts, deciding, says):
    found = hanging(PatientCall(label, counts, tuple(range(deciding)), 0.5, "paper"))
    assert (says is None and found == ()) or (says in found[0])
