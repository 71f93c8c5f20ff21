"""A stand-in for the command `realqa`, as plugins call it: quick, slow, old, too new, or hanging, as a test wants it.

Run as a program it speaks the verbs of docs/plugins.md; what it knows is in a folder, and so is what it was told.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
import time
from pathlib import Path
from typing import Any

COLUMNS = (
    *("path", "state", "overall", "quality", "aesthetic", "decision", "stars", "stars_written", "human", "apply"),
    *("pick", "pick_written", "keywords", "keywords_written", "reason"),
    *("composition", "composition_score", "composition_reason"),
    *("image_clarity", "image_clarity_score", "image_clarity_reason", "of_a_later_version"),
)
ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}


class StandIn:
    """The folder of a stand-in, for the test that uses it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.say()

    @property
    def words(self) -> list[str]:
        """The command."""
        # Isolated and without site packages: it starts in 20 ms.
        return [sys.executable, "-IS", str(Path(__file__).absolute()), str(self.folder)]

    @property
    def command(self) -> str:
        """The same as it is typed in a terminal."""
        return shlex.join(self.words)

    def say(self, photos: dict[str, dict[str, Any]] | None = None, **manners: Any) -> None:
        """Set what it says of photos, by file name, and how.

        Manners: `agent` (runs, rests, stopped), `seconds_each` that a photo takes once it was handed over, `apply`,
        `tsv` (version of the tables), `program` (its own version), `old` (knows no verb), `hangs` (seconds).
        """
        state = _load(self.folder)
        state["photos"].update(photos or {})
        state["manners"].update(manners)
        _save(self.folder, state)

    def remember(self, photo: Path, *, human: str) -> None:
        """Have it know of a human's stars."""
        state = _load(self.folder)
        state["memory"][str(photo)] = ("", human, "")
        _save(self.folder, state)

    def calls(self, verb: str) -> list[list[str]]:
        """Return the paths of each call of a verb, in order."""
        return [paths for called, paths in _load(self.folder)["calls"] if called == verb]

    def picks(self) -> dict[str, str]:
        """Return the pick labels that it remembers as its own, by file name."""
        return {os.path.basename(path): pick for path, pick in _load(self.folder)["picks"].items()}  # noqa: PTH119

    def written(self) -> dict[str, tuple[str, str, str]]:
        """Return what it remembers as its own, by file name: stars, a human's stars, keywords."""
        memory = _load(self.folder)["memory"]
        return {os.path.basename(path): tuple(kept) for path, kept in memory.items()}  # noqa: PTH119 - any bytes


def scored(overall: float, decision: str = "keep", stars: int = 3, **more: object) -> dict[str, Any]:
    """Return what the stand-in says of a scored photo."""
    return {
        "overall": f"{overall:.2f}",
        "quality": f"{11 - overall:.2f}",
        "aesthetic": f"{overall:.2f}",
        "decision": decision,
        "stars": stars,
        "reason": "image clarity 2.0 (blurry): the sharpest part has 3 % of the detail" if decision != "keep" else "",
        "composition": "7",
        "composition_score": "7.00",
        "composition_reason": "the subject sits on a third",
        "image_clarity": "blurry" if decision != "keep" else "sharp",
        "image_clarity_score": "2.00" if decision != "keep" else "8.10",
        "image_clarity_reason": "edges are 4 pixels wide",
        **more,
    }


def _load(folder: Path) -> dict[str, Any]:
    file = folder / "state.json"
    if not file.exists():
        return {"photos": {}, "manners": {}, "calls": [], "handed": {}, "memory": {}, "picks": {}}
    state: dict[str, Any] = json.loads(file.read_text())
    return state


def _save(folder: Path, state: dict[str, Any]) -> None:
    temporary = folder / f"state.{os.getpid()}"
    temporary.write_text(json.dumps(state))
    temporary.replace(folder / "state.json")


def _unescaped(cell: str) -> str:
    out = cell.replace("\\\\", "\0")
    for plain, escaped in ESCAPES.items():
        if plain != "\\":
            out = out.replace(escaped, plain)
    return out.replace("\0", "\\")


def _line(cells: list[str]) -> str:
    return "\t".join("".join(ESCAPES.get(one, one) for one in cell) for cell in cells)


def _answer(state: dict[str, Any], paths: list[str]) -> str:
    manners, now = state["manners"], time.time()
    known = [(path, state["photos"].get(os.path.basename(path))) for path in paths]  # noqa: PTH119 - any bytes
    lines = [f"#realqa-tsv\t{manners.get('tsv', 1)}", f"#agent\t{manners.get('agent', 'runs')}\t"]
    lines += [f"#queue\t{len(paths)}\t{len(paths)}", f"#program\t{manners.get('program', '0')}", "\t".join(COLUMNS)]
    for path, photo in known:
        if photo is None:
            continue
        place, when = state["handed"].get(path, (0, 0))
        ready = manners.get("agent", "runs") == "runs" and now >= when + place * manners.get("seconds_each", 0)
        row: dict[str, Any] = {"path": path, "state": "queued"}
        if ready:
            stars, human, keywords = state["memory"].get(path, ("", "", ""))
            row |= {"state": "scored", "apply": manners.get("apply", 1), "of_a_later_version": "x", **photo}
            row |= {"stars_written": stars, "human": int(human != ""), "keywords_written": keywords}
            row["pick_written"] = state["picks"].get(path, "")
        lines.append(_line([str(row.get(column, "")) for column in COLUMNS]))
    return "".join(f"{line}\n" for line in lines)


def _main(folder: Path, arguments: list[str]) -> int:
    state = _load(folder)
    manners = state["manners"]
    time.sleep(manners.get("hangs", 0))
    if manners.get("old"):
        sys.stderr.write(f"Usage: realqa [OPTIONS] COMMAND\n\nError: No such command '{arguments[0]}'.\n")
        return 2
    given = sys.stdin.buffer.read() if arguments[-1] == "-" else Path(arguments[-1]).read_bytes()
    lines = [line for line in os.fsdecode(given).split("\n") if line]
    verb = " ".join(word for word in arguments[:-1] if not word.startswith("-"))
    if verb == "applied":
        names, *rows = [line.split("\t") for line in lines if not line.startswith("#")]
        told = [dict(zip(names, map(_unescaped, row), strict=True)) for row in rows]
        paths = [row["path"] for row in told]
        for row in told:
            before = state["memory"].get(row["path"], ("", "", ""))
            human = before[1] or row.get("human", "")
            state["memory"][row["path"]] = ("" if human else row["stars"], human, row["keywords"])
            if "pick" in row:
                state["picks"][row["path"]] = row["pick"]
    else:
        paths = [_unescaped(line) for line in lines]
    if verb == "queue add":
        for place, path in enumerate(paths, start=1):
            state["handed"][path] = (place, time.time())
    # Questions come by the dozen, also about nothing, and tell the tests little.
    state["calls"].append((verb, paths if verb != "query" else len(paths)))
    _save(folder, state)
    if verb == "query":
        sys.stdout.buffer.write(_answer(state, paths).encode(errors="surrogateescape"))
    return 0


if __name__ == "__main__":
    sys.exit(_main(Path(sys.argv[1]), sys.argv[2:]))
