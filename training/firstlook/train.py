"""Train the quality head on human ratings.

    python -m training.firstlook.train --data ../shared/data --imagenet efficientnet-lite0-57934424.pth --out OUT

Trains one model for each fold of the train rows (for the figures and the calibration), then the model that ships on
all train rows. Killed at any moment, the same command carries on from the last epoch. The dev rows are never opened.

Two things make this a matter of minutes on a laptop: the lower third of the encoder stays as ImageNet left it, so its
maps of every picture are computed once; and the depthwise kernels stay too (they hold 3 % of the parameters, and
their gradient would take four fifths of the time).
"""

from __future__ import annotations

import argparse
import logging
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812  # the name every PyTorch text uses
from torch import Tensor

from training.firstlook.data import Rated, folds, load_labels
from training.firstlook.evaluate import quality_figures
from training.firstlook.maps import MapStore
from training.firstlook.model import LOWER_BLOCKS, QualityModel, load_imagenet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

# Two ratings closer than this do not differ for sure; two predictions are told apart over about this width.
RATING_NOISE = 0.05
RANK_WIDTH = 0.05

LOG = logging.getLogger("firstlook.train")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What was chosen by cross-validation on train rows."""

    epochs: int = 9
    folds: int = 5
    seed: int = 20251125
    batch: int = 32
    series_frames: int = 4
    crops: tuple[int, ...] = (24, 32, 40)  # in cells of 8 px: 192 to 320 px
    squashed: float = 1 / 3  # share of steps that see whole photos at 224 px
    learning_rate: float = 3e-4
    head_learning_rate: float = 1.5e-3
    weight_decay: float = 0.05
    warm_up_steps: int = 50
    average_decay: float = 0.995
    ranking: float = 0.5
    correlation: float = 0.2


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """Where a run starts from and where it leaves its checkpoints."""

    imagenet: Path
    out: Path


def train_model(
    name: str,
    rated: list[Rated],
    store: MapStore,
    recipe: Recipe,
    workshop: Workshop,
) -> QualityModel:
    """Train one model; return the running average of its weights."""
    torch.manual_seed(recipe.seed)
    generator = np.random.default_rng(recipe.seed)
    model, average = new_model(workshop.imagenet), new_model(workshop.imagenet).eval()
    average.load_state_dict(model.state_dict())
    optimiser = new_optimiser(model, recipe)
    checkpoint, first_epoch = workshop.out / f"{name}.checkpoint", 0
    if checkpoint.exists():
        first_epoch = restore(checkpoint, model, average, optimiser, generator)
    steps = sum(1 for _ in batches(rated, recipe, np.random.default_rng(0)))
    for epoch in range(first_epoch, recipe.epochs):
        model.train()
        losses = []
        for index, batch in enumerate(batches(rated, recipe, generator)):
            step = epoch * steps + index
            set_learning_rate(optimiser, recipe, step, recipe.epochs * steps)
            loss = batch_loss(model, [rated[photo] for photo in batch], store, recipe, generator)
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimiser.step()
            update_average(average, model, recipe, step)
            losses.append(loss.item())
            if index % 20 == 0:
                LOG.info("%s epoch %d/%d step %d/%d loss %.3f", name, epoch + 1, recipe.epochs, index, steps, loss)
        LOG.info("%s epoch %d/%d done, mean loss %.4f", name, epoch + 1, recipe.epochs, np.mean(losses))
        save(checkpoint, epoch + 1, model, average, optimiser, generator)
    return average


def new_model(imagenet: Path) -> QualityModel:
    """Return the model to train, with the parts frozen that stay as ImageNet left them."""
    model = QualityModel(load_imagenet(imagenet))
    model.encoder.stem.requires_grad_(requires_grad=False)
    for index, block in enumerate(model.encoder.blocks):
        block.requires_grad_(requires_grad=index >= LOWER_BLOCKS)
        block.depthwise.requires_grad_(requires_grad=False)
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in torch's stubs
    return model


def new_optimiser(model: QualityModel, recipe: Recipe) -> torch.optim.AdamW:
    """Return AdamW with its own rate for the head, which starts from nothing."""
    encoder = [parameter for parameter in model.encoder.parameters() if parameter.requires_grad]
    return torch.optim.AdamW(
        [
            {"params": encoder, "full_rate": recipe.learning_rate},
            {"params": list(model.quality.parameters()), "full_rate": recipe.head_learning_rate},
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
    """Yield every photo once, a few frames of one series always side by side, so that a batch has pairs to rank."""
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


def batch_loss(
    model: QualityModel, photos: list[Rated], store: MapStore, recipe: Recipe, generator: np.random.Generator
) -> Tensor:
    """Return the loss of a random crop of each photo, or of the whole photos squashed."""
    if generator.random() < recipe.squashed:
        views = [store.squashed(photo.file, generator) for photo in photos]
    else:
        side = int(generator.choice(recipe.crops))
        views = [store.crop(photo.file, side, generator) for photo in photos]
    maps = torch.from_numpy(np.stack(views)).float()
    with torch.autocast("cpu", torch.bfloat16):
        predicted = model.from_lower(maps.contiguous(memory_format=torch.channels_last))
    human = torch.tensor([photo.score for photo in photos])
    return rated_loss(predicted, human, [photo.series for photo in photos], recipe)


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
def update_average(average: QualityModel, model: QualityModel, recipe: Recipe, step: int) -> None:
    """Move the average towards the model; quicker at first, so that it forgets the start."""
    decay = min(recipe.average_decay, (step + 1) / (step + 20))
    for kept, current in zip(average.parameters(), model.parameters(), strict=True):
        kept.lerp_(current, 1 - decay)


@torch.no_grad()
def predict(model: QualityModel, rated: list[Rated], store: MapStore) -> NDArray[np.float64]:
    """Return the quality of each photo, whole and squashed, and the spread of its local qualities, (n, 3)."""
    model.eval()
    rows = []
    for photo in rated:
        whole, squashed = (
            model.local(torch.from_numpy(maps).float()[None])
            for maps in (store.whole(photo.file), store.squashed(photo.file))
        )
        rows.append([whole.mean().item(), squashed.mean().item(), whole.std(correction=0).item()])
    return np.array(rows)


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
    state = torch.load(checkpoint, weights_only=True)
    model.load_state_dict(state["model"])
    average.load_state_dict(state["average"])
    optimiser.load_state_dict(state["optimiser"])
    generator.bit_generator.state = state["numpy_generator"]
    torch.set_rng_state(state["torch_generator"])
    return int(state["epochs_done"])


def main() -> None:
    """Train the folds and the model that ships."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with quality/labels.csv")
    parser.add_argument("--imagenet", type=Path, required=True, help="efficientnet-lite0-57934424.pth")
    parser.add_argument("--out", type=Path, required=True, help="maps, checkpoints, weights and held-out predictions")
    parser.add_argument("--only", nargs="*", help="train only these of fold0, fold1, …, all")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    arguments.out.mkdir(parents=True, exist_ok=True)
    recipe = Recipe()

    rated = [photo for photo in load_labels(arguments.data, "quality") if photo.split == "train"]
    encoder = load_imagenet(arguments.imagenet)
    store = MapStore(encoder, arguments.out / "maps")
    store.fill([photo.file for photo in rated])
    fold_of = folds(rated, recipe.folds, recipe.seed)
    workshop = Workshop(imagenet=arguments.imagenet, out=arguments.out)

    for name in arguments.only or [*(f"fold{fold}" for fold in range(recipe.folds)), "all"]:
        held_out = fold_of == (int(name.removeprefix("fold")) if name != "all" else -1)
        fitted = [photo for photo, out in zip(rated, held_out, strict=True) if not out]
        rest = [photo for photo, out in zip(rated, held_out, strict=True) if out]
        model = train_model(name, fitted, store, recipe, workshop)
        torch.save(model.state_dict(), arguments.out / f"{name}.weights")
        if rest:
            whole, squashed, _ = predict(model, rest, store).T
            for view, scores in (("whole", whole), ("squashed", squashed), ("both", (whole + squashed) / 2)):
                for measure, figure in quality_figures(rest, scores).items():
                    LOG.info("%s held out, %s: %s %s", name, view, measure, figure)


if __name__ == "__main__":
    main()
