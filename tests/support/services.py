"""Programs that stand in for systemd's: they note what they are told, and answer as they were taught."""

from __future__ import annotations

import json
import sys
from pathlib import Path

PROGRAM = """\
import json, os, pathlib, sys
base = pathlib.Path(__file__).parent.parent
name = pathlib.Path(sys.argv[0]).name
with (base / "told").open("a") as told:
    told.write(json.dumps([name, *sys.argv[1:]]) + "\\n")
answers = json.loads((base / "answers").read_text())
for word in sys.argv[1:]:
    out, complaint = answers.get(f"{name} {word}", ("", ""))
    sys.stdout.write(out)
    if complaint:
        sys.exit(complaint)
"""


class Stage:
    """A folder of stand-ins, for PATH."""

    def __init__(self, base: Path) -> None:
        self._base = base
        self._answers: dict[str, tuple[str, str]] = {}
        self.path = base / "bin"
        self.path.mkdir(parents=True)
        for name in ("systemctl", "journalctl", "loginctl"):
            program = self.path / name
            program.write_text(f"#!{sys.executable} -SE\n{PROGRAM}")
            program.chmod(0o755)
        self.teach()

    def teach(self, name: str = "", word: str = "", *, prints: str = "", fails: str = "") -> None:
        """Let a program answer so when it is told this word."""
        self._answers[f"{name} {word}"] = (prints, fails)
        (self._base / "answers").write_text(json.dumps(self._answers))

    def told(self) -> list[str]:
        """Return what all were told so far, and forget it."""
        file = self._base / "told"
        lines = [" ".join(json.loads(line)) for line in file.read_text().splitlines()] if file.exists() else []
        file.unlink(missing_ok=True)
        return lines
