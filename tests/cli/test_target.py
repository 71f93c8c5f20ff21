"""Results inside the photos, for those who ask for it: JPEG alone, verified, never scored twice, undone to the byte."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING

import pyexiv2
import pytest
from PIL import Image
from support.command import objects
from support.place import old, photo, until
from support.sidecars import PICK, RATING, REALQA, packet, values

from realqa_agent.files import stat_of

if TYPE_CHECKING:
    from pathlib import Path

    from support.place import Place

VERDICT = f"{{{REALQA}}}Verdict"


def inside(path: Path) -> bytes:
    """Return the packet inside a photo."""
    with Image.open(path) as image:
        found: bytes = image.info.get("xmp", b"")
        return found


def pixels(path: Path) -> str:
    with Image.open(path) as image:
        return hashlib.sha256(image.tobytes()).hexdigest()


def starred(path: Path, stars: int) -> Path:
    """Let a photo's owner rate it, inside the file."""
    with pyexiv2.ImageData(path.read_bytes()) as image:
        image.modify_xmp({"Xmp.xmp.Rating": str(stars), "Xmp.crs.Sharpness": "25"})
        path.write_bytes(image.get_bytes())
    return old(path)


@pytest.fixture
def asked(place: Place) -> Place:
    """Somebody who wants the results in the photos."""
    place.configure('[metadata]\ntarget = "photo"\n')
    return place


def test_a_jpeg_takes_them_inside_and_all_others_get_a_sidecar(asked: Place) -> None:
    jpeg, png = photo(asked.photos / "a.jpg"), photo(asked.photos / "b.png")
    was = pixels(jpeg)
    asked.once()
    assert values(inside(jpeg), VERDICT) == ["keep"]
    assert pixels(jpeg) == was
    assert {path.name for path in asked.photos.iterdir()} == {"a.jpg", "b.png", "b.png.xmp"}
    assert values((asked.photos / "b.png.xmp").read_bytes(), VERDICT) == ["keep"]
    assert inside(png) == b""


def test_what_we_wrote_is_not_scored_again(asked: Place) -> None:
    jpeg = photo(asked.photos / "a.jpg")
    asked.once()
    data = jpeg.read_bytes()
    assert "0 scored, 0 known already" in asked.once()
    assert asked.scored_events() == 1
    assert jpeg.read_bytes() == data
    assert asked.listed()["a.jpg"]["verdict"]["decision"] == "keep"


def test_nor_while_the_agent_watches(asked: Place) -> None:
    with asked.agent() as agent:
        jpeg = photo(asked.photos / "a.jpg")
        until(lambda: inside(jpeg))
        asked.realqa("cull", "--apply", asked.photos)
        photo(asked.photos / "b.jpg", 1)
        until(lambda: inside(asked.photos / "b.jpg"))
        agent.terminate()
        assert agent.wait(30) == 0
    assert asked.scored_events() == 2
    assert values(inside(jpeg), RATING) == ["4"]


def test_the_human_wins_there_too(asked: Place) -> None:
    mine = starred(photo(asked.photos / "mine.jpg"), 2)
    photo(asked.photos / "other.jpg", 1)
    asked.once()
    shown = {line["path"]: line for line in objects(asked.realqa("cull", "--json", asked.photos))}
    assert shown[str(mine)]["file"] == str(mine)
    assert shown[str(mine)]["notes"] == ["rating 2 is a human's: left alone"]
    asked.realqa("cull", "--apply", asked.photos)
    assert values(inside(mine), RATING) == ["2"]
    assert values(inside(mine), PICK) == ["3"]
    with pyexiv2.ImageData(mine.read_bytes()) as image:
        assert image.read_xmp()["Xmp.crs.Sharpness"] == "25"
    assert values(inside(asked.photos / "other.jpg"), RATING) == ["4"]
    judged = objects(asked.realqa("eval", "--from-ratings", asked.photos, "--json"))[0]
    assert judged["n"] == 1


def test_undo_gives_the_photo_back_to_the_byte_and_it_is_still_known(asked: Place) -> None:
    mine = starred(photo(asked.photos / "mine.jpg"), 2)
    plain = photo(asked.photos / "plain.jpg", 1)
    before = {path: path.read_bytes() for path in (mine, plain)}
    asked.once()
    asked.realqa("cull", "--apply", asked.photos)
    done = asked.realqa("undo", "--since", "1h")
    assert "2 files: 2 restored" in done.stderr
    assert {path: path.read_bytes() for path in (mine, plain)} == before
    assert "0 scored, 0 known already" in asked.once()
    assert {path: path.read_bytes() for path in (mine, plain)} == before


def test_where_a_sidecar_would_hide_it_the_sidecar_is_written(asked: Place) -> None:
    jpeg = photo(asked.photos / "a.jpg")
    sidecar = asked.photos / "a.jpg.xmp"
    sidecar.write_bytes(packet(attributes='xmp:Rating="5"'))
    data = old(sidecar) and jpeg.read_bytes()
    asked.once()
    assert jpeg.read_bytes() == data
    assert values(sidecar.read_bytes(), VERDICT) == ["keep"]


def test_what_can_not_be_done_safely_goes_into_a_sidecar(asked: Place) -> None:
    jpeg = photo(asked.photos / "a.jpg")
    file = io.BytesIO()
    Image.open(jpeg).save(file, "PNG")
    jpeg.write_bytes(file.getvalue())
    old(jpeg)
    asked.once()
    assert jpeg.read_bytes() == file.getvalue()
    assert values((asked.photos / "a.jpg.xmp").read_bytes(), VERDICT) == ["keep"]
    jpeg.with_name("a.jpg.xmp").unlink()
    asked.realqa("cull", "--apply", asked.photos)
    assert values((asked.photos / "a.jpg.xmp").read_bytes(), RATING) == ["4"]
    assert values((asked.photos / "a.jpg.xmp").read_bytes(), VERDICT) == ["keep"]


def test_the_default_never_touches_a_photo(place: Place) -> None:
    jpeg = photo(place.photos / "a.jpg")
    before = stat_of(jpeg), jpeg.read_bytes()
    place.once()
    place.realqa("cull", "--apply", place.photos)
    assert (stat_of(jpeg), jpeg.read_bytes()) == before
