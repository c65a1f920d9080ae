"""What makes the networks quick on this machine: fused batch norm, and bfloat16 where the processor is quick at it."""

import time
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import cast

import torch
from monai.networks.blocks.convolutions import Convolution
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

AMPERE = (8, 0)  # the first GPUs that multiply bfloat16


WORTH = 1.15  # how many times quicker bfloat16 must be before its rounding is put up with
TRIES = 5  # timings of each; the least counts, since other work only ever slows one down


@dataclass(frozen=True, slots=True)
class Speed:
    """Milliseconds of one convolution as the slice network has them, on this processor."""

    float32_ms: float
    bfloat16_ms: float

    @property
    def bfloat16_pays(self) -> bool:
        """Whether bfloat16 is so much quicker that it is used."""
        return self.bfloat16_ms * WORTH < self.float32_ms


@lru_cache(maxsize=1)
def measured() -> Speed:
    """Time a convolution in both precisions, once a process; some ten milliseconds."""
    return Speed(_milliseconds(torch.float32), _milliseconds(torch.bfloat16))


def _milliseconds(dtype: torch.dtype) -> float:
    layer = nn.Conv2d(128, 128, 3, padding=1, bias=False).to(dtype=dtype)
    layer.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch has it, its stubs do not
    x = torch.zeros(8, 128, 20, 20, dtype=dtype).contiguous(memory_format=torch.channels_last)
    times = []
    with torch.inference_mode():
        for _ in range(TRIES + 1):  # the first builds the kernel; it is never the least
            begun = time.perf_counter()
            layer(x)
            times.append(time.perf_counter() - begun)
    return 1000 * min(times)


def fast_dtype(device: str) -> torch.dtype:
    """Return bfloat16 where it is quick on the device (by its generation on a GPU, measured on a CPU), else float32."""
    if device.startswith("cuda"):
        return torch.bfloat16 if torch.cuda.get_device_capability(device) >= AMPERE else torch.float32
    return torch.bfloat16 if measured().bfloat16_pays else torch.float32


def described(device: str) -> str:
    """Return in words which precision the slice network runs in on the device, and why."""
    used = "bfloat16" if fast_dtype(device) == torch.bfloat16 else "float32"
    if device.startswith("cuda"):
        return f"{used}, by the GPU's generation"
    took = measured()
    return f"{used}; a convolution took {took.float32_ms:.1f} ms in float32, {took.bfloat16_ms:.1f} ms in bfloat16"


def training_precision() -> str:
    """Return Lightning's name of the precision that trains quickest on the best device here."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if fast_dtype(device) == torch.bfloat16:
        return "bf16-mixed"
    return "16-mixed" if device == "cuda" else "32-true"


def fuse(network: nn.Module) -> None:
    """Fold every batch norm into the convolution before it, in place; the network must be in eval mode.

    Knows the two ways our networks pair them: MONAI's Convolution block, and ResNet's convN with bnN.
    """
    for module in network.modules():
        if isinstance(module, Convolution) and isinstance(getattr(module.adn, "N", None), nn.BatchNorm2d):
            _pair(module, "conv", cast(nn.Module, module.adn), "N")
        for number in ("1", "2", "3"):
            if isinstance(getattr(module, f"bn{number}", None), nn.BatchNorm2d):
                _pair(module, f"conv{number}", module, f"bn{number}")
        shortcut = getattr(module, "downsample", None)
        if isinstance(shortcut, nn.Sequential) and isinstance(shortcut[-1], nn.BatchNorm2d):
            _pair(shortcut, "0", shortcut, "1")


def _pair(conv_owner: nn.Module, conv: str, norm_owner: nn.Module, norm: str) -> None:
    fused = fuse_conv_bn_eval(getattr(conv_owner, conv), getattr(norm_owner, norm))
    setattr(conv_owner, conv, fused)
    setattr(norm_owner, norm, nn.Identity())


EXACT = ("conv1", "bn1", "layer1", "fc")  # children of the slice network that stay float32


def prepare(network: nn.Module, device: str, dtype: torch.dtype) -> None:
    """Make a loaded network ready to run, in place: fused, in `dtype` but for EXACT children, channels last.

    Children are cast rather than run under autocast, whose casts cost as much as small convolutions. The first and last
    layers stay float32: bfloat16 holds gray values to eight bits only, and nine tenths of the rounding came from there,
    at no gain in time.
    """
    torch.backends.cudnn.allow_tf32 = False  # a GPU's float32 would else be rounded to ten bits
    network.eval().requires_grad_(False)
    fuse(network)
    network.to(device=device)
    if dtype != torch.float32:
        for name, child in network.named_children():
            kept = torch.float32 if name in EXACT else dtype
            child.to(dtype=kept)
            child.register_forward_pre_hook(partial(_cast, kept))
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch has it, its stubs do not


def _cast(dtype: torch.dtype, _: nn.Module, values: tuple[torch.Tensor]) -> tuple[torch.Tensor]:
    return (values[0].to(dtype),)
