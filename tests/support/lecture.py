"""Lessons beside the model that is to take them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from realqa_agent.config import Media
from realqa_agent.scoring.mllm import loading
from realqa_agent.scoring.mllm.checkpoint import read_base
from realqa_agent.scoring.mllm.frames import realqa_view
from realqa_agent.scoring.mllm.loading import Loaded
from realqa_agent.scoring.view import View
from realqa_agent.tuning.lessons import Course
from realqa_agent.tuning.rows import Optics, Rows


@dataclass(frozen=True, kw_only=True)
class Lecture:
    course: Course
    loaded: Loaded
    view: View
    optics: Optics
    rows: Rows


def hold(base: Path, course: Course) -> Lecture:
    loaded = loading.load(read_base(base), {}, device="cpu")
    view = realqa_view(loaded.spec.stride)
    optics = Optics(loaded.chat, loaded.spec, view, Media())
    return Lecture(course=course, loaded=loaded, view=view, optics=optics, rows=Rows(course.train, loaded.chat, optics))
