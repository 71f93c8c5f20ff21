"""A word on the desktop when an import is done, through the standard D-Bus interface for notifications."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from realqa_agent.assessment import Decision
from realqa_agent.hosts.bus import BusError, session

if TYPE_CHECKING:
    from collections.abc import Mapping

APP_NAME = "RealQA Agent"
ICON = "camera-photo"
"""From the icon naming specification, so that every theme has it."""

NOTIFICATIONS = ("/org/freedesktop/Notifications", "org.freedesktop.Notifications", "org.freedesktop.Notifications")
"""Object, name and interface of whoever shows them."""

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
    hints = {"urgency": ("y", LOW_URGENCY), "suppress-sound": ("b", True)}
    # The body is markup, the summary is not.
    text = html.escape(body, quote=False)
    words: tuple[Any, ...] = (APP_NAME, NEW_NOTIFICATION, ICON, summary, text, [], hints, SERVERS_OWN_TIMEOUT)
    try:
        with session(PATIENCE_SECONDS) as bus:
            bus.call(NOTIFICATIONS, "Notify", "susssasa{sv}i", *words)
    except BusError:
        return False
    return True
