"""The picture of several evaluations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from PIL import Image

from realqa_agent.errors import UserError
from realqa_agent.evaluation.curves import Curve, draw, picture
from realqa_agent.evaluation.figures import evaluate
from realqa_agent.evaluation.record import Diagnosis, Evaluation, Fit, Prediction, Rated

LABELS = (0.1, 0.4, 0.6, 0.9)


def evaluation(*said: float | None) -> Evaluation:
    rated = [Rated(path=Path(f"/{score}.jpg"), score=score) for score in LABELS]
    predictions = [None if one is None else Prediction(score=one, rejected=False) for one in said]
    return evaluate(rated, predictions, range(len(rated)), (0, 1))


def diagnosis(ncm: float | None) -> Diagnosis:
    fit = None if ncm is None else Fit(pictures=4, scale=(1, 5), ncm=ncm, ncm_star=2 * ncm)
    return Diagnosis(unanswered=0, unread=None, fit=fit)


TRAINING = Curve(
    name="$koniq",
    evaluations=[evaluation(2, 1, 4, 3), evaluation(None, None, None, None), evaluation(1, 2, 3, 4)],
    diagnoses=[diagnosis(0.5), diagnosis(None), diagnosis(0.1)],
)


def heights(axes: Axes) -> list[list[float | None]]:
    """Return the values of each curve; None where there is no point."""
    return [[None if np.isnan(y) else float(y) for y in np.asarray(line.get_ydata())] for line in axes.get_lines()]


def test_a_training_has_four_curves() -> None:
    srcc, plcc, ncm, ncm_star = picture(["1", "2", "3"], [TRAINING], title="title").axes
    # 2, 1, 4, 3 beside 1, 2, 3, 4: 1 - 6 * 4 / (4 * 15).
    assert heights(srcc)[0] == [pytest.approx(0.6), None, pytest.approx(1)]
    assert heights(plcc)[0][1] is None
    assert heights(ncm) == [[0.5, None, 0.1]]
    assert heights(ncm_star) == [[1.0, None, 0.2]]
    assert [axes.get_title() for axes in (srcc, ncm_star)] == [
        "SRCC with 95 % interval",
        "NCM*, mean squared error to the labels",
    ]


def test_without_digits_there_are_correlations_alone_for_each_set() -> None:
    curves = [
        Curve(name=name, evaluations=[evaluation(1, 2, 3, 4)], diagnoses=[diagnosis(None)]) for name in ("a", "b")
    ]
    axes = picture(["bright"], curves, title="title").axes
    assert len(axes) == 2
    legend = axes[0].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["a", "b"]


def test_it_is_a_png_file_whatever_the_names(tmp_path: Path) -> None:
    draw(tmp_path / "curves.png", ["step-$1", "$", "2"], [TRAINING], title="$title")
    with Image.open(tmp_path / "curves.png") as drawn:
        assert drawn.format == "PNG"


def test_a_picture_that_can_not_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="can't write the plot"):
        draw(tmp_path / "nowhere" / "curves.png", ["1", "2", "3"], [TRAINING], title="title")
