"""What a worker answers, asked in this process."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

import pytest
from odd_scorers import Plain
from PIL import Image
from support.clips import numbered, write_clip

from realqa_agent.config import Config, Media
from realqa_agent.errors import RefusalKind
from realqa_agent.files import stat_of
from realqa_agent.media.source import opened
from realqa_agent.worker import tasks
from realqa_agent.worker.messages import Assess, Assessed, Embed, EmbeddedCopy, FactsRead, Failed, ReadFacts, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader
    from pathlib import Path

    from realqa_agent.scoring.scorer import Scorer
    from realqa_agent.worker.messages import Answer

PACKET = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"


def test_the_facts_of_a_file_are_read_alone_and_are_those_of_its_assessment(photo: Path, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[271], exif[272] = "Made Up", "Light Box"
    Image.new("RGB", (64, 48), "teal").save(photo, exif=exif)
    clip, scorer = write_clip(tmp_path / "b.mp4", numbered(3)), Plain(Config())
    for path in (photo, clip):
        read = tasks.run(ReadFacts(path=path), scorer, Media())
        assessed = tasks.run(Assess(path=path), scorer, Media())
        assert isinstance(read, FactsRead)
        assert isinstance(assessed, Assessed)
        assert (read.stat, read.facts) == (assessed.stat, assessed.facts)
    assert isinstance(tasks.run(ReadFacts(path=tmp_path / "gone.jpg"), scorer, Media()), Refused)


def embed(path: Path, limits: Media | None = None) -> Answer:
    # No scorer is asked.
    return tasks.run(Embed(path=path, packet=PACKET), cast("Scorer", None), limits or Media())


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    Image.new("RGB", (64, 48), "teal").save(tmp_path / "a.jpg")
    return tmp_path / "a.jpg"


def test_a_copy_comes_with_how_the_photo_looked(photo: Path) -> None:
    answer = embed(photo)
    assert isinstance(answer, EmbeddedCopy)
    assert answer.stat == stat_of(photo)
    assert PACKET in answer.data


def test_a_photo_that_grows_while_it_is_read_is_tried_again(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Growing:
        def __init__(self, file: BufferedReader) -> None:
            self._file = file
            self.fileno = file.fileno

        def read(self) -> bytes:
            data = self._file.read()
            with photo.open("ab") as more:
                more.write(b"more")
            return data

    @contextmanager
    def growing(path: Path, max_megabytes: int | None = None) -> Iterator[Growing]:
        with opened(path, max_megabytes) as file:
            yield Growing(file)

    monkeypatch.setattr(tasks, "opened", growing)
    answer = embed(photo)
    assert isinstance(answer, Failed)
    assert answer.transient
    assert "changed" in answer.message


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp", "really-a-png.jpg"])
def test_other_formats_are_refused_by_what_is_in_them(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with path.open("wb") as file:
        Image.new("RGB", (64, 48)).save(file, {"tif": "TIFF", "webp": "WEBP"}.get(path.suffix[1:], "PNG"))
    answer = embed(path)
    assert isinstance(answer, Refused)
    assert "only JPEG" in answer.message


def test_files_that_are_not_there_empty_or_too_large_are_refused(photo: Path) -> None:
    (photo.parent / "empty.jpg").touch()
    with photo.open("ab") as file:
        file.truncate(1_500_000)
    kinds = {
        "nothing.jpg": RefusalKind.UNREADABLE,
        "empty.jpg": RefusalKind.EMPTY,
        "a.jpg": RefusalKind.TOO_LARGE,
    }
    for name, kind in kinds.items():
        answer = embed(photo.with_name(name), Media(max_megabytes=1))
        assert isinstance(answer, Refused)
        assert answer.kind is kind
