"""Simulated photographers: first looks at made-up shoots, and users who rate them by a preference that is known."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from realqa_agent.assessment import ATTRIBUTES, HIGHEST, LOWEST, UNKNOWN, Assessment, Judgement
from realqa_agent.taste.shoots import Opinion, Rated, shoots_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from realqa_agent.taste.shoots import Shoot

    Preference = Callable[[Assessment, Random], float]
    """How well a user likes a photo, on any scale."""


def likes_colour(photo: Assessment, random: Random) -> float:
    """Agrees with the first look, but for a liking for colour and open backgrounds, and is not always consistent."""
    colour = photo.measures["colourfulness"] / 12
    background = photo.attributes["background_clutter"].score or 6.0
    return photo.overall + colour + 0.4 * background + random.gauss(0, 0.8)


def agrees(photo: Assessment, random: Random) -> float:
    return photo.overall + random.gauss(0, 0.8)


def throws_dice(_: Assessment, random: Random) -> float:
    return random.random()


def looks(count: int, *, seed: int = 0) -> list[Assessment]:
    """Return first looks in which nothing hangs together, the same for the same seed."""
    random = _random(seed)
    return [_look(random) for _ in range(count)]


def _random(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - the same each time


def _look(random: Random) -> Assessment:
    quality, aesthetic = _score(random, 5.5, 1.2), _score(random, 5.0, 1.0)
    attributes = {name: Judgement(value="so", score=_score(random, 6.0, 1.5), reason="seen") for name in ATTRIBUTES}
    attributes["subject_and_background"] = Judgement(value=UNKNOWN, score=None, reason="it can't be told")
    if random.random() < 0.2:
        attributes["background_clutter"] = Judgement(value=UNKNOWN, score=None, reason="there is none")
    return Assessment(
        scorer="firstlook",
        version="1",
        quality=quality,
        aesthetic=aesthetic,
        overall=(quality + aesthetic) / 2,
        attributes=attributes,
        measures={
            "colourfulness": abs(random.gauss(40, 20)),
            "median_luma": random.uniform(30, 200),
            "contrast": random.uniform(20, 70),
            "noise": random.uniform(0, 3),
        },
    )


def shoots(preference: Preference, *, count: int, photos: int = 10, seed: int = 0) -> list[Shoot]:
    """Return shoots that a user rated by their preference: the fifths of each get one to five stars."""
    random = _random(seed)
    rated = []
    for number in range(count):
        liked = sorted((_look(random) for _ in range(photos)), key=lambda each: preference(each, random))
        rated += [
            Rated(
                shoot=f"shoot {number:02}", opinion=Opinion(stars=1 + 5 * place // photos, pick=None), assessment=each
            )
            for place, each in enumerate(liked)
        ]
    return shoots_of(rated)


def _score(random: Random, mean: float, spread: float) -> float:
    return min(HIGHEST, max(LOWEST, random.gauss(mean, spread)))
