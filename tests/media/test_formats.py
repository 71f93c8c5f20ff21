from __future__ import annotations

from pathlib import Path

import pytest

from realqa_agent.media.formats import Kind, is_raw, kind_of


@pytest.mark.parametrize(
    ("name", "kind", "raw"),
    [
        ("a.jpg", "photo", False),
        ("IMG_E4120.JPG", "photo", False),
        ("été.Heic", "photo", False),
        ("DSC1.HIF", "photo", False),
        ("a.dng", "photo", True),
        ("DSC1.NEF", "photo", True),
        ("IMG.CR3", "photo", True),
        ("C0001.MP4", "clip", False),
        ("a.jpg.xmp", None, False),
        ("photo", None, False),
        (".jpg", None, False),
        ("a.gif", None, False),
    ],
)
def test_the_suffix_says_who_looks_at_a_file(name: str, kind: Kind | None, raw: bool) -> None:  # noqa: FBT001 - a table
    assert kind_of(Path("/album.nef") / name) == kind
    assert is_raw(Path("/album.nef") / name) == raw
