"""Which of digiKam's settings decide whether results arrive there, and whether what people choose there is seen. Pure.

digiKam neither reads sidecars nor looks at changed files unless it is told to. And by default it keeps stars, pick
labels and tags in its database alone, where the agent can't see them: it would take such a photo for unrated, and
once digiKam reads sidecars, the agent's stars would replace a person's (seen with digiKam 7.9.0).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from realqa_agent.hosts.kconfig import is_true, plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from realqa_agent.hosts.kconfig import Settings

GROUP = "Metadata Settings"
DATABASE_GROUP = "Database Settings"

MODE = "Metadata Writing Mode"
RESCAN = "Rescan File If Modified"

INTO_SIDECARS, INTO_BOTH = "1", "2"
MODES = {
    "0": "into photos",
    INTO_SIDECARS: "into sidecars",
    INTO_BOTH: "into both",
    "3": "into photos, into sidecars where they are read-only",
}

DATABASE_FILE = "digikam4.db"


class Part(StrEnum):
    """What a setting is needed for."""

    SHOWING = "showing"
    """digiKam shows what the agent found."""
    TELLING = "telling"
    """The agent sees what a person chose in digiKam."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """A setting that has to be in force. What the file doesn't say is off, and digiKam writes into photos."""

    key: str
    part: Part
    wanted: bool
    why: str


NEEDS = (
    Need(
        key="Use XMP Sidecar For Reading",
        part=Part.SHOWING,
        wanted=True,
        why="else digiKam passes over the agent's results",
    ),
    Need(
        key="Use Compatible File Name",
        part=Part.SHOWING,
        wanted=False,
        why="else digiKam looks for `photo.xmp`, and the agent writes `photo.jpg.xmp`",
    ),
    Need(
        key=MODE,
        part=Part.TELLING,
        wanted=True,
        why="else what you choose goes into the photo, where the sidecar beside it hides it",
    ),
    Need(key="Save Rating", part=Part.TELLING, wanted=True, why="else the agent takes what you rated for unrated"),
    Need(key="Save Pick Label", part=Part.TELLING, wanted=True, why="the same for pick labels"),
    Need(
        key="Save Tags", part=Part.TELLING, wanted=True, why="else the agent can't see which tags you gave or took away"
    ),
    Need(
        key="Use Lazy Synchronization",
        part=Part.TELLING,
        wanted=False,
        why="else what you chose reaches the sidecar only when digiKam ends",
    ),
    # The last, so that a file to which it comes in a step of its own looks as if all had come at once.
    Need(key=RESCAN, part=Part.SHOWING, wanted=True, why="else digiKam reads each sidecar once and never again"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """How a setting stands."""

    need: Need
    value: str | None
    """As it is in the file; None if it isn't there."""
    fits: bool

    @property
    def says(self) -> str:
        """What is in force, in words."""
        if self.need.key == MODE:
            return MODES.get(self.value or "0", f"unknown ({self.value})")
        return _on_or_off(_switch(self.value))

    @property
    def wanted(self) -> str:
        """What has to be in force, in words."""
        if self.need.key == MODE:
            return f"{MODES[INTO_SIDECARS]} or {MODES[INTO_BOTH].removeprefix('into ')}"
        return _on_or_off(self.need.wanted)


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A setting and what becomes of it, as in the file; None: it isn't there."""

    key: str
    before: str | None
    after: str | None


def found(settings: Settings) -> list[Found]:
    """Return how each of the settings stands."""
    return [_found(settings, need) for need in NEEDS]


def tells(settings: Settings) -> bool:
    """Tell whether all that people choose in digiKam reaches sidecars."""
    return all(each.fits for each in found(settings) if each.need.part is Part.TELLING)


def wanted_changes(settings: Settings, *, rescan: bool = True) -> list[Change]:
    """Return what has to change; without `rescan`, all but that digiKam looks at changed sidecars."""
    return [
        Change(key=each.need.key, before=each.value, after=_fitting(each.need, settings))
        for each in found(settings)
        if not each.fits and (rescan or each.need.key != RESCAN)
    ]


def changes_back(before: Settings, now: Settings) -> list[Change]:
    """Given the file before the setup and now, return what takes back the setup, and nothing that others changed."""
    return [
        Change(key=change.key, before=change.after, after=change.before)
        for change in wanted_changes(before)
        if now.value(GROUP, change.key) == change.after
    ]


def with_changes(settings: Settings, changes: Sequence[Change]) -> bytes:
    """Return the file with these changes."""
    return settings.changed(GROUP, _values(changes))


def is_set_up_from(before: Settings, now: bytes, taken_back: Sequence[Change]) -> bool:
    """Tell whether a file differs from what it was before by what is taken back, and by nothing else."""
    return before.changed(GROUP, {change.key: change.before for change in taken_back}) == now


@dataclass(frozen=True, kw_only=True, slots=True)
class Database:
    """Where digiKam keeps its database."""

    server: bool
    """MySQL or MariaDB, instead of a file."""
    place: str
    """The file, or the server; empty if the settings don't say."""


def database(settings: Settings) -> Database | None:
    """Return where the database is; None if digiKam has not been told yet."""
    kind = settings.value(DATABASE_GROUP, "Database Type")
    if kind is None:
        return None
    if kind != "QSQLITE":
        own = settings.value(DATABASE_GROUP, "Internal Database Server")
        internal = own is not None and is_true(own)
        host = "a server of digiKam's own" if internal else settings.value(DATABASE_GROUP, "Database Hostname")
        return Database(server=True, place=plain(host or ""))
    place = plain(settings.value(DATABASE_GROUP, "Database Name") or "").rstrip("/")
    if place and not place.endswith(".db"):
        place += f"/{DATABASE_FILE}"
    return Database(server=False, place=place)


def _values(changes: Sequence[Change]) -> Mapping[str, str | None]:
    return {change.key: change.after for change in changes}


def _found(settings: Settings, need: Need) -> Found:
    value = settings.value(GROUP, need.key)
    fits = value in {INTO_SIDECARS, INTO_BOTH} if need.key == MODE else _switch(value) is need.wanted
    return Found(need=need, value=value, fits=fits)


def _fitting(need: Need, settings: Settings) -> str:
    """Return the value to set. Who has digiKam write into photos keeps that."""
    if need.key != MODE:
        return "true" if need.wanted else "false"
    saves = (each.need.key.startswith("Save ") and each.fits for each in found(settings))
    return INTO_BOTH if any(saves) else INTO_SIDECARS


def _switch(value: str | None) -> bool:
    return value is not None and is_true(value)


def _on_or_off(switch: bool) -> str:  # noqa: FBT001 - a switch is what it names
    return "on" if switch else "off"
