"""Notifications over a real bus, to a desktop that the test plays."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from jeepney import DBusAddress, Message, new_method_call
from jeepney.io.blocking import open_dbus_connection
from PIL import Image
from support import bus
from support.place import Place, photo, until

from realqa_agent.assessment import Decision
from realqa_agent.hosts import desktop

KEEP, REVIEW, REJECT = Decision.KEEP, Decision.REVIEW, Decision.REJECT

NAME = "org.freedesktop.Notifications"

needs_bus = pytest.mark.skipif(not bus.present(), reason="dbus-daemon is not installed")


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
def own_bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
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


SHOWN = ("u", (1,))
"""What a desktop answers: the notification's number."""


def server(answer: bus.Answer = SHOWN) -> AbstractContextManager[bus.Played]:
    """Play what shows notifications on a desktop."""
    return bus.played(NAME, os.environ["DBUS_SESSION_BUS_ADDRESS"], answer=answer)


def words_of(message: Message) -> dict[str, Any]:
    names = ("app_name", "replaces_id", "app_icon", "summary", "body", "actions", "hints", "expire_timeout")
    return dict(zip(names, message.body, strict=True))


@needs_bus
@pytest.mark.usefixtures("own_bus")
class TestOnADesktop:
    def test_it_shows_what_was_said(self) -> None:
        with server() as desk:
            assert desktop.say("412 photos scored", "18 suggested rejects, 41 to review") is True
        (message,) = desk.called
        words = words_of(message)
        assert (words["app_name"], words["app_icon"]) == ("RealQA Agent", "camera-photo")
        assert (words["summary"], words["body"]) == ("412 photos scored", "18 suggested rejects, 41 to review")
        assert words["hints"] == {"urgency": ("y", 0), "suppress-sound": ("b", True)}
        assert (words["replaces_id"], words["actions"], words["expire_timeout"]) == (0, [], -1)

    def test_the_text_is_no_markup(self) -> None:
        with server() as desk:
            assert desktop.say("a < b", 'Tom & <b>"Jerry"</b> ☀') is True
        words = words_of(desk.called[0])
        assert (words["summary"], words["body"]) == ("a < b", 'Tom &amp; &lt;b&gt;"Jerry"&lt;/b&gt; ☀')

    def test_a_desktop_that_refuses(self) -> None:
        with server(f"{NAME}.Error.ExcessNotificationGeneration") as desk:
            assert desktop.say("a", "b") is False
        assert len(desk.called) == 1

    def test_one_that_does_not_answer_is_not_waited_for(self) -> None:
        with server(None):
            began = time.monotonic()
            assert desktop.say("a", "b") is False
            assert 1.5 < time.monotonic() - began < 4


@needs_bus
@pytest.mark.usefixtures("own_bus", "odd_scorers")
def test_an_import_is_summed_up_unless_the_settings_say_no(tmp_path: Path) -> None:
    """It takes half a minute, the pause after which an import counts as over."""
    loud, quiet = (Place(tmp_path / name) for name in ("loud", "quiet"))
    quiet.configure("[desktop]\nnotify = false\n")
    with server() as desk, loud.agent(), quiet.agent():
        for place, count in ((quiet, 4), (loud, 5)):
            for number in range(count):
                photo(place.photos / f"{number}.jpg", number)
            Image.new("RGB", (64, 48), (9, 9, 9)).save(place.photos / "dark.png")
        until(lambda: desk.called, seconds=90)
        time.sleep(5)
    assert [words_of(message)["summary"] for message in desk.called] == ["6 photos scored"]
    assert words_of(desk.called[0])["body"] == "1 suggested reject, nothing to review"


@needs_bus
class TestWithoutADesktop:
    def test_nobody_is_started(self, own_bus: Path) -> None:
        assert desktop.say("a", "b") is False
        assert not (own_bus.parent / "started").exists()
        # The bus would have: it does so for whoever does not say that they don't want it.
        with open_dbus_connection() as connection:
            connection.send(
                new_method_call(DBusAddress("/org/freedesktop/Notifications", NAME, NAME), "GetCapabilities")
            )
            until((own_bus.parent / "started").exists)

    def test_the_bus_of_the_runtime_folder_is_found_too(self, own_bus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with server():
            monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")
            assert desktop.say("a", "b") is False
            monkeypatch.setenv("XDG_RUNTIME_DIR", str(own_bus.parent))
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
    program = "import sys; import realqa_agent.hosts.desktop; sys.exit('jeepney' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
