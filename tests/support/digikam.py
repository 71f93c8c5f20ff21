"""The real digiKam on a folder of photos: driven over D-Bus, read through its database.

It has its own home, session bus, display and database. Unless told otherwise it is set to read and write sidecars, both
of which it doesn't by default; it then writes them into the folder when it changes something. Pictures must differ:
digiKam copies rating and tags between files of the same content.
"""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import signal
import sqlite3
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path
    from types import TracebackType

    from support.display import Display

PROGRAMS = ("digikam", "dbus-daemon", "dbus-send", "xdotool", "Xvfb")

PATIENCE_SECONDS = 60.0
"""Everything happens within ten seconds on an idle machine."""

AGAIN_SECONDS = 5.0
"""After this time without effect an action is tried again: the album's items may not have been there yet."""

A_THUMBNAIL = ("330", "200")
"""Where the first photo is on the display."""

MENU_SECONDS = 1.0
"""A menu takes that long to come up."""

UNTOLD = """[General Settings]
Version=7.9.0

[Album Settings]
Scan At Start=true

[MainWindow]
InitialAlbumID=1

[AlbumFolderView Sidebar]
CurrentIndex=1
Expansion=0,1
Selection=1
"""
"""digiKam's own defaults but for this: the first album is the current one, on which actions work.

Any key of [Album Settings] skips the wizard of the first start.
"""

SETTINGS = f"""{UNTOLD}
[Metadata Settings]
Use XMP Sidecar For Reading=true
Rescan File If Modified=true
Metadata Writing Mode=1
Use Compatible File Name=false
Save Rating=true
Save Tags=true
Save Pick Label=true
Save Color Label=true
Save EXIF Comments=true
"""
"""Sidecars are read and written (1)."""

SYSTEM_SETTINGS = "[System]\nenableFaceEngine=false\nenableAesthetic=false\nenableAutoTags=false\n"
"""digiKam 8 asks for no download of models then."""

MODELS = {
    "shapepredictor.dat": 67740572,
    "yolov3-face.cfg": 8334,
    "yolov3-wider_16000.weights": 246305388,
    "openface_nn4.small2.v1.t7": 31510785,
    "deploy.prototxt": 28092,
    "res10_300x300_ssd_iter_140000_fp16.caffemodel": 5351047,
}
"""digiKam 7.9 asks for a download unless these files have these sizes; empty ones do."""

PICKS = {"Pick Label Rejected": 1, "Pick Label Pending": 2, "Pick Label Accepted": 3}
"""In the database the pick label is a tag of its own kind."""

TITLE, CAPTION = 3, 1
"""Kinds of comment."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """One photo in digiKam's database."""

    stars: int | None
    """None: not rated."""
    pick: int
    """0 none, 1 rejected, 2 pending, 3 accepted."""
    tags: tuple[str, ...]
    """Paths, `a/b/c`, without those that digiKam makes for itself."""
    title: str
    caption: str


def absent() -> list[str]:
    """Return the programs that are not installed."""
    return [program for program in PROGRAMS if shutil.which(program) is None]


class Digikam:
    """A running digiKam: scanned, with the folder as its current album. It ends with the context.

    `more` goes into its environment.
    """

    def __init__(self, photos: Path, home: Path, screen: Display, settings: str = SETTINGS, **more: str) -> None:
        self.photos, self.home, self.screen = photos, home, screen
        self.settings_file = home / "config/digikamrc"
        self._settings = settings
        self._more = more
        self._database = home / "database/digikam4.db"
        self._running: list[subprocess.Popen[str]] = []
        self._environment: dict[str, str] = {}

    def __enter__(self) -> Self:
        try:
            self._settle_in()
            self.start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def start(self) -> None:
        """Start it, also again after it quit, and wait until it has scanned the folder."""
        self._end()
        scanned = self._setting("Scanned")
        self._start()
        count = sum(not path.name.endswith(".xmp") for path in self.photos.iterdir())
        self._wait(lambda: self._setting("Scanned") not in {None, scanned}, "the scan")
        self._wait(lambda: len(self.seen()) == count, f"{count} photos in the database")
        self._wait(self._bus_name, "the D-Bus name")

    def write_all(self, done: Callable[[], bool]) -> None:
        """Have it write what its database says of the photos into files or sidecars; `done` tells when it has."""
        self._act("album_write_metadata")
        self._wait(done, "what was to be written")

    def open_with(self, letter: str, done: Callable[[], object]) -> None:
        """Select all photos and open them with the program that this letter stands for; `done` tells when it has."""
        asked = -math.inf

        def happened() -> bool:
            nonlocal asked
            if done():
                return True
            if time.monotonic() > asked + AGAIN_SECONDS and self._focus():
                self._act("selectAll")
                self._tool("xdotool", "mousemove", *A_THUMBNAIL, "click", "3")
                for key in ("w", letter):
                    time.sleep(MENU_SECONDS)
                    self._tool("xdotool", "key", key)
                asked = time.monotonic()
            return False

        self._wait(happened, "another program")

    def surroundings(self) -> dict[str, str]:
        """Return the environment of its user: the home, and while it runs, the desktop."""
        own = {f"XDG_{kind.upper()}_HOME": str(self.home / kind) for kind in ("config", "data", "cache")}
        return {"PATH": os.environ["PATH"], "HOME": str(self.home), **own, **self._environment}

    def change_all(self, action: str, done: Callable[[], bool]) -> None:
        """Select all photos and do something to them (rateshortcut-0 to -5, pickshortcut-0 to -3).

        `done` tells when it has happened. A second time the same action takes the value away again, so it comes only
        if the one before came too early and changed nothing. What a scan brought in until then doesn't count: on a busy
        machine it was still at it after its results had begun to show, and the action was never tried.
        """
        before: dict[str, Seen] | None = None
        asked = -math.inf

        def happened() -> bool:
            nonlocal asked, before
            if done():
                return True
            if time.monotonic() > asked + AGAIN_SECONDS and before in (None, self.seen()) and self._focus():
                asked, before = time.monotonic(), self.seen()
                self._act("selectAll")
                self._act(action)
            return False

        self._wait(happened, action)

    def quit(self) -> None:
        """Quit as the menu does; what it still has to write, it writes."""
        self._act("app_exit")
        process = self._running[-1]
        self._wait(lambda: process.poll() is not None, "the end of digiKam", alive=False)
        assert process.returncode == 0, self._evidence()

    def seen(self) -> dict[str, Seen]:
        """Return the photos by their names, all as they are at one moment."""
        with self._reading() as database:
            tags = {
                number: (parent, name) for number, parent, name in database.execute("SELECT id, pid, name FROM Tags")
            }
            photos = database.execute(
                "SELECT id, name, rating FROM Images JOIN ImageInformation ON imageid = id WHERE status = 1"
            )
            return {file: self._photo(database, tags, image, stars) for image, file, stars in photos}

    # Life

    def _settle_in(self) -> None:
        """Let digiKam make its database, end it before it asks where the photos are, and tell it."""
        for name in ("config", "database", "cache", "data/digikam/facesengine"):
            (self.home / name).mkdir(parents=True)
        (self.home / "run").mkdir(mode=0o700)
        self.settings_file.write_text(self._settings)
        (self.home / "config/digikam_systemrc").write_text(SYSTEM_SETTINGS)
        for name, size in MODELS.items():
            with (self.home / "data/digikam/facesengine" / name).open("wb") as file:
                file.truncate(size)
        self._start()
        self._wait(lambda: self._setting("DBVersion"), "the database")
        self._end()
        with contextlib.closing(sqlite3.connect(self._database)) as database, database:
            database.execute("DELETE FROM Settings WHERE keyword = 'Scanned'")
            database.execute(
                "INSERT INTO AlbumRoots (id, label, status, type, identifier, specificPath)"
                " VALUES (1, 'photos', 0, 1, ?, '/')",
                (f"volumeid:?path={self.photos}",),
            )
            # With its number known before the start the album can be the current one, and nobody has to click at it.
            database.execute("INSERT INTO Albums (id, albumRoot, relativePath, date) VALUES (1, 1, '/', '2026-01-01')")

    def _start(self) -> None:
        bus = self._spawn("dbus-daemon", "--session", "--nofork", "--print-address=1", stdout=subprocess.PIPE)
        assert bus.stdout is not None
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "XDG_CACHE_HOME": str(self.home / "cache"),
            "XDG_DATA_HOME": str(self.home / "data"),
            "XDG_RUNTIME_DIR": str(self.home / "run"),
            "DISPLAY": self.screen.name,
            "DBUS_SESSION_BUS_ADDRESS": bus.stdout.readline().strip(),
            "LC_ALL": "C.UTF-8",
            "QT_QPA_PLATFORM": "xcb",
            "QT_LOGGING_RULES": "digikam.*=false",
            # Without it, it ends at once when root starts it, as in a container.
            "QTWEBENGINE_DISABLE_SANDBOX": "1",
            **self._more,
        }
        with (self.home / "log").open("a") as log:
            self._spawn("digikam", "--database-directory", str(self._database.parent), stdout=log, stderr=log)

    def _spawn(self, *command: str, stdout: Any, stderr: Any = subprocess.DEVNULL) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            command, text=True, env=self._environment or None, stdout=stdout, stderr=stderr, start_new_session=True
        )
        self._running.append(process)
        return process

    def _end(self) -> None:
        """End what was started, the latest first, with the children of each."""
        for process in reversed(self._running):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
        self._running.clear()
        self._environment = {}

    # Hands and eyes

    def _act(self, action: str) -> None:
        answer = self._tool(
            *("dbus-send", "--session", "--print-reply", f"--dest={self._bus_name()}"),
            *("/Digikam", "org.kde.KMainWindow.activateAction", f"string:{action}"),
        )
        assert "boolean true" in answer, f"digiKam has no action {action}: {answer}"

    def _bus_name(self) -> str:
        """Return digiKam's name on its bus, empty if it is not there yet."""
        answer = self._tool(
            *("dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.DBus"),
            *("/", "org.freedesktop.DBus.ListNames"),
        )
        return next((word.strip('"') for word in answer.split() if word.startswith('"org.kde.digikam-')), "")

    def _focus(self) -> bool:
        """Give the main window the keyboard, once it is alone: actions on photos work only in a window that has it.

        With a window manager it would have it by itself.
        """
        windows = self._tool("xdotool", "search", "--onlyvisible", "--class", "digikam").split()
        if len(windows) != 1:
            return False
        self._tool("xdotool", "windowfocus", *windows)
        return self._tool("xdotool", "getwindowfocus").split() == windows

    def _tool(self, *command: str) -> str:
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, timeout=30)
        return done.stdout + done.stderr

    def _setting(self, name: str) -> str | None:
        """Return a setting in the database, None if there is none yet."""
        try:
            with self._reading() as database:
                row = database.execute("SELECT value FROM Settings WHERE keyword = ?", (name,)).fetchone()
        except sqlite3.OperationalError as error:
            if "unable to open" in str(error) or "no such table" in str(error):
                return None
            raise
        return None if row is None else row[0]

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        # digiKam holds the lock while it scans.
        uri = f"file:{self._database}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=PATIENCE_SECONDS)) as database:
            database.execute("BEGIN")
            yield database

    @staticmethod
    def _photo(
        database: sqlite3.Connection, tags: Mapping[int, tuple[int, str]], image: int, stars: int | None
    ) -> Seen:
        def path(tag: int) -> str:
            parent, name = tags[tag]
            return f"{path(parent)}/{name}" if parent in tags else name

        paths = [path(tag) for (tag,) in database.execute("SELECT tagid FROM ImageTags WHERE imageid = ?", (image,))]
        texts = dict(database.execute("SELECT type, comment FROM ImageComments WHERE imageid = ?", (image,)))
        return Seen(
            stars=None if stars is None or stars < 0 else stars,
            pick=next((PICKS[leaf] for leaf in (one.rpartition("/")[2] for one in paths) if leaf in PICKS), 0),
            tags=tuple(sorted(one for one in paths if not one.startswith("_Digikam_Internal_Tags_"))),
            title=texts.get(TITLE, ""),
            caption=texts.get(CAPTION, ""),
        )

    def _wait(self, test: Callable[[], object], what: str, *, alive: bool = True) -> None:
        end = time.monotonic() + PATIENCE_SECONDS
        while not test():
            ended = alive and self._running[-1].poll() is not None
            assert not ended, f"digiKam ended while it should have given {what}\n{self._evidence()}"
            assert time.monotonic() < end, f"digiKam did not give {what} in time\n{self._evidence()}"
            time.sleep(0.1)

    def _evidence(self) -> str:
        """Return the end of the log, each line once, and where a picture of the display is."""
        picture = self.home / "screen.png"
        self.screen.save_picture(picture)
        lines = dict.fromkeys((self.home / "log").read_text(errors="replace").splitlines())
        return "\n".join([*list(lines)[-20:], f"The display: {picture}"])
