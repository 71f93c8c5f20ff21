"""A damaged index: set aside, made anew, told of; and what is not ours is never moved."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.place import Place, photo, until

from realqa_agent.index import care
from realqa_agent.index.store import Index
from realqa_agent.service.lock import lock_file

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("odd_scorers")


def beside(place: Place) -> list[str]:
    """Return the names of the indexes that were set aside."""
    names = (path.name for path in place.index_file.parent.iterdir())
    return sorted(name for name in names if ".damaged-" in name and not name.endswith(care.COMPANIONS))


@pytest.fixture
def killed(place: Place) -> Place:
    """A place with two scored photos, whose agent was killed while it watched."""
    photo(place.photos / "a.jpg", seed=1)
    photo(place.photos / "b.jpg", seed=2)
    with place.agent() as agent:
        until(lambda: len(list(place.photos.glob("*.xmp"))) == 2)
        until(lambda: place.index("SELECT count(*) FROM job") == [(0,)])
        agent.send_signal(signal.SIGKILL)
        agent.wait()
    return place


def damage_header(file: Path) -> None:
    overwrite(file, 0, b"\xa5" * 100)


def damage_page(file: Path) -> None:
    begin, end = page_of(file, "history")
    overwrite(file, begin, b"\xa5" * (end - begin))


def cut(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def page_of(file: Path, table: str) -> tuple[int, int]:
    with closing(sqlite3.connect(file)) as connection:
        ((page,),) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,))
        ((size,),) = connection.execute("PRAGMA page_size")
    return (page - 1) * size, page * size


def overwrite(file: Path, begin: int, data: bytes) -> None:
    with file.open("r+b") as out:
        out.seek(begin)
        out.write(data)


def without_log(file: Path) -> None:
    """Fold the log in, so that what is damaged is what is read."""
    sqlite3.connect(file).execute("PRAGMA wal_checkpoint(TRUNCATE)").connection.close()


@pytest.mark.parametrize("damage", [damage_header, damage_page, cut])
def test_after_an_unclean_stop_a_damaged_index_is_set_aside_and_made_anew(
    killed: Place, damage: Callable[[Path], None]
) -> None:
    file = killed.index_file
    without_log(file)
    damage(file)
    left = file.read_bytes()
    sidecars = {path.name: path.read_bytes() for path in killed.photos.glob("*.xmp")}
    told = killed.once()
    (name,) = beside(killed)
    kept = file.with_name(name)
    assert kept.read_bytes() == left
    assert kept.stat().st_mode & 0o777 == 0o600
    assert told.count(name) == 1
    assert "WARNING" in told
    assert care.check(file) == []
    assert set(killed.listed()) == {"a.jpg", "b.jpg"}
    assert all(line["ok"] for line in killed.listed().values())
    with Index.read(file) as index:
        word = index.left(care.DAMAGE)
        assert word is not None
        assert word["kept"] == str(kept)
        assert word["at"].endswith("Z")
    assert {path.name: path.read_bytes() for path in killed.photos.glob("*.xmp")}.keys() == sidecars.keys()
    assert [path.name for path in killed.photos.glob(".*")] == []
    assert "damaged" not in killed.once()
    assert beside(killed) == [name]


def test_after_an_unclean_stop_a_whole_index_goes_on(killed: Place) -> None:
    assert killed.index_file.with_name("index.sqlite-wal").exists()
    told = killed.once()
    assert "0 scored, 0 known already" in told
    assert "damaged" not in told
    assert beside(killed) == []
    assert killed.scored_events() == 2


@pytest.mark.parametrize("lost", ["-wal", "-shm"])
def test_companion_that_is_gone_is_no_damage(killed: Place, lost: str) -> None:
    file = killed.index_file
    if lost == "-wal":
        without_log(file)
    file.with_name(f"index.sqlite{lost}").unlink(missing_ok=True)
    killed.once()
    assert beside(killed) == []
    assert set(killed.listed()) == {"a.jpg", "b.jpg"}


def test_index_that_is_gone_or_empty_is_made_anew(killed: Place) -> None:
    file = killed.index_file
    os.truncate(file, 0)
    killed.once()
    assert beside(killed) == []
    assert set(killed.listed()) == {"a.jpg", "b.jpg"}


def test_header_that_is_gone_is_seen_after_a_clean_stop_too(place: Place) -> None:
    """Such an index can't even be opened, so that no run could meet the damage and end with an error."""
    photo(place.photos / "a.jpg", seed=1)
    place.once()
    damage_header(place.index_file)
    assert "the index is damaged" in place.once()
    assert len(beside(place)) == 1
    assert set(place.listed()) == {"a.jpg"}


def test_damage_that_shows_in_the_middle_of_a_run_heals_at_the_next_start(place: Place) -> None:
    photo(place.photos / "a.jpg", seed=1)
    place.once()
    file = place.index_file
    damage_page(file)
    photo(place.photos / "b.jpg", seed=2)
    told = place.once(status=1)
    assert "the index is damaged" in told
    assert "next start sets" in told
    assert "Traceback" not in told
    assert beside(place) == []
    place.once()
    assert len(beside(place)) == 1
    assert set(place.listed()) == {"a.jpg", "b.jpg"}
    assert care.check(file) == []


def test_damage_that_only_the_journal_has_ends_the_run_and_fails_no_photo(place: Place) -> None:
    """Else each photo would be set aside for good, one by one, for a fault of none of them."""
    photo(place.photos / "a.jpg", seed=1)
    place.once()
    file = place.index_file
    begin, end = page_of(file, "journal_by_run")
    overwrite(file, begin, b"\xa5" * (end - begin))
    photo(place.photos / "b.jpg", seed=2)
    assert "the index is damaged" in place.once(status=1)
    place.once()
    assert len(beside(place)) == 1
    assert all(line["ok"] for line in place.listed().values())
    assert "0 set aside" in place.realqa("status").stdout


def foreign_database(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE Images (id INTEGER)")


def foreign_file(file: Path) -> None:
    file.write_bytes(b"letters to my grandmother\n" * 100)


def damaged_foreign_database(file: Path) -> None:
    foreign_database(file)
    damage_header(file)


@pytest.mark.parametrize("make", [foreign_database, foreign_file, damaged_foreign_database])
def test_file_that_is_not_ours_is_never_moved_or_changed(place: Place, make: Callable[[Path], None]) -> None:
    file = place.home / "theirs.db"
    make(file)
    file.chmod(0o644)
    theirs = file.read_bytes()
    place.configure(f'[index]\npath = "{file}"\n')
    for _ in range(3):
        told = place.once(status=2)
        assert "choose another path" in told or "move it" in told
    # Nor after an agent that was killed before it knew.
    lock_file(file).write_text("12345\n")
    place.once(status=2)
    assert file.read_bytes() == theirs
    assert file.stat().st_mode & 0o777 == 0o644
    assert {path.name for path in place.home.iterdir() if path.name.startswith("theirs")} <= {
        *("theirs.db", "theirs.db.lock", "theirs.db-wal", "theirs.db-shm")
    }


def test_another_programs_database_that_took_the_place_of_ours_is_not_moved(killed: Place) -> None:
    file = killed.index_file
    shutil.rmtree(file.parent)
    file.parent.mkdir()
    lock_file(file).write_text("12345 open\n")
    foreign_database(file)
    assert "another program" in killed.once(status=2)
    assert beside(killed) == []


def test_index_of_an_earlier_version_is_tightened_at_the_start(place: Place) -> None:
    photo(place.photos / "a.jpg")
    place.once()
    folder = place.index_file.parent
    (folder / "index.sqlite.before-0002").touch()
    for path in folder.iterdir():
        path.chmod(0o644)
    place.once()
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
