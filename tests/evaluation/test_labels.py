"""The labels file: what is read, and that each mistake is named with its line."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from realqa_agent.errors import UserError
from realqa_agent.evaluation.labels import MOST_MISTAKES, read_labels


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.jpg", "b.jpg", "sub/c.jpg", "comma, space.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def written(folder: Path, text: str | bytes) -> Path:
    file = folder / "labels.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def test_names_are_relative_to_the_file_or_absolute(folder: Path) -> None:
    file = written(folder, f"filename,score\nsub/c.jpg,0.5\n{folder / 'a.jpg'},-1e-2\n")
    labels = read_labels(file)
    assert [(one.path, one.score, one.series) for one in labels.rated] == [
        (folder / "sub/c.jpg", 0.5, None),
        (folder / "a.jpg", -0.01, None),
    ]
    assert labels.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()


def test_relative_path_of_the_file_itself(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(folder, "filename,score\na.jpg,1\n")
    monkeypatch.chdir(folder / "sub")
    assert read_labels(Path("../labels.csv")).rated[0].path == folder / "a.jpg"


def test_columns_in_any_order_with_others_between(folder: Path) -> None:
    file = written(folder, '\ufeffraters,series,score,filename\r\n30, one ,4,a.jpg\r\n\r\nx,,5,"comma, space.jpg"\r\n')
    assert [(one.path.name, one.score, one.series) for one in read_labels(file).rated] == [
        ("a.jpg", 4, "one"),
        ("comma, space.jpg", 5, None),
    ]


def test_name_of_any_bytes(folder: Path) -> None:
    name = os.fsdecode(b"caf\xe9.jpg")
    (folder / name).touch()
    assert read_labels(written(folder, b"filename,score\ncaf\xe9.jpg,1\n")).rated[0].path == folder / name


@pytest.mark.parametrize("score", ["", "good", "nan", "NaN", "inf", "-inf", "1e999", "1_0", "0,5", "0x1"])
def test_score_that_is_no_finite_number(folder: Path, score: str) -> None:
    file = written(folder, f'filename,score\na.jpg,1\nb.jpg,"{score}"\n')
    with pytest.raises(UserError, match=r"line 3: the score .* is not a finite number"):
        read_labels(file)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "line 1: the header has no 'filename' columns"),
        ("filename,mos\na.jpg,1\n", "line 1: the header has no 'score' columns"),
        ("filename,score,score\na.jpg,1,1\n", "line 1: the header has 2 'score' columns"),
        ("filename,score\n", "there is no row"),
        ("filename,score\na.jpg,1\nlost.jpg,1\n", "line 3: there is no image 'lost.jpg'"),
        ("filename,score\nsub,1\n", "line 2: there is no image 'sub'"),
        ("filename,score\n,1\n", "line 2: the filename is empty"),
        ("filename,score\na.jpg,1\n\nsub/../a.jpg,2\n", "line 4: 'sub/../a.jpg' is already in line 2"),
        ("filename,score\na.jpg,1\nb.jpg\n", "line 3: it has 1 cells, the header has 2"),
        ("filename,score\na.jpg,1,2\n", "line 2: it has 3 cells, the header has 2"),
        ('filename,score\na.jpg,1\n"b.jpg,2\n', "line 3: this is not CSV"),
        ("filename,score\na\0.jpg,1\n", "line 2: there is no image"),
        (f"filename,score\n{'a' * 5000}.jpg,1\n", "line 2: there is no image"),
    ],
)
def test_mistake_is_named_with_its_line(folder: Path, text: str, complaint: str) -> None:
    with pytest.raises(UserError) as error:
        read_labels(written(folder, text))
    assert complaint in str(error.value)
    assert str(folder / "labels.csv") in str(error.value)


def test_all_mistakes_at_once_but_not_without_end(folder: Path) -> None:
    rows = "".join(f"lost{number}.jpg,nan\n" for number in range(100))
    with pytest.raises(UserError) as error:
        read_labels(written(folder, f"filename,score\n{rows}"))
    assert str(error.value).count("\n") == MOST_MISTAKES + 1
    assert f"and {200 - MOST_MISTAKES} more" in str(error.value)


def test_missing_file(folder: Path) -> None:
    with pytest.raises(UserError, match="No such file"):
        read_labels(folder / "none.csv")
    with pytest.raises(UserError, match="directory"):
        read_labels(folder)
