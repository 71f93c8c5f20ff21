"""The sidecar beside a photo: which file, what happens to it when others write too, and when it can't be written."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.sidecars import FLAT, HIERARCHICAL, RATING, REALQA, blurry, listed, packet, record, values

from realqa_agent.capture import Embedded
from realqa_agent.config import Metadata
from realqa_agent.errors import PermanentError, TransientError
from realqa_agent.files import stat_of
from realqa_agent.metadata import packet as packet_room
from realqa_agent.metadata import sidecar
from realqa_agent.metadata.atomic import replace_bytes
from realqa_agent.metadata.pen import Pen
from realqa_agent.metadata.sidecar import Field, Owner, Remembered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.desk import Desk

    from realqa_agent.metadata.snapshot import Snapshot

VERDICT = f"{{{REALQA}}}Verdict"
LONG_AGO = (1e9, 1e9)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "IMG 1.JPG"
    path.write_bytes(b"pixels")
    return path


def put(path: Path, data: bytes, *, young: bool = False) -> Path:
    path.write_bytes(data)
    if not young:
        os.utime(path, LONG_AGO)
    return path


def test_a_new_sidecar_keeps_what_the_photo_says(photo: Path, desk: Desk) -> None:
    inside = packet(listed("dc:subject", "sea"), 'xmp:Rating="4"')
    done = desk.write(photo, blurry(2), Embedded(packet=inside))
    assert done.sidecar == photo.with_name("IMG 1.JPG.xmp")
    assert done.changed
    data = done.sidecar.read_bytes()
    assert values(data, RATING) == ["4"]
    assert values(data, HIERARCHICAL) == ["sea", "RealQA|reject", "RealQA|clarity|blurry"]
    assert done.memory[Field.RATING] == Remembered(owner=Owner.HUMAN, value="4")
    assert photo.read_bytes() == b"pixels"


def test_the_same_record_twice_changes_nothing(photo: Path, desk: Desk) -> None:
    first = desk.write(photo, blurry(2), Embedded(rating=0))
    before = stat_of(first.sidecar)
    second = desk.write(photo, blurry(2), Embedded(rating=0), memory=first.memory)
    assert not second.changed
    assert second.memory == first.memory
    assert stat_of(first.sidecar) == before


def test_the_memory_says_whose_the_fields_are(photo: Path, desk: Desk) -> None:
    first = desk.write(photo, record(2))
    assert first.memory[Field.RATING] == Remembered(owner=Owner.AGENT, value="2")
    put(first.sidecar, first.sidecar.read_bytes().replace(b">2</xmp:Rating>", b">5</xmp:Rating>"))
    second = desk.write(photo, record(3), memory=first.memory)
    assert second.memory[Field.RATING] == Remembered(owner=Owner.HUMAN, value="5")
    assert any("human" in note for note in second.notes)


def test_sidecars_turned_off_means_none(photo: Path, desk: Desk) -> None:
    done = desk.write(photo, record(), settings=Metadata(sidecars=False))
    assert not done.changed
    assert not done.sidecar.exists()


# Both names


def test_a_lightroom_sidecar_seeds_ours_and_stays_as_it_is(photo: Path, desk: Desk) -> None:
    lightroom = put(photo.with_suffix(".xmp"), packet(listed("dc:subject", "sea"), 'xmp:Rating="4"'))
    before = stat_of(lightroom), lightroom.read_bytes()
    (photo.with_suffix(".CR2")).touch()
    done = desk.write(photo, blurry(2), Embedded(packet=packet("", 'xmp:Rating="1"')))
    data = done.sidecar.read_bytes()
    assert values(data, RATING) == ["4"]
    assert values(data, FLAT) == ["sea", "reject", "blurry"]
    assert (stat_of(lightroom), lightroom.read_bytes()) == before


def test_where_both_names_differ_the_rating_is_left_alone(photo: Path, desk: Desk) -> None:
    first = desk.write(photo, record(2))
    lightroom = put(photo.with_suffix(".xmp"), packet("", 'xmp:Rating="4"'))
    second = desk.write(photo, record(3), memory=first.memory)
    assert values(second.sidecar.read_bytes(), RATING) == ["2"]
    assert any("differ" in note for note in second.notes)
    put(lightroom, packet("", 'xmp:Rating="2"'))
    third = desk.write(photo, record(3), memory=second.memory)
    assert values(third.sidecar.read_bytes(), RATING) == ["3"]


def test_a_broken_lightroom_sidecar_is_named(photo: Path, desk: Desk) -> None:
    lightroom = put(photo.with_suffix(".xmp"), b"<cut")
    with pytest.raises(PermanentError, match=r"IMG 1\.xmp"):
        desk.write(photo, record())
    assert lightroom.read_bytes() == b"<cut"
    assert not photo.with_name("IMG 1.JPG.xmp").exists()


def test_the_sidecar_of_another_photo_is_not_taken_for_lightrooms(tmp_path: Path, desk: Desk) -> None:
    (tmp_path / "a.jpg").touch()
    (tmp_path / "a.jpg.png").touch()
    put(tmp_path / "a.jpg.xmp", packet("", 'xmp:Rating="5"'))
    done = desk.write(tmp_path / "a.jpg.png", record())
    assert values(done.sidecar.read_bytes(), RATING) == []


# Other programs


def test_what_another_program_writes_between_is_merged(
    photo: Path, monkeypatch: pytest.MonkeyPatch, desk: Desk
) -> None:
    path = put(photo.with_name("IMG 1.JPG.xmp"), packet())
    merge = packet_room.merge
    theirs = iter([packet("", 'xmp:Rating="5"')])

    def interrupted(*arguments: object, **named: object) -> object:
        done = merge(*arguments, **named)  # type: ignore[arg-type]  # handed on as they came
        for data in theirs:
            path.write_bytes(data)
        return done

    monkeypatch.setattr(sidecar, "merge", interrupted)
    desk.write(photo, record(2))
    assert values(path.read_bytes(), RATING) == ["5"]
    assert values(path.read_bytes(), VERDICT) == ["keep"]


def test_a_sidecar_that_keeps_changing_is_tried_later(photo: Path, monkeypatch: pytest.MonkeyPatch, desk: Desk) -> None:
    path = photo.with_name("IMG 1.JPG.xmp")
    merge = packet_room.merge
    sizes = iter(range(100))

    def interrupted(*arguments: object, **named: object) -> object:
        path.write_bytes(packet("", f'odd:a="{"y" * next(sizes)}"'))
        return merge(*arguments, **named)  # type: ignore[arg-type]  # handed on as they came

    monkeypatch.setattr(sidecar, "merge", interrupted)
    with pytest.raises(TransientError, match="keeps changing"):
        desk.write(photo, record())
    assert values(path.read_bytes(), VERDICT) == []


@pytest.mark.parametrize("data", [b"", packet()[:-60], b"\xff\xfe<\0"])
def test_a_half_written_sidecar_is_tried_later_and_reported_when_it_stays_so(
    photo: Path, data: bytes, desk: Desk
) -> None:
    path = put(photo.with_name("IMG 1.JPG.xmp"), data, young=True)
    with pytest.raises(TransientError, match=r"IMG 1\.JPG\.xmp"):
        desk.write(photo, record())
    os.utime(path, (time.time() - 6, time.time() - 6))
    with pytest.raises(PermanentError, match=r"IMG 1\.JPG\.xmp.*backup"):
        desk.write(photo, record())
    assert path.read_bytes() == data


@pytest.mark.parametrize("data", [b"<!DOCTYPE a><a/>", b"<html/>", b"<a>" + b"x" * 33 * 2**20 + b"</a>"])
def test_what_can_not_be_edited_safely_is_refused_at_once(photo: Path, data: bytes, desk: Desk) -> None:
    path = put(photo.with_name("IMG 1.JPG.xmp"), data, young=True)
    with pytest.raises(PermanentError, match=r"IMG 1\.JPG\.xmp"):
        desk.write(photo, record())
    assert path.read_bytes() == data


# Odd places


def test_a_symlinked_sidecar_is_written_where_it_lies(photo: Path, tmp_path: Path, desk: Desk) -> None:
    (tmp_path / "elsewhere").mkdir()
    real = put(tmp_path / "elsewhere/side.xmp", packet("", 'xmp:Rating="4"'))
    link = photo.with_name("IMG 1.JPG.xmp")
    link.symlink_to(real)
    assert desk.write(photo, record(2)).changed
    assert link.is_symlink()
    assert values(real.read_bytes(), VERDICT) == ["keep"]
    assert values(real.read_bytes(), RATING) == ["4"]


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_a_folder_or_a_pipe_in_the_sidecars_place_is_refused(photo: Path, make: object, desk: Desk) -> None:
    make(photo.with_name("IMG 1.JPG.xmp"))  # type: ignore[operator]  # one of two functions of a path
    with pytest.raises((PermanentError, TransientError), match=r"IMG 1\.JPG\.xmp"):
        desk.write(photo, record())


@pytest.fixture
def read_only_folder() -> Iterator[Path]:
    """A folder that may not be written, seen by an ordinary user, since root may write anywhere.

    Not in tmp_path, which is closed to other users.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        put(folder / "a.jpg", b"pixels")
        put(folder / "a.jpg.xmp", packet())
        folder.chmod(0o555)
        if os.geteuid() == 0:
            os.seteuid(65534)
            yield folder
            os.seteuid(0)
        else:
            yield folder
        folder.chmod(0o755)


class Unnoted(Pen):
    """A pen without a journal, whose file only root may open."""

    def __init__(self) -> None:
        pass

    def replace(self, file_id: int, path: Path, data: bytes | None, before: Snapshot | None, **_: object) -> int:
        replace_bytes(path, data, before)
        return file_id


@pytest.mark.parametrize("name", ["a.jpg", "b.jpg"])
def test_a_read_only_folder_is_reported_with_advice(read_only_folder: Path, name: str) -> None:
    with pytest.raises(PermanentError, match=rf"{name}\.xmp.*permissions"):
        sidecar.write(read_only_folder / name, record(), Embedded(), Metadata(), {}, pen=Unnoted(), file_id=1)
    assert (read_only_folder / "a.jpg.xmp").read_bytes() == packet()


def test_a_name_without_room_is_reported(tmp_path: Path, desk: Desk) -> None:
    photo = tmp_path / ("n" * 251 + ".jpg")
    photo.touch()
    with pytest.raises(PermanentError, match="rename"):
        desk.write(photo, record())


def test_a_full_disk_is_tried_later(photo: Path, monkeypatch: pytest.MonkeyPatch, desk: Desk) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TransientError, match="No space"):
        desk.write(photo, record())
    assert [path.name for path in photo.parent.iterdir()] == [photo.name]
