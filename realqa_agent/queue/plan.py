"""What a batch of changes means for the files that the index knows. Pure.

A file is followed by its inode, size and mtime: if all three turn up under another path and are gone from the old
one, it was moved, and its scores, verdict and history go with it. That holds for chains and swaps within a batch
as well (`a` to `b`, `b` to `c`), as renaming tools make them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from realqa_agent.files import Appeared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from realqa_agent.files import Change, FileStat


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """A file as the index holds it."""

    file_id: int
    path: Path
    stat: FileStat
    missing: bool
    settled: bool
    """It has an assessment, or a refusal that a new path won't cure."""
    running: bool
    """Its job is claimed, under the path that it has here."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What is to be done, each file in one list at most."""

    new: list[Appeared] = field(default_factory=list)
    changed: list[tuple[Known, FileStat]] = field(default_factory=list)
    """The same path with another stat."""
    moved: list[tuple[Known, Path]] = field(default_factory=list)
    returned: list[Known] = field(default_factory=list)
    """Missing files that are back as they were."""
    vanished: list[Known] = field(default_factory=list)


def latest(changes: Iterable[Change]) -> dict[Path, Change]:
    """Return the last change of each path."""
    return {change.path: change for change in changes}


def arrivals(changes: Mapping[Path, Change], by_path: Mapping[Path, Known]) -> dict[Path, FileStat]:
    """Return the paths that hold something else than the index says, with the stat of it."""
    return {
        path: change.stat
        for path, change in changes.items()
        if isinstance(change, Appeared) and (path not in by_path or by_path[path].stat != change.stat)
    }


def plan(
    changes: Mapping[Path, Change],
    *,
    by_path: Mapping[Path, Known],
    same_inode: Iterable[Known],
    exists: Callable[[Path], bool],
) -> Plan:
    """Given changes, the known files at their paths, and those with an inode of an arrival, say what to do.

    `exists` is asked about the old path of a file that seems to have moved, if no change tells.
    """
    left = {known.stat: known for known in same_inode if _has_left(known, changes, exists)}
    moves = _moves(arrivals(changes, by_path), left, by_path)
    leaving = {known.file_id for known in moves.values()}
    # A path whose row goes elsewhere is free for another file.
    staying = {path: known for path, known in by_path.items() if known.file_id not in leaving}
    steps = Plan(moved=[(known, path) for path, known in moves.items()])
    for path, change in changes.items():
        known = staying.get(path)
        if isinstance(change, Appeared):
            if path in moves:
                continue
            if known is None:
                steps.new.append(change)
            elif known.stat != change.stat:
                steps.changed.append((known, change.stat))
            elif known.missing:
                steps.returned.append(known)
        elif known is not None and not known.missing:
            steps.vanished.append(known)
    return steps


def _has_left(known: Known, changes: Mapping[Path, Change], exists: Callable[[Path], bool]) -> bool:
    """Tell whether a file is no longer where the index has it, or has given way to another one."""
    change = changes.get(known.path)
    if change is None:
        return known.missing or not exists(known.path)
    return not (isinstance(change, Appeared) and change.stat == known.stat)


def _moves(
    arrived: dict[Path, FileStat], left: Mapping[FileStat, Known], by_path: Mapping[Path, Known]
) -> dict[Path, Known]:
    """Pair arrivals with the files that they were; a path whose own row stays can't take another one."""
    # Of two hard links with one source the first takes its row.
    first = {stat: path for path, stat in reversed(arrived.items())}
    moves = {first[stat]: known for stat, known in left.items() if stat in first and first[stat] != known.path}
    while True:
        leaving = {known.file_id for known in moves.values()}
        kept = {path: known for path, known in moves.items() if path not in by_path or by_path[path].file_id in leaving}
        if len(kept) == len(moves):
            return kept
        moves = kept
