"""One writer at a time, and one that is killed at any step leaves nothing torn, nothing lost, nothing behind."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.desk import Desk
from support.sidecars import packet, record

import realqa_agent.metadata
from realqa_agent.errors import TransientError
from realqa_agent.index.store import Index
from realqa_agent.metadata import pen as pen_room
from realqa_agent.metadata.pen import turn
from realqa_agent.metadata.sidecar import sidecar_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

THEIRS = packet("<odd:a>theirs</odd:a>", 'xmp:Rating="4"')

STEPS = {str(Path(realqa_agent.metadata.__file__).with_name(name)) for name in ("atomic.py", "journal.py", "pen.py")}
"""The modules whose every line is a step; what comes before them only reads."""


def killed_at(step: int, act: Callable[[Desk], object], file: Path) -> bool:
    """Do something at a desk in a process of its own that is killed before that line; tell whether it came so far."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        return os.WIFSIGNALED(status)
    left = step

    def trace(frame: FrameType, event: str, _: object) -> object:
        nonlocal left
        if frame.f_code.co_filename not in STEPS:
            return None
        if event == "line":
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    with Index.open(file) as index:
        desk = Desk(index)
        sys.settrace(trace)  # type: ignore[arg-type]  # its own name for the same type is in no stub
        act(desk)
        sys.settrace(None)
    os._exit(0)


def temporaries(folder: Path) -> list[Path]:
    return list(folder.glob(".*"))


def mend(desk: Desk) -> None:
    """Do what the next program of ours does at its start."""
    with turn(desk.journal) as pen:
        pen.mend()


@pytest.mark.parametrize("before", [THEIRS, None], ids=["replaced", "made"])
def test_killed_at_every_step_of_a_write_the_sidecar_is_the_old_or_the_new_one(
    tmp_path: Path, desk: Desk, before: bytes | None
) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    photo = folder / "a.jpg"
    sidecar, file = sidecar_of(photo), desk.journal.lock_file.with_suffix("")

    def lay() -> None:
        sidecar.unlink(missing_ok=True)
        if before is not None:
            sidecar.write_bytes(before)

    def there() -> bytes | None:
        return sidecar.read_bytes() if sidecar.exists() else None

    lay()
    desk.write(photo, record(3))
    after = there()
    assert after is not None
    assert desk.undo(photo).changed
    states, step = set(), 0
    while True:
        lay()
        killed = killed_at(step, lambda one: one.write(photo, record(3)), file)
        states.add(there())
        assert there() in {before, after}
        mend(desk)
        assert temporaries(folder) == []
        if there() == after:
            assert desk.undo(photo).changed
        assert there() == before
        assert desk.writes(photo) == []
        if not killed:
            break
        step += 1
    assert states == {before, after}
    assert step > 50


def test_killed_at_every_step_of_an_undo_the_next_one_finishes_it(tmp_path: Path, desk: Desk) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    photo = folder / "a.jpg"
    sidecar, file = sidecar_of(photo), desk.journal.lock_file.with_suffix("")
    sidecar.write_bytes(THEIRS)
    step = 0
    while True:
        desk.write(photo, record(3))
        killed = killed_at(step, lambda one: one.undo(photo), file)
        mend(desk)
        assert temporaries(folder) == []
        if desk.writes(photo):
            desk.undo(photo)
        assert sidecar.read_bytes() == THEIRS
        if not killed:
            break
        step += 3
    assert step > 50


def test_two_processes_write_one_after_the_other(tmp_path: Path, desk: Desk) -> None:
    file = desk.journal.lock_file.with_suffix("")
    log = tmp_path / "log"
    child = os.fork()
    if child == 0:
        with Index.open(file) as index, turn(Desk(index).journal):
            log.write_text("their turn")
            time.sleep(0.3)
            log.write_text("their turn is over")
        os._exit(0)
    while not log.exists() or log.read_text() != "their turn":
        time.sleep(0.01)
    with turn(desk.journal):
        assert log.read_text() == "their turn is over"
    os.waitpid(child, 0)


def test_a_turn_that_does_not_end_is_an_error(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pen_room, "LONGEST_WAIT_SECONDS", 0.05)
    with turn(desk.journal), pytest.raises(TransientError, match="hangs"), turn(desk.journal):
        pass


def test_a_last_file_that_can_not_be_looked_at_stops_no_start(tmp_path: Path, desk: Desk) -> None:
    photo = tmp_path / "disk" / "a.jpg"
    photo.parent.mkdir()
    desk.write(photo, record(3))
    sidecar_of(photo).unlink()
    sidecar_of(photo).mkdir()
    mend(desk)
    sidecar_of(photo).rmdir()
    sidecar_of(photo).symlink_to(sidecar_of(photo).name)
    mend(desk)
    sidecar_of(photo).unlink()
    photo.parent.rmdir()
    photo.parent.touch()
    mend(desk)
    assert len(desk.writes(photo)) == 1


def test_what_fails_leaves_no_note(tmp_path: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = tmp_path / "a.jpg"

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TransientError, match="No space"):
        desk.write(photo, record())
    assert desk.writes(photo) == []


def test_what_happened_stays_noted_even_if_the_folder_could_not_be_made_durable(
    tmp_path: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = tmp_path / "a.jpg"
    fsync = os.fsync

    def broken(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").resolve().is_dir():
            raise OSError(5, "Input/output error")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(TransientError, match="Input/output"):
        desk.write(photo, record())
    monkeypatch.undo()
    assert len(desk.writes(photo)) == 1
    assert desk.undo(photo).changed
    assert not sidecar_of(photo).exists()
