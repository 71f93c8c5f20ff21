"""The walk over real folders: what differs is told, what can't be told is not guessed."""

from __future__ import annotations

import functools
import os
import shutil
import sys
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from realqa_agent.errors import TransientError
from realqa_agent.files import Appeared, Change, Vanished, stat_of
from realqa_agent.watch.candidates import Candidates
from realqa_agent.watch.presence import Presence
from realqa_agent.watch.scan import look_at, scan

from .conftest import MemoryIndex


class Walker:
    """Walks one root again and again, as the agent does in one run."""

    def __init__(self, root: Path, index: MemoryIndex) -> None:
        self.root = root
        self.index = index
        self.presence = Presence(root)
        self.trouble: dict[Path, OSError] = {}

    def walk(self, below: Path | None = None) -> list[Change]:
        self.trouble.clear()
        changes = [
            change
            for batch in scan(
                self.root,
                lambda folder: self.index.files.get(folder, {}),
                self.index.folders_under(below or self.root),
                Candidates(["*_proof.jpg", "Exports"]),
                presence=self.presence,
                below=below,
                trouble=self.trouble.__setitem__,
            )
            for change in batch
        ]
        self.index.take_in(changes)
        return changes


@pytest.fixture
def walker(root: Path, index: MemoryIndex) -> Walker:
    return Walker(root, index)


def put(path: Path, content: bytes = b"photo") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def paths(changes: Iterable[Change], kind: type[Change]) -> set[Path]:
    return {change.path for change in changes if isinstance(change, kind)}


def test_only_differences_are_told(root: Path, walker: Walker) -> None:
    kept, changed, removed = (put(root / "2026" / f"{name}.jpg") for name in ("kept", "changed", "removed"))
    assert paths(walker.walk(), Appeared) == {kept, changed, removed}
    assert walker.walk() == []

    put(changed, b"edited")
    removed.unlink()
    assert walker.walk() == [Appeared(path=changed, stat=stat_of(changed)), Vanished(path=removed)]
    assert walker.walk() == []


def test_a_file_replaced_by_one_of_the_same_size_and_mtime_has_changed(root: Path, walker: Walker) -> None:
    photo = put(root / "a.jpg", b"one")
    walker.walk()
    other = put(root / "b.tmp", b"two")
    shutil.copystat(photo, other)
    other.replace(photo)
    assert paths(walker.walk(), Appeared) == {photo}


@pytest.mark.parametrize("year", [1970, 2036])
def test_a_wrong_camera_clock_does_not_matter(root: Path, walker: Walker, year: int) -> None:
    photo = put(root / "a.jpg")
    os.utime(photo, ((year - 1970) * 31_556_952,) * 2)
    assert paths(walker.walk(), Appeared) == {photo}
    assert walker.walk() == []


def test_a_moved_folder_comes_and_goes_with_the_same_inodes(root: Path, walker: Walker) -> None:
    old = put(root / "a" / "deep" / "1.jpg")
    [before] = walker.walk()
    (root / "a").rename(root / "b")
    new = root / "b" / "deep" / "1.jpg"
    assert isinstance(before, Appeared)
    assert walker.walk() == [Appeared(path=new, stat=before.stat), Vanished(path=old)]


def test_names_and_folders_that_are_no_candidates_are_passed_over(root: Path, walker: Walker) -> None:
    for name in ("a.jpg.xmp", ".hidden.jpg", "@eaDir/a.jpg", ".Trash-1000/files/a.jpg", "x_proof.jpg", "Exports/a.jpg"):
        put(root / name)
    os.mkfifo(root / "pipe.jpg")
    (root / "folder.jpg").mkdir()
    assert walker.walk() == []


def test_a_file_that_is_no_candidate_any_more_vanishes(root: Path, walker: Walker, index: MemoryIndex) -> None:
    put(root / "other.jpg")
    for path in (put(root / "a_proof.jpg"), put(root / "Exports" / "b.jpg")):
        index.files[path.parent][path.name] = stat_of(path)
    assert paths(walker.walk(), Vanished) == {root / "a_proof.jpg", root / "Exports" / "b.jpg"}


def test_names_in_any_encoding(root: Path, walker: Walker) -> None:
    names = ["Möwe ☀.jpg", "тест.jpg", "new\nline.jpg", os.fsdecode(b"latin-\xe9.jpg")]
    for name in names:
        put(root / name)
    assert {path.name for path in paths(walker.walk(), Appeared)} == set(names)
    assert walker.walk() == []


def test_symlinked_files_are_files_and_symlinked_folders_are_not_entered(root: Path, walker: Walker) -> None:
    target = put(root.parent / "elsewhere" / "real.jpg")
    (root / "link.jpg").symlink_to(target)
    (root / "elsewhere").symlink_to(target.parent)
    (root / "loop").symlink_to(root)
    assert walker.walk() == [Appeared(path=root / "link.jpg", stat=stat_of(target))]


def test_a_link_that_points_nowhere_is_told_once_and_again_when_its_target_comes(root: Path, walker: Walker) -> None:
    link, target = root / "link.jpg", root.parent / "later.jpg"
    link.symlink_to(target)
    assert paths(walker.walk(), Appeared) == {link}
    assert walker.walk() == []
    put(target)
    assert walker.walk() == [Appeared(path=link, stat=stat_of(target))]


def test_folders_may_be_nested_deeper_than_python_recurses(
    root: Path, walker: Walker, request: pytest.FixtureRequest
) -> None:
    photo = put(root.joinpath(*"d" * 300, "a.jpg"))
    # The default of 1000 would need 1000 folders, which takes seconds on a slow disk.
    request.addfinalizer(functools.partial(sys.setrecursionlimit, sys.getrecursionlimit()))
    sys.setrecursionlimit(sum(1 for _ in traceback.walk_stack(None)) + 100)
    assert paths(walker.walk(), Appeared) == {photo}


def test_a_walk_below_one_folder_leaves_the_others_alone(root: Path, walker: Walker) -> None:
    inside, outside = put(root / "a" / "1.jpg"), put(root / "b" / "2.jpg")
    walker.walk()
    inside.unlink()
    outside.unlink()
    new = put(root / "a" / "sub" / "3.jpg")
    changes = walker.walk(below=root / "a")
    assert (paths(changes, Appeared), paths(changes, Vanished)) == ({new}, {inside})
    shutil.rmtree(root / "a")
    assert paths(walker.walk(below=root / "a"), Vanished) == {new}


def test_a_folder_that_can_not_be_read_is_reported_and_its_files_are_not_gone(
    unprivileged: Path, index: MemoryIndex
) -> None:
    walker = Walker(unprivileged / "root", index)
    put(walker.root / "closed" / "sub" / "1.jpg")
    put(walker.root / "open" / "2.jpg")
    walker.walk()
    (walker.root / "open" / "2.jpg").unlink()
    (walker.root / "closed").chmod(0)
    try:
        assert walker.walk() == [Vanished(path=walker.root / "open" / "2.jpg")]
        assert walker.trouble.keys() == {walker.root / "closed"}
    finally:
        (walker.root / "closed").chmod(0o755)


def test_files_that_can_be_listed_but_not_looked_at_are_not_gone(unprivileged: Path, index: MemoryIndex) -> None:
    walker = Walker(unprivileged / "root", index)
    photo = put(walker.root / "listed" / "1.jpg")
    walker.walk()
    photo.parent.chmod(0o444)
    try:
        with pytest.raises(PermissionError):
            look_at(photo)
        assert walker.walk() == []
        assert walker.trouble.keys() == {photo.parent}
    finally:
        photo.parent.chmod(0o755)


def test_a_root_that_is_not_there_says_nothing_about_its_files(root: Path, walker: Walker, index: MemoryIndex) -> None:
    put(root / "a.jpg")
    walker.walk()
    root.rename(root.with_name("unplugged"))
    with pytest.raises(TransientError, match="can't be reached"):
        walker.walk()
    root.write_text("a file of the same name")
    with pytest.raises(TransientError, match="not a folder"):
        walker.walk()
    root.unlink()
    root.with_name("unplugged").rename(root)
    assert walker.walk() == []
    assert len(index) == 1


def test_an_empty_root_is_taken_as_not_mounted(root: Path, walker: Walker, index: MemoryIndex) -> None:
    put(root / "sub" / "a.jpg")
    walker.walk()
    # What a mount point looks like after a restart with the disk away: same path, another folder, nothing in it.
    root.rename(root.with_name("disk"))
    root.mkdir()
    (root / "NOT MOUNTED.txt").touch()
    for one in (walker, Walker(root, index)):
        with pytest.raises(TransientError, match="empty"):
            one.walk()
    root.joinpath("NOT MOUNTED.txt").unlink()
    root.rmdir()
    root.with_name("disk").rename(root)
    assert walker.walk() == []


def test_a_root_that_was_seen_filled_can_be_emptied(root: Path, walker: Walker) -> None:
    photo = put(root / "a.jpg")
    walker.walk()
    photo.unlink()
    assert walker.walk() == [Vanished(path=photo)]
    assert walker.walk() == []


def test_a_root_that_leaves_during_the_walk_ends_it(root: Path, walker: Walker, index: MemoryIndex) -> None:
    for folder in ("a", "b"):
        put(root / folder / "1.jpg")
    walker.walk()
    batches = scan(
        root, lambda folder: index.files[folder], index.folders_under(root), Candidates(), presence=walker.presence
    )
    assert next(batches) == []
    root.rename(root.with_name("unplugged"))
    with pytest.raises(TransientError):
        list(batches)


MOUNTS = """
import subprocess, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from tests.watch.conftest import MemoryIndex
from tests.watch.test_scan import Walker, put
from realqa_agent.errors import TransientError

def mount(folder):
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "none", folder], check=True)

def unmount(folder):
    subprocess.run(["umount", folder], check=True)

base = Path({base!r})
index = MemoryIndex()
"""


@pytest.fixture
def with_mounts(in_namespace: Callable[[str], str], tmp_path: Path) -> Callable[[str], str]:
    header = MOUNTS.format(tests=str(Path(__file__).parents[2]), base=str(tmp_path))
    return lambda program: in_namespace(header + program)


def test_an_unmounted_root_is_away_even_if_something_lies_in_its_folder(with_mounts: Callable[[str], str]) -> None:
    printed = with_mounts("""
root = base / "disk"
put(root / "written while it was away.jpg")
mount(root)
put(root / "a.jpg")
walker = Walker(root, index)
walker.walk()
unmount(root)
try:
    walker.walk()
except TransientError as error:
    print(error)
print(len(index))
""")
    assert "nothing is mounted there any more" in printed
    assert printed.endswith("\n1\n")


def test_an_unmounted_folder_below_the_root_keeps_its_files(with_mounts: Callable[[str], str]) -> None:
    printed = with_mounts("""
nas = base / "Pictures" / "nas"
mount(nas)
put(nas / "deep" / "1.jpg")
local = put(base / "Pictures" / "2.jpg")
walker = Walker(base / "Pictures", index)
walker.walk()
unmount(nas)
local.unlink()
print([change.path.name for change in walker.walk()], len(index))
nas.rmdir()
print(walker.walk(), len(index))
""")
    assert printed == "['2.jpg'] 1\n[] 1\n"


def test_nothing_is_gone_if_a_disk_leaves_during_the_walk(with_mounts: Callable[[str], str]) -> None:
    printed = with_mounts("""
nas = base / "Pictures" / "nas"
mount(nas)
put(nas / "deep" / "1.jpg")
put(base / "Pictures" / "2.jpg")
walker = Walker(base / "Pictures", index)
walker.walk()
from realqa_agent.watch.candidates import Candidates
from realqa_agent.watch.scan import scan
batches = scan(
    walker.root, lambda folder: index.files[folder], index.folders_under(walker.root), Candidates(),
    presence=walker.presence,
)
print(next(batches), next(batches))
unmount(nas)
try:
    print(list(batches))
except TransientError as error:
    print(error)
""")
    assert printed.startswith("[] []\n")
    assert "went away during the walk" in printed
