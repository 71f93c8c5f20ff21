"""The entry under "Open With": what a desktop's own tools make of it, and whose it is."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from realqa_agent.errors import UserError
from realqa_agent.hosts import openwith
from realqa_agent.hosts.openwith import Standing
from realqa_agent.media.formats import CLIP_SUFFIXES, RAW_SUFFIXES, STILL_SUFFIXES

MIME = Path("/usr/share/mime")

needs_mime = pytest.mark.skipif(not (MIME / "globs2").exists(), reason="shared-mime-info is not installed")


def text(version: str = "1") -> str:
    return openwith.entry(["/opt/my realqa/bin/realqa", "digikam", "score"], version)


def test_a_desktop_finds_it_right(tmp_path: Path) -> None:
    validator = shutil.which("desktop-file-validate")
    if validator is None:
        pytest.skip("desktop-file-validate is not installed")
    file = tmp_path / openwith.NAME
    file.write_text(text())
    done = subprocess.run([validator, file], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


@needs_mime
def test_it_is_offered_for_all_that_the_agent_scores_and_the_system_knows() -> None:
    globs = [line.split(":")[1:3] for line in (MIME / "globs2").read_text().splitlines() if line[0] != "#"]
    known = {pattern.removeprefix("*").lower(): name for name, pattern in reversed(globs)}
    scored = STILL_SUFFIXES | RAW_SUFFIXES | CLIP_SUFFIXES
    assert {known[suffix] for suffix in scored if suffix in known} <= set(openwith.TYPES)


def test_awkward_names_are_quoted() -> None:
    assert openwith.exec_line(["/opt/realqa", "a b", "ü"]) == '/opt/realqa "a b" "ü"'


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a$b", "a`b", "a%fb", "a=b", "a\nb", "a\udcff"])
def test_names_that_digikam_can_not_read_are_refused(name: str) -> None:
    with pytest.raises(UserError, match="can't start programs with such a name"):
        openwith.exec_line([f"/opt/{name}/realqa"])


def test_it_is_put_replaced_and_taken_away() -> None:
    assert openwith.standing(text()) is Standing.NOTHING
    openwith.put(text("0"))
    assert openwith.standing(text()) is Standing.OURS
    openwith.put(text())
    assert openwith.standing(text()) is Standing.SAME
    assert re.search(r"^Exec=.* %F$", openwith.place().read_text(), re.MULTILINE)
    assert openwith.take_away()
    assert not openwith.take_away()
    assert list(openwith.place().parent.iterdir()) == []


@pytest.mark.parametrize("as_link", [False, True])
def test_somebody_elses_is_left(*, as_link: bool, tmp_path: Path) -> None:
    file = openwith.place()
    file.parent.mkdir(parents=True)
    theirs = tmp_path / "theirs.desktop"
    theirs.write_text("[Desktop Entry]\nName=Mine\n")
    if as_link:
        file.symlink_to(theirs)
    else:
        shutil.copy(theirs, file)
    assert openwith.standing(text()) is Standing.FOREIGN
    for change in (lambda: openwith.put(text()), openwith.take_away):
        with pytest.raises(UserError, match="left as it is"):
            change()
    assert file.read_text() == theirs.read_text()
