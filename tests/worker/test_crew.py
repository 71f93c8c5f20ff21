"""The first look's workers and the model's process, hand in hand."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from PIL import Image
from support.pictures import scene

from realqa_agent.config import Config, Media, Scoring
from realqa_agent.errors import RefusalKind, UserError
from realqa_agent.worker.crew import Crew
from realqa_agent.worker.messages import Assess, Assessed, Examine, Failed, Follow, Outcome, Refused, Seen

pytestmark = pytest.mark.usefixtures("odd_scorers")


@contextmanager
def crew_of(scorer: str = "wise", *, seconds_per_file: int = 120) -> Iterator[Crew[str]]:
    settings = Config(scoring=Scoring(scorer=scorer), media=Media(seconds_per_file=seconds_per_file))
    with Crew[str](settings, 1) as crew:
        yield crew


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "words"
    folder.mkdir()
    monkeypatch.setenv("ODD_MODEL", str(folder))
    return folder


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{number}.jpg" for number in range(6)]
    for number, path in enumerate(paths):
        scene(number, 120, 80).save(path)
    return paths


def outcomes_of(crew: Crew[str], tasks: list[Follow]) -> dict[str, Outcome]:
    """Return the outcomes by file name."""
    crew.last()
    outcomes: dict[str, Outcome] = {}
    waiting = list(tasks)
    until = time.monotonic() + 60
    while len(outcomes) < len(tasks):
        assert time.monotonic() < until, "no outcome"
        while waiting and crew.free_to_follow:
            task = waiting.pop(0)
            crew.submit(task.path.name, task)
        outcomes.update(crew.wait(5.0))
    return outcomes


def test_without_a_model_the_first_look_has_the_last_word(photos: list[Path]) -> None:
    with crew_of("plain") as crew:
        assert not crew.follows
        assert crew.last().scorer == crew.first().scorer == "plain"
        assert crew.assess(photos[0]) == Assess(path=photos[0])
        assert (crew.second, crew.free_to_follow) == (None, 0)


def test_the_model_gets_what_the_first_look_opened(photos: list[Path]) -> None:
    with crew_of() as crew:
        assert (crew.first().scorer, crew.last().scorer) == ("firstlook", "wise")
        outcomes = outcomes_of(crew, [Follow(path=path) for path in photos])
    for path in photos:
        outcome = outcomes[path.name]
        assert isinstance(outcome, Assessed)
        assert (outcome.kind, outcome.width, outcome.height) == ("photo", 120, 80)
        assert (outcome.assessment.scorer, outcome.assessment.overall) == ("wise", 9.0)
        assert outcome.examined is not None
        assert outcome.examined.identity.stat == outcome.stat


def test_what_is_no_picture_is_refused_before_the_model_hears_of_it(photos: list[Path], words: Path) -> None:
    photos[0].write_bytes(photos[0].read_bytes()[:900])
    with crew_of() as crew:
        outcomes = outcomes_of(crew, [Follow(path=photos[0]), Follow(path=photos[1].with_name("nothing.jpg"))])
    assert [type(outcome) for outcome in outcomes.values()] == [Refused, Refused]
    assert not (words / "batches").exists()


def test_a_first_look_that_is_known_is_not_made_again_unless_it_is_of_another_content(photos: list[Path]) -> None:
    with crew_of() as crew:
        crew.submit("a", Assess(path=photos[0]))
        crew.submit("b", Examine(path=photos[0]))
        found: dict[str, Outcome] = {}
        while len(found) < 2:
            found.update(crew.wait(30.0))
        looked, examined = found["a"], found["b"]
        assert isinstance(looked, Assessed)
        sha256 = examined.identity.sha256  # type: ignore[union-attr]  # asserted by what follows
        wrong = Seen(sha256=sha256, first=looked.assessment)
        told = outcomes_of(crew, [Follow(path=photos[0], seen=wrong), Follow(path=photos[1], seen=wrong)])
    of_first, of_second = (told[path.name] for path in photos[:2])
    assert isinstance(of_first, Assessed)
    assert isinstance(of_second, Assessed)
    assert of_first.assessment.attributes == looked.assessment.attributes
    assert of_second.assessment.attributes != looked.assessment.attributes


def test_before_the_model_is_up_files_are_looked_at_and_nothing_follows(photos: list[Path], words: Path) -> None:
    (words / "slow").touch()
    with crew_of() as crew:
        crew.summon()
        assert crew.free_to_follow == 0
        crew.submit("look", Assess(path=photos[0]))
        found: list[tuple[str, Outcome]] = []
        while not found:
            found = crew.wait(30.0)
        assert isinstance(found[0][1], Assessed)
        assert crew.second is None
        with pytest.raises(RuntimeError):
            crew.submit("follow", Follow(path=photos[0]))


def test_silence_is_a_refusal_of_its_own_kind(photos: list[Path], words: Path) -> None:
    (words / "silent").touch()
    with crew_of() as crew:
        (outcome,) = outcomes_of(crew, [Follow(path=photos[0])]).values()
    assert outcome == Refused(kind=RefusalKind.UNANSWERED, message="it says nothing")


def test_a_model_that_is_away_gets_nothing_for_a_while(photos: list[Path], words: Path) -> None:
    (words / "away").touch()
    with crew_of() as crew:
        crew.last()
        crew.submit("it", Follow(path=photos[0]))
        found: list[tuple[str, Outcome]] = []
        while not found:
            found = crew.wait(30.0)
        assert found == [("it", Failed(message="the server went for lunch", transient=True, away=True))]
        assert crew.trouble == "the server went for lunch"
        assert crew.free_to_follow == 0
        assert crew.free > 0


def test_a_model_whose_process_dies_is_a_passing_failure_and_another_one_comes(photos: list[Path], words: Path) -> None:
    with crew_of() as crew:
        crew.last()
        (words / "crash").touch()
        (outcome,) = outcomes_of(crew, [Follow(path=photos[0])]).values()
        assert isinstance(outcome, Failed)
        assert outcome.transient
        assert not outcome.away
        assert "SIGKILL" in outcome.message
        (words / "crash").unlink()
        (outcome,) = outcomes_of(crew, [Follow(path=photos[1])]).values()
        assert isinstance(outcome, Assessed)


def test_a_model_that_takes_too_long_is_ended(photos: list[Path], words: Path) -> None:
    (words / "wait").touch()
    with crew_of(seconds_per_file=1) as crew:
        (outcome,) = outcomes_of(crew, [Follow(path=photos[0])]).values()
    assert isinstance(outcome, Failed)
    assert "took longer" in outcome.message


def test_a_model_that_can_not_be_built_is_a_users_error_for_who_needs_it(words: Path, photos: list[Path]) -> None:
    (words / "broken").touch()
    with crew_of() as crew:
        with pytest.raises(UserError, match="fetch it again"):
            crew.last()
        assert crew.first().scorer == "firstlook"
        crew.summon()
        while crew.trouble is None:
            assert crew.wait(30.0) == []
        assert "fetch it again" in crew.trouble
        crew.submit("it", Assess(path=photos[0]))
        found: list[tuple[str, Outcome]] = []
        while not found:
            found = crew.wait(30.0)
        assert isinstance(found[0][1], Assessed)


def test_an_idle_model_is_ended_so_that_its_memory_is_free_and_comes_back_for_work(photos: list[Path]) -> None:
    with crew_of() as crew:
        outcomes_of(crew, [Follow(path=photos[0])])
        assert "realqa_agent.worker.model" in programs()
        crew.rest(3600.0)
        assert "realqa_agent.worker.model" in programs()
        crew.rest(0.0)
        assert programs() == set()
        (outcome,) = outcomes_of(crew, [Follow(path=photos[1])]).values()
        assert isinstance(outcome, Assessed)


def test_photos_are_judged_together_while_others_are_opened(photos: list[Path], words: Path) -> None:
    (words / "ponder").touch()
    with crew_of() as crew:
        outcomes_of(crew, [Follow(path=path) for path in photos])
    batches = [int(line) for line in (words / "batches").read_text().split()]
    assert sum(batches) == len(photos)
    assert 1 < max(batches) <= 4


def test_large_pictures_do_not_keep_the_parent_waiting(tmp_path: Path, words: Path) -> None:
    """A socket holds less than one picture; the model's process takes them off it while it works."""
    (words / "wait").touch()
    path = tmp_path / "large.png"
    Image.effect_noise((1200, 900), 80).convert("RGB").save(path)
    with crew_of() as crew:
        crew.last()
        for number in range(3):
            crew.submit(str(number), Follow(path=path))
        while crew._model is not None and len(crew._model._workers[0].tasks) < 3:
            crew.wait(1.0)
        (words / "wait").unlink()
        found: dict[str, Outcome] = {}
        while len(found) < 3:
            found.update(crew.wait(30.0))


def programs() -> set[str]:
    """Return the programs of this process's workers."""
    found = {word for child in psutil.Process().children() for word in child.cmdline()}
    return {word for word in found if word.startswith("realqa_agent.worker.")}
