"""What a worker does with one file. Reads, never writes: even a copy with results inside is handed back."""

from __future__ import annotations

import os
import time
import traceback
from typing import TYPE_CHECKING

from realqa_agent.errors import BrokenWorkerError, RefusalKind, RefusedError, TransientError
from realqa_agent.files import FileStat, stat_of
from realqa_agent.media.embedded import read_embedded
from realqa_agent.media.embedding import embedded_copy
from realqa_agent.media.facts import read_facts
from realqa_agent.media.formats import kind_of
from realqa_agent.media.identity import identify
from realqa_agent.media.opening import open_clip, open_photo
from realqa_agent.media.source import opened
from realqa_agent.scoring.clips import pool
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
    ReadFacts,
    Refused,
    Task,
)

if TYPE_CHECKING:
    from pathlib import Path

    from realqa_agent.config import Media
    from realqa_agent.scoring.scorer import Scorer


def run(task: Task, scorer: Scorer, limits: Media) -> Answer:
    """Do the task; every way to fail is an answer, since the next file must still be served."""
    try:
        return _answer(task, scorer, limits)
    except RefusedError as error:
        return Refused(kind=error.kind, message=error.message)
    except BrokenWorkerError as error:
        return Failed(message=str(error), transient=True, leaving=True)
    except (TransientError, MemoryError) as error:
        return Failed(message=str(error) or "not enough memory", transient=True)
    except Exception:  # noqa: BLE001 - the one place that catches everything: a defect of ours costs one file
        return Failed(message=traceback.format_exc(), transient=False)


def _answer(task: Task, scorer: Scorer, limits: Media) -> Answer:
    match task:
        case Examine(path=path):
            return Examined(identity=identify(path), embedded=read_embedded(path))
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


def _assess(path: Path, scorer: Scorer, limits: Media) -> Assessed:
    began = time.perf_counter()
    kind = kind_of(path)
    if kind is None:
        raise RefusedError(
            RefusalKind.UNSUPPORTED,
            f"{path.suffix or 'no suffix'}: not a kind of picture or clip that is read",
        )
    stat = _stat(path)
    if kind == "photo":
        picture = open_photo(path, limits)
        width, height, duration_s, facts = picture.width, picture.height, None, picture.facts
        assessment = scorer.assess(picture)
    else:
        clip = open_clip(path, limits)
        width, height, duration_s, facts = clip.width, clip.height, clip.duration_s, clip.facts
        assessment = pool([(at_s, scorer.assess(frame)) for at_s, frame in clip.frames])
    return Assessed(
        stat=stat,
        kind=kind,
        width=width,
        height=height,
        duration_s=duration_s,
        facts=facts,
        assessment=assessment,
        elapsed_ms=round((time.perf_counter() - began) * 1000, 1),
    )


def _stat(path: Path) -> FileStat:
    try:
        return stat_of(path)
    except OSError as error:
        raise RefusedError(RefusalKind.UNREADABLE, error.strerror or str(error)) from error
