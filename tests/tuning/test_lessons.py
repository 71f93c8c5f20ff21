"""A dataset folder is read whole or refused, with what is wrong and where."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import course

from realqa_agent.errors import UserError
from realqa_agent.scoring.mllm import prompts
from realqa_agent.scoring.mllm.questions import Scale
from realqa_agent.tuning import lessons
from realqa_agent.tuning.lessons import Course


@pytest.fixture
def folder(dataset: Path, tmp_path: Path) -> Path:
    """A dataset folder to be changed."""
    return Path(shutil.copytree(dataset, tmp_path / "greys"))


def change(file: Path, how: Callable[[Any], Any]) -> None:
    file.write_text(json.dumps(how(json.loads(file.read_text()))))


def test_lessons_are_read_to_the_letter(greys: Course, dataset: Path) -> None:
    assert (greys.name, greys.role, greys.scale) == ("greys", "overall", Scale(low=1.0, high=9.99))
    first, second, *_ = greys.train
    assert first.picture == dataset / "photos/40.png"
    assert first.answer == "The score of this image is 2.34."
    assert second.asked == "Rate the aesthetics and quality of this image step by step."
    assert len(greys.train) == len(greys.dev) == 8


def test_the_space_that_begins_a_published_question_stays(folder: Path) -> None:
    change(folder / "train.json", lambda _: [course.conversation(40, " Rate it with the regular form.", "1.1 Good.")])
    assert lessons.read(folder).train[0].asked == " Rate it with the regular form."


def test_pictures_may_lie_elsewhere(folder: Path, dataset: Path) -> None:
    elsewhere = str(dataset / "photos/90.png")
    change(folder / "train.json", lambda rows: [{**rows[0], "images": [elsewhere]}])
    assert lessons.read(folder).train[0].picture == Path(elsewhere)


def test_dev_photos_come_once_with_the_score_of_any_form_evenly_spread(greys: Course) -> None:
    assert [(one.picture.name, one.label) for one in greys.labelled(200)] == [
        ("40.png", "2.34"),
        ("90.png", "4.07"),
        ("150.png", "6.58"),
        ("210.png", "8.21"),
    ]
    assert [one.label for one in greys.labelled(2)] == ["2.34", "6.58"]
    assert greys.labelled(0) == []


def test_the_score_question_is_known_by_its_words(greys: Course, folder: Path) -> None:
    asked = greys.direct(prompts.load())
    assert asked == course.question()
    change(folder / "train.json", lambda rows: rows[1::2])
    assert lessons.read(folder).direct(prompts.load()) is None


def test_the_mark_changes_with_the_lessons_alone(greys: Course, folder: Path) -> None:
    change(folder / "dataset.json", lambda about: {**about, "seed": 5})
    assert lessons.read(folder).sha256 == greys.sha256
    change(folder / "train.json", lambda rows: rows[1:])
    assert lessons.read(folder).sha256 != greys.sha256


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder: (folder / "dataset.json").unlink(), "`realqa dataset build` makes one"),
        (lambda folder: (folder / "train.json").write_text("[{"), "train.json is damaged"),
        (lambda folder: (folder / "train.json").write_text("[]"), "holds no lessons"),
        (lambda folder: (folder / "dev.json").unlink(), "dev.json can't be read: No such file"),
        (lambda folder: (folder / "photos/90.png").unlink(), "1 of 4 photos are not there"),
        (
            lambda folder: change(folder / "dev.json", lambda rows: [rows[0], {**rows[1], "images": []}]),
            "dev.json: conversation 2 is not one photo",
        ),
        (
            lambda folder: change(folder / "train.json", lambda rows: [{**rows[0], "messages": []}]),
            "train.json: conversation 1",
        ),
    ],
)
def test_what_is_wrong_is_named(folder: Path, spoil: Callable[[Path], object], said: str) -> None:
    spoil(folder)
    with pytest.raises(UserError, match=said):
        lessons.read(folder)
