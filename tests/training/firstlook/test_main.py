"""The one command on a dozen tiny photos: what it makes is what the product loads, killed on the way or not."""

from __future__ import annotations

import csv
import json
import multiprocessing
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from support.photo import Photo

from realqa_agent.config import Config
from realqa_agent.media.picture import Picture
from realqa_agent.scoring.firstlook.scorer import FirstLook
from training.firstlook import __main__ as command
from training.firstlook import calibrate, train
from training.firstlook.aesthetics import Tails
from training.firstlook.data import Pixels, Rated, load_labels, normalise
from training.firstlook.export import SoundnessGraph, load_quality, load_ridge, load_soundness
from training.firstlook.model import LITE0, LITE2, Encoder, QualityModel, load_imagenet
from training.firstlook.workshop import Workshop

# torch warns of the exporter that the training uses on purpose, of its own parts inside, and of what it can't fold.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:Constant folding:UserWarning")

UPPER, EVERYTHING = train.CHOSEN.stages
RECIPE = replace(
    train.CHOSEN, stages=(replace(UPPER, epochs=2), replace(EVERYTHING, epochs=1)), folds=2, batch=4, series_frames=2
)
SIZES = ((96, 64), (64, 96), (100, 75), (128, 96))
"""Width and height; one is no multiple of the encoder's stride."""

VIEWS = ((0, 0, 9, 11), (150, 300, 8, 12), (40, 400, 11, 9), (200, 100, 3, 4), (300, 400, 4, 2), (400, 60, 2, 3))
"""Top and left in pixels, height and width in strides."""


@dataclass(frozen=True, kw_only=True)
class Done:
    """A workshop where all steps were done, and which files each model was fitted to and judged."""

    workshop: Workshop
    fitted: Mapping[str, list[Rated]]
    judged: Mapping[str, list[Rated]]


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """Sums in another order differ in the last bit."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    folder = tmp_path_factory.mktemp("workshop")
    made = Workshop(
        data=folder / "data",
        photos=folder / "photos",
        unseen=folder / "unseen",
        lite0=folder / "lite0.pth",
        lite2=folder / "lite2.pth",
        device="cpu",
        out=folder / "out",
    )
    camera = Photo().good()
    generator = np.random.default_rng(11)
    write_rated(made.data / "quality", quality_rows(), camera, generator)
    write_rated(made.data / "aesthetics", aesthetics_rows(), camera, generator)
    made.photos.mkdir()
    Image.fromarray(camera[:240, :320]).save(made.photos / "large.jpg")
    torch.save(published(LITE0, seed=7, exact=False), made.lite0)
    torch.save(published(LITE2, seed=2, exact=True), made.lite2)
    made.out.mkdir()
    return made


@pytest.fixture(scope="module")
def done(workshop: Workshop) -> Done:
    """Everything but the report, in this process."""
    fitted: dict[str, list[Rated]] = {}
    judged: dict[str, list[Rated]] = {}
    loaded: list[str] = []
    train_model = train.train_model

    def note_fitted(name: str, rated: list[Rated], *others: Any) -> QualityModel:
        fitted[name] = rated
        return train_model(name, rated, *others)

    def note_loaded(file: Path) -> QualityModel:
        loaded.append(file.stem)
        return load_quality(file)

    def note_judged(model: QualityModel, rated: list[Rated]) -> NDArray[np.float64]:
        judged[loaded[-1]] = rated
        qualities: NDArray[np.float64] = train.predict(model, rated)
        return qualities

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "train_model", note_fitted)
        patch.setattr(calibrate, "load_quality", note_loaded)
        patch.setattr(calibrate, "predict", note_judged)
        train.run(workshop, RECIPE)
        options = {name: str(getattr(workshop, name)) for name in ("data", "photos", "unseen", "lite0", "lite2", "out")}
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        patch.setattr(sys, "argv", ["firstlook", *words, "--steps", "export", "aesthetics", "soundness"])
        command.main()
        calibrate.run(workshop, RECIPE)
    return Done(workshop=workshop, fitted=fitted, judged=judged)


def test_the_product_scores_with_what_was_made(done: Done) -> None:
    scorer = FirstLook(Config(), done.workshop.out)
    for size in ((120, 90), (900, 700)):
        pixels = np.asarray(Image.fromarray(Photo().good()).resize(size))
        found = scorer.assess(Picture.from_array(pixels))
        assert found.uncertainty is not None
        for score, uncertainty in (
            (found.quality, found.uncertainty.quality),
            (found.aesthetic, found.uncertainty.aesthetic),
        ):
            assert score is not None
            assert 1 <= score <= 10
            assert uncertainty is not None
            assert 0 < uncertainty < 9
    assert (done.workshop.out / "reliability.png").stat().st_size > 0
    figures = json.loads((done.workshop.out / "held-out.json").read_text())
    assert {"quality srcc", "quality reject_auc", "quality pairs", "quality best_of_series"} < set(figures)


def test_no_model_is_judged_on_a_group_that_it_has_seen_and_none_sees_a_dev_row(done: Done) -> None:
    rows = load_labels(done.workshop.data, "quality")
    train_rows = [photo for photo in rows if photo.split == "train"]
    assert not any(photo.file.exists() for photo in rows if photo.split == "dev"), "so none can be opened"
    assert set(done.fitted) == {"fold0", "fold1", "all"}
    assert done.fitted["all"] == train_rows
    assert set(done.judged) == {"fold0", "fold1"}
    for fold, judged in done.judged.items():
        assert judged
        assert not {photo.group for photo in judged} & {photo.group for photo in done.fitted[fold]}
        assert len(judged) + len(done.fitted[fold]) == len(train_rows)
    assert {photo.file for judged in done.judged.values() for photo in judged} == {photo.file for photo in train_rows}


def test_the_exported_networks_say_what_the_models_say(done: Done) -> None:
    out, camera = done.workshop.out, Photo().good()
    views = [camera[top : top + 32 * high, left : left + 32 * wide] for top, left, high, wide in VIEWS]
    tails = Tails(load_imagenet(done.workshop.lite2, LITE2)).eval()
    quality = load_quality(out / "all.weights").eval()
    soundness = SoundnessGraph(load_imagenet(done.workshop.lite0), *load_soundness(out / "soundness.json")).eval()
    ridge = load_ridge(out / "beauty.npz")
    models: dict[str, Callable[[Pixels], float]] = {
        "quality": lambda view: quality(planes(view)).item(),
        "soundness": lambda view: soundness(torch.from_numpy(view.copy())[None]).item(),
        "beauty": lambda view: float(ridge(tails(planes(view)).double().numpy())[0]),
    }
    for name, model in models.items():
        session = onnxruntime.InferenceSession(out / f"{name}.onnx", providers=["CPUExecutionProvider"])
        exported = np.array([session.run([name], {"pixels": view[None]})[0][0] for view in views])
        with torch.inference_mode():
            wanted = np.array([model(view) for view in views])
        assert np.abs(exported - wanted).max() < 0.03, name
        assert np.corrcoef(exported, wanted)[0, 1] > 0.95, name


def test_a_killed_training_carries_on_as_if_nothing_had_happened(
    done: Done, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = replace(done.workshop, out=tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    first = start(again)
    while not (tmp_path / "fold0-upper.checkpoint").exists():
        assert first.is_alive()
        time.sleep(0.01)
    first.kill()
    first.join()
    assert first.exitcode == -signal.SIGKILL
    assert not list(tmp_path.glob("*.weights"))
    second = start(again)
    second.join()
    assert second.exitcode == 0

    imagenet = load_imagenet(done.workshop.lite0).state_dict()
    for name in ("fold0", "fold1", "all"):
        undisturbed, resumed = (torch.load(out / f"{name}.weights") for out in (done.workshop.out, tmp_path))
        assert all(torch.equal(undisturbed[part], resumed[part]) for part in undisturbed), name
        assert not torch.equal(undisturbed["encoder.stem.weight"], imagenet["stem.weight"])


def start(workshop: Workshop) -> multiprocessing.process.BaseProcess:
    """Train in a process of its own."""
    process = multiprocessing.get_context("spawn").Process(target=train.run, args=(workshop, RECIPE))
    process.start()
    return process


def quality_rows() -> list[dict[str, Any]]:
    """Return two series of four frames, spoilt and good, and two groups of two of the other subsets; dev rows too."""
    scores = {"ss01": (0.2, 0.7, 0.35, 0.85), "ss02": (0.4, 0.6), "ss03": (0.55, 0.8)}
    return [
        {
            "filename": f"{subset}_{group}{frame}_{split}.png",
            "split": split,
            "subset": subset,
            "series": f"s{group}" if subset == "ss01" else "",
            "mos": mos + 0.01 * group,
            "n_raters": 30,
            "group": f"g-{subset}_{group}_{split}",
        }
        for split in ("train", "dev")
        for subset, frames in scores.items()
        for group in (0, 1)
        for frame, mos in enumerate(frames)
    ]


def aesthetics_rows() -> list[dict[str, Any]]:
    """Return a photo for each theme, as many as the command makes folds."""
    return [
        {
            "filename": f"theme{theme}_{split}.png",
            "split": split,
            "beauty_mean": 2 + 0.4 * theme,
            "beauty_sd": 1.4,
            "n_raters": 100,
            "category": "Object",
            "theme": f"Theme{theme}",
            "valence": 4.7,
            "arousal": 2.4,
        }
        for split in ("train", "dev")
        for theme in range(10)
    ]


def write_rated(folder: Path, rows: list[dict[str, Any]], camera: Pixels, generator: np.random.Generator) -> None:
    """Write labels.csv, and the photos of the train rows: parts of one photo, the darker, the worse they are rated."""
    (folder / "images").mkdir(parents=True)
    for index, row in enumerate(rows):
        row["width"], row["height"] = width, height = SIZES[index % len(SIZES)]
        if row["split"] == "train":
            top, left = generator.integers(camera.shape[0] - height), generator.integers(camera.shape[1] - width)
            Image.fromarray(camera[top : top + height, left : left + width]).save(folder / "images" / row["filename"])
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as lines:
        table = csv.DictWriter(lines, list(rows[0]))
        table.writeheader()
        table.writerows(rows)


def published(stages: tuple[Any, ...], *, seed: int, exact: bool) -> dict[str, torch.Tensor]:
    """Return random weights under the names of the published ImageNet weights.

    Exact ones are kept by 8 bits without loss: through seventy random layers, unlike through trained ones, rounding
    grows as large as the difference between two photos.
    """
    encoder, generator = Encoder(stages), torch.Generator().manual_seed(seed)
    parts = {"_conv_stem": (encoder.stem, "_bn0"), "_conv_head": (encoder.head, "_bn1")}
    for index, block in enumerate(encoder.blocks):
        prefix = f"_blocks.{index}."
        if block.expand is not None:
            parts[f"{prefix}_expand_conv"] = block.expand, f"{prefix}_bn0"
        parts[f"{prefix}_depthwise_conv"] = block.depthwise, f"{prefix}_bn1"
        parts[f"{prefix}_project_conv"] = block.project, f"{prefix}_bn2"
    table = {}
    for name, (part, norm) in parts.items():
        steps = 254 * torch.rand(part.weight.shape, generator=generator) - 127
        if exact:
            steps = steps.round()
            steps[:, 0, 0, 0] = 127
        shifts = 0.1 * torch.randn(4, part.out_channels, generator=generator)
        # The spread of what goes in comes out again.
        table[f"{name}.weight"] = steps / 73 * (2 / steps[0].numel()) ** 0.5
        table[f"{norm}.weight"], table[f"{norm}.running_var"] = shifts[:2].exp()
        table[f"{norm}.bias"], table[f"{norm}.running_mean"] = shifts[2:]
    return table


def planes(view: Pixels) -> torch.Tensor:
    return torch.from_numpy(normalise(view))[None]
