"""What is wrong with a model's folder is said before anything is loaded, with the mend."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from realqa_agent.errors import UserError
from realqa_agent.scoring.mllm.checkpoint import Precision, check_fit, read_adapter, read_base

if TYPE_CHECKING:
    from support.tiny_mllm import TinyModels

Copy = Callable[[Path], Path]


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """Copy a folder, to be spoiled."""
    return lambda folder: Path(shutil.copytree(folder, tmp_path / "models" / folder.name))


def edit(file: Path, **changes: Any) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def cut(file: Path, size: int) -> None:
    with file.open("r+b") as stream:
        stream.truncate(size)


@pytest.mark.parametrize("family", ["qwen2_vl", "qwen2_5_vl", "qwen3_vl"])
def test_a_whole_model_and_its_adapters_of_any_time_are_fine(tiny: TinyModels, family: str) -> None:
    base = read_base(tiny.base(family))
    assert len(base.files) == (4 if family == "qwen3_vl" else 1)
    adapter, old = read_adapter(tiny.adapter(family)), read_adapter(tiny.old_adapter(family))
    check_fit(adapter, base)
    check_fit(old, base)
    assert adapter.tensors == old.tensors
    assert (adapter.base_name, adapter.rank) == (f"tiny/{family}", 4)


def test_looking_at_folders_needs_no_torch(tiny: TinyModels) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from realqa_agent.scoring.mllm import checkpoint, chat, pattern, trouble\n"
        "checkpoint.check_fit(checkpoint.read_adapter(Path(sys.argv[1])), checkpoint.read_base(Path(sys.argv[2])))\n"
        "sys.exit(bool({'torch', 'numpy', 'transformers'} & sys.modules.keys()))"
    )
    folders = [str(tiny.adapter("qwen2_vl")), str(tiny.base("qwen2_vl"))]
    subprocess.run([sys.executable, "-c", program, *folders], check=True)


def test_what_is_no_model(tiny: TinyModels, tmp_path: Path, copy: Copy) -> None:
    with pytest.raises(UserError, match=r"there is no model at .*gone"):
        read_base(tmp_path / "gone")
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="file is no folder"):
        read_base(tmp_path / "file")
    with pytest.raises(UserError, match=r"config\.json is missing: is it a model's folder"):
        read_base(tmp_path)
    with pytest.raises(UserError, match="is an adapter, not a model"):
        read_base(tiny.adapter("qwen2_vl"))
    with pytest.raises(UserError, match=r"adapter_config\.json is missing: is it an adapter's folder"):
        read_adapter(tiny.base("qwen2_vl"))
    other = copy(tiny.base("qwen2_vl"))
    edit(other / "config.json", architectures=["LlavaForConditionalGeneration"])
    with pytest.raises(UserError, match=r"LlavaForConditionalGeneration is none of Qwen2VL"):
        read_base(other)
    (other / "config.json").write_text('{"architectures": ["Qwen2VL')
    with pytest.raises(UserError, match=r"config\.json is damaged or only half there"):
        read_base(other)


def test_a_model_that_is_quantised_already(tiny: TinyModels, copy: Copy) -> None:
    folder = copy(tiny.base("qwen2_vl"))
    edit(folder / "config.json", quantization_config={"quant_method": "awq"})
    with pytest.raises(UserError, match="quantised already: take the full model"):
        read_base(folder)


def test_a_half_fetched_model_names_what_is_missing(tiny: TinyModels, copy: Copy) -> None:
    half = copy(tiny.base("qwen3_vl"))
    shard = half / "model-00002-of-00004.safetensors"
    cut(shard, shard.stat().st_size - 1000)
    with pytest.raises(UserError, match=r"model-00002-of-00004\.safetensors is only half there: [\d,]+ bytes where"):
        read_base(half)
    cut(shard, 100)
    with pytest.raises(
        UserError, match=r"model-00002-of-00004\.safetensors is no safetensors file, or only its beginning"
    ):
        read_base(half)
    shard.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n")
    with pytest.raises(UserError, match="git lfs pull"):
        read_base(half)
    shard.unlink()
    with pytest.raises(
        UserError, match=r"1 of 4 files of weights are missing: model-00002-of-00004\.safetensors; fetch"
    ):
        read_base(half)


def test_a_model_whose_weights_never_came(tiny: TinyModels, copy: Copy) -> None:
    folder = copy(tiny.base("qwen2_vl"))
    (folder / "model.safetensors").unlink()
    with pytest.raises(UserError, match="has no weights"):
        read_base(folder)
    cache = folder / ".cache" / "huggingface" / "download"
    cache.mkdir(parents=True)
    (cache / "abc.incomplete").touch()
    with pytest.raises(UserError, match="still being fetched"):
        read_base(folder)


def test_files_of_two_models(tiny: TinyModels, copy: Copy) -> None:
    folder = copy(tiny.base("qwen3_vl"))
    shutil.copy(folder / "model-00001-of-00004.safetensors", folder / "model-00003-of-00004.safetensors")
    with pytest.raises(UserError, match="the files are of two models"):
        read_base(folder)


def test_what_could_run_code_is_refused(tiny: TinyModels, copy: Copy) -> None:
    folder = copy(tiny.base("qwen2_vl"))
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(UserError, match=r"pytorch_model\.bin may run code"):
        read_base(folder)
    edit(folder / "tokenizer_config.json", auto_map={"AutoTokenizer": "evil.Tokenizer"})
    with pytest.raises(UserError, match=r"tokenizer_config\.json wants to run code"):
        read_base(folder)
    adapter = copy(tiny.adapter("qwen2_vl"))
    (adapter / "adapter_model.safetensors").rename(adapter / "adapter_model.bin")
    with pytest.raises(UserError, match=r"adapter_model\.bin may run code"):
        read_adapter(adapter)


@pytest.mark.parametrize("name", ["tokenizer.json", "tokenizer_config.json", "preprocessor_config.json"])
def test_a_missing_small_file_is_named(tiny: TinyModels, copy: Copy, name: str) -> None:
    folder = copy(tiny.base("qwen2_vl"))
    (folder / name).unlink()
    with pytest.raises(UserError, match=name.replace(".", r"\.")):
        read_base(folder)


def test_a_half_fetched_adapter(tiny: TinyModels, copy: Copy) -> None:
    adapter = copy(tiny.adapter("qwen2_vl"))
    cut(adapter / "adapter_model.safetensors", 3000)
    with pytest.raises(UserError, match=r"adapter_model\.safetensors is"):
        read_adapter(adapter)
    (adapter / "adapter_model.safetensors").unlink()
    with pytest.raises(UserError, match=r"adapter_model\.safetensors is missing"):
        read_adapter(adapter)


def test_an_adapter_that_is_more_than_lora(tiny: TinyModels, copy: Copy) -> None:
    more: list[dict[str, Any]] = [
        {"use_dora": True},
        {"modules_to_save": ["lm_head"]},
        {"alpha_pattern": {"q_proj": 4}},
    ]
    for number, changes in enumerate(more):
        adapter = copy(tiny.adapter("qwen2_vl", seed=number + 1))
        edit(adapter / "adapter_config.json", **changes)
        with pytest.raises(UserError, match="only plain LoRA"):
            read_adapter(adapter)


def test_an_adapter_for_another_model(tiny: TinyModels) -> None:
    with pytest.raises(UserError, match=r"is for tiny/qwen3_vl: .* has no model\.visual"):
        check_fit(read_adapter(tiny.adapter("qwen3_vl")), read_base(tiny.base("qwen2_5_vl")))


def test_an_adapter_for_a_larger_model(tiny: TinyModels, copy: Copy) -> None:
    from safetensors.torch import load_file, save_file  # noqa: PLC0415 - an extra, which `tiny` has looked for

    adapter = copy(tiny.adapter("qwen2_vl"))
    file = adapter / "adapter_model.safetensors"
    weights = {name: tensor.repeat(1, 2) if "lora_A" in name else tensor for name, tensor in load_file(file).items()}
    save_file(weights, file)
    with pytest.raises(UserError, match=r"is 128 wide, that of .* 64|is 256 wide, that of .* 128"):
        check_fit(read_adapter(adapter), read_base(tiny.base("qwen2_vl")))


def test_the_mark_tells_contents_apart_and_not_places(tiny: TinyModels, copy: Copy) -> None:
    adapter, other = tiny.adapter("qwen2_vl"), tiny.adapter("qwen2_vl", seed=2)
    assert read_adapter(adapter).mark == read_adapter(copy(adapter)).mark
    assert read_adapter(adapter).mark != read_adapter(other).mark
    base = copy(tiny.base("qwen2_vl"))
    mark = read_base(base).mark
    assert mark == read_base(tiny.base("qwen2_vl")).mark
    edit(base / "config.json", tie_word_embeddings=True)
    assert read_base(base).mark != mark


def test_memory_is_counted_from_the_headers(tiny: TinyModels) -> None:
    base = read_base(tiny.base("qwen2_vl"))
    numbers = sum(tensor.size for tensor in base.tensors.values())
    assert base.weight_bytes(Precision.FP32) == 4 * numbers
    assert base.weight_bytes(Precision.BF16) == 2 * numbers
    assert 0.5 * numbers < base.weight_bytes(Precision.FOUR_BIT) < 1.5 * numbers
    adapter = read_adapter(tiny.adapter("qwen2_vl"))
    assert adapter.weight_bytes(Precision.FOUR_BIT) == adapter.weight_bytes(Precision.BF16)


def test_memory_of_the_real_model(tmp_path: Path) -> None:
    """The published shapes: what is printed for a person to choose a card by."""
    from realqa_agent.scoring.mllm.checkpoint import FAMILIES, Base, Tensor  # noqa: PLC0415

    wide, narrow, inner, words = 3584, 512, 18944, 152064
    layer = {
        "self_attn.q_proj": (wide, wide),
        "self_attn.k_proj": (narrow, wide),
        "self_attn.v_proj": (narrow, wide),
        "self_attn.o_proj": (wide, wide),
        "mlp.gate_proj": (inner, wide),
        "mlp.up_proj": (inner, wide),
        "mlp.down_proj": (wide, inner),
    }
    tensors = {
        f"model.language_model.layers.{index}.{name}.weight": Tensor("BF16", shape)
        for index in range(28)
        for name, shape in layer.items()
    }
    tensors |= {
        name: Tensor("BF16", (words, wide)) for name in ("model.language_model.embed_tokens.weight", "lm_head.weight")
    }
    tensors["model.visual"] = Tensor("BF16", (675_759_104,))
    base = Base(folder=tmp_path, family=next(iter(FAMILIES.values())), settings={}, tensors=tensors, files=())
    assert base.weight_bytes(Precision.BF16) == pytest.approx(16.6e9, rel=0.01)
    assert base.weight_bytes(Precision.FOUR_BIT) == pytest.approx(6.9e9, rel=0.01)
