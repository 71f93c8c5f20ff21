from __future__ import annotations

import numpy as np
import pytest

from training.firstlook.calibrate import calibrate, on_scale, scores

ENDS = (1.0, 7.0)


def test_predictions_that_hug_the_middle_come_back_to_the_scale_of_people() -> None:
    """Made up: people use the whole scale, the model a bent third of it, and is less sure of poor photos."""
    generator = np.random.default_rng(3)
    truth = generator.uniform(0, 1, 4000)
    raw = 3 + 2 * truth**1.5
    noise = np.where(truth < 0.5, 0.6, 0.2)
    human = 1 + 6 * (0.1 + 0.8 * truth) + noise * generator.normal(size=truth.size)
    calibration = calibrate(raw, human, ENDS)

    assert list(on_scale(np.array(ENDS), ENDS)) == [1, 10]
    assert np.all(np.diff(calibration.raw) > 0)
    assert np.all(np.diff(calibration.score) > 0)
    ladder = [calibration.judge(value).score for value in np.linspace(2, 6, 200)]
    assert np.all(np.diff(ladder) > 0), "two photos told apart stay told apart, beyond the ends too"
    # What people would say on average, known because it was made up; the outermost hundredths are extrapolated.
    inside = (truth > 0.02) & (truth < 0.98)
    wanted = on_scale(1 + 6 * (0.1 + 0.8 * truth), ENDS)
    assert np.abs(scores(calibration, raw) - wanted)[inside].max() < 0.3

    poor, good = (calibration.judge(float(3 + 2 * place**1.5)).uncertainty for place in (0.2, 0.8))
    assert poor == pytest.approx(0.6 * 1.5, rel=0.15)
    assert good == pytest.approx(0.2 * 1.5, rel=0.15)


def test_where_the_model_knows_nothing_the_uncertainty_is_the_spread_of_people() -> None:
    generator = np.random.default_rng(4)
    raw, human = generator.normal(size=2000), generator.uniform(0, 1, 2000)
    calibration = calibrate(raw, human, (0, 1))
    judged = calibration.judge(0.0)
    assert judged.score == pytest.approx(5.5, abs=0.3)
    assert judged.uncertainty == pytest.approx(9 / 12**0.5, rel=0.05)
    assert np.all(np.diff(calibration.score) > 0)
