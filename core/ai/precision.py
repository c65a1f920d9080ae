"""What makes the networks quick on this machine: fused batch norm, and bfloat16 where the processor has it."""

from functools import lru_cache
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


def prepare(network: nn.Module, device: str, dtype: torch.dtype) -> None:
    """Make a loaded network ready to run, in place: fused, in `dtype` but for a last linear layer, channels last.

    The whole network is cast rather than run under autocast: that halves the time of the small U-Net, whose casts
    cost as much as its convolutions. The last layer stays float32, so that probabilities keep their digits.
    """
    torch.backends.cudnn.allow_tf32 = False  # a GPU's float32 would else be rounded to ten bits
    network.eval().requires_grad_(False)
    fuse(network)
    network.to(device=device, dtype=dtype)
    last = getattr(network, "fc", None)
    if isinstance(last, nn.Linear):
        last.float()
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch has it, its stubs do not
