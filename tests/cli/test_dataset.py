"""`realqa dataset`: from each layout to a data set that training and evaluation read, and what is refused."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from support import rated_sets
from support.command import Run, objects
from support.hub import COMMIT, hub_on_this_machine
from support.pictures import scene
from support.rated_sets import picture, table
from support.sidecars import packet

from realqa_agent.scoring.mllm import answers
from realqa_agent.scoring.mllm.questions import Answer, Scale

Make = Callable[[Path], Path]

SPLITS = ("train", "dev", "test")


def manifest(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "dataset.json").read_text())
    return found


def conversations(folder: Path, *splits: str) -> list[dict[str, Any]]:
    return [row for split in splits or SPLITS for row in json.loads((folder / f"{split}.json").read_text())]


def labels(folder: Path, *splits: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for split in splits or SPLITS:
        with (folder / f"labels.{split}.csv").open(newline="") as stream:
            found |= {row["filename"]: float(row["score"]) for row in csv.DictReader(stream)}
    return found


@pytest.mark.parametrize(
    ("make", "role", "scale", "mapping", "expected"),
    [
        (rated_sets.koniq, "quality", [1, 5], [[1, 100], [1, 5]], {"1000.jpg": 1, "1009.jpg": 5}),
        (rated_sets.spaq, "quality", [1, 5], [[0, 100], [1, 5]], {"00000.jpg": 1, "00001.jpg": 2.33}),
        (rated_sets.livec, "quality", [1, 5], [[0, 100], [1, 5]], {"4.bmp": 1, "800.jpg": 4.69}),
        (rated_sets.ava, "aesthetic", [1, 9.99], [[1, 10], [1, 9.99]], {"95000.jpg": 1, "95002.jpg": 9.99}),
        (rated_sets.tad66k, "aesthetic", [1, 9.99], [[0, 10], [1, 9.99]], {"train0theme.jpg": 3.2475}),
    ],
)
def test_a_published_set_becomes_conversations(
    realqa: Run, tmp_path: Path, make: Make, role: str, scale: list[float], mapping: list[list[float]], expected: Any
) -> None:
    source, out = make(tmp_path / "source"), tmp_path / "set"
    done = realqa("dataset", "build", source, "--out", out, "--json")
    made = manifest(out)
    assert objects(done) == [made]
    assert (made["version"], made["role"], made["scale"], made["decimals"]) == (1, role, scale, 2)
    (origin,) = made["sources"]
    assert (origin["mapping"], origin["folder"], origin["left_out"]) == (mapping, str(source), {})
    found = labels(out)
    assert all(Path(name).is_file() for name in found)
    assert {name: found[str(next(source.rglob(name)))] for name in expected} == pytest.approx(expected)
    assert {split: len(labels(out, split)) for split in SPLITS} == made["splits"]
    for split in SPLITS:
        rows = conversations(out, split)
        assert {row["images"][0] for row in rows} == set(labels(out, split))
        for row in rows:
            user, assistant = row["messages"]
            assert user["content"].count("<image>") == len(row["images"]) == 1
            said = answers.number(Answer(text=assistant["content"], finished=True), Scale(low=scale[0], high=scale[1]))
            assert said == pytest.approx(found[row["images"][0]], abs=0.00501)


def test_the_official_split_is_kept(realqa: Run, tmp_path: Path) -> None:
    realqa("dataset", "build", rated_sets.koniq(tmp_path / "koniq"), "--out", tmp_path / "set")
    assert manifest(tmp_path / "set")["splits"] == {"train": 6, "dev": 2, "test": 2}
    names = {Path(name).name for name in labels(tmp_path / "set", "test")}
    assert names == {"1008.jpg", "1009.jpg"}
    (origin,) = manifest(tmp_path / "set")["sources"]
    content = (tmp_path / "koniq" / "koniq10k_distributions_sets.csv").read_bytes()
    assert origin["sha256"] == hashlib.sha256(content).hexdigest()


def test_shares_make_another_split(realqa: Run, tmp_path: Path) -> None:
    source = rated_sets.koniq(tmp_path / "koniq")
    realqa("dataset", "build", source, "--shares", 0, 0, 3, "--out", tmp_path / "set")
    assert manifest(tmp_path / "set")["splits"] == {"train": 0, "dev": 0, "test": 10}


def test_all_forms_of_one_picture_are_in_one_split(realqa: Run, tmp_path: Path) -> None:
    source, out = rated_sets.koniq(tmp_path / "koniq"), tmp_path / "set"
    known = [source / "1024x768" / f"{number}.jpg" for number in (1000, 1007, 1009)]
    for seed, path in enumerate(known):
        scene(seed, 96, 64).save(path)
    told = tmp_path / "told.jsonl"
    told.write_text(realqa("score", "--json", *known).stdout)
    done = realqa(
        *("dataset", "build", source, "--attributes", told, "--out", out),
        *("--form", "score", "--form", "regular", "--form", "natural"),
    )
    assert manifest(out)["conversations"] == {"score": 10, "regular": 3, "natural": 3}
    assert "conversations, natural" in done.stdout
    for path, split in zip(known, SPLITS, strict=True):
        rows = [row for row in conversations(out, split) if row["images"] == [str(path)]]
        texts = [row["messages"][1]["content"] for row in rows]
        assert len(texts) == 3
        scale = Scale(low=1, high=5)
        (score,) = {answers.number(Answer(text=text, finished=True), scale) for text in texts}
        assert score == pytest.approx(labels(out, split)[str(path)], abs=0.00501)


@pytest.mark.parametrize("form", ["natural", "regular", "published"])
def test_a_form_that_nothing_is_known_for_is_refused(realqa: Run, tmp_path: Path, form: str) -> None:
    source = rated_sets.koniq(tmp_path / "koniq")
    done = realqa("dataset", "build", source, "--form", form, "--out", tmp_path / "set", status=2)
    hint = "these sources have none" if form == "published" else "realqa score --json FOLDER > told.jsonl"
    assert hint in done.stderr
    assert not (tmp_path / "set").exists()


def test_published_conversations_keep_their_words(realqa: Run, tmp_path: Path) -> None:
    source, out = rated_sets.conversations(tmp_path / "conv"), tmp_path / "set"
    realqa(
        *("dataset", "build", source, "--role", "overall", "--out", out),
        *("--form", "published", "--form", "natural", "--form", "regular"),
    )
    made = manifest(out)
    assert made["conversations"] == {"published": 8, "natural": 3, "regular": 1}
    (origin,) = made["sources"]
    assert (origin["layout"], origin["mapping"], made["scale"]) == ("realqa", None, [0, 9.99])
    assert made["splits"]["test"] == 1
    told = {row["messages"][1]["content"] for row in conversations(out)}
    arguments = ("dataset", "build", source, "--role", "overall", "--form", "published", "--scale", 0, 20)
    assert "stay as they are: leave --scale out" in realqa(*arguments, "--out", out, status=2).stderr
    assert {"Composition Score: 7", "The score of this image is 8.50.", rated_sets.NATURAL.format(score="6.25")} <= told


def test_several_sources_come_to_one_scale(realqa: Run, tmp_path: Path) -> None:
    ava, tad66k, koniq = (getattr(rated_sets, name)(tmp_path / name) for name in ("ava", "tad66k", "koniq"))
    realqa("dataset", "build", ava, tad66k, "--out", tmp_path / "set")
    made = manifest(tmp_path / "set")
    assert (made["name"], sum(made["splits"].values())) == ("ava+tad66k", 7)
    assert [origin["scale"] for origin in made["sources"]] == [[1, 10], [0, 10]]
    done = realqa("dataset", "build", ava, koniq, "--out", tmp_path / "other", status=2)
    assert "ava aesthetic, koniq quality; make a data set of each" in done.stderr
    done = realqa("dataset", "build", ava, ava, "--out", tmp_path / "other", status=2)
    assert "is in two of the sources" in done.stderr


def test_what_is_wrong_is_listed_with_counts_and_left_out(realqa: Run, tmp_path: Path) -> None:
    source = rated_sets.koniq(tmp_path / "koniq")
    (source / "1024x768" / "1000.jpg").unlink()
    shutil.copy(source / "1024x768" / "1001.jpg", source / "1024x768" / "1009.jpg")
    (only,) = objects(realqa("dataset", "check", source, "--json", status=1))
    assert (only["pictures"], only["sound"], only["faults"]) == (10, 8, {"missing": 1, "duplicate": 1})
    assert [finding["name"] for finding in only["findings"]] == ["1000.jpg", "1001.jpg"]
    done = realqa("dataset", "check", source, status=1)
    assert "koniq (koniq): 8 of 10 pictures can be used; 1 missing, 1 duplicate" in done.stdout
    assert "duplicate: 1001.jpg: the same picture as 1009.jpg" in done.stdout
    done = realqa("dataset", "build", source, "--out", tmp_path / "set")
    assert "koniq: left out: 1 missing, 1 duplicate; `realqa dataset check` lists them" in done.stderr
    (origin,) = manifest(tmp_path / "set")["sources"]
    assert (origin["images"], origin["left_out"]) == (8, {"missing": 1, "duplicate": 1})


def test_a_sound_set_passes_the_check(realqa: Run, tmp_path: Path) -> None:
    done = realqa("dataset", "check", rated_sets.koniq(tmp_path / "a"), rated_sets.ava(tmp_path / "b"))
    assert done.stdout.splitlines() == [
        "koniq (koniq): 10 of 10 pictures can be used",
        "ava (ava): 4 of 4 pictures can be used",
    ]


def test_statistics_are_shown_and_drawn(realqa: Run, tmp_path: Path) -> None:
    sources = rated_sets.koniq(tmp_path / "koniq"), rated_sets.ava(tmp_path / "ava")
    done = realqa("dataset", "stats", *sources, "--plot", tmp_path / "scores.png")
    assert "koniq (koniq)" in done.stdout
    assert "10 pictures; mean 50.5" in " ".join(done.stdout.split())
    with Image.open(tmp_path / "scores.png") as drawn:
        assert drawn.format == "PNG"
    first, second = objects(realqa("dataset", "stats", *sources, "--json"))
    assert (first["mean"], first["splits"]) == (50.5, {"train": 6, "dev": 2, "test": 2})
    assert (second["images"], sum(second["histogram"])) == (4, 4)


@pytest.mark.usefixtures("odd_scorers")
def test_what_was_built_can_be_read_moved_and_evaluated(realqa: Run, tmp_path: Path) -> None:
    out = tmp_path / "set"
    rows = []
    for level in range(12):
        path = out / "photos" / f"été {level}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (48, 32), 20 * level).save(path)
        rows.append([f"photos/{path.name}", level / 11, f"s{level}", "test" if level % 2 else "train"])
    table(out / "mine.csv", ["filename", "score", "series", "split"], rows)
    realqa("dataset", "build", out / "mine.csv", "--role", "quality", "--scale", 0, 1, "--out", out)
    assert {row["images"][0] for row in conversations(out, "test")} == {row[0] for row in rows if row[3] == "test"}
    moved = tmp_path / "moved"
    out.rename(moved)
    (found,) = objects(realqa("dataset", "check", moved, "--json"))
    assert (found["layout"], found["name"], found["sound"]) == ("built", "mine", 12)
    evaluated = realqa("eval", moved / "labels.test.csv", "--scorer", "bright", "--jobs", 1, "--json")
    (figures,) = objects(evaluated)
    assert (figures["n"], figures["srcc"]["value"]) == (6, 1)


def test_a_set_is_made_anew_and_nothing_else_is_replaced(realqa: Run, tmp_path: Path) -> None:
    source, out = rated_sets.koniq(tmp_path / "koniq"), tmp_path / "set"
    realqa("dataset", "build", source, "--out", out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    realqa("dataset", "build", source, "--out", out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    # As if it had been killed in the middle.
    (out / "dataset.json").rename(out / "dataset.json.part")
    realqa("dataset", "build", source, "--out", out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    (out / "dataset.json").unlink()
    done = realqa("dataset", "build", source, "--out", out, status=2)
    assert "has a train.json that is of no data set of ours" in done.stderr
    done = realqa("dataset", "build", source, "--out", source / "koniq10k_distributions_sets.csv", status=2)
    assert "is a file: give a folder" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["check"], "name a source, or give --from-hub"),
        (["check", "nowhere"], "there is no such file or folder"),
        (["check", "."], "none of the layouts that we know"),
        (["stats", "labels.csv", "--plot", "scores.jpg"], "must end in .png"),
        (["build", "labels.csv", "--out", "set", "--role", "quality"], "give --scale LOW HIGH"),
        (["build", "labels.csv", "--out", "set", "--scale", "1", "5"], "give --role overall, quality or aesthetic"),
        (["build", "labels.csv", "--out", "set", "--scale", "5", "1"], "5 is not less than 1"),
        (
            [
                "build",
                "labels.csv",
                "--out",
                "set",
                "--scale",
                "1",
                "5",
                "--role",
                "quality",
                "--shares",
                "0",
                "0",
                "0",
            ],
            "one has to be more than 0",
        ),
        (
            [
                "build",
                "labels.csv",
                "--out",
                "set",
                "--scale",
                "1",
                "5",
                "--role",
                "quality",
                "--attributes",
                "bad.jsonl",
            ],
            "line 1 is not as `realqa score --json` writes it",
        ),
        (["from-ratings", ".", "--out", "set"], "a human's stars or picks are on none of its 1 photos"),
    ],
)
def test_wrong_usage_is_explained(
    realqa: Run, tmp_path: Path, arguments: list[str], complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "here"
    picture(folder / "a.jpg")
    if arguments[1:2] == ["labels.csv"]:
        table(folder / "labels.csv", ["filename", "score"], [["a.jpg", 3]])
    (folder / "bad.jsonl").write_text('{"ok": true}\n')
    if arguments == ["check", "."]:
        (folder / "bad.jsonl").unlink()
    monkeypatch.chdir(folder)
    done = realqa("dataset", *arguments, status=2)
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr
    assert not (folder / "set").exists()


def test_a_scale_that_cannot_be_written_is_refused(realqa: Run, tmp_path: Path) -> None:
    settings = tmp_path / "own.toml"
    settings.write_text("[mllm.scales]\nquality = [0.0, 10.0]\n")
    source = rated_sets.koniq(tmp_path / "koniq")
    done = realqa("--config", settings, "dataset", "build", source, "--out", tmp_path / "set", status=2)
    assert "quality from 0 to 10: numbers are written with one digit before the dot" in done.stderr
    settings.write_text("[mllm.scales]\noverall = [1.0, 9.0]\n")
    realqa("--config", settings, "dataset", "build", source, "--out", tmp_path / "set")
    assert manifest(tmp_path / "set")["scale"] == [1, 5]


def rated(path: Path, stars: int, more: str = "") -> None:
    picture(path)
    Path(f"{path}.xmp").write_bytes(packet(attributes=f'xmp:Rating="{stars}" {more}'))


def test_a_photographers_own_stars(realqa: Run, tmp_path: Path) -> None:
    photos, out = tmp_path / "photos", tmp_path / "set"
    for shoot in range(12):
        for stars in (-1, 1, 5):
            rated(photos / f"2026-{shoot:02}" / f"DSC_{shoot}{stars + 1}.png", stars)
    rated(photos / "ours.png", 4, 'realqa:WrittenRating="4"')
    picture(photos / "nobodys.png")
    done = realqa("dataset", "from-ratings", photos, "--out", out, "--seed", 1, "--json")
    (made,) = objects(done)
    assert (made["role"], made["scale"], sum(made["splits"].values())) == ("overall", [0, 9.99], 36)
    (origin,) = made["sources"]
    assert (origin["layout"], origin["scale"], origin["sha256"]) == ("ratings", [0, 5], "")
    found = labels(out)
    assert {round(score, 3) for score in found.values()} == {0, 1.998, 9.99}
    rejected = photos / "2026-03" / "DSC_30.png"
    assert found[str(rejected)] == 0
    # Each shoot is whole, in one split.
    shoots = {split: {Path(name).parent.name for name in labels(out, split)} for split in SPLITS}
    assert sum(map(len, shoots.values())) == 12
    assert all(shoots.values()), shoots
    realqa("dataset", "check", out)


def test_photos_in_one_folder_are_one_shoot(realqa: Run, tmp_path: Path) -> None:
    for number in range(30):
        rated(tmp_path / "photos" / f"{number}.png", 1 + number % 5)
    arguments = ("dataset", "from-ratings", tmp_path / "photos", "--out", tmp_path / "set")
    done = realqa(*arguments)
    assert done.stderr.count("no picture is in ") == 2
    done = realqa(*arguments, "--group", "name", "--seed", 1)
    assert done.stderr == ""


def test_names_of_any_bytes_survive(realqa: Run, tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    try:
        rated(folder / "a.png", 3)
    except OSError:
        pytest.skip("this file system takes no such names")
    realqa("dataset", "from-ratings", folder, "--out", folder / "set", "--shares", 1, 0, 0)
    (row,) = conversations(folder / "set", "train")
    assert Path(folder / "set" / row["images"][0]).is_file()
    realqa("dataset", "check", folder / "set")


def test_published_conversations_come_from_the_hub(
    realqa: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("huggingface_hub", reason="it comes with the extra `mllm`")
    source = rated_sets.conversations(tmp_path / "conv")
    with hub_on_this_machine() as hub:
        for name, value in hub.environment().items():
            monkeypatch.setenv(name, value)
        hub.add("MingxingLi/RealQA-conversation", source)
        arguments = ("dataset", "check", "--from-hub", "main", "--role", "overall", "--images", source, "--json")
        (found,) = objects(realqa(*arguments))
        kept = tmp_path / "home" / ".local" / "share" / "realqa" / "datasets" / f"RealQA-conversation@{COMMIT[:12]}"
        assert (found["source"], found["sound"]) == (str(kept), 4)
        # The words, and no picture.
        assert {path.suffix for path in kept.rglob("*")} == {".json", ".jsonl"}
        asked = len(hub.requests)
        assert objects(realqa(*arguments)) == [found]
        assert len(hub.requests) == asked
        done = realqa("dataset", "check", "--from-hub", "v9", status=2)
        assert "has no revision v9" in done.stderr
