"""The command `realqa` as users start it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REALQA = Path(sys.executable).with_name("realqa")

Run = Callable[..., subprocess.CompletedProcess[str]]


def run_realqa(
    *arguments: object, home: Path, status: int | None = 0, seconds: float = 100
) -> subprocess.CompletedProcess[str]:
    """Run `realqa` with a home of its own; check the exit status unless it is None."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "REALQA_"))}
    done = subprocess.run(
        [REALQA, *map(os.fspath, map(str, arguments))],
        env={**environment, "HOME": str(home)},
        capture_output=True,
        text=True,
        errors="surrogateescape",
        timeout=seconds,
    )
    assert status is None or done.returncode == status, done.stderr
    return done


def objects(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    """Return the JSON objects that a command printed, one a line."""
    return [json.loads(line) for line in done.stdout.splitlines()]


@dataclass(frozen=True)
class Album:
    """A folder that has been run over once, and the home with its index."""

    folder: Path
    home: Path
    summary: str

    def realqa(self, *arguments: object, status: int | None = 0) -> subprocess.CompletedProcess[str]:
        return run_realqa(*arguments, home=self.home, status=status)
