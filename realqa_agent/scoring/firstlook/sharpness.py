"""Edge widths, noise and motion on native-resolution tiles: what the clarity judgement rests on.

Three facts carry this module. The width of an edge (its height divided by its steepest slope) tells focus whatever
the contrast. From one halving of the picture to the next, white noise loses three quarters of its energy while a
sharp edge keeps its height, so noise can be told and taken away. And blur by motion widens the edges across its
direction alone, so the loss of fine energy by direction tells it from defocus.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from realqa_agent.scoring.firstlook.look import BLOCK

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]

LEVELS = 4
"""Scales at which gradient energy is taken: full size and three halvings."""

EVIDENCE = 30.0
"""A block counts if its luma spans this much (0 to 255): less is sky, skin or wall, sharp or not."""

SPIKE = 3.6
"""By how many standard deviations of the noise the steepest step of an edge is overstated."""

AT_ONCE = 4
"""Tiles that are measured together."""

STRATUM = 32
"""Luma levels that pass for one brightness when noise is told."""

CALM_BLOCKS = 6
"""Blocks of one brightness that are asked for their noise at the least."""

ROUNDING = 1 / 12
"""Variance of rounding to whole levels: there is never less noise than this."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Blocks:
    """What is measured in every block of every tile; shape (tiles, side / BLOCK, side / BLOCK) where not said."""

    span: Floats
    """Brightest minus darkest luma."""
    slopes: Floats
    """Steepest step between horizontal and between vertical neighbours, noise taken away; shape (2, ...)."""
    mean: Floats
    energy: Floats
    """Gradient tensors, shape (LEVELS, 3, ...): means of u*u, v*v and u*v, where u and v are the differences along
    the two diagonals (Roberts): they sit on the same point, and their noise is independent."""
    noise: float
    """Standard deviation of the noise, luma levels."""

    @property
    def widths(self) -> Floats:
        """Width of the sharpest edge across x and across y in each block, native pixels; meaningful where `evident`."""
        return np.clip(self.span / np.maximum(self.slopes, 1e-3), 1, BLOCK)

    @property
    def evident(self) -> npt.NDArray[np.bool_]:
        """Which blocks have an edge to judge, well above the noise."""
        return self.span > max(EVIDENCE, 8 * self.noise)


@dataclass(frozen=True, kw_only=True, slots=True)
class Motion:
    """How much more fine detail is lost along one direction than across it."""

    angle: float
    """Direction of the loss, degrees anticlockwise from horizontal as seen, 0 to 180."""
    strength: float
    """Loss along it against the loss across it, octaves of energy; 0 for pure defocus."""
    fineness: float
    """Fine energy against coarse energy along it, octaves: about -1 where sharp, -4 where wholly blurred."""
    level: int
    """The scale whose energy was called fine: 0 for full size, 1 for halved."""


def motion_of(blocks: Blocks, *, level: int) -> Motion | None:
    """Return the direction in which detail at that scale (0 or 1) is lost most, None without edges to tell by."""
    fine, coarse = (_tensor(blocks, scale) for scale in (level, level + 2))
    directions = np.radians(np.arange(0, 180, 5))
    vectors = np.stack([np.cos(directions), np.sin(directions)])
    lost, present = (np.einsum("it,ij,jt->t", vectors, tensor, vectors) for tensor in (fine, coarse))
    if present.min() <= 0.1 * present.max() or present.max() <= 0:
        return None
    fineness = np.log2(np.maximum(lost / present, 1 / 16))
    place = int(fineness.argmin())
    return Motion(
        angle=float(-np.degrees(directions[place]) % 180),
        strength=float(fineness.max() - fineness[place]),
        fineness=float(fineness[place]),
        level=level,
    )


def _tensor(blocks: Blocks, level: int) -> npt.NDArray[np.float64]:
    """Return the gradient tensor (x, y) of all evident blocks at one scale, the noise's share taken away."""
    falling, rising, mixed = blocks.energy[level][:, blocks.evident].astype(np.float64).sum(axis=1)
    noise = 2 * int(blocks.evident.sum()) * blocks.noise**2 / 4**level
    falling, rising = max(falling - noise, 0), max(rising - noise, 0)
    return (
        np.array([[falling + rising - 2 * mixed, falling - rising], [falling - rising, falling + rising + 2 * mixed]])
        / 4
    )


def measure(tiles: Floats) -> Blocks:
    """Given luma tiles (n, side, side), n > 0 and side a multiple of BLOCK, measure their blocks.

    A few tiles at a time: intermediate results that stay in the processor's cache make this twice as fast.
    """
    parts = [_pixels(tiles[start : start + AT_ONCE]) for start in range(0, len(tiles), AT_ONCE)]
    span, mean = (np.concatenate([part[place] for part in parts]) for place in (0, 1))
    full, halved = (np.concatenate([part[place] for part in parts], axis=1) for place in (2, 3))
    energy = np.concatenate([part[4] for part in parts], axis=2)
    noise = _noise(energy, mean)
    # Of the steps along an edge the largest is taken, so noise adds 2.5 standard deviations of a step or so (sqrt(2)
    # of the noise). And an edge that is sharp at full size keeps its height when halved; a spike of noise does not.
    excess = np.float32(SPIKE * noise)
    slopes = np.maximum(np.minimum(full - excess, np.float32(1.25) * (halved - excess / 2)), 0)
    return Blocks(span=span, slopes=slopes, mean=mean, energy=energy, noise=noise)


def _pixels(tiles: Floats) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Return spans, means, steepest steps at full and at half size, and gradient tensors of the blocks."""
    pyramid = [tiles]
    for _ in range(LEVELS - 1):
        pyramid.append(_halved(pyramid[-1]))
    return (
        _reduced(tiles, BLOCK, np.maximum) - _reduced(tiles, BLOCK, np.minimum),
        _means(tiles, BLOCK),
        _steepest(tiles, BLOCK),
        _steepest(pyramid[1], BLOCK // 2),
        np.stack([_energy(scaled, BLOCK >> level) for level, scaled in enumerate(pyramid)]),
    )


def _halved(tiles: Floats) -> Floats:
    rows = tiles[:, 0::2] + tiles[:, 1::2]
    result: Floats = (rows[:, :, 0::2] + rows[:, :, 1::2]) * np.float32(0.25)
    return result


def _energy(tiles: Floats, block: int) -> Floats:
    """Return the gradient tensor of each block, shape (3, n, side / block, side / block)."""
    falling = np.zeros_like(tiles)
    rising = np.zeros_like(tiles)
    np.subtract(tiles[:, 1:, 1:], tiles[:, :-1, :-1], out=falling[:, :-1, :-1])
    np.subtract(tiles[:, 1:, :-1], tiles[:, :-1, 1:], out=rising[:, :-1, :-1])
    products = (falling * falling, rising * rising, falling * rising)
    return np.stack([_means(product, block) for product in products])


def _noise(energy: Floats, mean: Floats) -> float:
    """Return the noise's standard deviation: the largest that the calm blocks of one brightness tell.

    Noise is in every block, but not the same: sensors have less of it in the dark, and clipping cuts it off there. Of
    all blocks the calmest are the dark ones, and told of next to none in a fifth of photos with noise of 25 levels.
    """
    total = energy[:, 0] + energy[:, 1]
    strata = [total[:, (mean > low) & (mean <= low + STRATUM)] for low in range(16, 240, STRATUM)]
    told = [_noise_of(blocks) for blocks in strata if blocks.shape[1] >= CALM_BLOCKS]
    return float(np.sqrt(max([*told, ROUNDING])))


def _noise_of(energy: Floats) -> float:
    """Given the energy of blocks, shape (LEVELS, n), n at least `CALM_BLOCKS`, return the noise's variance.

    Grass, gravel and fur in small sharp pictures were taken for noise until the fall with scale had to be that of
    noise: to a quarter and a sixteenth (demosaicing and JPEG make it up to a half and a third).
    """
    calmest = energy[:, np.argsort(energy[0], kind="stable")[: max(CALM_BLOCKS, energy.shape[1] // 10)]]
    # In these, fine = noise + signal and halved = noise / 4 + signal * 2 at the least (a sharp edge; blurred, 4).
    noise = np.clip((2 * calmest[0] - calmest[1]) / 1.75, 0, calmest[0])
    fine = np.maximum(calmest[0], ROUNDING)
    whiteness = np.clip((0.55 - calmest[1] / fine) / 0.2, 0, 1) * np.clip((0.35 - calmest[2] / fine) / 0.15, 0, 1)
    return float(np.median(noise * whiteness) / 4)


def _steepest(tiles: Floats, block: int) -> Floats:
    """Return the largest difference between horizontal and between vertical neighbours, shape (2, n, ...)."""
    across, down = np.zeros_like(tiles), np.zeros_like(tiles)
    np.abs(tiles[:, :, 1:] - tiles[:, :, :-1], out=across[:, :, :-1])
    np.abs(tiles[:, 1:] - tiles[:, :-1], out=down[:, :-1])
    return np.stack([_reduced(steps, block, np.maximum) for steps in (across, down)])


def _reduced(tiles: Floats, block: int, operation: np.ufunc) -> Floats:
    """Return the maximum or minimum of each block."""
    count, side, _ = tiles.shape
    rows = operation.reduce(tiles.reshape(count, side // block, block, side), axis=2)
    result: Floats = operation.reduce(rows.reshape(count, side // block, side // block, block), axis=3)
    return result


def _means(tiles: Floats, block: int) -> Floats:
    """Return the mean of each block; as a matrix product, which is five times faster than a reduction."""
    count, side, _ = tiles.shape
    blocks = side // block
    result: Floats = (tiles @ _gather(blocks, block)).reshape(count, blocks, block, blocks).sum(axis=2)
    return result


@cache
def _gather(blocks: int, block: int) -> Floats:
    """Return the matrix that sums `block` columns into each of `blocks`, as shares of a block's mean.

    Kept, since a picture asks for the same five a hundred times.
    """
    return np.repeat(np.eye(blocks, dtype=np.float32) / np.float32(block**2), block, axis=0)
