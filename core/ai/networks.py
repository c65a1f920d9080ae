"""The two networks: a small U-Net for the lungs, a ResNet-50 for slice calls (Luo et al. 2022)."""

import torch
from monai.networks.nets.basic_unet import BasicUNet
from monai.networks.nets.resnet import resnet50
from torch import nn

LUNG_LABELS = 3  # none, right lung, left lung
LUNG_FEATURES = (16, 16, 32, 64, 128, 16)  # channels; fewer than 16 leave vector lanes idle and are slower on a CPU


def lung_network() -> nn.Module:
    """Return the U-Net, batch norm after each convolution: (n, 1, y, x) in -> (n, 3, y, x) logits.

    y and x are multiples of 16.
    """
    network = BasicUNet(
        spatial_dims=2,
        in_channels=1,
        out_channels=LUNG_LABELS,
        features=LUNG_FEATURES,
        norm="batch",
        act=("relu", {"inplace": True}),
    )
    for level in (network.upcat_1, network.upcat_2, network.upcat_3, network.upcat_4):
        level.is_pad = False  # with multiples of 16 nothing is odd, and padding by nothing copies all features
    return network


def slice_network(classes: int = 3) -> nn.Module:
    """Return the ResNet-50 for one-channel slices: (n, 1, y, x) in -> (n, classes) logits.

    With these arguments MONAI's network is torchvision's, key for key, but for its one input channel.
    """
    return resnet50(spatial_dims=2, n_input_channels=1, num_classes=classes, conv1_t_stride=2, bias_downsample=False)


def one_channel(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return a ResNet-50 state dict with a three-channel first convolution summed to one channel."""
    stem = state["conv1.weight"]
    return {**state, "conv1.weight": stem.sum(dim=1, keepdim=True)} if stem.shape[1] == 3 else state
