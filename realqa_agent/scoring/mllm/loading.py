"""A model and its adapters, from their folders into memory. Never from the network.

Today's libraries fail silently: weights that are missing are made up, adapters with keys of another time change
nothing. So whatever a file holds must find its place, each adapter is put in by us, weight by weight, and a probe
shows that it changes the answer.
"""

from __future__ import annotations

import os

# Read once, when these libraries are imported.
os.environ["HF_HUB_OFFLINE"] = os.environ["TRANSFORMERS_OFFLINE"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"

import contextlib
import importlib.util
import shutil
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import transformers
from peft import LoraConfig, inject_adapter_in_model
from peft.tuners.lora import LoraLayer
from peft.tuners.tuners_utils import BaseTunerLayer
from safetensors import SafetensorError, safe_open

from realqa_agent.errors import AwayError, UserError
from realqa_agent.scoring.mllm.chat import Chat
from realqa_agent.scoring.mllm.checkpoint import Precision, canonical_of_adapter, check_fit
from realqa_agent.scoring.mllm.packing import VisionSpec
from realqa_agent.scoring.mllm.questions import Kind, Question
from realqa_agent.scoring.mllm.sights import of_picture
from realqa_agent.scoring.mllm.trouble import DeviceLostError, device_lost, out_of_memory

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from realqa_agent.scoring.mllm.checkpoint import Adapter, Base, Family
    from realqa_agent.scoring.mllm.sights import Sight

WORKING_BYTES = 1_500_000_000
"""Memory of a graphics card that the driver and the work itself take beside the weights."""

ON_CARD = 8
"""Pictures that a graphics card is asked about together."""

SPARED = ["model.visual", "lm_head"]
"""What stays as it is in four bits: for `visual` alone the vision tower is quantised too."""

PROBE = Question(name="probe", kind=Kind.NUMBER, text="Rate this image.", start="The score is <")
PROBE_SIDE = 4
"""Of the probe picture, in places of the prompt."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """A model that is ready to be asked."""

    network: Any
    """An instance of the family's class in transformers."""
    family: Family
    chat: Chat
    spec: VisionSpec
    device: torch.device
    precision: Precision
    adapters: tuple[str, ...]

    @property
    def about(self) -> str:
        """Where it is and how its weights are kept, for people."""
        where = torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else "the processor"
        return f"{where}, {'4 bits' if self.precision is Precision.FOUR_BIT else self.precision}"

    @property
    def at_once(self) -> int:
        """How many pictures are worth asking about together; a processor is no faster with more than one."""
        return ON_CARD if self.device.type == "cuda" else 1

    def use(self, adapter: str | None) -> None:
        """Work with that adapter from now on, or with none."""
        if adapter is not None and adapter not in self.adapters:
            raise ValueError(f"no adapter {adapter!r} among {self.adapters}")
        for module in self.network.modules():
            if isinstance(module, BaseTunerLayer):
                module.enable_adapters(enabled=adapter is not None)
                if adapter is not None:
                    module.set_adapter(adapter, inference_mode=True)


def load(
    base: Base, adapters: Mapping[str, Adapter], *, device: str = "auto", precision: Precision | None = None
) -> Loaded:
    """Load a model with its adapters by name; the first one is in use.

    `device` is `auto`, `cpu`, `cuda` or `cuda:N`; without a precision the best one that fits is taken. Raise UserError
    if anything about them is not as it should be, AwayError if there is no room for them now.
    """
    for adapter in adapters.values():
        check_fit(adapter, base)
    where = find_device(device)
    how = precision or choose_precision(base, adapters, where)
    if how is Precision.FOUR_BIT and importlib.util.find_spec("bitsandbytes") is None:
        raise UserError("four bits need the package bitsandbytes: install it, or choose another precision")
    try:
        return _loaded(base, adapters, where, how, _working_type(how))
    except (RuntimeError, MemoryError) as error:
        if out_of_memory(error):
            need = needed_bytes(base, adapters, how) / 1e9
            raise AwayError(
                f"too little memory: {base.folder.name} needs {need:.1f} GB in {how}; "
                "end what else uses the card, or take another precision"
            ) from error
        if device_lost(error):
            raise DeviceLostError(f"the graphics card can't be used: {error}") from error
        raise


def merge(base: Base, adapter: Adapter, out: Path, *, device: str = "cpu") -> None:
    """Write the model with the adapter's changes in it, in bf16, to a folder that doesn't exist yet."""
    if out.exists():
        raise UserError(f"{out} is there already: give another folder")
    check_fit(adapter, base)
    network = _loaded(base, {"merged": adapter}, find_device(device), Precision.BF16, torch.float32).network
    for name, layer in list(network.named_modules()):
        if isinstance(layer, LoraLayer):
            # The sum in fp32, so that it is rounded once.
            layer.to(torch.float32)
            layer.merge(safe_merge=True)
            network.set_submodule(name, layer.get_base_layer().to(torch.bfloat16))
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as unfinished, _quiet():
        folder = Path(unfinished) / "model"
        network.save_pretrained(folder)
        for file in base.folder.iterdir():
            if (
                file.suffix in {".json", ".txt", ".jinja"}
                and not (folder / file.name).exists()
                and "index" not in file.name
            ):
                shutil.copyfile(file, folder / file.name)
        folder.rename(out)


def find_device(name: str) -> torch.device:
    """Return the device by this name, `auto` for the first graphics card, if any; UserError if it isn't there."""
    there = torch.cuda.is_available()
    if name == "auto":
        return torch.device("cuda:0" if there else "cpu")
    if name.startswith("cuda") and not there:
        raise UserError(
            f"there is no graphics card for {name}: this torch ({torch.__version__}) finds none; "
            'check the driver, or set the device to "auto"'
        )
    try:
        return torch.device(name)
    except RuntimeError:
        raise UserError(f"{name!r} is no device: take auto, cpu, cuda or cuda:N") from None


def choose_precision(base: Base, adapters: Mapping[str, Adapter], device: torch.device) -> Precision:
    """Return the best precision that fits the device.

    Raise AwayError if only others stand in the way, UserError if the card is too small.
    """
    if device.type == "cpu":
        return Precision.FP32
    free, total = torch.cuda.mem_get_info(device)
    tried = [Precision.BF16, *([Precision.FOUR_BIT] if importlib.util.find_spec("bitsandbytes") else [])]
    needs = {how: needed_bytes(base, adapters, how) for how in tried}
    for how, need in needs.items():
        if need <= free:
            return how
    least = min(needs.values())
    spoken = ", ".join(f"{need / 1e9:.1f} GB in {how}" for how, need in needs.items())
    short = f"too little graphics memory: {base.folder.name} needs {spoken}, and {free / 1e9:.1f} GB are free"
    if least <= total:
        raise AwayError(f"{short}; {(total - free) / 1e9:.1f} GB are taken: end what else uses the card")
    mend = "a smaller model" if Precision.FOUR_BIT in needs else "a smaller model, or bitsandbytes for four bits"
    raise UserError(f"{short}: take {mend}")


def needed_bytes(base: Base, adapters: Mapping[str, Adapter], precision: Precision) -> int:
    """Return the memory that a model with its adapters needs at work."""
    weights = base.weight_bytes(precision) + sum(adapter.weight_bytes(precision) for adapter in adapters.values())
    return weights + WORKING_BYTES


def prefill(loaded: Loaded, sights: Sequence[Sight], following: Sequence[int] = (), *, use_cache: bool) -> Any:
    """Run the network over prompts, each with a picture or each with a clip, and the same tokens after it.

    The one place where something seen goes in; all prompts are of one length. It always says which tokens stand for
    what is seen, and where all of them stand: without, some versions go on with wrong positions and say nothing.
    """
    device = loaded.device
    tokens = torch.tensor([[*sight.head, *following] for sight in sights], device=device)
    moving = sights[0].seen != loaded.chat.picture
    patches = torch.cat([torch.from_numpy(sight.patches).to(device) for sight in sights])
    grids = torch.tensor([sight.grid for sight in sights], device=device)
    seen = (
        {"pixel_values_videos": patches, "video_grid_thw": grids}
        if moving
        else {"pixel_values": patches, "image_grid_thw": grids}
    )
    return loaded.network(
        input_ids=tokens,
        attention_mask=torch.ones_like(tokens),
        mm_token_type_ids=(tokens == sights[0].seen).int() * (2 if moving else 1),
        position_ids=torch.from_numpy(np.stack([sight.positions(following) for sight in sights], 1)).to(device),
        logits_to_keep=1,
        use_cache=use_cache,
        **seen,
    )


def _working_type(precision: Precision) -> torch.dtype:
    return torch.float32 if precision is Precision.FP32 else torch.bfloat16


def _loaded(
    base: Base,
    adapters: Mapping[str, Adapter],
    device: torch.device,
    precision: Precision,
    adapter_type: torch.dtype,
) -> Loaded:
    with _quiet():
        network = _network(base, device, precision)
        tokenizer = transformers.AutoTokenizer.from_pretrained(
            base.folder, local_files_only=True, trust_remote_code=False
        )
        for name, adapter in adapters.items():
            _put_in(network, name, adapter, adapter_type)
    network.eval()
    network.requires_grad_(False)  # noqa: FBT003 - torch's own signature
    loaded = Loaded(
        network=network,
        family=base.family,
        chat=Chat(tokenizer, base.folder, system=base.family.system, ends=_ends(network)),
        spec=VisionSpec.read(base.folder),
        device=device,
        precision=precision,
        adapters=tuple(adapters),
    )
    _prove(loaded, base, adapters)
    loaded.use(next(iter(adapters), None))
    return loaded


def _network(base: Base, device: torch.device, precision: Precision) -> Any:
    quantised: dict[str, Any] = {}
    if precision is Precision.FOUR_BIT:
        quantised["quantization_config"] = transformers.BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.bfloat16,
            llm_int8_skip_modules=SPARED,
        )
    kind = getattr(transformers, base.family.architecture)
    try:
        network, report = kind.from_pretrained(
            base.folder,
            dtype=_working_type(precision),
            device_map={"": device},
            attn_implementation="sdpa",
            local_files_only=True,
            use_safetensors=True,
            # Else it raises, with a table that is for developers; the report is refused below.
            ignore_mismatched_sizes=True,
            output_loading_info=True,
            **quantised,
        )
    except (OSError, ValueError, TypeError, KeyError, SafetensorError) as error:
        raise UserError(f"{base.folder} can't be loaded, are its files of one model? {error}") from error
    wrong = {
        "are missing": report["missing_keys"],
        "have no place": report["unexpected_keys"],
        "have another size": [key for key, *_ in report["mismatched_keys"]],
        "failed": report.get("error_msgs") or [],
    }
    for what, keys in wrong.items():
        if keys:
            first = ", ".join(sorted(map(str, keys))[:3])
            raise UserError(
                f"{base.folder} doesn't fit its config.json: {len(keys)} weights {what} ({first}); fetch it again"
            )
    return network


def _put_in(network: Any, name: str, adapter: Adapter, dtype: torch.dtype) -> None:
    settings = LoraConfig.from_pretrained(str(adapter.folder))
    # Exactly the modules that the file has weights for: the maker's own pattern may be for other names.
    settings.target_modules = {canonical.rpartition(".lora_")[0] for canonical in adapter.tensors}
    settings.inference_mode = True
    settings.init_lora_weights = True
    with warnings.catch_warnings():
        # It warns of the second adapter, which is what we want.
        warnings.filterwarnings("ignore", "Already found a `peft_config`", UserWarning)
        inject_adapter_in_model(settings, network, name)
    places = {
        key.replace(f".{name}.weight", ".weight"): parameter
        for key, parameter in network.named_parameters()
        if ".lora_" in key and key.endswith(f".{name}.weight")
    }
    with safe_open(adapter.file, "pt") as file:
        names = {canonical_of_adapter(key): key for key in file.keys()}  # noqa: SIM118 - it can't be iterated over
        if unplaced := names.keys() ^ places.keys():
            raise UserError(
                f"{adapter.file}: {len(unplaced)} weights find no place in the model, such as {min(unplaced)}"
            )
        for canonical, place in places.items():
            weight = file.get_tensor(names[canonical])
            if weight.shape != place.shape:
                raise UserError(
                    f"{adapter.file}: {canonical} is {tuple(weight.shape)} where {tuple(place.shape)} is due"
                )
            place.data = weight.to(place.device, dtype)


def _ends(network: Any) -> frozenset[int]:
    """Return the tokens after which the model's own settings stop."""
    ends = network.generation_config.eos_token_id
    return frozenset() if ends is None else frozenset([ends] if isinstance(ends, int) else ends)


def _prove(loaded: Loaded, base: Base, adapters: Mapping[str, Adapter]) -> None:
    """Raise UserError unless a number can be asked for, and each adapter changes what is said."""
    loaded.chat.forced_suffix(PROBE)
    loaded.use(None)
    plain = _probe(loaded)
    if not plain.isfinite().all():
        raise UserError(f"{base.folder}: the model calculates no numbers; are the weights damaged? Fetch them again")
    for name, adapter in adapters.items():
        loaded.use(name)
        changed = _probe(loaded)
        if not changed.isfinite().all():
            raise UserError(f"{adapter.folder}: with it the model calculates no numbers; is it damaged? Fetch it again")
        if torch.equal(changed, plain):
            raise UserError(f"{adapter.folder} changes nothing of what the model says: its weights are empty")


def _probe(loaded: Loaded) -> torch.Tensor:
    side = PROBE_SIDE * loaded.spec.stride
    row = np.linspace(0, 255, side)
    gradient = np.stack([np.broadcast_to(row, (side, side)), np.broadcast_to(row[:, None], (side, side))], -1)
    pixels = np.dstack([gradient, 255 - gradient[..., :1]]).astype(np.uint8)
    with torch.inference_mode():
        out = prefill(
            loaded,
            [of_picture(pixels, loaded.chat, loaded.spec)],
            loaded.chat.suffix(PROBE),
            use_cache=False,
        )
    logits: torch.Tensor = out.logits[0, -1].float()
    return logits


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """No bars and no reports on stderr, which is for last words: what matters in the reports is refused."""
    logging = transformers.logging
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
