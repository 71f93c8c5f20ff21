"""The training needs packages that users don't have: without them its tests are skipped, each module in a line."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

import pytest

NEEDED = {"torch": "torch", "sklearn": "scikit-learn", "scipy": "scipy", "onnx": "onnx"}
MISSING = [package for module, package in NEEDED.items() if find_spec(module) is None]


class Skipped(pytest.Module):
    """A module that can't even be imported."""

    def collect(self) -> NoReturn:
        pytest.skip(f"the training needs {', '.join(MISSING)}")


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    return Skipped.from_parent(parent, path=module_path) if MISSING else None
