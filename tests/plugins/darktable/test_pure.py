"""The plugin's pure modules, by tests in Lua, and against the agent's own reading of the same tables."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from realqa_agent.assessment import ATTRIBUTES
from realqa_agent.cli import tsv

HERE = Path(__file__).parent
PLUGIN = Path(__file__).parents[3] / "plugins/darktable"
LUA = "lua5.4"
CASES = [
    (file.name, name)
    for file in sorted(HERE.glob("*_spec.lua"))
    for name in re.findall(r"^function tests\.(\w+)\(", file.read_text(), re.MULTILINE)
]

pytestmark = pytest.mark.skipif(shutil.which(LUA) is None, reason="lua5.4 is not installed")


@cache
def outcomes(file: str) -> dict[str, str]:
    command = [LUA, str(HERE / "run.lua"), str(PLUGIN), str(HERE / file)]
    done = subprocess.run(command, capture_output=True, check=True, timeout=30)
    lines = done.stdout.decode(errors="surrogateescape").splitlines()
    return dict(line.split("\t", 1) for line in lines)


@pytest.mark.parametrize(("file", "name"), CASES)
def test_in_lua(file: str, name: str) -> None:
    assert outcomes(file)[name] == "ok"


def lua(code: str, given: bytes = b"") -> bytes:
    code = f"package.path = {str(PLUGIN)!r} .. '/?.lua;' .. package.path\n{code}"
    return subprocess.run([LUA, "-e", code], input=given, capture_output=True, check=True, timeout=30).stdout


def test_plugin_and_agent_read_each_others_cells() -> None:
    draw = random.Random(7)  # noqa: S311 - no secret
    alphabet = [*"ab\t\n\r\\tn #;|'\"", "é", "\udcff", "\udc80"]
    cells = ["".join(draw.choices(alphabet, k=draw.randint(0, 12))) for _ in range(2000)]
    theirs = tsv.encoded("".join(f"{tsv.escaped(cell)}\n" for cell in cells))
    code = """
    local tsv = require("lib/tsv")
    for line in io.stdin:lines() do io.write(tsv.escape(tsv.unescape(line)), "\\n") end
    """
    assert lua(code, theirs) == theirs


def test_the_panel_shows_the_attributes_that_the_agent_knows() -> None:
    told = lua('print(table.concat(require("lib/view").ATTRIBUTES, " "))').decode().split()
    assert told == list(ATTRIBUTES)
