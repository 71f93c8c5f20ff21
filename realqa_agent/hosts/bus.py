"""Calls over the desktop's session bus, with a deadline: nobody may wait for a desktop."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from realqa_agent.errors import RealQAError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from socket import socket

BUS = ("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")
"""Object, name and interface of the bus itself."""


class BusError(RealQAError):
    """There is no bus, or nobody there who answers in time, or the answer is an error."""


class NoBusError(BusError):
    """There is no bus that could be spoken to."""


class Bus:
    """The bus, while it is connected. All calls together have until the deadline."""

    def __init__(self, sock: socket, end: float) -> None:
        from jeepney import Parser  # noqa: PLC0415 - most runs never speak to a desktop

        self._sock, self._end = sock, end
        self._parser = Parser()
        self._serial = 0

    def call(self, target: tuple[str, str, str], method: str, signature: str = "", *words: Any) -> tuple[Any, ...]:
        """Call a method of an object, a name and an interface; return what it answers. Raise BusError."""
        from jeepney import DBusAddress, HeaderFields, MessageFlag, MessageType, new_method_call  # noqa: PLC0415 - as above

        path, name, interface = target
        message = new_method_call(DBusAddress(path, name, interface), method, signature or None, words)
        # A bus may know how to start a server, even where no desktop is: nobody would see what that shows.
        message.header.flags = MessageFlag.no_auto_start
        self._serial += 1
        try:
            self._wait()
            self._sock.sendall(message.serialise(self._serial))
            answer = self._answer()
        except (OSError, ValueError) as error:
            raise BusError(f"{name} does not answer: {error}") from error
        if answer.header.message_type is not MessageType.method_return:
            raise BusError(f"{name} refuses {method}: {answer.header.fields.get(HeaderFields.error_name)}")
        return tuple(answer.body)

    def _answer(self) -> Any:
        from jeepney import HeaderFields  # noqa: PLC0415 - as above

        while True:
            message = self._parser.get_next_message()
            if message is None:
                self._wait()
                data = self._sock.recv(4096)
                if not data:
                    raise ConnectionError("the bus hung up")
                self._parser.add_data(data)
            elif message.header.fields.get(HeaderFields.reply_serial) == self._serial:
                return message

    def _wait(self) -> None:
        self._sock.settimeout(max(self._end - time.monotonic(), 0.01))


@contextmanager
def session(patience_s: float) -> Iterator[Bus]:
    """Give the session bus for some seconds; raise NoBusError if there is none."""
    from jeepney.bus import get_bus  # noqa: PLC0415 - as above
    from jeepney.io.blocking import prep_socket  # noqa: PLC0415 - as above

    named = os.environ.get("DBUS_SESSION_BUS_ADDRESS")
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    address = named or (f"unix:path={runtime}/bus" if runtime else None)
    if address is None:
        raise NoBusError(
            "there is no desktop session here: neither DBUS_SESSION_BUS_ADDRESS nor XDG_RUNTIME_DIR is set"
        )
    end = time.monotonic() + patience_s
    try:
        # jeepney's own connection waits for ever for the answer to its Hello.
        sock = prep_socket(get_bus(address), timeout=patience_s)
    except (OSError, ValueError, RuntimeError) as error:
        # No socket there or nobody behind it, no greeting in time, or a kind of address that is not for this machine.
        raise NoBusError(f"the desktop's bus at {address} can't be reached: {error}") from error
    with sock:
        bus = Bus(sock, end)
        bus.call(BUS, "Hello")
        yield bus
