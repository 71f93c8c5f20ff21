"""Which file system holds a path."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from realqa_agent.mounts import filesystem_of, is_network, mounts_below, reports_changes

TABLE = """\
22 1 0:21 / /proc rw,relatime shared:7 - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
40 27 0:40 / /nas rw,relatime shared:1 master:2 - autofs systemd-1 rw
41 40 0:41 / /nas rw,relatime - nfs4 nas:/export rw
42 27 0:42 / /nas/local rw,relatime - xfs /dev/vdb rw
43 27 0:43 / /media/my\\040photos\\134raw rw,relatime - fuse.sshfs me@host: rw
"""


@pytest.mark.parametrize(
    ("path", "filesystem"),
    [
        ("/home/me/index.sqlite", "ext4"),
        ("/", "ext4"),
        ("/proc/self", "proc"),
        ("/nas", "nfs4"),  # the later mount hides the autofs under it
        ("/nas/2024/a.jpg", "nfs4"),
        ("/nas/local/a.jpg", "xfs"),
        ("/nas2/a.jpg", "ext4"),
        ("/media/my photos\\raw/a.jpg", "fuse.sshfs"),
    ],
)
def test_longest_mount_point_that_holds_the_path_wins(path: str, filesystem: str) -> None:
    assert filesystem_of(Path(path), mountinfo=TABLE) == filesystem


def test_symlink_counts_as_what_it_points_to(tmp_path: Path) -> None:
    (tmp_path / "share").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "share")
    table = f"1 0 0:1 / / rw - ext4 x rw\n2 1 0:2 / {tmp_path}/share rw - cifs x rw\n"
    assert filesystem_of(tmp_path / "link" / "not there yet", mountinfo=table) == "cifs"


def test_mount_point_of_any_bytes() -> None:
    mount_point = os.fsdecode(b"/media/caf\xe9")
    table = f"1 0 0:1 / / rw - ext4 x rw\n2 1 0:2 / {mount_point} rw - vfat x rw\n"
    assert filesystem_of(Path(mount_point, "a.jpg"), mountinfo=table) == "vfat"


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/nas", {("/nas", "autofs"), ("/nas", "nfs4"), ("/nas/local", "xfs")}),
        ("/nas/local", {("/nas/local", "xfs")}),
        ("/nas/loc", set()),
        ("/media", {("/media/my photos\\raw", "fuse.sshfs")}),
    ],
)
def test_mounts_below(path: str, found: set[tuple[str, str]]) -> None:
    assert mounts_below(Path(path), mountinfo=TABLE) == found


def test_kernel_tells_for_a_real_folder(tmp_path: Path) -> None:
    assert filesystem_of(tmp_path)
    assert filesystem_of(Path("/proc/self")) == "proc"


@pytest.mark.parametrize("filesystem", ["nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "fuse.rclone"])
def test_network_file_systems(filesystem: str) -> None:
    assert is_network(filesystem)


@pytest.mark.parametrize("filesystem", ["nfs4", "fuse.sshfs", "fuse.mergerfs", "fuse.bindfs", "fuse"])
def test_file_systems_that_change_behind_our_back(filesystem: str) -> None:
    assert not reports_changes(filesystem)


@pytest.mark.parametrize("filesystem", ["ext4", "fuseblk", "overlay", "fusectl", ""])
def test_file_systems_that_do_not(filesystem: str) -> None:
    assert reports_changes(filesystem)


@pytest.mark.parametrize("filesystem", ["ext4", "btrfs", "xfs", "exfat", "vfat", "fuseblk", "tmpfs", "overlay", ""])
def test_local_file_systems(filesystem: str) -> None:
    assert not is_network(filesystem)
