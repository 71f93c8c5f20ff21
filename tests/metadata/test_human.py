"""A human's stars: where they stand, and what only looks like them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.sidecars import blurry, packet

from realqa_agent.capture import Embedded
from realqa_agent.config import Metadata
from realqa_agent.errors import PermanentError
from realqa_agent.metadata.human import human_pick, human_rating
from realqa_agent.metadata.record import Field, Owner, Remembered

if TYPE_CHECKING:
    from pathlib import Path

    from support.desk import Desk

DARKTABLE = 'darktable:xmp_version="5"'


def stars(
    folder: Path, own: str | None = None, lightroom: str | None = None, inside: Embedded | None = None, **settings: bool
) -> int | None:
    for name, attributes in {"a.jpg.xmp": own, "a.xmp": lightroom}.items():
        if attributes is not None:
            (folder / name).write_bytes(packet(attributes=attributes))
    return human_rating(folder / "a.jpg", inside or Embedded(), Metadata(**settings), {})


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ('xmp:Rating="3"', 3),
        ('xmp:Rating="5.0"', 5),
        ('xmp:Rating="-1"', -1),
        ('xmp:Rating="0"', None),
        ('xmp:Rating="6"', None),
        ('xmp:Rating="2.5"', None),
        ('xmp:Rating="many"', None),
        ('xmp:Rating="nan"', None),
        ("", None),
        ('xmp:Rating="4" realqa:WrittenRating="4"', None),
        ('xmp:Rating="2" realqa:WrittenRating="4"', 2),
        ('realqa:WrittenRating="4"', None),
        ('MicrosoftPhoto:Rating="1"', 1),
        ('MicrosoftPhoto:Rating="25"', 2),
        ('MicrosoftPhoto:Rating="75"', 4),
        ('MicrosoftPhoto:Rating="99"', 5),
        ('MicrosoftPhoto:Rating="0"', None),
        ('xmp:Rating="2" MicrosoftPhoto:Rating="99"', 2),
    ],
)
def test_what_a_sidecar_states(tmp_path: Path, attributes: str, expected: int | None) -> None:
    assert stars(tmp_path, attributes) == expected


def test_import_star_of_darktable_goes_only_if_the_settings_say_so(tmp_path: Path) -> None:
    one = f'xmp:Rating="1" {DARKTABLE}'
    assert stars(tmp_path, one) == 1
    assert stars(tmp_path, one, assume_default_one=True) is None
    assert stars(tmp_path, 'xmp:Rating="1"', assume_default_one=True) == 1
    assert stars(tmp_path, f'xmp:Rating="2" {DARKTABLE}', assume_default_one=True) == 2


def test_sidecar_hides_what_is_inside(tmp_path: Path) -> None:
    inside = Embedded(rating=5)
    assert stars(tmp_path, inside=inside) == 5
    assert stars(tmp_path, "", inside=inside) == 5
    assert stars(tmp_path, 'xmp:Rating="0"', inside=inside) is None
    assert stars(tmp_path, 'xmp:Rating="3"', inside=inside) == 3


def test_sidecar_of_lightroom_comes_second(tmp_path: Path) -> None:
    assert stars(tmp_path, lightroom='xmp:Rating="4"') == 4
    assert stars(tmp_path, "", lightroom='xmp:Rating="4"') == 4
    assert stars(tmp_path, lightroom='xmp:Rating="0"', inside=Embedded(rating=2)) == 2
    assert stars(tmp_path, 'xmp:Rating="4"', lightroom='xmp:Rating="4"') == 4
    assert stars(tmp_path, 'xmp:Rating="4"', lightroom='xmp:Rating="0"') == 4


def test_where_two_sidecars_have_different_stars_nobody_can_tell(tmp_path: Path) -> None:
    assert stars(tmp_path, 'xmp:Rating="1"', lightroom='xmp:Rating="4"') is None


def test_stars_of_ours_do_not_hide_a_humans_in_the_other_sidecar(tmp_path: Path) -> None:
    ours = 'xmp:Rating="2" realqa:WrittenRating="2"'
    assert stars(tmp_path, ours, lightroom='xmp:Rating="4"') == 4
    assert stars(tmp_path, ours, lightroom='xmp:Rating="0"', inside=Embedded(rating=5)) is None


def test_packet_inside_comes_before_exif(tmp_path: Path) -> None:
    assert stars(tmp_path, inside=Embedded(packet=packet(attributes='xmp:Rating="4"'), rating=2)) == 4
    assert stars(tmp_path, inside=Embedded(packet=packet(), rating=2)) == 2
    exported = packet(attributes='xmp:Rating="4" realqa:WrittenRating="4"')
    assert stars(tmp_path, inside=Embedded(packet=exported, rating=4)) is None


@pytest.mark.parametrize("inside", [Embedded(rating=99), Embedded(packet=b"no XML", rating=3), Embedded(problem="cut")])
def test_what_cannot_be_understood_inside_tells_nothing(tmp_path: Path, inside: Embedded) -> None:
    assert stars(tmp_path, inside=inside) is None


def test_stars_that_the_agent_wrote_are_no_humans(tmp_path: Path, desk: Desk) -> None:
    photo, apply = tmp_path / "a.jpg", Metadata()
    desk.write(photo, blurry(4))
    assert human_rating(photo, Embedded(), apply, {}) is None


@pytest.mark.parametrize(("here", "expected"), [(4, None), (2, 2), (5, 5)])
def test_stars_that_the_plugin_set_are_no_humans(tmp_path: Path, here: int, expected: int | None) -> None:
    (tmp_path / "a.jpg.xmp").write_bytes(packet(attributes=f'xmp:Rating="{here}" {DARKTABLE}'))
    memory = {Field.RATING: Remembered(owner=Owner.PLUGIN, value="4")}
    assert human_rating(tmp_path / "a.jpg", Embedded(), Metadata(), memory) == expected


def test_sidecar_that_is_no_xmp_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.jpg.xmp").write_text("<!DOCTYPE x><x/>")
    with pytest.raises(PermanentError, match=r"a\.jpg\.xmp"):
        human_rating(tmp_path / "a.jpg", Embedded(), Metadata(), {})


def test_sidecar_that_may_not_be_read_is_an_error(tmp_path: Path) -> None:
    sidecar = tmp_path / "a.jpg.xmp"
    sidecar.symlink_to("a.jpg.xmp")
    with pytest.raises(PermanentError, match="can't be read"):
        human_rating(tmp_path / "a.jpg", Embedded(), Metadata(), {})


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ('digiKam:PickLabel="1"', 1),
        ('digiKam:PickLabel="3"', 3),
        ('digiKam:PickLabel="0"', None),
        ('digiKam:PickLabel="4"', None),
        ('digiKam:PickLabel="many"', None),
        ('digiKam:PickLabel="3" realqa:WrittenPick="3"', None),
        ('digiKam:PickLabel="1" realqa:WrittenPick="3"', 1),
        ("", 2),
    ],
)
def test_pick_labels(tmp_path: Path, attributes: str, expected: int | None) -> None:
    """A sidecar that says anything of the label hides what is inside the photo."""
    (tmp_path / "a.jpg.xmp").write_bytes(packet(attributes=attributes))
    inside = Embedded(packet=packet(attributes='digiKam:PickLabel="2"'))
    assert human_pick(tmp_path / "a.jpg", inside, {}) == expected


def test_pick_label_of_two_sidecars(tmp_path: Path) -> None:
    (tmp_path / "a.xmp").write_bytes(packet(attributes='digiKam:PickLabel="3"'))
    assert human_pick(tmp_path / "a.jpg", Embedded(), {}) == 3
    (tmp_path / "a.jpg.xmp").write_bytes(packet(attributes='digiKam:PickLabel="1"'))
    assert human_pick(tmp_path / "a.jpg", Embedded(), {}) is None


@pytest.mark.parametrize(("owner", "beside", "alone"), [(Owner.PLUGIN, None, None), (Owner.HUMAN, 3, 3)])
def test_pick_label_that_the_index_remembers(
    tmp_path: Path, owner: Owner, beside: int | None, alone: int | None
) -> None:
    memory = {Field.PICK: Remembered(owner=owner, value="3")}
    assert human_pick(tmp_path / "a.jpg", Embedded(), memory) == alone
    (tmp_path / "a.jpg.xmp").write_bytes(packet(attributes='digiKam:PickLabel="3"'))
    assert human_pick(tmp_path / "a.jpg", Embedded(), memory) == beside
