"""Fixtures for every room, and the fence around the tests: no network, no settings of the developer's."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support import fence
from support.desk import Desk
from support.place import Place
from support.scorers import install_odd_scorers
from support.wise import Wise

from realqa_agent.index.store import Index

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.tiny_mllm import TinyModels

# Before anything imports torch, here or in a program under test: of matrices as small as the tests', a second thread
# makes nothing but waiting, and the cores are taken.
os.environ["OMP_NUM_THREADS"] = "1"

LONGEST = (
    "service/test_soak.py",
    "metadata/test_corpus.py",
    "apps/test_digikam_plugin.py",
    "apps/test_darktable_plugin.py",
    "scoring/mllm/test_command.py",
    "scoring/test_corpus.py",
    "cli/test_train.py",
)
"""What takes minutes: begun last, it would be waited for alone."""

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first."""
    items.sort(key=lambda item: not item.path.as_posix().endswith(LONGEST))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The development photos beside the checkout; users have none."""
    if not SHARED.is_dir():
        pytest.skip("the development photos (../shared/data) are not here")
    return SHARED


@pytest.fixture(autouse=True)
def _fenced(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Give each test its own home, and no REALQA_ variables."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    for name in list(os.environ):
        # The desktop's bus, too: the agent would speak to it after each import.
        if name.startswith(("XDG_", "REALQA_", "DBUS_")):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> None:
    """Any connection but to a local socket or to a test's own server is a defect of ours."""
    fence.put_up()


@pytest.fixture(scope="session")
def empty_index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index without content, to be copied: to make one takes half a second."""
    file = tmp_path_factory.mktemp("index") / "index.sqlite"
    Index.open(file).close()
    return file


@pytest.fixture
def desk(empty_index: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Where sidecars are written as the agent does, with an index of the test's own."""
    file = tmp_path_factory.mktemp("desk") / "index.sqlite"
    shutil.copy(empty_index, file)
    with Index.open(file) as index:
        yield Desk(index)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> TinyModels:
    """Folders of tiny models and adapters; tests that change one take a copy."""
    for package in ("torch", "transformers", "peft", "accelerate", "safetensors"):
        # Looked for and not tried: a package that is there and can't be imported is a failure.
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed: it comes with the extra `mllm`")
    from support.tiny_mllm import TinyModels  # noqa: PLC0415 - it imports torch

    return TinyModels(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def place(tmp_path: Path, odd_scorers: None) -> Place:  # noqa: ARG001 - it installs them
    """A photo folder of a user's, scored by the quickest of the odd scorers."""
    return Place(tmp_path)


@pytest.fixture
def wise(place: Place, monkeypatch: pytest.MonkeyPatch) -> Wise:
    """The same folder, judged by the model `wise` after the first look."""
    return Wise(place, monkeypatch)


@pytest.fixture
def odd_scorers(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install another package's scorers, as workers find them: by entry point.

    `plain` gives every picture the same scores, `bright` better ones to brighter pictures; `crash`, `hang`, `stumble`,
    `leave` and `broken` fail as they are named for. `wise` is a model, and does as the fixture `wise` says.
    """
    site = tmp_path_factory.mktemp("site")
    install_odd_scorers(site)
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.syspath_prepend(str(site))
