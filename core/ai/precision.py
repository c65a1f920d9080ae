"""What makes the networks quick on this machine: fused batch norm, and bfloat16 where the processor has it."""

from functools import lru_cache, partial
from pathlib import Path
from typing import cast

import torch
from monai.networks.blocks.convolutions import Convolution
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

AMPERE = (8, 0)  # the first GPUs that multiply bfloat16


@lru_cache(maxsize=1)
def fast_on_cpu() -> bool:
    """Tell whether this processor multiplies bfloat16 in hardware (AMX or AVX512-BF16)."""
    cpuinfo = Path("/proc/cpuinfo")
    flags = cpuinfo.read_text() if cpuinfo.exists() else ""
    return "amx_bf16" in flags or "avx512_bf16" in flags


def fast_dtype(device: str) -> torch.dtype:
    """Return bfloat16 where the device multiplies it in hardware, else float32."""
    has = torch.cuda.get_device_capability(device) >= AMPERE if device.startswith("cuda") else fast_on_cpu()
    return torch.bfloat16 if has else torch.float32


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
