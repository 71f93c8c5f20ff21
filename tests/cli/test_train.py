"""`realqa train`: a tiny model learns a few grey photos by heart, is killed, and goes on as if nothing had happened."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from support import course
from support.command import REALQA, Run, objects, run_realqa

if TYPE_CHECKING:
    from support.tiny_mllm import TinyModels

SCORES = {40: 2.34, 130: 5.71, 210: 8.21}

Arguments = tuple[object, ...]

BY_HEART: Arguments = (
    *("--epochs", 20, "--batch", 3, "--accumulation", 1, "--rank", 32, "--learning-rate", 0.01, "--seed", 1),
    *("--checkpoints", 2, "--no-gradient-checkpointing"),
)

IN_STEPS: Arguments = (
    *("--epochs", 3, "--batch", 2, "--accumulation", 2, "--rank", 4, "--learning-rate", 0.01, "--dropout", 0.2),
    *("--checkpoints", 3, "--keep", 3, "--dev-pictures", 2),
)
"""Six steps on eight lessons, a checkpoint after every second."""

HERE: Arguments = ("--loaders", 0, "--device", "cpu")

pytestmark = pytest.mark.timeout(900)


def trained(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command as long as it takes on a busy machine; the imports alone are ten seconds of a processor."""
    return run_realqa(*arguments, home=Path.home(), seconds=600)


@pytest.fixture(scope="session")
def greys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four photos, two lessons each."""
    return course.write_dataset(tmp_path_factory.mktemp("dataset") / "greys")


@dataclass(frozen=True)
class Learned:
    """What came of a run, and where."""

    base: Path
    dataset: Path
    run: Path
    said: str


@pytest.fixture(scope="session")
def by_heart(tiny: TinyModels, tmp_path_factory: pytest.TempPathFactory) -> Learned:
    """A run that learned what to answer to each of the scorer's questions."""
    folder = tmp_path_factory.mktemp("by_heart")
    dataset = course.write_dataset(folder / "greys", SCORES, SCORES, forms=["score"])
    every = [
        record
        for role in ("overall", "quality", "aesthetic")
        for record in course.conversations(SCORES, role, ["score"])
    ]
    (dataset / "train.json").write_text(json.dumps(every))
    base = tiny.base("qwen2_vl")
    done = trained("train", dataset, "--base", base, "--out", folder / "run", *BY_HEART, *HERE)
    return Learned(base=base, dataset=dataset, run=folder / "run", said=done.stdout + done.stderr)


def test_the_adapter_scores_what_it_learned_through_the_normal_scorer(
    realqa: Run, by_heart: Learned, tmp_path: Path
) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text(
        f'[scoring]\nscorer = "realqa"\n[mllm]\nmodel = "{by_heart.base}"\ndecode = "greedy"\nexplain = "never"\n'
        f'device = "cpu"\nadapters = {{ overall = "{by_heart.run / "adapter"}" }}\nscales = {{ overall = [1, 9.99] }}\n'
    )
    scored = objects(realqa("--config", settings, "score", "--json", by_heart.dataset / "photos"))
    # Brought to 1 to 10 from a scale nearly as wide: each hundredth of a label is another score.
    assert {int(Path(line["path"]).stem): line["overall"] for line in scored} == {
        level: round(1 + (score - 1) * 9 / 8.99, 2) for level, score in SCORES.items()
    }


def test_the_adapter_is_accepted_and_fits_its_base_alone(realqa: Run, by_heart: Learned, tiny: TinyModels) -> None:
    adapter = by_heart.run / "adapter"
    report = json.loads(realqa("model", "check", by_heart.base, "--adapter", adapter, "--load", "--json").stdout)
    assert report["adapters"]["overall"]["rank"] == 32
    assert report["loaded"]["precision"] == "fp32"
    realqa("model", "check", tiny.base("qwen3_vl"), "--adapter", adapter, status=1)
    # Nothing that could run as code, and no path of this machine.
    assert {file.name for file in adapter.iterdir()} == {
        "adapter_config.json",
        "adapter_model.safetensors",
        "README.md",
    }
    said = (adapter / "adapter_config.json").read_text() + (adapter / "README.md").read_text()
    assert str(by_heart.run.parent) not in said
    assert str(by_heart.base) not in said


def test_checkpoints_are_adapters_too(realqa: Run, by_heart: Learned) -> None:
    for step in (30, 60):
        realqa("model", "check", by_heart.base, "--adapter", by_heart.run / f"checkpoint-{step}")


def test_log_picture_and_card_tell_how_it_went(by_heart: Learned) -> None:
    log = [json.loads(line) for line in (by_heart.run / "log.jsonl").read_text().splitlines()]
    steps = [line for line in log if "loss" in line]
    assert [line["step"] for line in steps] == list(range(1, 61))
    assert steps[0]["loss"] > 20 * steps[-1]["loss"]
    rates = [line["learning_rate"] for line in steps]
    assert rates.index(max(rates)) == 6  # after a tenth
    assert max(rates) == pytest.approx(0.01)
    assert rates[-1] < 1e-4
    half, end = (line["dev"] for line in log if "dev" in line)
    assert (end["pictures"], end["unanswered"], end["srcc"]) == (3, 0, 1.0)
    assert end["ncm"] < half["ncm"]
    with Image.open(by_heart.run / "curves.png") as picture:
        assert picture.width > 1000
    card = (by_heart.run / "adapter/README.md").read_text()
    assert "20 epochs in 60 steps of 3 x 1 x 1 conversations" in card
    assert f"The loss went from {steps[0]['loss']:.3f} to {steps[-1]['loss']:.3f}" in card
    assert "| 60 | 1.000 |" in card
    assert "overall = [1, 9.99]" in card
    assert "step 60 of 60" in by_heart.said
    assert f'overall = "{by_heart.run / "adapter"}"' in by_heart.said


def test_killed_and_gone_on_with_it_is_the_same_to_the_last_bit(
    realqa: Run, tiny: TinyModels, greys: Path, tmp_path: Path
) -> None:
    arguments = ("train", greys, "--base", tiny.base("qwen2_vl"), *IN_STEPS, *HERE)
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    trained(*arguments, "--out", undisturbed)
    _kill_at_step(5, killed, *arguments)
    assert not (killed / "adapter").exists()
    assert sorted(path.name for path in killed.glob("checkpoint-*")) == ["checkpoint-2", "checkpoint-4"]

    trained(*arguments, "--out", killed, "--resume")
    for folder in ("checkpoint-6", "adapter"):
        weights = [(run / folder / "adapter_model.safetensors").read_bytes() for run in (undisturbed, killed)]
        assert weights[0] == weights[1], folder
    assert _without_times(killed) == _without_times(undisturbed)
    assert "has come to its end" in realqa(*arguments, "--out", killed, "--resume").stdout


def test_what_cant_be_trained_is_refused_in_a_sentence(
    realqa: Run, tiny: TinyModels, greys: Path, by_heart: Learned, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    base = tiny.base("qwen2_vl")
    for arguments, said in (
        ((greys, "--out", out), "there is no model to adapt"),
        ((greys, "--base", tmp_path, "--out", out), "config.json is missing"),
        ((tmp_path, "--base", base, "--out", out), "`realqa dataset build` makes one"),
        ((by_heart.dataset, "--base", base, "--out", by_heart.run), "is there already"),
        ((by_heart.dataset, "--base", base, "--out", out, "--resume"), "holds no run to go on with"),
        ((by_heart.dataset, "--base", base, "--out", out, "--precision", "4bit"), "on a graphics card alone"),
    ):
        done = realqa("train", *arguments, *HERE, status=2)
        assert said in done.stderr
        assert "Traceback" not in done.stderr
    assert not out.exists()


def test_other_words_than_the_scorers_are_told_and_a_broken_photo_is_named(
    realqa: Run, by_heart: Learned, tmp_path: Path
) -> None:
    dataset = course.write_dataset(tmp_path / "greys", {40: 2.34}, {40: 2.34}, forms=["natural"])
    photo = dataset / "photos/40.png"
    photo.write_bytes(photo.read_bytes()[:60])
    arguments = ("train", dataset, "--base", by_heart.base, "--out", tmp_path / "run", "--loaders", 1)
    done = realqa(*arguments, "--device", "cpu", status=1)
    assert "don't ask for overall in the words of the prompts in force" in done.stderr
    assert f"realqa: {photo}: " in done.stderr
    assert "Traceback" not in done.stderr


def _kill_at_step(step: int, out: Path, *arguments: object) -> None:
    """Run the command and kill it as soon as it has done that step, without a chance to tidy up."""
    with subprocess.Popen([REALQA, *map(str, arguments), "--out", out], stderr=subprocess.DEVNULL) as process:
        until = time.monotonic() + 90
        while _steps(out) < step:
            assert process.poll() is None, "it ended before it could be killed"
            assert time.monotonic() < until
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL


def _steps(run: Path) -> int:
    log = run / "log.jsonl"
    return log.read_text().count('"loss"') if log.exists() else 0


def _without_times(run: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [{name: value for name, value in line.items() if name != "seconds"} for line in lines]
