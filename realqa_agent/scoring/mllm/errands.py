"""What only torch can do, done in a process of its own, so that whoever asks stays light.

The process is `scoring/mllm/child.py`. It takes one errand as JSON on stdin and answers with one on stdout; stderr is
the asker's, for progress.
"""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

from realqa_agent.errors import AwayError, PermanentError, TransientError, UserError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from realqa_agent.config import Mllm

NEEDED = ("torch", "transformers", "peft", "accelerate", "safetensors")
"""What the extra `mllm` brings. Looked up, not imported."""

PASSED_ON = {kind.__name__: kind for kind in (UserError, TransientError, AwayError)}
"""Errors of the process that stay what they are; any other is a PermanentError here."""


class Kind(StrEnum):
    """What is to be done."""

    LOOK = "look"
    """Say what there is to calculate with, and how a model would be loaded."""
    LOAD = "load"
    """Load a model with its adapters, with all guards."""
    MERGE = "merge"
    """Write a model with an adapter merged in."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Errand:
    """One thing to do; paths are text, as they travel as JSON."""

    kind: Kind
    model: str | None = None
    adapters: Mapping[str, str] = field(default_factory=dict)
    device: str = "auto"
    precision: str | None = None
    prompts: str | None = None
    out: str | None = None

    @classmethod
    def about(cls, kind: Kind, settings: Mllm, out: Path | None = None) -> Self:
        """Return an errand about the model of the settings."""
        return cls(
            kind=kind,
            model=_text(settings.model),
            adapters={role: os.fspath(folder) for role, folder in settings.adapters.items()},
            device=settings.device,
            precision=None if settings.precision == "auto" else settings.precision,
            prompts=_text(settings.prompts),
            out=_text(out),
        )

    def answer(self) -> dict[str, Any]:
        """Have it done, and return what came of it; raise the error that stopped it."""
        if missing := [package for package in NEEDED if importlib.util.find_spec(package) is None]:
            raise UserError(f"{', '.join(missing)} missing: install realqa-agent with its extra `mllm`, torch first")
        # -P: a numpy.py in the folder that the user stands in must not be imported.
        command = [sys.executable, "-P", "-m", "realqa_agent.scoring.mllm.child"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            said, _ = process.communicate(json.dumps(asdict(self)).encode())
        if process.returncode:
            raise PermanentError(_last_word(process.returncode))
        answer: dict[str, Any] = json.loads(said)
        if (error := answer.get("error")) is not None:
            raise PASSED_ON.get(answer["kind"], PermanentError)(error)
        return answer


def _text(path: Path | None) -> str | None:
    return None if path is None else os.fspath(path)


def _last_word(status: int) -> str:
    if status == -signal.SIGKILL:
        return "the process that holds the model was killed, most likely because memory ran out"
    how = signal.Signals(-status).name if status < 0 else f"exit status {status}"
    return f"the process that holds the model ended with {how}; what it said stands above"
