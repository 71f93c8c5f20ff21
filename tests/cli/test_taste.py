"""`realqa taste` as a photographer uses it: real photos, real sidecars, a real index, and an agent that runs."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image
from support.command import objects
from support.place import Place, old, until
from support.scorers import install_odd_scorers
from support.sidecars import RATING, REALQA, packet, values

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("odd_scorers")

SHOOTS, PHOTOS = 8, 3
ALL = SHOOTS * PHOTOS
BRIGHT, DARK = "shoot 3/2.png", "shoot 3/0.png"
OVERALL, WITHOUT, TASTE = (f"{{{REALQA}}}{name}" for name in ("Overall", "OverallWithoutTaste", "Taste"))


def grey(path: Path, level: int, seed: int) -> Path:
    """Make a picture of this brightness, 0 to 255, unlike any other."""
    path.parent.mkdir(exist_ok=True)
    noise = np.random.default_rng(seed).integers(-3, 4, (24, 36, 1))
    Image.fromarray((np.full((24, 36, 3), level) + noise).clip(0, 255).astype(np.uint8)).save(path)
    return old(path)


class Studio:
    """A place with scored shoots of a human who likes bright photos, which each test finds as it was at first.

    The scorer gives all the same overall score, and finds bright ones better and dark ones more beautiful.
    """

    def __init__(self, base: Path) -> None:
        self.place = Place(base)
        self.place.configure(scorer="bright", workers=2)
        for shoot in range(SHOOTS):
            for number in range(PHOTOS):
                photo = self.place.photos / f"shoot {shoot}" / f"{number}.png"
                grey(photo, 70 + 60 * number, seed=100 * shoot + number)
                sidecar = photo.with_name(f"{photo.name}.xmp")
                sidecar.write_bytes(packet(attributes=f'xmp:Rating="{2 + number}"'))
                old(sidecar)
        self.place.once()
        self._photos = {*self.place.photos.rglob("*.png")}
        self._written = {path: path.read_bytes() for path in (self.place.index_file, *self._sidecars())}

    def restore(self) -> None:
        """Put index and sidecars back; the photos are never touched, since the index knows them by their inodes."""
        shutil.rmtree(self.place.index_file.parent)
        self.place.index_file.parent.mkdir(mode=0o700)
        for path in {*self._sidecars(), *self.place.photos.rglob("*.png")} - self._photos:
            path.unlink()
        for path, data in self._written.items():
            path.write_bytes(data)

    def _sidecars(self) -> list[Path]:
        return [*self.place.photos.rglob("*.xmp")]


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    site = tmp_path_factory.mktemp("site")
    install_odd_scorers(site)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(site))
        return Studio(tmp_path_factory.mktemp("studio"))


@pytest.fixture
def rated(studio: Studio) -> Place:
    """The shoots, scored and rated."""
    studio.restore()
    return studio.place


def sidecars(place: Place) -> dict[str, bytes]:
    return {str(path.relative_to(place.photos)): path.read_bytes() for path in place.photos.rglob("*.xmp")}


def query(place: Place, name: str) -> dict[str, Any]:
    listed = place.home / "paths.txt"
    listed.write_text(f"{place.photos / name}\n")
    [answer] = objects(place.realqa("query", "--json", "--paths-from", listed))
    [found] = answer["files"]
    return dict(found)


def test_from_ratings_to_sidecars_and_back(rated: Place) -> None:
    before, written, scored = rated.listed(), sidecars(rated), rated.scored_events()
    fitted = rated.realqa("taste", "fit").stdout
    assert f"{SHOOTS} shoots, {ALL} rated photos" in fitted
    assert "50.0% of the pairs in your order by the first look, 100.0% with taste: +50.0%" in fitted
    assert f"in force: {ALL} scores changed" in fitted

    listed = rated.listed()
    assert listed[BRIGHT]["overall"] > before[BRIGHT]["overall"] > listed[DARK]["overall"]
    taste = listed[BRIGHT]["taste"]
    assert (taste["without"], taste["shift"]) == (7.0, round(listed[BRIGHT]["overall"] - 7.0, 2))
    assert {"high technical quality", "low aesthetics", "even exposure"} >= {*taste["because"]} != set()
    told = f"overall {listed[BRIGHT]['overall']:.2f}, of which +{taste['shift']:.2f} by your taste ("
    assert told in taste["reason"]
    assert told in rated.realqa("show", rated.photos / BRIGHT).stdout
    assert told in rated.realqa("list", "--tsv").stdout
    asked = query(rated, BRIGHT)
    assert asked["reasons"][-1] == taste["reason"]
    assert asked["stars"] > query(rated, DARK)["stars"]
    for name, line in before.items():
        assert {**listed[name], "overall": 0, "taste": 0} == {**line, "overall": 0, "taste": 0}

    rated.once()
    after = (rated.photos / f"{BRIGHT}.xmp").read_bytes()
    assert values(after, OVERALL) == [f"{listed[BRIGHT]['overall']:.2f}"]
    assert (values(after, WITHOUT), values(after, TASTE)) == (["7.00"], [taste["reason"]])
    assert values(after, RATING) == ["4"]
    assert rated.scored_events() == scored

    assert f"taste is off: {ALL} scores changed back" in rated.realqa("taste", "off").stdout
    assert rated.listed() == before
    rated.once()
    assert sidecars(rated) == written
    assert rated.scored_events() == scored
    assert "off already" in rated.realqa("taste", "off").stdout


def test_agent_that_runs_takes_it_in(rated: Place) -> None:
    """What is there follows within seconds, and what comes is scored with it at once."""
    sidecar, new = rated.photos / f"{BRIGHT}.xmp", rated.photos / "shoot 0" / "new.png"
    with rated.agent():
        until(lambda: rated.index("SELECT count(*) FROM state WHERE name = 'agent'") == [(1,)], seconds=60)
        rated.realqa("taste", "fit")
        grey(new, 230, seed=1000)
        until(lambda: values(sidecar.read_bytes(), TASTE), seconds=60)
        until(new.with_name("new.png.xmp").exists, seconds=60)
        assert values(new.with_name("new.png.xmp").read_bytes(), WITHOUT) == ["7.00"]
        rated.realqa("taste", "off")
        until(lambda: not values(sidecar.read_bytes(), TASTE), seconds=60)


def test_taste_is_not_taken_over_from_a_sidecar(rated: Place) -> None:
    """A lost index has no taste, and another computer another one: only what the scorer said comes back."""
    before, written = rated.listed(), sidecars(rated)
    rated.realqa("taste", "fit")
    rated.once()
    shutil.rmtree(rated.index_file.parent)
    assert f"0 scored, {ALL} known" in rated.once()
    assert rated.listed() == before
    assert sidecars(rated) == written


def test_ratings_that_contradict_each_other_turn_the_taste_off(rated: Place) -> None:
    before = rated.listed()
    rated.realqa("taste", "fit")
    for shoot in range(0, SHOOTS, 2):
        for number in range(PHOTOS):
            sidecar = rated.photos / f"shoot {shoot}" / f"{number}.png.xmp"
            stars = f'xmp:Rating="{4 - number}"'.encode()
            sidecar.write_bytes(re.sub(rb'xmp:Rating="\d"', stars, sidecar.read_bytes()))
    refused = rated.realqa("taste", "fit", status=1).stdout
    assert "taste is off: the interval of its gain does not lie above 0" in refused
    assert "more rated shoots may be needed" in refused or "nothing tells how many more" in refused
    assert f"the one that was in force is taken back: {ALL} scores changed" in refused
    assert rated.listed() == before
    assert "taste is off: " in rated.realqa("taste", "report").stdout


def test_too_few_shoots_leave_all_as_it_is(rated: Place) -> None:
    rated.realqa("taste", "fit")
    before = rated.listed()
    refused = rated.realqa("taste", "fit", rated.photos / "shoot 1", rated.photos / "shoot 2", status=1)
    assert f"{2 * PHOTOS} rated photos, and 2 shoots" in refused.stderr
    assert f"needs {SHOOTS} such shoots" in refused.stderr
    assert rated.listed() == before


def test_report(rated: Place) -> None:
    assert "no taste was learned yet" in rated.realqa("taste", "report", status=2).stderr
    rated.realqa("taste", "fit")
    picture = rated.home / "taste.png"
    text = rated.realqa("taste", "report", "--plot", picture).stdout
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert f"in force for the overall scores of {ALL} of {ALL} scored files" in text
    assert "high technical quality" in text
    [report] = objects(rated.realqa("taste", "report", "--json"))
    assert report["in_force"]
    assert report["gain"]["value"] == pytest.approx(0.5)
    assert report["gain"]["ci"] == pytest.approx([0.5, 0.5])
    assert (len(report["shoots"]), report["photos"]) == (SHOOTS, ALL)
    assert {like["what"] for like in report["likes"]} <= {"high technical quality", "low aesthetics", "even exposure"}
    assert "must end in .png" in rated.realqa("taste", "report", "--plot", "taste.jpg", status=2).stderr


def test_agents_own_stars_teach_nothing(place: Place) -> None:
    place.configure("[culling]\napply = true\n", scorer="bright")
    for shoot in range(2):
        for number in range(2):
            grey(place.photos / f"shoot {shoot}" / f"{number}.png", 40 + 160 * number, seed=10 * shoot + number)
    place.once()
    assert b"xmp:Rating" in (place.photos / "shoot 0/0.png.xmp").read_bytes()
    assert "0 rated photos, and 0 shoots" in place.realqa("taste", "fit", status=1).stderr


def test_without_an_index_there_is_nothing_to_learn_from(place: Place) -> None:
    for verb in ("fit", "report", "off"):
        assert "there is no index yet" in place.realqa("taste", verb, status=2).stderr
