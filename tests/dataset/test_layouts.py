"""Each layout, on a small copy of it: scores, splits and pictures are found, and what is odd is told."""

from __future__ import annotations

import builtins
import math
from pathlib import Path
from typing import Any

import pytest
from support import rated_sets
from support.rated_sets import picture, table

from realqa_agent.config import Mllm
from realqa_agent.dataset.layouts.layout import Source
from realqa_agent.dataset.reading import read_set
from realqa_agent.dataset.record import RatedSet
from realqa_agent.errors import UserError


def read(path: Path, layout: str | None = None, **said: Any) -> RatedSet:
    found = read_set(Source(path=path, scales=Mllm().scales, **said), layout)
    assert all(image.path.is_file() for image in found.images)
    return found


def scores(found: RatedSet) -> dict[str, float]:
    return {image.name: image.score for image in found.images}


def splits(found: RatedSet) -> list[str | None]:
    return [image.split for image in found.images]


def facts(found: RatedSet) -> tuple[object, ...]:
    return found.layout, found.role, found.scale


def test_koniq(tmp_path: Path) -> None:
    found = read(rated_sets.koniq(tmp_path))
    assert facts(found) == ("koniq", "quality", (1, 100))
    assert scores(found) == {f"{1000 + number}.jpg": 1 + 11 * number for number in range(10)}
    assert splits(found) == ["train"] * 6 + ["dev"] * 2 + ["test"] * 2


def test_koniq_without_the_split_has_the_same_scale(tmp_path: Path) -> None:
    found = read(rated_sets.koniq_without_split(tmp_path))
    assert facts(found) == ("koniq", "quality", (1, 100))
    assert scores(found) == {"0.jpg": 50.5, "1.jpg": 51.5}
    assert splits(found) == [None, None]


def test_spaq(tmp_path: Path) -> None:
    found = read(rated_sets.spaq(tmp_path))
    assert facts(found) == ("spaq", "quality", (0, 100))
    assert scores(found) == {"00000.jpg": 0, "00001.jpg": 33.25, "00002.jpg": 66.5}


def test_livec_leaves_out_what_raters_were_taught_with(tmp_path: Path) -> None:
    found = read(rated_sets.livec(tmp_path))
    assert facts(found) == ("livec", "quality", (0, 100))
    assert scores(found) == {"3.bmp": 63.5, "4.bmp": 0, "800.jpg": 92.25}


def test_ava_is_the_mean_of_its_votes(tmp_path: Path) -> None:
    found = read(rated_sets.ava(tmp_path))
    assert facts(found) == ("ava", "aesthetic", (1, 10))
    assert scores(found) == {"95000.jpg": 1, "95001.jpg": 5.5, "95002.jpg": 10, "95003.jpg": 7.25}
    assert splits(found) == ["train", "train", "train", "test"]


def test_tad66k(tmp_path: Path) -> None:
    found = read(rated_sets.tad66k(tmp_path))
    assert facts(found) == ("tad66k", "aesthetic", (0, 10))
    assert scores(found) == {"train0theme.jpg": 2.5, "train1theme.jpg": 7.25, "test0theme.jpg": 9.75}
    assert splits(found) == ["train", "train", "test"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_any_table(tmp_path: Path, delimiter: str) -> None:
    picture(tmp_path / "été, 1.jpg")
    picture(tmp_path / "images" / "b.jpg")
    rows = [["été, 1.jpg", 2, "a", "one", "test"], ["b.jpg", 3.5, "b", "", ""]]
    file = table(tmp_path / "mine.csv", ["image_name", "mos", "by", "series", "split"], rows, delimiter)
    found = read(file, role="aesthetic", scale=(1, 5))
    assert facts(found) == ("table", "aesthetic", (1, 5))
    assert scores(found) == {"été, 1.jpg": 2, "b.jpg": 3.5}
    assert splits(found) == ["test", None]
    assert [image.series for image in found.images] == ["one", None]
    assert found.name == "mine"


def test_columns_of_a_table_can_be_named(tmp_path: Path) -> None:
    photos = tmp_path / "elsewhere"
    picture(photos / "a.jpg")
    file = table(tmp_path / "labels.csv", ["what", "filename", "beauty"], [["a.jpg", "x", 4]])
    assert scores(read(tmp_path, images=photos, filename="what", score="beauty")) == {"a.jpg": 4}
    with pytest.raises(UserError, match=r"what, filename, beauty: say with --score which one"):
        read(file)
    with pytest.raises(UserError, match="there is no column looks; it has what, filename, beauty"):
        read(file, score="looks")


def test_conversations_are_found_by_the_end_of_their_path(tmp_path: Path) -> None:
    folder = rated_sets.conversations(tmp_path)
    with pytest.raises(UserError, match="4 files with overall scores, 2 files with quality scores: say which ones"):
        read(folder)
    found = read(folder, role="overall")
    assert facts(found) == ("realqa", "overall", (0, 9.99))
    assert [image.path.relative_to(folder).as_posix() for image in found.images] == [
        f"images/{number}.jpg" for number in range(4)
    ]
    assert [image.score for image in found.images] == [5.25, 6.25, 7.25, 8.5]
    assert splits(found) == ["train", "train", "train", "test"]
    first, *_, last = found.images
    assert set(first.told) == {"natural", "regular"}
    assert first.told["natural"].endswith("The final score is <5.25>.")
    assert [len(image.conversations) for image in found.images] == [3, 2, 2, 1]
    assert last.told == {}
    quality = read(folder, role="quality")
    assert (quality.scale, splits(quality)) == ((1, 5), ["train", "test"])
    alone = read(folder / "koniq10k_test.json")
    assert (alone.role, [image.score for image in alone.images], splits(alone)) == ("quality", [1.05], [None])


def test_what_reads_nothing_says_what_it_knows(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"(?s)none of the layouts.*koniq: koniq10k_.*livec: Data/AllMOS_release.mat"):
        read(tmp_path)
    with pytest.raises(UserError, match="no such file or folder"):
        read(tmp_path / "nowhere")
    with pytest.raises(UserError, match=r"there is no koniq10k_distributions_sets.csv or"):
        read(tmp_path, "koniq")


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("AVA.txt", "1 95000 0 0 1\n", "line 1 is not a number, a picture's number and ten counts"),
        ("labels.csv", "filename,score\na.jpg,1,2\n", "line 2 has 3 cells, the header has 2"),
        ("labels.csv", 'filename,score\n"a.jpg,1\n', "is not CSV"),
        ("labels.csv", "filename,score,split\na.jpg,1,val\n", "the split 'val' is none of train, dev, test"),
        ("labels.csv", "filename,score\n", "there is no row"),
        ("koniq10k_distributions_sets.csv", "image_name,set\n", "there is no column MOS"),
        ("Data/AllMOS_release.mat", "nothing", "there is no Data/AllImages_release.mat"),
        ("MOS and Image attribute scores.xlsx", "nothing", "is no workbook that can be read"),
        ("chat.json", '[{"messages": [{"role": "user", "content": "<image>?"}]}]', "is not about one picture"),
        ("chat.json", "[", "is damaged or only half there"),
        ("dataset.json", "{}", "is not as `realqa dataset build` writes it"),
    ],
)
def test_damaged_labels_are_refused(tmp_path: Path, name: str, content: str, complaint: str) -> None:
    if name.endswith(".xlsx"):
        pytest.importorskip("openpyxl")
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(content)
    with pytest.raises(UserError, match=complaint):
        read(tmp_path)


@pytest.mark.parametrize(
    ("package", "name"), [("openpyxl", "MOS and Image attribute scores.xlsx"), ("scipy.io", "Data/AllMOS_release.mat")]
)
def test_a_missing_package_is_named(tmp_path: Path, package: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Data").mkdir()
    for file in (name, "Data/AllImages_release.mat"):
        (tmp_path / file).touch()
    really = builtins.__import__

    def without(wanted: str, *rest: Any) -> Any:
        if wanted == package:
            raise ImportError(wanted)
        return really(wanted, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UserError, match=r"pip install 'realqa-agent\[datasets\]'"):
        read(tmp_path)


def test_a_score_that_is_no_number_is_kept_as_that(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    for text in ("", "n/a", "1_000", "inf"):
        (only,) = read(table(tmp_path / "labels.csv", ["filename", "score"], [["a.jpg", text]])).images
        assert math.isnan(only.score), text
