"""The way in: a path to a picture or a clip, within the limits of the [media] settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realqa_agent.media.clip import Clip, open_frames
from realqa_agent.media.facts import read_facts
from realqa_agent.media.formats import is_raw
from realqa_agent.media.raw import open_raw
from realqa_agent.media.source import opened
from realqa_agent.media.still import open_still

if TYPE_CHECKING:
    from pathlib import Path

    from realqa_agent.config import Media
    from realqa_agent.media.picture import Picture

__all__ = ["Clip", "open_clip", "open_photo"]


def open_photo(path: Path, limits: Media) -> Picture:
    """Decode a still picture or a RAW file; a motion photo is its still.

    Raise RefusedError with the reason if it can't be done. After it returned, the file is no longer needed.
    """
    with opened(path, limits.max_megabytes) as file:
        facts = read_facts(path)
        return open_raw(file, facts, limits) if is_raw(path) else open_still(file, facts, limits)


def open_clip(path: Path, limits: Media) -> Clip:
    """Open a clip, whose frames are decoded as they are taken; raise RefusedError if it can't be done."""
    with opened(path) as file:
        return open_frames(file, limits)
