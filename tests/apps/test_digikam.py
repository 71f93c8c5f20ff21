"""digiKam shows what we mean, its own later edits keep every word of ours, and what a human chose there stays.

One story for all tests: the agent writes, digiKam scans the folder, a human gives all photos a pick label and then
stars, the agent scores again and writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from lxml import etree
from support import digikam
from support.desk import Desk
from support.digikam import Digikam, Seen
from support.display import Display
from support.pictures import small
from support.sidecars import (
    CONTENT,
    FLAT,
    HIERARCHICAL,
    PICK,
    RATING,
    TAGS,
    blurry,
    foreign,
    listed,
    own,
    packet,
    record,
    values,
)

from realqa_agent.assessment import Decision
from realqa_agent.config import Metadata
from realqa_agent.media.embedded import read_embedded
from realqa_agent.metadata.human import human_rating
from realqa_agent.metadata.recall import recalled
from realqa_agent.metadata.record import Field, Memory, Owner, Remembered

pytestmark = [
    pytest.mark.apps,
    pytest.mark.skipif(bool(digikam.absent()), reason=f"not installed: {', '.join(digikam.absent())}"),
]

TEXTS = "".join(
    f'<dc:{name}><rdf:Alt><rdf:li xml:lang="x-default">{text}</rdf:li></rdf:Alt></dc:{name}>'
    for name, text in (("title", "Harbour"), ("description", "Boats at noon"))
)
INSIDE = packet(TEXTS + listed("dc:subject", "sea"), 'xmp:Rating="4"')
TREE = packet(listed("dc:subject", "coast") + listed("digiKam:TagsList", "places/coast", kind="Seq"))
ONLY_OURS = packet("<realqa:Overall>6.00</realqa:Overall>")

EMBEDDED = {"seeded": INSIDE, "tree": TREE, "untouched": INSIDE, "hidden": INSIDE}
WRITTEN = {
    "seeded": blurry(),
    "tree": blurry(),
    "rated": record(3),
    "rejected": blurry(-1),
    "lightroom": blurry(),
}
"""What the agent says first. It never sees `untouched` and `hidden`; `lightroom` has a `lightroom.xmp` too."""
HUMAN_KEYWORDS = {"sea", "coast", "places/coast"}
KEYWORDS = ("RealQA/clarity/blurry", "RealQA/reject")
NEXT = record(1, Decision.REJECT, exposure="overexposed")
"""What the agent says at last: other stars, another verdict, other keywords."""
OUR_LISTS = (HIERARCHICAL, FLAT, TAGS)


@dataclass(frozen=True, kw_only=True)
class Story:
    """What digiKam showed, the sidecars after each step by their names, and what the agent remembers at the end."""

    folder: Path
    before: dict[str, bytes]
    shown: dict[str, Seen]
    picked: dict[str, bytes]
    rated: dict[str, bytes]
    after: dict[str, bytes]
    memory: dict[str, Memory]


def sidecars(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.xmp")}


def say(folder: Path, name: str, value: str) -> bool:
    """Tell whether each photo has a sidecar in which a property has this value; digiKam writes them one by one."""

    def says(photo: Path) -> bool:
        both = (photo.with_name(f"{photo.name}.xmp"), photo.with_suffix(".xmp"))
        return any(values(path.read_bytes(), name) == [value] for path in both if path.exists())

    try:
        return all(says(photo) for photo in folder.glob("*.jpg"))
    except etree.XMLSyntaxError:
        return False  # It is writing this one.


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, desk: Desk, screen: Display) -> Story:
    base = tmp_path_factory.mktemp("digikam")
    folder, home = base / "photos", base / "home"
    folder.mkdir()
    home.mkdir()
    photos = {name: folder / f"{name}.jpg" for name in {**WRITTEN, **EMBEDDED}}
    for seed, (name, path) in enumerate(photos.items()):
        small(path, EMBEDDED.get(name), seed)
    (folder / "hidden.jpg.xmp").write_bytes(ONLY_OURS)
    (folder / "lightroom.xmp").write_bytes(packet(TEXTS, 'xmp:Rating="2" crs:Sharpness="25"'))
    plans = {name: desk.write(photos[name], one, read_embedded(photos[name])) for name, one in WRITTEN.items()}
    before = sidecars(folder)
    with Digikam(folder, home, screen) as program:
        shown = {Path(file).stem: one for file, one in program.seen().items()}
        program.change_all("pickshortcut-2", lambda: say(folder, PICK, "2"))
        picked = sidecars(folder)
        program.change_all("rateshortcut-4", lambda: say(folder, RATING, "4"))
        program.quit()
    rated = sidecars(folder)
    memory = {
        name: desk.write(photos[name], NEXT, read_embedded(photos[name]), memory=plan.memory).memory
        for name, plan in plans.items()
    }
    return Story(
        folder=folder, before=before, shown=shown, picked=picked, rated=rated, after=sidecars(folder), memory=memory
    )


def test_a_seeded_sidecar_shows_what_was_inside_and_our_keywords(story: Story) -> None:
    inside, through = story.shown["untouched"], story.shown["seeded"]
    assert inside == Seen(stars=4, pick=0, tags=("sea",), title="Harbour", caption="Boats at noon")
    assert through == Seen(stars=4, pick=0, tags=(*KEYWORDS, "sea"), title="Harbour", caption="Boats at noon")
    # What a sidecar without the seed would do, and any program's would.
    assert story.shown["hidden"] == Seen(stars=None, pick=0, tags=(), title="", caption="")


def test_the_tags_of_digikams_own_list_stay_and_ours_join_them(story: Story) -> None:
    assert story.shown["tree"].tags == (*KEYWORDS, "places/coast")


def test_stars_and_pick_labels_of_ours_show(story: Story) -> None:
    assert (story.shown["rated"].stars, story.shown["rated"].pick) == (3, 3)


def test_a_reject_shows_as_a_pick_label_and_its_minus_one_stays_in_the_file(story: Story) -> None:
    assert (story.shown["rejected"].stars, story.shown["rejected"].pick) == (None, 1)
    assert values(story.picked["rejected.jpg.xmp"], PICK) == ["2"]
    assert values(story.picked["rejected.jpg.xmp"], RATING) == ["-1"]


def test_stars_and_texts_of_a_lightroom_sidecar_show(story: Story) -> None:
    shown = story.shown["lightroom"]
    assert (shown.stars, shown.title, shown.caption) == (2, "Harbour", "Boats at noon")


@pytest.mark.parametrize("name", WRITTEN)
def test_edits_in_digikam_keep_every_word_of_ours(story: Story, name: str) -> None:
    sidecar = f"{name}.jpg.xmp"
    said = own(story.before[sidecar])
    assert {"Overall", "Attributes", "Details", "Measures"} <= set(said)
    assert own(story.picked[sidecar]) == said
    assert own(story.rated[sidecar]) == said
    assert recalled(story.rated[sidecar], CONTENT.sha256, "fake", "1.2") is not None


@pytest.mark.parametrize("name", WRITTEN)
def test_our_next_write_changes_nothing_but_our_own_fields_and_keywords(story: Story, name: str) -> None:
    sidecar = f"{name}.jpg.xmp"
    assert own(story.after[sidecar])["Overall"] == "6.00"
    assert "RealQA|exposure|overexposed" in values(story.after[sidecar], HIERARCHICAL)
    assert foreign(story.after[sidecar], OUR_LISTS) == foreign(story.rated[sidecar], OUR_LISTS)
    for name_of_list in OUR_LISTS:
        kept = HUMAN_KEYWORDS.intersection(values(story.after[sidecar], name_of_list))
        assert kept == HUMAN_KEYWORDS.intersection(values(story.rated[sidecar], name_of_list))


@pytest.mark.parametrize("name", ["seeded", "tree", "rated", "rejected"])
def test_what_a_human_chose_in_digikam_is_theirs_for_ever(story: Story, name: str) -> None:
    path = story.folder / f"{name}.jpg"
    after = story.after[f"{name}.jpg.xmp"]
    assert (values(after, RATING), values(after, PICK)) == (["4"], ["2"])
    assert not {"WrittenRating", "WrittenPick"} & set(own(after))
    assert story.memory[name][Field.RATING] == Remembered(owner=Owner.HUMAN, value="4")
    assert story.memory[name][Field.PICK] == Remembered(owner=Owner.HUMAN, value="2")
    assert human_rating(path, read_embedded(path), Metadata(), story.memory[name]) == 4


def test_neither_of_two_sidecars_loses_what_a_human_chose(story: Story) -> None:
    """digiKam 7.9 writes `photo.xmp` where it is there, digiKam 8 `photo.ext.xmp`."""
    for sidecar in ("lightroom.xmp", "lightroom.jpg.xmp"):
        assert values(story.after[sidecar], RATING) == values(story.rated[sidecar], RATING)
        assert values(story.after[sidecar], PICK) == values(story.rated[sidecar], PICK)
    assert story.after["lightroom.xmp"] == story.rated["lightroom.xmp"]
