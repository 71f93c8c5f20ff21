"""Undo gives the bytes back, never over somebody's later change."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.sidecars import HIERARCHICAL, PICK, RATING, REALQA, blurry, foreign, listed, packet, record, values

from realqa_agent.config import Metadata
from realqa_agent.errors import PermanentError
from realqa_agent.metadata import undo
from realqa_agent.metadata.pen import turn
from realqa_agent.metadata.record import Change, Field, Owner, Remembered
from realqa_agent.metadata.sidecar import sidecar_of
from realqa_agent.metadata.undo import Fate

if TYPE_CHECKING:
    from pathlib import Path

    from support.desk import Desk

    from realqa_agent.metadata.record import Memory

THEIRS = packet(listed("dc:subject", "sea") + "<!-- mine -->", 'xmp:Rating="0" crs:Sharpness="25"')


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photos" / "a.jpg"
    path.parent.mkdir()
    return path


def lay(photo: Path, data: bytes) -> Path:
    """Put a sidecar beside a photo, as if it had lain there for a while."""
    sidecar = sidecar_of(photo)
    sidecar.write_bytes(data)
    os.utime(sidecar, (1e9, 1e9))
    return sidecar


def test_all_writes_of_a_file_are_taken_back_to_the_byte(photo: Path, desk: Desk) -> None:
    sidecar = lay(photo, THEIRS)
    memory = desk.write(photo, blurry(2)).memory
    memory = desk.write(photo, record(4), memory=memory).memory
    assert values(sidecar.read_bytes(), RATING) == ["4"]
    done = desk.undo(photo, memory)
    assert (done.fate, len(done.writes), done.memory) == (Fate.RESTORED, 2, {})
    assert sidecar.read_bytes() == THEIRS
    assert Change(field="rating", before="4", after="0") in done.changes
    assert desk.writes(photo) == []


def test_a_sidecar_that_we_made_is_removed(photo: Path, desk: Desk) -> None:
    desk.write(photo, record(4))
    assert desk.undo(photo).fate is Fate.REMOVED
    assert list(photo.parent.iterdir()) == []


def test_a_dry_run_changes_nothing(photo: Path, desk: Desk) -> None:
    sidecar = lay(photo, THEIRS)
    desk.write(photo, record(4))
    data = sidecar.read_bytes()
    planned = undo.plan(desk.writes(photo), {}, desk.journal)
    assert (planned.fate, planned.after) == (Fate.RESTORED, THEIRS)
    assert sidecar.read_bytes() == data
    assert len(desk.writes(photo)) == 1


def test_an_undo_can_be_undone(photo: Path, desk: Desk) -> None:
    sidecar = lay(photo, THEIRS)
    desk.write(photo, record(4))
    ours = sidecar.read_bytes()
    desk.undo(photo)
    with turn(desk.journal) as pen:
        assert undo.undo(desk.journal.writes(run="undoing"), {}, pen).fate is Fate.RESTORED
    assert sidecar.read_bytes() == ours
    assert desk.undo(photo).fate is Fate.RESTORED
    assert sidecar.read_bytes() == THEIRS


def test_what_somebody_changed_after_us_is_left_alone(photo: Path, desk: Desk) -> None:
    desk.write(photo, record(4))
    sidecar = sidecar_of(photo)
    theirs = sidecar.read_bytes().replace(b">4</xmp:Rating>", b">5</xmp:Rating>")
    sidecar.write_bytes(theirs)
    done = desk.undo(photo)
    assert (done.fate, done.changed, done.writes) == (Fate.CHANGED, False, ())
    assert sidecar.read_bytes() == theirs
    assert len(desk.writes(photo)) == 1


def test_what_somebody_changed_between_our_writes_is_given_back(photo: Path, desk: Desk) -> None:
    sidecar = lay(photo, THEIRS)
    memory = desk.write(photo, record()).memory
    theirs = sidecar.read_bytes().replace(b'xmp:Rating="0"', b'xmp:Rating="5"')
    lay(photo, theirs)
    desk.write(photo, blurry(2), memory=memory)
    done = desk.undo(photo)
    assert (done.fate, len(done.writes)) == (Fate.PARTLY, 1)
    assert sidecar.read_bytes() == theirs


def test_a_sidecar_that_is_gone_is_not_made_again(photo: Path, desk: Desk) -> None:
    lay(photo, THEIRS)
    desk.write(photo, record())
    sidecar_of(photo).unlink()
    assert desk.undo(photo).fate is Fate.GONE
    assert list(photo.parent.iterdir()) == []


def test_what_is_as_before_already_is_left_and_ticked_off(photo: Path, desk: Desk) -> None:
    sidecar = lay(photo, THEIRS)
    desk.write(photo, record())
    lay(photo, THEIRS)
    assert desk.undo(photo).fate is Fate.UNCHANGED
    assert sidecar.read_bytes() == THEIRS
    assert desk.writes(photo) == []


@pytest.mark.parametrize("owner", [Owner.HUMAN, Owner.PLUGIN])
def test_what_a_human_decided_meanwhile_or_our_plugin_set_stays(photo: Path, desk: Desk, owner: Owner) -> None:
    desk.write(photo, record(4))
    kept = {Field.RATING: Remembered(owner=owner, value="5")}
    assert desk.undo(photo, kept).memory == kept


def test_a_damaged_copy_in_the_journal_is_never_written(photo: Path, desk: Desk) -> None:
    sidecar = lay(photo, THEIRS)
    desk.write(photo, record())
    data = sidecar.read_bytes()
    (write,) = desk.writes(photo)
    with pytest.raises(PermanentError, match="damaged"):
        undo.plan([replace(write, before="0" * 64)], {}, desk.journal)
    assert sidecar.read_bytes() == data


# Surgery


def surgically(photo: Path, desk: Desk, change: tuple[bytes, bytes]) -> bytes:
    """Let somebody change the sidecar, take out what is ours, and return what is left."""
    sidecar = sidecar_of(photo)
    changed = sidecar.read_bytes().replace(*change)
    assert changed != sidecar.read_bytes()
    lay(photo, changed)
    done = desk.undo(photo, surgical=True)
    assert done.fate is Fate.TAKEN_OUT
    assert desk.writes(photo) == []
    return sidecar.read_bytes()


def test_surgery_takes_out_what_is_ours_and_puts_back_what_we_replaced(photo: Path, desk: Desk) -> None:
    lay(photo, THEIRS)
    memory = desk.write(photo, blurry(2)).memory
    desk.write(photo, blurry(-1), memory=memory)
    left = surgically(photo, desk, (b'crs:Sharpness="25"', b'crs:Sharpness="30"'))
    assert values(left, RATING) == ["0"]
    assert values(left, PICK) == []
    assert REALQA.encode() not in left
    assert b"RealQA" not in left
    expected = THEIRS.replace(b'"25"', b'"30"').replace(f'xmlns:realqa="{REALQA}"'.encode(), b"")
    assert foreign(left, [HIERARCHICAL]) == foreign(expected, [HIERARCHICAL])


def test_surgery_leaves_what_a_human_took_over(photo: Path, desk: Desk) -> None:
    lay(photo, THEIRS)
    desk.write(photo, blurry(2))
    left = surgically(photo, desk, (b'xmp:Rating="2"', b'xmp:Rating="5"'))
    assert values(left, RATING) == ["5"]
    assert b"RealQA" not in left


def test_surgery_on_what_is_no_xmp_any_more_is_refused(photo: Path, desk: Desk) -> None:
    desk.write(photo, record())
    sidecar = lay(photo, b"no XML")
    with pytest.raises(PermanentError, match=r"a\.jpg\.xmp.*left as it is"):
        desk.undo(photo, surgical=True)
    assert sidecar.read_bytes() == b"no XML"


STEPS = st.lists(
    st.one_of(
        st.builds(blurry, st.sampled_from([None, -1, 2])),
        st.builds(record, st.sampled_from([None, 3, 5])),
        st.sampled_from(["1", "4", "-1"]),
    ),
    max_size=6,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, first=st.sampled_from([None, THEIRS, packet()]))
def test_whoever_writes_in_whatever_order_undo_goes_back_to_the_last_human(
    steps: list[object], first: bytes | None, photo: Path, desk: Desk
) -> None:
    sidecar = sidecar_of(photo)
    sidecar.unlink(missing_ok=True)
    desk.journal.mark_undone([write.write_id for write in desk.writes(photo)], 0)
    if first is not None:
        lay(photo, first)
    last_human = first
    memory: Memory = {}
    for step in steps:
        if isinstance(step, str):
            last_human = packet(attributes=f'xmp:Rating="{step}" odd:n="{os.urandom(4).hex()}"')
            lay(photo, last_human)
        else:
            memory = desk.write(photo, step, settings=Metadata(), memory=memory).memory  # type: ignore[arg-type]  # a record
    writes = desk.writes(photo)
    if writes:
        desk.undo(photo)
    assert (sidecar.read_bytes() if sidecar.exists() else None) == last_human
