"""The process for errands: `python -m realqa_agent.scoring.mllm.child`, started by `errands.py` and by nobody else."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from realqa_agent.errors import RealQAError, UserError
from realqa_agent.scoring.mllm import prompts
from realqa_agent.scoring.mllm.checkpoint import Precision, read_adapter, read_base
from realqa_agent.scoring.mllm.errands import Errand, Kind
from realqa_agent.scoring.mllm.questions import Scale

if TYPE_CHECKING:
    from types import ModuleType

    from realqa_agent.scoring.mllm.checkpoint import Adapter, Base

SAMPLE_SCALE = Scale(low=1, high=5)


def main() -> None:
    """Do the errand on stdin; its answer is all that goes to stdout, whatever the libraries print there."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    errand = Errand(**json.load(sys.stdin))
    try:
        answer = _done(errand)
    except RealQAError as error:
        kind = next(one.__name__ for one in type(error).__mro__ if one.__module__ == "realqa_agent.errors")
        answer = {"error": str(error), "kind": kind}
    except KeyboardInterrupt:
        sys.exit(130)
    json.dump(answer, answers)
    answers.close()


def _done(errand: Errand) -> dict[str, Any]:
    base = None if errand.model is None else read_base(Path(errand.model))
    adapters = {name: read_adapter(Path(folder)) for name, folder in errand.adapters.items()}
    match Kind(errand.kind):
        case Kind.LOOK:
            return _look(errand, base, adapters)
        case Kind.LOAD:
            assert base is not None  # noqa: S101 - whoever asks names a model
            return _load(errand, base, adapters)
        case Kind.MERGE:
            assert base is not None  # noqa: S101 - as above
            return _merge(errand, base, adapters)


def _look(errand: Errand, base: Base | None, adapters: dict[str, Adapter]) -> dict[str, Any]:
    loading = _loading()
    import torch  # noqa: PLC0415 - after `_loading`, which says so if that fails

    device = loading.find_device(errand.device)
    answer: dict[str, Any] = {"torch": torch.__version__, "device": str(device), "card": None}
    if device.type == "cuda":
        answer["card"] = torch.cuda.get_device_name(device)
        answer["free"], answer["total"] = torch.cuda.mem_get_info(device)
    else:
        memory = psutil.virtual_memory()
        answer["free"], answer["total"] = memory.available, memory.total
    if base is not None:
        precision = Precision(errand.precision) if errand.precision else None
        try:
            answer["precision"] = chosen = precision or loading.choose_precision(base, adapters, device)
            answer["needs"] = loading.needed_bytes(base, adapters, chosen)
        except RealQAError as error:
            answer["trouble"] = str(error)
    return answer


def _load(errand: Errand, base: Base, adapters: dict[str, Adapter]) -> dict[str, Any]:
    asked = prompts.load(Path(errand.prompts) if errand.prompts else None)
    precision = Precision(errand.precision) if errand.precision else None
    loading = _loading()
    _tell(f"loading {base.folder}")
    start = time.monotonic()
    loaded = loading.load(base, adapters, device=errand.device, precision=precision)
    questions = asked.questions(prompts.NUMBERS, scale=SAMPLE_SCALE)
    for question in questions:
        loaded.chat.forced_suffix(question)
    return {
        "device": str(loaded.device),
        "precision": loaded.precision,
        "seconds": round(time.monotonic() - start, 1),
        "prompt": loaded.chat.render(questions[0]),
    }


def _merge(errand: Errand, base: Base, adapters: dict[str, Adapter]) -> dict[str, Any]:
    assert errand.out is not None  # noqa: S101 - whoever asks names a place
    (adapter,) = adapters.values()
    loading = _loading()
    _tell(f"merging {adapter.folder} into {base.folder}; this takes minutes for a model of several billion weights")
    loading.merge(base, adapter, Path(errand.out))
    _tell("looking the merged model over")
    return {"mark": read_base(Path(errand.out)).mark}


def _loading() -> ModuleType:
    """Import what imports torch; UserError if it is there and doesn't work."""
    try:
        from realqa_agent.scoring.mllm import loading  # noqa: PLC0415 - takes seconds
    except (ImportError, OSError) as error:
        raise UserError(
            f"torch or what works with it is broken: {error}; install the extra `mllm` again, torch first"
        ) from error
    return loading


def _tell(what: str) -> None:
    print(what, file=sys.stderr, flush=True)  # noqa: T201 - progress


if __name__ == "__main__":
    main()
