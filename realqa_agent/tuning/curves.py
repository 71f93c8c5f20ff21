"""The picture of a run: its loss, and how the model fares on the dev photos."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from realqa_agent.files import made_whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from matplotlib.axes import Axes

SMOOTHED = 0.05
"""Part of all steps that the mean over the loss goes back."""


def draw(file: Path, log: Sequence[Mapping[str, Any]], *, title: str) -> None:
    """Write a PNG file of the log's lines."""
    figure = Figure(figsize=(15, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title, parse_math=False)
    loss, correlation, digits = figure.subplots(1, 3)
    _loss(loss, [(line["step"], line["loss"]) for line in log if "loss" in line])
    exams = [(line["step"], line["dev"]) for line in log if "dev" in line]
    correlation.set_title("SRCC on the dev photos")
    _line(correlation, exams, "srcc", "SRCC")
    digits.set_title("squared error of the digits on the dev photos")
    _line(digits, exams, "ncm", "NCM")
    _line(digits, exams, "ncm_star", "NCM*")
    if exams:
        digits.legend()
    for axes in (loss, correlation, digits):
        axes.set_xlabel("step")
        axes.grid(alpha=0.2)
    with made_whole(file, replace=True) as partial:
        figure.savefig(partial, format="png", dpi=110)


def _loss(axes: Axes, points: Sequence[tuple[int, float]]) -> None:
    axes.set_title("loss on the answers' tokens")
    steps, values = [step for step, _ in points], [value for _, value in points]
    axes.plot(steps, values, alpha=0.35, label="each step")
    back = max(1, round(SMOOTHED * len(values)))
    means = [sum(part) / len(part) for end in range(1, len(values) + 1) if (part := values[max(0, end - back) : end])]
    axes.plot(steps, means, label=f"mean of {back}")
    if points:
        axes.legend()


def _line(axes: Axes, exams: Sequence[tuple[int, Mapping[str, Any]]], name: str, label: str) -> None:
    found = [(step, marks[name]) for step, marks in exams if marks[name] is not None]
    axes.plot([step for step, _ in found], [value for _, value in found], "o-", label=label)
