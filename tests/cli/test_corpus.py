"""Real camera files through the command line: each ends as the manifest beside them says."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from support.command import objects, run_realqa

pytestmark = pytest.mark.corpus


@pytest.fixture(scope="module")
def scored(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    folder = shared_data / "formats"
    done = run_realqa("score", folder, "--json", home=tmp_path_factory.mktemp("home"), status=1)
    return {str(Path(line["path"]).relative_to(folder)): line for line in objects(done)}


@pytest.fixture(scope="module")
def manifest(shared_data: Path) -> list[dict[str, str]]:
    with (shared_data / "formats" / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["kind"] != "sidecar"]


def test_every_file_is_there_once_and_nothing_else(
    scored: dict[str, dict[str, Any]], manifest: list[dict[str, str]]
) -> None:
    assert set(scored) == {row["path"] for row in manifest}


def test_each_file_ends_as_its_manifest_says(scored: dict[str, dict[str, Any]], manifest: list[dict[str, str]]) -> None:
    wrong = []
    for row in manifest:
        line = scored[row["path"]]
        if line["ok"]:
            fits = row["outcome"] != "refuse"
        elif "too small to score" in line["error"]["message"]:
            fits = int(row["width"]) * int(row["height"]) < 256
        else:
            fits = row["outcome"] in {"refuse", "either"}
        if not fits:
            wrong.append((row["path"], row["outcome"], line))
    assert wrong == []


def test_kind_is_photo_or_clip(scored: dict[str, dict[str, Any]], manifest: list[dict[str, str]]) -> None:
    for row in manifest:
        if scored[row["path"]]["ok"]:
            assert scored[row["path"]]["kind"] == ("clip" if row["kind"] == "video" else "photo")
