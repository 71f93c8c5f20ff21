"""Stars and picks as scores: rejects lowest, one photo a shot, folders as shoots."""

from __future__ import annotations

from pathlib import Path

from realqa_agent.dataset.ratings import Said, rated_set

FOLDER = Path("/photos")


def said(name: str, stars: int | None = None, pick: int | None = None) -> Said:
    return Said(path=FOLDER / name, stars=stars, pick=pick)


def scores(*shots: list[Said]) -> dict[str, float]:
    return {image.name: image.score for image in rated_set(FOLDER, shots).images}


def test_stars_count_and_a_rejected_photo_has_none() -> None:
    shots = [[said("a.jpg", 5)], [said("b.jpg", 1)], [said("c.jpg", -1)], [said("d.jpg")], [said("e.jpg", 3, pick=1)]]
    assert scores(*shots) == {"a.jpg": 5, "b.jpg": 1, "c.jpg": 0, "e.jpg": 0}


def test_picks_count_where_nobody_gave_stars() -> None:
    picked = [[said(f"{pick}.jpg", pick=pick)] for pick in (1, 2, 3)]
    assert scores(*picked) == {"1.jpg": 0, "2.jpg": 2.5, "3.jpg": 5}
    assert scores(*picked, [said("reject.jpg", -1)]) == {"1.jpg": 0, "2.jpg": 2.5, "3.jpg": 5, "reject.jpg": 0}
    assert scores(*picked, [said("star.jpg", 4)]) == {"1.jpg": 0, "star.jpg": 4}


def test_a_shot_is_one_photo_if_its_files_agree() -> None:
    assert scores([said("a.CR2", 4), said("a.JPG", 4)]) == {"a.JPG": 4}
    assert scores([said("a.CR2", 4), said("a.JPG")]) == {"a.JPG": 4}
    assert scores([said("a.CR2", 4)]) == {"a.CR2": 4}
    assert scores([said("a.CR2", 4), said("a.JPG", 2)]) == {}
    assert scores([said("a.mp4", 4)]) == {}
    assert scores([said("a.mp4", 4), said("a.jpg", 4)]) == {"a.jpg": 4}


def test_a_folder_is_a_series_whichever_way_it_is_reached() -> None:
    found = rated_set(FOLDER, [[said("a.jpg", 1)], [said("lake/b.jpg", 2)], [said("lake/c.jpg", 3)]])
    assert [image.series for image in found.images] == ["photos", "photos/lake", "photos/lake"]
    assert (found.layout, found.name, found.scale, found.labels) == ("ratings", "photos", (0, 5), ())
