"""What makes the networks quick on this machine: fused batch norm, and bfloat16 where the processor has it."""

from functools import lru_cache
from pathlib import Path
from typing import cast

import torch
from monai.networks.blocks.convolutions import Convolution
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


@lru_cache(maxsize=1)
def fast_on_cpu() -> bool:
    """Tell whether this processor multiplies bfloat16 in hardware (AMX or AVX512-BF16)."""
    cpuinfo = Path("/proc/cpuinfo")
    flags = cpuinfo.read_text() if cpuinfo.exists() else ""
    return "amx_bf16" in flags or "avx512_bf16" in flags


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


def autocast(device: str, *, half: bool) -> torch.autocast:
    """Return the context in which a network runs on a device, in bfloat16 if `half`."""
    return torch.autocast(device.partition(":")[0], torch.bfloat16, enabled=half)
