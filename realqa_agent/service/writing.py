"""The journal of a run that is about to write."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

from realqa_agent.index import care
from realqa_agent.metadata.journal import Journal
from realqa_agent.metadata.pen import turn

if TYPE_CHECKING:
    from realqa_agent.config import Config
    from realqa_agent.index.store import Index
    from realqa_agent.metadata.record import Who


def begin(index: Index, config: Config, who: Who) -> Journal:
    """Open the journal for a new run, after cleaning up behind a run that was killed."""
    journal = Journal(index, config.metadata, who=who, run=f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}")
    with turn(journal) as pen:
        pen.mend()
        journal.prune()
    return journal


def tidy(index: Index, journal: Journal) -> None:
    """Do what keeps an index that is open for months small and quick."""
    with turn(journal):
        journal.prune()
    care.tidy(index.database.file)
