"""A run's folder: what has a name is whole, and what was begun is gone on with as it was begun."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import course

from realqa_agent.dataset import manifest
from realqa_agent.errors import UserError
from realqa_agent.scoring.mllm.checkpoint import Precision
from realqa_agent.tuning.recipe import Recipe
from realqa_agent.tuning.run import Run

RECIPE = Recipe(dataset="d", base="b", prompts="p", precision=Precision.FP32)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    made = Run(tmp_path / "run")
    start(made)
    return made


def start(run: Run, recipe: Recipe = RECIPE, *, resume: bool = False) -> None:
    run.start(recipe, course.manifest("overall", ["score"], {}, {}), resume=resume)


def written(run: Run, step: int) -> Path:
    """Write what the trainer writes of a checkpoint."""
    folder = run.unfinished / f"checkpoint-{step}"
    folder.mkdir(parents=True)
    (folder / "adapter_model.safetensors").write_text("weights")
    return folder


def test_only_what_was_written_whole_counts(run: Run) -> None:
    written(run, 9)
    run.keep_checkpoint(9, keep=2)
    written(run, 18)
    assert [step for step, _ in run.checkpoints()] == [9]
    start(run, resume=True)
    assert not run.unfinished.exists()
    assert [step for step, _ in run.checkpoints()] == [9]


def test_the_newest_stay_in_the_order_of_steps(run: Run) -> None:
    for step in (9, 99, 100):
        written(run, step)
        run.keep_checkpoint(step, keep=2)
    assert [step for step, _ in run.checkpoints()] == [99, 100]
    assert list(run.unfinished.iterdir()) == []


def test_the_log_goes_back_to_the_checkpoint(run: Run) -> None:
    for step in (1, 2, 3):
        run.note({"step": step, "loss": 1.0})
    with run.log_file.open("a") as file:
        file.write('{"step": 4, "lo')
    written(run, 2)
    run.keep_checkpoint(2, keep=2)
    start(run, resume=True)
    assert [line["step"] for line in run.log()] == [1, 2]
    run.note({"step": 3, "loss": 0.5})
    assert [line["loss"] for line in run.log()] == [1.0, 1.0, 0.5]


def test_killed_before_the_first_checkpoint_it_begins_anew(run: Run) -> None:
    run.note({"step": 1, "loss": 1.0})
    start(run, resume=True)
    assert run.log() == []
    assert run.checkpoints() == []


def test_of_what_was_saved_the_adapter_alone_is_passed_on(run: Run) -> None:
    folder = run.unfinished / "adapter"
    folder.mkdir(parents=True)
    for name in ("adapter_config.json", "adapter_model.safetensors", "training_args.bin", "README.md"):
        (folder / name).write_text("the library's")
    run.keep_adapter("# Ours")
    there = {file.name: file.read_text() for file in run.adapter.iterdir()}
    assert there.keys() == {"adapter_config.json", "adapter_model.safetensors", "README.md"}
    assert there["README.md"] == "# Ours"


def test_what_the_lessons_were_goes_with_the_run(run: Run) -> None:
    about = manifest.read(run.folder)
    assert (about.name, about.role) == ("greys", "overall")


def test_another_recipe_is_another_run(run: Run) -> None:
    other = RECIPE.model_copy(update={"rank": 64, "processes": 4})
    with pytest.raises(UserError, match="processes is 4, was 1; rank is 64, was 128"):
        start(run, other, resume=True)


def test_what_cant_be_begun_or_gone_on_with_is_refused(run: Run, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there already: go on with it by --resume"):
        start(run)
    with pytest.raises(UserError, match="holds no run to go on with"):
        start(Run(tmp_path / "none"), resume=True)
    run.recipe_file.write_text('{"rank": 0}')
    with pytest.raises(UserError, match="not a recipe of this version"):
        start(run, resume=True)
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="can't write there"):
        start(Run(tmp_path / "file/run"))
