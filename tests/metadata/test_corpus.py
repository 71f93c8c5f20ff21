"""Thousands of sidecars, made and real: after our write nothing that is somebody else's has changed, and undo undoes.

The made ones are `support.corpus`, family by family; the real ones, of darktable, Lightroom, digiKam, ExifTool and
others, lie beside the checkout. What a person decided is read again by Exiv2 too, wherever it reads the file at all.
"""

from __future__ import annotations

import csv
import os
from collections import Counter
from itertools import cycle, islice
from pathlib import Path

import pytest
from support.corpus import DECIDED, FAMILIES, Sample, clark, everything, samples
from support.desk import Desk
from support.promises import CHOICES, Choice, assert_kept, exiv2_agrees
from support.sidecars import PICK, RATING, REALQA, blurry, values

from realqa_agent.capture import Embedded
from realqa_agent.errors import PermanentError
from realqa_agent.metadata.namespaces import DARKTABLE_VERSION, OTHER_RATINGS
from realqa_agent.metadata.packet import merge
from realqa_agent.metadata.seed import Surroundings, seed
from realqa_agent.metadata.sidecar import sidecar_of
from realqa_agent.metadata.undo import Fate

LEAST_MADE, LEAST_REAL = 2000, 75


@pytest.fixture(autouse=True)
def _undurable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the disk: this is about what is written, and other tests about what outlives a power cut."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.mark.parametrize("family", FAMILIES)
def test_made_sidecars_keep_all_that_is_not_ours(family: str, desk: Desk, tmp_path: Path) -> None:
    check(samples(family), desk, tmp_path)


@pytest.mark.corpus
def test_real_sidecars_keep_all_that_is_not_ours(outcomes: dict[Path, str], desk: Desk, tmp_path: Path) -> None:
    real = [real_sample(path) for path, outcome in outcomes.items() if outcome != "refuse"]
    check(real, desk, tmp_path)
    assert sum(RATING in sample.human and RATING not in sample.free for sample in real) > 40


def check(corpus: list[Sample], desk: Desk, folder: Path) -> None:
    """Assert what must hold after a write, with choices that take turns, and that undo gives the bytes back."""
    told, photo = 0, folder / "a.jpg"
    for number, sample in enumerate(corpus):
        choice, other = islice(cycle(CHOICES), number % len(CHOICES), number % len(CHOICES) + 2)
        assert_kept(sample, merged(sample, other), other)
        lay(sample, photo)
        done = desk.write(photo, choice.record, sample.embedded, choice.settings, sample.memory)
        after = done.sidecar.read_bytes()
        assert_kept(sample, after, choice)
        told += exiv2_agrees(sample, after, choice)
        again = desk.write(photo, choice.record, sample.embedded, choice.settings, done.memory)
        assert not again.changed, sample.name
        assert_undone(sample, photo, desk)
    assert told > len(corpus) / 4, "Exiv2 read so few that its word proves nothing"


def assert_undone(sample: Sample, photo: Path, desk: Desk) -> None:
    """Undo, and assert that the folder is as it was, to the byte."""
    fate = desk.undo(photo, sample.memory).fate
    assert fate is (Fate.REMOVED if sample.data is None else Fate.RESTORED), sample.name
    for path, data in laid(sample, photo).items():
        assert (path.read_bytes() if path.exists() else None) == data, (sample.name, path.name)


def lay(sample: Sample, photo: Path) -> None:
    """Put a sample and nothing else beside a photo, as if it had lain there for a while."""
    for path, data in laid(sample, photo).items():
        path.unlink(missing_ok=True)
        if data is not None:
            path.write_bytes(data)
            os.utime(path, (1e9, 1e9))


def laid(sample: Sample, photo: Path) -> dict[Path, bytes | None]:
    return {sidecar_of(photo): sample.data, photo.with_suffix(".xmp"): sample.lightroom}


def merged(sample: Sample, choice: Choice) -> bytes:
    """Return what the sidecar becomes, without a file."""
    around = Surroundings(embedded=sample.embedded, lightroom=sample.lightroom)
    start = seed(around).data if sample.data is None else sample.data
    return merge(start, choice.record, around, choice.settings, sample.memory).data


def test_the_made_corpus_is_large_and_says_what_it_means() -> None:
    made = everything()
    assert len(made) >= LEAST_MADE
    assert len({(sample.data, sample.lightroom, sample.embedded.packet) for sample in made}) == len(made)
    ratings: Counter[str] = Counter()
    for sample in made:
        for name, texts in sample.human.items():
            told = [text for text in values(sample.source, name) if text in texts]
            assert tuple(told) == texts, (sample.name, name)
        ratings[" ".join(values(sample.source, RATING)) or "none"] += 1
    assert min(ratings[rating] for rating in ("none", "0", "-1", "1", "2", "3", "4", "5", "3.0", "4 stars")) > 100


# Real ones


@pytest.fixture(scope="module")
def outcomes(shared_data: Path) -> dict[Path, str]:
    """Every real sidecar and what the manifest expects of it."""
    with (shared_data / "formats/manifest.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] == "sidecar"]
    return {shared_data / "formats" / row["path"]: row["outcome"] for row in rows}


def real_sample(path: Path) -> Sample:
    """Return a real sidecar and what may become of it."""
    data = path.read_bytes()
    human = {clark(name): tuple(values(data, clark(name))) for name in DECIDED}
    darktable = bool(values(data, DARKTABLE_VERSION))
    starred = not values(data, RATING) and {value for name in OTHER_RATINGS for value in values(data, name)} - {"0"}
    free = {name for name in (RATING, PICK) if values(data, name) in ([], ["0"]) and not darktable}
    return Sample(
        family="real",
        name=path.name,
        data=data,
        human={name: texts for name, texts in human.items() if texts},
        free=frozenset(free - {RATING} if starred else free),
        listable=not darktable,
    )


@pytest.mark.corpus
def test_the_real_corpus_is_whole(outcomes: dict[Path, str]) -> None:
    assert len(outcomes) >= LEAST_REAL
    assert set(outcomes.values()) == {"reads", "careful", "refuse"}


@pytest.mark.corpus
def test_what_must_be_refused_stays_to_the_byte(outcomes: dict[Path, str], desk: Desk, tmp_path: Path) -> None:
    sidecar = sidecar_of(tmp_path / "a.jpg")
    for path in (path for path, outcome in outcomes.items() if outcome == "refuse"):
        sidecar.write_bytes(path.read_bytes())
        os.utime(sidecar, (1e9, 1e9))
        with pytest.raises(PermanentError, match=r"a\.jpg\.xmp"):
            desk.write(tmp_path / "a.jpg", blurry(3))
        assert sidecar.read_bytes() == path.read_bytes()


@pytest.mark.corpus
def test_every_sidecar_taken_as_a_packet_inside_a_photo_seeds_a_readable_one(
    outcomes: dict[Path, str], desk: Desk, tmp_path: Path
) -> None:
    for number, path in enumerate(outcomes):
        inside = Embedded(packet=path.read_bytes())
        if outcomes[path] != "refuse":
            start = seed(Surroundings(embedded=inside))
            assert start.notes == (), path.name
            assert values(start.data, RATING) == values(path.read_bytes(), RATING), path.name
        done = desk.write(tmp_path / f"{number}.jpg", blurry(3), inside)
        assert values(done.sidecar.read_bytes(), f"{{{REALQA}}}Verdict") == ["reject"], path.name
