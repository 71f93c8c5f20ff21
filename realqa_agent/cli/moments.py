"""Times as people give them on the command line, and as they read them."""

from __future__ import annotations

import re
import time
from datetime import datetime

import click

UNIT_SECONDS = {"s": 1, "min": 60, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}

AGO = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|m|h|d|w)")


def moment(text: str) -> float:
    """Given `1h`, `90min` or `3d` ago, or a date or time of this place, return the seconds since the epoch."""
    ago = AGO.fullmatch(text.strip())
    if ago is not None:
        return time.time() - float(ago[1]) * UNIT_SECONDS[ago[2]]
    try:
        return datetime.fromisoformat(text.strip()).timestamp()
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is neither like 1h, 90min, 3d or 2w, nor like 2026-11-01 or 2026-11-01T18:30"
        ) from None


def shown(seconds: float) -> str:
    """Return a time of this place, as people read it."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def duration(seconds: float) -> str:
    """Return a length of time as people read it; less than nothing counts as nothing."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
