"""A word on the desktop when an import is done, through the standard D-Bus interface for notifications."""

from __future__ import annotations

import html
import os
import time
from typing import TYPE_CHECKING, Any

from realqa_agent.assessment import Decision

if TYPE_CHECKING:
    from collections.abc import Mapping

APP_NAME = "RealQA Agent"
ICON = "camera-photo"
"""From the icon naming specification, so that every theme has it."""

PATIENCE_SECONDS = 2.0
"""A desktop that takes longer is taken for none: nobody may wait for it."""

WORTH_A_WORD = 3
"""Fewer photos are what an editor exports, not an import."""

LOW_URGENCY = 0
SERVERS_OWN_TIMEOUT = -1
NEW_NOTIFICATION = 0


def summary_of(counts: Mapping[Decision, int]) -> tuple[str, str] | None:
    """Given how many photos of an import got which verdict, return headline and text; None if not worth a word."""
    scored = sum(counts.values())
    if scored < WORTH_A_WORD:
        return None
    rejects, review = counts.get(Decision.REJECT, 0), counts.get(Decision.REVIEW, 0)
    suggested = f"{rejects or 'No'} suggested {'reject' if rejects == 1 else 'rejects'}"
    return f"{scored} photos scored", f"{suggested}, {review or 'nothing'} to review"


def say(summary: str, body: str) -> bool:
    """Show a notification, plain text both; False if there is no desktop, or nobody there who shows it."""
    from jeepney.bus import get_bus  # noqa: PLC0415 - the agent speaks after an import, not at each start

    named = os.environ.get("DBUS_SESSION_BUS_ADDRESS")
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    address = named or (f"unix:path={runtime}/bus" if runtime else None)
    if address is None:
        return False
    try:
        return _shown(get_bus(address), summary, body)
    except (OSError, ValueError, RuntimeError):
        # No socket there or nobody behind it, no answer in time, or a kind of address that is not for this machine.
        return False


def _shown(bus: str, summary: str, body: str) -> bool:
    """Ask the bus at this socket; tell whether somebody took the notification."""
    from jeepney import HeaderFields, MessageType, Parser  # noqa: PLC0415 - see `say`
    from jeepney.bus_messages import message_bus  # noqa: PLC0415
    from jeepney.io.blocking import prep_socket  # noqa: PLC0415

    end = time.monotonic() + PATIENCE_SECONDS
    # jeepney's own connection waits for ever for the answer to its Hello.
    with prep_socket(bus, timeout=PATIENCE_SECONDS) as sock:
        sock.settimeout(max(end - time.monotonic(), 0.01))
        sock.sendall(message_bus.Hello().serialise(1) + _notification(summary, body).serialise(2))
        parser = Parser()
        while True:
            while (answer := parser.get_next_message()) is None:
                sock.settimeout(max(end - time.monotonic(), 0.01))
                data = sock.recv(4096)
                if not data:
                    return False
                parser.add_data(data)
            if answer.header.fields.get(HeaderFields.reply_serial) == 2:
                return bool(answer.header.message_type is MessageType.method_return)


def _notification(summary: str, body: str) -> Any:
    from jeepney import DBusAddress, MessageFlag, new_method_call  # noqa: PLC0415 - see `say`

    name = "org.freedesktop.Notifications"
    notifications = DBusAddress("/org/freedesktop/Notifications", bus_name=name, interface=name)
    hints = {"urgency": ("y", LOW_URGENCY), "suppress-sound": ("b", True)}
    # The body is markup, the summary is not.
    text = html.escape(body, quote=False)
    words: tuple[Any, ...] = (APP_NAME, NEW_NOTIFICATION, ICON, summary, text, [], hints, SERVERS_OWN_TIMEOUT)
    message = new_method_call(notifications, "Notify", "susssasa{sv}i", words)
    # A bus may know how to start a server, even where no desktop is: nobody would see what that shows.
    message.header.flags = MessageFlag.no_auto_start
    return message
