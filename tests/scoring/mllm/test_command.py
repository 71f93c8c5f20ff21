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
    assert "2 scored" in place.once()
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
    assert "0 scored, 0 known already, 1 refused" in place.once()
    assert place.listed()["a.png"]["error"]["kind"] == "unanswered"
    assert place.index("SELECT count(*) FROM assessment") == [(0,)]
    assert not (place.photos / "a.png.xmp").exists()
    (job,) = objects(place.realqa("queue", "list", "--json"))
    assert job["error"].startswith("unanswered: overall:")


def test_a_killed_worker_costs_nothing(place: Place, taught: Path) -> None:
    configure(place, taught)
    with background(place) as agent:
        grey(place.photos / "a.png", BRIGHT)
        until((place.photos / "a.png.xmp").exists, 60)
        for worker in agent.workers():
            worker.kill()
        grey(place.photos / "b.png", DARK)
        until((place.photos / "b.png.xmp").exists, 60)
        agent.stop()
    assert place.scored_events() == 2


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
    assert words in place.once(status=2)


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])
