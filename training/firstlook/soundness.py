"""Fit the soundness network: is a tile at the camera's own resolution damaged? A linear read-out of middle maps.

People rated frames of 512 px; nobody rated tiles of 24-megapixel photos, which look soft to eyes used to small
frames. So tiles are judged against known damage instead: 1 as the camera wrote it, 0.5 mildly, 0 strongly defocused,
shaken, noisy or over-compressed. The encoder stays as ImageNet left it: teaching the quality network such pairs beside
the ratings made it agree less with people (held-out SRCC .887 instead of .905), and its maps tell damage about as well
as these. Damage is a matter of texture, so the middle maps tell it far better than the
last ones (.12).
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold

from training.firstlook.data import load_labels
from training.firstlook.maps import Chain, MapStore, photo_chains, rated_chains
from training.firstlook.model import Encoder, load_imagenet
from training.firstlook.train import CHOSEN

if TYPE_CHECKING:
    from training.firstlook.workshop import Workshop

LOG = logging.getLogger("firstlook.soundness")
Floats = NDArray[np.float64]

# Exposure is judged on the whole photo: one tile can't tell a dark forest from a dark exposure.
SPATIAL = ("defocus", "motion", "noise", "jpeg")
TARGETS = np.array([1.0, 0.5, 0.0])
STRENGTHS = (10.0, 30.0, 100.0, 300.0, 1000.0)
# The middle of a tile, in cells of 8 pixels: what the product looks at.
TILE_CELLS = 28


@torch.no_grad()
def features_of(chains: list[Chain], encoder: Encoder) -> Floats:
    """Return the texture (n, 3, 464) of a tile of each chain: sound, mild, strong."""
    encoder.eval()
    rows = []
    for index, chain in enumerate(chains):
        if index % 100 == 0:
            LOG.info("features of damage chains %d/%d", index, len(chains))
        maps = torch.from_numpy(np.stack(chain.crop(TILE_CELLS, np.random.default_rng(index)))).float()
        rows.append(encoder.texture(maps).numpy())
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


def run(workshop: Workshop) -> None:
    """Choose the strength by group cross-validation, fit, report, write `soundness.json`."""
    seed = CHOSEN.seed
    rated = [photo for photo in load_labels(workshop.data, "quality") if photo.split == "train"]
    encoder = load_imagenet(workshop.lite0)
    store = MapStore(encoder, workshop.out / "maps")
    chains = rated_chains(rated, store, seed) + photo_chains(workshop.photos, store, seed)
    chains = [chain for chain in chains if chain.kind in SPATIAL]
    features = features_of(chains, encoder)
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
    (workshop.out / "soundness.json").write_text(json.dumps({"weight": weight.tolist(), "bias": bias}) + "\n")
