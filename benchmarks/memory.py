"""What processes hold in memory, as Linux tells it."""

from __future__ import annotations

from pathlib import Path

MEGABYTE = 1e6


def resident(process: int) -> tuple[int, int]:
    """Return the resident memory of a process, now and at its peak, bytes; zeros if it is gone."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0, 0
    found = dict(line.split(":", 1) for line in lines)
    now, peak = (int(found.get(name, "0").split()[0]) * 1024 for name in ("VmRSS", "VmHWM"))
    return now, peak


def children(process: int) -> list[int]:
    """Return the processes that a process and its descendants started."""
    try:
        direct = [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    except OSError:
        return []
    return [*direct, *(deeper for child in direct for deeper in children(child))]
