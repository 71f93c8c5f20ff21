"""Statistics against values computed by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from realqa_agent.dataset.figures import BINS, describe, histogram
from realqa_agent.dataset.histogram import draw
from realqa_agent.dataset.record import Labelled
from realqa_agent.errors import UserError


def labelled(*scores: float) -> list[Labelled]:
    return [
        Labelled(name=f"{number}", path=Path(f"/{number}.jpg"), score=score, series="one", split="train")
        for number, score in enumerate(scores)
    ]


def test_figures() -> None:
    found = describe(labelled(1, 2, 3, 6), (0, 10))
    assert (found.images, found.series, found.splits, found.mean) == (4, 1, {"train": 4}, 3)
    assert found.deviation == pytest.approx(3.5**0.5)
    assert found.quartiles == (1.75, 2.5, 3.75)
    assert found.scale == (0, 10)
    assert {part: count for part, count in enumerate(found.histogram) if count} == {2: 1, 4: 1, 6: 1, 12: 1}


def test_a_single_picture_has_figures_too() -> None:
    found = describe(labelled(4), None)
    assert (found.mean, found.deviation, found.quartiles, found.scale) == (4, 0, (4, 4, 4), (4, 4))
    assert sum(found.histogram) == 1


def test_the_best_score_is_in_the_last_part() -> None:
    counts = histogram([0, 0.049, 0.05, 1], (0, 1))
    assert (len(counts), counts[0], counts[1], counts[-1]) == (BINS, 2, 1, 1)


def test_plot(tmp_path: Path) -> None:
    file = tmp_path / "scores.png"
    draw(file, [("a $set$", describe(labelled(1, 2, 3), (1, 5))), ("flat", describe(labelled(2, 2), None))])
    with Image.open(file) as drawn:
        assert drawn.size[0] > 500
    with pytest.raises(UserError, match="can't write the plot"):
        draw(tmp_path / "nowhere" / "scores.png", [("a", describe(labelled(1), None))])
