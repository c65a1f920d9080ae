"""The reading page inside the real server: two cases read, unaided then with the AI, by keyboard alone."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from core import clock
from core.imaging.storage import VolumeStore
from core.imaging.synthetic import small_chest
from core.study.words import Design
from db.engine import open_session
from db.models import Account, AiModel, Case, Read, Reader, Series, StudyCase
from tests.e2e.conftest import Server
from tests.reading.build import Built, study

pytestmark = pytest.mark.browser
SLICES = 10  # as many as the builder's AI has scored


@pytest.fixture(scope="module")
def built(server: Server) -> Built:
    """A sequential study of two cases whose pixels, lungs and heat maps are in the server's storage."""
    store = VolumeStore(str(server.data / "volumes"))
    with open_session(server.database) as session:
        made = study(
            session,
            clock.now() - timedelta(hours=1),
            design=Design.SEQUENTIAL,
            cases=2,
            prefix="viewer-",
            open_at="top",
        )
        sha = session.scalars(select(AiModel.sha256)).first()
        query = select(Series).join(Case, Case.id == Series.case_id).join(StudyCase, StudyCase.case_id == Case.id)
        for seed, series in enumerate(session.scalars(query.where(StudyCase.study_id == made.study_id))):
            volume = small_chest(slices=SLICES, size=128, lesion="covid", seed=seed)
            series.storage_key = store.put(volume)
            series.slices, series.rows, series.columns = volume.hu.shape
            series.spacing_mm, series.z_mm = list(volume.spacing_mm), list(volume.z_mm)
            store.put_array(series.storage_key, f"lungs-{sha[:12]}", (volume.hu < -500).astype(np.uint8))
            store.put_array(series.storage_key, f"heat-{sha[:12]}", np.full((2, 16, 16), 120, np.uint8))
    return made


def username(server: Server, account_id: int) -> str:
    with open_session(server.database) as session:
        return session.get_one(Account, account_id).username


def reads_of(server: Server, reader: int) -> list[tuple[Any, ...]]:
    with open_session(server.database) as session:
        query = select(Read.arm, Read.state, Read.diagnosis).join(Reader).where(Reader.account_id == reader)
        return [tuple(row) for row in session.execute(query.order_by(Read.id))]


def answer(page: Any, letter: str) -> None:
    page.get_by_text(f"Slice 1 / {SLICES}").wait_for()
    page.keyboard.press("ArrowDown")
    page.get_by_text(f"Slice 2 / {SLICES}").wait_for()
    page.keyboard.press(letter)
    for digit in ("9", "2", "1"):
        page.keyboard.press(f"Shift+Digit{digit}")
        page.keyboard.press("Tab")
    page.get_by_text("saved", exact=True).wait_for()
    page.keyboard.press("Enter")
    page.get_by_text("Enter locks, Esc goes back").wait_for()


def test_a_case_is_read_unaided_and_then_aided(
    server: Server, built: Built, sign_in: Callable[..., Any], tmp_path: Any
) -> None:
    reader = built.readers[0]
    page = sign_in(server, username(server, reader))
    page.goto(f"{server.url}/read?study={built.study_id}")
    answer(page, "c")
    assert reads_of(server, reader) == [("unaided", "open", None)]
    assert page.get_by_text("AI output").count() == 0
    page.locator(".lock[data-steady]").wait_for()
    page.keyboard.press("Enter")

    page.get_by_text("AI output").wait_for()
    answer(page, "n")
    page.locator(".lock[data-steady]").wait_for()
    page.keyboard.press("m")
    assert reads_of(server, reader) == [("unaided", "locked", "covid"), ("aided", "open", None)]
    page.screenshot(path=tmp_path / "aided.png")
    page.keyboard.press("Enter")
    page.get_by_text("Case 2 of 2").first.wait_for()
    page.get_by_text(f"Slice 1 / {SLICES}").wait_for()
    assert reads_of(server, reader)[1] == ("aided", "locked", "normal")


def test_streamlit_gets_no_key_of_the_reading_page(server: Server, built: Built, sign_in: Callable[..., Any]) -> None:
    page = sign_in(server, username(server, built.readers[1]))
    page.goto(f"{server.url}/read?study={built.study_id}")
    page.get_by_text(f"Slice 1 / {SLICES}").wait_for()
    page.evaluate("window.heard = []; document.addEventListener('keydown', (event) => window.heard.push(event.key))")
    for key in ("r", "c", "i", "Enter", "Escape"):
        page.keyboard.press(key)
    assert page.evaluate("window.heard") == []
    assert page.get_by_text("Clear caches").count() == 0
