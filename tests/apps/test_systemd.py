"""The service under a real systemd and a real journal: installed by the command, killed, started again, reloaded."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import manager as managers
from support.command import REALQA
from support.manager import Manager
from support.place import Place, photo, until

pytestmark = [
    pytest.mark.apps,
    pytest.mark.skipif(managers.lacking() is not None, reason=str(managers.lacking())),
]


@pytest.fixture
def manager(place: Place) -> Iterator[Manager]:
    place.configure(f"[folders]\nwatch = [{json.dumps(str(place.photos))}]\n")
    with managers.manager(place.home) as manager:
        yield manager


@pytest.fixture
def installed(manager: Manager, place: Place) -> Manager:
    manager.run(REALQA, "--config", place.config, "service", "install")
    return manager


def state(manager: Manager) -> dict[str, Any]:
    done = manager.run(REALQA, "service", "status", "--json", status=None)
    assert done.returncode in {0, 3}, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def scored(place: Place) -> set[str]:
    return {name for name, line in place.listed().items() if line["ok"]}


def test_it_is_up_once_install_returns_and_scores_what_arrives(installed: Manager, place: Place) -> None:
    now = state(installed)
    assert (now["active"], now["sub"], now["enabled"]) == ("active", "running", "enabled")
    assert now["file"] == str(place.home / ".config/systemd/user/realqa.service")
    photo(place.photos / "a.jpg")
    until((place.photos / "a.jpg.xmp").exists)
    until(lambda: "1 files done" in state(installed)["says"])
    assert "is active (running) since 2" in installed.run(REALQA, "service", "status").stdout


def test_systemd_starts_it_again_when_it_is_killed(installed: Manager, place: Place) -> None:
    # Ten seconds in the unit, which a test need not wait. An owner's change like this one outlives an update.
    drop_in = place.home / ".config/systemd/user/realqa.service.d/sooner.conf"
    drop_in.parent.mkdir()
    drop_in.write_text("[Service]\nRestartSec=100ms\n")
    installed.run("systemctl", "--user", "daemon-reload")
    photo(place.photos / "a.jpg", 1)
    until(lambda: scored(place) == {"a.jpg"})
    killed = state(installed)["main_pid"]
    installed.run("kill", "-KILL", killed)
    until(lambda: state(installed)["main_pid"] not in {None, killed} and state(installed)["active"] == "active")
    assert state(installed)["restarts"] == 1
    photo(place.photos / "b.jpg", 2)
    until(lambda: scored(place) == {"a.jpg", "b.jpg"})
    assert place.scored_events() == 2


def test_uninstall_stops_it_and_leaves_nothing_of_it(installed: Manager, place: Place) -> None:
    installed.run(REALQA, "service", "uninstall")
    assert state(installed)["active"] == "inactive"
    assert state(installed)["file"] is None
    assert [path for path in (place.home / ".config/systemd").rglob("*") if not path.is_dir()] == []
    assert installed.run(REALQA, "service", "status", status=3).stdout.splitlines()[0].endswith("is inactive (dead)")


def test_wrong_settings_are_not_tried_again_and_the_log_names_the_key(installed: Manager, place: Place) -> None:
    place.configure("[queue]\natempts = 7\n")
    done = installed.run("systemctl", "--user", "restart", "realqa.service", status=None)
    assert done.returncode != 0
    assert (state(installed)["active"], state(installed)["restarts"]) == ("failed", 0)
    assert "did you mean 'attempts'" in installed.run(REALQA, "service", "logs", "--lines", 20).stdout


def test_warnings_are_records_with_fields_in_the_journal(installed: Manager, place: Place) -> None:
    broken = place.photos / "bro\nken.jpg"
    broken.write_bytes(b"no picture")
    os.utime(broken, (1_600_000_000, 1_600_000_000))
    ask = (
        "journalctl",
        "--user-unit=realqa.service",
        "--output=json",
        "SYSLOG_IDENTIFIER=realqa",
        "_TRANSPORT=journal",
    )
    until(lambda: installed.run(*ask).stdout)
    (record,) = map(json.loads, installed.run(*ask).stdout.splitlines())
    assert record["PRIORITY"] == "4"
    assert record["REALQA_PHOTO"] == str(broken)
    assert record["LOGGER"].startswith("realqa_agent.service.")
    assert record["_PID"] == str(state(installed)["main_pid"])


@pytest.mark.parametrize("folder", ["a b", "a $HOME b", "a %h b", "a'b\" c\\d", "ä ☀\nb"])
def test_the_program_and_the_settings_may_be_in_a_folder_of_any_name(
    manager: Manager, place: Place, tmp_path: Path, folder: str
) -> None:
    odd = tmp_path / folder
    odd.mkdir()
    (odd / "realqa").symlink_to(REALQA)
    place.config.rename(odd / "config.toml")
    manager.run(odd / "realqa", "--config", odd / "config.toml", "service", "install")
    assert state(manager)["active"] == "active"
    words = manager.run("cat", f"/proc/{state(manager)['main_pid']}/cmdline").stdout.split("\0")
    assert {str(odd / "realqa"), str(odd / "config.toml")} <= set(words)


def test_the_machines_service_works_with_all_its_hardening(place: Place) -> None:
    settings = place.home / ".config/realqa/config.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text(f"[folders]\nwatch = [{json.dumps(str(place.photos))}]\n[watch]\nsettle_seconds = 0.3\n")
    with managers.manager(place.home, system=True) as machine:
        # The test's photos are below /tmp, which the unit says that it takes away.
        drop_in = "/etc/systemd/system/realqa@.service.d/test.conf"
        machine.run("mkdir", "-p", Path(drop_in).parent)
        machine.run("sh", "-c", f"printf '[Service]\\nPrivateTmp=no\\n' > {drop_in}")
        machine.run(REALQA, "service", "install", "--system", "anna")
        status = json.loads(machine.run(REALQA, "service", "status", "--system", "anna", "--json").stdout)
        assert (status["active"], status["enabled"]) == ("active", "enabled")
        photo(place.photos / "a.jpg")
        until((place.photos / "a.jpg.xmp").exists)
        capabilities = machine.run("grep", "CapBnd", f"/proc/{status['main_pid']}/status").stdout.split()[1]
        assert int(capabilities, 16) == 0
        machine.run(REALQA, "service", "uninstall", "--system", "anna")
        machine.run(REALQA, "service", "status", "--system", "anna", status=3)


def test_reload_reads_the_settings_anew(installed: Manager, place: Place) -> None:
    pid = state(installed)["main_pid"]
    photo(place.photos / "sub.jpg", 1)
    more = place.photos.with_name("more")
    photo(more / "b.jpg", 2)
    place.configure(f"[folders]\nwatch = [{json.dumps(str(place.photos))}, {json.dumps(str(more))}]\n")
    installed.run("systemctl", "--user", "reload", "realqa.service")
    until((more / "b.jpg.xmp").exists)
    assert state(installed)["main_pid"] == pid
