"""digiKam with our plugin in it, and hands for the plugin's entries and its window."""

from __future__ import annotations

import json
import os
import shutil
import time
from typing import TYPE_CHECKING

import psutil
from support.digikam import Digikam

from realqa_agent.hosts import digikam_plugin

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from support.display import Display

TITLE = "RealQA: results"

SECONDS = 60
"""Of patience with what an entry of the plugin's is to bring."""


def missing() -> list[str]:
    """Return what is not installed that it takes to build the plugin."""
    qt = any(digikam_plugin.SYSTEM.glob("lib/*/cmake/Qt[56]Widgets"))
    return [
        *(program for program in ("cmake", "g++") if shutil.which(program) is None),
        *([] if qt else ["Qt's headers"]),
    ]


class WithPlugin(Digikam):
    """A digiKam that loads the plugin from a folder; the plugin calls this command in place of the agent's."""

    def __init__(
        self, photos: Path, home: Path, screen: Display, *, plugin: Path, command: Sequence[str], version: str = "0"
    ) -> None:
        self.plugin = home / "plugin"
        self.plugin.mkdir()
        shutil.copy(plugin, self.plugin)
        self.call(command, version)
        own = sorted(digikam_plugin.SYSTEM.glob("lib/*/qt[56]/plugins/digikam"))
        super().__init__(photos, home, screen, DK_PLUGIN_PATH=";".join(map(os.fspath, [*own, self.plugin])))

    def call(self, command: Sequence[str], version: str = "0") -> None:
        """Have the plugin call this command from the next start on."""
        said = {"command": [*command], "version": version, "digikam": ""}
        (self.plugin / digikam_plugin.BESIDE).write_text(json.dumps(said))

    def has(self, entry: str) -> bool:
        """Tell whether the main window has this action; it is carried out then."""
        try:
            self._act(entry)
        except AssertionError:
            return False
        return True

    def do(self, entry: str, *, on_all: bool = False, alone: bool = True) -> None:
        """Carry out an entry of the plugin's menu, on all photos of the album or on what is selected.

        `alone`: digiKam shows no other window.
        """
        if alone:
            self._wait(self._focus, "its main window")
        if on_all:
            self._act("selectAll")
        self._act(entry)

    def wait(self, test: Callable[[], object], what: str) -> None:
        """Wait for something; the failure has a picture of the display."""
        self._wait(test, what)

    def wait_for_calls(self) -> None:
        """Wait until none of the plugin's calls is under way, and the plugin knows."""
        digikam = psutil.Process(self._running[-1].pid)

        def calls() -> bool:
            try:
                lines = [child.cmdline() for child in digikam.children()]
                # A child that has not become the command yet still has digiKam's own line.
                return any("--paths-from" in line or line == digikam.cmdline() for line in lines)
            except psutil.NoSuchProcess:
                return True  # It ended just now; look again.

        self._wait(lambda: not calls(), "the end of the plugin's calls")
        time.sleep(0.2)

    def windows(self, title: str) -> list[str]:
        """Return the windows that show with this title."""
        return self._tool("xdotool", "search", "--onlyvisible", "--name", f"^{title}$").split()

    def wait_for_window(self, title: str = TITLE) -> str:
        """Return the window with this title, as soon as it is there."""
        self._wait(lambda: self.windows(title), f"a window {title!r}")
        return self.windows(title)[0]

    def press(self, *keys: str) -> None:
        """Press keys in the plugin's window."""
        [window] = self.windows(TITLE)
        self._tool("xdotool", "windowfocus", "--sync", window)
        for key in keys:
            self._tool("xdotool", "key", key)
            # A button that is pressed by a key stays down for a tenth of a second, and acts only then.
            time.sleep(0.3)

    def close_window(self) -> None:
        """Close the plugin's window as its user does."""
        self.press("ctrl+w")
        self._wait(lambda: not self.windows(TITLE), "the end of its window")
