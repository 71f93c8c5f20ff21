"""The house keeps its plan: imports go one way, and the light process stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from realqa_agent.cli.main import VERBS

PACKAGE = Path(__file__).parents[1] / "realqa_agent"

WORDS = {"assessment", "capture", "config", "errors", "files", "mounts", "paths"}

MAY_IMPORT = {
    **dict.fromkeys(WORDS, WORDS),
    "index": WORDS,
    "queue": WORDS | {"index", "culling"},
    "media": WORDS,
    "scoring": WORDS | {"media"},
    "culling": WORDS,
    "metadata": WORDS | {"index"},
    "evaluation": WORDS,
    "taste": WORDS,
    "dataset": WORDS | {"media", "scoring", "culling"},
    "tuning": WORDS | {"media", "scoring", "evaluation", "dataset"},
    "watch": WORDS | {"media", "index"},
    "worker": WORDS | {"media", "scoring"},
    "hosts": WORDS | {"metadata"},
    "service": WORDS
    | {"index", "queue", "media", "scoring", "culling", "metadata", "evaluation", "taste", "watch", "worker", "hosts"},
    "cli": WORDS
    | {
        "index",
        "queue",
        "culling",
        "metadata",
        "scoring",
        "evaluation",
        "dataset",
        "tuning",
        "taste",
        "watch",
        "worker",
        "hosts",
        "service",
    },
}
"""Room to the rooms that it may import, as in docs/architecture.md."""


def imports() -> list[tuple[str, str, str]]:
    """Return (module, its room, imported room) for every import of ours, those for type checking among them."""
    found = []
    for file in sorted(PACKAGE.rglob("*.py")):
        room = file.relative_to(PACKAGE).parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(file.read_text())):
            names = []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            found += [
                (str(file.relative_to(PACKAGE)), room, name.split(".")[1])
                for name in names
                if name.startswith("realqa_agent.")
            ]
    return found


def test_imports_go_one_way() -> None:
    wrong = [
        f"{module} imports {imported}"
        for module, room, imported in imports()
        if room not in {imported, "__init__"} and imported != "__version__" and imported not in MAY_IMPORT[room]
    ]
    assert wrong == []


def test_every_room_stands_in_the_plan() -> None:
    rooms = {path.name.removesuffix(".py") for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert rooms - {"__init__", "__pycache__", "py.typed"} == set(MAY_IMPORT)


HEAVY = {"numpy", "PIL", "torch", "onnxruntime", "av", "rawpy", "pillow_heif", "pyexiv2", "transformers", "matplotlib"}


@pytest.mark.parametrize("verb", [*VERBS])
def test_parent_imports_nothing_numerical(verb: str) -> None:
    program = (
        "import sys\n"
        "from realqa_agent.cli.main import cli\n"
        f"cli([{verb!r}, '--help'], standalone_mode=False)\n"
        "print('\\n'.join(sys.modules), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert HEAVY & set(done.stderr.split()) == set()
