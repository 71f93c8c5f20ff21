"""Models that were taught something, made once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.tiny_mllm import TinyModels


@pytest.fixture(scope="session")
def taught(tiny: TinyModels, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model that gives grey pictures scores; without any teaching none of them says a number."""
    del tiny  # it skips where a package is missing
    from support.taught_mllm import save_taught  # noqa: PLC0415 - it imports torch

    return save_taught(tmp_path_factory.mktemp("taught") / "model")
