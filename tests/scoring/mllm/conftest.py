"""Tiny models, made once."""

from __future__ import annotations

import importlib.util
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
