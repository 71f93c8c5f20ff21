"""One star that darktable gave at import, and one that a human gave."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from support.sidecars import PICK, RATING, blurry, packet, record, values

from realqa_agent.capture import Embedded
from realqa_agent.config import Metadata
from realqa_agent.metadata.human import human_rating
from realqa_agent.metadata.record import Field, Owner, Remembered
from realqa_agent.metadata.sidecar import sidecar_of

if TYPE_CHECKING:
    from pathlib import Path

    from support.desk import Desk

IMPORTED = 1_700_000_000.5
STAMP = f"{(62_135_596_800 + IMPORTED) * 1e6:.0f}"


def imported(
    photo: Path, *, after: float = 0.001, stamp: str = STAMP, order: int = 2, history: int = 0, rating: int = 1
) -> Path:
    """Put beside a photo what darktable writes at import, and change it so much later."""
    sidecar = sidecar_of(photo)
    attributes = (
        f'xmp:Rating="{rating}" darktable:xmp_version="4" darktable:import_timestamp="{stamp}" '
        f'darktable:iop_order_version="{order}" darktable:history_end="{history}"'
    )
    sidecar.write_bytes(packet(attributes=attributes))
    os.utime(sidecar, (IMPORTED + after, IMPORTED + after))
    return sidecar


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return tmp_path / "a.jpg"


@pytest.mark.parametrize("stamp", [STAMP, f"{IMPORTED:.0f}"])
def test_the_star_of_a_fresh_import_is_nobodys(photo: Path, desk: Desk, stamp: str) -> None:
    imported(photo, stamp=stamp)
    assert human_rating(photo, Embedded(), Metadata(), {}) is None
    done = desk.write(photo, record(3))
    assert values(done.sidecar.read_bytes(), RATING) == ["3"]
    assert values(done.sidecar.read_bytes(), PICK) == []
    assert done.memory[Field.RATING] == Remembered(owner=Owner.AGENT, value="3")


def test_it_stays_nobodys_while_only_we_write(photo: Path, desk: Desk) -> None:
    imported(photo)
    memory = desk.write(photo, record()).memory
    assert human_rating(photo, Embedded(), Metadata(), memory) is None
    memory = desk.write(photo, blurry(), memory=memory).memory
    assert values(desk.write(photo, record(3), memory=memory).sidecar.read_bytes(), RATING) == ["3"]


def test_once_darktable_wrote_again_nobody_can_tell(photo: Path, desk: Desk) -> None:
    sidecar = imported(photo)
    memory = desk.write(photo, record()).memory
    sidecar.write_bytes(sidecar.read_bytes().replace(b"</rdf:RDF>", b"<!-- edited --></rdf:RDF>"))
    assert human_rating(photo, Embedded(), Metadata(), memory) == 1
    done = desk.write(photo, record(3), memory=memory)
    assert values(sidecar.read_bytes(), RATING) == ["1"]
    assert Field.RATING not in done.memory
    assert any("may be a human's" in note for note in done.notes)
    assumed = Metadata(assume_default_one=True)
    assert values(desk.write(photo, record(3), settings=assumed).sidecar.read_bytes(), RATING) == ["3"]


@pytest.mark.parametrize(
    ("odd", "inside", "lightroom"),
    [
        ({"after": 60.0}, Embedded(), None),
        ({"stamp": "long ago"}, Embedded(), None),
        ({"order": 1}, Embedded(), None),
        ({"history": 9}, Embedded(), None),
        ({}, Embedded(rating=1), None),
        ({}, Embedded(packet=packet(attributes='xmp:Rating="1"')), None),
        ({}, Embedded(problem="damaged"), None),
        ({}, Embedded(), 'xmp:Rating="1"'),
    ],
)
def test_in_doubt_it_is_left_alone(
    photo: Path, desk: Desk, odd: dict[str, float], inside: Embedded, lightroom: str | None
) -> None:
    imported(photo, **odd)  # type: ignore[arg-type]  # each goes to the parameter that it is named for
    if lightroom is not None:
        photo.with_suffix(".xmp").write_bytes(packet(attributes=lightroom))
    done = desk.write(photo, record(3), inside)
    assert values(done.sidecar.read_bytes(), RATING) == ["1"]
    assert human_rating(photo, inside, Metadata(), {}) == 1


def test_other_stars_are_a_humans_however_fresh(photo: Path, desk: Desk) -> None:
    imported(photo, rating=4)
    done = desk.write(photo, record(3))
    assert values(done.sidecar.read_bytes(), RATING) == ["4"]
    assert done.memory[Field.RATING] == Remembered(owner=Owner.HUMAN, value="4")


def test_its_database_may_put_the_star_back_over_ours(photo: Path, desk: Desk) -> None:
    sidecar = imported(photo)
    memory = desk.write(photo, record(3)).memory
    sidecar.write_bytes(sidecar.read_bytes().replace(b'xmp:Rating="3"', b'xmp:Rating="1"'))
    done = desk.write(photo, record(5), memory=memory)
    assert values(sidecar.read_bytes(), RATING) == ["1"]
    assert done.memory[Field.RATING].owner is Owner.AGENT
    assert any("by a human or by darktable" in note for note in done.notes)
    sidecar.write_bytes(sidecar.read_bytes().replace(b'xmp:Rating="1"', b'xmp:Rating="2"'))
    assert desk.write(photo, record(5), memory=memory).memory[Field.RATING].owner is Owner.HUMAN
