"""Stars and tags that the plugin sets in the real darktable are the agent's; what a human changes there is theirs.

One story for all tests. darktable imports a folder and gives each photo its one star. The agent scores. The plugin
sets the agent's stars and tags and says so; it takes some back. A human gives other stars. The agent scores again with
another scorer and writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from support import darktable
from support.place import Place, photo
from support.plugin import applied, query
from support.scorers import install_odd_scorers
from support.sidecars import HIERARCHICAL, RATING, own, values

from realqa_agent.config import Metadata
from realqa_agent.index.store import Index
from realqa_agent.media.embedded import read_embedded
from realqa_agent.metadata.human import human_rating
from realqa_agent.service.publishing import memory_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.display import Display

pytestmark = [
    pytest.mark.apps,
    pytest.mark.skipif(not darktable.editable(), reason="darktable's library, lua5.4 or Xvfb is not installed"),
]

BLURRY = "RealQA|clarity|blurry"
NAMES = ("kept", "lowered", "cleared", "told", "withdrawn", "tagged")
SUGGESTED = 4
"""What `plain` comes to for all of them."""
PLUGIN = "".join(f'image("{name}.jpg").rating = {SUGGESTED}\n' for name in NAMES[:5]) + "".join(
    f'dt.tags.attach(dt.tags.create("{BLURRY}"), image("{name}.jpg"))\n' for name in ("kept", "tagged")
)
AFTER = """
image("withdrawn.jpg").rating = 1
image("lowered.jpg").rating = 2
image("cleared.jpg").rating = 1
image("told.jpg").rating = 1
"""


@dataclass(frozen=True, kw_only=True)
class Story:
    """What the agent said when, by the names of the photos."""

    place: Place
    scored: dict[str, dict[str, str]]
    applied: dict[str, dict[str, str]]
    last: dict[str, dict[str, str]]
    human: dict[str, int | None]
    """The stars that count as a human's at the end."""
    sidecars: dict[str, bytes]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, screen: Display) -> Iterator[Story]:
    site, base = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("story")
    install_odd_scorers(site)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(site))
        yield told(Place(base), base / "library", screen)


def told(place: Place, library: Path, screen: Display) -> Story:
    paths = [photo(place.photos / f"{name}.jpg", seed) for seed, name in enumerate(NAMES)]
    darktable.edit(library, screen, photos=place.photos)
    place.once()
    scored = query(place, *paths)
    darktable.edit(library, screen, edits=PLUGIN)
    said = [(place.photos / f"{name}.jpg", SUGGESTED, BLURRY if name == "kept" else "") for name in NAMES[:5]]
    applied(place, "path stars keywords", *said, (place.photos / "tagged.jpg", "", BLURRY))
    after_plugin = query(place, *paths)
    darktable.edit(library, screen, edits=AFTER)
    applied(place, "path stars keywords", (place.photos / "withdrawn.jpg", "", ""))
    applied(place, "path stars human keywords", (place.photos / "told.jpg", "", 1, ""))
    place.configure(scorer="bright")
    place.once()
    return Story(
        place=place,
        scored=scored,
        applied=after_plugin,
        last=query(place, *paths),
        human=humans(place),
        sidecars={name: (place.photos / f"{name}.jpg.xmp").read_bytes() for name in NAMES},
    )


def humans(place: Place) -> dict[str, int | None]:
    found = {}
    with Index.read(place.index_file) as index:
        for name in NAMES:
            path = place.photos / f"{name}.jpg"
            row = index.lookup(path)
            assert row is not None
            found[name] = human_rating(path, read_embedded(path), Metadata(), memory_of(index, row.file_id))
    return found


def test_the_agent_suggests_and_has_written_nothing_there(story: Story) -> None:
    for row in story.scored.values():
        assert (row["state"], row["stars"], row["stars_written"], row["human"]) == ("scored", str(SUGGESTED), "", "0")


def test_what_the_plugin_set_is_the_agents(story: Story) -> None:
    assert story.applied["kept.jpg"]["stars_written"] == str(SUGGESTED)
    assert story.applied["kept.jpg"]["keywords_written"] == BLURRY
    assert story.applied["tagged.jpg"]["stars_written"] == ""
    assert story.applied["tagged.jpg"]["keywords_written"] == BLURRY


def test_the_next_run_takes_it_for_its_own_and_marks_it(story: Story) -> None:
    row = story.last["kept.jpg"]
    assert (row["followed"], row["stars_written"], row["human"]) == ("bright", str(SUGGESTED), "0")
    assert own(story.sidecars["kept"])["WrittenRating"] == str(SUGGESTED)
    assert values(story.sidecars["kept"], RATING) == [str(SUGGESTED)]
    assert story.human["kept"] is None


def test_a_humans_later_change_is_theirs(story: Story) -> None:
    assert story.last["lowered.jpg"]["human"] == "1"
    assert story.last["lowered.jpg"]["stars_written"] == ""
    assert story.human["lowered"] == 2
    assert "WrittenRating" not in own(story.sidecars["lowered"])
    history = story.place.realqa("history", "--json", story.place.photos / "lowered.jpg").stdout
    assert '"event": "applied", "detail": "rating none \\u2192 4", "who": "plugin"' in history
    assert '"event": "decided", "detail": "rating 2", "who": "human"' in history


def test_a_way_back_to_the_import_star_is_not_taken_for_free(story: Story) -> None:
    # Nobody told: the plugin still sees that the rating is no longer what was written.
    assert story.last["cleared.jpg"]["stars_written"] == str(SUGGESTED)
    assert values(story.sidecars["cleared"], RATING) == ["1"]
    # The plugin saw it and told.
    assert story.last["told.jpg"]["human"] == "1"
    assert story.human["told"] == 1


@pytest.mark.parametrize("name", ["withdrawn", "tagged"])
def test_the_import_star_stays_nobodys_when_the_plugin_comes_and_goes(story: Story, name: str) -> None:
    row = story.last[f"{name}.jpg"]
    assert (row["stars_written"], row["human"]) == ("", "0")
    assert values(story.sidecars[name], RATING) == ["1"]
    assert story.human[name] is None


def test_tags_that_the_plugin_set_stay_in_the_sidecar(story: Story) -> None:
    for name in ("kept", "tagged"):
        assert BLURRY in values(story.sidecars[name], HIERARCHICAL)
        assert story.last[f"{name}.jpg"]["keywords_written"] == BLURRY
