"""One volume in, one AI read out."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from core.ai import batches
from core.ai.explain import HEAT_SIZE, heat_on_slice, store_heat, strip
from core.ai.graphs import SliceGraph
from core.ai.networks import slice_network
from core.ai.parameters import CLASSES, PipelineParams, Truncation, parameters_of
from core.ai.pipeline import read_volume
from core.ai.preprocess import Box
from core.ai.result import CaseResult
from core.ai.slices import score_slices
from core.errors import InvalidInput
from core.imaging.arriving import Arriving
from core.imaging.frames import Frame
from core.imaging.pixels import PixelReader
from core.imaging.read import opening
from core.imaging.synthetic import small_chest
from core.imaging.write import write_series
from tests.ai.build import SMALL, random_slices, small_model

VOLUME = small_chest(slices=20, size=96, lesion="covid", seed=1)


@pytest.fixture(scope="module")
def result() -> CaseResult:
    return read_volume(VOLUME, small_model(), parameters=SMALL)


def test_a_read_tells_everything_about_each_slice(result: CaseResult) -> None:
    assert [s.index for s in result.slices] == list(range(20))
    assert [s.z_mm for s in result.slices] == list(VOLUME.z_mm)
    kept = [s.index for s in result.slices if s.kept]
    assert kept == list(range(2, 18))
    for one in result.slices:
        assert (one.probabilities is None) is not one.kept
        assert one.probabilities is None or sum(one.probabilities) == pytest.approx(1)
    assert sum(result.counts.values()) == len(kept)
    assert sum(result.probabilities.values()) == pytest.approx(1)
    assert result.call in CLASSES
    assert result.lung_volume_ml > 300
    assert result.timings["total"] >= result.timings["lungs"] + result.timings["slices"]
    assert result.parameters == SMALL.as_dict()


def test_patient_probabilities_are_means_over_kept_slices(result: CaseResult) -> None:
    rows = np.array([s.probabilities for s in result.slices if s.probabilities])
    assert list(result.probabilities.values()) == pytest.approx(rows.mean(axis=0).tolist())


def test_dropped_slices_never_reach_the_slice_network() -> None:
    seen: list[int] = []
    model = small_model()

    def counted(gray: np.ndarray) -> tuple[np.ndarray, ...]:
        seen.append(len(gray))
        return model.slices(gray)

    few = replace(SMALL, truncation=Truncation(0.4, 0.4))
    read_volume(VOLUME, replace(model, slices=counted), parameters=few, heat_maps=False)
    assert sum(seen) == 4


def test_the_same_volume_is_read_alike_twice(result: CaseResult) -> None:
    again = read_volume(VOLUME, small_model(), parameters=SMALL)
    assert again.slices == result.slices
    assert again.call == result.call
    assert again.heat is not None
    assert result.heat is not None
    assert np.array_equal(again.heat, result.heat)


def test_bfloat16_agrees_with_full_precision(result: CaseResult) -> None:
    fast = read_volume(VOLUME, small_model(torch.bfloat16), parameters=SMALL)
    assert fast.call == result.call
    assert (fast.lungs != result.lungs).mean() < 0.001
    for mine, theirs in zip(fast.slices, result.slices, strict=True):
        if mine.probabilities and theirs.probabilities:
            assert mine.probabilities == pytest.approx(theirs.probabilities, abs=0.02)


def test_heat_maps_come_one_for_each_kept_slice_over_the_whole_slice(result: CaseResult) -> None:
    assert result.heat is not None
    assert result.heat_slices == tuple(range(2, 18))
    assert result.heat.shape == (16, HEAT_SIZE, HEAT_SIZE)
    assert result.heat.dtype == np.uint8
    assert heat_on_slice(result.heat[0], (96, 70)).shape == (96, 70)
    assert read_volume(VOLUME, small_model(), parameters=SMALL, heat_maps=False).heat is None


def test_a_hot_place_of_the_box_is_hot_at_the_same_place_of_the_slice() -> None:
    maps = np.zeros((1, 5, 5), np.float32)
    maps[0, 1, 3] = 2.0  # the cell around box position (0.3, 0.7)
    heat = store_heat(maps, Box(100, 300, 200, 400), np.ones((1, 512, 512), np.uint8))
    y, x = np.unravel_index(int(heat_on_slice(heat[0], (512, 512)).argmax()), (512, 512))
    assert abs(y - 160) < 8
    assert abs(x - 340) < 8
    assert heat.max() > 200


def test_heat_stays_inside_the_lungs() -> None:
    lungs = np.zeros((2, 512, 512), np.uint8)
    lungs[:, 200:300, 200:260] = 1
    heat = store_heat(np.full((2, 8, 8), 3.0, np.float32), Box(100, 400, 100, 400), lungs)
    on_slice = np.stack([cv2.resize(one, (512, 512), interpolation=cv2.INTER_NEAREST) for one in heat])
    assert heat.max() == 255
    assert not on_slice[:, :196].any()
    assert not on_slice[:, :, 264:].any()


def test_explaining_maps_are_layer_cam_of_the_evidence_by_automatic_differentiation() -> None:
    network: Any = random_slices()
    gray = torch.randint(0, 256, (2, 88, 88), dtype=torch.uint8)  # 88: sides that a stride of two does not divide
    logits, maps = SliceGraph(network)(gray)
    with torch.enable_grad():
        x = network.maxpool(network.act(network.conv1(gray[:, None].float() / 255)))
        fine = network.layer2(network.layer1(x)).detach().requires_grad_(True)
        last = network.layer4(network.layer3(fine))
        seen = network.fc(last.mean(dim=(2, 3)))
        evidence = seen[:, 1:].max(dim=1).values - seen[:, 0]
        (slope,) = torch.autograd.grad(evidence.sum(), fine)
    wanted = (fine * slope.clamp_min(0)).sum(dim=1) * last.shape[-1] * last.shape[-2]
    assert logits == pytest.approx(seen.detach(), abs=1e-4)
    assert maps.shape == (2, 11, 11)
    assert maps == pytest.approx(wanted.detach(), rel=1e-3, abs=1e-3)


def test_a_surely_normal_slice_has_no_heat() -> None:
    def surely_normal(gray: np.ndarray) -> tuple[np.ndarray, ...]:
        logits = np.tile(np.array([[30.0, 0.0, 0.0]], np.float32), (len(gray), 1))
        return logits, np.ones((len(gray), 8, 8), np.float32)

    model = replace(small_model(), slices=surely_normal)
    lungs = np.ones(VOLUME.hu.shape, np.uint8)
    _, maps = score_slices(VOLUME, lungs, model, [4, 9], parameters=SMALL, heat_maps=True)
    assert maps is not None
    assert maps.max() < 1e-6


def test_fusing_batch_norm_changes_no_probability() -> None:
    torch.manual_seed(0)
    plain: Any = slice_network().eval()
    with torch.no_grad():
        plain.fc.weight.mul_(3)
    x = torch.rand(2, 1, 64, 64)
    with torch.inference_mode():
        assert torch.allclose(plain(x), random_slices()(x), atol=1e-3)


def test_progress_counts_both_networks() -> None:
    told: list[tuple[int, int]] = []
    read_volume(VOLUME, small_model(), parameters=SMALL, on_progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (36, 36)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_an_unknown_rule_is_refused_before_anything_is_computed() -> None:
    with pytest.raises(InvalidInput, match="no patient rule"):
        read_volume(VOLUME, small_model(), rule="best")


def test_truncation_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(InvalidInput, match="leaves no slice"):
        read_volume(VOLUME, small_model(), parameters=PipelineParams(truncation=Truncation(0.5, 0.5)))


def test_the_strip_names_each_slices_call_and_what_decided() -> None:
    shown = strip([None, (0.9, 0.05, 0.05), (0.2, 0.1, 0.7)], deciding=[2])
    assert [s.call for s in shown] == [None, "normal", "covid"]
    assert [s.deciding for s in shown] == [False, False, True]
    assert shown[2].abnormal == pytest.approx(0.8)


def test_a_mirrored_chest_gets_the_same_scores_where_both_sides_are_seen() -> None:
    mirrored = replace(VOLUME, hu=np.ascontiguousarray(VOLUME.hu[:, :, ::-1]))
    lungs = np.ones(VOLUME.hu.shape, np.uint8)
    both = replace(SMALL, mirrored=True)
    plain, other = (score_slices(v, lungs, small_model(), [4, 9], parameters=both)[0] for v in (VOLUME, mirrored))
    assert plain == pytest.approx(other, abs=1e-5)
    assert np.abs(plain[0] - plain[1]).max() > 1e-4


def test_the_networks_begin_before_the_last_slice_is_decoded(
    result: CaseResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, real = Event(), PixelReader.hu
    write_series(VOLUME, tmp_path, uid_seed="arriving")

    def hu(reader: PixelReader, frame: Frame) -> np.ndarray:
        if frame.source.number == len(VOLUME.hu):
            assert begun.wait(20)
        return real(reader, frame)

    monkeypatch.setattr(PixelReader, "hu", hu)
    with opening(tmp_path, tell=print) as coming:
        assert isinstance(coming, Arriving)
        read = read_volume(coming, small_model(), parameters=SMALL, on_progress=lambda *_: begun.set())
    assert read.slices == result.slices
    assert np.array_equal(read.lungs, result.lungs)
    assert read.heat is not None
    assert result.heat is not None
    assert np.array_equal(read.heat, result.heat)


def test_a_large_input_goes_through_in_smaller_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.ai.batches.psutil.virtual_memory", lambda: SimpleNamespace(available=4e9))
    sizes = [batches.batch_size("cpu", side) for side in (96, 192, 512, 1024)]
    assert sizes == [16, 16, 3, 1]


@pytest.mark.skipif(sys.platform != "linux", reason="GNU's OpenMP is torch's on Linux only")
def test_waiting_threads_do_not_hold_their_cores_for_long() -> None:
    env = {key: value for key, value in os.environ.items() if key != "GOMP_SPINCOUNT"} | {"OMP_DISPLAY_ENV": "verbose"}
    done = subprocess.run(
        [sys.executable, "-c", "import core.ai.precision"], env=env, capture_output=True, text=True, check=True
    )
    assert "GOMP_SPINCOUNT = '2000'" in done.stderr


def test_a_card_that_says_so_has_each_slice_seen_mirrored_too() -> None:
    twice = replace(SMALL, mirrored=parameters_of({"parameters": {"mirrored": True}}).mirrored)
    flipped = replace(VOLUME, hu=np.ascontiguousarray(VOLUME.hu[:, :, ::-1]))
    lungs = np.ones(VOLUME.hu.shape, np.uint8)
    plain, other = (score_slices(v, lungs, small_model(), [4, 9], parameters=SMALL)[0] for v in (VOLUME, flipped))
    assert np.abs(plain - other).max() > 1e-3
    both = score_slices(VOLUME, lungs, small_model(), [4, 9], parameters=twice)[0]
    mean = np.exp((np.log(plain) + np.log(other)) / 2)
    assert both == pytest.approx(mean / mean.sum(axis=1, keepdims=True), abs=1e-5)
