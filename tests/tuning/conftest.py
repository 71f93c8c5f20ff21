"""A small dataset folder, and what is needed to show its lessons to a tiny model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support import course

from realqa_agent.tuning import lessons
from realqa_agent.tuning.lessons import Course

if TYPE_CHECKING:
    from support.lecture import Lecture
    from support.tiny_mllm import TinyModels


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset folder; tests that change it take a copy."""
    return course.write_dataset(tmp_path_factory.mktemp("dataset") / "greys")


@pytest.fixture(scope="session")
def greys(dataset: Path) -> Course:
    return lessons.read(dataset)


@pytest.fixture(scope="session", params=["qwen2_vl", "qwen2_5_vl", "qwen3_vl"])
def lecture(request: pytest.FixtureRequest, tiny: TinyModels, greys: Course) -> Lecture:
    """The lessons as a tiny model of each family takes them."""
    from support.lecture import hold  # noqa: PLC0415 - it imports torch

    return hold(tiny.base(request.param), greys)


@pytest.fixture(scope="session")
def taught(tiny: TinyModels, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model that gives grey pictures scores."""
    del tiny  # it skips where a package is missing
    from support.taught_mllm import save_taught  # noqa: PLC0415 - it imports torch

    return save_taught(tmp_path_factory.mktemp("taught") / "model")
