"""A corner of the system for a test of its own: mounts, limits and processes in it end with it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.place import Place

NAMESPACE = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]

SECONDS = 200


def apart(test: Callable[[Place], None], base: Path, *needs: str, real_root: bool = False) -> None:
    """Run a function of a test module on a place below `base`, as root of namespaces of its own.

    `needs` are programs without which the test is skipped; with `real_root` only root itself runs it, since nobody
    else may mount an image of a disk.
    """
    if real_root and os.geteuid() != 0:
        pytest.skip("only root may mount an image of a disk")
    namespace = NAMESPACE if real_root else [*NAMESPACE, "--map-root-user"]
    for program in needs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    if subprocess.run([*namespace, "true"], capture_output=True).returncode:
        pytest.skip("this machine lets nobody make namespaces of his own (unshare)")
    module, tests = Path(test.__code__.co_filename), Path(__file__).parents[1]
    program = (
        f"import pathlib, sys; sys.path[:0] = [{str(module.parent)!r}, {str(tests)!r}]\n"
        f"import {module.stem} as tests\nfrom support.place import Place\n"
        f"tests.{test.__name__}(Place(pathlib.Path({str(base)!r})))\n"
    )
    done = subprocess.run([*namespace, sys.executable, "-c", program], capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr


def mount_disk(folder: Path, size: str = "64m") -> None:
    """Mount an empty disk."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)


def bind(source: Path, folder: Path) -> None:
    """Let a folder be seen at another place too."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "--bind", str(source), str(folder)], check=True)


def unmount(folder: Path) -> None:
    """Take away what is mounted there, though somebody may use it."""
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """Fill a disk up, and return the file that does it."""
    filler = disk / "filler"
    with filler.open("ab", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return filler
