"""A disk that is really full, and one that is really read-only: an error on that file, and nothing lost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.desk import Desk
from support.sidecars import RATING, packet, record, values

from realqa_agent.errors import PermanentError, TransientError
from realqa_agent.index.store import Index
from realqa_agent.metadata.sidecar import sidecar_of

if TYPE_CHECKING:
    from collections.abc import Callable

THEIRS = packet(attributes='xmp:Rating="0"')


def on_a_disk(test: Callable[[Path, Desk], None], tmp_path: Path, empty_index: Path) -> None:
    """Run a test with a small disk of its own, which only it can see and which goes with its process."""
    disk, file = tmp_path / "disk", tmp_path / "index.sqlite"
    disk.mkdir()
    file.write_bytes(empty_index.read_bytes())
    here = Path(__file__)
    program = (
        f"import sys; sys.path[:0] = [{str(here.parent)!r}, {str(here.parents[1])!r}]\n"
        f"import {here.stem} as tests\n"
        f"tests.within(tests.{test.__name__}, {str(disk)!r}, {str(file)!r})\n"
    )
    mounted = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if subprocess.run(["unshare", "-Urm", *mounted], check=False, capture_output=True).returncode:
        pytest.skip("this machine lets no ordinary user mount a disk of his own")
    script = 'disk=$1; shift; mount -t tmpfs -o size=64k tmpfs "$disk" && exec "$@"'
    command = ["unshare", "-Urm", "sh", "-c", script, "sh", str(disk), sys.executable, "-c", program]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def within(test: Callable[[Path, Desk], None], disk: str, file: str) -> None:
    with Index.open(Path(file)) as index:
        test(Path(disk), Desk(index))


def full(disk: Path, desk: Desk) -> None:
    photo, filler = disk / "a.jpg", disk / "filler"
    sidecar_of(photo).write_bytes(THEIRS)
    with pytest.raises(OSError, match="No space"):
        filler.write_bytes(b"x" * 2**20)
    with pytest.raises(TransientError, match=r"a\.jpg\.xmp.*No space"):
        desk.write(photo, record(3))
    assert sidecar_of(photo).read_bytes() == THEIRS
    assert {path.name for path in disk.iterdir()} == {"a.jpg.xmp", "filler"}
    assert desk.writes(photo) == []
    filler.unlink()
    assert values(desk.write(photo, record(3)).sidecar.read_bytes(), RATING) == ["3"]
    desk.undo(photo)
    assert sidecar_of(photo).read_bytes() == THEIRS


def read_only(disk: Path, desk: Desk) -> None:
    photo = disk / "a.jpg"
    sidecar_of(photo).write_bytes(THEIRS)
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    with pytest.raises(PermanentError, match=r"a\.jpg\.xmp.*read-only.*mount it for writing"):
        desk.write(photo, record(3))
    with pytest.raises(PermanentError, match=r"b\.jpg\.xmp.*read-only"):
        desk.write(disk / "b.jpg", record(3))
    assert sidecar_of(photo).read_bytes() == THEIRS
    assert desk.writes(photo) == []


@pytest.mark.parametrize("test", [full, read_only])
def test_a_bad_disk(test: Callable[[Path, Desk], None], tmp_path: Path, empty_index: Path) -> None:
    on_a_disk(test, tmp_path, empty_index)
