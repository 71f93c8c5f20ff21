"""Damage of known size, done at native resolution to photos of four cameras, costs what it should."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import ExifTags, Image
from support import damage

from realqa_agent.assessment import Decision
from realqa_agent.capture import CaptureFacts
from realqa_agent.config import Profile
from realqa_agent.culling.policy import judge

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from realqa_agent.assessment import Assessment

    Pixels = npt.NDArray[np.uint8]
    Assess = Callable[..., Assessment]

NATIVE = Path(__file__).parent / "native"
PHOTOS = ("bridge", "fig", "nuthatch", "rocks")

LOSSES: dict[str, tuple[Callable[[Pixels, float], Pixels], Sequence[float]]] = {
    "defocus": (damage.defocused, (2, 4, 8)),
    "motion": (damage.shaken, (6, 12, 24)),
    "noise": (damage.grainy, (10, 20, 40)),
}
"""Damage in growing steps: radius and length in pixels, noise in levels."""

STEP_SLACK = 0.75
"""Points by which the next step may score higher: two sizes of ruin are hard to rank."""


@pytest.fixture(scope="module", params=PHOTOS)
def pixels(request: pytest.FixtureRequest) -> Pixels:
    with Image.open(NATIVE / f"{request.param}.jpg") as photo:
        return np.asarray(photo)


@pytest.fixture(scope="module")
def good(pixels: Pixels, assess: Assess) -> Assessment:
    return assess(pixels)


def score(assessment: Assessment, name: str) -> float:
    judgement = assessment.attributes[name]
    assert judgement.score is not None, judgement.reason
    return judgement.score


def decision(assessment: Assessment) -> Decision:
    return judge(assessment, CaptureFacts(), Profile()).decision


def test_an_undamaged_photo_is_good_and_kept(good: Assessment) -> None:
    assert good.quality > 5.5
    assert good.attributes["image_clarity"].value == "clear"
    assert good.attributes["exposure"].value == "properly exposed"
    assert decision(good) is Decision.KEEP


@pytest.mark.parametrize("kind", LOSSES)
def test_more_damage_costs_more(kind: str, pixels: Pixels, good: Assessment, assess: Assess) -> None:
    spoil, sizes = LOSSES[kind]
    damaged = [assess(spoil(pixels, size)) for size in sizes]
    path = [good.quality, *(each.quality for each in damaged)]
    for before, after in pairwise(path):
        assert after < before + STEP_SLACK
    assert path[-1] < path[0] - (1.5 if kind == "noise" else 2.5)
    assert damaged[-1].quality < 5
    assert score(damaged[-1], "image_clarity") < score(good, "image_clarity") - 0.5
    assert decision(damaged[-1]) is not Decision.KEEP
    clarity = [score(each, "image_clarity") for each in (good, *damaged)]
    assert clarity == sorted(clarity, reverse=True)
    assert clarity[-1] < (6 if kind == "noise" else 4.5)
    assert score(damaged[0], "exposure") == pytest.approx(score(good, "exposure"), abs=1)


def test_hard_compression_lowers_quality(pixels: Pixels, good: Assessment, assess: Assess) -> None:
    path = [good.quality, *(assess(damage.compressed(pixels, quality)).quality for quality in (12, 4))]
    assert path == sorted(path, reverse=True)
    assert path[1] < path[0] - 0.5
    assert path[2] < path[0] - 2.5


def test_defocus_is_named_and_is_never_kept(pixels: Pixels, assess: Assess) -> None:
    lost = assess(damage.defocused(pixels, 10))
    assert "out of focus" in lost.attributes["image_clarity"].reason
    assert decision(lost) in {Decision.REJECT, Decision.REVIEW}


@pytest.mark.parametrize("stops", [(-2, -4), (2, 3.5)], ids=["dark", "bright"])
def test_more_or_less_light_costs_exposure(
    stops: tuple[float, float], pixels: Pixels, good: Assessment, assess: Assess
) -> None:
    some, much = (assess(damage.exposed(pixels, each)) for each in stops)
    assert score(some, "exposure") < score(good, "exposure") + 0.5
    assert score(much, "exposure") < score(some, "exposure")
    assert score(much, "exposure") < score(good, "exposure") - 0.5
    assert much.quality < good.quality + 0.5
    side = "under" if stops[0] < 0 else "over"
    # Luma hardly counts red: the fig in its red bowl stays properly exposed although red burns out.
    if much.attributes["exposure"].value != "properly exposed":
        assert f"{side}exposed" in much.attributes["exposure"].value


def test_the_photos_are_native_and_may_be_passed_on() -> None:
    files = sorted(NATIVE.glob("*.jpg"))
    readme = (NATIVE / "README.md").read_text()
    assert [file.stem for file in files] == sorted(PHOTOS)
    assert sum(file.stat().st_size for file in files) <= 1_100_000
    for file in files:
        with Image.open(file) as photo:
            exif = photo.getexif()
            assert photo.size == (1280, 960)
        assert set(exif) == {ExifTags.Base.Artist, ExifTags.Base.Copyright}
        author, rights = exif[ExifTags.Base.Artist], exif[ExifTags.Base.Copyright]
        (row,) = [line for line in readme.splitlines() if f"`{file.name}`" in line]
        assert author in row
        assert f"[{rights.removeprefix(f'{author}, ')}]" in row
