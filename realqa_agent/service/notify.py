"""Talks to systemd: ready, still alive, leaving. The protocol is sd_notify(3); libsystemd is not needed for it."""

from __future__ import annotations

import os
import socket


def notify(*states: str) -> bool:
    """Send states such as `READY=1`, `STATUS=12 photos wait` or `WATCHDOG=1`; False if no service manager listens.

    Raise OSError if one does, but can't be reached.
    """
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return False
    if address.startswith("@"):  # a name in Linux's abstract namespace
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as to_manager:
        to_manager.connect(address)
        to_manager.sendall("\n".join(states).encode())
    return True
