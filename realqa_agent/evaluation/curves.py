"""The picture of several evaluations: how each set fares with one adapter after the other, as along a training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Picture

from realqa_agent.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from realqa_agent.evaluation.record import Diagnosis, Evaluation

APART = 0.04
"""Between the sets at one adapter, so that their intervals don't lie on each other; adapters are 1 apart."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Curve:
    """One set with one adapter after the other."""

    name: str
    evaluations: Sequence[Evaluation]
    diagnoses: Sequence[Diagnosis]


def draw(file: Path, adapters: Sequence[str], curves: Sequence[Curve], *, title: str) -> None:
    """Write the picture as a PNG file; UserError if it can't be written."""
    drawn = picture(adapters, curves, title=title)
    FigureCanvasAgg(drawn)
    try:
        drawn.savefig(file, format="png", dpi=120)
    except OSError as error:
        raise UserError(f"{file}: can't write the plot: {error.strerror or error}") from error


def picture(adapters: Sequence[str], curves: Sequence[Curve], *, title: str) -> Picture:
    """Return SRCC and PLCC with their intervals, and NCM and NCM* where a model was held against labels.

    Each curve has a point for each of the adapters.
    """
    fitted = any(one.fit is not None for curve in curves for one in curve.diagnoses)
    made = Picture(figsize=(11, 9 if fitted else 5), layout="constrained")
    # Names of scorers and folders may hold a dollar sign, which is not meant as mathematics.
    made.suptitle(title, parse_math=False)
    grid = made.subplots(2 if fitted else 1, 2, sharex=True, squeeze=False)
    for axes, figure in zip(grid[0], ("srcc", "plcc"), strict=True):
        axes.set_title(f"{figure.upper()} with 95 % interval")
        for place, curve in enumerate(curves):
            _correlations(axes, curve, figure, place * APART)
    for axes, figure, words in zip(grid[1] if fitted else (), ("ncm", "ncm_star"), ("NCM", "NCM*"), strict=False):
        axes.set_title(f"{words}, mean squared error to the labels")
        for curve in curves:
            _errors(axes, curve, figure)
    for axes in grid.flat:
        axes.set_xticks(range(len(adapters)), adapters, rotation=30, ha="right", parse_math=False)
        axes.set_xlim(-0.5, len(adapters) - 0.5)
        axes.grid(alpha=0.2)
    legend = grid[0, 0].legend()
    for name in legend.get_texts():
        name.set_parse_math(False)
    return made


def _correlations(axes: Axes, curve: Curve, figure: str, shift: float) -> None:
    """Draw what is defined; a value without an interval is a point alone."""
    found = [one.figures[figure] for one in curve.evaluations]
    values = np.array([np.nan if one.value is None else one.value for one in found])
    low, high = np.array([(np.nan, np.nan) if one.ci is None else one.ci for one in found]).T
    reach = np.nan_to_num(np.clip([values - low, high - values], 0, None))
    axes.errorbar(np.arange(len(found)) + shift, values, yerr=reach, fmt="o-", capsize=3, label=curve.name)


def _errors(axes: Axes, curve: Curve, figure: str) -> None:
    values = [np.nan if one.fit is None else getattr(one.fit, figure) for one in curve.diagnoses]
    axes.plot(np.arange(len(values)), values, "o-", label=curve.name)
