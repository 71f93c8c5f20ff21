from __future__ import annotations

import contextlib
import errno
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from realqa_agent.errors import PermanentError
from realqa_agent.files import FileStat, stat_of
from realqa_agent.metadata.atomic import replace_bytes, sweep
from realqa_agent.metadata.snapshot import ChangedMeanwhileError, Snapshot, snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_a_new_file_gets_the_usual_mode(tmp_path: Path) -> None:
    old = os.umask(0o022)
    try:
        replace_bytes(tmp_path / "a.xmp", b"new", None)
    finally:
        os.umask(old)
    assert (tmp_path / "a.xmp").read_bytes() == b"new"
    assert (tmp_path / "a.xmp").stat().st_mode & 0o777 == 0o644
    assert [path.name for path in tmp_path.iterdir()] == ["a.xmp"]


@pytest.mark.parametrize("mode", [0o600, 0o664, 0o444])
def test_mode_and_owner_are_kept_and_the_time_is_the_present(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "a.xmp"
    file.write_bytes(b"old")
    file.chmod(mode)
    if os.geteuid() == 0:
        os.chown(file, 1234, 2345)
    os.utime(file, (1e9, 1e9))
    before = file.stat()
    replace_bytes(file, b"new", snapshot(file))
    after = file.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert after.st_mtime > 1.5e9


def test_a_symlink_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real/b.xmp").write_bytes(b"old")
    link = tmp_path / "a.xmp"
    link.symlink_to("real/b.xmp")
    replace_bytes(link, b"new", snapshot(link))
    assert link.is_symlink()
    assert (tmp_path / "real/b.xmp").read_bytes() == b"new"
    assert len(list((tmp_path / "real").iterdir())) == 1


def test_a_file_that_changed_is_not_replaced(tmp_path: Path) -> None:
    file = tmp_path / "a.xmp"
    file.write_bytes(b"theirs")
    looks = stat_of(file)
    for expected in (
        None,
        Snapshot(data=b"theirs", stat=FileStat(size=6, mtime_ns=1, inode=1)),
        Snapshot(data=b"others", stat=looks),
    ):
        with pytest.raises(ChangedMeanwhileError):
            replace_bytes(file, b"new", expected)
    seen = snapshot(file)
    file.unlink()
    with pytest.raises(ChangedMeanwhileError):
        replace_bytes(file, b"new", seen)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.xmp"
    file.write_bytes(b"old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        replace_bytes(file, b"new", snapshot(file))
    assert file.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_long_name_is_no_hindrance(tmp_path: Path) -> None:
    name = "n" * 251 + ".xmp"
    replace_bytes(tmp_path / name, b"new", None)
    assert (tmp_path / name).read_bytes() == b"new"


def test_leftovers_are_swept_and_nothing_else(tmp_path: Path) -> None:
    for name in ("a.xmp", "mine.realqa-tmp", ".other", ".0123456789abcdef.realqa-tmp"):
        (tmp_path / name).touch()
    assert sweep(tmp_path) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == [".other", "a.xmp", "mine.realqa-tmp"]


def test_removing_is_a_replacement_by_nothing(tmp_path: Path) -> None:
    file = tmp_path / "a.xmp"
    file.write_bytes(b"old")
    seen = snapshot(file)
    file.write_bytes(b"new")
    with pytest.raises(ChangedMeanwhileError):
        replace_bytes(file, None, seen)
    assert file.read_bytes() == b"new"
    replace_bytes(file, None, snapshot(file))
    assert list(tmp_path.iterdir()) == []


def test_without_hard_links_it_works_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fat(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", fat)
    file = tmp_path / "a.xmp"
    for data in (b"one", b"two", None):
        replace_bytes(file, data, snapshot(file))
        assert [path.read_bytes() for path in tmp_path.iterdir()] == ([] if data is None else [data])


def test_who_has_the_file_open_for_writing_is_waited_for(tmp_path: Path) -> None:
    file = tmp_path / "a.xmp"
    file.write_bytes(b"old")
    seen = snapshot(file)
    with file.open("r+b") as other:
        with pytest.raises(ChangedMeanwhileError, match="right now"):
            replace_bytes(file, b"agent", seen)
        with pytest.raises(ChangedMeanwhileError, match="right now"):
            replace_bytes(file, None, seen)
        other.write(b"new")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"new"]


def test_who_only_reads_the_file_is_no_hindrance(tmp_path: Path) -> None:
    file = tmp_path / "a.xmp"
    file.write_bytes(b"old")
    with file.open("rb") as other:
        replace_bytes(file, b"agent", snapshot(file))
        assert other.read() == b"old"
    assert file.read_bytes() == b"agent"


OTHERS_WRITES = 300


def overwrite(file: Path) -> int:
    """Write in place as darktable does, many times; return how many of these writes did not last."""
    lost = 0
    for number in range(1, OTHERS_WRITES + 1):
        with file.open("wb", buffering=0) as stream:
            stream.write(b"%d " % number)
            stream.write(b"human")
        time.sleep(0.001)  # A turn for the other writer.
        end = time.monotonic() + 0.1
        while not file.read_bytes().startswith(b"%d " % number):
            if time.monotonic() > end:
                lost += 1
                break
    return lost


def test_a_program_that_writes_in_place_loses_nothing(tmp_path: Path) -> None:
    """Without the old file's second name, about one in thirty of its writes was lost here, without the lease a few."""
    file = tmp_path / "a.xmp"
    file.write_bytes(b"0 agent")
    child = os.fork()
    if child == 0:
        os._exit(overwrite(file))
    replaced = 0
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        with contextlib.suppress(ChangedMeanwhileError):
            seen = snapshot(file)
            if seen is not None and seen.data.endswith((b"human", b"agent")):
                replace_bytes(file, seen.data.split()[0] + b" agent", seen)
                replaced += 1
    assert os.waitstatus_to_exitcode(status) == 0
    assert replaced > 0
    assert [path.name for path in tmp_path.iterdir()] == ["a.xmp"]


def test_a_file_of_somebody_elses_is_not_taken_away(foreign_file: Path) -> None:
    before = foreign_file.stat()
    with pytest.raises(PermanentError, match="belongs to"):
        replace_bytes(foreign_file, b"new", snapshot(foreign_file))
    after = foreign_file.stat()
    assert (after.st_uid, after.st_mode, foreign_file.read_bytes()) == (before.st_uid, before.st_mode, b"theirs")
    assert [path.name for path in foreign_file.parent.iterdir()] == ["a.xmp"]


@pytest.fixture
def foreign_file() -> Iterator[Path]:
    """A file of root's in a folder of ours, seen by an ordinary user. Not in tmp_path, which is closed to others."""
    if os.geteuid() != 0:
        pytest.skip("only root can make another user's file")
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "a.xmp"
        file.write_bytes(b"theirs")
        file.chmod(0o644)
        Path(name).chmod(0o777)
        os.seteuid(65534)
        yield file
        os.seteuid(0)
