"""Padding, unused bits and values beyond int16."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.imaging.frames import Frame, Marks, PixelFormat
from core.imaging.pixels import PixelReader, to_hu
from core.imaging.read import scan
from core.imaging.volume import Attributes
from tests import dicom_builder as build

DATASETS = build.series()


def hu_of(datasets: list[build.Dataset]) -> np.ndarray:
    """The images in HU; squares are no body, so they are not loaded as a volume."""
    found = scan(build.uploads(build.files_of(datasets)))
    assert found.rejected == ()
    reader = PixelReader()
    content: Any = found.series[0].content
    images = [reader.hu(frame) for frame in content.frames]
    reader.close()
    return np.array(images)


def squares(inside: int, outside: int, dtype: str) -> list[build.Dataset]:
    """A square of one stored value in a frame of another."""
    stored = np.full((32, 32), outside, dtype)
    stored[8:24, 8:24] = inside
    return [build.with_pixels(dataset, stored) for dataset in DATASETS]


@pytest.mark.parametrize("padding", [-2000, 63536])
def test_padding_becomes_air_however_its_sign_is_written(padding: int):
    datasets = squares(1064, -2000, "<i2")
    for dataset in datasets:
        dataset.add_new("PixelPaddingValue", "SS" if padding < 0 else "US", padding)
    hu = hu_of(datasets)
    assert hu[0, 0, 0] == -1024
    assert hu[0, 16, 16] == 40


def test_padding_in_unsigned_pixels_beyond_the_stored_bits_becomes_air():
    datasets = squares(1064, 63536, "<u2")
    for dataset in datasets:
        dataset.BitsStored, dataset.HighBit = 12, 11
        dataset.add_new("PixelPaddingValue", "SS", -2000)
    hu = hu_of(datasets)
    assert (hu[0, 0, 0], hu[0, 16, 16]) == (-1024, 40)


def test_a_range_of_padding_becomes_air():
    datasets = squares(1064, 4090, "<u2")
    for dataset in datasets:
        dataset.add_new("PixelPaddingValue", "US", 4095)
        dataset.add_new("PixelPaddingRangeLimit", "US", 4080)
    hu = hu_of(datasets)
    assert (hu[0, 0, 0], hu[0, 16, 16]) == (-1024, 40)


def test_outside_values_below_air_become_air_without_a_padding_tag():
    hu = hu_of(squares(1064, -2000, "<i2"))
    assert hu.min() == -1024


def test_a_padding_value_that_is_tissue_is_believed_only_where_the_corners_hold_it():
    inside = squares(1024, 24, "<u2")  # 0 HU inside, and 0 HU named as padding
    around = squares(24, 1024, "<u2")
    for dataset in [*inside, *around]:
        dataset.add_new("PixelPaddingValue", "US", 1024)
    assert hu_of(inside)[0, 16, 16] == 0
    assert hu_of(around)[0, 0, 0] == -1024


def test_bits_above_the_high_bit_and_below_the_lowest_are_left_out():
    overlay = squares(1064 | 0x3000, 24 | 0xF000, "<u2")
    left_aligned = squares(1064 << 4 | 0x3, 24 << 4 | 0x5, "<u2")
    for dataset in overlay:
        dataset.BitsStored, dataset.HighBit = 12, 11
    for dataset in left_aligned:
        dataset.BitsStored, dataset.HighBit = 12, 15
    assert np.array_equal(hu_of(overlay), hu_of(left_aligned))
    assert hu_of(overlay)[0, 16, 16] == 40


def test_the_sign_of_twelve_stored_bits_is_kept():
    datasets = squares(40, -1000 & 0x0FFF, "<i2")
    for dataset in datasets:
        dataset.BitsStored, dataset.HighBit, dataset.RescaleIntercept = 12, 11, 0
    assert hu_of(datasets)[0, 0, 0] == -1000


def test_thirty_two_bit_pixels_are_read_and_values_beyond_int16_clipped():
    datasets = squares(100_000, 24, "<u4")
    assert hu_of(datasets)[0, 16, 16] == 32767


def frame_of(slope: float, intercept: float, *, bits: int, signed: bool) -> Frame:
    form = PixelFormat(16, 16, bits, bits, bits - 1, signed, None, "")
    six, two = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0), (1.0, 1.0)
    return Frame(None, 0, form, (0.0, 0.0, 0.0), six, two, slope, intercept, Marks(()), "", Attributes())  # type: ignore[arg-type]


@given(
    kind=st.sampled_from(["<u1", "<i1", "<u2", "<i2", ">u2", ">i2", "<u4", "<i4"]),
    slope=st.integers(-1000, 1000).filter(bool),
    intercept=st.one_of(st.just(-1024), st.integers(-(10**7), 10**7)),
    data=st.data(),
)
def test_whole_slopes_are_exact_in_whatever_type_they_are_worked_out(
    kind: str, slope: int, intercept: int, data: st.DataObject
):
    stored = data.draw(arrays(kind, (2, 3)))
    before = stored.copy()
    hu = to_hu(stored, frame_of(slope, intercept, bits=8 * stored.itemsize, signed="i" in kind))
    shift = max(min(intercept, 10**6), -(10**6))
    assert hu.dtype == np.int16
    assert hu.tolist() == [[min(max(int(v) * slope + shift, -1024), 32767) for v in row] for row in stored]
    assert np.array_equal(stored, before)
