"""A photo and a scorer, made once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.photo import Photo

from realqa_agent.config import Config
from realqa_agent.media.picture import Picture
from realqa_agent.scoring.firstlook.scorer import FirstLook

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt

    from realqa_agent.assessment import Assessment
    from realqa_agent.capture import CaptureFacts


@pytest.fixture(scope="session")
def photo() -> Photo:
    return Photo()


@pytest.fixture(scope="session")
def assess() -> Callable[..., Assessment]:
    """Score pixels as the worker does; facts are optional."""
    scorer = FirstLook(Config())

    def assess_pixels(pixels: npt.NDArray[np.uint8], facts: CaptureFacts | None = None) -> Assessment:
        return scorer.assess(Picture.from_array(pixels, facts))

    return assess_pixels
