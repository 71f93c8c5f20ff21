"""A real systemd of a test's own: a service manager and a journal in namespaces, which vanish with the test.

The host's own systemd, if it has one, never hears of it: the manager has its own processes, its own /run and its own
control group. What it starts sees the host's files.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAMS = ("systemctl", "journalctl", "unshare", "nsenter")
DAEMONS = (Path("/lib/systemd/systemd"), Path("/lib/systemd/systemd-journald"))

ENTER = (
    'echo $$ > "$1/cgroup.procs" && '
    'exec unshare --pid --fork --kill-child --mount --mount-proc --cgroup --uts --ipc sh -ec "$2" sh "$3"'
)
"""Takes the control group, the script for inside and the home. Entered first, the group is the root inside."""

JOURNAL = """
mount --make-rprivate /
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/system /run/systemd/journald.conf.d /run/user/0 /run/targets
chmod 700 /run/user/0
printf '[Journal]\\nStorage=volatile\\nReadKMsg=no\\nAudit=no\\n' > /run/systemd/journald.conf.d/test.conf
umount -l /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
/lib/systemd/systemd-journald &
until [ -S /run/systemd/journal/socket ]; do sleep 0.05; done
"""
"""systemd looks for /run/systemd/system to tell whether it may run at all."""

OF_A_USER = """
mkdir -p /sys/fs/cgroup/user.slice/user-0.slice/user@0.service
sh -c 'echo $$ > /sys/fs/cgroup/user.slice/user-0.slice/user@0.service/cgroup.procs
       exec /lib/systemd/systemd --user' &
wait
"""
"""By its control group the journal knows a user's service from one of the machine."""

OF_THE_MACHINE = """
mount -t tmpfs tmpfs /etc/systemd/system
echo "anna:x:0:0::$1:/bin/sh" | cat /etc/passwd - > /run/passwd
mount --bind /run/passwd /etc/passwd
for target in sysinit basic multi-user shutdown; do
    printf '[Unit]\\nDefaultDependencies=no\\n' > "/run/targets/$target.target"
done
mount --bind /proc/sys /proc/sys
mount -o remount,bind,ro /proc/sys
export container=test SYSTEMD_UNIT_PATH=/etc/systemd/system:/run/targets
exec /lib/systemd/systemd --system --unit=multi-user.target --log-target=journal
"""
"""It starts nothing that the host would at boot, and changes no setting of the kernel.

There is a user anna with the test's home. She is root under another name, since Python may be where only root reads.
"""


@dataclass(frozen=True, kw_only=True)
class Manager:
    """A service manager: a user's, or the machine's."""

    process: int
    """The first process in its namespaces."""
    home: Path

    def run(self, *command: object, status: int | None = 0) -> subprocess.CompletedProcess[str]:
        """Run a command beside the manager, as its user does at a terminal."""
        done = subprocess.run(
            ["nsenter", f"--target={self.process}", "--mount", "--pid", "--cgroup", *map(str, command)],
            env=_environment(self.home),
            capture_output=True,
            text=True,
            errors="surrogateescape",
            timeout=60,
        )
        assert status is None or done.returncode == status, done.stdout + done.stderr
        return done


def lacking() -> str | None:
    """Return why there can be no such manager here, in words for a skipped test; None if there can."""
    if os.geteuid() != 0:
        return "a service manager of the test's own needs root, for namespaces and a control group"
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    missing += [str(path) for path in DAEMONS if not path.exists()]
    if missing:
        return f"not installed: {', '.join(missing)}"
    if _control_groups() is None:
        return "no cgroup2 file system is mounted"
    return None


@contextmanager
def manager(home: Path, *, system: bool = False) -> Iterator[Manager]:
    """Start a manager, that of a user with this home or the machine's; what it starts ends with it."""
    groups = _control_groups()
    assert groups is not None
    group = groups / f"realqa-test-{os.getpid()}"
    group.mkdir()
    script = JOURNAL + (OF_THE_MACHINE if system else OF_A_USER)
    log = home / "manager.log"
    with log.open("wb") as out:
        outer = subprocess.Popen(
            ["sh", "-ec", ENTER, "sh", group, script, home],
            env=_environment(home),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
    try:
        yield _ready(outer, ["systemctl", *([] if system else ["--user"]), "is-system-running"], home, log)
    finally:
        outer.kill()
        outer.wait()
        _remove(group)


def _environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "REALQA_", "DBUS_"))}
    return {**kept, "HOME": str(home), "XDG_RUNTIME_DIR": "/run/user/0"}


def _ready(outer: subprocess.Popen[bytes], question: list[str], home: Path, log: Path) -> Manager:
    children = Path(f"/proc/{outer.pid}/task/{outer.pid}/children")
    end = time.monotonic() + 20
    while time.monotonic() < end and outer.poll() is None:
        for child in children.read_text().split():
            found = Manager(process=int(child), home=home)
            if found.run(*question, status=None).stdout.strip() in {"running", "degraded"}:
                return found
        time.sleep(0.1)
    raise AssertionError(f"no service manager: {log.read_text(errors='replace')}")


def _control_groups() -> Path | None:
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        fields, _, kind = line.partition(" - ")
        if kind.startswith("cgroup2 "):
            return Path(fields.split()[4])
    return None


def _remove(group: Path) -> None:
    end = time.monotonic() + 10
    while group.exists() and time.monotonic() < end:
        for folder in (*sorted(group.rglob("*/"), reverse=True), group):
            with contextlib.suppress(OSError):  # The kernel may not be done with the processes in it.
                folder.rmdir()
        time.sleep(0.05)
