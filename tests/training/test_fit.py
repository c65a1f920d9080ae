"""Training runs, stops where it should and goes on after an interruption."""

import json
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from core.ai.parameters import PipelineParams
from core.errors import NotFound
from core.training import augment
from core.training.cache import Recipe, make_cache, stored_cases
from core.training.calibrate import expected_error, fit_temperature, nll
from core.training.fit import begin_with_model, curves, load_task, lung_streams, run, sized, slice_streams
from core.training.samples import SliceSamples, case_boxes, slice_groups
from core.training.tasks import LungTask, Plan
from tests.ai.build import write_model
from tests.training.cases import stored

PARAMETERS = PipelineParams(lung_size=32, slice_size=64)


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    return stored_cases(stored(tmp_path_factory.mktemp("cases"), range(4, 10)))


def plan(steps):
    return Plan(steps, batch=2, rate=1e-3, warm_up=1, epoch_steps=2, precision="32-true")


def test_lung_training_keeps_every_step_and_resumes_where_it_stopped(tmp_path, cases):
    first = run(LungTask(plan(3)), lung_streams(cases, plan(3), PARAMETERS, validation=2), tmp_path)
    assert (first["steps"], first["resumed"]) == (3, False)
    state = torch.load(tmp_path / "last.ckpt", weights_only=False)
    assert state["global_step"] == 3  # steps that fill no epoch are kept too
    assert any(k.startswith("averaged.module.") for k in state["state_dict"])
    again = run(LungTask(plan(5)), lung_streams(cases, plan(5), PARAMETERS, validation=2), tmp_path)
    assert (again["steps"], again["resumed"]) == (5, True)
    rows = curves(tmp_path)
    assert rows[0]["step"] == 1.0  # the first run's curves are kept
    assert rows[-1]["step"] > 3
    assert {"train_loss", "val_loss", "val_dice_left"} <= {k for r in rows for k in r}
    assert (tmp_path / "curves.html").stat().st_size > 1000
    assert json.loads((tmp_path / "plan.json").read_text())["steps"] == 5


class Worse(LungTask):
    """A task whose validation gets worse from epoch to epoch."""

    def validation_step(self, batch, _):
        self.log("val_loss", torch.tensor(float(self.current_epoch)), batch_size=len(batch[0]))


class Killed(Exception):
    """Stands for a machine that goes off."""


def test_a_killed_run_goes_on_from_its_last_epoch_even_if_an_earlier_one_was_better(tmp_path, cases):
    def kill(done, _):
        if done >= 6:
            raise Killed

    with pytest.raises(Killed):
        run(Worse(plan(8)), lung_streams(cases, plan(8), PARAMETERS, validation=2), tmp_path, on_progress=kill)
    assert torch.load(tmp_path / "last.ckpt", weights_only=False)["global_step"] == 4
    assert torch.load(tmp_path / "best.ckpt", weights_only=False)["global_step"] == 2


def test_training_begins_with_a_models_weights_at_the_size_asked_for(tmp_path, cases, data_dir):
    write_model(data_dir / "models" / "own" / "1")
    task = LungTask(replace(plan(1), size=48))
    begin_with_model(task, "own/1")
    stored = load_file(data_dir / "models" / "own" / "1" / "lungs.safetensors")
    for network in (task.net, task.average):
        assert all(torch.equal(network.state_dict()[k], v.to(torch.float32)) for k, v in stored.items() if v.ndim)
    streams = lung_streams(cases, task.plan, sized(task), validation=2)
    assert streams.training(0, 1)[0][0].shape == (1, 48, 48)
    run(task, streams, tmp_path)
    assert sized(load_task("lungs", tmp_path / "last.ckpt")).lung_size == 48
    with pytest.raises(NotFound, match="No AI model named"):
        begin_with_model(task, "nobody/1")


def test_slice_samples_are_of_three_classes_and_the_same_again(cases):
    train = [c for c in cases if not c.held_out]
    groups = slice_groups(train, PARAMETERS, everywhere=True)
    data = SliceSamples(
        train, PARAMETERS, seed=1, first=0, count=24, groups=groups, boxes=case_boxes(train, PARAMETERS)
    )
    samples = [data[n] for n in range(24)]
    assert {int(code) for _, code in samples} == {0, 1, 2}
    assert all(x.shape == (1, 64, 64) and float(x.min()) >= 0 and float(x.max()) <= 1 for x, _ in samples)
    assert torch.equal(samples[5][0], data[5][0])
    later = SliceSamples(train, PARAMETERS, seed=1, first=5, count=1, groups=groups, boxes=data.boxes)
    assert torch.equal(samples[5][0], later[0][0])  # a resumed run sees what an unbroken one would have


def test_reading_beside_the_training_gives_the_same_batches(cases):
    streams = slice_streams(cases, plan(2), PARAMETERS, validation=4)
    samples = streams.training(0, 4)
    alone = [batch for batch, _ in streams.loader(samples)]
    streams.workers = 2
    beside = [batch for batch, _ in streams.loader(samples)]
    assert len(beside) == 2
    assert all(torch.equal(a, b) for a, b in zip(alone, beside, strict=True))


def test_infection_free_slices_of_the_sick_train_as_normal(cases):
    groups = slice_groups(cases, PARAMETERS, everywhere=True)
    for place in groups["free"]["procedural"]:
        assert cases[place.case].label != "normal"
        assert cases[place.case].labels[place.index] == 0


def test_held_out_cases_validate_and_never_train(cases):
    held = [c for c in cases if c.held_out]
    assert [c.seed for c in held] == [9]
    data: Any = slice_streams(cases, plan(2), PARAMETERS).validation
    assert len(data) > 0
    assert all(data.cases[p.case].held_out for p in data.places)


def test_making_cases_again_leaves_finished_ones_alone(tmp_path):
    recipe = Recipe(procedural=1, background=0, first_seed=3, size=48)
    make_cache(tmp_path, recipe)
    (truth,) = tmp_path.glob("*/truth.json")
    before = truth.stat().st_mtime_ns
    make_cache(tmp_path, recipe)
    assert truth.stat().st_mtime_ns == before


def test_a_mirrored_sample_keeps_every_lung_on_its_side(cases):
    rng = np.random.default_rng(0)
    matrix = augment.placed(rng, 32, (31.5, 31.5), 64, augment.Strength(turn=0.0, shift=0.0), flip=True)
    image = np.zeros((64, 64), np.float32)
    image[:, :20] = 100
    out = augment.cut(image, matrix, 32, outside=0)
    assert out[:, -4:].mean() > 50 > out[:, :4].mean()


def test_a_frayed_mask_changes_near_its_outline_only():
    mask = np.zeros((96, 96), np.uint8)
    mask[20:70, 30:80] = 1
    inner, outer = cv2.erode(mask, np.ones((11, 11))), cv2.dilate(mask, np.ones((11, 11)))
    rng = np.random.default_rng(3)
    changed = [augment.frayed(rng, mask, 0.4) for _ in range(5)]
    for frayed in changed:
        assert (frayed[inner > 0] == 1).all()
        assert (frayed[outer == 0] == 0).all()
        assert 40 < (frayed != mask).sum() < 600
    assert not np.array_equal(changed[0], changed[1])


def test_a_shallow_breath_makes_lungs_denser_behind_and_leaves_the_rest():
    hu, lungs = np.full((60, 60), 40, np.float32), np.zeros((60, 60), np.uint8)
    lungs[10:50, 10:50] = 1
    hu[lungs > 0] = -850
    for seed in range(8):
        out = augment.breathed(np.random.default_rng(seed), hu, lungs)
        assert out[20:40, 20:40].mean() > -835
        assert out[42:46, 20:40].mean() >= out[14:18, 20:40].mean() - 1
        assert out[:4].mean() == pytest.approx(40, abs=2)
    assert np.array_equal(augment.breathed(np.random.default_rng(0), hu, 0 * lungs), hu)


def test_temperature_softens_scores_that_are_too_sure():
    rng = np.random.default_rng(1)
    codes = rng.integers(0, 3, 600)
    honest = np.eye(3, dtype=np.float32)[codes] * 1.2 + rng.normal(0, 1, (600, 3)).astype(np.float32)
    sure = honest * 4
    found = fit_temperature(sure, codes)
    assert found == pytest.approx(4 * fit_temperature(honest, codes), rel=0.05)
    assert nll(sure, codes, found) < nll(sure, codes, 1.0)
    assert expected_error(sure, codes, found) < expected_error(sure, codes, 1.0)
