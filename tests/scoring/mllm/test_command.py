"""The whole way through the command: photos in a folder, the agent, a worker with the model, sidecars."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from support.background import background
from support.command import objects
from support.place import Place, old, until
from support.tiny_mllm import TinyModels

BRIGHT, DARK = (200,) * 3, (40,) * 3


def configure(place: Place, model: Path) -> None:
    place.configure(
        f'[mllm]\nmodel = "{model}"\ndevice = "cpu"\ndecode = "greedy"\nexplain = "never"\n', scorer="realqa"
    )


def grey(path: Path, colour: tuple[int, int, int]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (400, 300), colour).save(path)
    return old(path)


def test_photos_get_the_models_scores_into_index_and_sidecars(place: Place, taught: Path) -> None:
    configure(place, taught)
    grey(place.photos / "bright.png", BRIGHT)
    grey(place.photos / "dark.png", DARK)
    assert "2 scored, 0 known already, 0 refused, 0 failed tries; 2 judged by the model" in place.once()
    listed = place.listed()
    assert [listed[name]["overall"] for name in ("bright.png", "dark.png")] == [8.4, 3.11]
    sidecar = (place.photos / "bright.png.xmp").read_text()
    assert f"<realqa:Model>realqa {listed['bright.png']['scorer_version']}<" in sidecar
    assert "<realqa:Overall>8.40<" in sidecar
    assert "raw_overall 8.21" in sidecar
    assert "0 scored, 0 known" in place.once()
    assert "realqa" in place.realqa("doctor").stdout


def test_no_number_is_a_state_that_is_counted_and_shown(place: Place, tiny: TinyModels) -> None:
    configure(place, tiny.base("qwen2_vl"))
    grey(place.photos / "a.png", BRIGHT)
    assert "1 that the model gave no number for" in place.once()
    assert place.listed()["a.png"]["scorer"] == "firstlook"
    assert place.index("SELECT scorer FROM assessment") == [("firstlook",)]
    assert place.status()["queue"]["unanswered"] == 1
    (job,) = objects(place.realqa("queue", "list", "--json"))
    assert job["error"].startswith("overall:")
    (line,) = objects(place.realqa("score", "--json", place.photos, status=1))
    assert line["error"]["kind"] == "unanswered"


def test_a_killed_worker_costs_nothing(place: Place, taught: Path) -> None:
    configure(place, taught)
    with background(place) as agent:
        grey(place.photos / "a.png", BRIGHT)
        until(lambda: judged(place, "a.png"), 60)
        for worker in agent.workers():
            worker.kill()
        grey(place.photos / "b.png", DARK)
        until(lambda: judged(place, "b.png"), 60)
        agent.stop()
    assert place.scored_events() == 4


def judged(place: Place, name: str) -> bool:
    sidecar = place.photos / f"{name}.xmp"
    return sidecar.exists() and "<realqa:Model>realqa " in sidecar.read_text()


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (lambda folder: (folder / "config.json").unlink(), "config.json"),
        (lambda folder: _cut(folder / "model.safetensors"), "model.safetensors"),
        (lambda folder: (folder / "preprocessor_config.json").write_text("{}"), "how pictures are prepared"),
    ],
)
def test_a_model_that_is_not_whole_is_named(
    place: Place, tiny: TinyModels, break_it: Callable[[Path], object], words: str
) -> None:

    folder = shutil.copytree(tiny.base("qwen2_vl"), place.home / "model")
    break_it(folder)
    configure(place, folder)
    grey(place.photos / "a.png", BRIGHT)
    said = place.once()
    assert words in said
    assert "1 scored" in said
    assert words in place.realqa("score", place.photos, status=2).stderr


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])
