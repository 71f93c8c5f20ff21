"""The plugin for darktable: its files, where darktable finds them, and the line that starts it."""

from __future__ import annotations

import os
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from realqa_agent.errors import UserError
from realqa_agent.metadata.atomic import replace_bytes
from realqa_agent.metadata.snapshot import snapshot
from realqa_agent.paths import packaged

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FLATPAK = "org.darktable.Darktable"

COMMAND = "lib/installed.lua"
"""The one file of the plugin that is made here: it says how the agent is called, and by which version it was made."""

START = 'require "realqa/realqa"'

LINES = f"-- From `realqa plugin install darktable`; `realqa plugin remove darktable` takes it out.\n{START}\n"

REQUIRED = re.compile(r"""\brequire\b\s*\(?\s*(["']|\[\[)realqa[/.]realqa(["']|\]\])""")
MANAGED = re.compile(r"""\brequire\b\s*\(?\s*(["']|\[\[)tools[/.]script_manager(["']|\]\])""")
SWITCHED_ON = re.compile(r"^lua/script_manager/realqa/realqa=TRUE\s*$", re.MULTILINE | re.IGNORECASE)

COMMENT = re.compile(r"--\[\[.*?\]\]|--[^\n]*", re.DOTALL)

STRING = re.compile(r'"((?:[^"\\]|\\[0-9]{3})*)"')


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A darktable's folder of settings."""

    config: Path
    flatpak: bool

    @property
    def plugin(self) -> Path:
        """The plugin's folder."""
        return self.config / "lua" / "realqa"

    @property
    def luarc(self) -> Path:
        """What darktable runs at its start."""
        return self.config / "luarc"

    @property
    def kept_luarc(self) -> Path:
        """The same, as it was before the plugin's line was last added."""
        return self.config / "luarc.before-realqa"

    @property
    def kept_plugin(self) -> Path:
        """The plugin's folder, as it was before it was last replaced or removed with other files than this version's.

        Not below `lua`, where the script manager would list it.
        """
        return self.config / "realqa-replaced"


@dataclass(frozen=True, kw_only=True, slots=True)
class Installed:
    """What is there."""

    version: str | None
    """Of the agent that installed it; None if nobody can tell."""
    command: tuple[str, ...]
    """How it calls the agent."""
    differing: tuple[str, ...]
    """Files that are not as this version would install them, or that it doesn't know."""


def place(*, flatpak: bool) -> Place:
    """Return where the darktable of this user has its settings: the distribution's, or Flatpak's."""
    if flatpak:
        return Place(config=Path.home() / ".var/app" / FLATPAK / "config/darktable", flatpak=True)
    return Place(config=platformdirs.user_config_path("darktable"), flatpak=False)


def command_for(program: Sequence[str], where: Place) -> list[str]:
    """Return how the plugin calls the agent; out of a sandbox that takes a helper and the user's leave."""
    return ["flatpak-spawn", "--host", *program] if where.flatpak else [*program]


def permission() -> list[str]:
    """Return the command by which a user lets the Flatpak call programs outside of it."""
    return ["flatpak", "override", "--user", "--talk-name=org.freedesktop.Flatpak", FLATPAK]


def shipped() -> dict[str, bytes]:
    """Return the plugin's files by their names below its folder, as this version has them."""
    source = packaged("plugins") / "darktable"
    found = [*source.rglob("*.lua"), *(path for path in source.glob("locale/**/*") if path.is_file())]
    files = {str(path.relative_to(source)): path.read_bytes() for path in found}
    files.pop(COMMAND, None)
    return files


def installed(where: Place) -> Installed | None:
    """Return what is there, None if there is nothing; OSError if it can't be read."""
    if not where.plugin.is_dir():
        return None
    there, wanted = _files(where.plugin), shipped()
    words = _strings(there.pop(COMMAND, b""))
    names = sorted({*there, *wanted})
    return Installed(
        version=words[-1] if words else None,
        command=tuple(words[:-1]),
        differing=tuple(name for name in names if there.get(name) != wanted.get(name)),
    )


def install(where: Place, command: Sequence[str], version: str) -> bool:
    """Put the plugin's files there; tell whether what was there before is kept beside it.

    Raise UserError if the place is a link of the user's, or can't be written.
    """
    files = {**shipped(), COMMAND: _described(command, version)}
    _check_own(where)
    if where.plugin.is_dir() and _files(where.plugin) == files:
        return False
    try:
        kept = _take_away(where, files)
        for name, data in files.items():
            file = where.plugin / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
    except OSError as error:
        raise _unwritable(error) from error
    return kept


def remove(where: Place) -> bool:
    """Take the plugin's files away; tell whether they are kept beside it. UserError as for `install`."""
    _check_own(where)
    try:
        kept = _take_away(where, shipped())
        with suppress(OSError):  # others have theirs there
            where.plugin.parent.rmdir()
    except OSError as error:
        raise _unwritable(error) from error
    return kept


def starters(where: Place) -> list[str]:
    """Return what starts the plugin with darktable: `luarc`, `script_manager`, both or none."""
    luarc = COMMENT.sub("", _text(where.luarc))
    found = ["luarc"] if REQUIRED.search(luarc) else []
    if managed(where) and SWITCHED_ON.search(_text(where.config / "darktablerc")):
        found.append("script_manager")
    return found


def managed(where: Place) -> bool:
    """Tell whether darktable starts the script manager, which can start the plugin."""
    return MANAGED.search(COMMENT.sub("", _text(where.luarc))) is not None


def add_line(where: Place) -> bool:
    """Let darktable start the plugin; tell whether a copy of its file as it was is kept.

    UserError if it can't be written.
    """
    before = _text(where.luarc)
    try:
        where.config.mkdir(parents=True, exist_ok=True)
        if before:
            _rewrite(where.kept_luarc, before)
        _rewrite(where.luarc, before + ("" if before.endswith("\n") or not before else "\n") + LINES)
    except OSError as error:
        raise _unwritable(error) from error
    return bool(before)


def take_line(where: Place) -> bool:
    """Take out the lines that `add_line` added; tell whether they were there. UserError as there."""
    before = _text(where.luarc)
    after = before.replace(LINES, "")
    if after != before:
        try:
            _rewrite(where.luarc, after)
        except OSError as error:
            raise _unwritable(error) from error
    return after != before


def _check_own(where: Place) -> None:
    if where.plugin.is_symlink():
        raise UserError(f"{where.plugin}: this is a link of your own; it is left as it is: remove it first")


def _take_away(where: Place, replaced_by: Mapping[str, bytes]) -> bool:
    """Remove the plugin's folder, or move it aside if more than the made file differs; tell whether it was moved."""
    if not where.plugin.is_dir():
        return False
    own = {name: data for name, data in replaced_by.items() if name != COMMAND}
    there = _files(where.plugin)
    there.pop(COMMAND, None)
    if there == own:
        shutil.rmtree(where.plugin)
        return False
    shutil.rmtree(where.kept_plugin, ignore_errors=True)
    shutil.move(where.plugin, where.kept_plugin)  # a rename, but where `lua` is a link to another disk
    return True


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _rewrite(file: Path, text: str) -> None:
    """Give a file of darktable's this text; of none there is no file."""
    replace_bytes(file, text.encode(errors="surrogateescape") if text else None, snapshot(file))


def _unwritable(error: OSError) -> UserError:
    return UserError(f"{error.filename}: can't write it: {error.strerror}")


def _text(file: Path) -> str:
    """Return a file of darktable's, empty if there is none."""
    try:
        return file.read_bytes().decode(errors="surrogateescape")
    except FileNotFoundError:
        return ""


def _described(command: Sequence[str], version: str) -> bytes:
    """Return the made file; `_strings` reads it back."""
    words = ", ".join(map(_quoted, command))
    return f"return {{ command = {{ {words} }}, version = {_quoted(version)} }}\n".encode()


def _quoted(word: str) -> str:
    """Return a word of any bytes as a string of Lua."""
    plain = (chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\{byte:03}" for byte in os.fsencode(word))
    return f'"{"".join(plain)}"'


def _strings(text: bytes) -> list[str]:
    """Return the strings of a made file: the words of the command, then the version."""
    found = STRING.findall(text.decode("ascii", errors="replace"))
    return [os.fsdecode(re.sub(rb"\\(\d{3})", lambda code: bytes([int(code[1])]), word.encode())) for word in found]
