"""The picture of a fit: what the taste likes, and each shoot without and with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from realqa_agent.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

    from realqa_agent.taste.findings import Findings

MOST_LIKES = 12


def draw(file: Path, findings: Findings, title: str) -> None:
    """Write a PNG file; UserError if it can't be written."""
    figure = Figure(figsize=(12, 5), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title)
    left, right = figure.subplots(1, 2)
    _likes(left, findings)
    _shoots(right, findings)
    try:
        figure.savefig(file, format="png", dpi=120)
    except OSError as error:
        raise UserError(f"{file}: can't write the plot: {error.strerror or error}") from error


def _likes(axes: Axes, findings: Findings) -> None:
    axes.set_title("what it likes")
    axes.set_xlabel("points for one standard deviation more than usual")
    liked = findings.likes[:MOST_LIKES][::-1]
    axes.barh([words for words, _ in liked], [points for _, points in liked])
    axes.grid(axis="x", alpha=0.2)


def _shoots(axes: Axes, findings: Findings) -> None:
    axes.set_title("each shoot, by a taste learned from others")
    axes.set_xlabel("pairs in your order, by the first look alone")
    axes.set_ylabel("the same with taste")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.axline((0, 0), slope=1, color="tab:red", linewidth=1, label="no gain")
    largest = max(result.photos for result in findings.results)
    axes.scatter(
        [result.without for result in findings.results],
        [result.with_taste for result in findings.results],
        s=[20 + 180 * result.photos / largest for result in findings.results],
        alpha=0.5,
        label="shoot, larger with more rated photos",
    )
    axes.legend(loc="lower right")
    axes.grid(alpha=0.2)
