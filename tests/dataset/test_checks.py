"""What is wrong with a picture is found, and counted once."""

from __future__ import annotations

import math
import shutil
from pathlib import Path
from typing import Any

import pytest
from support.rated_sets import picture

from realqa_agent.dataset.checks import Checked, check
from realqa_agent.dataset.record import Labelled


def labelled(path: Path, score: float = 5, **more: Any) -> Labelled:
    return Labelled(name=path.name, path=path, score=score, **more)


def found(checked: Checked) -> list[tuple[str, str, str]]:
    return [(finding.fault, finding.name, finding.what) for finding in checked.findings]


def names(checked: Checked) -> list[str]:
    return [image.name for image in checked.sound]


def test_each_fault_is_told(tmp_path: Path) -> None:
    good, high, none = (picture(tmp_path / name) for name in ("good.jpg", "high.jpg", "none.jpg"))
    empty, lost, folder = tmp_path / "empty.jpg", tmp_path / "lost.jpg", tmp_path / "folder.jpg"
    empty.touch()
    folder.mkdir()
    images = [
        *(labelled(good, 1), labelled(empty), labelled(lost), labelled(folder), labelled(none, math.nan)),
        *(labelled(high, 10.5), labelled(good, 1), labelled(good, 2)),
    ]
    checked = check(images, (1, 10))
    assert names(checked) == ["good.jpg"]
    assert found(checked) == [
        ("empty", "empty.jpg", f"{empty} has no content"),
        ("missing", "lost.jpg", f"there is no {lost}"),
        ("missing", "folder.jpg", f"there is no {folder}"),
        ("no number", "none.jpg", "it has no score that is a number"),
        ("out of range", "high.jpg", "10.5 is not within 1 to 10"),
        ("duplicate", "good.jpg", "it is in the labels before"),
        ("duplicate", "good.jpg", "it is in the labels before, with another score"),
    ]
    assert checked.counts == {"missing": 2, "duplicate": 2, "empty": 1, "no number": 1, "out of range": 1}


def test_without_a_scale_no_number_is_out_of_range(tmp_path: Path) -> None:
    assert check([labelled(picture(tmp_path / "a.jpg"), -1e6)], None).findings == ()


def test_the_ends_of_the_scale_belong_to_it(tmp_path: Path) -> None:
    images = [labelled(picture(tmp_path / f"{score}.jpg"), score) for score in (1, 5)]
    assert check(images, (1, 5)).findings == ()


def test_a_name_that_no_system_allows_is_missing(tmp_path: Path) -> None:
    checked = check([labelled(tmp_path / "a\0b.jpg"), labelled(tmp_path / ("x" * 300))], None)
    assert checked.counts == {"missing": 2}


@pytest.mark.parametrize(
    ("first", "second", "stays"),
    [(None, None, "a.jpg"), ("train", "test", "b.jpg"), ("test", "train", "a.jpg"), ("train", "dev", "b.jpg")],
)
def test_of_the_same_picture_twice_the_one_in_the_test_stays(
    tmp_path: Path, first: Any, second: Any, stays: str
) -> None:
    a, other = picture(tmp_path / "a.jpg"), picture(tmp_path / "other.jpg")
    b = tmp_path / "b.jpg"
    shutil.copy(a, b)
    checked = check([labelled(a, split=first), labelled(other), labelled(b, split=second)], None)
    assert set(names(checked)) == {stays, "other.jpg"}
    (left,) = found(checked)
    goes = {"a.jpg", "b.jpg"} - {stays}
    assert left == ("duplicate", *goes, f"the same picture as {stays}")
