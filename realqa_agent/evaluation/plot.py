"""The picture of an evaluation: every photo as a dot, and how far the scale can be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from realqa_agent.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PARTS = 10
Z_95 = 1.96
"""Standard errors on either side of a mean that hold 95 % of a normal distribution. Series make them too small."""


def draw(file: Path, human: Sequence[float], predicted: Sequence[float], *, title: str, axis: str) -> None:
    """Write a PNG file of pictures that could be scored, both in the same order; UserError if it can't be written."""
    figure = Figure(figsize=(11, 5), layout="constrained")
    FigureCanvasAgg(figure)
    # A scorer's name may hold a dollar sign, which is not meant as mathematics.
    figure.suptitle(title, parse_math=False)
    left, right = figure.subplots(1, 2, sharex=True, sharey=True)
    _dots(left, np.array(human), np.array(predicted))
    _deciles(right, np.array(human), np.array(predicted))
    for axes in (left, right):
        axes.set_xlabel(axis)
        axes.grid(alpha=0.2)
    left.set_ylabel("human score")
    try:
        figure.savefig(file, format="png", dpi=120)
    except OSError as error:
        raise UserError(f"{file}: can't write the plot: {error.strerror or error}") from error


def _dots(axes: Axes, human: Floats, predicted: Floats) -> None:
    axes.set_title("each picture")
    axes.plot(predicted, human, ".", alpha=min(1.0, 0.2 + 40 / max(1, len(human))), label="picture")
    axes.plot(np.sort(predicted), np.sort(human), color="tab:red", linewidth=1, label="all in the right order")
    axes.legend(loc="upper left")


def _deciles(axes: Axes, human: Floats, predicted: Floats) -> None:
    axes.set_title("mean of each tenth by prediction, \N{PLUS-MINUS SIGN} 1.96 standard errors")
    order = np.argsort(predicted, kind="stable")
    parts = [part for part in np.array_split(order, PARTS) if len(part)]
    means = [human[part].mean() for part in parts]
    errors = [Z_95 * human[part].std() / np.sqrt(len(part)) for part in parts]
    axes.errorbar([predicted[part].mean() for part in parts], means, yerr=errors, fmt="o-", capsize=3)
