"""Where the eye goes: where two simple maps agree, each of which is easily fooled alone.

The image signature of Hou, Harel and Koch (IEEE TPAMI 34(1), 2012): the sign of a picture's cosine transform,
transformed back and squared, lights up whatever is sparse against its background. Only the coarser half of the
frequencies takes part, unlike in the paper: a sign is as large for grain as for a face, so with all of them noise
moved the map. It finds small things but outlines large ones, and is drawn to the corners of plain pictures.

The background measure of Zhu, Liang, Wei and Sun (CVPR 2014): a colour is background as far as it lies on the frame's
edge, and a place stands out by its contrast with the background around it. Colours are compared cell by cell here,
instead of along paths between superpixels. It finds whole things, but loses those that the frame cuts.

On 73 photos with shallow focus, what `arrangement` takes for the subject overlaps with what is in focus by .40
(intersection over union); taken from the signature alone, by .26.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from realqa_agent.scoring.firstlook.colour import luma_of, opponents

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]

GRID = (48, 64)
"""Rows and columns of a saliency map; the picture is stretched onto it whatever its shape."""

CELLS = (18, 24)
"""Rows and columns of the cells whose colours are compared, each with each."""

SAME_COLOUR = 0.3
"""Standard deviation of what passes for one colour, as a share of the picture's own spread of colours."""

NEAR = 0.25
"""Standard deviation of the surroundings that a cell is compared with, as a share of each side."""

SMOOTH = 0.05
"""Standard deviation of the maps' blur, as a share of each side."""

CENTRE_SPREAD = 0.8
"""Standard deviation of the centre prior, as a share of each side. Photographers centre, roughly; a tighter one loses
what the frame cuts."""


def saliency_of(rgb: Floats) -> Floats:
    """Given sRGB, shape (h, w, 3), 0 to 255, return its saliency: shape `GRID`, not negative, sums to 1."""
    saliency: Floats = np.sqrt(_signature(shrink(rgb, GRID)) * _contrast(shrink(rgb, CELLS)))
    saliency *= np.outer(*(_centre_prior(length) for length in GRID))
    total = float(saliency.sum())
    if total <= 0:
        return np.full(GRID, 1 / (GRID[0] * GRID[1]), np.float32)
    saliency /= np.float32(total)
    return saliency


def shrink(values: Floats, shape: tuple[int, int]) -> Floats:
    """Given an array (h, w, ...), return the means over a grid of `shape`; cells repeat where it is smaller."""
    for axis, length in enumerate(shape):
        size = values.shape[axis]
        if size >= length:
            starts = np.arange(length) * size // length
            sums = np.add.reduceat(values, starts, axis=axis)
            counts = np.diff(np.append(starts, size)).astype(np.float32)
            sums /= counts.reshape([-1 if place == axis else 1 for place in range(values.ndim)])
            values = sums
        else:
            values = values.take(np.arange(length) * size // length, axis=axis)
    return values


def _signature(rgb: Floats) -> Floats:
    """Given sRGB, shape (*GRID, 3), return what is sparse, shape `GRID`, from 0."""
    rows, columns = (_cosines(length) for length in GRID)
    energy = np.zeros(GRID, np.float32)
    for channel in (rgb.mean(axis=2), *opponents(rgb)):
        spread = np.float32(channel.std())
        if spread < 1:  # a flat channel's signs are rounding noise
            continue
        signs = np.sign(rows @ (channel - channel.mean()) @ columns.T)
        signs[GRID[0] // 2 :] = signs[:, GRID[1] // 2 :] = 0
        energy += spread * np.square(rows.T @ signs @ columns)
    return _smoothed(energy)


def _contrast(rgb: Floats) -> Floats:
    """Given sRGB, shape (*CELLS, 3), return what differs from the colours of the frame's edge, shape `GRID`, from 0."""
    cells = rgb.reshape(-1, 3)
    # Half the weight for brightness: light and shadow fall on subject and background alike.
    colours = np.stack([luma_of(cells) / 2, *opponents(cells)], axis=-1)
    colours -= colours.mean(axis=0)
    spread = np.sqrt(np.square(colours).sum(axis=1).mean())
    colours /= max(spread, np.float32(1))  # what differs by less is rounding
    lengths = np.square(colours).sum(axis=1)
    squares = np.maximum(lengths[:, None] + lengths - 2 * colours @ colours.T, 0)
    alike = np.exp(squares * np.float32(-0.5 / SAME_COLOUR**2))
    # The cells of one colour on the edge, to the root of all its cells: a side of a thing to the length of its outline.
    background = 1 - np.exp(-0.5 * alike[:, _on_edge()].sum(axis=1) ** 2 / alike.sum(axis=1))
    around = _nearness() * background
    contrast = (np.sqrt(squares) * around).sum(axis=1) / (around.sum(axis=1) + np.float32(1e-6))
    return _smoothed((contrast * (1 - background)).reshape(CELLS))


def _smoothed(energy: Floats) -> Floats:
    """Spread a map of any shape smoothly over `GRID`; the lowest place gets 0."""
    rows, columns = energy.shape
    smooth: Floats = (_gaussians(GRID[0], rows) @ energy @ _gaussians(GRID[1], columns).T).astype(np.float32)
    smooth -= smooth.min()
    return smooth


def _middles(length: int) -> Floats:
    middles: Floats = ((np.arange(length) + 0.5) / length).astype(np.float32)
    return middles


@cache
def _centre_prior(length: int) -> Floats:
    prior: Floats = np.exp(-0.5 * ((_middles(length) - 0.5) / np.float32(CENTRE_SPREAD)) ** 2)
    return prior


@cache
def _cosines(length: int) -> Floats:
    """Return the orthonormal matrix of the cosine transform (DCT-II)."""
    angles = np.pi * np.outer(np.arange(length), np.arange(length) + 0.5) / length
    matrix = np.cos(angles) * np.sqrt(2 / length)
    matrix[0] /= np.sqrt(2)
    result: Floats = matrix.astype(np.float32)
    return result


@cache
def _gaussians(length: int, cells: int) -> Floats:
    """Return the matrix that spreads `cells` smoothly over `length`; rows sum to 1."""
    distances = np.subtract.outer(_middles(length), _middles(cells)) / SMOOTH
    matrix = np.exp(-0.5 * distances**2)
    result: Floats = (matrix / matrix.sum(axis=1, keepdims=True)).astype(np.float32)
    return result


@cache
def _on_edge() -> npt.NDArray[np.bool_]:
    """Return which cells lie on the frame's edge, shape (cells,)."""
    inside = np.zeros(CELLS, np.bool_)
    inside[1:-1, 1:-1] = True
    return ~inside.ravel()


@cache
def _nearness() -> Floats:
    """Return the weight of each cell for each other, shape (cells, cells)."""
    down, across = (
        np.exp(-0.5 * (np.subtract.outer(_middles(length), _middles(length)) / NEAR) ** 2) for length in CELLS
    )
    return np.kron(down, across).astype(np.float32)
