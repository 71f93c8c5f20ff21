"""The plugin for digiKam: built for the digiKam that is installed, and started with it from the desktop's menu.

digiKam's plugins fit one version of it alone, and no distribution has its headers in a package, so that nobody can
build the plugin beforehand. It goes into a folder of the user's, which digiKam searches if a variable says so; the
desktop's entry for digiKam sets it.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from realqa_agent.errors import RealQAError, UserError
from realqa_agent.files import made_whole
from realqa_agent.metadata.atomic import replace_bytes
from realqa_agent.metadata.snapshot import snapshot
from realqa_agent.paths import packaged

if TYPE_CHECKING:
    from collections.abc import Sequence

NAME = "Generic_RealQA_Plugin.so"

BESIDE = "agent.json"
"""How the plugin calls the agent, which version of it installed the plugin, and for which digiKam."""

ENTRY = "org.kde.digikam.desktop"

MARKER = "# Made by `realqa plugin install digikam --build`, which may replace it."

VARIABLE = "DK_PLUGIN_PATH"
"""Where digiKam looks for plugins, in place of its own folder: that has to be named too."""

TRICKY = re.compile(r'["`$\\%\x00-\x1f\ud800-\udfff]')
"""Characters that mean something else between the quotes of an entry, or are none."""

SYSTEM = Path("/usr")

LINES = 20
"""Of what a program said that failed, the last ones are shown."""

CORE = re.compile(r"libdigikamcore\.so\.(\d+\.\d+\.\d+)")

OWN_DECLARATIONS = "7.9.0"
"""The version whose interface our own declarations describe."""

BY_SOURCE = 8
"""The major version that can be built against digiKam's source."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Library:
    """digiKam's library, to which the plugin is tied."""

    file: Path
    version: str

    @property
    def qt(self) -> int:
        """The major version of Qt."""
        return 5 if self.version == OWN_DECLARATIONS else 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where the plugin of this user is."""

    data: Path

    @property
    def folder(self) -> Path:
        """The folder that digiKam searches."""
        return self.data / "realqa" / "digikam"

    @property
    def plugin(self) -> Path:
        """The plugin itself."""
        return self.folder / NAME

    @property
    def beside(self) -> Path:
        """What tells the plugin how to call the agent."""
        return self.folder / BESIDE

    @property
    def entry(self) -> Path:
        """The desktop's entry, which hides the system's."""
        return self.data / "applications" / ENTRY


@dataclass(frozen=True, kw_only=True, slots=True)
class Installed:
    """What is there."""

    version: str
    """Of the agent that installed it."""
    digikam: str
    """The version that it was built for."""
    command: tuple[str, ...]


def place() -> Place:
    """Return where the plugin of this user belongs."""
    return Place(data=platformdirs.user_data_path())


def library(system: Path = SYSTEM) -> Library:
    """Return the newest digiKam's library; UserError if there is none, or none that the plugin can be built for."""
    folders = chain([system / "lib/digikam", system / "lib64"], (system / "lib").glob("*-linux-*"))
    files = chain.from_iterable(folder.glob("libdigikamcore.so.*") for folder in folders)
    found = [(file, known[1]) for file in files if (known := CORE.fullmatch(file.name))]
    if not found:
        raise UserError(
            f"there is no digiKam below {system}: install it as a package of your distribution "
            "(a Flatpak or an AppImage has libraries of its own, for which no plugin can be built here)"
        )
    file, version = max(found, key=lambda one: _numbers(one[1]))
    if version != OWN_DECLARATIONS and _numbers(version)[0] != BY_SOURCE:
        raise UserError(f"{file}: the plugin knows digiKam {OWN_DECLARATIONS} and {BY_SOURCE}.x, not {version}")
    return Library(file=file, version=version)


def check_tools(wanted: Library, system: Path = SYSTEM) -> None:
    """Raise UserError with the packages that are missing to build the plugin."""
    package = "qtbase5-dev" if wanted.qt == 5 else "qt6-base-dev"
    missing = [name for program, name in (("cmake", "cmake"), ("g++", "g++"), ("make", "make")) if not _there(program)]
    if not any(any(system.glob(f"{folder}/cmake/Qt{wanted.qt}Widgets")) for folder in ("lib", "lib64", "lib/*")):
        missing.append(package)
    if wanted.version != OWN_DECLARATIONS and not _there("xz"):
        missing.append("xz-utils")
    if missing:
        raise UserError(f"to build it, some packages are missing: sudo apt install {' '.join(missing)}")


def build(wanted: Library, folder: Path) -> Path:
    """Build the plugin below an empty folder and return it; RealQAError if that fails."""
    definitions = {"CMAKE_BUILD_TYPE": "Release", "DIGIKAM_LIBRARY": wanted.file}
    if wanted.version != OWN_DECLARATIONS:
        definitions["DIGIKAM_SOURCE"] = _headers(wanted, folder / "digikam")
    made = folder / "build"
    settings = [f"-D{name}={value}" for name, value in definitions.items()]
    _run(["cmake", "-S", str(packaged("plugins") / "digikam"), "-B", str(made), *settings], folder)
    _run(["cmake", "--build", str(made)], folder)
    return made / NAME


def install(where: Place, wanted: Library, command: Sequence[str], version: str) -> None:
    """Build the plugin and put it in its place; it calls this command, of this version.

    A digiKam that runs keeps what it has loaded.
    UserError if that place can't be written, RealQAError if the plugin can't be built.
    """
    described = json.dumps({"command": [*command], "version": version, "digikam": wanted.version})
    with tempfile.TemporaryDirectory(prefix="realqa-digikam-") as folder:
        built = build(wanted, Path(folder))
        try:
            where.folder.mkdir(parents=True, exist_ok=True)
            for file, data in ((where.plugin, built.read_bytes()), (where.beside, described.encode())):
                with made_whole(file, replace=True) as partial:
                    partial.write_bytes(data)
        except OSError as error:
            raise UserError(f"{error.filename}: can't write it: {error.strerror}") from error


def installed(where: Place) -> Installed | None:
    """Return what is there, None if there is nothing that can be made sense of."""
    try:
        said = json.loads(where.beside.read_bytes())
        found = Installed(version=said["version"], digikam=said["digikam"], command=tuple(said["command"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    return found if where.plugin.exists() else None


def remove(where: Place) -> bool:
    """Take the plugin away; False if there is none."""
    there = where.folder.is_dir()
    if there:
        shutil.rmtree(where.folder)
    return there


def search_path(where: Place, system: Path = SYSTEM) -> str:
    """Return what `VARIABLE` has to be: digiKam's own folders, also that of its next major version, and ours.

    It comes in place of digiKam's own folder, and may outlive an update: without that folder in it, a digiKam would
    start without any plugin.
    """
    archives = {folder.parents[2] for folder in (system / "lib").glob("*/qt[56]/plugins/digikam")}
    own = [archive / f"qt{number}/plugins/digikam" for archive in sorted(archives) for number in (5, 6)]
    return ";".join(map(str, [*own, where.folder]))


def start_from_menu(where: Place, path: str) -> bool:
    """Have the desktop start digiKam with the plugin: a copy of its entry, which hides the system's.

    False if the user has such an entry already, which is left as it is, the system has none, or the path can't stand
    in one. UserError if it can't be written.
    """
    before = _text(where.entry)
    text = next((text for text in map(_text, _system_entries()) if text is not None), None)
    if text is None or where.entry.is_symlink() or (before is not None and not _is_ours(before)) or TRICKY.search(path):
        return False
    own = re.sub(r"^Exec=", lambda _: f'Exec=env "{VARIABLE}={path}" ', text, flags=re.MULTILINE)
    try:
        where.entry.parent.mkdir(parents=True, exist_ok=True)
        replace_bytes(where.entry, f"{MARKER}\n{own}".encode(), snapshot(where.entry))
    except OSError as error:
        raise UserError(f"{where.entry}: can't write it: {error.strerror}") from error
    return True


def is_started(where: Place) -> bool:
    """Tell whether an entry of this user's has digiKam look where the plugin is."""
    return str(where.folder) in (_text(where.entry) or "")


def start_as_before(where: Place) -> bool:
    """Take our copy of the entry away; False if there is none of ours."""
    ours = _is_ours(_text(where.entry) or "")
    if ours:
        where.entry.unlink()
    return ours


def _headers(wanted: Library, folder: Path) -> Path:
    """Fetch digiKam's source of the same version from the distribution, and unpack its headers."""
    folder.mkdir()
    package = _output(["dpkg-query", "-S", str(wanted.file)], folder).partition(":")[0]
    version = _output(["dpkg-query", "-W", "-f=${source:Version}", package], folder)
    try:
        _run(["apt-get", "source", "--tar-only", f"digikam={version}"], folder)
    except RealQAError as error:
        raise UserError(
            f"the source of digiKam {version} is needed and apt can't fetch it; let it know sources "
            f"(`Types: deb deb-src` in /etc/apt/sources.list.d, then `sudo apt update`): {error}"
        ) from error
    archive = next(folder.glob("digikam_*.orig.tar.*"))
    _run(["tar", "-xf", archive.name, "--strip-components=1", "--wildcards", "*.h"], folder)
    return folder


def _run(command: Sequence[str], folder: Path) -> None:
    _output(command, folder)


def _output(command: Sequence[str], folder: Path) -> str:
    """Run a command in a folder and return what it prints; RealQAError with the end of that if it fails."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise RealQAError(f"{command[0]}: can't run it: {error.strerror}") from error
    if done.returncode != 0:
        end = "\n".join((done.stdout + done.stderr).strip().splitlines()[-LINES:])
        raise RealQAError(f"`{shlex.join(command)}` failed:\n{end}")
    return done.stdout.strip()


def _there(program: str) -> bool:
    return shutil.which(program) is not None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _is_ours(text: str) -> bool:
    return text.startswith(MARKER)


def _system_entries() -> list[Path]:
    folders = (os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":")
    return [Path(folder) / "applications" / ENTRY for folder in folders if folder]


def _text(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None
