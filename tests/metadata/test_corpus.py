"""Real sidecars of darktable, Lightroom, digiKam, ExifTool and others: nothing of theirs may change."""

from __future__ import annotations

import csv
import os
from typing import TYPE_CHECKING

import pytest
from support.sidecars import PICK, RATING, REALQA, blurry, foreign, values

from realqa_agent.capture import Embedded
from realqa_agent.config import Metadata
from realqa_agent.errors import PermanentError
from realqa_agent.metadata.namespaces import DARKTABLE_VERSION
from realqa_agent.metadata.seed import Surroundings, seed
from realqa_agent.metadata.sidecar import write

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.corpus

SIDECARS = 80


@pytest.fixture(scope="module")
def outcomes(shared_data: Path) -> dict[Path, str]:
    """Every real sidecar and what the manifest expects of it."""
    with (shared_data / "formats/manifest.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] == "sidecar"]
    return {shared_data / "formats" / row["path"]: row["outcome"] for row in rows}


@pytest.fixture(scope="module")
def readable(outcomes: dict[Path, str]) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path, outcome in outcomes.items() if outcome != "refuse"}


def put(folder: Path, data: bytes) -> Path:
    """Return a photo beside which these bytes have lain for a while."""
    sidecar = folder / "a.jpg.xmp"
    sidecar.write_bytes(data)
    os.utime(sidecar, (1e9, 1e9))
    return folder / "a.jpg"


def test_the_corpus_is_whole(outcomes: dict[Path, str]) -> None:
    assert len(outcomes) >= SIDECARS - 5
    assert set(outcomes.values()) == {"reads", "careful", "refuse"}


def test_nothing_foreign_changes_and_the_second_write_changes_nothing(
    readable: dict[str, bytes], tmp_path: Path
) -> None:
    for name, data in readable.items():
        photo = put(tmp_path, data)
        done = write(photo, blurry(3), Embedded(), Metadata(), {})
        after = done.sidecar.read_bytes()
        assert done.changed, name
        assert foreign(after) == foreign(data), name
        assert values(after, f"{{{REALQA}}}Verdict") == ["reject"], name
        assert not write(photo, blurry(3), Embedded(), Metadata(), done.memory).changed, name


def test_existing_ratings_and_picks_stay(readable: dict[str, bytes], tmp_path: Path) -> None:
    rated = 0
    for name, data in readable.items():
        after = write(put(tmp_path, data), blurry(3), Embedded(), Metadata(), {}).sidecar.read_bytes()
        for field in (RATING, PICK):
            before = values(data, field)
            if before and (before != ["0"] or values(data, DARKTABLE_VERSION)):
                rated += 1
                assert values(after, field) == before, name
    assert rated > 40


def test_the_default_writes_our_namespace_and_keywords_alone(readable: dict[str, bytes], tmp_path: Path) -> None:
    for name, data in readable.items():
        after = write(put(tmp_path, data), blurry(), Embedded(), Metadata(keywords=False), {}).sidecar.read_bytes()
        assert foreign(after, ()) == foreign(data, ()), name


def test_what_must_be_refused_stays_to_the_byte(outcomes: dict[Path, str], tmp_path: Path) -> None:
    for path in (path for path, outcome in outcomes.items() if outcome == "refuse"):
        photo = put(tmp_path, path.read_bytes())
        with pytest.raises(PermanentError, match=r"a\.jpg\.xmp"):
            write(photo, blurry(3), Embedded(), Metadata(), {})
        assert photo.with_name("a.jpg.xmp").read_bytes() == path.read_bytes()


def test_every_sidecar_taken_as_a_packet_inside_a_photo_seeds_a_readable_one(
    outcomes: dict[Path, str], tmp_path: Path
) -> None:
    for number, path in enumerate(outcomes):
        inside = Embedded(packet=path.read_bytes())
        if outcomes[path] != "refuse":
            start = seed(Surroundings(embedded=inside))
            assert start.notes == (), path.name
            assert values(start.data, RATING) == values(path.read_bytes(), RATING), path.name
        done = write(tmp_path / f"{number}.jpg", blurry(3), inside, Metadata(), {})
        assert values(done.sidecar.read_bytes(), f"{{{REALQA}}}Verdict") == ["reject"], path.name
