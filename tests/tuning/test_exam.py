"""Dev photos are asked by the scorer's own code, and what it doesn't answer is counted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from support import course

from realqa_agent.scoring.mllm.checkpoint import read_base
from realqa_agent.scoring.mllm.frames import realqa_view, sized
from realqa_agent.scoring.mllm.questions import Scale
from realqa_agent.tuning.lessons import Labelled

if TYPE_CHECKING:
    from support.tiny_mllm import TinyModels

SCALE = Scale(low=0.0, high=9.99)
"""That of the model that was taught."""

BRIGHT, DARK = Labelled(picture=Path("200"), label="8.21"), Labelled(picture=Path("40"), label="2.34")


def examined(base: Path, *labelled: Labelled) -> Any:
    from realqa_agent.scoring.mllm import loading  # noqa: PLC0415 - it imports torch
    from realqa_agent.tuning.exam import examine  # noqa: PLC0415 - as above

    loaded = loading.load(read_base(base), {}, device="cpu")

    def pixels(path: Path) -> Any:
        return sized(np.full((300, 400, 3), int(path.name), np.uint8), realqa_view(loaded.spec.stride))

    return examine(loaded, labelled, course.question(scale=SCALE), pixels)


def test_a_model_that_knows_the_scores_has_them_all_right(taught: Path) -> None:
    marks = examined(taught, BRIGHT, DARK)
    assert (marks.pictures, marks.unanswered, marks.srcc) == (2, 0, 1.0)
    assert marks.ncm < 0.5
    # Hardly anything lies on wrong digits, so NCM* is as far from the labels as nought is.
    assert marks.ncm_star == pytest.approx((8.21**2 + 2.34**2) / 2, rel=0.2)


def test_labels_the_wrong_way_round_are_told(taught: Path) -> None:
    marks = examined(
        taught, Labelled(picture=DARK.picture, label="8.21"), Labelled(picture=BRIGHT.picture, label="2.34")
    )
    assert marks.srcc == -1.0
    assert marks.ncm > 10


def test_a_model_that_says_no_numbers_has_no_correlation(tiny: TinyModels) -> None:
    marks = examined(tiny.base("qwen2_vl"), BRIGHT, DARK)
    assert (marks.pictures, marks.unanswered, marks.srcc) == (2, 2, None)
