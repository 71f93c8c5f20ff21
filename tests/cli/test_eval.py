"""`realqa eval`: the contract of its JSON, its refusals, its table and plot, and a person's own stars."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from support.clips import numbered, write_clip
from support.command import Run, objects
from support.sidecars import packet

from realqa_agent.cli import tables
from realqa_agent.evaluation.figures import evaluate
from realqa_agent.evaluation.record import Diagnosis, Fit, Prediction, Rated
from realqa_agent.evaluation.report import diagnosis_in_words

pytestmark = pytest.mark.usefixtures("odd_scorers")

CORRELATIONS = ("srcc", "plcc", "krcc")


def grey(path: Path, level: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (48, 32), level).save(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four pictures, the brighter the better; one that is cut off; labels with two series."""
    folder = tmp_path / "photos"
    for name, level in {"black": 10, "dark": 90, "grey": 150, "bright": 240}.items():
        grey(folder / f"{name}.png", level)
    (folder / "cut.png").write_bytes((folder / "grey.png").read_bytes()[:40])
    (folder / "labels.csv").write_text(
        "filename,score,series,camera\nblack.png,0.1,one,x\ndark.png,0.4,one,x\n"
        f"{folder / 'grey.png'},0.6,two,x\nbright.png,0.8,two,x\n"
    )
    return folder


def evaluated(realqa: Run, *arguments: object, status: int = 0) -> dict[str, Any]:
    done = realqa("eval", *arguments, "--json", "--scorer", "bright", "--jobs", 1, status=status)
    (found,) = objects(done)
    assert "NaN" not in done.stdout
    return found


def test_json_holds_the_whole_contract(realqa: Run, folder: Path) -> None:
    labels = folder / "labels.csv"
    found = evaluated(realqa, labels)
    assert (found["n"], found["failed"], found["failures"]) == (4, 0, [])
    assert [found[name]["value"] for name in ("srcc", "krcc", "reject_auc", "pairs", "best_of_series")] == [1] * 5
    for name in tables.FIGURES:
        assert set(found[name]) == {"value", "ci"}
        low, high = found[name]["ci"]
        assert low <= found[name]["value"] <= high
        assert found["scored_only"][name] == found[name]
    assert (found["keepers_destroyed"]["value"], found["culls_found"]["value"]) == (0, 1)
    assert (found["scorer"], found["scorer_version"], found["against"]) == ("bright", "1", "quality")
    assert found["labels"] == str(labels)
    assert found["labels_sha256"] == hashlib.sha256(labels.read_bytes()).hexdigest()
    assert (found["scale"], found["independent"], found["plcc_fit"]) == ([0, 1], 2, "none")
    assert found["files_per_second"] > 0
    assert "better_than_chance" not in found


def test_the_scale_can_be_told(realqa: Run, folder: Path) -> None:
    found = evaluated(realqa, folder / "labels.csv", "--scale", -1, 1)
    # Then 0.1 is over half of the scale, and no cull is left.
    assert (found["scale"], found["culls_found"]["value"], found["reject_auc"]["value"]) == ([-1, 1], None, None)


def test_a_scorer_without_digits_has_no_ncm(realqa: Run, folder: Path) -> None:
    done = realqa("eval", folder / "labels.csv", "--scorer", "bright", "--ncm", "--json")
    (found,) = objects(done)
    assert "ncm" not in found
    assert found["unanswered"] == 0
    assert "bright has no digits to hold against the scores: no NCM" in done.stderr


def test_the_score_that_is_compared_can_be_chosen(realqa: Run, folder: Path) -> None:
    assert evaluated(realqa, folder / "labels.csv", "--against", "aesthetic")["srcc"]["value"] == -1
    constant = evaluated(realqa, folder / "labels.csv", "--against", "overall")
    assert [constant[name] for name in CORRELATIONS] == [{"value": None, "ci": None}] * 3


def test_file_that_cannot_be_scored_is_failed_not_dropped(realqa: Run, folder: Path) -> None:
    labels = folder / "labels.csv"
    labels.write_text(labels.read_text() + "cut.png,0.9,,x\n")
    found = evaluated(realqa, labels, status=1)
    assert (found["n"], found["failed"], found["scored_only"]["n"]) == (5, 1, 4)
    (failure,) = found["failures"]
    assert failure["path"] == str(folder / "cut.png")
    assert failure["kind"] == "corrupt"
    # Ranks 1, 2, 4, 5 and the best one at the mean prediction, rank 3.
    assert found["srcc"]["value"] == pytest.approx(1 - 6 * (1 + 1 + 4) / (5 * 24))
    assert found["scored_only"]["srcc"]["value"] == 1
    done = realqa("eval", labels, "--scorer", "bright", status=1)
    assert "scored only, 4" in done.stdout
    assert "cut.png" in done.stderr


def test_a_clip_is_labelled_as_a_picture_is(realqa: Run, folder: Path) -> None:
    # Frames grow brighter by 2 levels each, so their mean lies between those of black and dark.
    write_clip(folder / "clip.mp4", numbered(24))
    labels = folder / "labels.csv"
    labels.write_text(labels.read_text() + "clip.mp4,0.2,,x\n")
    found = evaluated(realqa, labels)
    assert (found["n"], found["failed"], found["srcc"]["value"]) == (5, 0, 1)


def test_one_failure_in_more_than_a_hundred_is_tolerated(realqa: Run, folder: Path) -> None:
    rows = []
    for number in range(100):
        grey(folder / f"more/{number}.png", 2 * number)
        rows.append(f"more/{number}.png,{number}\n")
    (folder / "labels.csv").write_text("filename,score\ncut.png,50\n" + "".join(rows))
    assert evaluated(realqa, folder / "labels.csv")["failed"] == 1


def test_labels_with_mistakes_are_refused_with_their_lines(realqa: Run, folder: Path) -> None:
    labels = folder / "labels.csv"
    labels.write_text("filename,score\nblack.png,0.1\nlost.png,0.2\nblack.png,0.3\ndark.png,nan\n")
    done = realqa("eval", labels, "--json", status=2)
    assert done.stdout == ""
    assert str(labels) in done.stderr
    for line in (
        "line 3: there is no image 'lost.png'",
        "line 4: 'black.png' is already in line 2",
        "line 5: the score",
    ):
        assert line in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "either a labels file or --from-ratings"),
        (["labels.csv", "--from-ratings", "."], "either a labels file or --from-ratings"),
        (["none.csv"], "can't read the labels"),
        (["labels.csv", "--scorer", "nobody"], "there is no scorer 'nobody'"),
        (["labels.csv", "--plot", "plot.jpg"], "must end in .png"),
        (["labels.csv", "--plot", "nowhere/plot.png"], "there is no folder"),
        (["--from-ratings", "."], "a human's stars are on none of its"),
        (["--from-ratings", ".", "--scale", "1", "5"], "stars have their own"),
        (["labels.csv", "--scale", "5", "1"], "5 is not less than 1"),
        (["labels.csv", "--scale", "0.2", "1"], "go from 0.1 to 0.8, which is not within --scale"),
        (["votes.csv", "--ncm"], "give --scale LOW HIGH"),
        (["labels.csv", "."], "is no dataset folder: it has no dataset.json"),
        (["labels.csv", "--ncm", "--answer", "natural"], "--ncm goes with --answer score"),
        (["labels.csv", "--decimals", "1"], "firstlook does not write numbers"),
        (["labels.csv", "--adapter", "."], "is no adapter, and none lies in it"),
    ],
)
def test_wrong_usage_is_status_2(
    realqa: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], complaint: str
) -> None:
    monkeypatch.chdir(folder)
    (folder / "votes.csv").write_text("filename,score\nblack.png,1.7\nbright.png,4.1\n")
    done = realqa("eval", *arguments, status=2)
    assert complaint in done.stderr
    assert done.stdout == ""


def test_table_and_plot(realqa: Run, folder: Path, tmp_path: Path) -> None:
    before = sorted(folder.iterdir())
    plot = tmp_path / "plot.png"
    done = realqa("eval", folder / "labels.csv", "--scorer", "bright", "--plot", plot)
    for words in ("SRCC", "raw scores without a fit", "95 % interval", "best frame of a series", "1.000"):
        assert words in done.stdout
    with Image.open(plot) as drawn:
        assert drawn.format == "PNG"
        assert min(drawn.size) > 300
    assert sorted(folder.iterdir()) == before


@pytest.fixture
def koniq(folder: Path) -> Path:
    """A dataset folder by a public set's name, in which the dark ones are the better."""
    built = folder / "koniq"
    built.mkdir()
    (built / "dataset.json").write_text('{"name": "koniq10k", "role": "aesthetic", "scale": [1, 5]}')
    (built / "labels.test.csv").write_text(
        "filename,score\n../black.png,4.5\n../dark.png,4\n../bright.png,1.5\n../cut.png,3\n"
    )
    return built


def test_several_sets_are_objects_of_one_list(realqa: Run, folder: Path, koniq: Path) -> None:
    found = evaluated(realqa, folder / "labels.csv", koniq, status=1)
    one, other = found["sets"]
    assert found.keys() == {"sets"}
    assert [(each["set"], each["against"], each["n"], each["failed"]) for each in (one, other)] == [
        ("photos", "quality", 4, 0),
        ("koniq10k", "aesthetic", 4, 1),
    ]
    alone = evaluated(realqa, folder / "labels.csv")
    assert alone.keys() == one.keys()
    assert {name: one[name] for name in one if name != "files_per_second"} == {
        name: alone[name] for name in alone if name != "files_per_second"
    }
    # What failed has the mean prediction, which lies between those of the dark ones and of the bright one, as labelled.
    assert other["srcc"]["value"] == 1
    assert (other["scale"], other["unanswered"]) == ([1, 5], 0)
    assert [failure["kind"] for failure in other["failures"]] == ["corrupt"]
    assert "published_by_others" not in one
    assert other["published_by_others"]["trained"][0] == {
        "system": "LGDM",
        "srcc": 0.967,
        "plcc": 0.972,
        "source": "its authors' paper",
    }


def test_several_sets_are_rows_beside_what_others_published(
    realqa: Run, folder: Path, koniq: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    plot = tmp_path / "sets.png"
    done = realqa("eval", folder / "labels.csv", koniq, "--scorer", "bright", "--plot", plot, status=1)
    rows = [[cell.strip() for cell in line.split("│")] for line in done.stdout.splitlines() if "│" in line]
    ours = [row for row in rows if row[0] == "bright"]
    assert [[*row[:5], *row[-2:]] for row in ours] == [
        ["bright", "photos", "quality", "4", "1.000", "0", "0"],
        ["bright", "koniq10k", "aesthetic", "4", "1.000", "1", "0"],
    ]
    assert "Published by their authors, not measured here" in done.stdout
    assert ["KonIQ-10k", "OneAlign", "yes", "0.941", "0.950"] in [row[:5] for row in rows]
    for words in (
        "cut.png",
        "bright, photos: SRCC 1.000; 4 files, 0 failed",
        "bright, koniq10k: SRCC 1.000; 4 files, 1",
    ):
        assert words in done.stderr
    with Image.open(plot) as drawn:
        assert drawn.format == "PNG"


def test_what_a_models_answers_tell_stands_under_the_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    # Where nobody watches, as under xdist, lines would be broken.
    monkeypatch.setenv("COLUMNS", "160")
    rated = [Rated(path=Path(f"/{score}.jpg"), score=score) for score in (0.1, 0.5, 0.9)]
    evaluation = evaluate(rated, [Prediction(score=5.0, rejected=False)] * 2 + [None], [1, 2, 3], (0, 1))
    fit = Fit(pictures=2, scale=(1.0, 5.0), ncm=0.25, ncm_star=4.0)
    words = diagnosis_in_words(Diagnosis(unanswered=1, unread=3, fit=fit))
    with (console := tables.console()).capture() as captured:
        console.print(tables.figures(evaluation, "title", words))
    rows = [[cell.strip() for cell in line.split("│")] for line in captured.get().splitlines() if "│" in line]
    assert [row[:2] for row in rows[-4:]] == [
        ["failed: the model gave no number", "1"],
        ["answers about attributes that could not be read", "3"],
        ["NCM, mean squared error over 2, scale 1 to 5", "0.250"],
        ["NCM*, mean squared error over 2, scale 1 to 5", "4.000"],
    ]


def starred(folder: Path, level: int, attributes: str) -> None:
    photo = folder / f"{level}.png"
    grey(photo, level)
    photo.with_name(f"{photo.name}.xmp").write_bytes(packet(attributes=attributes))


def test_own_stars(realqa: Run, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    for step in range(28):
        starred(folder, 8 * step, f'xmp:Rating="{(-1, 1, 2, 3, 3, 4, 5)[step // 4]}"')
    starred(folder, 251, 'xmp:Rating="1" realqa:WrittenRating="1"')
    starred(folder, 252, 'xmp:Rating="0"')
    grey(folder / "253.png", 253)
    found = evaluated(realqa, "--from-ratings", folder, "--against", "quality")
    assert (found["n"], found["independent"], found["scale"]) == (28, 28, [0, 5])
    assert found["srcc"]["value"] > 0.95
    assert found["better_than_chance"] is True
    assert found["ratings"] == str(folder)
    done = realqa("eval", "--from-ratings", folder, "--against", "aesthetic", "--scorer", "bright")
    assert "bright orders the pictures against this person" in done.stdout


def test_unreadable_sidecar_is_said_and_left_out(realqa: Run, tmp_path: Path) -> None:
    starred(tmp_path, 50, 'xmp:Rating="2"')
    starred(tmp_path, 200, 'xmp:Rating="4"')
    (tmp_path / "200.png.xmp").write_text("no XML")
    done = realqa("eval", "--from-ratings", tmp_path, "--json", "--scorer", "bright")
    (found,) = objects(done)
    assert (found["n"], found["unreadable"], found["against"]) == (1, 1, "overall")
    assert found["better_than_chance"] is None
    assert "200.png.xmp" in done.stderr
