"""KDE's settings files (`…rc`), changed in place: whatever isn't asked for stays as it is, to the byte. Pure.

As KConfig reads them: a later line wins, a group may come again, `[$…]` behind a key holds marks, and one of them
says that the key is deleted. Only what KConfig itself would pass over and lose at its next write is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LINE = re.compile(rb"[^\n]*\n|[^\n]+")

GROUP = re.compile(rb"((?:\[[^\[\]]*\])+)")
MARKS = re.compile(rb"\[\$([a-z]+)\]$")

ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|.)")
ESCAPED = {"s": " ", "t": "\t", "n": "\n", "r": "\r", "\\": "\\", ";": ";", ",": ","}

FALSE = {"false", "no", "off", "0"}
"""KConfig takes every other word for true, `n` and rubbish among them."""


class BrokenSettingsError(ValueError):
    """These bytes are no settings; the text says in which line."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Entry:
    key: bytes
    value: bytes | None
    """As it is written; None for a key that is marked as deleted."""


class Settings:
    """One file's settings. Keys and values are texts of any bytes, values as they are written, with their escapes."""

    def __init__(self, data: bytes) -> None:
        """Raise BrokenSettingsError if a line is neither a group nor a key with a value, a comment or empty."""
        self._lines = LINE.findall(data)
        self._entries = list(_entries(self._lines))

    def value(self, group: str, key: str) -> str | None:
        """Return what is in force; None if the file doesn't say."""
        values = [entry.value for _, entry in self._of(group) if entry is not None and entry.key == _bytes(key)]
        return None if not values or values[-1] is None else _text(values[-1])

    def changed(self, group: str, values: Mapping[str, str | None]) -> bytes:
        """Return the file with these values in a group, in order of the keys where they are new; None takes a key out.

        The values are written as they are, so they have to be escaped.
        """
        lines = list(self._lines)
        added = []
        for key, value in values.items():
            places = [place for place, entry in self._of(group) if entry is not None and entry.key == _bytes(key)]
            for place in places:
                lines[place] = b"" if value is None else _with_value(lines[place], _bytes(value))
            if value is not None and self.value(group, key) is None:
                added.append(_bytes(f"{key}={value}"))
        return b"".join(self._with_lines(lines, group, added))

    def _with_lines(self, lines: list[bytes], group: str, added: list[bytes]) -> list[bytes]:
        """Return the lines with more of them at the end of a group, which is made if there is none."""
        if not added:
            return lines
        end = b"\r\n" if lines and lines[0].endswith(b"\r\n") else b"\n"
        new = [line + end for line in added]
        last = max((place for place, _ in self._of(group)), default=None)
        if last is None:
            new = [*([end] if lines else []), _bytes(f"[{group}]") + end, *new]
            last = len(lines) - 1
        if lines and not lines[last].endswith(b"\n") and lines[last]:
            lines[last] += end
        return [*lines[: last + 1], *new, *lines[last + 1 :]]

    def _of(self, group: str) -> Iterator[tuple[int, _Entry | None]]:
        """Yield the places of a group's lines, those of its names among them, as None."""
        yield from ((place, entry) for place, (name, entry) in enumerate(self._entries) if name == _bytes(group))


def plain(value: str) -> str:
    """Return a value without its escapes."""
    return ESCAPE.sub(_character, value)


def is_true(value: str) -> bool:
    """Tell whether KConfig takes a value for true."""
    return value.lower() not in FALSE


def _entries(lines: list[bytes]) -> Iterator[tuple[bytes, _Entry | None]]:
    """Yield of each line the group that it belongs to and what it sets; comments and empty lines belong to none."""
    group = b""
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith(b"#"):
            yield b"", None
        elif text.startswith(b"["):
            names = GROUP.match(text)
            if names is None:
                raise BrokenSettingsError(f"line {number} looks like a group and has no end")
            group = re.sub(rb"\[\$[a-z]+\]$", b"", names[1])[1:-1]
            yield group, None
        else:
            entry = _entry(text)
            if entry is None or b"\0" in text:
                raise BrokenSettingsError(f"line {number} is neither a group nor a key with a value")
            yield group, entry


def _entry(text: bytes) -> _Entry | None:
    key, equals, value = text.partition(b"=")
    marks = MARKS.search(key.rstrip())
    name = MARKS.sub(b"", key.rstrip())
    deleted = marks is not None and b"d" in marks[1]
    if not name or not (equals or deleted):
        return None
    return _Entry(key=name, value=None if deleted else value.strip())


def _with_value(line: bytes, value: bytes) -> bytes:
    """Return an entry's line with another value; a key that is marked as deleted loses its line."""
    entry = _entry(line.strip())
    if entry is None or entry.value is None:
        return b""
    end = line[len(line.rstrip(b"\r\n")) :]
    return line.partition(b"=")[0] + b"=" + value + end


def _character(found: re.Match[str]) -> str:
    code = found[1]
    return chr(int(code[1:], 16)) if code.startswith("x") and len(code) == 3 else ESCAPED.get(code, found[0])


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


def _text(data: bytes) -> str:
    return data.decode(errors="surrogateescape")
