"""Notifications over a real bus, to a desktop that the test plays."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from jeepney import DBusAddress, Message, MessageType, new_error, new_method_call, new_method_return
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import DBusConnection, open_dbus_connection
from PIL import Image
from support.place import Place, photo, until

from realqa_agent.assessment import Decision
from realqa_agent.service import desktop

KEEP, REVIEW, REJECT = Decision.KEEP, Decision.REVIEW, Decision.REJECT

NAME = "org.freedesktop.Notifications"

needs_bus = pytest.mark.skipif(shutil.which("dbus-daemon") is None, reason="dbus-daemon is not installed")


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({KEEP: 353, REVIEW: 41, REJECT: 18}, ("412 photos scored", "18 suggested rejects, 41 to review")),
        ({KEEP: 1, REVIEW: 1, REJECT: 1}, ("3 photos scored", "1 suggested reject, 1 to review")),
        ({KEEP: 3}, ("3 photos scored", "No suggested rejects, nothing to review")),
        ({REJECT: 3, KEEP: 0}, ("3 photos scored", "3 suggested rejects, nothing to review")),
        ({REVIEW: 2, REJECT: 0, KEEP: 0}, None),
        ({}, None),
    ],
)
def test_summary(counts: dict[Decision, int], said: tuple[str, str] | None) -> None:
    assert desktop.summary_of(counts) == said


CONFIGURATION = """\
<busconfig>
  <type>session</type>
  <listen>unix:path={folder}/bus</listen>
  <servicedir>{folder}/services</servicedir>
  <policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>
</busconfig>
"""


@pytest.fixture
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A session bus that can start a server for notifications, which then leaves a file `started`."""
    services = tmp_path / "services"
    services.mkdir()
    (services / f"{NAME}.service").write_text(f"[D-BUS Service]\nName={NAME}\nExec=/usr/bin/touch {tmp_path}/started\n")
    (tmp_path / "bus.conf").write_text(CONFIGURATION.format(folder=tmp_path))
    command = ["dbus-daemon", f"--config-file={tmp_path}/bus.conf", "--nofork", "--print-address"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as daemon:
        assert daemon.stdout is not None
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", daemon.stdout.readline().strip())
        yield tmp_path / "bus"
        daemon.terminate()


class Server:
    """What shows notifications on a desktop."""

    def __init__(self, connection: DBusConnection, *, answers: bool, refuses: bool) -> None:
        self.shown: list[Message] = []
        self._connection = connection
        self._answers, self._refuses = answers, refuses

    def serve(self) -> None:
        while True:
            try:
                message = self._connection.receive()
            except OSError:
                return
            if message.header.message_type is not MessageType.method_call:
                continue
            self.shown.append(message)
            if self._refuses:
                self._connection.send(new_error(message, f"{NAME}.Error.ExcessNotificationGeneration"))
            elif self._answers:
                self._connection.send(new_method_return(message, "u", (1,)))


@contextmanager
def server(*, answers: bool = True, refuses: bool = False) -> Iterator[Server]:
    with open_dbus_connection() as connection:
        connection.send_and_get_reply(message_bus.RequestName(NAME))
        server = Server(connection, answers=answers, refuses=refuses)
        thread = threading.Thread(target=server.serve)
        thread.start()
        try:
            yield server
        finally:
            connection.sock.shutdown(socket.SHUT_RDWR)
            thread.join()


def words_of(message: Message) -> dict[str, Any]:
    names = ("app_name", "replaces_id", "app_icon", "summary", "body", "actions", "hints", "expire_timeout")
    return dict(zip(names, message.body, strict=True))


@needs_bus
@pytest.mark.usefixtures("bus")
class TestOnADesktop:
    def test_it_shows_what_was_said(self) -> None:
        with server() as desk:
            assert desktop.say("412 photos scored", "18 suggested rejects, 41 to review") is True
        (message,) = desk.shown
        words = words_of(message)
        assert (words["app_name"], words["app_icon"]) == ("RealQA Agent", "camera-photo")
        assert (words["summary"], words["body"]) == ("412 photos scored", "18 suggested rejects, 41 to review")
        assert words["hints"] == {"urgency": ("y", 0), "suppress-sound": ("b", True)}
        assert (words["replaces_id"], words["actions"], words["expire_timeout"]) == (0, [], -1)

    def test_the_text_is_no_markup(self) -> None:
        with server() as desk:
            assert desktop.say("a < b", 'Tom & <b>"Jerry"</b> ☀') is True
        words = words_of(desk.shown[0])
        assert (words["summary"], words["body"]) == ("a < b", 'Tom &amp; &lt;b&gt;"Jerry"&lt;/b&gt; ☀')

    def test_a_desktop_that_refuses(self) -> None:
        with server(refuses=True) as desk:
            assert desktop.say("a", "b") is False
        assert len(desk.shown) == 1

    def test_one_that_does_not_answer_is_not_waited_for(self) -> None:
        with server(answers=False):
            began = time.monotonic()
            assert desktop.say("a", "b") is False
            assert 1.5 < time.monotonic() - began < 4


@needs_bus
@pytest.mark.usefixtures("bus", "odd_scorers")
def test_an_import_is_summed_up_unless_the_settings_say_no(tmp_path: Path) -> None:
    """It takes half a minute, the pause after which an import counts as over."""
    loud, quiet = (Place(tmp_path / name) for name in ("loud", "quiet"))
    quiet.configure("[desktop]\nnotify = false\n")
    with server() as desk, loud.agent(), quiet.agent():
        for place, count in ((quiet, 4), (loud, 5)):
            for number in range(count):
                photo(place.photos / f"{number}.jpg", number)
            Image.new("RGB", (64, 48), (9, 9, 9)).save(place.photos / "dark.png")
        until(lambda: desk.shown, seconds=90)
        time.sleep(5)
    assert [words_of(message)["summary"] for message in desk.shown] == ["6 photos scored"]
    assert words_of(desk.shown[0])["body"] == "1 suggested reject, nothing to review"


@needs_bus
class TestWithoutADesktop:
    def test_nobody_is_started(self, bus: Path) -> None:
        assert desktop.say("a", "b") is False
        assert not (bus.parent / "started").exists()
        # The bus would have: it does so for whoever does not say that they don't want it.
        with open_dbus_connection() as connection:
            connection.send(
                new_method_call(DBusAddress("/org/freedesktop/Notifications", NAME, NAME), "GetCapabilities")
            )
            until((bus.parent / "started").exists)

    def test_the_bus_of_the_runtime_folder_is_found_too(self, bus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with server():
            monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")
            assert desktop.say("a", "b") is False
            monkeypatch.setenv("XDG_RUNTIME_DIR", str(bus.parent))
            assert desktop.say("a", "b") is True


@pytest.mark.parametrize(
    "address", [None, "", "unix:path=/nowhere/bus", "tcp:host=localhost", "autolaunch:", "rubbish"]
)
def test_without_a_bus(address: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    if address is not None:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    assert desktop.say("a", "b") is False


@pytest.mark.parametrize("greeting", [b"", b"REJECTED EXTERNAL\r\n", b"OK 0123456789abcdef\r\n"])
def test_a_bus_that_is_stuck_or_odd(greeting: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes the connection, and says no more than that."""
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/bus")
    with socket.socket(socket.AF_UNIX) as bus:
        bus.bind(str(tmp_path / "bus"))
        bus.listen()
        began = time.monotonic()
        taken: list[socket.socket] = []

        def take() -> None:
            connection, _ = bus.accept()
            connection.sendall(greeting)
            taken.append(connection)

        thread = threading.Thread(target=take)
        thread.start()
        assert desktop.say("a", "b") is False
        assert time.monotonic() - began < 4
        thread.join()
        taken[0].close()


def test_the_library_is_only_loaded_when_something_is_said() -> None:
    program = "import sys; import realqa_agent.service.desktop; sys.exit('jeepney' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
