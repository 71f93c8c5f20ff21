"""The picture of one or several sets: how many pictures have which score."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from realqa_agent.dataset.figures import BINS
from realqa_agent.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from realqa_agent.dataset.figures import Statistics


def draw(file: Path, sets: Sequence[tuple[str, Statistics]]) -> None:
    """Write a PNG file with a histogram of each set, below its name; UserError if it can't be written."""
    figure = Figure(figsize=(8, 1 + 2.5 * len(sets)), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, (name, one) in zip(figure.subplots(len(sets), squeeze=False)[:, 0], sets, strict=True):
        low, high = one.scale
        width = (high - low) / BINS
        axes.bar([low + width * part for part in range(BINS)], one.histogram, width, align="edge", edgecolor="white")
        axes.axvline(one.mean, color="tab:red", label=f"mean {one.mean:.2f}")
        # A folder's name may hold a dollar sign, which is not meant as mathematics.
        axes.set_title(f"{name}: {one.images} pictures", parse_math=False)
        axes.set_xlabel("human score")
        axes.set_ylabel("pictures")
        axes.legend()
    try:
        figure.savefig(file, format="png", dpi=120)
    except OSError as error:
        raise UserError(f"{file}: can't write the plot: {error.strerror or error}") from error
