"""What a taste makes of an assessment, worked out by hand."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
from support.photographers import looks

from realqa_agent.assessment import HIGHEST, Assessment, Taste
from realqa_agent.taste.head import BOUND, Head, Weight

COLOURFUL = Weight(name="colourfulness", usual=5.0, spread=2.0, points=0.4)
OPEN = Weight(name="background_clutter", usual=6.0, spread=1.0, points=0.3)
SHARP = Weight(name="image_clarity", usual=6.0, spread=1.5, points=-0.01)


def head(*weights: Weight, version: str = "1") -> Head:
    return Head(scorer="firstlook", version=version, weights=weights)


def photo(*, overall: float = 6.0, colour: float = 49.0, background: float = 7.0) -> Assessment:
    (plain,) = looks(1, seed=3)
    judged = replace(plain.attributes["background_clutter"], value="so", score=background)
    return replace(
        plain,
        overall=overall,
        attributes={**plain.attributes, "background_clutter": judged},
        measures={**plain.measures, "colourfulness": colour},
    )


def test_points_are_added_and_told() -> None:
    tasted = head(COLOURFUL, OPEN, SHARP).applied(photo(colour=49.0, background=7.0))
    sharpness = photo().attributes["image_clarity"].score
    assert sharpness is not None
    # The root of 49 is one deviation above 5, 7 is one above 6.
    points = 0.4 + 0.3 - 0.01 * (sharpness - 6.0) / 1.5
    assert tasted.overall == round(6.0 + BOUND * math.tanh(points / BOUND), 2) == 6.65
    assert tasted.taste == Taste(without=6.0, because=("strong colour", "open background"))
    assert tasted.taste_told == "overall 6.65, of which +0.65 by your taste (strong colour, open background)"
    assert replace(tasted, overall=6.0, taste=None) == photo()


def test_what_speaks_against_a_photo_is_named_by_what_it_has() -> None:
    tasted = head(COLOURFUL, OPEN).applied(photo(colour=9.0, background=6.5))
    # The root of 9 is one deviation under 5: -0.4; the background speaks for it, and isn't named.
    assert tasted.overall == round(6.0 + BOUND * math.tanh(-0.25 / BOUND), 2) == 5.75
    assert tasted.taste_told == "overall 5.75, of which -0.25 by your taste (muted colour)"


def test_no_measure_and_no_taste_is_without_bounds() -> None:
    strong = replace(COLOURFUL, points=100.0)
    assert head(strong).applied(photo(colour=10_000.0)).taste_shift == BOUND
    assert head(strong).applied(photo(colour=0.0)).taste_shift == -BOUND
    assert head(strong).applied(photo(overall=9.5, colour=10_000.0)).overall == HIGHEST
    one, two = (head(COLOURFUL).applied(photo(colour=colour)) for colour in (11.0**2, 10_000.0))
    assert one.overall == two.overall


def test_unknown_counts_as_usual() -> None:
    plain = photo()
    assert head(Weight(name="scene_ev", usual=5.0, spread=1.0, points=2.0)).applied(plain).overall == plain.overall


def test_taste_is_no_other_versions_and_never_comes_twice() -> None:
    plain = photo()
    tasted = head(COLOURFUL).applied(plain)
    assert head(COLOURFUL).applied(tasted) == tasted
    assert head(OPEN).applied(tasted) == head(OPEN).applied(plain)
    assert head(COLOURFUL, version="2").applied(tasted) == plain
    assert tasted.without_taste() == plain
    assert plain.without_taste() is plain


def test_kept_and_read_again() -> None:
    taste = head(COLOURFUL, OPEN)
    kept = json.loads(json.dumps(taste.as_json()))
    assert Head.from_json(kept) == taste
    kept["weights"].append({"name": "of another version", "usual": 0.0, "spread": 1.0, "points": 1.0})
    assert Head.from_json(kept) == taste


def test_likes_come_heaviest_first_by_what_is_liked() -> None:
    likes = head(
        SHARP, COLOURFUL, replace(OPEN, points=-5.0), Weight(name="noise", usual=1, spread=1, points=0)
    ).likes()
    assert [words for words, _ in likes] == ["busy background", "strong colour", "soft picture"]
    assert [points for _, points in likes] == pytest.approx([1.5, 0.39, 0.01], abs=0.01)
