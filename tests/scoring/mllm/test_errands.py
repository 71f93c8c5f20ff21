"""Errands: what is done elsewhere comes back, and what goes wrong there is told as what it is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from realqa_agent.errors import AwayError, PermanentError, RealQAError, TransientError, UserError
from realqa_agent.scoring.mllm import errands
from realqa_agent.scoring.mllm.errands import Errand, Kind

LOOK = Errand(kind=Kind.LOOK)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The packages seem to be there: none of these tests comes to use them."""
    monkeypatch.setattr(errands, "NEEDED", ())


def instead_of_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))


@pytest.mark.usefixtures("installed")
def test_a_killed_process_is_memory_that_ran_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    instead_of_python(tmp_path, monkeypatch, "kill -9 $$")
    with pytest.raises(PermanentError, match="memory ran out"):
        LOOK.answer()


@pytest.mark.usefixtures("installed")
def test_a_crash_is_told_with_its_status(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    instead_of_python(tmp_path, monkeypatch, "cat > /dev/null; exit 3")
    with pytest.raises(PermanentError, match="exit status 3"):
        LOOK.answer()


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("kind", "raised"),
    [
        ("UserError", UserError),
        ("TransientError", TransientError),
        ("AwayError", AwayError),
        ("BrokenWorkerError", PermanentError),
    ],
)
def test_errors_stay_what_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, raised: type[RealQAError]
) -> None:
    instead_of_python(tmp_path, monkeypatch, f'cat > /dev/null; echo \'{{"error": "no room", "kind": "{kind}"}}\'')
    with pytest.raises(RealQAError, match="no room") as caught:
        LOOK.answer()
    assert type(caught.value) is raised


@pytest.mark.usefixtures("installed")
def test_a_broken_torch_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "torch.py").write_text("print('chatter')\nraise ImportError('libcudart.so.13 is missing')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(UserError, match=r"libcudart\.so\.13 is missing"):
        LOOK.answer()


def test_a_missing_package_is_named_before_anything_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errands, "NEEDED", ("json", "no_such_package"))
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(UserError, match=r"^no_such_package missing: install"):
        LOOK.answer()
