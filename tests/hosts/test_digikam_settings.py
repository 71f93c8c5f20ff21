"""What digiKam needs, what has to change for it, and what takes that back; without any file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realqa_agent.hosts.digikam_settings import (
    GROUP,
    NEEDS,
    Database,
    changes_back,
    database,
    found,
    is_set_up_from,
    tells,
    wanted_changes,
    with_changes,
)
from realqa_agent.hosts.kconfig import Settings


def rc(**values: str) -> Settings:
    """Return settings; the keys' blanks are `_`."""
    lines = "".join(f"{key.replace('_', ' ')}={value}\n" for key, value in values.items())
    return Settings(f"[General]\nx=1\n\n[{GROUP}]\n{lines}".encode())


def as_set_up(settings: Settings, *, rescan: bool = True) -> Settings:
    return Settings(with_changes(settings, wanted_changes(settings, rescan=rescan)))


def test_digikams_own_defaults_lack_all_but_two() -> None:
    fits = {each.need.key for each in found(Settings(b"")) if each.fits}
    assert fits == {"Use Compatible File Name", "Use Lazy Synchronization"}
    assert not tells(Settings(b""))


@pytest.mark.parametrize(
    ("mode", "says", "fits"),
    [
        ("0", "into photos", False),
        ("1", "into sidecars", True),
        ("2", "into both", True),
        ("3", "into photos, into sidecars where they are read-only", False),
        ("x", "unknown (x)", False),
    ],
)
def test_where_digikam_writes(mode: str, says: str, *, fits: bool) -> None:
    [standing] = [each for each in found(rc(Metadata_Writing_Mode=mode)) if each.need.key == "Metadata Writing Mode"]
    assert (standing.says, standing.fits) == (says, fits)


@pytest.mark.parametrize(
    ("before", "mode"),
    [
        (rc(), "1"),
        (rc(Metadata_Writing_Mode="0"), "1"),
        (rc(Save_Tags="true"), "2"),
        (rc(Save_Rating="true", Metadata_Writing_Mode="3"), "2"),
        (rc(Save_Rating="false", Metadata_Writing_Mode="2"), "2"),
        (rc(Save_Rating="true", Metadata_Writing_Mode="1"), "1"),
    ],
)
def test_who_has_it_write_into_photos_keeps_that(before: Settings, mode: str) -> None:
    assert as_set_up(before).value(GROUP, "Metadata Writing Mode") == mode


def test_a_step_without_the_rescan_lacks_that_alone() -> None:
    first = as_set_up(rc(), rescan=False)
    assert [each.need.key for each in found(first) if not each.fits] == ["Rescan File If Modified"]
    assert tells(first)


values = st.sampled_from(["true", "false", "0", "1", "2", "3", "on", "rubbish", ""])
files = st.dictionaries(st.sampled_from([need.key for need in NEEDS] + ["Save FaceTags", "Sidecar"]), values).map(
    lambda chosen: f"[A]\nb=1\n\n[{GROUP}]\n" + "".join(f"{key}={value}\n" for key, value in chosen.items()) + "\n[Z]\n"
)


@given(files)
def test_a_setup_fits_and_is_taken_back_to_the_byte(text: str) -> None:
    before = Settings(text.encode())
    steps = [as_set_up(before), as_set_up(as_set_up(before, rescan=False))]
    assert with_changes(steps[0], []) == with_changes(steps[1], [])
    assert all(each.fits for each in found(steps[0]))
    back = changes_back(before, steps[0])
    assert is_set_up_from(before, with_changes(steps[0], []), back)
    assert {need.key: before.value(GROUP, need.key) for need in NEEDS} == {
        need.key: Settings(with_changes(steps[0], back)).value(GROUP, need.key) for need in NEEDS
    }


def test_what_others_changed_since_is_not_taken_back() -> None:
    before = rc(Save_Rating="false")
    now = as_set_up(before)
    theirs = Settings(now.changed(GROUP, {"Metadata Writing Mode": "2", "Save FaceTags": "true"}))
    back = changes_back(before, theirs)
    assert not is_set_up_from(before, with_changes(theirs, []), back)
    after = Settings(with_changes(theirs, back))
    assert after.value(GROUP, "Metadata Writing Mode") == "2"
    assert after.value(GROUP, "Save FaceTags") == "true"
    assert after.value(GROUP, "Save Rating") == "false"
    assert after.value(GROUP, "Save Tags") is None


@pytest.mark.parametrize(
    ("lines", "where"),
    [
        ("", None),
        ("Database Type=QSQLITE\nDatabase Name=/a/b/\n", Database(server=False, place="/a/b/digikam4.db")),
        ("Database Type=QSQLITE\nDatabase Name=/x/other.db\n", Database(server=False, place="/x/other.db")),
        ("Database Type=QSQLITE\nDatabase Name=/a\\\\b\\sc\n", Database(server=False, place="/a\\b c/digikam4.db")),
        ("Database Type=QMYSQL\nDatabase Hostname=nas\n", Database(server=True, place="nas")),
        (
            "Database Type=QMYSQL\nDatabase Hostname=x\nInternal Database Server=true\n",
            Database(server=True, place="a server of digiKam's own"),
        ),
    ],
)
def test_where_the_database_is(lines: str, where: Database | None) -> None:
    assert database(Settings(f"[Database Settings]\n{lines}".encode())) == where
