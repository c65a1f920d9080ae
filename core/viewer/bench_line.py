"""The bench of pixels on their way: bytes stored and sent, and a case over slow lines."""

import time
from pathlib import Path
from typing import Any

import numpy as np

from core.imaging.places import PACKED
from core.imaging.storage import VolumeStore
from core.imaging.volume import Volume
from core.viewer.bench_page import Figures, page_at, port_of, seconds
from core.viewer.line import slow_line

LINES = {  # Mbit/s, with the targets of seconds
    5: {"coarse": "<= 4", "jump": "<= 1", "all": "<= 60"},
    20: {"coarse": "", "jump": "", "all": "<= 15"},
}


def wire(volume: Volume, folder: Path, figures: Figures) -> None:
    """How many bytes a volume takes, stored and sent, beside raw int16; whether every voxel survives."""
    store = VolumeStore(str(folder / "volumes"))
    began = time.perf_counter()
    key = store.put(volume)
    stored_s = time.perf_counter() - began
    began = time.perf_counter()
    same = bool(np.array_equal(store.hu(key), volume.hu))
    depth = len(volume.hu)
    figures.add("raw_int16_mb", round(volume.hu.nbytes / 1e6, 2))
    figures.add(
        "packed_mb", round((folder / "volumes" / key[:2] / key / PACKED).stat().st_size / 1e6, 2), "<= 36 (P001)"
    )
    figures.add("of_that_coarse_view_mb", round(len(store.coarse(key)) / 1e6, 2))
    figures.add("store_ms_a_slice", round(1e3 * stored_s / depth, 2))
    figures.add("read_ms_a_slice", round(1e3 * (time.perf_counter() - began) / depth, 2))
    figures.add("equal_to_the_last_voxel", same, "true")


def line(browser: Any, volume: Volume, folder: Path, figures: Figures, mbit: int, targets: dict[str, str]) -> None:
    """A case over a slow line of 200 ms: the coarse view of the whole, a jump to the last slice, all slices."""
    name = f"at_{mbit}_mbit_200_ms"
    raw_s = volume.hu.nbytes * 8 / (mbit * 1e6)
    with (
        page_at(browser, volume, folder, 1) as (page, _, url),
        slow_line(port_of(url), mbit=mbit, delay_ms=200) as port,
    ):
        page.goto(url)  # the bundle is not part of it
        page.goto(url.replace(f":{port_of(url)}", f":{port}"), timeout=120_000)
        page.wait_for_function("performance.getEntriesByName('parallax-first-image').length === 1", timeout=120_000)
        figures.add(f"first_slice_{name}_s", seconds(page, "parallax-first-image"))
        page.wait_for_function("performance.getEntriesByName('parallax-coarse').length === 1", timeout=120_000)
        figures.add(f"coarse_view_{name}_s", seconds(page, "parallax-coarse"), targets["coarse"])
        began = time.monotonic()
        page.keyboard.press("End")
        page.locator(f'.view[data-shown="axial/{len(volume.hu) - 1}"]').wait_for(timeout=60_000)
        figures.add(f"full_slice_after_a_jump_{name}_s", round(time.monotonic() - began, 2), targets["jump"])
        page.wait_for_function("performance.getEntriesByName('parallax-loaded').length === 1", timeout=300_000)
        figures.add(f"all_slices_{name}_s", seconds(page, "parallax-loaded"), targets["all"])
        figures.add(f"raw_int16_would_take_{name}_s", round(raw_s, 1))
