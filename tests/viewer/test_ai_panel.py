"""The AI's output in words: the call explained by its counts, the deciding slices strongest first."""

from collections.abc import Callable

import pytest

from core.imaging.volume import Volume
from core.viewer.fake import Fake
from tests.viewer.desk import Desk

pytestmark = pytest.mark.browser
Sit = Callable[..., Desk]


def test_the_call_is_explained_and_the_strongest_slices_come_first(desk: Sit, bar: Volume) -> None:
    scores = [[0.5, 0.5 - z / 100, z / 100] for z in range(30)]
    ai = {
        "call": "covid", "probabilities": {"normal": 0.1, "cap": 0.2, "covid": 0.7},
        "counts": {"normal": 12, "cap": 4, "covid": 14}, "abnormal_share": 0.6, "rule": "minority",
        "label": "Research demonstration", "classes": ["normal", "cap", "covid"], "slices": scores,
        "deciding_slices": list(range(14)), "heat_slices": [], "masks_url": None, "heat_url": None,
    }  # fmt: skip
    fake = Fake.of(bar, ai=ai)
    fake.reads[0].phase = "aided"
    seat = desk(fake)
    panel = seat.page.locator(".ai")
    counted = "COVID-19: 14 of 30 slices; Normal 12; CAP 4; 60 % of the kept slices are not normal."
    panel.get_by_text(f"{counted} The rule “minority” decides.").wait_for()
    assert panel.locator(".chip").all_inner_texts() == [str(z + 1) for z in range(13, 1, -1)]
