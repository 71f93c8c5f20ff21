"""A session bus of a test's own, and a program on it that the test plays."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from jeepney import MessageType, new_error, new_method_return
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jeepney import Message
    from jeepney.io.blocking import DBusConnection

PROGRAM = "dbus-daemon"


def present() -> bool:
    return shutil.which(PROGRAM) is not None


@contextmanager
def session_bus() -> Iterator[str]:
    """Run a bus; give its address."""
    command = [PROGRAM, "--session", "--nofork", "--print-address"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as daemon:
        assert daemon.stdout is not None
        try:
            yield daemon.stdout.readline().strip()
        finally:
            daemon.terminate()


Answer = tuple[str, tuple[Any, ...]] | str | None
"""A signature and words, the name of an error, or nothing at all."""


class Played:
    """A program that answers every call alike, or none."""

    def __init__(self, connection: DBusConnection, answer: Answer) -> None:
        self.called: list[Message] = []
        self._connection, self._answer = connection, answer

    def serve(self) -> None:
        while True:
            try:
                message = self._connection.receive()
            except OSError:
                return
            if message.header.message_type is MessageType.method_call:
                self.called.append(message)
                if isinstance(self._answer, str):
                    self._connection.send(new_error(message, self._answer))
                elif self._answer is not None:
                    self._connection.send(new_method_return(message, *self._answer))


@contextmanager
def played(name: str, bus: str, *, answer: Answer) -> Iterator[Played]:
    """Play the program that has this name on a bus."""
    with open_dbus_connection(bus) as connection:
        connection.send_and_get_reply(message_bus.RequestName(name))
        program = Played(connection, answer)
        thread = threading.Thread(target=program.serve)
        thread.start()
        try:
            yield program
        finally:
            connection.sock.shutdown(socket.SHUT_RDWR)
            thread.join()
