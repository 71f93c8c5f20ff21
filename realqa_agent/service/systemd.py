"""The agent as a systemd service: the unit's text, its file, and what the service manager is asked and told."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from realqa_agent.errors import RealQAError, UserError
from realqa_agent.metadata.atomic import replace_bytes
from realqa_agent.metadata.snapshot import snapshot
from realqa_agent.paths import packaged

if TYPE_CHECKING:
    from collections.abc import Sequence

MARKER = "# Made by `realqa service install`, which may replace it."
"""The first line of the units that are ours to update and to remove."""

SYSTEM_UNITS = Path("/etc/systemd/system")

PROPERTIES = (
    "ActiveState",
    "SubState",
    "UnitFileState",
    "FragmentPath",
    "ActiveEnterTimestamp",
    "StateChangeTimestamp",
    "MainPID",
    "MemoryCurrent",
    "NRestarts",
    "StatusText",
)


class ServiceManagerError(RealQAError):
    """The service manager can't be reached, or did not do what it was asked."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """The agent as a service: of the user who asks, or of the machine, for one user."""

    unit: str
    """Its name for systemd."""
    file: Path
    """Where its unit belongs."""
    template: str
    """The unit's name in the installation's folder of units."""
    system: bool

    def systemctl(self, *words: str) -> list[str]:
        """Return the command that says this to the right service manager."""
        return ["systemctl", *([] if self.system else ["--user"]), *words]

    def journalctl(self, *words: str) -> list[str]:
        """Return the command that reads the log."""
        return ["journalctl", f"--{'unit' if self.system else 'user-unit'}={self.unit}", *words]

    def links(self) -> list[Path]:
        """Return the links by which systemd starts it at login or boot."""
        return list(self.file.parent.glob(f"*.wants/{self.unit}"))

    def siblings(self) -> list[str]:
        """Return the names of the other services that are started from the same unit."""
        if not self.system:
            return []
        enabled = self.file.parent.glob(f"*.wants/{self.template.replace('@', '@?*')}")
        return sorted({link.name for link in enabled} - {self.unit})


def of_this_user() -> Service:
    """Return the service that runs while this user is logged in, or longer if they linger."""
    name = "realqa.service"
    file = platformdirs.user_config_path("systemd") / "user" / name
    return Service(unit=name, file=file, template=name, system=False)


def of_the_machine(user: str) -> Service:
    """Return the machine's service for a user; raise UserError if there is no such user."""
    try:
        pwd.getpwnam(user)
    except (KeyError, ValueError):
        raise UserError(f"there is no user {user!r} on this machine") from None
    if not re.fullmatch(r"[\w.@-]+", user, re.ASCII):
        raise UserError(f"the name of user {user!r} can't be part of a unit's name; use a unit of that user's own")
    template = "realqa@.service"
    return Service(unit=f"realqa@{user}.service", file=SYSTEM_UNITS / template, template=template, system=True)


def program() -> Path:
    """Return the absolute path of the command `realqa` that runs right now.

    Links are kept: that of pipx stays when an update replaces what it points to.
    """
    started = Path(sys.argv[0]).absolute()
    beside = Path(sys.executable).absolute().with_name("realqa")
    for candidate in (started, beside):
        if candidate.name == "realqa" and os.access(candidate, os.X_OK) and candidate.is_file():
            return candidate
    raise UserError("the command `realqa` is not installed as a program that others could start; install realqa-agent")


def render(service: Service, command: Sequence[str]) -> str:
    """Return the unit that starts this command."""
    template = (packaged("systemd") / service.template).read_text(encoding="utf-8")
    line = f"ExecStart={exec_line(command)}"
    return f"{MARKER}\n" + re.sub(r"^ExecStart=.*$", lambda _: line, template, flags=re.MULTILINE)


def exec_line(command: Sequence[str]) -> str:
    """Return a command as the value of `ExecStart=`, whatever characters are in it (systemd.service(5)).

    Raise UserError for names that are no UTF-8: the bus can't carry them, so that `systemctl status` would fail.
    """
    for word in command:
        if not _is_text(word):
            raise UserError(f"{word!r}: systemd can't name this file, since its name is not UTF-8; rename it")
    if re.search(r"[\"'\\\x00-\x1f\x7f]", command[0]):
        # systemd 252 refuses these in the path of a program, however they are written, but not in an argument.
        command = ["/usr/bin/env", *command]
    # The colon turns variables off. To double the dollar does the same in an argument, but not in the program's path.
    colon = ":" if any("$" in word for word in command) else ""
    return colon + " ".join(map(_quoted, command))


def _quoted(word: str) -> str:
    if re.fullmatch(r"[\w/.@:=,+-]+", word, re.ASCII):
        return word
    return '"' + "".join(map(_escaped, word)) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character == "%":
        return "%%"
    if not character.isprintable():
        return "".join(f"\\x{byte:02x}" for byte in character.encode())
    return character


def _is_text(word: str) -> bool:
    """Tell whether a file's name is UTF-8: bytes that are not are lone surrogates in Python."""
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return True


class Standing(Enum):
    """What stands where a unit belongs."""

    NOTHING = auto()
    SAME = auto()
    OURS = auto()
    """Made by us, with another text."""
    FOREIGN = auto()
    """Made by somebody else, or a link."""


def standing(file: Path, text: str | None = None) -> Standing:
    """Tell what stands at the place of a unit, compared with its text to be."""
    if file.is_symlink():
        return Standing.FOREIGN
    try:
        found = file.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return Standing.NOTHING
    if found == text:
        return Standing.SAME
    return Standing.OURS if found.startswith(MARKER) else Standing.FOREIGN


def put(file: Path, text: str) -> None:
    """Write a unit at once, so that systemd never reads half of it; raise UserError if the place can't be written."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.is_symlink():
            file.unlink()  # Else the text would go where the link leads: a masked unit is a link to /dev/null.
        replace_bytes(file, text.encode(), snapshot(file))
    except OSError as error:
        raise UserError(f"{file}: can't write the unit: {error.strerror}") from error


def take_away(service: Service) -> None:
    """Remove the unit unless others need it, and the links to it if systemd could not be asked to."""
    try:
        for link in service.links():
            link.unlink()
        if not service.siblings():
            service.file.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"{service.file}: can't remove the unit: {error.strerror}") from error


def call(command: Sequence[str]) -> str:
    """Run a command of systemd's and return what it prints; raise ServiceManagerError with what it complains about."""
    if shutil.which(command[0]) is None:
        raise ServiceManagerError(f"{command[0]} is not installed: there is no systemd on this machine")
    # English and UTC, since the answer is parsed.
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        complaint = done.stderr.strip() or f"exit status {done.returncode}"
        raise ServiceManagerError(f"`{' '.join(command)}` failed: {complaint}")
    return done.stdout


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """What systemd says of a service."""

    active: str
    """`active`, `reloading`, `activating`, `deactivating`, `inactive` or `failed`."""
    sub: str
    """The same in more detail, such as `running` or `auto-restart`."""
    since: float | None
    """Seconds since the epoch."""
    enabled: str | None
    """`enabled`, `disabled`, `masked` and others; None if there is no unit."""
    file: Path | None
    """The unit that systemd has read."""
    main_pid: int | None
    memory_bytes: int | None
    restarts: int
    says: str
    """What the agent told systemd last."""

    @property
    def up(self) -> bool:
        """Tell whether the agent runs."""
        return self.active in {"active", "reloading"}


def state(service: Service) -> State:
    """Ask systemd about a service; raise ServiceManagerError if it can't be asked."""
    return parse(call(service.systemctl("show", f"--property={','.join(PROPERTIES)}", service.unit)))


def parse(shown: str) -> State:
    """Given what `systemctl show` prints, return the state."""
    found = dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)
    active = found.get("ActiveState", "unknown")
    # A reload leaves the former as it was; the latter is empty until something happened.
    since = found.get("ActiveEnterTimestamp" if active in {"active", "reloading"} else "StateChangeTimestamp", "")
    file = found.get("FragmentPath")
    return State(
        active=active,
        sub=found.get("SubState", "unknown"),
        since=_seconds(since),
        enabled=found.get("UnitFileState") or None,
        file=Path(file) if file else None,
        main_pid=_number(found.get("MainPID")) or None,
        memory_bytes=_number(found.get("MemoryCurrent")),
        restarts=_number(found.get("NRestarts")) or 0,
        says=found.get("StatusText", ""),
    )


def _number(text: str | None) -> int | None:
    """Return the number; None for `[not set]` and for the largest one, by which older versions say the same."""
    return int(text) if text and text.isdecimal() and int(text) < 2**64 - 1 else None


def _seconds(text: str) -> float | None:
    """Given a time such as `Fri 2026-11-27 15:01:22 UTC`, return the seconds since the epoch."""
    words = text.split()
    return datetime.fromisoformat(f"{words[1]}T{words[2]}+00:00").timestamp() if len(words) == 4 else None


def lingers() -> bool | None:
    """Tell whether this user's services go on after logout; None if nobody knows."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
        return call(["loginctl", "show-user", name, "--property=Linger", "--value"]).strip() == "yes"
    except (KeyError, ServiceManagerError):
        return None
