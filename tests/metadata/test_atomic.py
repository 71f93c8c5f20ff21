from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from realqa_agent.files import FileStat, stat_of
from realqa_agent.metadata.atomic import ChangedMeanwhileError, replace_bytes, sweep

if TYPE_CHECKING:
    from pathlib import Path


def test_a_new_file_gets_the_usual_mode(tmp_path: Path) -> None:
    old = os.umask(0o022)
    try:
        stat = replace_bytes(tmp_path / "a.xmp", b"new", None)
    finally:
        os.umask(old)
    assert (tmp_path / "a.xmp").read_bytes() == b"new"
    assert stat == stat_of(tmp_path / "a.xmp")
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
    replace_bytes(file, b"new", stat_of(file))
    after = file.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert after.st_mtime > 1.5e9


def test_a_symlink_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real/b.xmp").write_bytes(b"old")
    link = tmp_path / "a.xmp"
    link.symlink_to("real/b.xmp")
    replace_bytes(link, b"new", stat_of(link))
    assert link.is_symlink()
    assert (tmp_path / "real/b.xmp").read_bytes() == b"new"
    assert len(list((tmp_path / "real").iterdir())) == 1


def test_a_file_that_changed_is_not_replaced(tmp_path: Path) -> None:
    file = tmp_path / "a.xmp"
    file.write_bytes(b"theirs")
    for expected in (None, FileStat(size=6, mtime_ns=1, inode=1)):
        with pytest.raises(ChangedMeanwhileError):
            replace_bytes(file, b"new", expected)
    seen = stat_of(file)
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
        replace_bytes(file, b"new", stat_of(file))
    assert file.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_long_name_is_no_hindrance(tmp_path: Path) -> None:
    name = "n" * 251 + ".xmp"
    replace_bytes(tmp_path / name, b"new", None)
    assert (tmp_path / name).read_bytes() == b"new"


KILLED = """
import os, signal, sys
from pathlib import Path
from realqa_agent.files import stat_of
from realqa_agent.metadata.atomic import replace_bytes
Path.replace = lambda self, target: os.kill(os.getpid(), signal.SIGKILL)
file = Path(sys.argv[1])
replace_bytes(file, b"new", stat_of(file))
"""


def test_killed_before_the_replace_the_old_file_is_whole_and_the_rest_is_swept(tmp_path: Path) -> None:
    file = tmp_path / "a.xmp"
    file.write_bytes(b"old")
    done = subprocess.run([sys.executable, "-c", KILLED, str(file)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert file.read_bytes() == b"old"
    left = [path for path in tmp_path.iterdir() if path != file]
    assert [(path.name[0], path.suffix, path.read_bytes()) for path in left] == [(".", ".realqa-tmp", b"new")]
    (tmp_path / "mine.realqa-tmp").touch()
    (tmp_path / ".other").touch()
    assert sweep(tmp_path) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == [".other", "a.xmp", "mine.realqa-tmp"]
