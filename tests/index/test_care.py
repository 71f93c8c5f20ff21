"""An index is looked over, copied, shrunk and put out of the way, and is whole or as before whatever happens."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.disk import small_disk
from support.records import PHOTOS, add, sha, stat, stored

from realqa_agent.errors import DamagedError, UserError
from realqa_agent.index import care
from realqa_agent.index.care import Look
from realqa_agent.index.migrate import revision_of
from realqa_agent.index.schema import REVISION
from realqa_agent.index.store import Index

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOON = 1_796_040_000.0


@pytest.fixture
def file(tmp_path: Path, empty_index: Path) -> Path:
    """An index with some files in it."""
    path = tmp_path / "kept" / "index.sqlite"
    path.parent.mkdir()
    shutil.copy(empty_index, path)
    fill(path, 40)
    return path


@pytest.fixture
def generous() -> Iterator[None]:
    """A mask that lets everybody read and write."""
    before = os.umask(0)
    yield
    os.umask(before)


def fill(path: Path, count: int) -> None:
    with Index.open(path) as index, index.together():
        for number in range(count):
            name = f"{number:04}.jpg"
            index.record_scored(add(index, PHOTOS / name, number), stat(number), sha(name), stored=stored())


def page_of(file: Path, table: str) -> tuple[int, int]:
    """Return where the root page of a table begins and ends."""
    with closing(sqlite3.connect(file)) as connection:
        ((page,),) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,))
        ((size,),) = connection.execute("PRAGMA page_size")
    return (page - 1) * size, page * size


def overwrite(file: Path, begin: int, end: int) -> None:
    with file.open("r+b") as data:
        data.seek(begin)
        data.write(b"\xa5" * (end - begin))


def damage_page(file: Path) -> None:
    overwrite(file, *page_of(file, "history"))


def damage_header(file: Path) -> None:
    overwrite(file, 0, 100)


def cut(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def tear(file: Path) -> None:
    """Leave the second half of a page as it was never written."""
    begin, end = page_of(file, "file")
    overwrite(file, (begin + end) // 2, end)


@pytest.mark.parametrize("look", [Look.PAGES, Look.WHOLE])
@pytest.mark.parametrize("damage", [damage_page, damage_header, cut, tear])
def test_damage_is_found(file: Path, damage: Callable[[Path], None], look: Look) -> None:
    assert care.check(file, look) == []
    damage(file)
    assert care.check(file, look)


def test_glance_sees_what_keeps_the_file_from_being_opened(file: Path) -> None:
    damage_page(file)
    assert care.check(file, Look.GLANCE) == []
    damage_header(file)
    assert care.check(file, Look.GLANCE) == ["file is not a database"]


def test_whole_check_finds_rows_that_refer_to_nothing(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE file SET assessment_id = 99 WHERE file_id < 4")
        connection.execute("DELETE FROM asset WHERE asset_id = 9")
    assert care.check(file, Look.PAGES) == []
    assert sorted(care.check(file)) == [
        "1 rows of table assessment refer to no asset",
        "3 rows of table file refer to no assessment",
    ]


def test_whole_check_finds_a_table_and_its_index_that_differ(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_schema SET sql = replace(sql, '(inode)', '(size)') WHERE name LIKE '%inode'")
    assert "row 1 missing from index file_by_inode" in care.check(file)


def test_check_needs_no_index_and_changes_none(file: Path, tmp_path: Path) -> None:
    assert care.check(tmp_path / "none") == []
    before = file.read_bytes()
    assert care.check(file) == []
    assert file.read_bytes() == before


def test_check_of_what_can_not_be_read_is_no_finding(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="can't be read"):
        care.check(tmp_path)


def test_log_of_a_killed_writer_is_taken_into_account(file: Path) -> None:
    killed_writer(file)
    assert file.with_name("index.sqlite-wal").stat().st_size > 0
    assert care.check(file, Look.PAGES) == []
    assert files_in(file) == 41


def killed_writer(file: Path) -> None:
    """Add a file to an index in a process that is killed before it could fold its log in."""
    program = (
        "import os, signal, sys; from pathlib import Path\n"
        f"sys.path.insert(0, {str(Path(__file__).parents[1])!r})\n"
        "from realqa_agent.index.store import Index\n"
        "from support.records import PHOTOS, add\n"
        f"index = Index.open(Path({str(file)!r}))\n"
        "add(index, PHOTOS / 'late.jpg', 9999)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=False)


def files_in(file: Path) -> int:
    with Index.read(file) as index:
        return index.totals().files


@pytest.mark.usefixtures("generous")
def test_copy_is_whole_private_and_one_file(file: Path, tmp_path: Path) -> None:
    killed_writer(file)
    target = tmp_path / "copies" / "copy.sqlite"
    target.parent.mkdir()
    care.back_up(file, target)
    assert [path.name for path in target.parent.iterdir()] == ["copy.sqlite"]
    assert target.stat().st_mode & 0o777 == 0o600
    assert care.check(target) == []
    assert revision_of(target) == REVISION
    assert files_in(target) == 41


def test_copy_takes_nobodys_place(file: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.sqlite"
    target.write_text("mine")
    with pytest.raises(UserError, match=r"copy\.sqlite.*left as it is"):
        care.back_up(file, target)
    assert target.read_text() == "mine"
    link = tmp_path / "link.sqlite"
    link.symlink_to(tmp_path / "nowhere")
    with pytest.raises(UserError, match="left as it is"):
        care.back_up(file, link)


def test_copy_that_fails_leaves_nothing(file: Path, tmp_path: Path) -> None:
    cut(file)
    with pytest.raises(UserError, match="can't copy the index"):
        care.back_up(file, tmp_path / "copy.sqlite")
    with pytest.raises(UserError, match="can't copy the index"):
        care.back_up(file, tmp_path / "no" / "copy.sqlite")
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_part_that_a_killed_process_left_is_in_nobodys_way(file: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.sqlite"
    target.with_name("copy.sqlite.part").write_text("half of it")
    care.back_up(file, target)
    assert files_in(target) == 40
    assert not target.with_name("copy.sqlite.part").exists()


def test_copy_on_a_full_disk_leaves_nothing(file: Path) -> None:
    with small_disk(file.parent / "stick", "64k") as stick:
        with pytest.raises(UserError, match="full"):
            care.back_up(file, stick / "copy.sqlite")
        assert list(stick.iterdir()) == []


def test_copy_while_another_writes_is_of_one_moment(file: Path, tmp_path: Path) -> None:
    """Each transaction adds a file and its line of history; a copy has as many of the ones as of the others."""
    stop = threading.Event()

    def write() -> None:
        with Index.open(file) as index:
            number = 1000
            while not stop.is_set():
                add(index, PHOTOS / f"{number}.jpg", number)
                number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(5):
            target = tmp_path / f"{number}.sqlite"
            care.back_up(file, target)
            assert care.check(target) == []
            with closing(sqlite3.connect(target)) as connection:
                ((files, found),) = connection.execute(
                    "SELECT (SELECT count(*) FROM file), (SELECT count(*) FROM history WHERE event = 'found')"
                )
            assert files == found
    finally:
        stop.set()
        writer.join()
    assert files > 40


def test_copies_are_listed_oldest_first(file: Path) -> None:
    names = ["index.sqlite.before-0002", "index.sqlite.backup-2026-11-01", "index.sqlite.before-0003"]
    for age, name in enumerate(names):
        path = file.with_name(name)
        path.touch()
        os.utime(path, (age, age))
    file.with_name("index.sqlite.backup-2026-11-02.part").touch()
    assert [path.name for path in care.copies(file)] == names


def test_vacuum_gives_room_back(file: Path) -> None:
    fill(file, 400)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("DELETE FROM history WHERE file_id > 40")
        connection.execute("UPDATE file SET assessment_id = NULL")
        connection.execute("DELETE FROM assessment")
    before, after = care.vacuum(file)
    assert after < before / 2
    assert file.stat().st_size == after
    assert care.check(file) == []
    assert files_in(file) == 400


def test_vacuum_on_a_full_disk_says_so_and_leaves_the_index_as_it_was(file: Path) -> None:
    with small_disk(file.parent / "disk", "400k") as disk:
        tight = disk / "index.sqlite"
        shutil.copy(file, tight)
        (disk / "photos").write_bytes(b"x" * (shutil.disk_usage(disk).free - 50_000))
        with pytest.raises(UserError, match=r"MB of free disk.*there are 0\.\d MB"):
            care.vacuum(tight)
        assert care.check(tight) == []
        assert files_in(tight) == 40


def test_vacuum_of_a_damaged_index_is_an_error(file: Path) -> None:
    damage_page(file)
    with pytest.raises(UserError, match="db check"):
        care.vacuum(file)


def test_tidying_folds_the_log_in_and_waits_for_nobody(file: Path) -> None:
    log = file.with_name("index.sqlite-wal")
    with Index.open(file) as index:
        add(index, PHOTOS / "late.jpg", 9999)
        with Index.read(file) as reader:
            rows = reader.listing()
            next(rows)
            add(index, PHOTOS / "later.jpg", 9998)
            care.tidy(file)
            rows.close()  # type: ignore[attr-defined]  # it is a generator
        assert log.stat().st_size > 0
        care.tidy(file)
        assert log.stat().st_size == 0
    assert files_in(file) == 42


def test_tidying_a_damaged_index_is_an_error(file: Path) -> None:
    damage_header(file)
    with pytest.raises(DamagedError, match="damaged"):
        care.tidy(file)


@pytest.mark.parametrize("with_log", [True, False])
def test_damaged_index_is_set_aside_with_its_log(file: Path, *, with_log: bool) -> None:
    if with_log:
        killed_writer(file)
    beside = {path.name.removeprefix("index.sqlite") for path in file.parent.iterdir()}
    kept = care.set_aside(file, NOON)
    assert kept.name.startswith("index.sqlite.damaged-2026")
    assert {path.name.removeprefix(kept.name) for path in file.parent.iterdir()} == beside
    assert files_in(kept) == (41 if with_log else 40)


def test_log_that_is_left_without_its_index_gets_into_no_new_one(file: Path) -> None:
    """A process killed in the middle of setting aside leaves it so."""
    killed_writer(file)
    file.unlink()
    with Index.open(file) as index:
        assert index.totals().files == 0
    assert care.check(file) == []


def test_two_that_were_set_aside_are_kept(file: Path, empty_index: Path) -> None:
    kept = []
    for when in (NOON, NOON, NOON + 1, NOON + 86_400):
        shutil.copy(empty_index, file)
        file.with_name("index.sqlite-wal").write_bytes(b"log")
        kept.append(care.set_aside(file, when))
    assert len(set(kept)) == 4
    names = {path.name for path in file.parent.iterdir()}
    assert names == {name for path in kept[2:] for name in (path.name, f"{path.name}-wal")}


def test_strangers_are_kept_out_of_what_an_earlier_version_made(file: Path) -> None:
    killed_writer(file)
    names = [
        "index.sqlite.lock",
        "index.sqlite.pen",
        "index.sqlite.before-0002",
        "index.sqlite.damaged-20261101-120000",
    ]
    for name in names:
        file.with_name(name).touch()
    other = file.with_name("index.sqlitebrowser")
    other.touch()
    for path in file.parent.iterdir():
        path.chmod(0o644)
    file.with_name("index.sqlite.lock").chmod(0o400)
    care.make_private(file)
    modes = {path.name: path.stat().st_mode & 0o777 for path in file.parent.iterdir()}
    assert modes.pop("index.sqlitebrowser") == 0o644
    assert modes.pop("index.sqlite.lock") == 0o400
    assert {*modes.values()} == {0o600}
    assert {"index.sqlite-wal", "index.sqlite-shm"} < set(modes)


@pytest.mark.usefixtures("generous")
def test_everything_beside_a_new_index_is_private(tmp_path: Path) -> None:
    file = tmp_path / "made" / "index.sqlite"
    with Index.open(file) as index:
        add(index, PHOTOS / "a.jpg", 1)
        modes = {path.name: path.stat().st_mode & 0o777 for path in file.parent.iterdir()}
    assert modes == {"index.sqlite": 0o600, "index.sqlite-wal": 0o600, "index.sqlite-shm": 0o600}
    assert file.parent.stat().st_mode & 0o777 == 0o700
