"""The built wheel works outside the checkout: it carries the migrations, the units, the plugins and the weights."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


def test_wheel_holds_what_runs_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "realqa_agent/migrations/env.py" in names
    assert "realqa_agent/systemd/realqa.service" in names
    lua = {path.relative_to(ROOT).as_posix() for path in (ROOT / "plugins" / "darktable").rglob("*.lua")}
    assert lua
    assert {f"realqa_agent/{name}" for name in lua} <= set(names)
    assert "realqa_agent/py.typed" in names
    for name in ("quality.onnx", "soundness.onnx", "beauty.onnx", "firstlook.json", "NOTICE", "LICENSE-Apache-2.0"):
        assert f"realqa_agent/scoring/firstlook/weights/{name}" in names
    for name in ("prompts.toml", "vocabulary.toml"):
        assert f"realqa_agent/scoring/mllm/data/{name}" in names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"realqa_agent"}
    assert not [name for name in names if "tests" in name or "samples" in name]


def test_unpacked_wheel_scores_and_records(wheel: Path, tmp_path: Path) -> None:
    site, photos = tmp_path / "site", tmp_path / "photos"
    zipfile.ZipFile(wheel).extractall(site)
    photos.mkdir()
    (photos / "notes.txt").touch()
    program = "import realqa_agent, sys; print(realqa_agent.__file__); from realqa_agent.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-P", "-c", program, "run", "--once", photos],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(site))
    assert (Path(os.environ["HOME"]) / ".local/share/realqa/index.sqlite").exists()
