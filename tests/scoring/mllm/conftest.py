"""Tiny models, made once."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.tiny_mllm import TinyModels


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> TinyModels:
    """Folders of tiny models and adapters; tests that change one take a copy."""
    for package in ("torch", "transformers", "peft", "accelerate", "safetensors"):
        # Looked for and not tried: a package that is there and can't be imported is a failure.
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed: it comes with the extra `mllm`")
    from support.tiny_mllm import TinyModels  # noqa: PLC0415 - it imports torch

    return TinyModels(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def taught(tiny: TinyModels, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model that gives grey pictures scores; without any teaching none of them says a number."""
    del tiny  # it skips where a package is missing
    from support.taught_mllm import save_taught  # noqa: PLC0415 - it imports torch

    return save_taught(tmp_path_factory.mktemp("taught") / "model")
