"""A model is loaded whole or not at all, and an adapter that changes nothing is noticed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from realqa_agent.errors import AwayError, UserError
from realqa_agent.scoring.mllm.checkpoint import Precision, read_adapter, read_base
from realqa_agent.scoring.mllm.trouble import DeviceLostError

if TYPE_CHECKING:
    from support.tiny_mllm import TinyModels

FAMILIES = ("qwen2_vl", "qwen2_5_vl", "qwen3_vl")

Copy = Callable[[Path], Path]


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """Copy a folder, to be spoiled."""
    return lambda folder: Path(shutil.copytree(folder, tmp_path / "models" / folder.name))


@pytest.fixture
def loading(tiny: TinyModels) -> Any:  # noqa: ARG001 - it looks for the extra
    from realqa_agent.scoring.mllm import loading  # noqa: PLC0415 - it imports torch

    return loading


@pytest.mark.parametrize("family", FAMILIES)
def test_adapters_have_their_effect_each_and_old_keys_the_same(loading: Any, tiny: TinyModels, family: str) -> None:
    adapters = {
        "quality": read_adapter(tiny.adapter(family)),
        "old": read_adapter(tiny.old_adapter(family)),
        "aesthetic": read_adapter(tiny.adapter(family, seed=2)),
    }
    loaded = loading.load(read_base(tiny.base(family)), adapters, device="cpu")
    said: dict[str | None, Any] = {}
    for name in (None, *adapters, None):
        loaded.use(name)
        logits = loading._probe(loaded)
        assert name not in said or logits.equal(said[name])
        said[name] = logits
    assert said["quality"].equal(said["old"])
    differ = [said[None], said["quality"], said["aesthetic"]]
    assert all((one - other).abs().max() > 0.1 for one, other in zip(differ, differ[1:] + differ[:1], strict=True))
    with pytest.raises(ValueError, match="no adapter 'overall'"):
        loaded.use("overall")


def test_an_adapter_acts_as_its_own_library_has_it(loading: Any, tiny: TinyModels) -> None:
    """Reference: the matrices multiplied out by hand, added to the weights of the plain model."""
    from safetensors.torch import load_file  # noqa: PLC0415 - an extra

    base, adapter = read_base(tiny.base("qwen2_vl")), read_adapter(tiny.adapter("qwen2_vl"))
    plain = loading.load(base, {}, device="cpu")
    places = dict(plain.network.named_parameters())
    weights = load_file(adapter.file)
    for name, down in weights.items():
        if ".lora_A." in name:
            up = weights[name.replace(".lora_A.", ".lora_B.")]
            places[name.removeprefix("base_model.model.").replace(".lora_A", "")].data += 2.0 * up @ down
    adapted = loading.load(base, {"quality": adapter}, device="cpu")
    assert loading._probe(adapted).allclose(loading._probe(plain), atol=1e-4)


def test_an_adapter_with_strange_keys_is_refused(loading: Any, tiny: TinyModels, copy: Copy) -> None:
    from support.tiny_mllm import rename_keys  # noqa: PLC0415 - it imports torch

    base = read_base(tiny.base("qwen2_vl"))
    adapter = rename_keys(copy(tiny.adapter("qwen2_vl")), ("model.model.language_model.", "model.model.decoder."))
    with pytest.raises(UserError, match=r"has no model\.language_model\.decoder"):
        loading.load(base, {"quality": read_adapter(adapter)}, device="cpu")


def test_half_an_adapter_is_refused(loading: Any, tiny: TinyModels, copy: Copy) -> None:
    from safetensors.torch import load_file, save_file  # noqa: PLC0415 - an extra

    folder = copy(tiny.adapter("qwen2_vl"))
    file = folder / "adapter_model.safetensors"
    weights = load_file(file)
    del weights[next(name for name in weights if "lora_B" in name)]
    save_file(weights, file)
    with pytest.raises(UserError, match="1 weights find no place in the model"):
        loading.load(read_base(tiny.base("qwen2_vl")), {"quality": read_adapter(folder)}, device="cpu")


def test_an_adapter_without_effect_is_refused(loading: Any, tiny: TinyModels, tmp_path: Path) -> None:
    from support.tiny_mllm import save_adapter  # noqa: PLC0415 - it imports torch

    empty = read_adapter(save_adapter(tmp_path / "empty", "qwen2_vl", loudness=0))
    with pytest.raises(UserError, match="empty changes nothing of what the model says"):
        loading.load(read_base(tiny.base("qwen2_vl")), {"quality": empty}, device="cpu")


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (lambda weights: weights.pop("lm_head.weight"), r"1 weights are missing \(lm_head\.weight\)"),
        (lambda weights: weights.update(head=weights["lm_head.weight"].clone()), r"1 weights have no place \(head\)"),
        (
            lambda weights: weights.update({"lm_head.weight": weights["lm_head.weight"][:-1].clone()}),
            r"1 weights have another size \(lm_head\.weight\)",
        ),
        (lambda weights: weights["lm_head.weight"].fill_(float("nan")), "calculates no numbers"),
    ],
    ids=["missing", "unexpected", "mismatched", "damaged"],
)
def test_a_model_that_is_not_whole_is_refused(
    loading: Any, tiny: TinyModels, copy: Copy, spoil: Callable[[dict[str, Any]], object], what: str
) -> None:
    from safetensors.torch import load_file, save_file  # noqa: PLC0415 - an extra

    folder = copy(tiny.base("qwen2_vl"))
    file = folder / "model.safetensors"
    weights = load_file(file)
    spoil(weights)
    save_file(weights, file, metadata={"format": "pt"})
    with pytest.raises(UserError, match=what):
        loading.load(read_base(folder), {}, device="cpu")


def test_settings_as_the_hub_has_them_of_old_mean_the_same(loading: Any, tiny: TinyModels, copy: Copy) -> None:
    folder = copy(tiny.base("qwen2_vl"))
    settings = json.loads((folder / "config.json").read_text())
    text = settings.pop("text_config")
    rope = text.pop("rope_parameters")
    text |= {
        "rope_theta": rope["rope_theta"],
        "rope_scaling": {"type": "mrope", "mrope_section": rope["mrope_section"]},
    }
    (folder / "config.json").write_text(json.dumps(text | settings))
    old = loading.load(read_base(folder), {}, device="cpu")
    today = loading.load(read_base(tiny.base("qwen2_vl")), {}, device="cpu")
    assert loading._probe(old).equal(loading._probe(today))


def test_a_card_that_has_no_room_or_is_gone(loading: Any, tiny: TinyModels, monkeypatch: pytest.MonkeyPatch) -> None:
    base = read_base(tiny.base("qwen2_vl"))

    def fail_with(error: Exception) -> None:
        def fail(*_: Any, **__: Any) -> None:
            raise error

        monkeypatch.setattr(loading, "_network", fail)
        loading.load(base, {}, device="cpu")

    with pytest.raises(AwayError, match=r"too little memory: .* needs 1\.5 GB in fp32"):
        fail_with(loading.torch.OutOfMemoryError("CUDA out of memory."))
    with pytest.raises(DeviceLostError, match="can't be used: CUDA error: no device"):
        fail_with(RuntimeError("CUDA error: no device"))


def test_merging_keeps_what_is_said(loading: Any, tiny: TinyModels, tmp_path: Path) -> None:
    base, adapter = read_base(tiny.base("qwen2_vl")), read_adapter(tiny.old_adapter("qwen2_vl"))
    out = tmp_path / "merged" / "model"
    loading.merge(base, adapter, out)
    adapted = loading.load(base, {"quality": adapter}, device="cpu")
    merged = loading.load(read_base(out), {}, device="cpu")
    said = loading._probe(adapted)
    # bf16 has three digits.
    assert (loading._probe(merged) - said).abs().max() < 0.05 * said.abs().max()
    assert {tensor.dtype for tensor in read_base(out).tensors.values()} == {"BF16"}
    assert [path.name for path in out.parent.iterdir()] == ["model"]
    with pytest.raises(UserError, match="is there already"):
        loading.merge(base, adapter, out)


def test_a_missing_card_is_said(loading: Any, tiny: TinyModels, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading.torch.cuda, "is_available", lambda: False)
    base = read_base(tiny.base("qwen2_vl"))
    with pytest.raises(UserError, match="there is no graphics card for cuda"):
        loading.load(base, {}, device="cuda")
    with pytest.raises(UserError, match="'gpu' is no device"):
        loading.load(base, {}, device="gpu")


def test_four_bits_need_their_package(loading: Any, tiny: TinyModels, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(UserError, match="bitsandbytes: install it"):
        loading.load(read_base(tiny.base("qwen2_vl")), {}, device="cpu", precision=Precision.FOUR_BIT)


def test_the_precision_that_fits_is_chosen(loading: Any, tiny: TinyModels, monkeypatch: pytest.MonkeyPatch) -> None:
    base = read_base(tiny.base("qwen2_vl"))
    adapters = {"quality": read_adapter(tiny.adapter("qwen2_vl"))}
    card = loading.torch.device("cuda:0")
    bf16 = loading.needed_bytes(base, adapters, Precision.BF16)
    four_bit = loading.needed_bytes(base, adapters, Precision.FOUR_BIT)
    assert four_bit < bf16

    def choose(free: int, total: int) -> Precision:
        monkeypatch.setattr(loading.torch.cuda, "mem_get_info", lambda _: (free, total))
        how: Precision = loading.choose_precision(base, adapters, card)
        return how

    monkeypatch.setattr(loading.importlib.util, "find_spec", lambda _: True)
    assert choose(bf16, bf16) is Precision.BF16
    assert choose(four_bit, four_bit) is Precision.FOUR_BIT
    with pytest.raises(AwayError, match=r"too little graphics memory.*are taken: end what else uses the card"):
        choose(four_bit - 1, four_bit)
    with pytest.raises(UserError, match=r"too little graphics memory.*take a smaller model"):
        choose(1000, 1000)
    monkeypatch.setattr(loading.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(UserError, match="or bitsandbytes for four bits"):
        choose(four_bit, four_bit)
