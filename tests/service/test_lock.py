"""One agent an index, and how the next one knows how the last one ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from realqa_agent.errors import UserError
from realqa_agent.service import lock as lock_room
from realqa_agent.service.lock import End, holder, lock_file, only_agent

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def index(tmp_path: Path) -> Path:
    return tmp_path / "made" / "index.sqlite"


@pytest.fixture
def generous() -> Iterator[None]:
    """A mask that lets everybody read and write."""
    before = os.umask(0)
    yield
    os.umask(before)


def killed_after(step: str, index: Path) -> None:
    """Let a process of its own hold the lock, take a step, and be killed."""
    program = (
        "import os, signal; from pathlib import Path\n"
        "from realqa_agent.service.lock import only_agent\n"
        f"with only_agent(Path({str(index)!r})) as lock:\n"
        f"    {step}\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False)
    assert done.returncode == -signal.SIGKILL


def last_end(index: Path) -> End | None:
    """Return what the next agent knows, which opens no index itself."""
    with only_agent(index) as lock:
        return lock.last


def test_second_agent_is_told_who_has_it(index: Path) -> None:
    with only_agent(index) as lock:
        for opened in (False, True):
            if opened:
                lock.opened()
            assert holder(index) == os.getpid()
            with (
                pytest.raises(UserError, match=rf"process {os.getpid()}\) already works on .*index\.sqlite"),
                only_agent(index),
            ):
                pass
    assert holder(index) is None


def test_nobody_holds_what_never_was(index: Path) -> None:
    assert holder(index) is None
    assert not index.parent.exists()


@pytest.mark.usefixtures("generous")
def test_lock_and_its_folder_are_private(index: Path) -> None:
    with only_agent(index):
        assert lock_file(index).stat().st_mode & 0o777 == 0o600
        assert index.parent.stat().st_mode & 0o777 == 0o700


def test_agent_that_left_as_it_should_is_known_to_have(index: Path) -> None:
    assert last_end(index) is None
    with only_agent(index) as lock:
        lock.opened()
        lock.left()
    assert last_end(index) is End.CLOSED
    assert last_end(index) is End.CLOSED


def test_agent_that_was_killed_with_the_index_open_is_known_to_have_been(index: Path) -> None:
    killed_after("lock.opened()", index)
    assert holder(index) is None
    assert last_end(index) is End.OPEN


def test_agent_that_was_killed_before_it_opened_the_index_is_none_of_its_matter(index: Path) -> None:
    killed_after("pass", index)
    assert last_end(index) is None


def test_agent_that_ended_with_an_error_left_it_open(index: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        fail_with_the_index_open(index)
    assert last_end(index) is End.OPEN


def fail_with_the_index_open(index: Path) -> None:
    with only_agent(index) as lock:
        lock.opened()
        raise ZeroDivisionError


def test_unclean_stop_is_known_until_an_agent_has_opened_the_index_and_left(index: Path) -> None:
    killed_after("lock.opened()", index)
    assert last_end(index) is End.OPEN
    killed_after("pass", index)
    assert last_end(index) is End.OPEN
    with only_agent(index) as lock:
        lock.opened()
        lock.left()
    assert last_end(index) is End.CLOSED


def test_number_that_an_earlier_version_left_behind_says_nothing(index: Path) -> None:
    index.parent.mkdir()
    lock_file(index).write_text("12345\n")
    assert last_end(index) is None


def test_whoever_asks_for_the_holder_keeps_nobody_from_starting(index: Path) -> None:
    """`realqa status --watch` asks each second, and a service that is refused once stays down."""
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            holder(index)

    asking = [threading.Thread(target=ask) for _ in range(3)]
    for each in asking:
        each.start()
    try:
        for _ in range(30):
            with only_agent(index) as lock:
                lock.opened()
                lock.left()
    finally:
        stop.set()
        for each in asking:
            each.join()


def test_refusal_does_not_take_long(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock_room, "PATIENCE_SECONDS", 0.05)
    began = time.monotonic()
    with only_agent(index), pytest.raises(UserError), only_agent(index):
        pass
    assert time.monotonic() - began < 1
