"""What happens at a time of day. Work that waits for its turn has its due time in the queue, walks in the watch room.

A laptop sleeps through many a due time: what was missed happens once, as soon as it wakes.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from realqa_agent.service.manners import ends_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

TIDYING = {"hour": 3, "minute": 30}


@contextmanager
def scheduled(quiet_hours: Iterable[str], *, tidy: Callable[[], None], wake: Callable[[], None]) -> Iterator[None]:
    """Call `tidy` once a night, and `wake` when quiet hours begin and end; both from another thread."""
    from apscheduler.schedulers.background import BackgroundScheduler  # noqa: PLC0415 - 80 ms that `--once` saves

    # APScheduler's own grace of one second would drop whatever falls into a sleep.
    scheduler = BackgroundScheduler(job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None})
    scheduler.add_job(tidy, "cron", **TIDYING)
    for span in quiet_hours:
        for end in ends_of(span):
            scheduler.add_job(wake, "cron", hour=end.hour, minute=end.minute, second=end.second)
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown()
