"""Where the agent keeps its things, after the XDG base directory specification."""

from __future__ import annotations

from pathlib import Path

import platformdirs

APP = "realqa"


def config_file() -> Path:
    """Return the path of the user's settings, `~/.config/realqa/config.toml` unless XDG says otherwise."""
    return platformdirs.user_config_path(APP) / "config.toml"


def index_file() -> Path:
    """Return the default path of the index, `~/.local/share/realqa/index.sqlite` unless XDG says otherwise."""
    return platformdirs.user_data_path(APP) / "index.sqlite"


def models_folder() -> Path:
    """Return where fetched models are, `~/.local/share/realqa/models` unless XDG says otherwise."""
    return platformdirs.user_data_path(APP) / "models"


def datasets_folder() -> Path:
    """Return where fetched data sets are, `~/.local/share/realqa/datasets` unless XDG says otherwise."""
    return platformdirs.user_data_path(APP) / "datasets"


def packaged(folder: str) -> Path:
    """Given `migrations` or `systemd`, return that folder: inside the wheel, else beside the checkout's package.

    Raise FileNotFoundError if the installation lacks it.
    """
    package = Path(__file__).parent
    for place in (package / folder, package.parent / folder):
        if place.is_dir():
            return place
    raise FileNotFoundError(f"the installation lacks its folder {folder!r}; install realqa-agent again")
