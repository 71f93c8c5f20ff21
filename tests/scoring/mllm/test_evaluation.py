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


@pytest.fixture(scope="session")
def training(taught: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training whose first checkpoint spoils what the model was taught, and whose second hardly changes it."""
    del taught  # it skips where a package is missing
    from support.tiny_mllm import save_adapter  # noqa: PLC0415 - it imports torch

    run = tmp_path_factory.mktemp("run")
    (run / "dataset.json").write_text('{"name": "greys", "role": "aesthetic", "scale": [0, 9.99]}')
    for step, loudness in ((9, 1.0), (10, 0.002)):
        save_adapter(run / f"checkpoint-{step}", "qwen2_vl", loudness=loudness)
    return run


@pytest.mark.timeout(300)  # the model is loaded twice
def test_checkpoints_of_a_training_are_held_before_each_set(
    place: Place, taught: Path, training: Path, tmp_path: Path
) -> None:
    labels = labelled(place, taught, {BRIGHT: 8.21, DARK: 2.34})
    other = labels.with_name("reversed.csv")
    other.write_text(labels.read_text().replace("8.21", "0.5"))
    asked = (labels, other, "--adapter", training, "--decimals", 1, "--ncm", "--scale", 0, 9.99)
    sets = evaluated(place, *asked, "--plot", tmp_path / "curves.png", status=1)["sets"]
    assert [(Path(one["adapter"]).name, one["set"]) for one in sets] == [
        ("checkpoint-9", "photos"),
        ("checkpoint-9", "reversed"),
        ("checkpoint-10", "photos"),
        ("checkpoint-10", "reversed"),
    ]
    # The score is what the training says of itself.
    assert {(one["against"], one["answer"], one["decimals"]) for one in sets} == {("aesthetic", "score", 1)}
    assert [(one["failed"], one["unanswered"]) for one in sets] == [(2, 2), (2, 2), (0, 0), (0, 0)]
    assert [one["srcc"]["value"] for one in sets] == [None, None, 1, -1]
    assert sets[0]["scorer_version"] != sets[2]["scorer_version"]
    fits, misses = sets[2]["ncm"], sets[3]["ncm"]
    assert (fits["n"], fits["scale"]) == (2, [0, 9.99])
    assert fits["mse"] < 0.5
    # Next to nothing lies on wrong digits, but for the label that is wrong.
    assert fits["mse_star"] == pytest.approx((8.21**2 + 2.34**2) / 2, rel=0.2)
    assert misses["mse_star"] != pytest.approx((0.5**2 + 2.34**2) / 2, rel=0.2)
    assert all(one["culls_found"]["value"] is None for one in sets)
    with Image.open(tmp_path / "curves.png") as drawn:
        assert drawn.height > 1000
