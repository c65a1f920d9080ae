"""Clinical information on the reading page, from the start or after a first diagnosis; and the window by name."""

import os

from core.imaging.volume import Volume
from core.viewer.fake import Fake
from tests.viewer.test_course import Sit

KNOWN = {"age": 89, "sex": "F", "text": "Cough for a week", "prior": "No nodule."}


def test_it_is_shown_after_a_first_diagnosis_and_the_case_opens_with_the_studys_window(desk: Sit, bar: Volume) -> None:
    fake = Fake.of(bar, clinical=KNOWN, clinical_after=True, window="angio")
    seat = desk(fake)
    part = seat.page.get_by_role("region", name="Clinical information")
    assert "CT angiography" in seat.page.locator(".parallax").inner_text()
    part.get_by_role("button", name="Show").click()
    seat.until(lambda: "first diagnosis on the images alone" in seat.page.locator(".finish").inner_text())
    assert "Cough" not in part.inner_text()
    seat.press("N")
    part.get_by_role("button", name="Show").click()
    seat.until(lambda: "Cough for a week" in part.inner_text())
    assert "89 years or older, female" in part.inner_text()
    assert "No nodule." not in part.inner_text()  # folded, as reports are long
    part.get_by_text("Earlier report").click()
    assert "No nodule." in part.inner_text()
    if place := os.environ.get("PARALLAX_PICTURE"):
        seat.page.screenshot(path=place)
