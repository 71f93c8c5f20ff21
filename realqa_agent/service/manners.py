"""When the agent rests, and how little it takes from others while it works."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import datetime
from datetime import time as time_of_day
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from realqa_agent.config import Manners as Settings

LOOK_SECONDS = 10.0
"""Time between two looks at the battery and at the programs that run; with 300 of them a look takes 10 ms."""

NICENESS = 10


def take_a_back_seat() -> None:
    """Give this process and those that it starts the lowest claim on processor and disk that still gets work done."""
    process = psutil.Process()
    process.nice(max(NICENESS, int(process.nice())))
    process.ionice(psutil.IOPRIO_CLASS_IDLE)


def span_around(moment: time_of_day, spans: Iterable[str]) -> str | None:
    """Return the first of some spans such as `22:00-07:00` that holds a time of day, ends excluded; None if none."""
    for span in spans:
        begin, end = ends_of(span)
        within = begin <= moment < end if begin <= end else moment >= begin or moment < end
        if within:
            return span
    return None


def ends_of(span: str) -> tuple[time_of_day, time_of_day]:
    """Return when a span of the settings begins and ends."""
    begin, _, end = span.partition("-")
    return time_of_day.fromisoformat(begin.strip()), time_of_day.fromisoformat(end.strip())


def runs_on_battery() -> bool:
    """Tell whether the machine has a battery and no mains; where nobody knows, it is taken as plugged in."""
    battery = psutil.sensors_battery()
    return battery is not None and battery.power_plugged is False


def running_among(names: Collection[str]) -> set[str]:
    """Return those of some program names under which a process runs that can be seen."""
    found = set()
    for process in psutil.process_iter(["name"]):
        if process.info["name"] in names:
            # One that ended, and whose parent hasn't asked how, is in the list all the same.
            with suppress(psutil.NoSuchProcess):
                if process.status() != psutil.STATUS_ZOMBIE:
                    found.add(process.info["name"])
    return found


class Manners:
    """Looks at the clock, the battery and the programs that run."""

    def __init__(
        self,
        settings: Settings,
        *,
        now: Callable[[], datetime] = datetime.now,
        clock: Callable[[], float] = time.monotonic,
        on_battery: Callable[[], bool] = runs_on_battery,
        running: Callable[[Collection[str]], set[str]] = running_among,
    ) -> None:
        self._settings = settings
        self._now = now
        self._clock = clock
        self._on_battery = on_battery
        self._running = running
        self._looked_at = -float("inf")
        self._seen: list[str] = []

    def reasons(self) -> list[str]:
        """Return why the agent should rest now, in words for people; empty if it may work."""
        if self._clock() - self._looked_at >= LOOK_SECONDS:
            self._looked_at = self._clock()
            self._seen = [*self._power(), *self._others()]
        span = span_around(self._now().time(), self._settings.quiet_hours)
        return [*([] if span is None else [f"quiet hours, {span}"]), *self._seen]

    def _power(self) -> list[str]:
        return ["on battery"] if self._settings.pause_on_battery and self._on_battery() else []

    def _others(self) -> list[str]:
        names = self._settings.pause_while
        return [f"{name} runs" for name in sorted(self._running(names))] if names else []
