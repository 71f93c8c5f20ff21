"""What it takes to get a file's bytes before from its bytes after: a photo's metadata are a small part of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Delta:
    """The bytes before are the first `head` bytes after, the middle, and the last `tail` bytes after."""

    head: int
    tail: int
    middle: bytes


def difference(before: bytes, after: bytes) -> Delta:
    """Return the shortest delta of that form; `restored(after, …)` undoes it."""
    head = _common(before, after)
    tail = _common(before[head:][::-1], after[head:][::-1])
    return Delta(head=head, tail=tail, middle=before[head : len(before) - tail])


def restored(after: bytes, delta: Delta) -> bytes:
    """Return the bytes before."""
    return after[: delta.head] + delta.middle + after[len(after) - delta.tail :]


def _common(one: bytes, other: bytes) -> int:
    """Return the length of the common beginning, by halving: comparing bytes in a loop takes seconds for a photo."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
