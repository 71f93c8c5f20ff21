"""How a model in training fares on photos that it doesn't learn from: asked by the scorer's own code."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from realqa_agent.evaluation.metrics import srcc
from realqa_agent.scoring.mllm import digits
from realqa_agent.scoring.mllm.looking import Model

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import numpy.typing as npt

    from realqa_agent.scoring.mllm.loading import Loaded
    from realqa_agent.scoring.mllm.questions import DigitBelief, Question
    from realqa_agent.tuning.lessons import Labelled

AT_ONCE = 8
"""Photos that are opened, and looked at, before the next ones."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Marks:
    """What came of it."""

    pictures: int
    unanswered: int
    """Photos for which the model gave no number; for the correlation they have the mean of the others."""
    srcc: float | None
    """Of the expectation with the labels; None where it isn't defined, as for labels that are all equal."""
    ncm: float | None
    ncm_star: float | None
    """Mean squared errors of NCM and NCM* to the labels, on the scale of the labels; see `digits`."""


def examine(
    loaded: Loaded, labelled: Sequence[Labelled], question: Question, pixels: Callable[[Path], npt.NDArray[np.uint8]]
) -> Marks:
    """Ask for the scores of all these photos, and hold the model's digits against their labels."""
    loaded.network.eval()
    model = Model(loaded)
    said: list[float | None] = []
    errors: list[tuple[float, float]] = []
    for start in range(0, len(labelled), AT_ONCE):
        some = labelled[start : start + AT_ONCE]
        looks = model.look([pixels(one.picture) for one in some])
        said += [_said(belief) for (belief,) in model.numbers(looks, [question])]
        along = model.along(looks, question, [one.label for one in some])
        errors += [_errors(one.label, places) for one, places in zip(some, along, strict=True)]
    return _marks([float(one.label) for one in labelled], said, errors)


def _said(belief: DigitBelief) -> float | None:
    return None if digits.why_unsure(belief) else digits.expectation(belief).value


def _errors(label: str, places: list[list[float]]) -> tuple[float, float]:
    found = digits.ncm(places), digits.ncm_star(places, label)
    square, star = ((math.nan if one is None else one - float(label)) ** 2 for one in found)
    return square, star


def _marks(labels: Sequence[float], said: Sequence[float | None], errors: Sequence[tuple[float, float]]) -> Marks:
    numbers = [one for one in said if one is not None]
    correlation = math.nan
    if numbers:
        mean = fmean(numbers)
        correlation = srcc(np.array(labels), np.array([mean if one is None else one for one in said]))
    return Marks(
        pictures=len(said),
        unanswered=len(said) - len(numbers),
        srcc=_defined(correlation),
        ncm=_defined(fmean(square for square, _ in errors)),
        ncm_star=_defined(fmean(star for _, star in errors)),
    )


def _defined(value: float) -> float | None:
    return value if math.isfinite(value) else None
