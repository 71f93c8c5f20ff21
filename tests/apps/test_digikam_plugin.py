"""digiKam's window with our plugin in it, and what becomes of the photos in digiKam's database.

The plugin is built as its user builds it. The first story uses a stand-in for the agent's command, which says what the
story wants; the last one uses the agent itself.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from support import digikam
from support.command import REALQA, run_realqa
from support.digikam_window import WithPlugin, missing
from support.display import Display
from support.pictures import small
from support.place import Place, old
from support.plugin import query
from support.sidecars import packet
from support.standin import StandIn, scored

from realqa_agent.hosts import digikam_plugin

ABSENT = [*digikam.absent(), *missing()]

pytestmark = [
    pytest.mark.apps,
    pytest.mark.timeout(600),  # a build takes a minute of the processor's, which others want too
    pytest.mark.skipif(bool(ABSENT), reason=f"not installed: {', '.join(ABSENT)}"),
]

Marks = dict[str, tuple[int | None, int]]
"""Stars and pick label by file name."""


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("builder")
    done = run_realqa("plugin", "install", "digikam", "--build", home=home, seconds=500)
    assert "the menu starts digiKam with it" in done.stderr
    assert "fits" in run_realqa("plugin", "status", "digikam", home=home).stdout
    return home / ".local/share/realqa/digikam" / digikam_plugin.NAME


def marks(program: WithPlugin) -> Marks:
    return {name: (seen.stars, seen.pick) for name, seen in program.seen().items()}


# With a stand-in for the agent

SAID = {
    "keep.jpg": scored(8.2, "keep", 5, pick=3),
    "review.jpg": scored(5.1, "review", 3, pick=2, image_clarity="slightly blurry"),
    "reject.jpg": scored(1.5, "reject", -1, pick=1),
    "stars.jpg": scored(1.2, "reject", -1, pick=1),
    "picked.jpg": scored(6.0, "keep", 4, pick=3),
    "hidden.jpg": scored(6.5, "keep", 4, pick=3),
}
NOTHING = (None, 0)
THEIRS: Marks = {"stars.jpg": (2, 0), "picked.jpg": (None, 2), "hidden.jpg": NOTHING, "unknown.jpg": NOTHING}
"""A person gave stars, a pick label, a reject that digiKam shows as nothing; the agent doesn't know the last one."""


@dataclass(frozen=True, kw_only=True)
class Story:
    """What digiKam's database said at each step, and what the agent was told."""

    before: Marks
    applied: Marks
    told: dict[str, tuple[str, str, str]]
    told_picks: dict[str, str]
    again: Marks
    undone: Marks
    undone_twice: Marks
    told_undone: dict[str, tuple[str, str, str]]
    choices: list[Marks]
    in_window: Marks
    over_a_human: Marks
    handed: list[str]
    picture: Path


def rated_album(folder: Path) -> Path:
    folder.mkdir()
    for seed, name in enumerate([*SAID, "unknown.jpg"]):
        small(folder / name, None, seed)
    (folder / "stars.jpg.xmp").write_bytes(packet("", 'xmp:Rating="2"'))
    (folder / "picked.jpg.xmp").write_bytes(packet("", 'digiKam:PickLabel="2"'))
    (folder / "hidden.jpg.xmp").write_bytes(packet("", 'xmp:Rating="-1"'))
    return folder


BEST_BY_AESTHETIC = ("alt+b", "Home", *["Tab"] * 4, "Home", "space")
SECOND_BY_QUALITY = ("alt+b", "Down", *["Tab"] * 4, "Home", "Right", "space")
"""Four steps from the choice of the order to the photos."""
SLIGHTLY_BLURRY = ("alt+h", "Tab", "End", "Up", "Up", "Tab", "End", "alt+t")
"""The last but two of the attributes is clarity; this is the last of its values."""


def applied_by(program: WithPlugin, keys: tuple[str, ...], settled: Callable[[], Marks]) -> Marks:
    """Return what is set on what these keys tick; it is taken back again."""
    program.press("alt+n", *keys, "alt+a")
    found = settled()
    program.press("alt+u")
    settled()
    return found


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, screen: Display, plugin: Path) -> Story:
    base = tmp_path_factory.mktemp("digikam_plugin")
    agent = StandIn(base / "agent")
    agent.say(SAID)
    folder = rated_album(base / "photos")
    agent.remember(folder / "hidden.jpg", human="-1")
    home = base / "home"
    home.mkdir()
    with WithPlugin(folder, home, screen, plugin=plugin, command=agent.words) as program:
        calls = itertools.count(1)

        def settled() -> Marks:
            """Wait until the agent was told once more."""
            number = next(calls)
            program.wait(lambda: len(agent.calls("applied")) == number, f"word to the agent, number {number}")
            program.wait_for_calls()
            return marks(program)

        def all_are_handed_over() -> bool:
            """The album's photos may not have been there yet when all were to be selected."""
            program.do("realqa_score_selection", on_all=True)
            program.wait_for_calls()
            return len(agent.calls("queue add")[-1]) == len(SAID) + 1

        before = marks(program)
        program.wait(all_are_handed_over, "the hand-over of the selection")
        program.do("realqa_apply", on_all=True)
        applied = settled()
        told, told_picks = agent.written(), agent.picks()
        agent.say({"keep.jpg": scored(7.0, "review", 4, pick=2)})
        program.do("realqa_apply", on_all=True)
        again = settled()
        program.do("realqa_undo")
        undone = settled()
        program.do("realqa_undo")
        undone_twice, told_undone = settled(), agent.written()

        asked = len(agent.calls("query"))
        program.do("realqa_results")
        program.wait_for_window()
        program.wait(lambda: len(agent.calls("query")) > asked, "the window's question")
        program.wait_for_calls()
        choices = [
            applied_by(program, keys, settled) for keys in (BEST_BY_AESTHETIC, SECOND_BY_QUALITY, SLIGHTLY_BLURRY)
        ]
        program.press("alt+h", "Tab", "Home")
        program.press("alt+n", "alt+t")
        # The last of the verdicts to show; what is shown then is not to be applied.
        program.press("alt+h", "End", "alt+n", "alt+a")
        in_window = settled()
        picture = base / "window.png"
        screen.save_picture(picture)
        handed = len(agent.calls("queue add"))
        program.press("alt+s")
        program.wait(lambda: len(agent.calls("queue add")) > handed, "what was handed over")
        program.close_window()
        program.change_all("rateshortcut-1", lambda: {stars for stars, _ in marks(program).values()} == {1})
        program.do("realqa_undo")
        over_a_human = settled()
        program.quit()
    return Story(
        before=before,
        applied=applied,
        told=told,
        told_picks=told_picks,
        again=again,
        undone=undone,
        undone_twice=undone_twice,
        told_undone=told_undone,
        choices=choices,
        in_window=in_window,
        over_a_human=over_a_human,
        handed=[Path(path).name for path in agent.calls("queue add")[-1]],
        picture=picture,
    )


def test_suggestions_are_set_where_no_human_decided(story: Story) -> None:
    free = {"keep.jpg": (5, 3), "review.jpg": (3, 2), "reject.jpg": (None, 1)}
    assert story.before == {**dict.fromkeys(free, NOTHING), **THEIRS}
    assert story.applied == {**free, **THEIRS}


def test_the_agent_hears_what_is_its_own_now(story: Story) -> None:
    assert {name: stars for name, (stars, _, _) in story.told.items() if stars} == {
        "keep.jpg": "5",
        "review.jpg": "3",
        "reject.jpg": "-1",
    }
    assert story.told_picks == {"keep.jpg": "3", "review.jpg": "2", "reject.jpg": "1"}


def test_another_opinion_replaces_the_agents_own_alone(story: Story) -> None:
    assert story.again == {**story.applied, "keep.jpg": (4, 2)}


def test_undo_goes_back_step_by_step(story: Story) -> None:
    assert story.undone == story.applied
    assert story.undone_twice == story.before
    assert {stars for stars, _, _ in story.told_undone.values()} == {""}


def test_the_window_shows_the_best_first(story: Story) -> None:
    """The stand-in's quality falls as its other scores rise; the first by quality has a human's stars."""
    best_by_aesthetic, second_by_quality, _ = story.choices
    assert best_by_aesthetic == {**story.before, "keep.jpg": (4, 2)}
    assert second_by_quality == {**story.before, "reject.jpg": (None, 1)}


def test_the_window_shows_photos_by_what_is_said_of_an_attribute(story: Story) -> None:
    assert story.choices[2] == {**story.before, "review.jpg": (3, 2)}


def test_the_window_applies_what_is_ticked(story: Story) -> None:
    assert story.in_window == {**story.again, "reject.jpg": NOTHING}


def test_the_window_hands_over_the_album(story: Story) -> None:
    assert sorted(story.handed) == sorted([*SAID, "unknown.jpg"])


def test_undo_leaves_what_a_human_gave_since(story: Story) -> None:
    assert story.over_a_human == {name: (1, pick) for name, (_, pick) in story.before.items()}


# Without an agent, and in a digiKam of another version


@pytest.fixture
def album(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    (tmp_path / "home").mkdir()
    small(folder / "one.jpg", None, 1)
    return folder


def test_without_an_agent_it_says_so_and_changes_nothing(
    tmp_path: Path, album: Path, screen: Display, plugin: Path
) -> None:
    command = ["/nowhere/realqa"]
    with WithPlugin(album, tmp_path / "home", screen, plugin=plugin, command=command) as program:
        before = marks(program)
        program.do("realqa_apply", on_all=True)
        program.wait_for_window("RealQA")
        program.do("realqa_results", alone=False)
        program.wait_for_window()
        assert marks(program) == before
        program.quit()


def test_another_version_of_digikam_refuses_it_and_goes_on(
    tmp_path: Path, album: Path, screen: Display, plugin: Path
) -> None:
    other = tmp_path / plugin.name
    library = digikam_plugin.library()
    another = library.version[:-1] + ("1" if library.version[-1] == "0" else "0")
    built = plugin.read_bytes()
    assert library.file.name.encode() in built
    other.write_bytes(built.replace(library.file.name.encode(), f"libdigikamcore.so.{another}".encode()))
    with WithPlugin(album, tmp_path / "home", screen, plugin=other, command=["/nowhere/realqa"]) as program:
        assert not program.has("realqa_results")
        assert program.has("selectAll")
        program.quit()


# With the agent itself


def test_the_agent_itself_is_asked_and_told(place: Place, screen: Display, plugin: Path, tmp_path: Path) -> None:
    """It scores what the plugin hands over, and remembers what the plugin set as its own until it is taken back."""
    place.configure(f'[index]\npath = "{place.index_file}"\n', scorer="bright")  # digiKam has another home
    old(small(place.photos / "a.jpg", None, 1))
    place.once()  # It has an index from then on.
    path = old(small(place.photos / "b.jpg", None, 2))
    home = tmp_path / "digikam"
    home.mkdir()
    command = [str(REALQA), "--config", str(place.config)]
    with WithPlugin(place.photos, home, screen, plugin=plugin, command=command) as program:

        def row() -> dict[str, str]:
            return query(place, path)["b.jpg"]

        program.do("realqa_score_album")
        program.wait(lambda: query(place, path), "the hand-over")
        assert row()["state"] == "queued"
        place.once()
        asked = row()
        assert (asked["state"], asked["stars_written"], asked["pick_written"]) == ("scored", "", "")

        def is_applied() -> str:
            """As above, the first time may come too early."""
            program.do("realqa_apply", on_all=True)
            program.wait_for_calls()
            return row()["pick_written"]

        program.wait(is_applied, "what it has set")
        applied, shown = row(), marks(program)["b.jpg"]
        assert (applied["stars_written"], applied["pick_written"]) == (asked["stars"], asked["pick"])
        assert shown == (int(asked["stars"]), int(asked["pick"]))
        program.do("realqa_undo")
        program.wait(lambda: not row()["pick_written"], "what it has taken back")
        if digikam_plugin.library().version.startswith("7."):
            # digiKam 8 writes the sidecar a moment later: until then the stars there are the agent's.
            assert row()["stars_written"] == ""
        program.wait_for_calls()
        assert marks(program)["b.jpg"] == NOTHING
        program.quit()
