"""What happens at a time of day, in real time, and after a sleep."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta
from threading import Event

from realqa_agent.service.schedule import scheduled

SLEEPER = """
import time
from realqa_agent.service.schedule import scheduled
with scheduled([{span!r}], tidy=lambda: None, wake=lambda: print("woken", flush=True)):
    print("ready", flush=True)
    time.sleep(60)
"""


def in_seconds(seconds: float) -> str:
    """Return a time of day, whole seconds."""
    return (datetime.now() + timedelta(seconds=seconds)).strftime("%H:%M:%S")  # noqa: DTZ005 - as a clock on the wall


def test_the_end_of_quiet_hours_wakes() -> None:
    woken = Event()
    with scheduled([f"{in_seconds(-3600)}-{in_seconds(2)}"], tidy=lambda: None, wake=woken.set):
        assert woken.wait(10)


def test_what_fell_into_a_sleep_happens_after_it() -> None:
    """The process stands still over the time, as it does while a laptop sleeps."""
    program = SLEEPER.format(span=f"{in_seconds(-3600)}-{in_seconds(4)}")
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "ready\n"
            process.send_signal(signal.SIGSTOP)
            time.sleep(7)  # longer than APScheduler's own grace of one second
            process.send_signal(signal.SIGCONT)
            assert process.stdout.readline() == "woken\n"
        finally:
            process.kill()
