"""`realqa eval` with a model: its digits held against labels, and pictures that it gave no number."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from support.command import objects

if TYPE_CHECKING:
    from support.place import Place
    from support.tiny_mllm import TinyModels

BRIGHT, DARK = 200, 40


def labelled(place: Place, model: Path, scores: dict[int, float]) -> Path:
    """Configure the model, and label a grey picture of each level."""
    place.configure(f'[mllm]\nmodel = "{model}"\ndevice = "cpu"\nexplain = "never"\n', scorer="realqa")
    for level in scores:
        Image.new("L", (400, 300), level).save(place.photos / f"{level}.png")
    labels = place.photos / "labels.csv"
    rows = "".join(f"{level}.png,{score}\n" for level, score in scores.items())
    labels.write_text(f"filename,score\n{rows}")
    return labels


def evaluated(place: Place, *arguments: object, status: int = 0) -> dict[str, Any]:
    (found,) = objects(place.realqa("eval", *arguments, "--json", status=status))
    return found


def test_the_digits_of_a_model_that_was_taught_these_scores_fit_them(place: Place, taught: Path) -> None:
    labels = labelled(place, taught, {BRIGHT: 8.21, DARK: 2.34})
    found = evaluated(place, labels, "--ncm", "--scale", 0, 9.99)
    assert (found["n"], found["failed"], found["unanswered"]) == (2, 0, 0)
    assert (found["ncm"]["n"], found["ncm"]["scale"]) == (2, [0, 9.99])
    assert found["ncm"]["mse"] < 0.5
    # Hardly anything lies on wrong digits, so NCM* is near 0 and as far from the label as that is.
    assert found["ncm"]["mse_star"] == pytest.approx((8.21**2 + 2.34**2) / 2, rel=0.2)


def test_pictures_without_an_answer_are_told_apart(place: Place, tiny: TinyModels) -> None:
    labels = labelled(place, tiny.base("qwen2_vl"), {BRIGHT: 0.8, DARK: 0.2})
    (place.photos / "cut.png").write_bytes((place.photos / f"{DARK}.png").read_bytes()[:40])
    labels.write_text(labels.read_text() + "cut.png,0.5\n")
    found = evaluated(place, labels, status=1)
    assert (found["failed"], found["unanswered"]) == (3, 2)
    assert sorted(one["kind"] for one in found["failures"]) == ["corrupt", "unanswered", "unanswered"]
