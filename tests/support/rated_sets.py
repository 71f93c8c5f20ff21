"""Small copies of published sets, in the layouts in which they come out of their archives."""

from __future__ import annotations

import csv
import json
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_levels = count(1)


def picture(path: Path) -> Path:
    """Make a small picture that is like no other."""
    path.parent.mkdir(parents=True, exist_ok=True)
    number = next(_levels)
    picture = Image.new("RGB", (8, 8), (number % 251, number // 251 % 251, 128))
    picture.save(path, format="PNG")
    return path


def table(file: Path, header: Sequence[str], rows: Sequence[Sequence[object]], delimiter: str = ",") -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, delimiter=delimiter)
        writer.writerows([header, *rows])
    return file


def koniq(folder: Path) -> Path:
    """Ten pictures with the official split; the scores go from 1 to 100."""
    columns = ["image_name", "c1", "c2", "c3", "c4", "c5", "c_total", "MOS", "SD", "set"]
    votes = [0.1, 0.2, 0.3, 0.3, 0.1, 105]
    rows = [
        [f"{1000 + number}.jpg", *votes, 1 + 11 * number, 0.5, split]
        for number, split in enumerate(["training"] * 6 + ["validation"] * 2 + ["test"] * 2)
    ]
    for row in rows:
        picture(folder / "1024x768" / str(row[0]))
    table(folder / "koniq10k_distributions_sets.csv", columns, rows)
    return folder


def koniq_without_split(folder: Path) -> Path:
    """Two pictures in half size, with the file whose `MOS` is on another scale than papers use."""
    columns = ["image_name", "c1", "c2", "c3", "c4", "c5", "c_total", "MOS", "SD", "MOS_zscore"]
    rows = [[f"{number}.jpg", 0, 0, 1, 0, 0, 100, 3, 0.5, 50.5 + number] for number in range(2)]
    for row in rows:
        picture(folder / "512x384" / str(row[0]))
    table(folder / "koniq10k_scores_and_distributions.csv", columns, rows)
    return folder


def spaq(folder: Path) -> Path:
    openpyxl = pytest.importorskip("openpyxl", reason="openpyxl is not installed: it comes with the extra `datasets`")
    book = openpyxl.Workbook()
    book.active.append(["Image name", "MOS", "Brightness", "Colorfulness", "Contrast", "Noisiness", "Sharpness"])
    for number in range(3):
        name = f"{number:05}.jpg"
        book.active.append([name, 33.25 * number, 1, 2, 3, 4, 5])
        picture(folder / "TestImage" / name)
    (folder / "Annotations").mkdir()
    book.save(folder / "Annotations" / "MOS and Image attribute scores.xlsx")
    return folder


def livec(folder: Path) -> Path:
    """Three pictures, and one of those that raters were taught with."""
    scipy = pytest.importorskip("scipy.io", reason="scipy is not installed: it comes with the extra `datasets`")
    numpy = pytest.importorskip("numpy")
    names = ["t1.bmp", "3.bmp", "4.bmp", "800.jpg"]
    cells = numpy.array([[name] for name in names], dtype=object)
    (folder / "Data").mkdir(parents=True)
    scipy.savemat(folder / "Data" / "AllImages_release.mat", {"AllImages_release": cells})
    scipy.savemat(folder / "Data" / "AllMOS_release.mat", {"AllMOS_release": numpy.array([[50.0, 63.5, 0.0, 92.25]])})
    picture(folder / "Images" / "trainingImages" / "t1.bmp")
    for name in names[1:]:
        picture(folder / "Images" / name)
    return folder


def ava(folder: Path) -> Path:
    """Four pictures, one of them a published test."""
    lines = []
    for number, votes in enumerate([[1] + [0] * 9, [0] * 4 + [5, 5] + [0] * 4, [0] * 9 + [7], [0] * 6 + [3, 1, 0, 0]]):
        lines.append(" ".join(map(str, [number + 1, 95_000 + number, *votes, 1, 22, 1396])))
        picture(folder / "images" / f"{95_000 + number}.jpg")
    (folder / "AVA.txt").write_text("\n".join(lines) + "\n")
    (folder / "aesthetics_image_lists").mkdir()
    (folder / "aesthetics_image_lists" / "generic_test.jpgl").write_text("95003\n")
    return folder


def tad66k(folder: Path) -> Path:
    for split, scores in {"train": [2.5, 7.25], "test": [9.75]}.items():
        rows = [[f"{split}{number}theme.jpg", score] for number, score in enumerate(scores)]
        for row in rows:
            picture(folder / "TAD66K" / str(row[0]))
        table(folder / "labels" / "merge" / f"{split}.csv", ["image", "score"], rows)
    return folder


NATURAL = (
    "The church stands in the middle. The composition score is 7. The image is clear. The final score is <{score}>."
)
REGULAR = (
    "1.1 Reason for Composition Score: calm, 1.2 Composition Score: 7\n3.2 Image Clarity: clear\n"
    "The final score is <{score}>."
)


def asked(question: str, answer: str, image: str) -> dict[str, Any]:
    messages = [{"role": "user", "content": f"<image>{question}"}, {"role": "assistant", "content": answer}]
    return {"messages": messages, "images": [image]}


def conversations(folder: Path, authors: str = "/data/authors/workspace/14k") -> Path:
    """Four pictures with composite scores, asked in several files; two more in files about technical quality."""
    train = [f"{authors}/images/{number}.jpg" for number in range(3)]
    files = {
        "fusion_en_high_mid_low.json": [
            asked("Rate it step by step.", NATURAL.format(score=f"{5 + number}.25"), image)
            for number, image in enumerate(train)
        ],
        "high_mid_low_form.json": [asked("Rate it by the form.", REGULAR.format(score="5.25"), train[0])],
        "composition_score_new_simple.json": [asked("Composition?", "Composition Score: 7", image) for image in train],
        "realqa_test.jsonl": [asked("Score?", "The score of this image is 8.50.", f"{authors}/images/3.jpg")],
        "koniq10k_decimal2.json": [asked("Score?", "The score of this image is 3.45.", "k/1.jpg")],
        "koniq10k_test.json": [asked("Score?", "The score of this image is 1.05.", "k/2.jpg")],
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in files.items():
        lines = "\n".join(map(json.dumps, rows))
        (folder / name).write_text(lines if name.endswith("l") else json.dumps(rows))
    for number in range(4):
        picture(folder / "images" / f"{number}.jpg")
    for number in (1, 2):
        picture(folder / "k" / f"{number}.jpg")
    return folder
