"""A private X display: host programs need one, and nobody looks at it."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import ImageGrab

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROGRAM = "Xvfb"


@dataclass(frozen=True, kw_only=True, slots=True)
class Display:
    """Where a program's windows go."""

    name: str
    """For the environment variable DISPLAY."""

    def save_picture(self, path: Path) -> None:
        """Save what the display shows: the quickest way to find a dialog that blocks."""
        ImageGrab.grab(xdisplay=self.name).save(path)


def present() -> bool:
    """Tell whether a display can be had."""
    return shutil.which(PROGRAM) is not None


@contextmanager
def display() -> Iterator[Display]:
    """Run an X server; it picks a free number by itself, so that several can run side by side."""
    read, write = os.pipe()
    command = [PROGRAM, "-displayfd", str(write), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"]
    with open(read) as number, subprocess.Popen(command, pass_fds=(write,), stderr=subprocess.DEVNULL) as server:  # noqa: PTH123 - it is a descriptor
        os.close(write)
        try:
            # An empty line comes if it could not start: then its end of the pipe is closed.
            line = number.readline().strip()
            assert line, "Xvfb did not start"
            yield Display(name=f":{line}")
        finally:
            server.terminate()
