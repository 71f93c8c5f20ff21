"""darktable imports photos with our sidecars, a human edits there, and we write again.

One story for all tests: the agent writes, darktable imports the folder, a human gives stars, a tag and a title, the
agent scores again and writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from support import darktable
from support.desk import Desk
from support.display import Display
from support.pictures import small
from support.sidecars import CONTENT, HIERARCHICAL, RATING, blurry, foreign, listed, own, packet, record, values

from realqa_agent.assessment import Decision
from realqa_agent.config import Metadata
from realqa_agent.media.embedded import read_embedded
from realqa_agent.metadata.human import human_rating
from realqa_agent.metadata.recall import recalled
from realqa_agent.metadata.record import Field, Memory, Owner, Remembered

pytestmark = [
    pytest.mark.apps,
    pytest.mark.skipif(not darktable.present(), reason="darktable-cli is not installed"),
    pytest.mark.skipif(not darktable.editable(), reason="darktable's library, lua5.4 or Xvfb is not installed"),
]

TITLE = "{http://purl.org/dc/elements/1.1/}title"
INSIDE = packet(
    '<dc:title><rdf:Alt><rdf:li xml:lang="x-default">Harbour</rdf:li></rdf:Alt></dc:title>'
    + listed("dc:subject", "sea"),
    'xmp:Rating="4"',
)
WRITTEN = {"plain": blurry(), "rated": blurry(3), "rejected": blurry(-1), "seeded": blurry(), "quiet": blurry(2)}
"""What the agent says first."""
SINGLE = packet("", 'xmp:Rating="1"')
UNSEEN = ("late", "fresh", "single", "inside")
"""Imported before the agent says anything. A human gave the last two one star, in a sidecar and inside the photo."""
EDITS = """
image("plain.jpg").rating = 2
image("rated.jpg").rating = 4
image("rejected.jpg").rating = 3
image("late.jpg").rating = 3
image("seeded.jpg").title = "Pier"
for _, name in ipairs { "plain.jpg", "seeded.jpg" } do
  dt.tags.attach(dt.tags.create("places|coast"), image(name))
end
"""
STARS = {"plain": 2, "rated": 4, "rejected": 3, "late": 3, "seeded": 4}
"""What humans gave by then."""
NEXT = record(5, Decision.KEEP, exposure="overexposed")
"""What the agent says at last: other stars, another verdict, other keywords."""


@dataclass(frozen=True, kw_only=True)
class Story:
    """The sidecars after each step, by the names of the photos, and what the agent remembers at the end."""

    folder: Path
    before: dict[str, bytes]
    imported: dict[str, bytes]
    edited: dict[str, bytes]
    after: dict[str, bytes]
    memory: dict[str, Memory]


def sidecars(folder: Path) -> dict[str, bytes]:
    return {path.name.removesuffix(".jpg.xmp"): path.read_bytes() for path in folder.glob("*.jpg.xmp")}


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, desk: Desk, screen: Display) -> Story:
    base = tmp_path_factory.mktemp("darktable")
    folder, library = base / "photos", base / "library"
    folder.mkdir()
    photos = {name: folder / f"{name}.jpg" for name in (*WRITTEN, *UNSEEN)}
    for seed, (name, path) in enumerate(photos.items()):
        small(path, {"seeded": INSIDE, "inside": SINGLE}.get(name), seed)
    (folder / "single.jpg.xmp").write_bytes(SINGLE)
    plans = {name: desk.write(photos[name], one, read_embedded(photos[name])) for name, one in WRITTEN.items()}
    before = sidecars(folder)
    darktable.edit(library, screen, photos=folder)
    imported = sidecars(folder)
    darktable.edit(library, screen, edits=EDITS)
    edited = sidecars(folder)
    memory = {}
    for name, path in photos.items():
        known = plans[name].memory if name in plans else {}
        memory[name] = desk.write(path, NEXT, read_embedded(path), memory=known).memory
    return Story(folder=folder, before=before, imported=imported, edited=edited, after=sidecars(folder), memory=memory)


@pytest.mark.parametrize("name", WRITTEN)
def test_import_and_edits_keep_every_word_of_ours(story: Story, name: str) -> None:
    said = own(story.before[name])
    assert {"Overall", "VerdictReasons", "Attributes", "WrittenKeywords", "Details", "Measures"} <= set(said)
    assert own(story.imported[name]) == said
    assert own(story.edited[name]) == said
    assert recalled(story.edited[name], CONTENT.sha256, "fake", "1.2") is not None


def test_the_edits_reach_the_sidecars(story: Story) -> None:
    for name, stars in STARS.items():
        assert values(story.edited[name], RATING) == [str(stars)]
    assert values(story.edited["seeded"], TITLE) == ["Pier"]
    assert {"sea", "places|coast", "RealQA|reject"} <= set(values(story.edited["seeded"], HIERARCHICAL))
    assert b"darktable:history" in story.edited["plain"]


@pytest.mark.parametrize("name", [*WRITTEN, "late", "single", "inside"])
def test_our_next_write_changes_nothing_but_our_own_fields(story: Story, name: str) -> None:
    assert story.after[name] != story.edited[name]
    assert own(story.after[name])["Verdict"] == "keep"
    assert foreign(story.after[name], touched=()) == foreign(story.edited[name], touched=())


@pytest.mark.parametrize("name", STARS)
def test_stars_that_a_human_gave_in_darktable_are_theirs_for_ever(story: Story, name: str) -> None:
    path = story.folder / f"{name}.jpg"
    assert values(story.after[name], RATING) == [str(STARS[name])]
    assert "WrittenRating" not in own(story.after[name])
    assert story.memory[name][Field.RATING] == Remembered(owner=Owner.HUMAN, value=str(STARS[name]))
    assert human_rating(path, read_embedded(path), Metadata(), story.memory[name]) == STARS[name]


def test_stars_of_ours_that_nobody_changed_stay_ours(story: Story) -> None:
    path = story.folder / "quiet.jpg"
    assert values(story.after["quiet"], RATING) == ["2"]
    assert story.memory["quiet"][Field.RATING].owner is Owner.AGENT
    assert human_rating(path, read_embedded(path), Metadata(), story.memory["quiet"]) is None


def test_the_star_that_darktable_gives_by_itself_is_nobodys(story: Story) -> None:
    assert values(story.imported["fresh"], RATING) == ["1"]
    assert values(story.after["fresh"], RATING) == ["5"]
    assert story.memory["fresh"][Field.RATING].owner is Owner.AGENT


@pytest.mark.parametrize("name", ["single", "inside"])
def test_a_single_star_from_before_the_import_is_a_humans(story: Story, name: str) -> None:
    path = story.folder / f"{name}.jpg"
    assert values(story.imported[name], RATING) == values(story.after[name], RATING) == ["1"]
    assert human_rating(path, read_embedded(path), Metadata(), story.memory[name]) == 1


def test_darktable_shows_the_same_after_our_next_write(story: Story, tmp_path: Path) -> None:
    for name in ("seeded", "rejected"):
        path = story.folder / f"{name}.jpg"
        after = darktable.seen(path, tmp_path / f"{name} after")
        path.with_name(f"{name}.jpg.xmp").write_bytes(story.edited[name])
        assert after == darktable.seen(path, tmp_path / f"{name} before")
    assert after.stars == STARS["rejected"]
