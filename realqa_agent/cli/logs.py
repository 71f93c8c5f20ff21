"""Log lines on stderr: plain for a terminal, with priorities for the journal."""

from __future__ import annotations

import logging
import os

_PRIORITIES = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}


class _ForJournal(logging.Formatter):
    """`<4>` before a line is how the journal takes a priority from stderr (sd-daemon(3))."""

    def format(self, record: logging.LogRecord) -> str:
        return f"<{_PRIORITIES.get(record.levelno, 6)}>{super().format(record)}"


def set_up(*, verbose: bool) -> None:
    """Send the agent's log to stderr."""
    handler = logging.StreamHandler()
    if "JOURNAL_STREAM" in os.environ:
        handler.setFormatter(_ForJournal("%(message)s"))
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))
    logger = logging.getLogger("realqa_agent")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO if verbose else logging.WARNING)
