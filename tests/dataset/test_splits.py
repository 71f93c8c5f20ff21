"""Splits cut no group, stay as they are when pictures come, and follow what was published."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from realqa_agent.dataset.record import Labelled, Split
from realqa_agent.dataset.splits import Group, Shares, assign

FOLDER = Path("/sets/mine")


ENDS = (".jpg", ".CR2", " (2).jpg", "-edit.tif")
ODD_ENDS = (".JPG", "_01.jpg", "-crop (2).jpg", " copy.jpg")


def labelled(name: str, folder: Path = FOLDER, **more: Any) -> Labelled:
    return Labelled(name=name, path=folder / name, score=1, **more)


def split(
    images: list[Labelled], *, seed: int = 0, group: Group = "series", shares: Shares | None = None
) -> list[Split]:
    return assign(images, FOLDER, seed=seed, group=group, shares=shares)


def test_shares_are_about_what_was_asked_for() -> None:
    images = [labelled(f"{number}.jpg") for number in range(5000)]
    assert Counter(split(images)) == pytest.approx({"train": 4000, "dev": 500, "test": 500}, rel=0.15)
    half = Counter(split(images, shares=(0.5, 0, 0.5)))
    assert half == pytest.approx({"train": 2500, "test": 2500}, rel=0.1)
    assert set(split(images, shares=(0, 0, 1))) == {"test"}
    assert set(split(images, shares=(1, 0, 0))) == {"train"}


def test_another_seed_makes_another_split_and_the_same_one_the_same() -> None:
    images = [labelled(f"{number}.jpg") for number in range(100)]
    assert split(images, seed=1) == split(images, seed=1) != split(images, seed=2)


def test_no_seed_and_no_python_changes_what_was_split_once() -> None:
    images = [labelled(f"{number}.jpg") for number in range(20)]
    letters = "".join(
        {"train": "a", "dev": "d", "test": "t"}[where] for where in split(images, shares=(0.5, 0.25, 0.25))
    )
    assert letters == "adaaddaadtadddaaaaaa"


def test_pictures_that_come_move_no_other() -> None:
    names = [f"{number}.jpg" for number in range(300)]
    before = dict(zip(names[::3], split([labelled(name) for name in names[::3]]), strict=True))
    after = dict(zip(names, split([labelled(name) for name in names]), strict=True))
    assert before == {name: after[name] for name in names[::3]}


def test_a_set_that_moved_is_split_as_before() -> None:
    moved = Path("/elsewhere")
    before = split([labelled(f"{number}.jpg") for number in range(50)])
    images = [labelled(f"{number}.jpg", moved) for number in range(50)]
    assert assign(images, moved, seed=0, group="series", shares=None) == before


@pytest.mark.parametrize(
    ("group", "together"),
    [
        ("series", lambda number: {"name": f"{number}.jpg", "series": f"s{number // 4}"}),
        ("folder", lambda number: {"name": f"{number // 4}/{number}.jpg"}),
        ("name", lambda number: {"name": f"IMG_{number // 4}{ENDS[number % 4]}"}),
        ("name", lambda number: {"name": f"P10{number // 4}{ODD_ENDS[number % 4]}"}),
    ],
)
def test_what_belongs_together_is_never_cut(group: Group, together: Any) -> None:
    found = split([labelled(**together(number)) for number in range(400)], group=group)
    assert all(len(set(found[start : start + 4])) == 1 for start in range(0, 400, 4))
    assert len(set(found)) == 3


def test_different_photos_are_not_taken_for_versions() -> None:
    for near in (["DSC_0001.jpg", "DSC_0002.jpg"], ["a/1.jpg", "b/1.jpg"], ["_01.jpg", "_02.jpg"]):
        cut = [len(set(split([labelled(name) for name in near], seed=seed))) == 2 for seed in range(60)]
        assert any(cut), near


def test_what_was_published_is_kept_with_a_dev_out_of_train() -> None:
    images = [labelled(f"{number}.jpg", split="train" if number < 1000 else "test") for number in range(1100)]
    found = split(images)
    assert found[1000:] == ["test"] * 100
    assert Counter(found[:1000]) == pytest.approx({"train": 889, "dev": 111}, rel=0.25)
    with_dev = [*images[:-1], labelled("1099.jpg", split="dev")]
    assert split(with_dev) == [image.split for image in with_dev]
    assert set(split(images, shares=(0.5, 0.5, 0))) == {"train", "dev"}
