"""The fence around the tests: no connection leaves this process, but to what a test itself serves."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_OWN: set[object] = set()
"""Addresses that a running test serves."""


@contextmanager
def opened_to(address: tuple[str, int]) -> Iterator[None]:
    """Let connections to one address of this machine through."""
    if address[0] != "127.0.0.1":
        message = f"{address} is not on this machine"
        raise AssertionError(message)
    _OWN.add(address)
    try:
        yield
    finally:
        _OWN.remove(address)


def put_up() -> None:
    """Make any other connection than one to a local socket fail, for the rest of this process."""
    connect = socket.socket.connect

    def refuse(self: socket.socket, address: object) -> None:
        if self.family != socket.AF_UNIX and address not in _OWN:
            self.close()  # whoever expects an OSError leaves it open, and the next test hears of it
            message = f"a test tried to reach {address}"
            raise AssertionError(message)
        connect(self, address)  # type: ignore[arg-type]  # passed on as it came

    socket.socket.connect = refuse  # type: ignore[method-assign, assignment]  # a fence for the whole session
