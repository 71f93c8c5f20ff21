r"""Fit the soundness head: is a tile at the camera's own resolution damaged? A linear read-out of middle maps.

    python -m training.firstlook.soundness --data ../shared/data --photos PHOTOS --weights OUT/all.weights \\
        --imagenet efficientnet-lite0-57934424.pth --out OUT

People rated frames of 512 px; nobody rated tiles of 24-megapixel photos, which look soft to eyes used to small
frames. So tiles are judged against known damage instead: 1 as the camera wrote it, 0.5 mildly, 0 strongly defocused,
shaken, noisy or over-compressed. The encoder is left alone: trained on such pairs together with the ratings, it
agreed less with people (held-out SRCC .887 instead of .905). Damage is a matter of texture, so the middle maps tell it
far better (mean squared error .05) than the last ones (.12).
"""

from __future__ import annotations

import argparse
import json
import logging
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold

from training.firstlook.data import load_labels
from training.firstlook.export import load_quality
from training.firstlook.maps import Chain, MapStore, photo_chains, rated_chains
from training.firstlook.model import QualityModel, load_imagenet
from training.firstlook.train import Recipe

LOG = logging.getLogger("firstlook.soundness")
Floats = NDArray[np.float64]

# Exposure is judged on the whole photo: one tile can't tell a dark forest from a dark exposure.
SPATIAL = ("defocus", "motion", "noise", "jpeg")
TARGETS = np.array([1.0, 0.5, 0.0])
STRENGTHS = (10.0, 30.0, 100.0, 300.0, 1000.0)
# The middle of a tile, in cells of 8 pixels: what the product looks at.
TILE_CELLS = 28


@torch.no_grad()
def features_of(chains: list[Chain], model: QualityModel) -> Floats:
    """Return the texture (n, 3, 464) of a tile of each chain: sound, mild, strong."""
    model.eval()
    rows = []
    for index, chain in enumerate(chains):
        if index % 100 == 0:
            LOG.info("features of damage chains %d/%d", index, len(chains))
        maps = torch.from_numpy(np.stack(chain.crop(TILE_CELLS, np.random.default_rng(index)))).float()
        rows.append(model.encoder.texture(maps).numpy())
    return np.array(rows, np.float64)


def fit(features: Floats, strength: float) -> tuple[Floats, float]:
    """Return weight (d) and bias of the ridge regression on chains (n, 3, d), features standardised."""
    mean, deviation = features.mean((0, 1)), features.std((0, 1)) + 1e-6
    standardised = ((features - mean) / deviation).reshape(-1, features.shape[-1])
    head = Ridge(alpha=strength).fit(standardised, np.tile(TARGETS, len(features)))
    weight = head.coef_ / deviation
    return weight, float(head.intercept_ - weight @ mean)


def held_out(features: Floats, groups: list[str], strength: float) -> Floats:
    """Return the soundness (n, 3) of each chain by a head that has not seen its photo."""
    predicted = np.zeros(features.shape[:2])
    for fitted, unseen in GroupKFold(5, shuffle=True, random_state=0).split(features, groups=groups):
        weight, bias = fit(features[fitted], strength)
        predicted[unseen] = features[unseen] @ weight + bias
    return predicted


def main() -> None:
    """Choose the strength by group cross-validation, fit, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--photos", type=Path, required=True, help="folder of freely licensed large photos to damage")
    parser.add_argument("--weights", type=Path, required=True, help="all.weights of training.firstlook.train")
    parser.add_argument("--imagenet", type=Path, required=True, help="efficientnet-lite0-57934424.pth")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    seed = Recipe().seed
    rated = [photo for photo in load_labels(arguments.data, "quality") if photo.split == "train"]
    store = MapStore(load_imagenet(arguments.imagenet), arguments.out / "maps")
    chains = rated_chains(rated, store, seed) + photo_chains(arguments.photos, store, seed)
    chains = [chain for chain in chains if chain.kind in SPATIAL]
    features = features_of(chains, load_quality(arguments.weights))
    groups = [chain.group for chain in chains]

    errors = {s: float(((held_out(features, groups, s) - TARGETS) ** 2).mean()) for s in STRENGTHS}
    strength = min(errors, key=lambda tried: errors[tried])
    LOG.info("mean squared error by strength: %s", {s: round(error, 4) for s, error in errors.items()})
    predicted = held_out(features, groups, strength)
    for kind in SPATIAL:
        chosen = predicted[[chain.kind == kind for chain in chains]]
        down = [float((chosen[:, step] > chosen[:, step + 1]).mean()) for step in (0, 1)]
        LOG.info("%s: soundness %s, steps down %s", kind, chosen.mean(0).round(2), np.round(down, 3))
    weight, bias = fit(features, strength)
    table = {"weight": weight.tolist(), "bias": bias}
    (arguments.out / "soundness.json").write_text(json.dumps(table) + "\n")


if __name__ == "__main__":
    main()
