"""`realqa digikam setup` and `refresh` bring results into a real digiKam, and what people choose there out of it.

One story: a person rates in a digiKam as it comes, which keeps that in its database alone. They set it up, in the two
steps that this takes, and the agent writes. A new photo comes while digiKam runs; the person rates it; the agent
scores again.
"""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from support import digikam
from support.command import REALQA
from support.desk import Desk
from support.digikam import UNTOLD, Digikam, Seen
from support.display import Display
from support.pictures import small
from support.place import until
from support.sidecars import PICK, RATING, own, record, values

from realqa_agent.assessment import Decision
from realqa_agent.hosts.kconfig import Settings
from realqa_agent.metadata.record import Field, Memory, Owner

pytestmark = [
    pytest.mark.apps,
    pytest.mark.timeout(300),
    pytest.mark.skipif(bool(digikam.absent()), reason=f"not installed: {', '.join(digikam.absent())}"),
]

RATED, NEW = "rated.jpg", "new.jpg"

CHANGED = {
    "Use XMP Sidecar For Reading",
    "Metadata Writing Mode",
    "Save Rating",
    "Save Pick Label",
    "Save Tags",
    "Rescan File If Modified",
}

SECONDS = 60.0

FIRST = record(3, image_clarity="blurry")
AGAIN = record(1, Decision.REJECT, exposure="overexposed")


@dataclass(frozen=True, kw_only=True)
class Story:
    """What digiKam showed at each step, what the command said, and the files, in the order of the story."""

    untold: Seen
    nobody_to_tell: str
    used: bytes
    """The settings before the setup, as digiKam wrote them."""
    first_step: str
    while_it_runs: str
    written_out: bytes
    """The sidecar of the rated photo once digiKam has written out what it knew."""
    second_step: str
    told: Seen
    """The rated photo at the start after the setup."""
    came: Seen
    """The new photo after the first `refresh`."""
    memory: dict[str, Memory]
    in_the_end: dict[str, Seen]
    handed_over: list[str]
    """What "Open With" has put into the agent's queue."""
    sidecars: dict[str, bytes]
    as_digikam_left_it: bytes
    check: str
    undo: str
    undone: bytes


class Home:
    """A person's photos, their digiKam, and the command as they call it."""

    def __init__(self, base: Path, screen: Display) -> None:
        self.folder = base / "photos"
        self.folder.mkdir()
        (base / "home").mkdir()
        self.digikam = Digikam(self.folder, base / "home", screen, UNTOLD)

    def realqa(self, *words: str, status: int = 0) -> subprocess.CompletedProcess[str]:
        environment = self.digikam.surroundings()
        done = subprocess.run([REALQA, *words], env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == status, done.stderr
        return done

    def settings(self) -> bytes:
        return self.digikam.settings_file.read_bytes()

    def sidecar(self, name: str) -> bytes:
        path = self.folder / f"{name}.xmp"
        return path.read_bytes() if path.exists() else b""

    def stars(self, name: str) -> list[str]:
        return values(self.sidecar(name), RATING) if self.sidecar(name) else []

    def queued(self) -> list[str]:
        if not (self.digikam.home / "data/realqa").exists():
            return []
        listed = self.realqa("queue", "list", "--json").stdout.splitlines()
        return sorted(Path(json.loads(line)["path"]).name for line in listed)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, desk: Desk, screen: Display) -> Story:
    home = Home(tmp_path_factory.mktemp("digikam_setup"), screen)
    program = home.digikam
    rated, new = home.folder / RATED, home.folder / NEW
    small(rated, None, 1)
    with program:
        home.realqa("plugin", "install", "digikam")
        program.change_all("rateshortcut-4", lambda: program.seen()[RATED].stars == 4)
        untold = program.seen()[RATED]
        program.quit()
        assert not home.sidecar(RATED)

        nobody_to_tell = home.realqa("digikam", "refresh", status=1).stderr
        used = home.settings()
        first_step = home.realqa("digikam", "setup", "--yes").stderr
        program.start()
        while_it_runs = home.realqa("digikam", "setup", "--yes", status=2).stderr
        program.write_all(lambda: home.stars(RATED) == ["4"])
        program.quit()
        written_out = home.sidecar(RATED)
        second_step = home.realqa("digikam", "setup", "--yes").stderr

        memory = {RATED: desk.write(rated, FIRST).memory}
        program.start()
        until(lambda: program.seen()[RATED].tags and program.seen()[RATED].pick, SECONDS)
        told = program.seen()[RATED]
        small(new, None, 2)
        memory[NEW] = desk.write(new, FIRST).memory
        home.realqa("digikam", "refresh")
        until(lambda: NEW in program.seen() and program.seen()[NEW].tags and program.seen()[NEW].pick, SECONDS)
        came = program.seen()[NEW]

        program.change_all("rateshortcut-5", lambda: home.stars(RATED) == home.stars(NEW) == ["5"])
        time.sleep(2.1)  # digiKam takes two changes of a file within two seconds for one, and the first was its own
        memory = {name: desk.write(home.folder / name, AGAIN, memory=memory[name]).memory for name in (RATED, NEW)}
        home.realqa("digikam", "refresh")
        until(lambda: all(len(one.tags) == 3 for one in program.seen().values()), SECONDS)
        in_the_end = program.seen()
        program.open_with("s", lambda: len(home.queued()) == 2)
        program.quit()
        as_digikam_left_it = home.settings()
        check = home.realqa("digikam", "check").stdout
        undo = home.realqa("digikam", "setup", "--undo", "--yes").stderr
    return Story(
        untold=untold,
        nobody_to_tell=nobody_to_tell,
        used=used,
        first_step=first_step,
        while_it_runs=while_it_runs,
        written_out=written_out,
        second_step=second_step,
        told=told,
        came=came,
        memory=memory,
        in_the_end=in_the_end,
        handed_over=home.queued(),
        sidecars={name: home.sidecar(name) for name in (RATED, NEW)},
        as_digikam_left_it=as_digikam_left_it,
        check=check,
        undo=undo,
        undone=home.settings(),
    )


def test_what_digikam_knew_alone_is_written_out_before_it_looks_at_sidecars(story: Story) -> None:
    assert story.untold.stars == 4
    assert "One setting waits for you" in story.first_step
    assert "Rescan File If Modified" not in story.first_step
    assert values(story.written_out, RATING) == ["4"]
    assert "+ Rescan File If Modified=true" in story.second_step
    assert "One setting waits" not in story.second_step


def test_after_the_setup_results_arrive_and_a_persons_stars_stay(story: Story) -> None:
    assert story.told == Seen(stars=4, pick=3, tags=("RealQA/clarity/blurry",), title="", caption="")


def test_a_refresh_brings_results_into_a_running_digikam(story: Story) -> None:
    assert story.came == Seen(stars=3, pick=3, tags=("RealQA/clarity/blurry",), title="", caption="")


@pytest.mark.parametrize("name", [RATED, NEW])
def test_what_a_person_rates_later_stays_theirs(story: Story, name: str) -> None:
    assert values(story.sidecars[name], RATING) == ["5"]
    assert story.memory[name][Field.RATING].owner is Owner.HUMAN
    assert story.in_the_end[name].stars == 5


@pytest.mark.parametrize("name", [RATED, NEW])
def test_a_new_score_replaces_ours_but_for_the_tags_that_digikam_7_keeps(story: Story, name: str) -> None:
    assert own(story.sidecars[name])["Verdict"] == "reject"
    assert (values(story.sidecars[name], PICK), story.in_the_end[name].pick) == (["1"], 1)
    assert story.in_the_end[name].tags == (
        "RealQA/clarity/blurry",
        "RealQA/exposure/overexposed",
        "RealQA/reject",
    )


def test_open_with_hands_the_selected_photos_to_the_agent(story: Story) -> None:
    assert story.handed_over == [NEW, RATED]


def test_digikam_keeps_the_settings(story: Story) -> None:
    assert "ready" in story.check
    assert "digiKam   7.9" in story.check


def test_settings_are_not_touched_while_it_runs(story: Story) -> None:
    assert "quit it first" in story.while_it_runs


def test_a_refresh_without_digikam_says_so(story: Story) -> None:
    assert "no digiKam runs on this desktop" in story.nobody_to_tell


def test_undo_takes_back_our_settings_alone_in_a_file_that_digikam_wrote_since(story: Story) -> None:
    assert story.as_digikam_left_it != story.used
    assert "their changes stay" in story.undo
    assert Settings(story.undone).value("Metadata Settings", "Save Rating") is None
    assert story.as_digikam_left_it.startswith(story.undone.partition(b"[Metadata Settings]")[0])
    ours = [line for line in story.as_digikam_left_it.splitlines() if line not in story.undone.splitlines()]
    assert sorted(line.partition(b"=")[0].decode() for line in ours) == sorted(CHANGED)
