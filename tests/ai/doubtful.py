"""Inputs that are no chest, or a chest that a call should be doubted on, built from arrays."""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from core.imaging.volume import Attributes, Volume, volume_of
from core.training.procedural.case import procedural_case

SHAPE = (24, 96, 96)
SPACING = (10.0, 4.0, 4.0)
Hu = NDArray[np.int16]
Built = tuple[Hu, tuple[float, float, float], Attributes, NDArray[np.uint8] | None]


def _ball(y: float, x: float, ry: float, rx: float) -> NDArray[np.bool_]:
    """A cylinder or, over z, a barrel, as a mask of SHAPE."""
    z, yy, xx = (np.arange(n)[tuple(slice(None) if a == b else None for b in range(3))] for a, n in enumerate(SHAPE))
    return np.asarray(((yy - y) / ry) ** 2 + ((xx - x) / rx) ** 2 + 0 * z < 1)


def _grain(hu: NDArray[np.floating], sigma: float = 12.0) -> Hu:
    rng = np.random.default_rng(0)
    return np.rint(np.clip(hu + rng.normal(0, sigma, hu.shape), -1024, 3000)).astype(np.int16)


def _body(air: float = -1000.0, tissue: float = 40.0) -> NDArray[np.float64]:
    hu = np.full(SHAPE, air)
    hu[_ball(48, 48, 34, 42)] = tissue
    return hu


def _with_spine(hu: NDArray[np.float64]) -> NDArray[np.float64]:
    hu[_ball(72, 48, 6, 6)] = 300
    return hu


def uniform_noise() -> Hu:
    return np.random.default_rng(1).integers(-1024, 600, SHAPE).astype(np.int16)


def dark_noise() -> Hu:
    return np.clip(np.random.default_rng(2).normal(-600, 300, SHAPE), -1024, 1000).astype(np.int16)


def spotted_noise() -> Hu:
    rng = np.random.default_rng(3)
    return np.where(rng.random(SHAPE) < 0.5, -800, rng.integers(-200, 900, SHAPE)).astype(np.int16)


def cloud() -> Hu:
    from scipy.ndimage import gaussian_filter

    field = gaussian_filter(np.random.default_rng(4).normal(size=SHAPE), (1, 4, 4))
    return _grain(-800 + 120 * field / field.std())


def foam() -> Hu:
    return _grain(np.full(SHAPE, -700.0))


def water() -> Hu:
    return _grain(np.zeros(SHAPE))


def nothing() -> Hu:
    return np.full(SHAPE, -1024, np.int16)


def checkers() -> Hu:
    y, x = np.indices(SHAPE)[1:]
    return np.where((y // 8 + x // 8) % 2 == 0, -800, 40).astype(np.int16)


def bags_in_air() -> Hu:
    hu = np.full(SHAPE, -1000.0)
    hu[_ball(48, 26, 24, 15)] = hu[_ball(48, 70, 24, 15)] = -800
    return _grain(hu)


def bags_in_water() -> Hu:
    hu = _body(tissue=0.0)
    hu[_ball(46, 28, 22, 14)] = hu[_ball(46, 68, 22, 14)] = -800
    return _grain(hu)


def bags_beside_bone() -> Hu:
    hu = _with_spine(_body())
    hu[_ball(46, 28, 22, 14)] = hu[_ball(46, 68, 22, 14)] = -800
    return _grain(hu)


def head() -> Hu:
    hu = np.full(SHAPE, -1000.0)
    hu[_ball(48, 48, 26, 20)], hu[_ball(48, 48, 24, 18)] = 900, 35
    hu[_ball(26, 48, 4, 6)] = -700  # sinus, cells half full of air
    return _grain(hu)


def abdomen() -> Hu:
    hu = _with_spine(_body())
    for x in (30, 44, 66):
        hu[_ball(30, x, 5, 7)] = -980
    hu[_ball(50, 30, 14, 14)] = 60
    return _grain(hu)


def abdomen_full_of_gas() -> Hu:
    hu = _with_spine(_body())
    hu[_ball(38, 34, 16, 16)] = hu[_ball(38, 64, 16, 14)] = -930  # at the edge of what a scanner calls air
    return _grain(hu, 4)


def legs() -> Hu:
    hu = np.full(SHAPE, -1000.0)
    for x in (28, 68):
        hu[_ball(48, x, 18, 18)], hu[_ball(48, x, 4, 4)] = 40, 900
    return _grain(hu)


def phantom() -> Hu:
    hu = _body(tissue=0.0)
    for k, value in enumerate((-100, -800, 120, 900)):
        hu[_ball(30 + 12 * k, 40 + 6 * k, 5, 5)] = value
    return _grain(hu)


NOT_CHESTS: dict[str, Callable[[], Hu]] = {
    made.__name__: made
    for made in (
        *(uniform_noise, dark_noise, spotted_noise, cloud, foam, water, nothing, checkers, bags_in_air),
        *(bags_in_water, bags_beside_bone, head, abdomen, abdomen_full_of_gas, legs, phantom),
    )
}


def not_a_chest(name: str) -> Volume:
    """One of NOT_CHESTS as a volume."""
    return volume_of(NOT_CHESTS[name](), SPACING, top_z_mm=0.0, attributes=Attributes())


@lru_cache(maxsize=1)
def chest() -> tuple[Volume, NDArray[np.uint8]]:
    """A procedural chest without pneumonia and its lungs."""
    case = procedural_case(77, "normal", size=112, spacing_z=6.0, field_mm=380, length_mm=300)
    return volume_of(case.hu, case.spacing, top_z_mm=0.0, attributes=Attributes()), case.lungs


Changed = tuple[Volume, NDArray[np.uint8]]


def _made(hu: Hu, lungs: NDArray[np.uint8], **changes: object) -> Changed:
    volume = chest()[0]
    spacing = changes.pop("spacing", volume.spacing_mm)
    attributes = replace(Attributes(), **changes)  # type: ignore[arg-type]  # named by the callers below
    return volume_of(hu, spacing, top_z_mm=0.0, attributes=attributes), lungs  # type: ignore[arg-type]  # as above


def _scaled(by: float) -> Changed:
    volume, lungs = chest()
    z, y, x = volume.spacing_mm
    return _made(volume.hu, lungs, spacing=(z * by, y * by, x * by))


def _part(which: slice, **changes: object) -> Changed:
    volume, lungs = chest()
    return _made(volume.hu[which], lungs[which], **changes)


def _cropped(rows: slice, columns: slice) -> Changed:
    volume, lungs = chest()
    return _made(np.ascontiguousarray(volume.hu[:, rows, columns]), np.ascontiguousarray(lungs[:, rows, columns]))


def _circle() -> Changed:
    volume, lungs = chest()
    y, x = np.ogrid[:112, :112]
    outside = (y - 56) ** 2 + (x - 56) ** 2 > 34**2
    return _made(np.where(outside, -2000, volume.hu).astype(np.int16), np.where(outside, 0, lungs).astype(np.uint8))


def _offset(by: int) -> Changed:
    volume, lungs = chest()
    return _made(np.maximum(volume.hu + by, -1024).astype(np.int16), lungs)


def _white(side: int) -> Changed:
    volume, lungs = chest()
    return _made(np.where(lungs == side, 30, volume.hu).astype(np.int16), np.where(lungs == side, 0, lungs))


def _turned() -> Changed:
    volume, lungs = chest()
    return _made(np.ascontiguousarray(volume.hu[:, ::-1]), np.ascontiguousarray(lungs[:, ::-1]))


def _mirrored() -> Changed:
    volume, lungs = chest()
    return _made(np.ascontiguousarray(volume.hu[:, :, ::-1]), np.ascontiguousarray(lungs[:, :, ::-1]))


DOUBTFUL: dict[str, tuple[Callable[[], Changed], str]] = {
    "five slices": (lambda: _part(slice(14, 34, 4)), "only 5 slices"),
    "ten slices": (lambda: _part(slice(4, 44, 4)), "only 10 slices"),
    "every third slice": (lambda: _part(slice(0, None, 3), spacing=(18.0, 3.39, 3.39)), "18 mm apart"),
    "field of view cut to 60 %": (lambda: _cropped(slice(22, 90), slice(22, 90)), "cut by the edge"),
    "left side cut off": (lambda: _cropped(slice(None), slice(0, 76)), "cut by the edge"),
    "front cut off": (lambda: _cropped(slice(40, 112), slice(None)), "cut by the edge"),
    "round field of view too small": (_circle, "cut by the edge"),
    "upper half only": (lambda: _part(slice(0, 26)), "ends within the lungs"),
    "lower half only": (lambda: _part(slice(22, None)), "begins within the lungs"),
    "prone": (lambda: _part(slice(None), orientation="axial, prone"), "position is prone"),
    "on the side": (lambda: _part(slice(None), orientation="axial, on the side"), "position is on the side"),
    "front and back exchanged": (_turned, "front and back"),
    "right and left exchanged": (_mirrored, "right and left"),
    "calibration 250 HU too high": (lambda: _offset(250), "HU at the median"),
    "calibration 160 HU too low": (lambda: _offset(-160), "HU at the median"),
    "half its size": (lambda: _scaled(0.6), "ml, which is unusual"),
    "twice its size": (lambda: _scaled(1.5), "ml, which is unusual"),
    "right lung white": (lambda: _white(1), "the left one's volume"),
    "left lung white": (lambda: _white(2), "the left one's volume"),
}
