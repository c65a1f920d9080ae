"""Pixels on their way: the packed form of the route, a coarse view first, the slice looked at never queued."""

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from numcodecs import zstd

from core.imaging import wire
from core.imaging.packing import coarse
from core.imaging.volume import Volume
from core.viewer.fake import Fake
from core.viewer.stream import held, outward
from tests.reading.build import SHAPE, Built
from tests.viewer.desk import Desk
from tests.viewer.test_pixels import built, cookie_of, get, open_read, volume

__all__ = ["built", "volume"]  # fixtures
Sit = Callable[..., Desk]


def images(body: bytes, shapes: list[tuple[int, int]]) -> list[np.ndarray]:
    """Cut inflated images apart."""
    found = []
    for rows, columns in shapes:
        size = rows * columns * 2
        found.append(wire.image(np.frombuffer(body[:size], np.uint8), (rows, columns)))
        body = body[size:]
    assert body == b""
    return found


def test_the_packed_form_is_the_volume_to_the_last_voxel(
    db_url: str, built: Built, at: datetime, volume: Volume
) -> None:
    read = open_read(db_url, built, at)
    cookie = cookie_of(db_url, built.readers[0], at)
    path = f"/api/studies/{built.study_id}/cases/{read.case.case_number}/slices"
    small = coarse(volume.hu)
    have = "9"  # slices 0 and 3
    order = [z for z in outward(4, SHAPE[0]) if z not in (0, 3)]
    answer = get(f"{path}?form=packed&first=4&have={have}&coarse=1", cookie)
    shapes = [SHAPE[1:], (small.shape[0] * small.shape[1], small.shape[2]), *[SHAPE[1:]] * (len(order) - 1)]
    first, view, *rest = images(answer.content, shapes)
    np.testing.assert_array_equal([first, *rest], volume.hu[order])
    np.testing.assert_array_equal(view.reshape(small.shape), small)
    assert len(answer.content) < volume.hu.nbytes
    for wrong in ("have=xyz", "have=000000", "have=9&first=99"):
        assert get(f"{path}?form=packed&{wrong}", cookie).status_code == 422


def test_what_a_browser_has_is_read_from_digits() -> None:
    assert held("9c", 7) == [True, False, False, True, True, True, False]
    assert held("", 3) == [False] * 3
    with pytest.raises(ValueError, match="invalid literal"):
        held("zz", 8)


def test_frames_one_after_the_other_are_one_zstd_stream() -> None:
    """What the browser is sent as Content-Encoding: zstd."""
    rng = np.random.default_rng(3)
    pixels = rng.integers(-32768, 32767, (5, 7, 9)).astype(np.int16)
    for pixel in pixels:
        assert zstd.decompress(wire.packed(pixel)) == wire.planes(pixel).tobytes()


@pytest.mark.browser
@pytest.mark.parametrize("columns", [112, 111])
def test_every_voxel_reaches_the_readout(desk: Sit, bar: Volume, columns: int) -> None:
    hu = np.random.default_rng(4).integers(-32768, 32767, (6, 40, columns)).astype(np.int16)
    odd = Volume(hu, bar.spacing_mm, bar.z_mm[:6], bar.affine, bar.attributes, bar.content_hash)
    seat = desk(Fake.of(odd))
    seat.page.locator(".loading").wait_for(state="hidden")
    grid: dict[str, Any] = {"rows": 40, "columns": columns, "row_mm": 0.8, "column_mm": 0.6}
    for z in range(6):
        seat.painted("axial", z)
        for column, row in ((0, 0), (columns - 1, 39), (57, 20)):
            seat.page.mouse.move(*seat.at(column, row, **grid))
            assert seat.text("bottom-left").startswith(f"{hu[z, row, column]} HU".replace("-", "−"))
        seat.press("ArrowDown")


@pytest.mark.browser
def test_a_jump_gets_its_slice_next_and_a_coarse_view_meanwhile(
    desk: Sit, bar: Volume, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    read: list[int] = []
    frame = Fake.frame
    monkeypatch.setattr(Fake, "frame", lambda fake, case, z: read.append(z) or frame(fake, case, z))
    go = threading.Event()

    def gate(n: int) -> None:
        sent.append(n)
        if len(sent) >= 4:
            go.wait(20)

    noise = np.random.default_rng(5).integers(-1000, 400, bar.hu.shape).astype(np.int16)  # slices as large as real ones
    volume = Volume(noise, bar.spacing_mm, bar.z_mm, bar.affine, bar.attributes, bar.content_hash)
    fake = Fake.of(volume, gate=gate)
    seat = desk(fake)
    seat.press("End")
    seat.page.get_by_text("Coarse view. Slice 30 has not arrived yet").wait_for()
    drawn = """() => {
      const canvas = document.getElementById("host").shadowRoot.querySelector("canvas.coarse");
      return canvas.getContext("2d").getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data[3] > 0;
    }"""
    assert seat.page.evaluate(drawn)
    assert seat.text("bottom-left") == ""  # no value where there is no voxel
    go.set()
    seat.painted("axial", 29)
    assert read.index(29) <= 5, "the slice looked at did not wait for those between"
    assert seat.page.locator("canvas.coarse").is_hidden()
    seat.page.locator(".loading").wait_for(state="hidden")
    assert fake.log.count("GET /api/studies/1/cases/1/slices") == 2
