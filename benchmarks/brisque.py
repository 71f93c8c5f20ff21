"""The features of BRISQUE, to time them: 36 numbers on two scales.

Mittal, Moorthy, Bovik: No-Reference Image Quality Assessment in the Spatial Domain. IEEE Transactions on Image
Processing 21(12), 2012. The score is a support vector regression over them. It is left out: some ten thousand
multiplications whatever the size of the photo, and its model is not at hand here.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Plane = npt.NDArray[np.float32]

REACH = 3
"""Of the window, in each direction."""

STRIP = 32
"""Rows at a time: whole planes of a large photo don't fit the processor's cache."""

_distances = np.arange(-REACH, REACH + 1)
_bells = np.exp(-0.5 * (_distances / (7 / 6)) ** 2)
WINDOW: tuple[float, ...] = tuple((_bells / _bells.sum()).tolist())
"""Gaussian with a deviation of 7/6 pixels."""

SHAPES = np.arange(0.2, 10, 0.001)
RATIOS = np.array([math.gamma(2 / a) ** 2 / (math.gamma(1 / a) * math.gamma(3 / a)) for a in SHAPES.tolist()])
"""Squared mean magnitude over mean square of the generalized Gaussian of each shape; rises with it."""


def features(luma: Image.Image) -> Floats:
    """Return the 36 features of a picture of mode L; not numbers where it is flat."""
    plane = np.asarray(luma, np.float32)
    half = Image.fromarray(plane).resize((luma.width // 2, luma.height // 2), Image.Resampling.BICUBIC)
    return np.concatenate([_features_of_scale(plane), _features_of_scale(np.asarray(half))])


def _features_of_scale(plane: Plane) -> Floats:
    """Return shape and variance of the normalized luma, then four numbers for each of its products with neighbours."""
    padded = np.pad(plane, REACH, mode="edge")
    moments = np.zeros((5, 5))
    for top in range(0, len(plane), STRIP):
        # One row more than the strip: pairs reach down into the next one.
        normal = _normalized(padded[top : top + STRIP + 1 + 2 * REACH])
        here, below = normal[:STRIP], normal[1:]
        above = normal[:-1]
        moments += [
            _moments(here),
            _moments(here[:, :-1] * here[:, 1:]),
            _moments(above * below),
            _moments(above[:, :-1] * below[:, 1:]),
            _moments(above[:, 1:] * below[:, :-1]),
        ]
    (shape, _, left, right), *products = (_fit(row) for row in moments)
    return np.array([shape, (left + right) / 2, *(number for fit in products for number in fit)])


def _normalized(padded: Plane) -> Plane:
    """Return the mean-subtracted contrast-normalized luma (MSCN)."""
    middle = padded[REACH:-REACH, REACH:-REACH]
    mean = _blurred(padded)
    deviation = _blurred(padded * padded)
    deviation -= mean * mean
    np.sqrt(np.abs(deviation, out=deviation), out=deviation)
    deviation += 1
    normal: Plane = middle - mean
    normal /= deviation
    return normal


def _blurred(padded: Plane) -> Plane:
    """Return the weighted means over the window; each side is shorter by twice its reach."""
    return _blurred_down(_blurred_down(padded).T).T


def _blurred_down(padded: Plane) -> Plane:
    rows = len(padded) - 2 * REACH
    blurred: Plane = padded[REACH : REACH + rows] * np.float32(WINDOW[REACH])
    for distance in range(1, REACH + 1):
        pair = padded[REACH - distance :][:rows] + padded[REACH + distance :][:rows]
        pair *= np.float32(WINDOW[REACH + distance])
        blurred += pair
    return blurred


def _moments(values: Plane) -> tuple[float, ...]:
    """Return how many values there are, how many are negative, both groups' sums of squares, and of magnitudes."""
    negative = np.minimum(values, 0)
    squares, left = (float(np.vdot(one, one)) for one in (values, negative))
    magnitude = float(values.sum()) - 2 * float(negative.sum())
    return float(values.size), float(np.count_nonzero(negative)), left, squares - left, magnitude


def _fit(moments: Floats) -> tuple[float, float, float, float]:
    """Fit an asymmetric generalized Gaussian; return its shape, mean, and left and right variance."""
    count, negatives, left_squares, right_squares, magnitude = moments
    with np.errstate(divide="ignore", invalid="ignore"):
        left, right = left_squares / negatives, right_squares / (count - negatives)
        skew = np.sqrt(left / right)
        ratio = (magnitude / count) ** 2 / ((left_squares + right_squares) / count)
        ratio *= (skew**3 + 1) * (skew + 1) / (skew**2 + 1) ** 2
    shape = float(np.interp(ratio, RATIOS, SHAPES))
    reach = math.gamma(2 / shape) / math.sqrt(math.gamma(1 / shape) * math.gamma(3 / shape))
    return shape, float((np.sqrt(right) - np.sqrt(left)) * reach), float(left), float(right)
