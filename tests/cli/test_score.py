"""`realqa score`: the contract of its JSON, its table, its exit status; and that it writes nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image, ImageFilter
from support.command import Run, objects
from support.pictures import BAD, GOOD, fill, scene

from realqa_agent.assessment import ATTRIBUTES

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("score") / "photos"
    fill(folder)
    return folder


def test_json_holds_the_whole_contract(realqa: Run, folder: Path) -> None:
    done = realqa("score", folder / "good.jpg", "--json")
    (line,) = objects(done)
    assert line["path"] == str(folder / "good.jpg")
    assert (line["ok"], line["kind"], line["scorer"]) == (True, "photo", "firstlook")
    for name in ("quality", "aesthetic", "overall"):
        assert 1 <= line[name] <= 10
        assert line[name] == round(line[name], 2)
    assert set(line["uncertainty"]) == {"quality", "aesthetic"}
    assert all(0 < points < 3 for points in line["uncertainty"].values())
    assert list(line["attributes"]) == list(ATTRIBUTES)
    for attribute in line["attributes"].values():
        assert set(attribute) == {"value", "score", "reason"}
        assert (attribute["score"] is None) == (attribute["value"] == "unknown")
        assert attribute["reason"]
    assert line["verdict"]["decision"] in {"keep", "review", "reject"}
    assert isinstance(line["verdict"]["reasons"], list)
    assert line["elapsed_ms"] > 0


def test_folder_is_walked_and_each_bad_file_is_a_refusal(realqa: Run, folder: Path) -> None:
    lines = objects(realqa("score", folder, "--json", "--jobs", "2", status=1))
    found = {os.path.relpath(line["path"], folder): line for line in lines}
    assert set(found) == {*GOOD, *BAD, "blurred.jpg"}
    assert {name: found[name]["error"]["kind"] for name in BAD} == BAD
    assert all(set(found[name]) == {"path", "ok", "error"} for name in BAD)
    assert all(found[name]["ok"] for name in GOOD)


def test_order_does_not_depend_on_the_number_of_jobs(realqa: Run, folder: Path) -> None:
    def paths(jobs: int) -> list[str]:
        return [line["path"] for line in objects(realqa("score", folder, "--json", "--jobs", jobs, status=1))]

    assert paths(1) == paths(2)


def test_nothing_is_written(realqa: Run, folder: Path, tmp_path: Path) -> None:
    before = sorted(folder.rglob("*"))
    realqa("score", folder, "--json", status=1)
    assert sorted(folder.rglob("*")) == before
    assert list((tmp_path / "home").iterdir()) == []


def test_table_gives_the_reason_for_each_low_attribute(realqa: Run, folder: Path) -> None:
    done = realqa("score", folder / "blurred.jpg", folder / "text.png", status=1)
    assert "image clarity" in done.stdout
    assert "unsupported" in done.stdout
    assert "nothing was written" in done.stderr


def test_blurred_picture_scores_below_the_same_sharp_one(realqa: Run, tmp_path: Path) -> None:
    with Image.open(SAMPLES / "mountains.jpg") as photo:
        photo.save(tmp_path / "a.png")
        photo.filter(ImageFilter.GaussianBlur(6)).save(tmp_path / "b.png")
    sharp, blurred = objects(realqa("score", tmp_path / "a.png", tmp_path / "b.png", "--json"))
    assert blurred["quality"] < sharp["quality"]
    assert blurred["attributes"]["image_clarity"]["score"] < sharp["attributes"]["image_clarity"]["score"]


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda path: path.unlink(missing_ok=True), "unreadable"),
        (os.mkfifo, "unsupported"),
        (lambda path: path.symlink_to("nowhere.jpg"), "unreadable"),
    ],
    ids=["vanished", "pipe", "dangling link"],
)
def test_file_that_is_none_is_refused(realqa: Run, tmp_path: Path, make: object, kind: str) -> None:
    path = tmp_path / "file.jpg"
    make(path)  # type: ignore[operator]  # one of the lambdas above
    (line,) = objects(realqa("score", path, "--json", status=1))
    assert line["error"]["kind"] == kind


def test_name_of_any_bytes_comes_back_as_it_is(realqa: Run, tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9\n.png"
    scene(3).save(tmp_path / "plain.png")
    (tmp_path / "plain.png").rename(os.fsdecode(path))
    (line,) = objects(realqa("score", tmp_path, "--json"))
    assert os.fsencode(line["path"]) == path
    assert "caf" in realqa("score", tmp_path).stdout


def test_wrong_usage_is_status_2(realqa: Run, tmp_path: Path) -> None:
    realqa("score", status=2)
    done = realqa("score", tmp_path, "--scorer", "nobody", status=None)
    assert done.returncode in {0, 2}
    scene(3).save(tmp_path / "plain.png")
    done = realqa("score", tmp_path, "--scorer", "nobody", status=2)
    assert "there is no scorer 'nobody'" in done.stderr
    assert "Traceback" not in done.stderr


def test_empty_folder_is_no_error(realqa: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = realqa("score", tmp_path / "empty", "--json")
    assert done.stdout == ""
    assert "nothing to score" in done.stderr
