"""Questions of every kind on the reading page."""

from dataclasses import asdict, replace
from typing import Any

from core.imaging.volume import Volume
from core.study.questions.question import Option, Question
from core.study.questions.registry import KINDS, new_question
from core.viewer.fake import FORM, Fake
from tests.viewer.test_course import Sit

LEVELS = tuple(Option(code, label) for code, label in (("no", "poor"), ("fair", "fair"), ("good", "excellent")))


def asked(kind: str) -> Question:
    own: dict[str, Any] = {"options": LEVELS} if hasattr(KINDS[kind], "options") else {}
    return replace(new_question(kind), id=f"q_{kind}", label=f"A {kind}?", required=False, **own)


def test_every_kind_has_its_control_and_a_grade_goes_by_the_arrow_keys(desk: Sit, bar: Volume) -> None:
    fake = Fake.of(bar)
    fake.form = {**FORM, "questions": [asdict(asked(kind)) for kind in KINDS]}
    seat = desk(fake)
    drawn = seat.page.locator("section[data-question]")
    assert [one.get_attribute("data-question") for one in drawn.all()] == [f"q_{kind}" for kind in KINDS]
    grade = seat.page.locator('[data-question="q_grade"]')
    assert grade.get_by_role("radio").all_inner_texts() == ["1 poor", "2 fair", "3 excellent"]
    shown = seat.shown()
    grade.get_by_role("radio").first.focus()
    seat.press("ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft")
    seat.until(lambda: seat.read.content["answers"] == {"q_grade": "fair"})
    assert grade.get_by_role("radio", checked=True).inner_text() == "2 fair"
    assert seat.shown() == shown
