"""The real pixel routes: who gets which pixels, in which order, and when overlays are refused."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import httpx
import numpy as np
import pytest
from sqlalchemy import select
from starlette.applications import Starlette

from core.imaging.storage import VolumeStore
from core.imaging.volume import Attributes, Volume, volume_of
from core.settings import settings
from core.study.words import Design
from core.viewer.stream import outward
from db.engine import open_session
from db.models import Case, Series
from db.reading import reads
from pages.routes import pixels
from tests.reading.build import SHAPE, Built, study
from tests.reading.client import Wall, sign_in

APP = Starlette(routes=pixels.routes())


@pytest.fixture
def volume() -> Volume:
    hu = np.arange(np.prod(SHAPE), dtype=np.int64).reshape(SHAPE) % 3000 - 1000
    return volume_of(hu.astype(np.int16), (2.0, 0.8, 0.8), top_z_mm=0.0, attributes=Attributes())


@pytest.fixture
def built(db_url: str, at: datetime, volume: Volume, monkeypatch: pytest.MonkeyPatch) -> Built:
    Wall(at, monkeypatch)
    key = VolumeStore(settings().storage).put(volume)
    with open_session(db_url) as session:
        made = study(session, at, design=Design.SEQUENTIAL, cases=4)
        for series in session.scalars(select(Series)):
            series.storage_key = key
    return made


def get(path: str, cookie: str | None = None) -> httpx.Response:
    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(APP), base_url="http://parallax.test", trust_env=False
        ) as client:
            return await client.get(path, headers={"cookie": f"parallax_session={cookie}"} if cookie else {})

    with ThreadPoolExecutor(1) as thread:  # the browser of other tests keeps a loop running in this one
        return thread.submit(lambda: asyncio.run(ask())).result()


def cookie_of(db_url: str, account: int, at: datetime) -> str:
    with open_session(db_url) as session:
        found = sign_in(session, account, at).cookie
    assert found is not None
    return found


def open_read(db_url: str, built: Built, at: datetime) -> Any:
    with open_session(db_url) as session:
        return reads.next_read(session, account_id=built.readers[0], study_id=built.study_id, at=at).read


def test_the_order_goes_outward_and_holds_every_slice_once() -> None:
    assert outward(0, 4) == [0, 1, 2, 3]
    assert outward(2, 6) == [2, 3, 1, 4, 0, 5]
    assert sorted(outward(5, 6)) == list(range(6))


def test_a_reader_gets_the_present_and_the_next_case_and_no_other(
    db_url: str, built: Built, at: datetime, volume: Volume
) -> None:
    open_read(db_url, built, at)
    cookie = cookie_of(db_url, built.readers[0], at)
    base = f"/api/studies/{built.study_id}/cases"
    assert [get(f"{base}/{case}/slices", cookie).status_code for case in built.orders[0]] == [200, 200, 403, 403]
    answer = get(f"{base}/{built.orders[0][0]}/slices?first=4&skip=1", cookie)
    found = np.frombuffer(answer.content, "<i2").reshape(-1, *SHAPE[1:])
    np.testing.assert_array_equal(found, volume.hu[outward(4, SHAPE[0])[1:]])
    assert answer.headers["content-encoding"] == "identity"
    assert answer.headers["cache-control"] == "no-store, private"


def test_without_a_cookie_nothing_is_sent(db_url: str, built: Built, at: datetime) -> None:
    read = open_read(db_url, built, at)
    paths = (f"/api/studies/{built.study_id}/cases/{read.case.case_number}/slices", f"/api/reads/{read.token}/lungs")
    assert [get(path).status_code for path in paths] == [401, 401]


def test_another_studys_case_and_a_strange_number_are_refused(db_url: str, built: Built, at: datetime) -> None:
    read = open_read(db_url, built, at)
    cookie = cookie_of(db_url, built.readers[0], at)
    case = read.case.case_number
    assert get(f"/api/studies/{built.study_id + 1}/cases/{case}/slices", cookie).status_code in (403, 404)
    assert get(f"/api/studies/{built.study_id}/cases/{case}/slices?first=10", cookie).status_code == 422
    assert get(f"/api/studies/{built.study_id}/cases/{case}/slices?first=-1", cookie).status_code == 422


def test_overlays_are_refused_before_the_reveal_and_to_others(db_url: str, built: Built, at: datetime) -> None:
    read = open_read(db_url, built, at)
    mine, theirs = (cookie_of(db_url, account, at) for account in built.readers[:2])
    for name in ("lungs", "heat"):
        assert get(f"/api/reads/{read.token}/{name}", mine).status_code == 403
        assert get(f"/api/reads/{read.token}/{name}", theirs).status_code == 403
        assert get(f"/api/reads/never-was/{name}", mine).status_code == 404


def test_a_volume_that_is_gone_is_said_before_the_stream_begins(db_url: str, built: Built, at: datetime) -> None:
    read = open_read(db_url, built, at)
    with open_session(db_url) as session:
        series = session.scalars(select(Series).join(Case).where(Case.number == read.case.case_number)).one()
        series.storage_key = "0" * 64
    cookie = cookie_of(db_url, built.readers[0], at)
    answer = get(f"/api/studies/{built.study_id}/cases/{read.case.case_number}/slices", cookie)
    assert answer.status_code == 404
    assert "upload" in answer.json()["message"]
