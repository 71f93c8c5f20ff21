"""Where the eye goes: the image signature of Hou, Harel and Koch (IEEE TPAMI 34(1), 2012), in three colour channels.

The sign of a picture's cosine transform, transformed back and squared, lights up whatever is sparse against its
background. It needs no training and takes a millisecond. Only the coarser half of the frequencies takes part, unlike
in the paper: a sign is as large for grain as for a face, so with all of them noise moved the map.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from realqa_agent.scoring.firstlook.colour import opponents

if TYPE_CHECKING:
    import numpy.typing as npt

GRID = (48, 64)
"""Rows and columns of a saliency map; the picture is stretched onto it whatever its shape."""

CENTRE_SPREAD = 0.45
"""Standard deviation of the centre prior, as a fraction of each side: photographers centre, roughly."""


def saliency_of(rgb: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Given sRGB, shape (h, w, 3), 0 to 255, return its saliency: shape `GRID`, not negative, sums to 1."""
    small = shrink(rgb, GRID)
    rows, columns = (_cosines(length) for length in GRID)
    energy: npt.NDArray[np.float32] = np.zeros(GRID, np.float32)
    for channel in (small.mean(axis=2), *opponents(small)):
        spread = np.float32(channel.std())
        if spread < 1:  # a flat channel's signs are rounding noise
            continue
        signs = np.sign(rows @ (channel - channel.mean()) @ columns.T)
        signs[GRID[0] // 2 :] = signs[:, GRID[1] // 2 :] = 0
        energy += spread * np.square(rows.T @ signs @ columns)
    smooth = (_gaussians(GRID[0], 0.05) @ energy @ _gaussians(GRID[1], 0.05).T).astype(np.float32)
    smooth -= smooth.min()
    smooth *= _centre_prior(GRID[0])[:, None] * _centre_prior(GRID[1])
    total = float(smooth.sum())
    if total <= 0:
        return np.full(GRID, 1 / (GRID[0] * GRID[1]), np.float32)
    smooth /= np.float32(total)
    return smooth


def shrink(values: npt.NDArray[np.float32], shape: tuple[int, int]) -> npt.NDArray[np.float32]:
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


def _centre_prior(length: int) -> npt.NDArray[np.float32]:
    middles = (np.arange(length) + 0.5) / length
    prior: npt.NDArray[np.float32] = np.exp(-0.5 * ((middles - 0.5) / CENTRE_SPREAD) ** 2).astype(np.float32)
    return prior


def _cosines(length: int) -> npt.NDArray[np.float32]:
    """Return the orthonormal matrix of the cosine transform (DCT-II)."""
    angles = np.pi * np.outer(np.arange(length), np.arange(length) + 0.5) / length
    matrix = np.cos(angles) * np.sqrt(2 / length)
    matrix[0] /= np.sqrt(2)
    result: npt.NDArray[np.float32] = matrix.astype(np.float32)
    return result


def _gaussians(length: int, spread: float) -> npt.NDArray[np.float32]:
    """Return the matrix that smooths by a Gaussian of `spread` times the length; rows sum to 1."""
    distances = np.subtract.outer(np.arange(length), np.arange(length)) / (spread * length)
    matrix = np.exp(-0.5 * distances**2)
    result: npt.NDArray[np.float32] = (matrix / matrix.sum(axis=1, keepdims=True)).astype(np.float32)
    return result
