from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import BinaryIO

import pytest

from realqa_agent.errors import RefusalKind, RefusedError, TransientError
from realqa_agent.files import stat_of
from realqa_agent.media.identity import identify


def test_a_file_is_known_by_the_hash_of_its_bytes_and_its_stat(tmp_path: Path) -> None:
    photo = tmp_path / "été.jpg"
    photo.write_bytes(b"pixels" * 100_000)
    identity = identify(photo)
    assert identity.sha256 == hashlib.sha256(b"pixels" * 100_000).hexdigest()
    assert identity.stat == stat_of(photo)


def test_a_link_is_known_by_what_it_points_to(tmp_path: Path) -> None:
    photo, link = tmp_path / "a.jpg", tmp_path / "b.jpg"
    photo.write_bytes(b"pixels")
    link.symlink_to(photo)
    assert identify(link) == identify(photo)


def test_a_file_that_grows_while_it_is_read_is_tried_again_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = tmp_path / "a.jpg"
    photo.write_bytes(b"half")
    digest = hashlib.file_digest

    def digest_while_copied(file: BinaryIO, name: str) -> hashlib._Hash:
        result = digest(file, name)  # type: ignore[arg-type]  # passed on as it came
        with photo.open("ab") as copy:
            copy.write(b"the other half")
        return result

    monkeypatch.setattr(hashlib, "file_digest", digest_while_copied)
    with pytest.raises(TransientError, match="still being written"):
        identify(photo)


def test_a_file_replaced_while_it_is_read_is_tried_again_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photo, fresh = tmp_path / "a.jpg", tmp_path / "b.jpg"
    photo.write_bytes(b"old.")
    fresh.write_bytes(b"new.")
    digest = hashlib.file_digest

    def digest_while_replaced(file: BinaryIO, name: str) -> hashlib._Hash:
        os.utime(fresh, ns=(0, stat_of(photo).mtime_ns))
        fresh.replace(photo)
        return digest(file, name)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(hashlib, "file_digest", digest_while_replaced)
    with pytest.raises(TransientError):
        identify(photo)


def test_an_empty_file_has_no_identity(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    with pytest.raises(RefusedError) as refused:
        identify(tmp_path / "a.jpg")
    assert refused.value.kind == RefusalKind.EMPTY
