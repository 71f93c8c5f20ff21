"""When a failed job comes back."""

from __future__ import annotations

import pytest

from realqa_agent.config import Queue as Settings
from realqa_agent.queue.retry import FailureKind, pause_seconds

TRANSIENT, PERMANENT, CRASH, UNANSWERED, ABANDONED = FailureKind


@pytest.mark.parametrize(
    ("kind", "attempts", "crashes", "pause"),
    [
        (TRANSIENT, 1, 0, 30.0),
        (TRANSIENT, 2, 0, 120.0),
        (TRANSIENT, 3, 0, 480.0),
        (TRANSIENT, 4, 0, 1920.0),
        (TRANSIENT, 5, 0, None),
        (TRANSIENT, 2, 1, 120.0),
        (PERMANENT, 1, 0, None),
        (CRASH, 1, 1, 30.0),
        (CRASH, 2, 2, None),
        (CRASH, 5, 1, None),
        (ABANDONED, 1, 0, 0.0),
        (ABANDONED, 4, 1, 0.0),
        (ABANDONED, 5, 0, None),
    ],
)
def test_pause(kind: FailureKind, attempts: int, crashes: int, pause: float | None) -> None:
    found = pause_seconds(kind, attempts=attempts, crashes=crashes, settings=Settings(), jitter=0.5)
    assert found == (None if pause is None else pytest.approx(pause))


@pytest.mark.parametrize(("jitter", "pause"), [(0.0, 24.0), (1.0, 36.0)])
def test_jitter_spreads_by_a_fifth(jitter: float, pause: float) -> None:
    found = pause_seconds(TRANSIENT, attempts=1, crashes=0, settings=Settings(), jitter=jitter)
    assert found == pytest.approx(pause)


def test_settings_count() -> None:
    settings = Settings(attempts=2, backoff_seconds=5.0)
    assert pause_seconds(TRANSIENT, attempts=1, crashes=0, settings=settings, jitter=0.5) == pytest.approx(5.0)
    assert pause_seconds(TRANSIENT, attempts=2, crashes=0, settings=settings, jitter=0.5) is None
