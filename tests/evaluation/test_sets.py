"""Labels files and dataset folders: what they are called, and what is known of their scores."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from realqa_agent.errors import UserError
from realqa_agent.evaluation.sets import facts_in, read_set

ROWS = "filename,score\na.jpg,1.5\nb.jpg,4\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A dataset folder, as `realqa dataset build` leaves it."""
    folder = tmp_path / "built"
    folder.mkdir()
    for name in ("a.jpg", "b.jpg"):
        (folder / name).touch()
    tell(folder)
    for part in ("test", "dev"):
        (folder / f"labels.{part}.csv").write_text(ROWS)
    return folder


def tell(folder: Path, **more: Any) -> None:
    facts = {"version": 1, "name": "koniq", "role": "quality", "scale": [1, 5], "forms": ["score"], **more}
    (folder / "dataset.json").write_text(json.dumps(facts))


def test_a_dataset_folder_is_its_test_part_on_its_own_scale(folder: Path) -> None:
    found = read_set(folder, None, needed=True)
    assert (found.name, found.score, found.scale) == ("koniq", "quality", (1, 5))
    assert [(one.path, one.score) for one in found.rated] == [(folder / "a.jpg", 1.5), (folder / "b.jpg", 4)]
    assert found.source["labels"] == str(folder / "labels.test.csv")


def test_another_part_is_known_by_the_folder_too_but_is_not_the_set(folder: Path) -> None:
    found = read_set(folder / "labels.dev.csv", (0, 10), needed=True)
    assert (found.name, found.score, found.scale) == ("koniq dev", "quality", (1, 5))


def test_any_other_file_beside_it_is_not(folder: Path) -> None:
    (folder / "mine.csv").write_text(ROWS)
    found = read_set(folder / "mine.csv", None, needed=False)
    assert (found.name, found.score, found.scale) == ("mine", None, (1.5, 4))


def test_labels_of_no_name_of_their_own_are_called_by_their_folder(folder: Path) -> None:
    (folder / "dataset.json").unlink()
    (folder / "labels.csv").write_text(ROWS)
    found = read_set(folder / "labels.csv", (0, 10), needed=True)
    assert (found.name, found.scale) == ("built", (0, 10))


def test_a_folder_that_is_none_is_refused(folder: Path) -> None:
    (folder / "dataset.json").unlink()
    assert facts_in(folder) is None
    with pytest.raises(UserError, match=r"is no dataset folder: it has no dataset\.json"):
        read_set(folder, None, needed=False)


@pytest.mark.parametrize(
    ("more", "words"), [({"role": "beauty"}, "role: "), ({"scale": [5, 1]}, "scale: "), ({"name": None}, "name: ")]
)
def test_facts_that_can_not_be_are_named(folder: Path, more: dict[str, Any], words: str) -> None:
    tell(folder, **more)
    with pytest.raises(UserError, match=words):
        read_set(folder, None, needed=False)


def test_scores_off_the_scale_are_refused_with_who_said_it(folder: Path) -> None:
    tell(folder, scale=[0, 3])
    with pytest.raises(UserError, match=r"go from 1\.5 to 4, which is not within the scale in dataset\.json"):
        read_set(folder, None, needed=False)
    (folder / "mine.csv").write_text(ROWS)
    with pytest.raises(UserError, match="which is not within --scale"):
        read_set(folder / "mine.csv", (0, 3), needed=False)
    with pytest.raises(UserError, match="give --scale LOW HIGH"):
        read_set(folder / "mine.csv", None, needed=True)
