"""Our two networks as they are run: gray slices in, logits and explaining maps out, all within one graph.

The maps are LayerCAM (Jiang et al. 2021) of the features after `layer2`, an eighth of the input's side: each feature
times the slope of the evidence with regard to it, where that is positive. The evidence is the likelier disease's logit
less that of normal. The slope is written out as a forward computation, so that the maps come from every engine and need
no automatic differentiation.
"""

from typing import Any

import torch
from torch import nn
from torch.nn import functional

FINE = 8  # pixels of the input a side of a map's cell


class LungGraph(nn.Module):
    """Gray slices (n, y, x) uint8 -> logits (n, 3, y, x): none, right, left."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, gray: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.network(_scaled(gray))
        return logits


class SliceGraph(nn.Module):
    """Gray slices (n, y, x) uint8 -> logits (n, classes) and, where `maps`, explaining maps (n, y/8, x/8)."""

    def __init__(self, network: nn.Module, *, maps: bool = True) -> None:
        super().__init__()
        self.network, self.maps = network, maps

    def forward(self, gray: torch.Tensor) -> tuple[torch.Tensor, ...]:
        network: Any = self.network
        x = network.maxpool(network.act(network.bn1(network.conv1(_scaled(gray)))))
        seen = fine = network.layer2(network.layer1(x))
        if not self.maps:
            return (network.fc(_pooled(network.layer4(network.layer3(seen)))),)
        blocks = [_Block(block) for block in (*network.layer3, *network.layer4)]
        for block in blocks:
            seen = block.forward(seen)
        logits = network.fc(_pooled(seen))
        rows = network.fc.weight
        evidence = rows[1 + logits[:, 1:].argmax(dim=1)] - rows[:1]
        slope = evidence[:, :, None, None].to(seen.dtype)  # of the pooled features, up to their number of pixels
        for block in reversed(blocks):
            slope = block.slope(slope)
        return logits, (fine * slope.clamp_min(0)).sum(dim=1)


class _Block:
    """A ResNet bottleneck whose batch norms are fused, run forwards and then, for slopes, backwards."""

    def __init__(self, block: Any) -> None:
        self.block = block
        self.convolutions = (block.conv1, block.conv2, block.conv3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        block, dtype = self.block, self.block.conv1.weight.dtype
        x = x.to(dtype)
        self.first = functional.relu(block.bn1(block.conv1(x)))
        self.second = functional.relu(block.bn2(block.conv2(self.first)))
        shortcut = x if block.downsample is None else block.downsample(x)
        self.sides = [int(x.shape[-1]), int(self.first.shape[-1]), int(self.second.shape[-1])]
        self.out: torch.Tensor = functional.relu(block.bn3(block.conv3(self.second)) + shortcut)
        return self.out

    def slope(self, slope: torch.Tensor) -> torch.Tensor:
        """Return the slope with regard to the block's input from that with regard to its output."""
        slope = slope * _open(self.out)
        way = _against(slope, self.block.conv3, self.sides[2]) * _open(self.second)
        way = _against(way, self.block.conv2, self.sides[1]) * _open(self.first)
        way = _against(way, self.block.conv1, self.sides[0])
        if self.block.downsample is not None:
            slope = _against(slope, self.block.downsample[0], self.sides[0])
        return way + slope


def _open(activation: torch.Tensor) -> torch.Tensor:
    return (activation > 0).to(activation.dtype)


def _against(slope: torch.Tensor, convolution: nn.Conv2d, side: int) -> torch.Tensor:
    """Return the slope with regard to a convolution's input, `side` pixels wide.

    A transposed convolution, written as a plain one on the slope spread by zeros: OpenVINO 2026.4 gives wrong numbers
    for ConvTranspose with a stride and output padding, and plain ones are quicker.
    """
    size, stride = convolution.kernel_size[0], convolution.stride[0]
    weight = convolution.weight.transpose(0, 1).flip(2, 3) if size > 1 else convolution.weight.transpose(0, 1)
    if stride > 1:
        count, channels, rows, columns = slope.shape
        spread = functional.pad(slope[:, :, :, None, :, None], (0, stride - 1, 0, 0, 0, stride - 1))
        slope = spread.reshape(count, channels, rows * stride, columns * stride)[:, :, :side, :side]
    return functional.conv2d(slope, weight, padding=size - 1 - int(convolution.padding[0]))


def _scaled(gray: torch.Tensor) -> torch.Tensor:
    return gray[:, None].float().div(255).contiguous(memory_format=torch.channels_last)


def _pooled(features: torch.Tensor) -> torch.Tensor:
    return features.float().mean(dim=(2, 3))
