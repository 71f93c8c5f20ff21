"""What one step of training sees of its photos: random native crops, or whole photos squashed."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from torch import Tensor

from realqa_agent.scoring.firstlook.views import glance_of
from training.firstlook.data import Pixels, Rated, read_pixels

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from training.firstlook.maps import MapStore
    from training.firstlook.model import QualityModel

# Crops are native, never scaled: scale changes sharpness. A cell of a map is 8 pixels.
CROPS_IN_CELLS = (24, 32, 40)
CROPS = (192, 224, 256, 288)
SQUASHED = 1 / 3
"""Share of the steps that see whole photos."""


class Views(Protocol):
    """A source of views, and the way of the model for them."""

    def predict(self, model: QualityModel, photos: Sequence[Rated], generator: np.random.Generator) -> Tensor:
        """Return the predicted quality of one random view of each photo, (n,)."""
        ...


class MapViews:
    """Views of the lower maps that a store holds, for a model whose lower third is frozen."""

    def __init__(self, store: MapStore) -> None:
        self._store = store

    def predict(self, model: QualityModel, photos: Sequence[Rated], generator: np.random.Generator) -> Tensor:
        """Return the predicted quality of one random view of each photo, (n,)."""
        if generator.random() < SQUASHED:
            views = [self._store.squashed(photo.file, generator) for photo in photos]
        else:
            side = int(generator.choice(CROPS_IN_CELLS))
            views = [self._store.crop(photo.file, side, generator) for photo in photos]
        maps = torch.from_numpy(np.stack(views)).to(model.quality.weight.device).float()
        return model.from_lower(maps.contiguous(memory_format=torch.channels_last))


class PixelViews:
    """Views of the pixels, for a model that is free throughout."""

    def predict(self, model: QualityModel, photos: Sequence[Rated], generator: np.random.Generator) -> Tensor:
        """Return the predicted quality of one random view of each photo, (n,)."""
        if generator.random() < SQUASHED:
            views = [_squashed(photo.file) for photo in photos]
        else:
            side = int(generator.choice(CROPS))
            views = [_crop(_pixels(photo.file), side, generator) for photo in photos]
        mirrored = np.stack([view[:, ::-1] if generator.random() < 0.5 else view for view in views])
        pixels = torch.from_numpy((mirrored.astype(np.float32) - 127) / 128).permute(0, 3, 1, 2)
        pixels = pixels.contiguous(memory_format=torch.channels_last)
        predicted: Tensor = model(pixels.to(model.quality.weight.device))
        return predicted


@cache
def _pixels(file: Path) -> Pixels:
    """Return the photo; two thousand of 512 pixels take 1.7 GB, and decoding them anew each time takes longer."""
    return read_pixels(file)


@cache
def _squashed(file: Path) -> Pixels:
    return glance_of(_pixels(file))


def _crop(pixels: Pixels, side: int, generator: np.random.Generator) -> Pixels:
    short = [max(0, side - length) for length in pixels.shape[:2]]
    if any(short):
        pixels = np.pad(pixels, ((0, short[0]), (0, short[1]), (0, 0)), mode="edge")
    top = generator.integers(pixels.shape[0] - side + 1)
    left = generator.integers(pixels.shape[1] - side + 1)
    return pixels[top : top + side, left : left + side]
