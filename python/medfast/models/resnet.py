"""Residual networks for images of 28 to 224 pixels.

He et al., "Deep residual learning for image recognition", CVPR 2016, with the stride of a
bottleneck on its 3x3 convolution. Parameters have torchvision's names and shapes, so that weights
can be exchanged with ``torchvision.models.resnet*``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn

from medfast.models.registry import register_model

if TYPE_CHECKING:
    from medfast.models.registry import Stem


def _conv(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut: the block of ResNet-18 and 34."""

    expansion = 1

    def __init__(self, inputs: int, width: int, stride: int, downsample: nn.Module | None) -> None:
        super().__init__()
        self.conv1 = _conv(inputs, width, 3, stride)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = _conv(width, width, 3)
        self.bn2 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, inputs, H, W)`` to ``(N, width * expansion, H / stride, W / stride)``."""
        shortcut = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.bn2(self.conv2(x))
        return cast("Tensor", self.relu(x + shortcut))


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 convolutions beside a shortcut: the block of ResNet-50, 101 and 152."""

    expansion = 4

    def __init__(self, inputs: int, width: int, stride: int, downsample: nn.Module | None) -> None:
        super().__init__()
        self.conv1 = _conv(inputs, width, 1)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = _conv(width, width, 3, stride)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = _conv(width, width * self.expansion, 1)
        self.bn3 = nn.BatchNorm2d(width * self.expansion)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, inputs, H, W)`` to ``(N, width * expansion, H / stride, W / stride)``."""
        shortcut = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.relu(self.bn2(self.conv2(x)))
        x = self.bn3(self.conv3(x))
        return cast("Tensor", self.relu(x + shortcut))


class ResNet(nn.Module):
    """A stem, four stages of blocks, the mean over positions, and one linear layer.

    Parameters
    ----------
    block : type
        `BasicBlock` or `Bottleneck`.
    depths : tuple of four int
        Blocks per stage.
    in_channels, n_classes : int
        Channels of an image, and number of logits.
    stem : {"small", "imagenet"}
        ``"small"``: 3x3 convolution of stride 1 without pooling, and torch's default initial
        weights, as in the 28-pixel networks of the MedMNIST authors.
        ``"imagenet"``: 7x7 convolution of stride 2 with max-pooling, and torchvision's initial
        weights (He et al., 2015).
    """

    def __init__(
        self,
        block: type[BasicBlock | Bottleneck],
        depths: tuple[int, int, int, int],
        *,
        in_channels: int,
        n_classes: int,
        stem: Stem,
    ) -> None:
        super().__init__()
        if stem == "small":
            self.conv1 = _conv(in_channels, 64, 3)
            self.maxpool: nn.Module = nn.Identity()
        else:
            self.conv1 = _conv(in_channels, 64, 7, stride=2)
            self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.layer1 = _stage(block, 64, 64, depths[0], stride=1)
        self.layer2 = _stage(block, 64 * block.expansion, 128, depths[1], stride=2)
        self.layer3 = _stage(block, 128 * block.expansion, 256, depths[2], stride=2)
        self.layer4 = _stage(block, 256 * block.expansion, 512, depths[3], stride=2)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(512 * block.expansion, n_classes)
        if stem == "imagenet":
            for module in self.modules():
                if isinstance(module, nn.Conv2d):
                    nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        """Map images ``(N, in_channels, H, W)`` to float32 logits ``(N, n_classes)``."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        # A bfloat16 logit has 8 significant bits: scores would collapse into ties.
        with torch.autocast(x.device.type, enabled=False):
            return cast("Tensor", self.fc(self.avgpool(x.float()).flatten(1)))


def _stage(
    block: type[BasicBlock | Bottleneck], inputs: int, width: int, depth: int, stride: int
) -> nn.Sequential:
    outputs = width * block.expansion
    downsample = None
    if stride != 1 or inputs != outputs:
        downsample = nn.Sequential(_conv(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))
    first = block(inputs, width, stride, downsample)
    return nn.Sequential(first, *(block(outputs, width, 1, None) for _ in range(depth - 1)))


@register_model
def resnet18(*, in_channels: int, n_classes: int, stem: Stem) -> nn.Module:
    """ResNet-18: basic blocks, 2 + 2 + 2 + 2."""
    return ResNet(BasicBlock, (2, 2, 2, 2), in_channels=in_channels, n_classes=n_classes, stem=stem)


@register_model
def resnet34(*, in_channels: int, n_classes: int, stem: Stem) -> nn.Module:
    """ResNet-34: basic blocks, 3 + 4 + 6 + 3."""
    return ResNet(BasicBlock, (3, 4, 6, 3), in_channels=in_channels, n_classes=n_classes, stem=stem)


@register_model
def resnet50(*, in_channels: int, n_classes: int, stem: Stem) -> nn.Module:
    """ResNet-50: bottlenecks, 3 + 4 + 6 + 3."""
    return ResNet(Bottleneck, (3, 4, 6, 3), in_channels=in_channels, n_classes=n_classes, stem=stem)


@register_model
def resnet101(*, in_channels: int, n_classes: int, stem: Stem) -> nn.Module:
    """ResNet-101: bottlenecks, 3 + 4 + 23 + 3."""
    return ResNet(
        Bottleneck, (3, 4, 23, 3), in_channels=in_channels, n_classes=n_classes, stem=stem
    )


@register_model
def resnet152(*, in_channels: int, n_classes: int, stem: Stem) -> nn.Module:
    """ResNet-152: bottlenecks, 3 + 8 + 36 + 3."""
    return ResNet(
        Bottleneck, (3, 8, 36, 3), in_channels=in_channels, n_classes=n_classes, stem=stem
    )
