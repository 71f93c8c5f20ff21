"""A photographer's own stars and picks as a rated set. Pure."""

from __future__ import annotations

import os
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from realqa_agent.dataset.record import Labelled, RatedSet
from realqa_agent.media.formats import is_raw, kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

NAME = "ratings"
SCALE = (0.0, 5.0)
"""A rejected photo counts as no star."""

WORST, BEST = SCALE
REJECTED = 1
PICKS: Mapping[int, float] = MappingProxyType({2: (WORST + BEST) / 2, 3: BEST})
"""digiKam's labels `pending` and `accepted` as stars, where nobody gave any."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What a human said of one file."""

    path: Path
    """Absolute."""
    stars: int | None
    """1 to 5, -1 for rejected."""
    pick: int | None
    """digiKam's label: 1 rejected, 2 pending, 3 accepted."""


def rated_set(folder: Path, shots: Sequence[Sequence[Said]]) -> RatedSet:
    """Return one photo of each shot that a human rated; a folder is a shoot, and a series.

    Clips are left out, as are shots whose files a human rated differently. Of a shot's files, the first that isn't RAW
    is taken. Accepted and pending count only where no photo has stars: among photos with stars they have no place.
    """
    starred = any(one.stars is not None and one.stars > 0 for shot in shots for one in shot)
    images = []
    for shot in shots:
        photos = sorted(
            (one.path for one in shot if kind_of(one.path) == "photo"), key=lambda path: (is_raw(path), path)
        )
        scores = {score for one in shot if (score := _score(one, starred=starred)) is not None}
        if photos and len(scores) == 1:
            images.append(_labelled(photos[0], folder, scores.pop()))
    return RatedSet(
        layout=NAME, name=folder.name, folder=folder, labels=(), role=None, scale=SCALE, images=tuple(images)
    )


def _labelled(photo: Path, folder: Path, score: float) -> Labelled:
    shoot = os.path.relpath(photo.parent, folder.parent)
    return Labelled(name=os.path.relpath(photo, folder), path=photo, score=score, series=shoot)


def _score(one: Said, *, starred: bool) -> float | None:
    if one.pick == REJECTED:
        return WORST
    if one.stars is not None:
        return max(WORST, one.stars)
    return None if starred or one.pick is None else PICKS[one.pick]
