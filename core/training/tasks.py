"""The two training tasks as Lightning modules. Networks come from core.ai; input 0..1, made by core.ai.preprocess."""

import math
from dataclasses import asdict, dataclass
from typing import Any

import lightning.pytorch as pl
import torch
from monai.losses.dice import DiceCELoss
from monai.networks.nets.resnet import ResNetBottleneck
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from core.ai.networks import lung_network, slice_network

Batch = tuple[torch.Tensor, torch.Tensor]
EVERY = 5  # steps between moves of the running average; each costs a pass over all weights


@dataclass(frozen=True, slots=True)
class Plan:
    """One training run. Steps are optimiser steps; the learning rate rises over `warm_up` and decays by a cosine."""

    steps: int
    batch: int
    rate: float
    weight_decay: float = 0.02
    warm_up: int = 100
    epoch_steps: int = 50  # steps between validations and checkpoints
    patience: int = 12  # epochs without a better validation loss before training stops early
    smoothing: float = 0.03
    average: float = 0.98  # decay of the running average of the weights, which is what validates and ships
    size: int = 0  # pixels a side of what the network sees; 0: the pipeline's default
    seed: int = 7
    devices: int = 1
    strategy: str = "auto"  # Lightning's own, "ddp" for several GPUs
    precision: str = "bf16-mixed"


class Task(pl.LightningModule):
    """What both tasks share: AdamW with warm-up and cosine decay, channels-last input."""

    def __init__(self, plan: Plan, net: nn.Module) -> None:
        super().__init__()
        self.plan = plan
        self.save_hyperparameters(asdict(plan))
        self.net = channels_last(net)
        moving = get_ema_multi_avg_fn(plan.average**EVERY)  # type: ignore[no-untyped-call]  # torch leaves it untyped
        self.averaged = AveragedModel(self.net, multi_avg_fn=moving, use_buffers=True).requires_grad_(False)

    @property
    def average(self) -> nn.Module:
        """The running average of the network, which is what validates and ships."""
        return self.averaged.module

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        net = self.net if self.training else self.average
        out: torch.Tensor = net(x.contiguous(memory_format=torch.channels_last))
        return out

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
        """Move the running average toward the weights just stepped; batch-norm statistics go along."""
        if self.global_step % EVERY == 0:
            self.averaged.update_parameters(self.net)

    def configure_optimizers(self) -> Any:
        decayed = [p for p in self.net.parameters() if p.ndim > 1]
        plain = [p for p in self.net.parameters() if p.ndim <= 1]  # norms and biases are not decayed
        groups = [{"params": decayed, "weight_decay": self.plan.weight_decay}, {"params": plain, "weight_decay": 0.0}]
        optimizer = torch.optim.AdamW(groups, lr=self.plan.rate, fused=self.plan.precision != "16-mixed")
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, self.rate_at)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def configure_gradient_clipping(self, optimizer: Any, *_: Any, **__: Any) -> None:
        """Clip the gradient to norm 1; here, because Lightning's own clipping refuses fused optimisers."""
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)

    def rate_at(self, step: int) -> float:
        """Return the learning rate at a step as a share of the plan's."""
        if step < self.plan.warm_up:
            return (step + 1) / self.plan.warm_up
        t = (step - self.plan.warm_up) / max(self.plan.steps - self.plan.warm_up, 1)
        return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(t, 1.0)))


def channels_last(net: nn.Module) -> nn.Module:
    """Return the network with its weights laid out channels last, which CPUs with bf16 and GPUs compute faster."""
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub lacks this form
    return net


class LungTask(Task):
    """The U-Net: Dice and cross-entropy over none, right and left lung."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan, lung_network())
        self.loss = DiceCELoss(to_onehot_y=True, softmax=True, include_background=False, batch=True)

    def training_step(self, batch: Batch, _: int) -> torch.Tensor:
        loss: torch.Tensor = self.loss(self(batch[0]).float(), batch[1][:, None])
        self.log("train_loss", loss, on_step=False, on_epoch=True, sync_dist=True)
        return loss

    def validation_step(self, batch: Batch, _: int) -> None:
        logits = self(batch[0]).float()
        self.log("val_loss", self.loss(logits, batch[1][:, None]), batch_size=len(batch[0]), sync_dist=True)
        called, truth = logits.argmax(1), batch[1]
        for code, name in ((1, "right"), (2, "left")):
            a, b = called == code, truth == code
            dice = (2 * (a & b).sum() + 1) / (a.sum() + b.sum() + 1)
            self.log(f"val_dice_{name}", dice, batch_size=len(batch[0]), sync_dist=True)


class SliceTask(Task):
    """The ResNet-50: cross-entropy over normal, cap and covid with a little label smoothing."""

    def __init__(self, plan: Plan) -> None:
        net = slice_network()
        for block in net.modules():
            if isinstance(block, ResNetBottleneck):
                nn.init.zeros_(block.bn3.weight)  # blocks begin as identities: quicker from scratch (Goyal 2017)
        super().__init__(plan, net)

    def training_step(self, batch: Batch, _: int) -> torch.Tensor:
        logits = self(batch[0]).float()
        loss = nn.functional.cross_entropy(logits, batch[1], label_smoothing=self.plan.smoothing)
        self.log("train_loss", loss, on_step=False, on_epoch=True, sync_dist=True)
        self.log(
            "train_accuracy",
            (logits.argmax(1) == batch[1]).float().mean(),
            on_step=False,
            on_epoch=True,
            sync_dist=True,
        )
        return loss

    def validation_step(self, batch: Batch, _: int) -> None:
        logits = self(batch[0]).float()
        self.log("val_loss", nn.functional.cross_entropy(logits, batch[1]), batch_size=len(batch[0]), sync_dist=True)
        right = (logits.argmax(1) == batch[1]).float().mean()
        self.log("val_accuracy", right, batch_size=len(batch[0]), sync_dist=True)
