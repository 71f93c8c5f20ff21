"""Which names are taken and which are passed over."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realqa_agent.watch.candidates import Candidates

CANDIDATES = Candidates()


@pytest.mark.parametrize(
    "name", ["IMG_1.JPG", "a.b.cr3", "Möwe ☀.heic", "clip.MP4", "x.DNG", "IMG.sync-conflict-1.jpg"]
)
def test_photos_and_clips_are_taken(name: str) -> None:
    assert CANDIDATES.accepts(Path("/any/where") / name)


@pytest.mark.parametrize(
    "name",
    [
        "._IMG_1.JPG",  # AppleDouble
        ".IMG_1.JPG.Xy12ab",  # rsync
        ".syncthing.IMG_1.JPG.tmp",
        ".jpg",
        "Thumbs.db",
        "IMG_1.JPG.xmp",
        "IMG_1.xmp",
        ".IMG_1.JPG.xmp.1a2b.realqa-tmp",
        "IMG_1.JPG.realqa-tmp",
        "index.sqlite",
        "index.sqlite-wal",
        "digikam4.db",
        "IMG_1.JPG.part",
        "IMG_1.JPG~",
        "jpg",
        "README",
        "",
    ],
)
def test_everything_else_is_not(name: str) -> None:
    assert not CANDIDATES.accepts_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "@eaDir",
        ".stfolder",
        ".stversions",
        ".thumbnails",
        ".Trash-1000",
        ".dtrash",
        "$RECYCLE.BIN",
        "$Recycle.Bin",
        "#recycle",
        "lost+found",
        "THMBNL",
        "__MACOSX",
        "Catalog Smart Previews.lrdata",
    ],
)
def test_folders_of_other_programs_are_not_entered(name: str) -> None:
    assert not CANDIDATES.enters(name)


@pytest.mark.parametrize("name", ["2026", "DCIM", "100CANON", "darktable_exported", "photo.jpg", "Ünïcode ☀"])
def test_other_folders_are(name: str) -> None:
    assert CANDIDATES.enters(name)


def test_ignore_holds_shell_patterns_for_files_and_folders() -> None:
    candidates = Candidates(["*_proof.jpg", "Exports", "IMG_000[12].*"])
    assert not candidates.accepts_name("a_proof.jpg")
    assert not candidates.accepts_name("IMG_0002.CR2")
    assert not candidates.enters("Exports")
    assert candidates.accepts_name("a_proof.jpg.jpg")
    assert candidates.accepts_name("IMG_0003.CR2")
    assert candidates.accepts_name("a_PROOF.jpg"), "a shell tells upper and lower case apart"
    assert candidates.enters("Exports 2")


def test_reaches_looks_at_every_folder_below_the_root_and_not_at_the_root() -> None:
    root = Path("/home/me/.photos")
    assert CANDIDATES.reaches(root, root)
    assert CANDIDATES.reaches(root, root / "2026" / "sea")
    assert not CANDIDATES.reaches(root, root / "@eaDir" / "IMG_1.JPG")
    assert not CANDIDATES.reaches(root, Path("/home/me/other"))


@given(st.text())
def test_any_name_gets_an_answer(name: str) -> None:
    taken = CANDIDATES.accepts_name(name)
    assert not (taken and name.startswith("."))
    assert taken == CANDIDATES.accepts_name(name.upper()) or name.upper().lower() != name.lower()
