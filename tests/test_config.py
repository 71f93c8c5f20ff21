"""Settings: read once, checked, and every mistake named by file and key."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from realqa_agent import config
from realqa_agent.cli.config import as_toml
from realqa_agent.errors import UserError


def write(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "config.toml"
    file.write_text(text)
    return file


def test_without_a_file_all_is_default() -> None:
    assert config.load() == config.Config()


def test_file_named_but_absent_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such settings file"):
        config.load(tmp_path / "none.toml")


def test_file_of_the_variable_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REALQA_CONFIG", str(write(tmp_path, "[scoring]\nworkers = 3\n")))
    assert config.load().scoring.workers == 3


def test_home_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ansel")
    settings = config.load(write(tmp_path, '[folders]\nwatch = ["~/Pictures"]\n[index]\npath = "~/i.sqlite"\n'))
    assert settings.folders.watch == (Path("/home/ansel/Pictures"),)
    assert settings.index.file == Path("/home/ansel/i.sqlite")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[scorin]\n", "scorin: there is no such setting; did you mean 'scoring'?"),
        (
            "[watch]\nsettle_second = 1\n",
            "watch.settle_second: there is no such setting; did you mean 'settle_seconds'?",
        ),
        (
            "[media]\nclip_frames = 0\n",
            "media.clip_frames: Input should be greater than or equal to 1 (it is 0)",
        ),
        (
            "[culling]\nprofile = 'nice'\n",
            "culling.profile: there is no profile 'nice'; known: careful, strict",
        ),
        ("[culling.profiles.careful]\nreject_blow = 2\n", "did you mean 'reject_below'?"),
        ("[scoring\n", "can't read the settings"),
    ],
)
def test_mistakes_name_file_key_and_remedy(tmp_path: Path, text: str, words: str) -> None:
    file = write(tmp_path, text)
    with pytest.raises(UserError) as caught:
        config.load(file)
    assert str(file) in str(caught.value)
    assert words in str(caught.value)


def test_own_profile_joins_the_shipped_ones(tmp_path: Path) -> None:
    text = "[culling]\nprofile = 'studio'\n[culling.profiles.studio]\nreject_below = 3.0\n"
    settings = config.load(write(tmp_path, text))
    assert set(settings.culling.profiles) == {"careful", "strict", "studio"}
    assert settings.culling.thresholds.reject_below == 3.0


def test_one_key_of_a_shipped_profile_keeps_its_other_keys(tmp_path: Path) -> None:
    settings = config.load(write(tmp_path, "[culling.profiles.strict]\nreject_below = 3.0\n"))
    assert settings.culling.profiles["strict"] == config.Profile(reject_below=3.0, review_below=5.5)


def test_settings_printed_are_the_settings_read(tmp_path: Path) -> None:
    file = write(tmp_path, '[folders]\nwatch = ["/p é"]\n[culling]\napply = true\n[watch]\nsettle_seconds = 0.5\n')
    settings = config.load(file)
    printed = tmp_path / "printed.toml"
    printed.write_text(as_toml(settings))
    assert config.load(printed) == settings


def test_explained_file_changes_nothing_and_names_every_key() -> None:
    text = as_toml(config.Config(), explained=True)
    assert config.parse(tomllib.loads(text), Path("explained")) == config.Config()
    for section in config.Config.model_fields:
        for key in type(getattr(config.Config(), section)).model_fields:
            assert f"{key} = " in text or f".{key}." in text
