"""The parts of digiKam's plugin that need no digiKam: whose a value is, what is taken back, and how calls fail."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from support.digikam_window import missing
from support.standin import StandIn, scored

from realqa_agent.paths import packaged

pytestmark = [
    pytest.mark.apps,
    pytest.mark.timeout(300),  # a build, on a processor that others use too
    pytest.mark.skipif(bool(missing()), reason=f"not installed: {', '.join(missing())}"),
]


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("probe")
    source = packaged("plugins") / "digikam" / "src"
    for command in (
        ["cmake", "-S", str(Path(__file__).parent), "-B", str(made), f"-DPLUGIN={source}"],
        ["cmake", "--build", str(made)],
    ):
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    return made / "probe"


def says(probe: Path, what: str, cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    done = subprocess.run([probe, what], input=json.dumps(cases), capture_output=True, text=True, check=True)
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


FOUR, REJECT = {"stars": "4", "pick": "3"}, {"stars": "-1", "pick": "1"}
OURS = {"stars_written": "3", "pick_written": "2"}
OURS_REJECTED = {"stars_written": "-1", "pick_written": "1"}

PLANS: list[tuple[dict[str, str], tuple[int, int], tuple[int | None, int | None], bool]] = [
    # What the agent says, rating and pick label in digiKam, what is set, and whether a human's is kept.
    (FOUR, (-1, 0), (4, 3), False),
    (FOUR, (0, 0), (4, 3), False),
    (REJECT, (-1, 0), (None, 1), False),
    (REJECT, (0, 0), (None, 1), False),
    # The agent's own is updated, in part where it shows in part.
    (FOUR | OURS, (3, 2), (4, 3), False),
    (REJECT | OURS, (3, 2), (-1, 1), False),
    (FOUR | OURS_REJECTED, (-1, 1), (4, 3), False),
    (FOUR | OURS, (-1, 0), (4, 3), False),
    (FOUR | {"stars_written": "4", "pick_written": "3"}, (4, 3), (None, None), False),
    # A human's is not, neither the one that they gave nor the other.
    (FOUR, (2, 0), (None, None), True),
    (FOUR, (-1, 2), (None, None), True),
    (FOUR, (4, 3), (None, None), False),
    (FOUR | OURS, (2, 2), (None, None), True),
    (FOUR | OURS, (3, 3), (None, None), True),
    (FOUR | OURS_REJECTED, (1, 1), (None, None), True),
    # What only the agent knows as a human's: digiKam shows a reject in a sidecar as no stars.
    (FOUR | {"human": "1"}, (-1, 0), (None, None), True),
    (FOUR | OURS | {"human": "1"}, (3, 2), (None, None), True),
    # An agent without a word.
    ({}, (-1, 0), (None, None), False),
    (OURS, (3, 2), (None, None), False),
]


def test_a_humans_word_is_kept(probe: Path) -> None:
    found = says(probe, "plan", [{"row": row, "seen": seen} for row, seen, _, _ in PLANS])
    for (row, seen, (rating, pick), kept), said in zip(PLANS, found, strict=True):
        assert said == {"rating": rating, "pick": pick, "kept": kept}, (row, seen)


UNDOS: list[tuple[tuple[int, int], tuple[int | None, int | None], tuple[int, int], tuple[int | None, int | None]]] = [
    # Before, what was set, what is there now, what is set to take it back.
    ((-1, 0), (4, 3), (4, 3), (-1, 0)),
    ((0, 0), (4, 3), (4, 3), (0, 0)),
    ((3, 2), (-1, 1), (-1, 1), (3, 2)),
    ((3, 2), (-1, 1), (0, 1), (3, 2)),
    ((-1, 0), (None, 1), (-1, 1), (None, 0)),
    # A human was there since.
    ((-1, 0), (4, 3), (5, 3), (None, 0)),
    ((-1, 0), (4, 3), (4, 1), (-1, None)),
    ((-1, 0), (None, 1), (2, 3), (None, None)),
]


def test_undo_takes_back_what_still_stands(probe: Path) -> None:
    found = says(probe, "undo", [{"before": before, "after": after, "now": now} for before, after, now, _ in UNDOS])
    for (before, after, now, (rating, pick)), said in zip(UNDOS, found, strict=True):
        assert said == {"rating": rating, "pick": pick}, (before, after, now)


# Calls

PATH = "/a\tb\\n.jpg"


def answer(probe: Path, *command: str) -> dict[str, Any]:
    done = subprocess.run([probe, "ask", *command], capture_output=True, text=True, check=True, timeout=60)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture
def agent(tmp_path: Path) -> StandIn:
    return StandIn(tmp_path / "agent")


def ask(probe: Path, agent: StandIn) -> dict[str, Any]:
    return answer(probe, *agent.words)


def test_a_path_of_any_characters_goes_and_comes(probe: Path, agent: StandIn) -> None:
    agent.say({PATH.rpartition("/")[2]: scored(5)}, program="1.2")
    assert ask(probe, agent) == {"problem": "", "advice": "", "paths": [PATH]}


def test_another_version_of_the_agent_is_told(probe: Path, agent: StandIn) -> None:
    agent.say(program="9.9")
    told = ask(probe, agent)
    assert told["problem"] == ""
    assert told["advice"].startswith("The agent is 9.9, this plugin came with 1.2.")
    agent.say(tsv=2)
    assert "newer than this plugin" in ask(probe, agent)["problem"]
    agent.say(old=True)
    assert "too old for this plugin" in ask(probe, agent)["problem"]


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (["/nowhere/realqa"], "not installed, or not where digiKam looks: /nowhere/realqa"),
        (["sh", "-c", "echo one >&2; echo the disk is full >&2; exit 1"], "RealQA Agent: the disk is full"),
        (["sh", "-c", "exit 7"], "RealQA Agent: ended with status 7"),
        (["sh", "-c", "cat >/dev/null; echo hello"], "can't be understood: hello"),
        (["sh", "-c", r"printf '#realqa-tsv\t1\npath\tstate\n/a.jpg\tsco'"], "can't be understood"),
    ],
)
def test_what_goes_wrong_is_told(probe: Path, command: list[str], problem: str) -> None:
    told = answer(probe, *command)
    assert problem in told["problem"]
    assert told["paths"] == []
