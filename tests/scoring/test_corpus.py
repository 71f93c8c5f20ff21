"""The scorer against people, on the development photos; samples, so that it stays quick."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np
import pytest

from realqa_agent.config import Config, Media
from realqa_agent.evaluation import metrics
from realqa_agent.media.opening import open_photo
from realqa_agent.scoring.firstlook.scorer import FirstLook

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from realqa_agent.assessment import Assessment

pytestmark = pytest.mark.corpus

Row = dict[str, str]


def rows(folder: Path) -> list[Row]:
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def assessed(folder: Path, chosen: Iterable[Row]) -> list[tuple[Row, Assessment]]:
    scorer = FirstLook(Config())
    return [(row, scorer.assess(open_photo(folder / "images" / row["filename"], Media()))) for row in chosen]


@pytest.fixture(scope="module")
def burst(shared_data: Path) -> list[tuple[Row, Assessment]]:
    """All dev frames of the same-scene series."""
    folder = shared_data / "quality"
    return assessed(folder, [row for row in rows(folder) if row["split"] == "dev" and row["subset"] == "ss01"])


def agreement(pairs: list[tuple[float, float]]) -> float:
    """Return the SRCC of people's scores and ours."""
    people, ours = np.array(pairs).T
    return metrics.srcc(people, ours)


def test_shallow_focus_is_not_called_blurry(shared_data: Path) -> None:
    folder = shared_data / "bokeh"
    judged = assessed(folder, rows(folder))
    values = [assessment.attributes["image_clarity"].value for _, assessment in judged]
    assert values.count("very blurry") == 0
    assert values.count("blurry") <= 0.03 * len(values)


def test_in_a_series_the_better_frame_scores_higher(burst: list[tuple[Row, Assessment]]) -> None:
    right = pairs = 0
    for one, better in burst:
        for other, worse in burst:
            if one["series"] and one["series"] == other["series"] and float(one["mos"]) - float(other["mos"]) >= 0.1:
                pairs += 1
                right += better.quality > worse.quality
    assert pairs > 400
    assert right / pairs > 0.96


def test_spoilt_frames_score_below_good_ones(burst: list[tuple[Row, Assessment]]) -> None:
    spoilt = [assessment.quality for row, assessment in burst if float(row["mos"]) < 0.3]
    good = [assessment.quality for row, assessment in burst if float(row["mos"]) > 0.5]
    lower = sum(bad < fine for bad in spoilt for fine in good)
    assert lower / (len(spoilt) * len(good)) > 0.99


def test_quality_agrees_with_people_on_photos_of_another_source(shared_data: Path) -> None:
    folder = shared_data / "quality_voc"
    judged = assessed(folder, [row for row in rows(folder) if row["split"] == "dev"])
    assert agreement([(float(row["mos"]), assessment.quality) for row, assessment in judged]) > 0.5


def test_beauty_agrees_with_people(shared_data: Path) -> None:
    folder = shared_data / "aesthetics"
    judged = assessed(folder, [row for row in rows(folder) if row["split"] == "dev"][::2])
    assert agreement([(float(row["beauty_mean"]), assessment.aesthetic) for row, assessment in judged]) > 0.45


def test_the_uncertainty_is_about_the_error(burst: list[tuple[Row, Assessment]]) -> None:
    within = [
        abs(assessment.quality - (1 + 9 * float(row["mos"]))) <= assessment.uncertainty.quality
        for row, assessment in burst
        if assessment.uncertainty
    ]
    assert 0.55 < sum(within) / len(within) < 0.95


def test_good_frames_are_not_called_spoilt(burst: list[tuple[Row, Assessment]]) -> None:
    """Clarity or exposure below 2.5 is what the culling policy takes for strong evidence."""
    spoilt = [
        row["filename"]
        for row, assessment in burst
        if float(row["mos"]) > 0.5
        for name in ("image_clarity", "exposure")
        if (score := assessment.attributes[name].score) is not None and score < 2.5
    ]
    assert len(spoilt) <= 2, spoilt
