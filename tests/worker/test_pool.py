"""Workers as the agent meets them: real processes, real sockets, real deaths."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from PIL import Image

from realqa_agent.config import Config, Media, Scoring
from realqa_agent.errors import PermanentError, RefusalKind, TransientError, UserError
from realqa_agent.worker.messages import (
    Answer,
    Assess,
    Assessed,
    Crashed,
    Embed,
    EmbeddedCopy,
    Examine,
    Examined,
    Failed,
    Inspect,
    Inspected,
    Order,
    Refused,
)
from realqa_agent.worker.pool import DEPTH, START_PAUSE_SECONDS, Pool

pytestmark = pytest.mark.usefixtures("odd_scorers")


@contextmanager
def pool_of(scorer: str, *, size: int = 1, seconds_per_file: int = 120) -> Iterator[Pool[str]]:
    settings = Config(scoring=Scoring(scorer=scorer), media=Media(seconds_per_file=seconds_per_file))
    with Pool[str](settings, size) as pool:
        yield pool


def outcome_of(pool: Pool[str], task: Order) -> Answer | Crashed:
    pool.submit("it", task)
    ((key, outcome),) = heard(pool)
    assert key == "it"
    return outcome


def heard(pool: Pool[str]) -> list[tuple[str, Answer | Crashed]]:
    """Wait until there are outcomes; a worker that comes up ends a wait as well."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if outcomes := pool.wait(5.0):
            return outcomes
    raise AssertionError("no outcome")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.new("RGB", (48, 32), "teal").save(path)
    return path


@pytest.fixture
def fatal(tmp_path: Path) -> Path:
    """A picture whose width makes the odd scorers fail."""
    path = tmp_path / "fatal.png"
    Image.new("RGB", (40, 32), "red").save(path)
    return path


def test_scorer_of_another_package_is_found_and_used(photo: Path) -> None:
    with pool_of("plain") as pool:
        assert (pool.scorer().scorer, pool.scorer().version) == ("plain", "1")
        outcome = outcome_of(pool, Assess(path=photo))
    assert isinstance(outcome, Assessed)
    assert (outcome.kind, outcome.width, outcome.height) == ("photo", 48, 32)
    assert outcome.assessment.overall == 7.0


def test_examining_reads_without_scoring(photo: Path) -> None:
    with pool_of("crash") as pool:
        outcome = outcome_of(pool, Examine(path=photo))
    assert isinstance(outcome, Examined)
    assert outcome.identity.stat.size == photo.stat().st_size


def test_inspecting_reads_the_metadata_inside_alone(tmp_path: Path) -> None:
    Image.new("RGB", (48, 32)).save(tmp_path / "a.jpg", xmp=b"<x/>")
    with pool_of("crash") as pool:
        outcome = outcome_of(pool, Inspect(path=tmp_path / "a.jpg"))
    assert isinstance(outcome, Inspected)
    assert outcome.embedded.packet == b"<x/>"


def test_unreadable_file_is_a_refusal(tmp_path: Path) -> None:
    with pool_of("plain") as pool:
        outcome = outcome_of(pool, Assess(path=tmp_path / "nothing.jpg"))
    assert isinstance(outcome, Refused)
    assert outcome.kind is RefusalKind.UNREADABLE


def test_crash_costs_one_file_and_tells_how_it_ended(photo: Path, fatal: Path) -> None:
    with pool_of("crash") as pool:
        outcome = outcome_of(pool, Assess(path=fatal))
        assert isinstance(outcome, Crashed)
        assert "SIGSEGV" in outcome.message
        assert "last words" in outcome.message
        assert isinstance(outcome_of(pool, Assess(path=photo)), Assessed)


def test_file_over_the_deadline_is_refused_and_its_worker_replaced(photo: Path, fatal: Path) -> None:
    with pool_of("hang", seconds_per_file=1) as pool:
        outcome = outcome_of(pool, Assess(path=fatal))
        assert outcome == Refused(kind=RefusalKind.TOO_LARGE, message="took longer than 1 s")
        assert isinstance(outcome_of(pool, Assess(path=photo)), Assessed)


def test_defect_of_a_scorer_is_told_with_its_traceback(photo: Path, fatal: Path) -> None:
    with pool_of("stumble") as pool:
        outcome = outcome_of(pool, Assess(path=fatal))
        assert isinstance(outcome, Failed)
        assert not outcome.transient
        assert "ZeroDivisionError: a defect" in outcome.message
        assert isinstance(outcome_of(pool, Assess(path=photo)), Assessed)


@pytest.mark.parametrize(
    ("scorer", "words"), [("broken", "its weights are missing"), ("nobody", "there is no scorer 'nobody'")]
)
def test_scorer_that_cannot_be_built_is_a_users_error(scorer: str, words: str) -> None:
    with pool_of(scorer) as pool, pytest.raises(UserError, match=words):
        pool.scorer()


def test_worker_that_dies_while_idle_is_replaced(photo: Path) -> None:
    with pool_of("plain") as pool:
        assert isinstance(outcome_of(pool, Assess(path=photo)), Assessed)
        worker = pool._workers[0].process
        worker.kill()
        worker.wait()
        assert isinstance(outcome_of(pool, Assess(path=photo)), Assessed)


def test_task_behind_a_fatal_one_is_done_by_another_worker(photo: Path, fatal: Path) -> None:
    with pool_of("crash") as pool:
        pool.submit("fatal", Assess(path=fatal))
        pool.submit("behind", Assess(path=photo))
        assert pool.free == DEPTH - 2
        outcomes: dict[str, Answer | Crashed] = {}
        while len(outcomes) < 2:
            outcomes.update(pool.wait(30.0))
    assert isinstance(outcomes["fatal"], Crashed)
    assert isinstance(outcomes["behind"], Assessed)


def test_no_worker_outlives_its_pool(fatal: Path) -> None:
    with pool_of("hang", size=2) as pool:
        pool.submit("busy", Assess(path=fatal))
        pool.submit("other", Examine(path=fatal))
        processes = [worker.process for worker in pool._workers]
    assert all(process.returncode is not None for process in processes)


def test_wait_ends_early_for_another_descriptor() -> None:
    reader, writer = os.pipe()
    os.write(writer, b".")
    with pool_of("plain") as pool:
        began = time.monotonic()
        assert pool.wait(30.0, (reader,)) == []
        assert time.monotonic() - began < 5
    os.close(reader)
    os.close(writer)


def test_a_copy_with_results_inside_is_handed_back_and_the_photo_stays(tmp_path: Path) -> None:
    photo, packet = tmp_path / "a.jpg", b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"
    Image.new("RGB", (64, 48)).save(photo)
    data = photo.read_bytes()
    with pool_of("plain") as pool:
        copy = outcome_of(pool, Embed(path=photo, packet=packet))
        refused = outcome_of(pool, Embed(path=photo, packet=b"x" * 70_000))
    assert isinstance(copy, EmbeddedCopy)
    assert packet in copy.data
    assert len(copy.data) > len(data)
    assert photo.read_bytes() == data
    assert isinstance(refused, Refused)


def test_a_worker_that_can_not_go_on_leaves_and_costs_nobody_a_crash(photo: Path, fatal: Path) -> None:
    with pool_of("leave") as pool:
        pool.submit("fatal", Assess(path=fatal))
        pool.submit("behind", Assess(path=photo))
        (before,) = children()
        outcomes = dict(heard(pool))
        assert outcomes == {"fatal": Failed(message="the graphics card is gone", transient=True, leaving=True)}
        ((key, outcome),) = heard(pool)
        assert (key, type(outcome)) == ("behind", Assessed)
        assert children() != [before]


def test_idle_workers_are_ended_and_the_next_task_starts_new_ones(photo: Path) -> None:
    with pool_of("plain", size=2) as pool:
        outcome_of(pool, Assess(path=photo))
        pool.rest(3600.0)
        assert len(children()) == 1
        pool.rest(0.0)
        assert children() == []
        assert isinstance(outcome_of(pool, Assess(path=photo)), Assessed)


def test_a_worker_at_work_is_not_ended(photo: Path) -> None:
    with pool_of("plain") as pool:
        pool.submit("it", Assess(path=photo))
        pool.rest(0.0)
        assert [key for key, _ in heard(pool)] == ["it"]


def test_task_for_which_no_worker_can_start_waits_until_one_can(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system is short of memory for a while."""
    with pool_of("plain") as pool:
        pool.scorer()
        pool.rest(0.0)
        with monkeypatch.context() as short:
            short.setattr("sys.executable", "/nowhere/python")
            pool.submit("it", Assess(path=photo))
            with pytest.raises(TransientError, match="a worker can't start"):
                pool.wait(30.0)
            assert pool.free == DEPTH - 1
        time.sleep(START_PAUSE_SECONDS)
        assert [key for key, _ in heard(pool)] == ["it"]


def test_others_go_on_if_one_more_worker_can_not_start(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pool_of("plain", size=2) as pool:
        pool.scorer()
        monkeypatch.setattr("sys.executable", "/nowhere/python")
        keys = [f"{number}" for number in range(2 * DEPTH)]
        for key in keys:
            pool.submit(key, Assess(path=photo))
        assert pool.free == 0
        done: list[str] = []
        while len(done) < len(keys):
            done += [key for key, _ in pool.wait(30.0)]
        assert done == keys


def test_a_worker_killed_while_it_starts_is_a_passing_trouble(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pool_of("plain") as pool:
        pool.scorer()
        pool.rest(0.0)
        monkeypatch.setattr("sys.executable", shutil.which("false"))
        pool.submit("it", Assess(path=photo))
        with pytest.raises(TransientError, match="it ended at once"):
            heard(pool)


def test_scorer_that_became_another_one_ends_the_run(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package was updated while the agent runs; the old results must not pass for the new version's."""
    with pool_of("plain") as pool:
        pool.scorer()
        pool.rest(0.0)
        monkeypatch.setattr(pool, "_settings", Config(scoring=Scoring(scorer="bright")))
        pool.submit("it", Assess(path=photo))
        with pytest.raises(PermanentError, match=r"became another one \(bright 1\)"):
            heard(pool)
        assert children() == []


def children() -> list[psutil.Process]:
    """Return this process's workers; it may have other children, such as a display."""
    return [child for child in psutil.Process().children() if "realqa_agent.worker.child" in child.cmdline()]
