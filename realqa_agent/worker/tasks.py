"""What a worker does with one file. Reads, never writes: even a copy with results inside is handed back."""

from __future__ import annotations

import os
import time
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING

from realqa_agent.errors import AwayError, BrokenWorkerError, RefusalKind, RefusedError, TransientError
from realqa_agent.files import FileStat, stat_of
from realqa_agent.media.embedded import read_embedded
from realqa_agent.media.embedding import embedded_copy
from realqa_agent.media.facts import read_facts
from realqa_agent.media.formats import kind_of
from realqa_agent.media.identity import identify
from realqa_agent.media.opening import open_clip, open_photo
from realqa_agent.media.source import opened
from realqa_agent.scoring.clips import pooled
from realqa_agent.scoring.mllm.frames import shown
from realqa_agent.scoring.view import Frame
from realqa_agent.worker.messages import (
    Answer,
    Assess,
    Assessed,
    Embed,
    EmbeddedCopy,
    Examine,
    Examined,
    FactsRead,
    Failed,
    Inspect,
    Inspected,
    Order,
    Prepare,
    Prepared,
    ReadFacts,
    Refused,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from realqa_agent.capture import CaptureFacts
    from realqa_agent.config import Media
    from realqa_agent.media.picture import Picture
    from realqa_agent.scoring.scorer import Scorer


def run(task: Order, scorer: Scorer, limits: Media) -> Answer:
    """Do the task; every way to fail is an answer, since the next file must still be served."""
    try:
        return _answer(task, scorer, limits)
    except Exception as error:  # noqa: BLE001 - a defect of ours costs one file
        return failure(error)


def failure(error: Exception) -> Refused | Failed:
    """Return the answer that an error stands for; to be called where it is handled."""
    match error:
        case RefusedError():
            return Refused(kind=error.kind, message=error.message)
        case BrokenWorkerError():
            return Failed(message=str(error), transient=True, leaving=True)
        case TransientError() | MemoryError():
            message = str(error) or "not enough memory"
            return Failed(message=message, transient=True, away=isinstance(error, AwayError))
        case _:
            return Failed(message=traceback.format_exc(), transient=False)


def _answer(task: Order, scorer: Scorer, limits: Media) -> Answer:
    match task:
        case Examine(path=path):
            return _examined(path)
        case Prepare():
            return _prepare(task, scorer, limits)
        case Inspect(path=path):
            return Inspected(embedded=read_embedded(path))
        case Assess(path=path):
            return _assess(path, scorer, limits)
        case ReadFacts(path=path):
            return FactsRead(stat=_stat(path), facts=read_facts(path))
        case Embed(path=path, packet=packet):
            return _embed(path, packet, limits)


def _embed(path: Path, packet: bytes, limits: Media) -> EmbeddedCopy:
    with opened(path, limits.max_megabytes) as file:
        stat = FileStat.of(os.fstat(file.fileno()))
        data = file.read()
        if FileStat.of(os.fstat(file.fileno())) != stat:
            raise TransientError("it changed while it was being read")
    return EmbeddedCopy(stat=stat, data=embedded_copy(data, packet, limits))


def _examined(path: Path) -> Examined:
    return Examined(identity=identify(path), embedded=read_embedded(path))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Opened:
    """An opened file, whose pictures come one after the other."""

    kind: str
    stat: FileStat
    width: int
    height: int
    duration_s: float | None
    facts: CaptureFacts
    pictures: Iterable[tuple[float | None, Picture]]
    """With the time of each, seconds from the start of the clip; None for a photo."""


def _opened(path: Path, limits: Media) -> _Opened:
    kind = kind_of(path)
    if kind is None:
        raise RefusedError(
            RefusalKind.UNSUPPORTED,
            f"{path.suffix or 'no suffix'}: not a kind of picture or clip that is read",
        )
    stat = _stat(path)
    if kind == "photo":
        picture = open_photo(path, limits)
        return _Opened(
            kind=kind,
            stat=stat,
            width=picture.width,
            height=picture.height,
            duration_s=None,
            facts=picture.facts,
            pictures=[(None, picture)],
        )
    clip = open_clip(path, limits)
    return _Opened(
        kind=kind,
        stat=stat,
        width=clip.width,
        height=clip.height,
        duration_s=clip.duration_s,
        facts=clip.facts,
        pictures=clip.frames,
    )


def _assess(path: Path, scorer: Scorer, limits: Media) -> Assessed:
    began = time.perf_counter()
    source = _opened(path, limits)
    assessed = [(at_s, scorer.assess(picture)) for at_s, picture in source.pictures]
    return Assessed(
        stat=source.stat,
        kind=source.kind,
        width=source.width,
        height=source.height,
        duration_s=source.duration_s,
        facts=source.facts,
        assessment=pooled(assessed),
        elapsed_ms=_since(began),
    )


def _prepare(task: Prepare, scorer: Scorer, limits: Media) -> Prepared:
    began = time.perf_counter()
    examined = _examined(task.path)
    source = _opened(task.path, limits)
    seen = task.seen if task.seen is not None and task.seen.sha256 == examined.identity.sha256 else None
    frames = []
    for at_s, picture in source.pictures:
        width, height, rgb = shown(picture, task.view)
        # Of a clip the index has but the whole, not each frame.
        first = scorer.assess(picture) if seen is None or at_s is not None else seen.first
        frames.append(Frame(at_s=at_s, width=width, height=height, rgb=rgb, first=first))
    return Prepared(
        examined=examined,
        stat=source.stat,
        kind=source.kind,
        width=source.width,
        height=source.height,
        duration_s=source.duration_s,
        facts=source.facts,
        frames=tuple(frames),
        elapsed_ms=_since(began),
    )


def _since(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 1)


def _stat(path: Path) -> FileStat:
    try:
        return stat_of(path)
    except OSError as error:
        raise RefusedError(RefusalKind.UNREADABLE, error.strerror or str(error)) from error
