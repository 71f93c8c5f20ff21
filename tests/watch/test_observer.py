"""Real inotify: what is heard, what rightly isn't, and what is said when hearing fails."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from realqa_agent.watch import observer as observer_module
from realqa_agent.watch.candidates import Candidates
from realqa_agent.watch.observer import Hints, Observer


class Ear:
    def __init__(self, root: Path) -> None:
        self.woken = threading.Event()
        self.observer = Observer(root, Candidates(), self.woken.set)
        self.heard = Hints()

    def hear(self, until: Callable[[Hints], object], *, within_s: float = 5.0) -> Hints:
        """Collect hints until they are what is waited for."""
        end = time.monotonic() + within_s
        while not until(self.heard):
            assert time.monotonic() < end, f"it was never heard, only {self.heard}"
            self.woken.wait(0.05)
            self.woken.clear()
            hints = self.observer.take()
            self.heard.files |= hints.files
            self.heard.folders |= hints.folders
            self.heard.lost |= hints.lost
        return self.heard

    def silent(self, root: Path) -> bool:
        """Whether nothing was heard before a file that is made now."""
        last = root / "last.jpg"
        last.touch()
        return self.hear(lambda hints: last in hints.files) == Hints(files={last})


@pytest.fixture
def listen() -> Iterator[Callable[[Path], Ear]]:
    ears: list[Ear] = []

    def _listen(root: Path) -> Ear:
        ear = Ear(root)
        ears.append(ear)
        ear.observer.start()
        return ear

    yield _listen
    for ear in ears:
        ear.observer.stop()


@pytest.fixture
def ear(listen: Callable[[Path], Ear], root: Path) -> Ear:
    return listen(root)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A photo beside the root, on the same file system."""
    photo = tmp_path / "card" / "IMG_1.JPG"
    photo.parent.mkdir()
    photo.write_bytes(b"photo")
    return photo


def until_not_current(ear: Ear) -> None:
    end = time.monotonic() + 5
    while ear.observer.current():
        assert time.monotonic() < end, "it still counts as current"
        time.sleep(0.02)


def test_copied(ear: Ear, root: Path, outside: Path) -> None:
    shutil.copy2(outside, root)
    ear.hear(lambda hints: root / "IMG_1.JPG" in hints.files)


def test_moved_in_from_outside(ear: Ear, root: Path, outside: Path) -> None:
    outside.rename(root / "a.jpg")
    ear.hear(lambda hints: root / "a.jpg" in hints.files)


def test_linked(ear: Ear, root: Path, outside: Path) -> None:
    (root / "hard.jpg").hardlink_to(outside)
    (root / "soft.jpg").symlink_to(outside)
    ear.hear(lambda hints: {root / "hard.jpg", root / "soft.jpg"} <= hints.files)


def test_temporary_file_renamed(ear: Ear, root: Path) -> None:
    temporary = root / ".a.jpg.Xy12"
    temporary.write_bytes(b"photo")
    temporary.rename(root / "a.jpg")
    assert ear.hear(lambda hints: hints.files).files == {root / "a.jpg"}


def test_renamed_within(ear: Ear, root: Path) -> None:
    (root / "a.jpg").touch()
    (root / "a.jpg").rename(root / "b.jpg")
    ear.hear(lambda hints: {root / "a.jpg", root / "b.jpg"} <= hints.files)


def test_deleted(ear: Ear, root: Path) -> None:
    (root / "a.jpg").touch()
    ear.hear(lambda hints: root / "a.jpg" in hints.files)
    ear.heard = Hints()
    (root / "a.jpg").unlink()
    ear.hear(lambda hints: root / "a.jpg" in hints.files)


def test_folders_made_with_files_at_once(ear: Ear, root: Path) -> None:
    deep = root / "2026" / "07" / "sea"
    deep.mkdir(parents=True)
    (deep / "a.jpg").touch()
    hints = ear.hear(lambda hints: root / "2026" in hints.folders)
    # The folder's name is enough: whoever walks it finds the file, and what comes later is heard by itself.
    assert hints.folders <= {root / "2026", root / "2026" / "07", deep}
    (deep / "later.jpg").touch()
    ear.hear(lambda hints: deep / "later.jpg" in hints.files)


def test_folder_moved_in_within_and_out(ear: Ear, root: Path, outside: Path) -> None:
    outside.parent.rename(root / "in")
    ear.hear(lambda hints: root / "in" in hints.folders)
    (root / "in").rename(root / "on")
    ear.hear(lambda hints: root / "on" in hints.folders)
    (root / "on" / "new.jpg").touch()
    ear.hear(lambda hints: root / "on" / "new.jpg" in hints.files)
    ear.heard = Hints()
    (root / "on").rename(outside.parent)
    ear.hear(lambda hints: root / "on" in hints.folders)


def test_reading_sidecars_and_foreign_folders_are_not_heard(listen: Callable[[Path], Ear], root: Path) -> None:
    photo = root / "a.jpg"
    photo.write_bytes(b"photo")
    (root / "@eaDir").mkdir()
    ear = listen(root)
    photo.read_bytes()
    photo.stat()
    list(root.iterdir())
    temporary = root / ".a.jpg.xmp.realqa-tmp"
    temporary.write_text("<x/>")
    temporary.rename(root / "a.jpg.xmp")
    (root / "index.sqlite-wal").write_bytes(b"w")
    (root / "@eaDir" / "a.jpg").mkdir()
    (root / "@eaDir" / "a.jpg" / "SYNOPHOTO_THUMB_M.jpg").touch()
    assert ear.silent(root)


def test_a_root_that_is_a_symlink_is_watched_and_keeps_its_name(
    listen: Callable[[Path], Ear], root: Path, tmp_path: Path
) -> None:
    named = tmp_path / "named"
    named.symlink_to(root)
    ear = listen(named)
    (root / "a.jpg").touch()
    assert ear.hear(lambda hints: hints.files).files == {named / "a.jpg"}


def test_names_that_are_no_text(ear: Ear, root: Path) -> None:
    photo = root / os.fsdecode(b"latin-\xe9.jpg")
    photo.touch()
    ear.hear(lambda hints: photo in hints.files)


def test_hints_are_bounded(ear: Ear, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observer_module, "HINT_LIMIT", 10)
    for number in range(30):
        (root / f"{number}.jpg").touch()
    end = time.monotonic() + 5
    while not ear.observer._hints.lost:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert ear.observer.take() == Hints(lost=True)


def test_an_overflow_of_the_kernels_queue_is_heard_as_lost(ear: Ear, root: Path) -> None:
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    if limit > 50_000:
        pytest.skip(f"this machine queues {limit} events; too many to overflow in a quick test")
    watchdog = ear.observer._watchdog
    assert watchdog is not None
    # Holding watchdog's lock stops its reader after one buffer of 2048 events, as a busy machine would.
    with watchdog._inotify_fd._lock:
        for _ in range(limit // 3 + 1000):  # created, written, deleted
            (root / "a.tmp").touch()
            (root / "a.tmp").unlink()
    ear.hear(lambda hints: hints.lost)


def test_current_tells_when_the_root_is_another_folder(ear: Ear, root: Path) -> None:
    assert ear.observer.current()
    assert ear.observer.watched() == 1
    root.rmdir()
    assert not ear.observer.current()
    assert ear.observer.watched() == 0
    ear.hear(lambda hints: root in hints.folders)
    root.mkdir()  # maybe with the same inode
    until_not_current(ear)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_current_tells_when_a_thread_of_watchdogs_died(ear: Ear, root: Path, tmp_path: Path) -> None:
    (root / "a").mkdir()
    ear.hear(lambda hints: root / "a" in hints.folders)
    (root / "a").rename(tmp_path / "away")
    (root / "a").mkdir()
    time.sleep(0.7)  # until watchdog gives up pairing the two halves of the move
    (root / "a").rename(root / "b")
    ear.hear(lambda hints: root / "b" in hints.folders)
    (tmp_path / "away").rmdir()
    until_not_current(ear)


def test_no_root_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Observer(tmp_path / "missing", Candidates(), lambda: None).start()


def test_stopping_gives_everything_back(root: Path) -> None:
    def held() -> tuple[int, int]:
        return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()

    before = held()
    observer = Observer(root, Candidates(), lambda: None)
    observer.start()
    assert held() > before
    observer.stop()
    observer.stop()
    assert held() == before


LIMITED = """
from pathlib import Path
import tempfile, time
from realqa_agent.watch.candidates import Candidates
from realqa_agent.watch.observer import Observer
root = Path(tempfile.mkdtemp())
for number in range(20):
    (root / str(number)).mkdir()
observer = Observer(root, Candidates(), lambda: None)
"""


def test_folders_beyond_the_kernels_limit_are_counted(in_namespace: Callable[[str], str]) -> None:
    printed = in_namespace(
        LIMITED
        + """
observer.start()
print(observer.unwatched())
observer.stop()
Path("/proc/sys/user/max_inotify_watches").write_text("8")
observer.start()
print(observer.unwatched())
observer.stop()
Path("/proc/sys/user/max_inotify_watches").write_text("0")
try:
    observer.start()
except OSError as error:
    print(error.errno)
"""
    )
    assert printed.split() == ["0", "13", "28"]
