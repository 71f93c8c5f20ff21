"""What people chose in digiKam, as far as its database tells. It is only ever read."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

CHOSEN = """
SELECT count(*) FROM (
    SELECT imageid FROM ImageInformation WHERE rating >= 0
    UNION
    SELECT imageid FROM ImageTags JOIN Tags AS tag ON tag.id = tagid LEFT JOIN Tags AS parent ON parent.id = tag.pid
    WHERE parent.name IS NOT '_Digikam_Internal_Tags_'
    OR tag.name IN ('Pick Label Rejected', 'Pick Label Pending', 'Pick Label Accepted')
)
"""
"""Photos with stars, a pick label or tags. A pick label is one of digiKam's own tags; the others are housekeeping."""


def photos_with_choices(database: Path) -> int | None:
    """Return how many photos have stars, a pick label or tags, from whomever; None if nobody can tell."""
    try:
        with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            return int(connection.execute(CHOSEN).fetchone()[0])
    except sqlite3.Error:
        return None
