"""The encoder's lower maps of every picture, computed once and kept on disk in half precision."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from realqa_agent.scoring.firstlook.views import glance_of
from training.firstlook.damage import DAMAGE, Kind, damaged_chain
from training.firstlook.data import Pixels, Rated, normalise, read_pixels

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from training.firstlook.model import Encoder

LOG = logging.getLogger("firstlook.maps")
Maps = NDArray[np.float16]

# Photos rated below this are spoilt already: one more damage need not make them worse.
SOUND = 0.5
CHAINS_OF_A_GROUP = 3
# How often a large photo lends a tile, at which reduction: 1 is what the sensor saw, 5 is near an overview.
TILES_AT = {1: 12, 2: 6, 5: 4}
TILE = 384


@dataclass(frozen=True, kw_only=True)
class Chain:
    """The maps of a sound picture, of a mildly and of a strongly damaged one, (3, 40, h / 8, w / 8)."""

    group: str
    kind: Kind
    file: Path

    def crop(self, side: int, generator: np.random.Generator) -> list[Maps]:
        """Return the same random crop of all three, `side` cells square."""
        maps = np.load(self.file, mmap_mode="r")
        return list(_crop(maps, side, generator))


class MapStore:
    """Lower maps by picture. Each is stored plain and mirrored: filters are not symmetric, so maps can't be flipped."""

    def __init__(self, encoder: Encoder, folder: Path) -> None:
        self._encoder = encoder.eval()
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def fill(self, files: Sequence[Path]) -> None:
        """Compute what is not there yet."""
        for index, file in enumerate(files):
            if index % 200 == 0:
                LOG.info("maps of rated photos: %d/%d", index, len(files))
            self.keep(file.stem, partial(_both_ways, file))
            self.keep(f"{file.stem}-squashed", partial(_both_ways_squashed, file))

    def keep(self, name: str, make: Callable[[], Sequence[Pixels]]) -> Path:
        """Return the file with the maps of the pictures that `make` returns, computing it if need be."""
        file = self._folder / f"{name}.npy"
        if not file.exists():
            unfinished = file.with_suffix(".unfinished")
            with unfinished.open("wb") as stream:
                np.save(stream, np.stack([self._maps(pixels) for pixels in make()]))
            unfinished.replace(file)
        return file

    def crop(self, file: Path, side: int, generator: np.random.Generator) -> Maps:
        """Return a random crop of a photo, mirrored half of the time, `side` cells square."""
        maps = np.load(self._folder / f"{file.stem}.npy", mmap_mode="r")
        cropped: Maps = _crop(maps[generator.integers(2)][None], side, generator)[0]
        return cropped

    def squashed(self, file: Path, generator: np.random.Generator) -> Maps:
        """Return the maps of the whole photo squashed to 224 px, mirrored half of the time."""
        maps = np.load(self._folder / f"{file.stem}-squashed.npy")
        chosen: Maps = maps[generator.integers(2)]
        return chosen

    @torch.no_grad()
    def _maps(self, pixels: Pixels) -> Maps:
        maps = self._encoder.lower(torch.from_numpy(normalise(pixels))[None])[0]
        return np.asarray(maps.numpy(), np.float16)


def rated_chains(rated: Sequence[Rated], store: MapStore, seed: int) -> list[Chain]:
    """Damage the sound photos among `rated`, a few of each group, each in one way."""
    generator = np.random.default_rng(seed)
    kinds: list[Kind] = list(DAMAGE)
    taken: dict[str, int] = {}
    chains: list[Chain] = []
    for photo in rated:
        if photo.score < SOUND or taken.get(photo.group, 0) == CHAINS_OF_A_GROUP:
            continue
        taken[photo.group] = taken.get(photo.group, 0) + 1
        kind = kinds[len(chains) % len(kinds)]
        # Each chain has its own generator, so a run that finds its files on disk draws the same later numbers.
        own = np.random.default_rng(generator.integers(2**63))
        file = store.keep(f"damaged-{photo.file.stem}-{kind}", partial(_damaged_photo, photo.file, kind, own))
        chains.append(Chain(group=photo.group, kind=kind, file=file))
    LOG.info("%d damage chains of rated photos", len(chains))
    return chains


def photo_chains(photos: Path, store: MapStore, seed: int) -> list[Chain]:
    """Damage tiles of large photos, at the size the sensor saw and reduced."""
    generator = np.random.default_rng(seed)
    kinds: list[Kind] = list(DAMAGE)
    chains: list[Chain] = []
    for photo in sorted(photos.glob("*.jpg")):
        with Image.open(photo) as image:
            full = image.convert("RGB")
        digest = hashlib.sha256(photo.read_bytes()).hexdigest()[:12]
        for reduction, count in TILES_AT.items():
            pixels = np.asarray(full.reduce(reduction))
            for index in range(count):
                own = np.random.default_rng(generator.integers(2**63))
                kind = kinds[len(chains) % len(kinds)]
                name = f"photo-{digest}-{reduction}-{index}-{kind}"
                file = store.keep(name, partial(_damaged_tile, pixels, kind, own))
                chains.append(Chain(group=f"photo-{digest}", kind=kind, file=file))
        LOG.info("%d damage chains up to %s", len(chains), photo.name)
    return chains


def _damaged_photo(file: Path, kind: Kind, generator: np.random.Generator) -> tuple[Pixels, Pixels, Pixels]:
    sound = read_pixels(file)
    return (sound, *damaged_chain(sound, kind, generator))


def _damaged_tile(pixels: Pixels, kind: Kind, generator: np.random.Generator) -> tuple[Pixels, Pixels, Pixels]:
    sound = _detailed_tile(pixels, generator)
    return (sound, *damaged_chain(sound, kind, generator))


def _detailed_tile(pixels: Pixels, generator: np.random.Generator) -> Pixels:
    """Return the most detailed of four random tiles: where there is nothing to see, damage can't be ranked."""
    height, width = pixels.shape[:2]
    side = min(TILE, height // 32 * 32, width // 32 * 32)
    best, most = pixels, -1.0
    for _ in range(4):
        top, left = generator.integers(height - side + 1), generator.integers(width - side + 1)
        tile = pixels[top : top + side, left : left + side]
        detail = float(np.abs(np.diff(tile.astype(np.int16), axis=0)).mean())
        if detail > most:
            best, most = tile, detail
    return np.ascontiguousarray(best)


def _both_ways(file: Path) -> tuple[Pixels, Pixels]:
    pixels = read_pixels(file)
    return pixels, pixels[:, ::-1]


def _both_ways_squashed(file: Path) -> tuple[Pixels, Pixels]:
    pixels = glance_of(read_pixels(file))
    return pixels, pixels[:, ::-1]


def _crop(maps: Maps, side: int, generator: np.random.Generator) -> Maps:
    short = (max(0, side - maps.shape[-2]), max(0, side - maps.shape[-1]))
    if any(short):
        maps = np.pad(maps, ((0, 0), (0, 0), (0, short[0]), (0, short[1])), mode="edge")
    top = generator.integers(maps.shape[-2] - side + 1)
    left = generator.integers(maps.shape[-1] - side + 1)
    return maps[..., top : top + side, left : left + side]
