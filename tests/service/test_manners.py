"""When the agent rests: by the clock, on battery, while other programs run."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Collection
from datetime import datetime, time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realqa_agent.config import Manners as Settings
from realqa_agent.service.manners import LOOK_SECONDS, Manners, running_among, runs_on_battery, span_around


@pytest.mark.parametrize(
    ("moment", "span"),
    [
        ("08:59", None),
        ("09:00", "09:00-12:30"),
        ("12:29:59", "09:00-12:30"),
        ("12:30", None),
        ("21:59", None),
        ("22:00", "22:00-07:00"),
        ("00:00", "22:00-07:00"),
        ("06:59", "22:00-07:00"),
        ("07:00", None),
    ],
)
def test_spans_end_where_the_next_begins_and_go_over_midnight(moment: str, span: str | None) -> None:
    assert span_around(time.fromisoformat(moment), ["09:00-12:30", "22:00-07:00"]) == span


@given(begin=st.times(), end=st.times(), moment=st.times())
def test_a_span_and_its_reverse_share_the_day(begin: time, end: time, moment: time) -> None:
    if begin == end:
        return
    there, back = f"{begin.isoformat()}-{end.isoformat()}", f"{end.isoformat()}-{begin.isoformat()}"
    assert (span_around(moment, [there]) is None) != (span_around(moment, [back]) is None)


class Machine:
    """A machine of which the test says what it is like."""

    def __init__(self, **settings: object) -> None:
        self.battery, self.programs, self.seconds, self.looks = False, {"systemd"}, 1000.0, 0
        self.moment = datetime.fromisoformat("2026-11-28T12:00")
        self.manners = Manners(
            Settings.model_validate(settings),
            now=lambda: self.moment,
            clock=lambda: self.seconds,
            on_battery=lambda: self.battery,
            running=self._look,
        )

    def _look(self, names: Collection[str]) -> set[str]:
        self.looks += 1
        return self.programs.intersection(names)


def test_battery_makes_it_rest_unless_told_otherwise() -> None:
    machine, careless = Machine(), Machine(pause_on_battery=False)
    machine.battery = careless.battery = True
    assert machine.manners.reasons() == ["on battery"]
    assert careless.manners.reasons() == []


def test_programs_make_it_rest_and_are_not_looked_for_all_the_time() -> None:
    machine = Machine(pause_while=["darktable-cli", "gimp"])
    assert machine.manners.reasons() == []
    machine.programs = {"systemd", "darktable-cli"}
    assert machine.manners.reasons() == []
    assert machine.looks == 1
    machine.seconds += LOOK_SECONDS
    assert machine.manners.reasons() == ["darktable-cli runs"]


def test_without_a_list_no_program_is_looked_for() -> None:
    machine = Machine()
    machine.manners.reasons()
    assert machine.looks == 0


def test_quiet_hours_are_seen_at_once() -> None:
    machine = Machine(quiet_hours=["12:01-13:00"])
    assert machine.manners.reasons() == []
    machine.moment = datetime.fromisoformat("2026-11-28T12:01")
    assert machine.manners.reasons() == ["quiet hours, 12:01-13:00"]


def test_a_real_program_is_found_by_its_name(tmp_path: Path) -> None:
    program = tmp_path / "darktable-cli-of-a-test"
    shutil.copy(shutil.which("sleep") or "/bin/sleep", program)
    with subprocess.Popen([program, "60"]) as process:
        assert running_among([program.name, "no such program"]) == {program.name}
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # it ended, and nobody asked yet how
        assert running_among([program.name]) == set()


def test_a_machine_without_battery_is_plugged_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("psutil.sensors_battery", lambda: None)
    assert not runs_on_battery()
