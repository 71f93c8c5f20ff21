"""What a model's answers tell beside its scores."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from realqa_agent.evaluation.diagnosis import diagnose, label_of
from realqa_agent.evaluation.record import Diagnosis, Prediction, Rated, Scale
from realqa_agent.evaluation.report import diagnosis_as_json, diagnosis_in_words

KONIQ: Mapping[str, float] = {"raw_quality_low": 1.0, "raw_quality_high": 5.0}


def diagnosed(
    rows: list[tuple[float, Mapping[str, float] | None]], *, scale: Scale, against: str = "quality", unanswered: int = 0
) -> Diagnosis:
    """Diagnose rows of human score and measures (None: failed)."""
    return diagnose(
        [Rated(path=Path(f"/{place}.jpg"), score=score) for place, (score, _) in enumerate(rows)],
        [
            None if measures is None else Prediction(score=5.0, rejected=False, measures=measures)
            for _, measures in rows
        ],
        against=against,
        scale=scale,
        unanswered=unanswered,
    )


def test_labels_are_told_from_one_to_ten() -> None:
    rated = Rated(path=Path("/a.jpg"), score=3.0)
    assert label_of(rated, (1.0, 5.0)) == pytest.approx(5.5)
    assert label_of(rated, (3.0, 5.0)) == 1
    assert label_of(rated, (0.0, 3.0)) == 10


def test_errors_are_on_the_scale_of_the_models_own_numbers() -> None:
    rows: list[tuple[float, Mapping[str, float] | None]] = [
        (0.5, {**KONIQ, "ncm_quality": 3.5, "ncm_star_quality": 1.0}),
        (0.25, {**KONIQ, "ncm_quality": 2.0, "ncm_star_quality": 0.0}),
        (0.75, {**KONIQ}),
        (0.9, None),
    ]
    fit = diagnosed(rows, scale=(0.0, 1.0)).fit
    assert fit is not None
    # The labels are 3.00 and 2.00.
    assert (fit.pictures, fit.scale) == (2, (1.0, 5.0))
    assert fit.ncm == pytest.approx((0.5**2 + 0) / 2)
    assert fit.ncm_star == pytest.approx((2**2 + 2**2) / 2)


def test_a_label_has_the_two_decimals_that_a_model_can_write() -> None:
    measures = {"raw_quality_low": 0.0, "raw_quality_high": 9.99, "ncm_quality": 3.33, "ncm_star_quality": 0.0}
    fit = diagnosed([(1 / 3, measures)], scale=(0.0, 1.0)).fit
    assert fit is not None
    assert fit.ncm == pytest.approx(0, abs=1e-12)


def test_only_the_score_that_is_compared_counts() -> None:
    row = (0.5, {**KONIQ, "ncm_quality": 3.5, "ncm_star_quality": 1.0})
    assert diagnosed([row], scale=(0.0, 1.0), against="aesthetic").fit is None


def test_unread_answers_are_added_up_where_any_were_asked_for() -> None:
    rows: list[tuple[float, Mapping[str, float] | None]] = [
        (1, {"answers_unread": 2.0}),
        (2, {"answers_unread": 0.0}),
        (3, {}),
        (4, None),
    ]
    assert diagnosed(rows, scale=(1, 4)).unread == 2
    assert diagnosed(rows[1:], scale=(1, 4)).unread == 0
    assert diagnosed(rows[2:], scale=(1, 4)).unread is None


def test_a_scale_without_width_is_no_trouble_where_no_labels_were_told() -> None:
    assert diagnosed([(3, {**KONIQ}), (3, None)], scale=(3, 3)).fit is None


def test_json_and_words() -> None:
    measures = {**KONIQ, "ncm_quality": 3.5, "ncm_star_quality": 1.0, "answers_unread": 3.0}
    found = diagnosed([(3, measures), (4, None)], scale=(1, 5), unanswered=1)
    assert diagnosis_as_json(found) == {
        "unanswered": 1,
        "answers_unread": 3,
        "ncm": {"n": 1, "scale": [1.0, 5.0], "mse": 0.25, "mse_star": 4.0},
    }
    assert diagnosis_in_words(found) == {
        "failed: the model gave no number": "1",
        "answers about attributes that could not be read": "3",
        "NCM, mean squared error over 1, scale 1 to 5": "0.250",
        "NCM*, mean squared error over 1, scale 1 to 5": "4.000",
    }
    without = diagnosed([(3, {})], scale=(1, 5))
    assert diagnosis_as_json(without) == {"unanswered": 0}
    assert diagnosis_in_words(without) == {}
