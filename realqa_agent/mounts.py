"""Which file system a path lies on, and what inotify can tell of it, from the kernel. Standard library only."""

from __future__ import annotations

import os
import re
from pathlib import Path

MOUNT_TABLE = Path("/proc/self/mountinfo")
WATCH_LIMIT = Path("/proc/sys/fs/inotify/max_user_watches")

# Shared by more than one machine, or by a virtual machine and its host. On these inotify sees only our own
# writes, and SQLite's write-ahead log can't be used, since its shared memory ends at the machine's edge.
NETWORK = frozenset(
    {
        "9p",
        "afs",
        "ceph",
        "cifs",
        "coda",
        "davfs",
        "fuse.ceph",
        "fuse.cephfs",
        "fuse.curlftpfs",
        "fuse.davfs",
        "fuse.gcsfuse",
        "fuse.glusterfs",
        "fuse.gvfsd-fuse",
        "fuse.kio-fuse",
        "fuse.rclone",
        "fuse.s3fs",
        "fuse.smbnetfs",
        "fuse.sshfs",
        "fuse.vmhgfs-fuse",
        "glusterfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "smb3",
        "smbfs",
        "vboxsf",
        "virtiofs",
        "vmhgfs",
    }
)

_ESCAPED = re.compile(r"\\([0-7]{3})")


def filesystem_of(path: Path, *, mountinfo: str | None = None) -> str:
    """Return the type of the file system that holds `path`, such as `ext4`, `nfs4` or `fuse.sshfs`.

    Symlinks are followed, and the path need not exist yet. The type, not statfs, is asked because statfs calls
    every FUSE file system the same. `mountinfo` stands in for the kernel's table. Return an empty string if no
    line of the table fits.
    """
    mountinfo = _table() if mountinfo is None else mountinfo
    resolved = os.path.realpath(path)
    best, found = "", ""
    for line in mountinfo.splitlines():
        mount_point, filesystem = _parse(line)
        # Of two mounts on one point the later hides the earlier, as NFS hides its autofs.
        if len(mount_point) >= len(best) and _holds(mount_point, resolved):
            best, found = mount_point, filesystem
    return found


def mounts_below(path: Path, *, mountinfo: str | None = None) -> frozenset[tuple[str, str]]:
    """Return what is mounted at or below a path, symlinks followed: mount points and types of file system."""
    mounts = map(_parse, (_table() if mountinfo is None else mountinfo).splitlines())
    resolved = os.path.realpath(path)
    return frozenset((point, filesystem) for point, filesystem in mounts if _holds(resolved, point))


def is_network(filesystem: str) -> bool:
    """Tell whether other machines may change this type of file system without inotify telling us."""
    return filesystem in NETWORK


def reports_changes(filesystem: str) -> bool:
    """Tell whether inotify hears of every change on this type of file system, whoever makes it.

    What is behind a FUSE mount (mergerfs, bindfs, an encrypted folder, a phone) can change without it. `fuseblk` is a
    disk of this machine's own, as ntfs-3g mounts it.
    """
    return not (is_network(filesystem) or filesystem.partition(".")[0] == "fuse")


def watch_limit() -> int:
    """Return how many folders a user may watch by inotify (inotify(7))."""
    return int(WATCH_LIMIT.read_text(encoding="ascii"))


def _table() -> str:
    return MOUNT_TABLE.read_bytes().decode("utf-8", "surrogateescape")


def _parse(line: str) -> tuple[str, str]:
    """Given a line of mountinfo (proc(5)), return the mount point and the file system type."""
    fields = line.split(" ")
    # A variable number of optional fields ends with a lone hyphen; the type comes after it.
    return _unescape(fields[4]), fields[fields.index("-", 6) + 1]


def _unescape(text: str) -> str:
    """Undo the kernel's octal escapes for blank, tab, newline and backslash."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 8)), text)


def _holds(mount_point: str, path: str) -> bool:
    return mount_point in ("/", path) or path.startswith(f"{mount_point}/")
