"""Train the quality network on human ratings, in two stages.

First the upper two thirds: the lower third stays as ImageNet left it, so its maps of every picture are computed once,
and so do the depthwise kernels (3 % of the parameters; their gradient takes four fifths of the time). Then, for a few
epochs at a low rate, everything. A model for each fold of the train rows gives the figures and the calibration, the
last one, on all of them, ships. Killed at any moment, it carries on from the last epoch. The dev rows are never opened.
"""

from __future__ import annotations

import copy
import logging
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812  # the name every PyTorch text uses
from torch import Tensor

from realqa_agent.scoring.firstlook.heads import weighed
from realqa_agent.scoring.firstlook.views import glance_of
from training.firstlook.data import Rated, folds, load_labels, normalise, read_pixels
from training.firstlook.maps import MapStore
from training.firstlook.model import LOWER_BLOCKS, QualityModel, load_imagenet
from training.firstlook.views import MapViews, PixelViews

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from training.firstlook.views import Views
    from training.firstlook.workshop import Workshop

# Two ratings closer than this do not differ for sure; two predictions are told apart over about this width.
RATING_NOISE = 0.05
RANK_WIDTH = 0.05

LOG = logging.getLogger("firstlook.train")


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One of the two."""

    name: str
    epochs: int
    learning_rate: float
    head_learning_rate: float
    average_decay: float
    everything: bool
    """Whether all weights are free."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What was chosen by cross-validation on train rows."""

    stages: tuple[Stage, ...] = (
        Stage(
            name="upper",
            epochs=9,
            learning_rate=3e-4,
            head_learning_rate=1.5e-3,
            average_decay=0.995,
            everything=False,
        ),
        Stage(
            name="everything",
            epochs=3,
            learning_rate=1e-4,
            head_learning_rate=2e-4,
            average_decay=0.99,
            everything=True,
        ),
    )
    folds: int = 5
    seed: int = 20251125
    batch: int = 32
    series_frames: int = 4
    weight_decay: float = 0.05
    warm_up_steps: int = 50
    ranking: float = 0.5
    correlation: float = 0.2


CHOSEN = Recipe()


def train_model(name: str, rated: list[Rated], store: MapStore, recipe: Recipe, workshop: Workshop) -> QualityModel:
    """Train one model through all stages."""
    torch.manual_seed(recipe.seed)
    model = QualityModel(load_imagenet(workshop.lite0)).to(workshop.device)
    for stage in recipe.stages:
        views = PixelViews() if stage.everything else MapViews(store)
        model = run_stage(model, stage, views, rated, recipe, workshop.out / f"{name}-{stage.name}.checkpoint")
    return model.cpu()


def run_stage(
    start: QualityModel, stage: Stage, views: Views, rated: list[Rated], recipe: Recipe, checkpoint: Path
) -> QualityModel:
    """Train from `start`; return the running average of the weights."""
    torch.manual_seed(recipe.seed)
    generator = np.random.default_rng(recipe.seed)
    model = freed(start, stage)
    average = copy.deepcopy(model).eval()
    optimiser = new_optimiser(model, stage, recipe)
    first_epoch = restore(checkpoint, model, average, optimiser, generator) if checkpoint.exists() else 0
    steps = sum(1 for _ in batches(rated, recipe, np.random.default_rng(0)))
    for epoch in range(first_epoch, stage.epochs):
        model.train()
        losses = []
        for index, batch in enumerate(batches(rated, recipe, generator)):
            step = epoch * steps + index
            set_learning_rate(optimiser, recipe, step, stage.epochs * steps)
            photos = [rated[photo] for photo in batch]
            with torch.autocast(model.quality.weight.device.type, torch.bfloat16):
                predicted = views.predict(model, photos, generator)
            human = torch.tensor([photo.score for photo in photos])
            loss = rated_loss(predicted.float().cpu(), human, [photo.series for photo in photos], recipe)
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimiser.step()
            update_average(average, model, stage.average_decay, step)
            losses.append(loss.item())
            if index % 20 == 0:
                LOG.info("%s %d/%d step %d/%d loss %.3f", checkpoint.stem, epoch + 1, stage.epochs, index, steps, loss)
        LOG.info("%s %d/%d done, mean loss %.4f", checkpoint.stem, epoch + 1, stage.epochs, np.mean(losses))
        save(checkpoint, epoch + 1, model, average, optimiser, generator)
    return average


def freed(start: QualityModel, stage: Stage) -> QualityModel:
    """Return a copy of the model to train, with the parts frozen that the stage leaves alone."""
    model = copy.deepcopy(start).requires_grad_()
    if not stage.everything:
        model.encoder.stem.requires_grad_(requires_grad=False)
        for index, block in enumerate(model.encoder.blocks):
            block.requires_grad_(requires_grad=index >= LOWER_BLOCKS)
            block.depthwise.requires_grad_(requires_grad=False)
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in torch's stubs
    return model


def new_optimiser(model: QualityModel, stage: Stage, recipe: Recipe) -> torch.optim.AdamW:
    """Return AdamW with its own rate for the head, which starts from nothing."""
    encoder = [parameter for parameter in model.encoder.parameters() if parameter.requires_grad]
    return torch.optim.AdamW(
        [
            {"params": encoder, "full_rate": stage.learning_rate},
            {"params": list(model.quality.parameters()), "full_rate": stage.head_learning_rate},
        ],
        weight_decay=recipe.weight_decay,
    )


def set_learning_rate(optimiser: torch.optim.Optimizer, recipe: Recipe, step: int, steps: int) -> None:
    """Warm up linearly, then follow half a cosine down to a fiftieth."""
    warm = min(1.0, (step + 1) / recipe.warm_up_steps)
    share = 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, step / steps)))
    for group in optimiser.param_groups:
        group["lr"] = group["full_rate"] * warm * share


def batches(rated: list[Rated], recipe: Recipe, generator: np.random.Generator) -> Iterator[list[int]]:
    """Yield each photo once, a few frames of one series always side by side, so that a batch has pairs to rank.

    What does not fill a last batch is left out until the next epoch.
    """
    by_series: dict[str, list[int]] = {}
    for index, photo in enumerate(rated):
        by_series.setdefault(photo.series or photo.file.name, []).append(index)
    chunks = []
    for members in by_series.values():
        frames = [int(frame) for frame in generator.permutation(members)]
        chunks += [
            frames[start : start + recipe.series_frames] for start in range(0, len(frames), recipe.series_frames)
        ]
    batch: list[int] = []
    for chunk in generator.permutation(len(chunks)):
        batch += chunks[chunk]
        if len(batch) >= recipe.batch:
            yield batch
            batch = []


def rated_loss(predicted: Tensor, human: Tensor, series: list[str], recipe: Recipe) -> Tensor:
    """Return distance to the human scores, plus wrong order (within a series above all), plus lack of correlation."""
    distance = 4 * F.smooth_l1_loss(predicted, human, beta=0.05)
    gap = human[:, None] - human
    same = torch.tensor([[bool(one) and one == other for other in series] for one in series])
    weight = (gap > RATING_NOISE) * (1.0 + 4.0 * same)
    lacking = gap.clamp(max=3 * RATING_NOISE) - (predicted[:, None] - predicted)
    order = 0.3 * (weight * F.softplus(lacking / RANK_WIDTH)).sum() / weight.sum().clamp(min=1)
    correlation = torch.corrcoef(torch.stack([predicted, human]))[0, 1]
    return distance + recipe.ranking * order + recipe.correlation * (1 - correlation)


@torch.no_grad()
def update_average(average: QualityModel, model: QualityModel, slowest: float, step: int) -> None:
    """Move the average towards the model; quicker at first, so that it forgets the start."""
    decay = min(slowest, (step + 1) / (step + 20))
    for kept, current in zip(average.parameters(), model.parameters(), strict=True):
        kept.lerp_(current, 1 - decay)


@torch.no_grad()
def predict(model: QualityModel, rated: list[Rated]) -> NDArray[np.float64]:
    """Return the quality of each photo, (n,), from the view and the glance that the product takes."""
    model.eval()
    qualities = []
    for photo in rated:
        pixels = read_pixels(photo.file)
        seen, glance = (model(torch.from_numpy(normalise(view))[None]).item() for view in (pixels, glance_of(pixels)))
        qualities.append(weighed(seen, glance))
    return np.array(qualities)


def save(
    checkpoint: Path,
    epochs_done: int,
    model: QualityModel,
    average: QualityModel,
    optimiser: torch.optim.Optimizer,
    generator: np.random.Generator,
) -> None:
    """Write the checkpoint whole or not at all."""
    state = {
        "epochs_done": epochs_done,
        "model": model.state_dict(),
        "average": average.state_dict(),
        "optimiser": optimiser.state_dict(),
        "numpy_generator": generator.bit_generator.state,
        "torch_generator": torch.get_rng_state(),
    }
    unfinished = checkpoint.with_suffix(".unfinished")
    torch.save(state, unfinished)
    unfinished.replace(checkpoint)


def restore(
    checkpoint: Path,
    model: QualityModel,
    average: QualityModel,
    optimiser: torch.optim.Optimizer,
    generator: np.random.Generator,
) -> int:
    """Put everything back as it was; return the number of epochs done."""
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    model.load_state_dict(state["model"])
    average.load_state_dict(state["average"])
    optimiser.load_state_dict(state["optimiser"])
    generator.bit_generator.state = state["numpy_generator"]
    torch.set_rng_state(state["torch_generator"])
    return int(state["epochs_done"])


def run(workshop: Workshop, recipe: Recipe = CHOSEN) -> None:
    """Train a model for each fold, then the one that ships."""
    rated = [photo for photo in load_labels(workshop.data, "quality") if photo.split == "train"]
    store = MapStore(load_imagenet(workshop.lite0), workshop.out / "maps")
    store.fill([photo.file for photo in rated])
    fold_of = folds(rated, recipe.folds, recipe.seed)
    for fold in (*range(recipe.folds), None):
        name = "all" if fold is None else f"fold{fold}"
        fitted = [photo for photo, held_out_by in zip(rated, fold_of, strict=True) if held_out_by != fold]
        model = train_model(name, fitted, store, recipe, workshop)
        torch.save(model.state_dict(), workshop.out / f"{name}.weights")
