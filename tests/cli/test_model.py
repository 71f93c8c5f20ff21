"""`realqa model` and what `realqa doctor` says of a model: a hub on this machine, tiny models of the real classes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.command import Run, objects
from support.hub import COMMIT, Hub, hub_on_this_machine

if TYPE_CHECKING:
    from support.tiny_mllm import TinyModels

MODEL, ADAPTERS = "somebody/tiny-vl", "MingxingLi/RealQA-models"

ATTENTION = "model-00001-of-00004.safetensors"


@pytest.fixture
def hub(tiny: TinyModels, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub with a model in four parts, and two adapters in one repository."""
    with hub_on_this_machine() as made:
        made.add(MODEL, tiny.base("qwen3_vl"), **{"pytorch_model.bin": b"code", "model.py": b"code"})
        made.licences[MODEL] = "mit"
        files = {file.name: file.read_bytes() for file in tiny.old_adapter("qwen2_vl").iterdir()}
        made.repos[ADAPTERS] = {f"{sub}/{name}": data for sub in ("ava", "koniq") for name, data in files.items()}
        for name, value in made.environment().items():
            monkeypatch.setenv(name, value)
        yield made


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """Where the command keeps what it fetched."""
    return tmp_path / "home/.local/share/realqa/models"


def configured(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "settings.toml"
    file.write_text(text)
    return file


def test_pull_fetches_what_cant_run_and_check_finds_it_whole(realqa: Run, hub: Hub, models: Path) -> None:
    done = realqa("model", "pull", MODEL, "--revision", "main")
    folder = models / f"somebody--tiny-vl@{COMMIT[:12]}"
    assert COMMIT in done.stdout
    assert "licence: mit" in done.stdout
    assert f'model = "{folder}"' in done.stdout
    there = {file.name for file in folder.iterdir()} - {".origin"}
    assert there == hub.repos[MODEL].keys() - {"pytorch_model.bin", "model.py"}
    assert all((folder / name).read_bytes() == hub.repos[MODEL][name] for name in there)
    assert [one.name for one in models.iterdir()] == [folder.name]
    assert "whole" in realqa("model", "check", folder).stdout
    asked = len(hub.requests)
    assert "it is in" in realqa("model", "pull", MODEL, "--revision", COMMIT).stdout
    assert len(hub.requests) == asked


def test_pull_asks_for_a_revision_where_none_is_known(realqa: Run, hub: Hub) -> None:
    for name in (MODEL, "realqa"):
        assert "--revision main" in realqa("model", "pull", name, status=2).stderr
    assert "no revision nightly" in realqa("model", "pull", MODEL, "--revision", "nightly", status=2).stderr
    assert hub.requests == []


def test_pull_of_a_pinned_model_asks_for_its_commit(realqa: Run, hub: Hub) -> None:
    hub.add("Qwen/Qwen2-VL-7B-Instruct", Path(__file__).parent)
    assert "has no revision eed13092" in realqa("model", "pull", "qwen2-vl-7b", status=2).stderr


def test_pull_says_that_the_adapters_licence_is_unknown_and_takes_one_of_them(
    realqa: Run, hub: Hub, models: Path
) -> None:
    done = realqa("model", "pull", "realqa", "--revision", "main", "--subfolder", "koniq")
    assert "licence: unknown. Nobody has told us" in done.stdout
    folder = models / f"realqa--koniq@{COMMIT[:12]}"
    assert f'"{folder / "koniq"}"' in done.stdout
    assert {name.split("/")[0] for name, _ in hub.requests} == {"koniq"}
    [line] = objects(realqa("model", "list", "--json"))
    assert line["licence"] == "unknown"
    assert [(one["base"], one["rank"]) for one in line["adapters"]] == [("tiny/qwen2_vl", 4)]


def test_dry_run_lists_and_fetches_nothing(realqa: Run, hub: Hub, models: Path) -> None:
    done = realqa("model", "pull", MODEL, "--revision", "main", "--dry-run")
    assert f"{len(hub.repos[MODEL][ATTENTION]):,}  {ATTENTION}" in done.stdout
    assert "model.py" not in done.stdout
    assert hub.requests == []
    assert not models.exists()


def test_a_broken_connection_is_gone_on_with(realqa: Run, hub: Hub, models: Path) -> None:
    hub.breaks[ATTENTION] = [100_000]
    realqa("model", "pull", MODEL, "--revision", "main")
    first, second = (asked for name, asked in hub.requests if name == ATTENTION)
    assert first == "bytes=0-"
    assert second is not None
    assert 0 < int(second.removeprefix("bytes=").removesuffix("-")) <= 100_000
    assert (models / f"somebody--tiny-vl@{COMMIT[:12]}" / ATTENTION).read_bytes() == hub.repos[MODEL][ATTENTION]


def test_what_was_given_up_is_hidden_told_and_gone_on_with(realqa: Run, hub: Hub, models: Path) -> None:
    hub.gone[ATTENTION] = 503
    assert "answers 503" in realqa("model", "pull", MODEL, "--revision", "main", status=2).stderr
    [line] = objects(realqa("model", "list", "--json"))
    assert "half there" in line["trouble"]
    assert Path(line["folder"]).name.startswith(".")
    had = {name for name, _ in hub.requests} - {ATTENTION}
    hub.requests.clear()
    del hub.gone[ATTENTION]
    realqa("model", "pull", MODEL, "--revision", "main")
    assert had.isdisjoint(name for name, _ in hub.requests)
    [folder] = models.iterdir()
    assert "whole" in realqa("model", "check", folder).stdout


def test_damaged_bytes_are_thrown_away(realqa: Run, hub: Hub) -> None:
    hub.promised[ATTENTION] = "0" * 64
    assert "arrived damaged" in realqa("model", "pull", MODEL, "--revision", "main", status=2).stderr
    assert all("half there" in line["trouble"] for line in objects(realqa("model", "list", "--json")))
    del hub.promised[ATTENTION]
    realqa("model", "pull", MODEL, "--revision", "main")


def test_a_full_disk_is_seen_before(realqa: Run, hub: Hub, models: Path) -> None:
    hub.sizes[ATTENTION] = 10**18
    assert "are free at" in realqa("model", "pull", MODEL, "--revision", "main", status=2).stderr
    assert hub.requests == []
    assert not models.exists()


def test_a_folder_that_cant_be_made_is_named(realqa: Run, hub: Hub, models: Path) -> None:
    del hub
    models.parent.mkdir(parents=True)
    models.write_text("in the way")
    assert f"{models}" in realqa("model", "pull", MODEL, "--revision", "main", status=2).stderr


@pytest.mark.parametrize("name", ["../../outside.json", "/outside.json", "part/../../a.json", "\x1b[2J.json"])
def test_a_file_with_an_evil_name_stops_all(realqa: Run, hub: Hub, models: Path, name: str) -> None:
    hub.repos[MODEL][name] = b"{}"
    assert "is no name of a model's file" in realqa("model", "pull", MODEL, "--revision", "main", status=2).stderr
    assert not models.exists()


def test_weights_that_may_run_code_are_no_weights(realqa: Run, hub: Hub) -> None:
    hub.repos["somebody/pickled"] = {"config.json": b"{}", "pytorch_model.bin": b"code"}
    assert "no safetensors" in realqa("model", "pull", "somebody/pickled", "--revision", "main", status=2).stderr


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (403, "GatedRepo", "agreed to its terms"),
        (401, "RepoNotFound", "HF_TOKEN"),
        (500, "", "answers 500"),
    ],
)
def test_what_the_hub_refuses_is_explained(realqa: Run, hub: Hub, status: int, code: str, said: str) -> None:
    hub.errors[MODEL] = (status, code)
    done = realqa("model", "pull", MODEL, "--revision", "main", status=2)
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_no_hub_and_no_permission_for_one_are_explained(realqa: Run, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "no model 'qwen'" in realqa("model", "pull", "qwen", status=2).stderr
    assert "no name at the hub" in realqa("model", "pull", "a b/c", "--revision", "main", status=2).stderr
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert "unset it" in realqa("model", "pull", MODEL, "--revision", "main", status=2).stderr
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    unreached = realqa("model", "pull", "qwen2-vl-7b", status=2).stderr
    assert "can't be reached" in unreached
    assert "HF_ENDPOINT" in unreached
    assert hub.requests == []


def test_a_token_goes_to_the_hub_alone_and_is_never_shown(
    realqa: Run, hub: Hub, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    with hub_on_this_machine() as store:
        store.repos[MODEL] = hub.repos[MODEL]
        hub.files_at = store.url
        done = realqa("model", "pull", MODEL, "--revision", "main")
        assert set(hub.tokens) == {"Bearer hf_secret"}
        assert len(store.requests) > 0
        assert set(store.tokens) == {None}
    assert "hf_secret" not in done.stdout + done.stderr
    assert not any(b"hf_secret" in file.read_bytes() for file in models.rglob("*") if file.is_file())


def test_without_the_library_the_extra_is_named(realqa: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "huggingface_hub.py").write_text("raise ImportError")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert "its extra `mllm`" in realqa("model", "pull", "qwen2-vl-7b", status=2).stderr


def test_list_tells_what_the_settings_use_and_what_can_be_fetched(
    realqa: Run, tiny: TinyModels, tmp_path: Path
) -> None:
    model, adapter = tiny.base("qwen2_vl"), tiny.adapter("qwen2_vl")
    gone = tmp_path / "gone"
    settings = configured(
        tmp_path,
        f'[mllm]\nmodel = "{model}"\n[mllm.adapters]\nquality = "{adapter}"\naesthetic = "{gone}"\n',
    )
    base, fine, missing = objects(realqa("--config", settings, "model", "list", "--json"))
    assert base["architecture"] == "Qwen2VLForConditionalGeneration"
    assert base["used"]
    assert base["needs"]["fp32"] == 2 * base["needs"]["bf16"] > 2 * base["needs"]["4bit"] > 0
    assert [one["used"] for one in fine["adapters"]] == [True]
    assert "there is no model" in missing["trouble"]
    shown = realqa("--config", settings, "model", "list").stdout
    assert "in use" in shown
    assert "qrealign-mini" in shown


def test_check_names_what_is_wrong(realqa: Run, tiny: TinyModels, tmp_path: Path) -> None:
    assert "no model to check" in realqa("model", "check", status=2).stderr
    folder = shutil.copytree(tiny.base("qwen3_vl"), tmp_path / "model")
    file = folder / ATTENTION
    file.write_bytes(file.read_bytes()[:-1])
    done = realqa("model", "check", folder, status=1)
    assert f"{file} is only half there" in done.stdout
    report = json.loads(realqa("model", "check", folder, "--json", status=1).stdout)
    assert not report["ok"]
    assert "half there" in report["trouble"]
    misfit = realqa("model", "check", tiny.base("qwen3_vl"), "--adapter", tiny.adapter("qwen2_vl"), status=1)
    assert "is for tiny/qwen2_vl" in misfit.stdout


def test_check_loads_with_all_guards(realqa: Run, tiny: TinyModels, tmp_path: Path) -> None:
    settings = configured(
        tmp_path,
        f'[mllm]\nmodel = "{tiny.base("qwen2_vl")}"\nadapters = {{ quality = "{tiny.old_adapter("qwen2_vl")}" }}\n',
    )
    done = realqa("--config", settings, "model", "check", "--load", "--json")
    report = json.loads(done.stdout)
    assert report["loaded"]["precision"] == "fp32"
    assert report["loaded"]["prompt"].startswith("<|im_start|>system\nYou are a helpful assistant.")
    assert report["loaded"]["prompt"].endswith("The score of this image is ")
    assert list(report["adapters"]) == ["quality"]
    assert "loading" in done.stderr


def test_check_load_refuses_an_adapter_without_effect(realqa: Run, tiny: TinyModels, tmp_path: Path) -> None:
    from support.tiny_mllm import save_adapter  # noqa: PLC0415 - it imports torch

    silent = save_adapter(tmp_path / "silent", "qwen2_vl", loudness=0)
    arguments = ("model", "check", tiny.base("qwen2_vl"), "--adapter", silent)
    assert "fits the model" in realqa(*arguments).stdout
    done = realqa(*arguments, "--load", status=1)
    assert "changes nothing" in done.stdout
    assert "Traceback" not in done.stderr


def test_check_load_looks_at_the_prompts_in_force(realqa: Run, tiny: TinyModels, tmp_path: Path) -> None:
    from realqa_agent.scoring.mllm.datafile import shipped  # noqa: PLC0415 - beside its use

    own = tmp_path / "prompts.toml"
    own.write_text(shipped("prompts.toml").read_text().replace("[questions.overall]", "[questions.overal]"))
    settings = configured(tmp_path, f'[mllm]\nmodel = "{tiny.base("qwen2_vl")}"\nprompts = "{own}"\n')
    assert "questions.overal" in realqa("--config", settings, "model", "check", "--load", status=1).stdout


def test_check_compares_published_conversations(realqa: Run, tmp_path: Path) -> None:
    def row(question: str, answer: str) -> dict[str, Any]:
        return {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}

    folder = tmp_path / "conversations"
    (folder / "test").mkdir(parents=True)
    theirs = row("<image>Please score.", "The score of this image is 3.45.")
    (folder / "test/koniq10k_test.json").write_text(json.dumps([theirs, theirs]))
    (folder / "level_shot.jsonl").write_text(json.dumps(row("<image>Is it level?", "Level Shot: level")) + "\n\n")
    (folder / "dataset_info.json").write_text('{"no": "conversation"}')
    report = json.loads(realqa("model", "check", "--conversations", folder, "--json").stdout)
    assert [(one["dataset"], one["count"], one["theirs"]) for one in report["differences"]] == [
        ("level_shot.jsonl", 1, "Is it level?"),
        ("test/koniq10k_test.json", 2, "Please score."),
    ]
    shown = realqa("model", "check", "--conversations", folder).stdout
    assert "'Please score.'" in shown
    assert "prompts.toml" in shown
    (folder / "level_shot.jsonl").write_text('{"messages"')
    assert "is damaged" in realqa("model", "check", "--conversations", folder, status=2).stderr


def test_merge_writes_another_model_once(realqa: Run, tiny: TinyModels, tmp_path: Path) -> None:
    base, adapter, out = tiny.base("qwen2_vl"), tiny.adapter("qwen2_vl"), tmp_path / "new/merged"
    settings = configured(tmp_path, f'[mllm]\nmodel = "{base}"\n')
    done = realqa("--config", settings, "model", "merge", "--adapter", adapter, out)
    assert f'model = "{out}"' in done.stdout
    assert "merging" in done.stderr
    marks = {json.loads(realqa("model", "check", one, "--json").stdout)["mark"] for one in (base, out)}
    assert len(marks) == 2
    again = realqa("--config", settings, "model", "merge", "--adapter", adapter, out, status=2)
    assert "is there already" in again.stderr
    assert [one.name for one in out.parent.iterdir()] == ["merged"]


def test_merge_refuses_what_doesnt_fit_and_leaves_nothing(realqa: Run, tiny: TinyModels, tmp_path: Path) -> None:
    out = tmp_path / "merged"
    arguments = ("--model", tiny.base("qwen3_vl"), "--adapter", tiny.adapter("qwen2_vl"), out)
    assert "is for tiny/qwen2_vl" in realqa("model", "merge", *arguments, status=2).stderr
    assert not out.exists()


def test_doctor_tells_how_a_model_would_run(realqa: Run, tiny: TinyModels, tmp_path: Path) -> None:
    settings = configured(tmp_path, f'[mllm]\nmodel = "{tiny.base("qwen2_vl")}"\ndevice = "cpu"\n')
    shown = realqa("--config", settings, "doctor").stdout
    assert "the processor" in shown
    assert "would be taken in fp32 and needs 1.5 GB" in shown
    settings = configured(tmp_path, f'[mllm]\nmodel = "{tmp_path / "gone"}"\n[scoring]\nscorer = "realqa"\n')
    assert f"model: there is no model at {tmp_path / 'gone'}" in realqa("--config", settings, "doctor", status=1).stdout


def test_doctor_says_nothing_of_models_where_none_is_set(realqa: Run) -> None:
    assert "torch" not in realqa("doctor").stdout
