"""Pictures as a model is shown them: opened, looked at first, and sized."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from realqa_agent.assessment import Assessment
from realqa_agent.config import Config
from realqa_agent.media.picture import Picture
from realqa_agent.scoring.firstlook.scorer import FirstLook
from realqa_agent.scoring.mllm import frames
from realqa_agent.scoring.view import Frame, Shown, Silence

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from realqa_agent.scoring.second import SecondLook
    from realqa_agent.scoring.view import View

    Pixels = npt.NDArray[np.uint8]


@cache
def first_look() -> FirstLook:
    """Return the first look, built once."""
    return FirstLook(Config())


def grey(level: int, *, width: int = 400, height: int = 300) -> Pixels:
    """Return a picture of one grey."""
    return np.full((height, width, 3), level, np.uint8)


def shown(picture: Pixels | Picture, *, view: View, label: float | None = None) -> Shown:
    """Return a photo as a model is shown it."""
    return Shown(frames=(_frame(picture, view, None),), label=label)


def clip(pictures: Mapping[float, Pixels], *, view: View, label: float | None = None) -> Shown:
    """Return a clip, given its frames by their seconds."""
    return Shown(frames=tuple(_frame(picture, view, at_s) for at_s, picture in pictures.items()), label=label)


def _frame(picture: Pixels | Picture, view: View, at_s: float | None) -> Frame:
    whole = picture if isinstance(picture, Picture) else Picture.from_array(picture)
    width, height, rgb = frames.shown(whole, view)
    return Frame(at_s=at_s, width=width, height=height, rgb=rgb, first=first_look().assess(whole))


def assessed(model: SecondLook, picture: Pixels | Picture, *, label: float | None = None) -> Assessment:
    """Return what a model makes of one photo, which has to be a number."""
    (found,) = model.assess_many([shown(picture, view=model.view, label=label)])
    assert isinstance(found, Assessment), found
    return found


def silence(model: SecondLook, picture: Pixels) -> str:
    """Return why a model gives one photo no number."""
    (found,) = model.assess_many([shown(picture, view=model.view)])
    assert isinstance(found, Silence), found
    return found.reason
