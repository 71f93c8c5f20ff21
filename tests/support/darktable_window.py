"""The real darktable with its window on a private display, played by a script in Lua.

The script knows `dt` and the helpers of `darktable_window.lua`. darktable is started with a luarc that requires the
plugin, as its users have it, and is ended by the script's end.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from support import display
from support.darktable import library

from realqa_agent.cli import tsv

if TYPE_CHECKING:
    from collections.abc import Mapping

    from support.display import Display

PROGRAM = "darktable"
HELPERS = Path(__file__).with_suffix(".lua")
PLUGIN = Path(__file__).parents[2] / "plugins/darktable"
MARK, DONE, FAILED = "RIG\t", "RIG-DONE", "RIG-FAILED"


@dataclass(frozen=True, kw_only=True, slots=True)
class Played:
    """What came of a script."""

    said: list[list[str]]
    """What it told with `say`, line by line."""
    log: str
    """What darktable wrote."""
    seconds: float
    """From the start of darktable to its end."""
    quit_seconds: float
    """From the end of the script to that of darktable."""

    def told(self, word: str) -> list[list[str]]:
        """Return the lines that begin with this word, without it."""
        return [rest for first, *rest in self.said if first == word]


def present() -> bool:
    """Tell whether darktable can be started with a window, and the keys be pressed."""
    return all(shutil.which(program) for program in (PROGRAM, "xdotool")) and display.present()


def install(config: Path) -> None:
    """Put the plugin and the line that starts it into darktable's settings, as `realqa plugin install` does."""
    shutil.copytree(PLUGIN, config / "lua/realqa", dirs_exist_ok=True)
    (config / "luarc").write_text('require "realqa/realqa"\n')


def enlarge(config: Path) -> None:
    """Have darktable come up with a window as on a small screen, 1500 by 950, and the plugin's panel open."""
    for key, value in {
        "ui_last/window_w": "1500",
        "ui_last/window_h": "950",
        "ui_last/maximized": "FALSE",
        "plugins/lighttable/realqa/expanded": "TRUE",
    }.items():
        prefer(config, key, value)


def play(
    config: Path,
    screen: Display,
    script: str,
    *,
    command: str = "",
    environment: Mapping[str, str] | None = None,
    seconds: float = 60,
) -> Played:
    """Start darktable with these settings and run the script in it.

    `command` is what the plugin's preference says the agent's command is. AssertionError, with darktable's last words
    and a picture of the display, if the script fails or time runs out.
    """
    scratch = config / "rig"
    scratch.mkdir(parents=True, exist_ok=True)
    (scratch / "script.lua").write_text(script)
    if command:
        prefer(config, "lua/realqa/command", command)
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": str(config),
        "LC_ALL": "C.UTF-8",
        "DISPLAY": screen.name,
        "RIG_SCRIPT": str(scratch / "script.lua"),
        "RIG_ENDED": str(scratch / "ended"),
        "RIG_SHOT": f"{sys.executable} -c 'import sys; from PIL import ImageGrab; "
        f'ImageGrab.grab(xdisplay="{screen.name}").save(sys.argv[1])\'',
        **(environment or {}),
    }
    arguments = [PROGRAM, "--configdir", str(config), "--cachedir", str(config / "cache")]
    arguments += ["--library", str(config / "library.db"), "--tmpdir", str(scratch), "--disable-opencl", "-d", "lua"]
    arguments += ["--datadir", str(_data_folder(scratch)), "--luacmd", f"dofile('{HELPERS}')"]
    log = config / "log"
    began = time.monotonic()
    with (
        log.open("wb") as output,
        subprocess.Popen(arguments, env=variables, stdout=output, stderr=output, start_new_session=True) as process,
    ):
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            screen.save_picture(config / "screen.png")
            # With its children: an agent that hangs is one of them.
            os.killpg(process.pid, signal.SIGKILL)
    took = time.monotonic() - began
    text = log.read_text(errors="surrogateescape")
    well = DONE in text and process.returncode == 0
    assert well, f"darktable: {process.returncode} after {took:.0f} s\n{text[-3000:]}\nThe display: {config}/screen.png"
    told = [line.removeprefix(MARK).split("\t") for line in text.split("\n") if line.startswith(MARK)]
    said = [[tsv.unescaped(cell) for cell in line] for line in told]
    quit_seconds = time.time() - (scratch / "ended").stat().st_mtime
    return Played(said=said, log=text, seconds=took, quit_seconds=quit_seconds)


def prefer(config: Path, key: str, value: str) -> None:
    """Set a preference of darktable's, which isn't running."""
    file = config / "darktablerc"
    lines = file.read_text().splitlines() if file.exists() else []
    kept = [line for line in lines if not line.startswith(f"{key}=")]
    file.write_text("\n".join([*kept, f"{key}={value}"]) + "\n")


def _data_folder(scratch: Path) -> Path:
    """Return darktable's data folder with an empty luarc.

    The one of darktable 4.2.1 registers a preference while the program still starts; on a loaded machine one start in
    four waits for itself then, and the window never comes up.
    """
    share = scratch / "share"
    if not share.exists():
        share.mkdir()
        for entry in _installed_data().iterdir():
            (share / entry.name).symlink_to(entry)
        (share / "luarc").unlink()
        (share / "luarc").touch()
    return share


def _installed_data() -> Path:
    found = library()
    assert found is not None
    prefix = next(parent for parent in found.parents if parent.name.startswith("lib")).parent
    return prefix / "share/darktable"
