"""Files that can't be opened at all, through every door of the room."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

from realqa_agent.config import Media
from realqa_agent.errors import RefusalKind, RefusedError
from realqa_agent.media.embedded import read_embedded
from realqa_agent.media.facts import read_facts
from realqa_agent.media.identity import identify
from realqa_agent.media.opening import open_clip, open_photo

NOBODY = 65534

Door = Callable[[Path], object]

DOORS: dict[str, Door] = {
    "photo": lambda path: open_photo(path, Media()),
    "clip": lambda path: open_clip(path, Media()),
    "identity": identify,
    "facts": read_facts,
    "embedded": read_embedded,
}


@pytest.fixture(params=DOORS)
def door(request: pytest.FixtureRequest) -> Door:
    return DOORS[request.param]


@pytest.fixture(params=["a.jpg", "a.dng", "a.mp4"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / str(request.param)


def kind_of_refusal(door: Door, path: Path) -> RefusalKind:
    with pytest.raises(RefusedError) as refused:
        door(path)
    assert refused.value.message
    assert str(path) not in refused.value.message, "callers add the path"
    return refused.value.kind


def test_empty(door: Door, path: Path) -> None:
    path.touch()
    assert kind_of_refusal(door, path) == RefusalKind.EMPTY


def test_vanished(door: Door, path: Path) -> None:
    assert kind_of_refusal(door, path) == RefusalKind.UNREADABLE


def test_a_link_to_nowhere_and_one_to_itself(door: Door, path: Path) -> None:
    path.symlink_to(path.with_name("gone.jpg"))
    assert kind_of_refusal(door, path) == RefusalKind.UNREADABLE
    path.unlink()
    path.symlink_to(path)
    assert kind_of_refusal(door, path) == RefusalKind.UNREADABLE


def test_permission_denied(door: Door, path: Path) -> None:
    path.write_bytes(b"secret")
    path.chmod(0)
    with as_ordinary_user():
        assert kind_of_refusal(door, path) == RefusalKind.UNREADABLE


def test_a_folder_named_like_a_photo(door: Door, path: Path) -> None:
    path.mkdir()
    assert kind_of_refusal(door, path) in (RefusalKind.UNREADABLE, RefusalKind.UNSUPPORTED)


def test_a_pipe_is_refused_and_not_waited_for(door: Door, path: Path) -> None:
    os.mkfifo(path)
    kinds: list[RefusalKind] = []
    thread = threading.Thread(target=lambda: kinds.append(kind_of_refusal(door, path)), daemon=True)
    thread.start()
    thread.join(timeout=10)
    assert kinds == [RefusalKind.UNSUPPORTED]


def test_a_photo_over_the_limit_of_bytes(tmp_path: Path) -> None:
    photo = tmp_path / "a.jpg"
    Image.new("RGB", (64, 64)).save(photo)
    with photo.open("ab") as file:
        file.truncate(2_000_000)
    with pytest.raises(RefusedError, match="max_megabytes") as refused:
        open_photo(photo, Media(max_megabytes=1))
    assert refused.value.kind == RefusalKind.TOO_LARGE
    assert open_photo(photo, Media(max_megabytes=2)).width == 64


@pytest.mark.parametrize("name", ["été ☂ 'q\"uote.jpg", b"latin1-\xe9.jpg".decode(errors="surrogateescape")])
def test_any_name_that_linux_allows(tmp_path: Path, name: str) -> None:
    photo = tmp_path / name
    with photo.open("wb") as file:
        exif = Image.Exif()
        exif[0x0110] = "Box"
        Image.new("RGB", (64, 48)).save(file, "JPEG", exif=exif)
    assert open_photo(photo, Media()).facts.camera == "Box"
    assert read_embedded(photo).problem is None
    assert len(identify(photo).sha256) == 64


def test_a_link_opens_what_it_points_to(tmp_path: Path) -> None:
    photo, link = tmp_path / "a.png", tmp_path / "b.jpg"
    Image.new("RGB", (64, 48)).save(photo)
    link.symlink_to(photo)
    assert open_photo(link, Media()).width == 64


@contextmanager
def as_ordinary_user() -> Iterator[None]:
    """Root reads everything, in a container too: be nobody for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
