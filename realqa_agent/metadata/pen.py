"""One writer: whoever writes metadata holds the pen, and each write goes through the journal.

The agent, `realqa cull` and `realqa undo` are processes of their own. What is remembered of a photo, its sidecar and
the journal change together, so one of them at a time does that: within a turn, which lasts for one photo.
"""

from __future__ import annotations

import fcntl
import logging
import os
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from realqa_agent.errors import PermanentError, TransientError
from realqa_agent.files import PRIVATE
from realqa_agent.metadata.atomic import replace_bytes, sweep
from realqa_agent.metadata.snapshot import sha256_of, snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from realqa_agent.metadata.journal import Journal
    from realqa_agent.metadata.record import Change, Memory
    from realqa_agent.metadata.snapshot import Snapshot

log = logging.getLogger(__name__)

LONGEST_WAIT_SECONDS = 30.0
"""A turn takes milliseconds; one that takes so long hangs on a network share."""

ASK_AGAIN_SECONDS = 0.01


class Pen:
    """The right to write, while a turn lasts."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal

    def replace(
        self,
        file_id: int,
        path: Path,
        data: bytes | None,
        before: Snapshot | None,
        *,
        changes: Sequence[Change],
        memory: Memory,
    ) -> int:
        """Replace a file, None for none, after its bytes before are in the journal; return the number of that note.

        Errors as for `replace_bytes`.
        """
        old = None if before is None else before.data
        write_id = self.journal.note(file_id, path, old, data, changes=changes, memory=memory)
        try:
            replace_bytes(path, data, before)
        except BaseException:
            # It may have happened all the same: the folder's fsync comes last. Where nobody can look, the note stays.
            with suppress(OSError, TransientError, PermanentError):
                if _content(path) != data:
                    self.journal.forget(write_id)
            raise
        return write_id

    def mend(self) -> None:
        """Clean up after a writer that was killed: its temporary files, and the note of a write that never was."""
        last = self.journal.newest()
        if last is None:
            return
        try:
            sweep(last.path.resolve().parent)
            if sha256_of(_content(last.path)) == last.before != last.after:
                self.journal.forget(last.write_id)
        except (OSError, RuntimeError, TransientError, PermanentError) as error:
            # A disk that isn't there, or a folder that may not be read any more, is no reason not to start.
            log.info("%s: it can't be looked at after the last run: %s", last.path, error)


def _content(path: Path) -> bytes | None:
    there = snapshot(path)
    return None if there is None else there.data


@contextmanager
def turn(journal: Journal) -> Iterator[Pen]:
    """Wait for the pen and hold it; TransientError if another process keeps it for too long."""
    # Made by whoever comes first, the agent's user, and never deleted: a lock lives on the file, not on the name.
    descriptor = os.open(journal.lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
    try:
        _lock(descriptor, journal)
        yield Pen(journal)
    finally:
        os.close(descriptor)


def _lock(descriptor: int, journal: Journal) -> None:
    end = time.monotonic() + LONGEST_WAIT_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                raise TransientError(
                    f"{journal.lock_file}: another realqa has been writing one sidecar for "
                    f"{LONGEST_WAIT_SECONDS:.0f} s; is it on a network share that hangs?"
                ) from None
            time.sleep(ASK_AGAIN_SECONDS)
        else:
            return
