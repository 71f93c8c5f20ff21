"""What is done to a subject, its surroundings or its frame moves the attribute that it concerns, and says so.

Some on drawn scenes; most on photos, the samples and the crops in `native/`, since saliency is at home in neither.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from support import damage, retouch

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt
    from support.retouch import Box

    from realqa_agent.assessment import Assessment

    Pixels = npt.NDArray[np.uint8]
    Assess = Callable[..., Assessment]

SAMPLES, NATIVE = Path(__file__).parents[3] / "samples", Path(__file__).parent / "native"
MEASURED = ("image_clarity", "exposure", "saturation", "level_shot")

SUBJECTS: dict[str, tuple[Path, Box]] = {
    "fig": (SAMPLES / "fig.jpg", (0.40, 0.34, 0.71, 0.75)),
    "close fig": (NATIVE / "fig.jpg", (0.14, 0.20, 0.73, 0.92)),
    "sun": (SAMPLES / "sunset.jpg", (0.36, 0.36, 0.62, 0.66)),
    "dogs": (SAMPLES / "dogs_out_of_focus.jpg", (0.33, 0.18, 0.65, 0.67)),
    "dandelion": (SAMPLES / "dandelions.jpg", (0.13, 0.18, 0.47, 0.60)),
    "nuthatch": (NATIVE / "nuthatch.jpg", (0.30, 0.0, 0.85, 0.98)),
}
"""Photos, and the ellipses that their subjects fill."""


def pixels_of(file: Path) -> Pixels:
    with Image.open(file) as photo:
        return np.asarray(photo.convert("RGB"))


def score(assessment: Assessment, name: str) -> float:
    judgement = assessment.attributes[name]
    assert judgement.score is not None, judgement.reason
    return judgement.score


def per_cent(assessment: Assessment, name: str) -> int:
    """Return the first percentage that the reason names."""
    reason = assessment.attributes[name].reason
    found = re.search(r"(\d+) %", reason)
    assert found, reason
    return int(found[1])


def assert_unmoved(before: Assessment, after: Assessment, names: tuple[str, ...] = MEASURED) -> None:
    """Assert that what is measured of the whole photo stayed within about a point."""
    for name in names:
        was, now = before.attributes[name].score, after.attributes[name].score
        if was is not None and now is not None:
            assert now == pytest.approx(was, abs=1.2), name


@pytest.mark.parametrize("subject", ["close fig", "sun", "dogs"])
def test_cutting_into_the_subject_lowers_its_integrity(subject: str, assess: Assess) -> None:
    file, place = SUBJECTS[subject]
    photo = pixels_of(file)
    whole = assess(photo)
    assert whole.attributes["subject_integrity"].value == "complete"
    for share in (0.2, 0.4):
        cut = assess(retouch.cut(photo, place, share))
        assert score(cut, "subject_integrity") < score(whole, "subject_integrity") - 2
        assert cut.attributes["subject_integrity"].value != "complete"
        assert per_cent(cut, "subject_integrity") > per_cent(whole, "subject_integrity")
        assert_unmoved(whole, cut)


@pytest.mark.parametrize("subject", ["fig", "close fig", "sun", "dandelion", "nuthatch"])
def test_clutter_behind_the_subject_lowers_background_clutter(subject: str, assess: Assess) -> None:
    """The clutter is the photo's own patches, swapped, so tones and colours stay what they are."""
    file, place = SUBJECTS[subject]
    photo = pixels_of(file)
    shown = [assess(photo), *(assess(retouch.shuffled_behind(photo, place, 24, share)) for share in (0.1, 0.3, 0.9))]
    path = [score(each, "background_clutter") for each in shown]
    assert path == sorted(path, reverse=True)
    assert path[-1] < path[0] - 4
    assert shown[0].attributes["background_clutter"].value == "uncluttered"
    assert shown[-1].attributes["background_clutter"].value == "cluttered"
    busy = [per_cent(each, "background_clutter") for each in shown]
    assert busy == sorted(busy)
    for each in shown[1:]:
        assert_unmoved(shown[0], each)


@pytest.mark.parametrize("subject", ["fig", "close fig", "sun", "dogs", "dandelion"])
def test_things_of_another_photo_behind_the_subject_are_clutter(subject: str, assess: Assess) -> None:
    file, place = SUBJECTS[subject]
    photo, other = pixels_of(file), pixels_of(SAMPLES / "mountains.jpg")
    few, many = (assess(retouch.pasted_behind(photo, place, other, count)) for count in (10, 200))
    plain = score(assess(photo), "background_clutter")
    assert score(few, "background_clutter") <= plain + 0.1
    assert score(many, "background_clutter") < plain - 2


@pytest.mark.parametrize("subject", ["close fig", "sun", "dogs"])
def test_a_busy_pattern_on_the_subject_lowers_subject_clutter(subject: str, assess: Assess) -> None:
    file, place = SUBJECTS[subject]
    photo = pixels_of(file)
    plain, some, busy = (assess(retouch.checkered(photo, place, levels)) for levels in (0, 20, 45))
    assert score(plain, "subject_clutter") > score(some, "subject_clutter") > score(busy, "subject_clutter")
    assert score(busy, "subject_clutter") < score(plain, "subject_clutter") - 0.5
    assert per_cent(busy, "subject_clutter") > per_cent(plain, "subject_clutter")
    if subject != "dogs":  # these are out of focus, and a pattern in focus makes the photo clearer indeed
        assert_unmoved(plain, busy)


@pytest.mark.parametrize(
    ("subject", "frame", "edge"),
    [("fig", 0.6, (0.88, 0.5)), ("fig", 0.6, (0.85, 0.85)), ("sun", 0.55, (0.88, 0.5)), ("dogs", 0.55, (0.12, 0.5))],
    ids=["fig right", "fig corner", "sun right", "dogs left"],
)
def test_a_subject_at_the_edge_is_composed_worse_than_in_the_middle_or_on_a_third(
    subject: str, frame: float, edge: tuple[float, float], assess: Assess
) -> None:
    file, place = SUBJECTS[subject]
    photo = pixels_of(file)
    places = ((0.5, 0.5), (0.33, 0.4), edge)
    middle, third, off = (assess(retouch.framed(photo, place, x, y, frame)) for x, y in places)
    assert score(off, "composition") < score(middle, "composition") - 1.5
    assert score(off, "composition") < score(third, "composition") - 1
    # Another part of the photo has other colours indeed.
    assert_unmoved(middle, off, ("image_clarity", "exposure", "level_shot"))
    # The reason tells where the subject was found: in the middle, and on the side that it was moved to.
    assert per_cent(middle, "composition") == pytest.approx(50, abs=10)
    assert (per_cent(off, "composition") - 50) * np.sign(edge[0] - 0.5) >= 10


@pytest.mark.parametrize("subject", ["close fig", "sun", "dogs", "nuthatch"])
def test_a_subject_that_fades_into_its_background_catches_the_eye_less(subject: str, assess: Assess) -> None:
    file, place = SUBJECTS[subject]
    photo = pixels_of(file)
    shown = [assess(retouch.faded(photo, place, share)) for share in (0, 0.3, 0.6, 0.9)]
    path = [score(each, "eye_catching") for each in shown]
    assert path == sorted(path, reverse=True)
    assert path[-1] < path[0] - 0.5
    if subject in {"sun", "dogs"}:  # the others are the light or the colour of their photos
        assert_unmoved(shown[0], shown[-1])


@pytest.mark.parametrize("subject", ["close fig", "sun", "dogs", "nuthatch"])
@pytest.mark.parametrize(
    "spoil",
    [lambda pixels: damage.grainy(pixels, 20), lambda pixels: damage.defocused(pixels, 4)],
    ids=["noise", "defocus"],
)
def test_noise_and_blur_leave_the_arrangement_alone(
    spoil: Callable[[Pixels], Pixels], subject: str, assess: Assess
) -> None:
    photo = pixels_of(SUBJECTS[subject][0])
    before, after = assess(photo), assess(spoil(photo))
    for name in ("composition", "eye_catching", "subject_integrity", "subject_clutter", "background_clutter"):
        assert score(after, name) == pytest.approx(score(before, name), abs=0.5), name


def test_a_scene_without_one_subject_has_none_made_up(assess: Assess) -> None:
    judged = assess(pixels_of(SAMPLES / "stream_too_dark.jpg")).attributes
    for name in ("composition", "subject_integrity", "subject_clutter"):
        assert judged[name].score is None
        assert "no clear subject" in judged[name].reason


def disc(x: float, y: float, radius: float = 60) -> npt.NDArray[np.uint8]:
    """Return a plain ground with one striped disc."""
    rows, columns = np.indices((400, 600))
    inside = np.hypot(columns - 600 * x, rows - 400 * y) < radius
    stripes = np.where(columns // 6 % 2, 220, 40)
    pixels = np.full((400, 600, 3), (90, 120, 150), np.uint8)
    pixels[inside] = np.stack([stripes, stripes // 3, stripes // 4], axis=-1)[inside]
    return pixels


def test_a_subject_cut_by_the_frame_is_incomplete(assess: Assess) -> None:
    whole, cut = (assess(disc(x, 0.5)).attributes["subject_integrity"] for x in (0.33, 0.01))
    assert whole.value == "complete"
    assert whole.score is not None
    assert cut.score is not None
    assert cut.score < whole.score - 2


def test_clutter_behind_the_subject_is_told(assess: Assess) -> None:
    plain = disc(0.33, 0.5)
    random = np.random.default_rng(4)
    clutter = random.integers(0, 255, (25, 38, 3)).astype(np.uint8).repeat(16, 0).repeat(16, 1)[:400, :600]
    behind = np.where((plain == (90, 120, 150)).all(axis=2)[..., None], clutter, plain)
    before, after = (assess(pixels).attributes["background_clutter"] for pixels in (plain, behind))
    assert before.value == "uncluttered"
    assert after.score is not None
    assert before.score is not None
    assert after.score < before.score - 3


def test_a_subject_on_a_third_is_composed_better_than_one_in_the_corner(assess: Assess) -> None:
    third, corner = (assess(disc(x, y)).attributes["composition"] for x, y in ((1 / 3, 1 / 3), (0.08, 0.9)))
    assert third.score is not None
    assert corner.score is not None
    assert third.score > corner.score + 2


def test_what_stands_out_catches_the_eye(assess: Assess) -> None:
    faint = (0.3 * (disc(0.4, 0.5) - 100.0) + 100).round().astype(np.uint8)
    strong, weak = (assess(pixels).attributes["eye_catching"] for pixels in (disc(0.4, 0.5), faint))
    assert strong.score is not None
    assert weak.score is not None
    assert strong.score > weak.score + 1.5
