"""Where digiKam is found, what is missing to build for it, and how the desktop is made to start it with the plugin."""

from __future__ import annotations

from pathlib import Path

import pytest

from realqa_agent.errors import UserError
from realqa_agent.hosts import digikam_plugin
from realqa_agent.hosts.digikam_plugin import Installed, Library, Place

ENTRY = "[Desktop Entry]\nName=digiKam\nExec=digikam -qwindowtitle %c\n[Desktop Action x]\nExec=digikam --x\n"


@pytest.fixture
def where(tmp_path: Path) -> Place:
    return Place(data=tmp_path / "share")


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A system's `/usr`, with an entry for digiKam and nothing else."""
    entry = tmp_path / "usr/share/applications" / digikam_plugin.ENTRY
    entry.parent.mkdir(parents=True)
    entry.write_text(ENTRY)
    monkeypatch.setenv("XDG_DATA_DIRS", f"{tmp_path}/nowhere:{tmp_path}/usr/share")
    return tmp_path / "usr"


def put_library(system: Path, version: str, folder: str = "lib/digikam") -> Path:
    file = system / folder / f"libdigikamcore.so.{version}"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    return file


def test_the_newest_library_is_found_where_distributions_have_it(system: Path) -> None:
    put_library(system, "7.9.0")
    newest = put_library(system, "8.10.0", "lib/x86_64-linux-gnu")
    put_library(system, "8.6.0")
    assert digikam_plugin.library(system) == Library(file=newest, version="8.10.0")


@pytest.mark.parametrize(
    ("version", "words"), [(None, "there is no digiKam"), ("7.8.0", "not 7.8.0"), ("9.0.0", "not 9.0.0")]
)
def test_a_digikam_that_it_can_not_be_built_for_is_told(system: Path, version: str | None, words: str) -> None:
    if version:
        put_library(system, version)
    with pytest.raises(UserError, match=words):
        digikam_plugin.library(system)


@pytest.mark.parametrize(("version", "packages"), [("7.9.0", "qtbase5-dev"), ("8.6.0", "qt6-base-dev xz-utils")])
def test_missing_packages_are_named(
    system: Path, version: str, packages: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    wanted = Library(file=put_library(system, version), version=version)
    with pytest.raises(UserError, match=rf"sudo apt install cmake g\+\+ make {packages}$"):
        digikam_plugin.check_tools(wanted, system)


def test_the_menu_starts_it_with_the_plugin_until_it_is_removed(where: Place, system: Path) -> None:
    (system / "lib/x86_64-linux-gnu/qt5/plugins/digikam").mkdir(parents=True)
    path = digikam_plugin.search_path(where, system)
    # Also where the next version has its own plugins: without them, digiKam would start bare after an update.
    own = [f"{system}/lib/x86_64-linux-gnu/qt{number}/plugins/digikam" for number in (5, 6)]
    assert path.split(";") == [*own, str(where.folder)]
    for _ in range(2):
        assert digikam_plugin.start_from_menu(where, path)
        assert digikam_plugin.is_started(where)
    setting = f'Exec=env "DK_PLUGIN_PATH={path}" digikam'
    assert where.entry.read_text() == f"{digikam_plugin.MARKER}\n{ENTRY.replace('Exec=digikam', setting)}"
    assert digikam_plugin.start_as_before(where)
    assert not where.entry.exists()
    assert not digikam_plugin.start_as_before(where)


def test_an_entry_of_the_users_own_is_left_alone(where: Place, system: Path) -> None:
    assert system.exists()
    where.entry.parent.mkdir(parents=True)
    where.entry.write_text(ENTRY)
    assert not digikam_plugin.start_from_menu(where, "/a")
    assert not digikam_plugin.start_as_before(where)
    assert where.entry.read_text() == ENTRY


@pytest.mark.parametrize("name", ['a"b', "a$b", "100%", "a\\b", "caf\udce9"])
def test_a_path_that_an_entry_can_not_say_is_left_out(tmp_path: Path, system: Path, name: str) -> None:
    assert system.exists()
    where = Place(data=tmp_path / name)
    assert not digikam_plugin.start_from_menu(where, str(where.folder))
    assert not where.data.exists()


def test_without_an_entry_of_the_systems_there_is_none(where: Place, system: Path) -> None:
    (system / "share/applications" / digikam_plugin.ENTRY).unlink()
    assert not digikam_plugin.start_from_menu(where, "/a")
    assert not where.entry.exists()


def test_what_is_installed_is_known_and_goes_as_a_whole(where: Place) -> None:
    assert digikam_plugin.installed(where) is None
    assert not digikam_plugin.remove(where)
    where.folder.mkdir(parents=True)
    where.beside.write_text('{"version": "1.0", "digikam": "7.9.0", "command": ["/a/realqa", "--config", "/b"]}')
    assert digikam_plugin.installed(where) is None
    where.plugin.touch()
    command = ("/a/realqa", "--config", "/b")
    assert digikam_plugin.installed(where) == Installed(version="1.0", digikam="7.9.0", command=command)
    where.beside.write_text("{}")
    assert digikam_plugin.installed(where) is None
    assert digikam_plugin.remove(where)
    assert not where.folder.exists()
