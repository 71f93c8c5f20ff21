from __future__ import annotations

import pytest

from realqa_agent.media.focus import focus_regions
from realqa_agent.media.orientation import UPRIGHT, turn_for

CANON = {
    "Exif.Image.Model": "Canon EOS R6",
    "Exif.Canon.AFImageWidth": "5000",
    "Exif.Canon.AFImageHeight": "4000",
    "Exif.Canon.AFXPositions": "0 1000 -1000",
    "Exif.Canon.AFYPositions": "0 1000 -1000",
    "Exif.Canon.AFAreaWidths": "500 500 500",
    "Exif.Canon.AFAreaHeights": "400 400 400",
}
NIKON = {
    f"Exif.NikonAf2.AF{name}": value
    for name, value in {
        "ImageWidth": "6000",
        "ImageHeight": "4000",
        "AreaXPosition": "1500",
        "AreaYPosition": "1000",
        "AreaWidth": "600",
        "AreaHeight": "400",
    }.items()
}
SONY = {"Exif.Sony1.FocusLocation": "4240 2832 1060 708", "Exif.Sony1.FocusFrameSize": "168 1 27 1 1 1"}
UPPER_LEFT = {"left": 0.2, "top": 0.2, "width": 0.1, "height": 0.1}


def only(exif: dict[str, str], orientation: int = 1) -> dict[str, float]:
    (region,) = focus_regions(exif, turn_for(orientation))
    return {name: getattr(region, name) for name in ("left", "top", "width", "height")}


@pytest.mark.parametrize(
    ("mask", "expected"),
    [
        ("1", {"left": 0.45, "top": 0.45, "width": 0.1, "height": 0.1}),
        ("2", {"left": 0.65, "top": 0.2, "width": 0.1, "height": 0.1}),
        ("4", {"left": 0.25, "top": 0.7, "width": 0.1, "height": 0.1}),
    ],
)
def test_canon_counts_from_the_centre_and_upwards(mask: str, expected: dict[str, float]) -> None:
    assert only(CANON | {"Exif.Canon.AFPointsInFocus": mask}) == pytest.approx(expected)


def test_a_canon_compact_counts_downwards() -> None:
    powershot = CANON | {"Exif.Canon.AFPointsInFocus": "2", "Exif.Image.Model": "Canon PowerShot G7"}
    assert only(powershot)["top"] == pytest.approx(0.7)


def test_all_points_in_focus_count_and_the_mask_goes_on_in_the_next_word() -> None:
    many = CANON | {
        f"Exif.Canon.AF{name}": " ".join([value] * 18)
        for name, value in {"XPositions": "0", "YPositions": "0", "AreaWidths": "50", "AreaHeights": "40"}.items()
    }
    assert len(focus_regions(many | {"Exif.Canon.AFPointsInFocus": "3 2"}, UPRIGHT)) == 3


@pytest.mark.parametrize("mask", ["0", "", "-", "8"])
def test_without_a_point_in_focus_there_is_no_region(mask: str) -> None:
    assert focus_regions(CANON | {"Exif.Canon.AFPointsInFocus": mask}, UPRIGHT) == ()


@pytest.mark.parametrize(
    "exif",
    [
        NIKON,
        SONY,
        {"Exif.Panasonic.AFPointPosition": "256/1024 256/1024"},
        {
            "Exif.Fujifilm.FocusPoint": "1500 1000",
            "Exif.Photo.PixelXDimension": "6000",
            "Exif.Photo.PixelYDimension": "4000",
        },
    ],
    ids=["Nikon", "Sony", "Panasonic", "Fujifilm"],
)
def test_other_makers_note_the_middle_of_the_area(exif: dict[str, str]) -> None:
    assert only(exif) == pytest.approx(UPPER_LEFT, abs=0.001)
    # Turned clockwise, the upper left comes to the upper right.
    assert only(exif, 6) == pytest.approx({**UPPER_LEFT, "left": 0.7}, abs=0.001)


@pytest.mark.parametrize(
    "exif",
    [
        SONY | {"Exif.Sony1.FocusFrameSize": "0 0 0 0 0 0"},
        NIKON | {"Exif.NikonAf2.AFImageWidth": "0"},
        {"Exif.Panasonic.AFPointPosition": "16777216/1 16777216/1"},
        {
            "Exif.Fujifilm.FocusPoint": "1152 864",
            "Exif.Photo.PixelXDimension": "59",
            "Exif.Photo.PixelYDimension": "100",
        },
    ],
    ids=["Sony, manual focus", "Nikon, no live view", "Panasonic, none", "Fujifilm, resized since"],
)
def test_what_means_nothing_gives_no_region(exif: dict[str, str]) -> None:
    assert focus_regions(exif, UPRIGHT) == ()


def test_an_area_over_the_edge_is_cut_there() -> None:
    edge = NIKON | {"Exif.NikonAf2.AFAreaXPosition": "100", "Exif.NikonAf2.AFAreaYPosition": "3900"}
    assert only(edge) == pytest.approx({"left": 0, "top": 0.925, "width": 400 / 6000, "height": 0.075})
