"""`realqa config` and `realqa doctor`."""

from __future__ import annotations

from pathlib import Path

from support.command import Run


def test_init_writes_an_explained_file_once(realqa: Run) -> None:
    path = Path(realqa("config", "path").stdout.strip())
    realqa("config", "init")
    assert "settle_seconds" in path.read_text()
    text = path.read_text() + "\n"
    path.write_text(text)
    assert "left as it is" in realqa("config", "init", status=2).stderr
    assert path.read_text() == text


def test_show_says_what_is_in_force_and_where_from(realqa: Run, tmp_path: Path) -> None:
    assert "all defaults" in realqa("config").stdout
    file = tmp_path / "mine.toml"
    file.write_text("[queue]\nattempts = 7\n")
    shown = realqa("--config", file, "config", "show").stdout
    assert f"# from {file}" in shown
    assert "attempts = 7" in shown


def test_mistake_in_the_file_is_status_2_without_a_traceback(realqa: Run, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[queue]\natempts = 7\n")
    done = realqa("--config", file, "status", status=2)
    assert "did you mean 'attempts'" in done.stderr
    assert "Traceback" not in done.stderr


def test_doctor_finds_this_machine_fit(realqa: Run) -> None:
    done = realqa("doctor")
    assert "scorer: firstlook" in done.stdout
    assert "broken" not in done.stdout


def test_doctor_names_the_broken_setting(realqa: Run, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[scoring]\nscorer = "nobody"\n')
    done = realqa("--config", file, "doctor", status=1)
    assert "there is no scorer 'nobody'" in done.stdout
