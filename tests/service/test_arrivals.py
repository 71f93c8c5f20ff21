"""Photos as real programs deliver them: slowly, in pieces, by rename, RAW and JPEG and sidecar in any order."""

from __future__ import annotations

import itertools
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from support.background import background
from support.dng import dng
from support.pictures import scene
from support.place import Place, photo, until
from support.sidecars import RATING, REALQA, packet, values
from support.soak import Feed, progress

pytestmark = pytest.mark.usefixtures("odd_scorers")

OVERALL = f"{{{REALQA}}}Overall"
SOON = "[queue]\nbackoff_seconds = 0.5\n"


def settled(place: Place, count: int) -> bool:
    now = progress(place)
    return now.files == now.scored == count and now.jobs == 0


def events(place: Place, event: str) -> int:
    [(count,)] = place.index(f"SELECT count(*) FROM history WHERE event = '{event}'")  # noqa: S608 - a word of ours
    return int(count)


def test_a_copy_that_rests_for_longer_than_it_takes_to_settle(place: Place) -> None:
    """It is refused for now, while it is young, and scored once it is whole."""
    place.configure(SOON)
    whole = photo(place.home / "card" / "a.jpg", seed=1).read_bytes()
    with background(place) as agent, (place.photos / "a.jpg").open("wb") as copy:
        copy.write(whole[: len(whole) // 3])
        copy.flush()
        until(lambda: events(place, "refused") >= 1)
        copy.write(whole[len(whole) // 3 : len(whole) // 2])
        copy.flush()
        until(lambda: events(place, "refused") >= 2)
        assert progress(place).dead == 0
        copy.write(whole[len(whole) // 2 :])
        copy.close()
        until(partial(settled, place, 1))
        assert place.scored_events() == 1
        assert place.listed()["a.jpg"]["ok"]
        assert (place.photos / "a.jpg.xmp").exists()
        agent.stop()


def test_a_card_of_200_that_is_copied_by_three_programs_at_once(place: Place) -> None:
    feeds = [Feed(place.photos / name, 70, pace=40, seed=seed) for seed, name in enumerate("abc")]
    with background(place) as agent:
        for feed in feeds:
            feed.start()
        until(lambda: all(feed.over() for feed in feeds) and settled(place, 210), 60)
        assert place.scored_events() == 210
        assert events(place, "wrote") == 210
        agent.stop()


def test_a_photo_replaced_by_rename_is_scored_again_and_once(place: Place) -> None:
    with background(place) as agent:
        target = photo(place.photos / "a.jpg", seed=1)
        until(partial(settled, place, 1))
        fresh = place.photos / ".a.jpg.part"
        scene(2, 240, 160).save(fresh, "JPEG")
        fresh.replace(target)
        until(lambda: place.scored_events() == 2 and settled(place, 1))
        target.with_name("b.jpg").write_bytes(target.read_bytes())
        target.unlink()
        target.with_name("b.jpg").replace(target)  # written anew, with what was there
        until(lambda: progress(place).jobs == 0 and _known_as_it_is(place, target))
        assert place.scored_events() == 2
        agent.stop()


def _known_as_it_is(place: Place, path: Path) -> bool:
    [(mtime_ns,)] = place.index("SELECT mtime_ns FROM file WHERE missing_since IS NULL")
    return bool(mtime_ns == path.stat().st_mtime_ns)


def test_raw_jpeg_and_sidecar_in_any_order(place: Place) -> None:
    """Whatever comes first: both are scored once, and a human's stars stay, also in a sidecar that replaces ours."""
    theirs = packet(attributes='xmp:Rating="4" odd:Thing="kept"')
    orders = list(itertools.permutations(("jpg", "dng", "xmp")))
    feed = Feed(place.photos, 1)

    def arrive(number: int, kind: str) -> Path:
        folder = place.photos / f"order{number}"
        folder.mkdir(exist_ok=True)
        path = folder / ("IMG_1.jpg.xmp" if kind == "xmp" else f"IMG_1.{kind}")
        if kind == "jpg":
            path.write_bytes(feed.jpeg(number))
        elif kind == "dng":
            path.write_bytes(dng(np.asarray(scene(number, 64, 48))))
        else:
            fresh = path.with_suffix(".new")
            fresh.write_bytes(theirs)
            fresh.replace(path)
        return path

    with background(place) as agent:
        arrived = 0
        for step in range(3):
            for number, order in enumerate(orders):
                arrive(number, order[step])
                arrived += order[step] != "xmp"
            until(partial(settled, place, arrived))
        assert place.scored_events() == 12
        for number, order in enumerate(orders):
            sidecar = (place.photos / f"order{number}" / "IMG_1.jpg.xmp").read_bytes()
            assert values(sidecar, RATING) == ["4"]
            assert b"kept" in sidecar
            if order.index("xmp") < order.index("jpg"):
                assert values(sidecar, OVERALL) == ["7.00"]
            elif order[2] == "xmp":
                assert sidecar == theirs
        place.realqa("cull", "--apply", place.photos)
        for number in range(len(orders)):
            sidecar = (place.photos / f"order{number}" / "IMG_1.jpg.xmp").read_bytes()
            assert values(sidecar, RATING) == ["4"]
            assert values(sidecar, OVERALL) == ["7.00"]
        agent.stop()
