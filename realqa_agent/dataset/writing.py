"""Writes a data set's folder: conversations and scores of each split, and the manifest."""

from __future__ import annotations

import csv
import json
import os
from typing import TYPE_CHECKING, Any

from realqa_agent.dataset import manifest
from realqa_agent.dataset.record import SPLITS
from realqa_agent.errors import UserError
from realqa_agent.files import made_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from realqa_agent.dataset.building import Sample
    from realqa_agent.dataset.manifest import Manifest
    from realqa_agent.dataset.record import Split


UNFINISHED = f"{manifest.FILE}.part"
"""Stays in the manifest's place if the writing was killed: what is there is ours, and no data set."""


def check_room(out: Path) -> None:
    """Raise UserError if the folder has files by our names that are of no data set of ours: ours may be replaced."""
    if not out.exists() or (out / manifest.FILE).exists() or (out / UNFINISHED).exists():
        return
    if not out.is_dir():
        raise UserError(f"{out} is a file: give a folder")
    ours = [name(split) for split in SPLITS for name in (manifest.conversations_of, manifest.labels_of)]
    if taken := [name for name in ours if (out / name).exists()]:
        raise UserError(f"{out} has a {taken[0]} that is of no data set of ours: give another folder")


def write(out: Path, made: Manifest, samples: Sequence[Sample]) -> None:
    """Write all files, each whole or not at all; the manifest goes first and comes last, so that it vouches for them.

    Raise UserError if the disk won't take them.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with made_whole(out / manifest.FILE, replace=True) as last:
            (out / manifest.FILE).unlink(missing_ok=True)
            for split in SPLITS:
                _write_split(out, split, [sample for sample in samples if sample.split == split])
            last.write_text(json.dumps(made.model_dump(), indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise UserError(f"{error.filename or out}: can't be written: {error.strerror or error}") from error


def _write_split(out: Path, split: Split, samples: Sequence[Sample]) -> None:
    with made_whole(out / manifest.conversations_of(split), replace=True) as file:
        file.write_text(_list(_records(out, samples)), encoding="utf-8")
    with (
        made_whole(out / manifest.labels_of(split), replace=True) as file,
        file.open("w", encoding="utf-8", errors="surrogateescape", newline="") as stream,
    ):
        csv.writer(stream, lineterminator="\n").writerows(_rows(out, samples))


def _list(records: Iterator[dict[str, Any]]) -> str:
    """Return a JSON list, a record a line. ASCII only, so that a file name of any bytes survives."""
    return "[" + ",".join("\n" + json.dumps(record) for record in records) + "\n]\n"


def _records(out: Path, samples: Sequence[Sample]) -> Iterator[dict[str, Any]]:
    """Yield the conversations as LLaMA-Factory's sharegpt form has them."""
    for sample in samples:
        for said in sample.said.values():
            yield from ({"messages": [*messages], "images": [_name(out, sample.path)]} for messages in said)


def _rows(out: Path, samples: Sequence[Sample]) -> Iterator[list[str]]:
    has_series = any(sample.series is not None for sample in samples)
    yield ["filename", "score", *["series"] * has_series]
    for sample in samples:
        yield [_name(out, sample.path), str(sample.score), *[sample.series or ""] * has_series]


def _name(out: Path, picture: Path) -> str:
    """Return a picture's path: from the folder on if it lies there, so that both may move together."""
    inside = picture.is_relative_to(out)
    return os.fspath(picture.relative_to(out) if inside else picture)
