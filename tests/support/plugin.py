"""The tables that plugins write and read, as a plugin has them: bytes, read and written by no code of ours."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from click.testing import CliRunner

from realqa_agent.cli.main import cli

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result
    from support.place import Place

ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}


def cell(text: object) -> str:
    return "".join(ESCAPES.get(letter, letter) for letter in str(text))


def listed(file: Path, *paths: object) -> Path:
    """Write a list of paths; return the file."""
    file.write_bytes(os.fsencode("".join(f"{cell(path)}\n" for path in paths)))
    return file


def table(file: Path, columns: str, *rows: tuple[object, ...]) -> Path:
    """Write a table with these columns; return the file."""
    lines = ["#realqa-tsv\t1", columns.replace(" ", "\t"), *("\t".join(map(cell, row)) for row in rows)]
    file.write_bytes(os.fsencode("".join(f"{line}\n" for line in lines)))
    return file


def rows(output: str) -> dict[str, dict[str, str]]:
    """Return the rows of a table by path; an unknown escape in a cell is a failure."""
    lines = [line for line in output.removesuffix("\n").split("\n") if not line.startswith("#")]
    columns = lines[0].split("\t")
    found = [dict(zip(columns, map(_plain, line.split("\t")), strict=True)) for line in lines[1:]]
    return {row["path"]: row for row in found}


def notes(output: str) -> dict[str, list[str]]:
    """Return the lines `#key` with their values."""
    lines = [line[1:].split("\t") for line in output.split("\n") if line.startswith("#")]
    return {key: [_plain(value) for value in values] for key, *values in lines}


def query(place: Place, *paths: object) -> dict[str, dict[str, str]]:
    """Ask for some photos; return the rows by the names of the files."""
    return {path.rpartition("/")[2]: row for path, row in rows(answer(place, *paths)).items()}


def answer(place: Place, *paths: object) -> str:
    """Ask for some photos; return all that is said."""
    return os.fsdecode(_in_process(place, "query", listed(place.home / "asked", *paths)).stdout_bytes)


def applied(place: Place, columns: str, *said: tuple[object, ...]) -> str:
    """Say what was set; return the answer."""
    return _in_process(place, "applied", table(place.home / "said", columns, *said)).stderr


def _in_process(place: Place, verb: str, file: Path) -> Result:
    """Run a verb without a process of its own, which would take a second for its start."""
    arguments = ["--config", str(place.config), verb, "--paths-from", str(file)]
    done = CliRunner(env={"HOME": str(place.home)}).invoke(cli, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    return done


def _plain(text: str) -> str:
    letters, found = iter(text), ""
    for letter in letters:
        found += {"\\": "\\", "t": "\t", "n": "\n", "r": "\r"}[next(letters)] if letter == "\\" else letter
    return found
