"""Which pictures train, choose and test: by the published split, else by a hash of what belongs together. Pure.

A group's place depends on its name and the seed alone, so that it stays where it is when pictures are added.
"""

from __future__ import annotations

import hashlib
import os
import re
from typing import TYPE_CHECKING, Literal

from realqa_agent.culling.shots import shot_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from realqa_agent.dataset.record import Labelled, Split

Group = Literal["series", "folder", "name"]
GROUPS: tuple[Group, ...] = ("series", "folder", "name")
"""What is never cut: series (of pictures without one, near names), folders, or near names."""

Shares = tuple[float, float, float]
SHARES: Shares = (0.8, 0.1, 0.1)
"""Train, dev, test; of groups, not of pictures."""

NEAR = re.compile(r"(?:\s*\(\d+\)|[ _-]+(?:copy|edit|edited|crop|cropped|export)|(?<=\d)_\d\d)+")
"""Ends the names of a photo's versions: `IMG_1 (2)`, `IMG_1-edit`, darktable's `IMG_1_01`."""


def assign(images: Sequence[Labelled], folder: Path, *, seed: int, group: Group, shares: Shares | None) -> list[Split]:
    """Return the split of each picture; shares override what was published.

    A published split without dev gets one out of its train.
    """
    train, dev, _ = shares or SHARES
    has_dev = any(image.split == "dev" for image in images)
    found: list[Split] = []
    for image in images:
        place = _place(seed, _key(image, folder, group))
        if shares is not None or image.split is None:
            found.append("train" if place < train else "dev" if place < train + dev else "test")
        elif image.split == "train" and not has_dev:
            found.append("train" if place < train / (train + dev) else "dev")
        else:
            found.append(image.split)
    return found


def _key(image: Labelled, folder: Path, group: Group) -> str:
    if group == "series" and image.series is not None:
        return image.series
    within = os.path.relpath(image.path.parent, folder)
    return within if group == "folder" else f"{within}/{_near(shot_of(image.path))}"


def _near(name: str) -> str:
    """Return what all versions of a photo have of its name."""
    end = next((match.start() for match in NEAR.finditer(name) if match.end() == len(name)), len(name))
    return name[:end] or name


def _place(seed: int, key: str) -> float:
    """Return where a group lies, evenly from 0 to 1."""
    digest = hashlib.sha256(f"{seed}\n{key}".encode(errors="surrogateescape")).digest()
    return int.from_bytes(digest[:8]) / 2**64
