"""KDE's settings files: read as KConfig reads them, changed without losing a byte of what isn't asked for."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realqa_agent.hosts.kconfig import BrokenSettingsError, Settings, is_true, plain

READER = shutil.which("kreadconfig5") or shutil.which("kreadconfig6")

needs_kde = pytest.mark.skipif(READER is None, reason="kreadconfig5 is not installed")


def kde_reads(file: Path, *words: str) -> subprocess.CompletedProcess[str]:
    assert READER is not None
    command = [READER, "--file", str(file), "--group", "G", "--key", "K", *words]
    return subprocess.run(command, env={**os.environ, "LC_ALL": "C.UTF-8"}, capture_output=True, text=True)


FILES = [
    b"[G]\nK=a\n",
    b"[G]\nK=a",
    b"[G]\n  K =  a b  \n",
    b"[G]\nK=a=b\n",
    b"[G]\nK=\n",
    b"[G]\r\nK=a\r\n",
    b"[G]\nK=a\nK=b\n",
    b"[G]\nK=a\n[H]\nK=x\n[G]\nK=b\n",
    b"[H]\nK=x\n[G][H]\nK=y\n",
    b"K=a\n",
    b"[G]\nk=a\n",
    b"[G]\nK[$d]\n",
    b"[G]\nK=a\nK[$d]\n",
    b"[G]\nK[$d]\nK=a\n",
    b"[G]\nK[$e]=a\n",
    b"[G][$i]\nK=a\n",
    b"[G]\nK[de]=z\nK=a\n",
    b"# [G]\n[G] \n#K=b\nK=a # no comment\n",
    b"[G]more\nK=a\n",
    "[G]\nK=ä ☀\n".encode(),
    rb"[G]" + b"\n" + rb"K=\sa\\b\tc\x41" + b"\n",
]


@needs_kde
@pytest.mark.parametrize("data", FILES)
def test_it_reads_what_kde_reads(data: bytes, tmp_path: Path) -> None:
    file = tmp_path / "rc"
    file.write_bytes(data)
    value = Settings(data).value("G", "K")
    read = kde_reads(file, "--default", "NONE").stdout.removesuffix("\n")
    assert ("NONE" if value is None else plain(value)) == read


@needs_kde
@pytest.mark.parametrize("data", FILES)
def test_kde_reads_what_it_writes(data: bytes, tmp_path: Path) -> None:
    file = tmp_path / "rc"
    file.write_bytes(Settings(data).changed("G", {"K": "new"}))
    assert kde_reads(file).stdout == "new\n"
    file.write_bytes(Settings(data).changed("G", {"K": None}))
    assert kde_reads(file, "--default", "NONE").stdout == "NONE\n"


@needs_kde
@pytest.mark.parametrize("word", ["true", "false", "TRUE", "False", "1", "0", "on", "off", "yes", "no", "n", "2", "?"])
def test_it_takes_for_true_what_kde_does(word: str, tmp_path: Path) -> None:
    file = tmp_path / "rc"
    file.write_text(f"[G]\nK={word}\n")
    assert is_true(word) is (kde_reads(file, "--type", "bool").returncode == 0)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", b"[G]\nK=new\n"),
        (b"[H]\nx=1", b"[H]\nx=1\n\n[G]\nK=new\n"),
        (b"[H]\nx=1\n", b"[H]\nx=1\n\n[G]\nK=new\n"),
        (b"[G]\nx=1", b"[G]\nx=1\nK=new\n"),
        (b"[G]\nx=1\n\n[H]\ny=2\n", b"[G]\nx=1\nK=new\n\n[H]\ny=2\n"),
        (b"[G]\n\n[H]\ny=2\n", b"[G]\nK=new\n\n[H]\ny=2\n"),
        (b"# mine\n[G]\nK=old\n# why\nx=1\n", b"# mine\n[G]\nK=new\n# why\nx=1\n"),
        (b"[G]\n  K[$e] = old \n", b"[G]\n  K[$e] =new\n"),
        (b"[G]\r\nx=1\r\n", b"[G]\r\nx=1\r\nK=new\r\n"),
        (b"[G]\r\nK=old\r\n", b"[G]\r\nK=new\r\n"),
        (b"[G]\nK[$d]\nx=\xff\\x00\n", b"[G]\nx=\xff\\x00\nK=new\n"),
        (b"[G]\nK=1\nK=2\n", b"[G]\nK=new\nK=new\n"),
        (b"[A]\nK=1\n[G][B]\nK=2\n", b"[A]\nK=1\n[G][B]\nK=2\n\n[G]\nK=new\n"),
    ],
)
def test_a_value_comes_to_its_place(before: bytes, after: bytes) -> None:
    assert Settings(before).changed("G", {"K": "new"}) == after


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"[G]\nK=1\nnothing\n", 3),
        (b"[G\nK=1\n", 1),
        (b"\xef\xbb\xbf[G]\nK=1\n", 1),
        (b"[G]\n=1\n", 2),
        (b"[G]\nK=\0\n", 2),
        (b"\x89PNG\r\n\x1a\n", 1),
        (b"<html>\n", 1),
    ],
)
def test_what_are_no_settings(data: bytes, line: int) -> None:
    with pytest.raises(BrokenSettingsError, match=f"line {line} "):
        Settings(data)


names = st.text("ABCx ", min_size=1, max_size=4).map(str.strip).filter(bool)
words = st.text(st.characters(codec="utf-8", exclude_characters="\n\r\0"), max_size=6)
lines = st.one_of(
    st.just(""),
    words.map(lambda text: f"#{text}"),
    names.map(lambda name: f"[{name}]"),
    st.tuples(names, words).map("=".join),
)


@given(st.lists(lines, max_size=20).map("\n".join), names, names)
def test_a_change_touches_nothing_else_and_can_be_taken_back(text: str, group: str, key: str) -> None:
    data = text.encode()
    before = Settings(data)
    others = {(g, k): before.value(g, k) for g in "ABCx" for k in "ABCx" if (g, k) != (group, key)}
    old = before.value(group, key)
    changed = before.changed(group, {key: "true"})
    after = Settings(changed)
    assert after.value(group, key) == "true"
    assert {place: after.value(*place) for place in others} == others
    kept = [line for line in data.splitlines(keepends=True) if line.startswith((b"#", b"["))]
    assert [line.strip() for line in kept] == [
        line.strip() for line in changed.splitlines(keepends=True) if line.startswith((b"#", b"["))
    ][: len(kept)]
    assert Settings(after.changed(group, {key: old})).value(group, key) == old
