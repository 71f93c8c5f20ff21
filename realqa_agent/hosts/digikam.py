"""digiKam from outside: its settings file, the programs that run with it, and a word to them over D-Bus."""

from __future__ import annotations

import logging
import os
import re
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs
import psutil

from realqa_agent.errors import RealQAError, UserError
from realqa_agent.files import made_whole
from realqa_agent.hosts.bus import BUS, BusError, session
from realqa_agent.hosts.digikam_library import photos_with_choices
from realqa_agent.hosts.digikam_settings import changes_back, database, is_set_up_from, tells, with_changes
from realqa_agent.hosts.kconfig import BrokenSettingsError, Settings
from realqa_agent.metadata.atomic import replace_bytes
from realqa_agent.metadata.snapshot import snapshot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realqa_agent.hosts.bus import Bus
    from realqa_agent.hosts.digikam_settings import Change
    from realqa_agent.metadata.snapshot import Snapshot

log = logging.getLogger(__name__)

FLATPAK = "org.kde.digikam"
PROGRAM = "digikam"

BUS_NAME = re.compile(r"org\.kde\.digikam(-\d+|\.kdbus-\w+)")
"""The second as KDE's library builds it in a sandbox."""

WINDOW = ("/Digikam", "org.kde.KMainWindow")
LOOK_FOR_NEW = "scan_newitems"

PATIENCE_SECONDS = 3.0

PROGRAM_SECONDS = 20.0
"""`digikam --version` loads all of its libraries; from a cold disk that takes a while."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A digiKam's settings file."""

    file: Path
    flatpak: bool

    @property
    def kept(self) -> Path:
        """The same, as it was before the first setup; empty if there was none."""
        return self.file.with_name(f"{self.file.name}.before-realqa")


@dataclass(frozen=True, kw_only=True, slots=True)
class Read:
    """A settings file as it was read."""

    settings: Settings
    before: Snapshot | None
    """None if there is no file."""


def place(*, flatpak: bool) -> Place:
    """Return where the digiKam of this user has its settings: the distribution's or an AppImage, or Flatpak's."""
    if flatpak:
        return Place(file=Path.home() / ".var/app" / FLATPAK / "config/digikamrc", flatpak=True)
    return Place(file=platformdirs.user_config_path("digikamrc"), flatpak=False)


def read(where: Place) -> Read:
    """Read the settings, empty if there are none; UserError if that file is none of KDE's or can't be read."""
    return _read(where.file)


def set_up(where: Place, found: Read, changes: Sequence[Change]) -> None:
    """Change the settings, and keep the file as it was before the first setup.

    Raise RealQAError if it can't be written or has changed since it was read; then it is as it was.
    """
    _check_writable(where.file)
    try:
        where.file.parent.mkdir(parents=True, exist_ok=True)
        if not where.kept.exists():
            with made_whole(where.kept) as kept:  # private, since there may be a server's password in it
                kept.write_bytes(b"" if found.before is None else found.before.data)
        replace_bytes(where.file, with_changes(found.settings, changes), found.before)
    except OSError as error:
        raise _unwritable(error) from error


def choices_may_be_lost(settings: Settings) -> bool:
    """Tell whether digiKam may know of choices that no sidecar says, and that sidecars would then overrule."""
    where = database(settings)
    if where is None or tells(settings):
        return False
    return where.server or photos_with_choices(Path(where.place)) != 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Undoing:
    """What takes the setup back."""

    now: Read
    changes: tuple[Change, ...]
    data: bytes | None
    """The file's bytes then; None if there was none."""
    whole: bool
    """The file becomes what it was; else others changed it too, and their changes stay."""


def undoing(where: Place) -> Undoing:
    """Return what takes the setup back; UserError if there was none."""
    kept, now = _read(where.kept), read(where)
    if kept.before is None:
        raise UserError(
            f"{where.kept}: there is no such file: `realqa digikam setup` changed nothing, or it was undone"
        )
    changes = tuple(changes_back(kept.settings, now.settings))
    whole = now.before is not None and is_set_up_from(kept.settings, now.before.data, changes)
    data: bytes | None = kept.before.data or None
    if not whole:
        data = None if now.before is None else with_changes(now.settings, changes)
    return Undoing(now=now, changes=changes, data=data, whole=whole)


def undo(where: Place, planned: Undoing) -> None:
    """Take the setup back, and the kept file away. RealQAError as for `set_up`."""
    _check_writable(where.file)
    try:
        replace_bytes(where.file, planned.data, planned.now.before)
        where.kept.unlink()
    except OSError as error:
        raise _unwritable(error) from error


def version(*, flatpak: bool) -> str | None:
    """Return the version of the installed digiKam; None if there is none, or it doesn't say."""
    command = ["flatpak", "run", FLATPAK] if flatpak else [PROGRAM]
    if shutil.which(command[0]) is None:
        return None
    # Without a screen too, and without a word about that.
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(
            [*command, "--version"],
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PROGRAM_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    said = re.search(r"^digikam (\d\S*)", done.stdout, re.MULTILINE)
    return None if said is None else said[1]


def merges_tags(its_version: str) -> bool:
    """Tell whether this digiKam adds a changed sidecar's tags to those that it has; later ones replace them."""
    return int(its_version.partition(".")[0]) < 8


def running(where: Place) -> list[int]:
    """Return the processes of the digiKam that uses these settings; one of which that can't be told counts."""
    found = {process.pid for process in psutil.process_iter(["name"]) if process.info["name"] == PROGRAM}
    on_bus: set[int] = set()
    with suppress(BusError), session(PATIENCE_SECONDS) as bus:
        on_bus = {pid for pid in (_process_of(bus, name) for name in _names(bus)) if pid is not None}
    return sorted(pid for pid in found | on_bus if _may_use(pid, where.file, unseen=pid in on_bus))


def refresh() -> int:
    """Have each digiKam of this desktop look for new and changed files; return how many were told.

    Raise NoBusError without a desktop, BusError if a digiKam refuses or does not answer.
    """
    with session(PATIENCE_SECONDS) as bus:
        names = _names(bus)
        for name in names:
            path, interface = WINDOW
            if not bus.call((path, name, interface), "activateAction", "s", LOOK_FOR_NEW)[0]:
                raise BusError(f"{name} can't look for new items now")
    return len(names)


def refresh_after_import() -> None:
    """Do so for the agent, which goes on whether there is a digiKam or not."""
    try:
        told = refresh()
    except BusError as error:
        log.info("digiKam was not told of the import: %s", error)
    else:
        if told:
            log.info("digiKam looks for new and changed files")


def _names(bus: Bus) -> list[str]:
    """Return the names of each digiKam on the bus."""
    [names] = bus.call(BUS, "ListNames")
    return [name for name in names if BUS_NAME.fullmatch(name)]


def _process_of(bus: Bus, name: str) -> int | None:
    """Return the process behind a name on the bus, None if it has just left."""
    try:
        return int(bus.call(BUS, "GetConnectionUnixProcessID", "s", name)[0])
    except BusError:
        return None


def _may_use(pid: int, file: Path, *, unseen: bool) -> bool:
    """Tell whether a process has these settings, as far as its user and its environment tell.

    `unseen`: one that isn't there may be in a container whose processes are not to be seen here; else it has ended.
    """
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE or process.uids().real != os.getuid():
            return False
        environment = process.environ()
    except psutil.NoSuchProcess:
        return unseen
    except psutil.Error:
        return True
    folder = environment.get("XDG_CONFIG_HOME") or f"{environment.get('HOME')}/.config"
    return Path(folder).resolve() == file.parent.resolve()


def _read(file: Path) -> Read:
    try:
        found = snapshot(file)
        return Read(settings=Settings(b"" if found is None else found.data), before=found)
    except BrokenSettingsError as error:
        raise UserError(f"{file}: these are no settings of digiKam's, {error}; look at it, or move it away") from error
    except OSError as error:
        raise UserError(f"{file}: can't read it: {error.strerror}") from error


def _check_writable(file: Path) -> None:
    """Raise UserError for a file that somebody has protected: to replace it would not even need leave to write it."""
    try:
        mode = file.stat().st_mode
    except FileNotFoundError:
        return
    if not mode & 0o222 or not os.access(file, os.W_OK):
        raise UserError(f"{file}: it is write-protected, so that digiKam can't change it either; it is left as it is")


def _unwritable(error: OSError) -> RealQAError:
    return UserError(f"{error.filename}: can't write it: {error.strerror}")
