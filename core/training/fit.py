"""Run a training: data streams, checkpoints, resuming, early stopping, curves."""

import csv
import json
import logging
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import cv2
import lightning.pytorch as pl
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger
from torch.utils.data import DataLoader, Dataset

from core.ai.parameters import PipelineParams, parameters_of
from core.ai.weights import fill_from
from core.progress import Progress, ignore
from core.training.cache import StoredCase
from core.training.samples import ExactSlices, LungSamples, Place, SliceSamples, case_boxes, slice_groups
from core.training.tasks import LungTask, Plan, SliceTask, Task

QUIET = (  # what Lightning and torch say about choices made on purpose, or about each other's versions
    ".*does not have many workers.*",
    ".*Experiment logs directory.*exists and is not empty.*",
    ".*Checkpoint directory.*exists and is not empty.*",
    ".*isinstance.treespec, LeafSpec.*",
    ".*smaller than the logging interval.*",
    ".*could not find the monitored key.*",  # a resumed run first closes the epoch it was stopped in
    ".*You're resuming from a checkpoint that ended before the epoch ended.*",
)
Stream = Callable[[int, int], Dataset[Any]]  # (first sample, count) -> samples


class Streams(pl.LightningDataModule):
    """Endless training samples in epochs of `plan.epoch_steps`; which ones an epoch has follows from its number."""

    def __init__(self, plan: Plan, training: Stream, validation: Dataset[Any], *, workers: int = 0) -> None:
        super().__init__()
        self.plan, self.training, self.validation, self.workers = plan, training, validation, workers

    def train_dataloader(self) -> DataLoader[Any]:
        epoch = self.trainer.current_epoch if self.trainer else 0
        count = self.plan.epoch_steps * self.plan.batch * self.plan.devices
        return self.loader(self.training(epoch * count, count))

    def val_dataloader(self) -> DataLoader[Any]:
        return self.loader(self.validation)

    def loader(self, samples: Dataset[Any]) -> DataLoader[Any]:
        """Return batches of samples in their order, read by `workers` processes (0: in this one)."""
        return DataLoader(
            samples,
            batch_size=self.plan.batch,
            num_workers=self.workers,
            pin_memory=torch.cuda.is_available(),
            worker_init_fn=one_thread,
        )


def one_thread(_: int) -> None:
    """Keep a reading process to one thread: there are as many processes as are wanted."""
    cv2.setNumThreads(0)


class Tell(Callback):
    """Hands steps done on to a progress callback."""

    def __init__(self, plan: Plan, on_progress: Progress) -> None:
        self.plan, self.on_progress = plan, on_progress

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Report after each epoch."""
        self.on_progress(trainer.global_step, self.plan.steps)


def run(task: Task, streams: Streams, folder: Path, *, on_progress: Progress = ignore) -> dict[str, Any]:
    """Train until the plan's steps or early stopping; go on from the last checkpoint in `folder` where there is one.

    Returns steps done, whether it resumed, wall seconds of this run and the last row of the curves.
    """
    plan = task.plan
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    pl.seed_everything(plan.seed, workers=True, verbose=False)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plan.json").write_text(json.dumps(asdict(plan), indent=1))
    last = folder / "last.ckpt"
    keep_curves(folder)
    keep = ModelCheckpoint(
        folder,
        filename="best",
        monitor="val_loss",
        save_top_k=1,
        save_on_train_epoch_end=True,
        enable_version_counter=False,
    )
    go_on = ModelCheckpoint(  # its own: another's save_last leaves out epochs that are not the best
        folder, filename="last", monitor=None, save_on_train_epoch_end=True, enable_version_counter=False
    )
    stop = EarlyStopping("val_loss", patience=plan.patience, strict=False, check_on_train_epoch_end=False)
    trainer = pl.Trainer(
        max_steps=plan.steps,
        max_epochs=-1,
        precision=cast(Any, plan.precision),
        devices=plan.devices,
        strategy=plan.strategy,
        accelerator="auto",
        logger=CSVLogger(folder, name="", version="curves"),
        callbacks=[keep, go_on, stop, Tell(plan, on_progress)],
        reload_dataloaders_every_n_epochs=1,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        log_every_n_steps=plan.epoch_steps,
        use_distributed_sampler=plan.devices > 1,
    )
    began, resumed = time.perf_counter(), last.exists()
    with warnings.catch_warnings():
        for known in QUIET:
            warnings.filterwarnings("ignore", message=known)
        trainer.fit(task, datamodule=streams, ckpt_path=str(last) if resumed else None, weights_only=False)
    trainer.save_checkpoint(last)  # the callback leaves out steps after the last whole epoch
    rows = curves(folder)
    draw_curves(rows, folder / "curves.html")
    return {
        "steps": trainer.global_step,
        "resumed": resumed,
        "seconds": time.perf_counter() - began,
        "last": rows[-1] if rows else {},
    }


def keep_curves(folder: Path) -> None:
    """Set the curves of an interrupted run aside, since Lightning's logger begins its file anew."""
    path = folder / "curves" / "metrics.csv"
    if path.exists():
        path.rename(path.with_name(f"before-{len(list(path.parent.glob('before-*.csv'))):03d}.csv"))


def curves(folder: Path) -> list[dict[str, float]]:
    """Return the training curves as one row of figures per logged step."""
    rows: dict[float, dict[str, float]] = {}
    for path in [*sorted((folder / "curves").glob("before-*.csv")), folder / "curves" / "metrics.csv"]:
        if not path.exists():
            continue
        with path.open(newline="") as file:
            for row in csv.DictReader(file):
                kept = {k: float(v) for k, v in row.items() if v}
                rows.setdefault(kept.get("step", 0.0), {}).update(kept)
    return [rows[k] for k in sorted(rows)]


def draw_curves(rows: Sequence[dict[str, float]], path: Path) -> None:
    """Write the curves as a page that opens in any browser."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for name in sorted({k for r in rows for k in r} - {"step", "epoch"}):
        some = [r for r in rows if name in r]
        figure.add_scatter(x=[r.get("step", 0) for r in some], y=[r[name] for r in some], name=name)
    figure.update_layout(xaxis_title="optimiser steps", yaxis_title="value", template="simple_white")
    figure.write_html(path, include_plotlyjs=True)


def sized(*tasks: Task) -> PipelineParams:
    """Return the pipeline's parameters at the sizes these tasks train at. Raises InvalidInput for a wrong one."""
    names = [("lung_size" if isinstance(task, LungTask) else "slice_size", task.plan.size) for task in tasks]
    return parameters_of({"parameters": {name: size for name, size in names if size}})


def lung_streams(
    cases: Sequence[StoredCase], plan: Plan, parameters: PipelineParams, *, validation: int = 96
) -> Streams:
    """Return the samples of the lung network from stored cases; held-out ones validate."""
    train, held = [c for c in cases if not c.held_out], [c for c in cases if c.held_out] or list(cases)

    def training(first: int, count: int) -> Dataset[Any]:
        return LungSamples(train, parameters, seed=plan.seed, first=first, count=count)

    return Streams(
        plan, training, LungSamples(held, parameters, seed=plan.seed + 1, first=0, count=validation, exact=True)
    )


def slice_streams(
    cases: Sequence[StoredCase], plan: Plan, parameters: PipelineParams, *, validation: int = 240
) -> Streams:
    """Return the samples of the slice network from stored cases; slices of held-out cases validate."""
    train, held = [c for c in cases if not c.held_out], [c for c in cases if c.held_out] or list(cases)
    groups = slice_groups(train, parameters, everywhere=True)
    boxes = case_boxes(train, parameters)

    def training(first: int, count: int) -> Dataset[Any]:
        return SliceSamples(train, parameters, seed=plan.seed, first=first, count=count, groups=groups, boxes=boxes)

    return Streams(plan, training, ExactSlices(held, held_places(held, parameters, validation, plan.seed), parameters))


def held_places(held: Sequence[StoredCase], parameters: PipelineParams, count: int, seed: int) -> list[Place]:
    """Draw about `count` held-out slices, a third of each class."""
    rng = np.random.default_rng(seed)
    groups = slice_groups(held, parameters, everywhere=True)
    out: list[Place] = []
    for names in (("normal", "free"), ("cap",), ("covid",)):
        some = [p for n in names for places in groups[n].values() for p in places]
        if some:
            out += [some[int(i)] for i in rng.permutation(len(some))[: count // 3]]
    return out


def begin_with_model(task: Task, name: str) -> None:
    """Fill a task's network and its running average with the weights of a model, "name/version", in place.

    Raises NotFound where there is no such model, WeightsError where it has no network of this kind.
    """
    for network in (task.net, task.average):
        fill_from(network, "lungs" if isinstance(task, LungTask) else "slices", name)


def load_task(kind: str, checkpoint: Path) -> Task:
    """Return a task with a checkpoint's weights, in evaluation mode, on the CPU."""
    state = torch.load(checkpoint, map_location="cpu", weights_only=False)
    plan = Plan(**{k: v for k, v in state["hyper_parameters"].items() if k in Plan.__dataclass_fields__})
    task: Task = LungTask(plan) if kind == "lungs" else SliceTask(plan)
    task.load_state_dict(state["state_dict"])
    return task.eval()
