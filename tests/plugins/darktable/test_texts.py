"""The template for translators holds all texts of the plugin."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
TEMPLATE = ROOT / "plugins/darktable/locale/realqa.pot"


@pytest.mark.skipif(shutil.which("xgettext") is None, reason="xgettext is not installed")
def test_the_template_is_up_to_date(tmp_path: Path) -> None:
    fresh = tmp_path / "fresh.pot"
    subprocess.run(["make", "texts", f"POT={fresh}"], cwd=ROOT, check=True, capture_output=True, timeout=30)
    assert fresh.read_text() == TEMPLATE.read_text(), "`make texts` brings it up to date"
