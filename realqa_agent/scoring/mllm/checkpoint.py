"""What is in a model's folder, told from its settings and the headers of its files, before anything is loaded.

The libraries complain late and oddly, or not at all: a missing folder is called a bad repository name, missing weights
are made up. So each trouble is looked for here, where its cause and its mend can be named.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any

from realqa_agent.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

HEADER_LIMIT = 100_000_000
"""Bytes; safetensors itself allows no more."""

SAMPLES, SAMPLE_BYTES = 64, 4096
"""Pieces of each file that go into its mark: two adapters trained alike differ in nothing but their numbers."""

POINTER = b"version https://git-lfs"
"""What a file holds that a clone without Git LFS left in the place of the weights."""

NF4_BYTES = 0.516
"""Bytes that a weight takes in four bits, with its share of the twice quantised scales."""

NAMES_OF_OLD = (
    (re.compile(r"^visual\."), "model.visual."),
    (re.compile(r"^model\.(?!language_model\.|visual\.)"), "model.language_model."),
)
"""Where files of before transformers 4.52 keep what is now under `model.`."""


class Precision(StrEnum):
    """How weights are kept."""

    FP32 = "fp32"
    BF16 = "bf16"
    FOUR_BIT = "4bit"


class Clips(StrEnum):
    """How a family is shown a clip, whose frames it takes in by steps of some."""

    EVEN = "even"
    """All steps in one, at an even pace, whatever the time between them."""
    PACED = "paced"
    """All steps in one, their places in time as far apart as the steps are in seconds."""
    STAMPED = "stamped"
    """One step after the other, each with its time in words before it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """A line of models that we know to ask."""

    architecture: str
    """The class in transformers."""
    system: str | None
    """What it was always told before the first turn."""
    clips: Clips | None
    """None if clips can't be shown as a whole."""
    keeps_looks: bool = True
    """Whether several questions can go on from one look at a picture; linear attention keeps no keys and values."""


FAMILIES = {
    family.architecture: family
    for family in (
        Family(architecture="Qwen2VLForConditionalGeneration", system="You are a helpful assistant.", clips=Clips.EVEN),
        Family(
            architecture="Qwen2_5_VLForConditionalGeneration",
            system="You are a helpful assistant.",
            clips=Clips.PACED,
        ),
        Family(architecture="Qwen3VLForConditionalGeneration", system=None, clips=Clips.STAMPED),
        Family(architecture="Qwen3_5ForConditionalGeneration", system=None, clips=None, keeps_looks=False),
    )
}


@dataclass(frozen=True, slots=True)
class Tensor:
    """One entry of a safetensors header."""

    dtype: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)


Tensors = dict[str, Tensor]


@dataclass(frozen=True, kw_only=True)
class Base:
    """A whole model, ready to be loaded."""

    folder: Path
    family: Family
    settings: Mapping[str, Any]
    """`config.json`."""
    tensors: Tensors
    """By the names of today, see `canonical`."""
    files: tuple[Path, ...]

    @cached_property
    def mark(self) -> str:
        """A short name of the content: it changes when the weights or the settings do, not when they move."""
        return _mark(self.folder / "config.json", self.files)

    def weight_bytes(self, precision: Precision) -> int:
        """Return the memory that the weights take. In four bits, as we do it, only the language model's matrices."""
        if precision is not Precision.FOUR_BIT:
            return sum(tensor.size for tensor in self.tensors.values()) * (4 if precision is Precision.FP32 else 2)
        return round(
            sum(
                tensor.size
                * (NF4_BYTES if name.startswith("model.language_model.layers.") and len(tensor.shape) == 2 else 2)
                for name, tensor in self.tensors.items()
            )
        )


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """Weights that were trained on top of a model's."""

    folder: Path
    base_name: str
    """What its maker called the model that it was trained on."""
    rank: int
    tensors: Tensors
    """By the names of today."""

    @property
    def file(self) -> Path:
        """The weights."""
        return self.folder / ADAPTER_WEIGHTS

    @cached_property
    def mark(self) -> str:
        """A short name of the content, as a model's."""
        return _mark(self.folder / ADAPTER_SETTINGS, (self.file,))

    def weight_bytes(self, precision: Precision) -> int:
        """Return the memory that it takes beside the model; an adapter is never kept in four bits."""
        return sum(tensor.size for tensor in self.tensors.values()) * (4 if precision is Precision.FP32 else 2)


ADAPTER_SETTINGS, ADAPTER_WEIGHTS = "adapter_config.json", "adapter_model.safetensors"


def canonical(name: str) -> str:
    """Return a weight's name as transformers has it today, for a name of any time."""
    for pattern, today in NAMES_OF_OLD:
        name = pattern.sub(today, name)
    return name


def canonical_of_adapter(name: str) -> str:
    """Return the same for a weight in an adapter's file, without what wraps the model there."""
    return canonical(name.removeprefix("base_model.model."))


def read_base(folder: Path) -> Base:
    """Look at a model's folder; raise UserError, with the mend, if it can't be loaded as it is."""
    _folder(folder, "model")
    if not (folder / "config.json").exists() and (folder / ADAPTER_SETTINGS).exists():
        raise UserError(f"{folder} is an adapter, not a model: name it as an adapter, and its base as the model")
    settings = _json(folder / "config.json", "is it a model's folder? A model has this file")
    architecture = str(next(iter(settings.get("architectures") or ["a model without a name"])))
    if architecture not in FAMILIES:
        raise UserError(f"{folder}: {architecture} is none of {', '.join(FAMILIES)}")
    if "quantization_config" in settings:
        raise UserError(
            f"{folder} is quantised already: take the full model, it is brought to four bits here if need be"
        )
    _no_foreign_code(folder)
    files, tensors = _weights(folder)
    _tokenizer(folder)
    return Base(
        folder=folder,
        family=FAMILIES[architecture],
        settings=settings,
        tensors={canonical(name): tensor for name, tensor in tensors.items()},
        files=files,
    )


def read_adapter(folder: Path) -> Adapter:
    """Look at an adapter's folder; raise UserError, with the mend, if it can't be used as it is."""
    _folder(folder, "adapter")
    settings = _json(folder / ADAPTER_SETTINGS, "is it an adapter's folder, or does the adapter lie in one inside it?")
    # `alpha_pattern` names modules as they were called then: where the names changed it would be passed over silently.
    more = [key for key in ("modules_to_save", "use_dora", "alpha_pattern") if settings.get(key)]
    if settings.get("peft_type") != "LORA" or more:
        raise UserError(
            f"{folder}: only plain LoRA adapters can be used{', without ' if more else ''}{', '.join(more)}"
        )
    file = folder / ADAPTER_WEIGHTS
    if not file.exists() and (folder / "adapter_model.bin").exists():
        raise UserError(f"{folder / 'adapter_model.bin'} may run code when it is opened: only safetensors are loaded")
    tensors = _header(file)
    if not tensors:
        raise UserError(f"{file} holds no weights: fetch it again")
    return Adapter(
        folder=folder,
        base_name=settings.get("base_model_name_or_path") or "unknown",
        rank=int(settings.get("r", 0)),
        tensors={canonical_of_adapter(name): tensor for name, tensor in tensors.items()},
    )


def check_fit(adapter: Adapter, base: Base) -> None:
    """Raise UserError unless each matrix of the adapter stands beside one of the base of its size."""
    for name, tensor in adapter.tensors.items():
        module, lora, side = name.removesuffix(".weight").rpartition(".lora_")
        if not lora:
            raise UserError(f"{adapter.file}: {name} is no LoRA weight")
        weight = base.tensors.get(f"{module}.weight")
        if weight is None or len(weight.shape) != 2:
            raise UserError(
                f"{adapter.folder} is for {adapter.base_name}: {base.folder} has no {module} for it to change"
            )
        ours, theirs = (weight.shape[1], tensor.shape[-1]) if side == "A" else (weight.shape[0], tensor.shape[0])
        if ours != theirs:
            raise UserError(
                f"{adapter.folder} is for {adapter.base_name}: its {module} is {theirs} wide, "
                f"that of {base.folder} {ours}; give it the model that it was trained on"
            )


def _folder(folder: Path, what: str) -> None:
    if not folder.exists():
        raise UserError(f"there is no {what} at {folder}")
    if not folder.is_dir():
        raise UserError(f"{folder} is no folder: give the folder that holds the {what}")


def _json(file: Path, hint: str) -> dict[str, Any]:
    try:
        content = json.loads(file.read_bytes())
    except FileNotFoundError:
        raise UserError(f"{file} is missing: {hint}") from None
    except OSError as error:
        raise UserError(f"{file} can't be read: {error.strerror}") from None
    except ValueError:
        raise UserError(f"{file} is damaged or only half there: fetch it again") from None
    if not isinstance(content, dict):
        raise UserError(f"{file} is damaged: fetch it again")
    return content


def _no_foreign_code(folder: Path) -> None:
    for name in ("config.json", "tokenizer_config.json", "preprocessor_config.json"):
        file = folder / name
        if file.exists() and "auto_map" in _json(file, ""):
            raise UserError(f"{file} wants to run code that came with the model (auto_map), which is never done")


def _tokenizer(folder: Path) -> None:
    there = {name for name in ("tokenizer.json", "vocab.json", "merges.txt") if (folder / name).exists()}
    if "tokenizer.json" not in there and there != {"vocab.json", "merges.txt"}:
        raise UserError(f"{folder} has no tokenizer: fetch tokenizer.json, or vocab.json and merges.txt")
    for name in ("tokenizer_config.json", "preprocessor_config.json"):
        _json(folder / name, "fetch it again")


def _weights(folder: Path) -> tuple[tuple[Path, ...], Tensors]:
    index = folder / "model.safetensors.index.json"
    if not index.exists():
        file = folder / "model.safetensors"
        if not file.exists():
            raise UserError(_why_no_weights(folder))
        return (file,), _header(file)
    places: dict[str, str] = _json(index, "").get("weight_map", {})
    names = sorted(set(places.values()))
    if missing := [name for name in names if not (folder / name).exists()]:
        raise UserError(
            f"{folder} is only half there, {len(missing)} of {len(names)} files of weights are missing: "
            f"{', '.join(missing[:3])}{' …' if len(missing) > 3 else ''}; fetch the model again"
        )
    files = tuple(folder / name for name in names)
    headers = {file.name: _header(file) for file in files}
    for tensor, name in places.items():
        if tensor not in headers[name]:
            raise UserError(
                f"{folder / name} lacks {tensor}, which {index.name} has in it: the files are of two models"
            )
    return files, {name: tensor for header in headers.values() for name, tensor in header.items()}


def _why_no_weights(folder: Path) -> str:
    if unsafe := next(folder.glob("pytorch_model*.bin"), None) or next(folder.glob("*.pt*"), None):
        return f"{unsafe} may run code when it is opened: only safetensors are loaded; fetch the model in that form"
    if any(folder.rglob("*.incomplete")):
        return (
            f"{folder} is only half there: its weights are still being fetched, or were given up; fetch the model again"
        )
    return f"{folder} has no weights: fetch model.safetensors, or its parts and their index"


def _header(file: Path) -> Tensors:
    """Return the tensors that a safetensors file says it holds; raise UserError if the file is not whole."""
    again = "fetch it again"
    try:
        with file.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            start = stream.read(len(POINTER))
            length = int.from_bytes(start[:8], "little")
            stream.seek(8)
            text = stream.read(length) if length <= min(size, HEADER_LIMIT) else b""
    except FileNotFoundError:
        raise UserError(f"{file} is missing: {again}") from None
    except OSError as error:
        raise UserError(f"{file} can't be read: {error.strerror}") from None
    if start == POINTER:
        raise UserError(f"{file} is only a pointer of Git LFS to the weights: run `git lfs pull` in its folder")
    try:
        entries = {name: entry for name, entry in json.loads(text).items() if name != "__metadata__"}
        tensors = {name: Tensor(entry["dtype"], tuple(entry["shape"])) for name, entry in entries.items()}
        end = 8 + length + max((entry["data_offsets"][1] for entry in entries.values()), default=0)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        raise UserError(f"{file} is no safetensors file, or only its beginning: {again}") from None
    if size != end:
        raise UserError(f"{file} is only half there: {size:,} bytes where its header promises {end:,}; {again}")
    return tensors


def _mark(settings: Path, files: Iterable[Path]) -> str:
    digest = hashlib.sha256(settings.read_bytes())
    for file in files:
        size = file.stat().st_size
        digest.update(f"{file.name} {size}\n".encode())
        with file.open("rb") as stream:
            digest.update(stream.read(8 + int.from_bytes(stream.read(8), "little")))
            for sample in range(SAMPLES):
                stream.seek(max(0, size - SAMPLE_BYTES) * (sample + 1) // SAMPLES)
                digest.update(stream.read(SAMPLE_BYTES))
    return digest.hexdigest()[:12]
