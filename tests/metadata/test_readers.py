"""Other programs read our sidecars as we mean them: Bag and Seq, structs, and what was there before.

And what they write there later leaves every word of ours, and is left alone by us.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pyexiv2
import pytest
from support.desk import Desk
from support.sidecars import (
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

from realqa_agent.capture import Embedded
from realqa_agent.metadata.record import Field, Owner, Remembered

LISTS = listed("dc:subject", "sea") + listed("digiKam:TagsList", "sea", kind="Seq")
NUMBERS = 'crs:Sharpness="25" exif:GPSLatitude="52,30.5N"'
INSIDE = packet(LISTS, f'xmp:Rating="4" {NUMBERS}')

FIVE_STARS = {
    "exiftool": ["exiftool", "-quiet", "-overwrite_original", "-XMP:Rating=5"],
    "exiv2": ["exiv2", "-Mset Xmp.xmp.Rating 5"],
}


@pytest.fixture
def sidecar(tmp_path: Path, desk: Desk) -> Path:
    return desk.write(tmp_path / "a.jpg", blurry(3), Embedded(packet=INSIDE)).sidecar


@pytest.fixture
def bare(tmp_path: Path, desk: Desk) -> Path:
    return desk.write(tmp_path / "b.jpg", blurry(-1), Embedded()).sidecar


def exiv2(path: Path) -> tuple[dict[str, Any], str]:
    """Return the properties that Exiv2 reads, and the packet as its toolkit understands it."""
    with pyexiv2.ImageData(path.read_bytes()) as image:
        found: dict[str, Any] = image.read_xmp()
        kinds: str = image.read_raw_xmp()
    return found, kinds


def test_exiv2_reads_what_was_there_and_what_is_ours(sidecar: Path) -> None:
    found, text = exiv2(sidecar)
    assert found["Xmp.xmp.Rating"] == "4"
    assert found["Xmp.crs.Sharpness"] == "25"
    assert found["Xmp.exif.GPSLatitude"] == "52,30.5N"
    assert found["Xmp.dc.subject"] == ["sea", "reject", "blurry"]
    assert found["Xmp.lr.hierarchicalSubject"] == ["sea", "RealQA|reject", "RealQA|clarity|blurry"]
    assert found["Xmp.digiKam.TagsList"] == ["sea", "RealQA/reject", "RealQA/clarity/blurry"]
    assert found["Xmp.realqa.Verdict"] == "reject"
    clarity, composition = "Xmp.realqa.Attributes/realqa:image_clarity", "Xmp.realqa.Attributes/realqa:composition"
    assert found[f"{clarity}/realqa:Value"] == "blurry"
    assert found[f"{clarity}/realqa:Explanation"] == "<image_clarity> is blurry & 12 % \N{DEGREE SIGN}"
    assert f"{composition}/realqa:Value" in found
    assert f"{composition}/realqa:Score" not in found
    for name, kind in (("lr:hierarchicalSubject", "Bag"), ("digiKam:TagsList", "Seq"), ("dc:subject", "Bag")):
        assert f"<rdf:{kind}>" in text.split(f"<{name}>")[1].split(f"</{name}>")[0]


def test_exiv2_reads_stars_and_pick(bare: Path) -> None:
    found, _ = exiv2(bare)
    assert (found["Xmp.xmp.Rating"], found["Xmp.digiKam.PickLabel"]) == ("-1", "1")
    assert (found["Xmp.realqa.WrittenRating"], found["Xmp.realqa.WrittenPick"]) == ("-1", "1")
    assert not any(name.startswith(("Xmp.dc.", "Xmp.darktable", "Xmp.xmp.Label")) for name in found)


def test_what_exiv2_rewrote_is_not_written_again(sidecar: Path, desk: Desk) -> None:
    memory = desk.write(sidecar.with_suffix(""), blurry(3), Embedded(packet=INSIDE)).memory
    data = sidecar.read_bytes()
    with pyexiv2.ImageData(data) as image:
        image.modify_xmp({"Xmp.dc.creator": ["somebody"]})
        sidecar.write_bytes(image.get_bytes())
    assert sidecar.read_bytes() != data
    assert not desk.write(sidecar.with_suffix(""), blurry(3), Embedded(packet=INSIDE), memory=memory).changed


def test_exiftool_reads_it_without_a_complaint(sidecar: Path) -> None:
    if shutil.which("exiftool") is None:
        pytest.skip("exiftool is not installed")
    done = subprocess.run(["exiftool", "-j", "-G1", "-struct", str(sidecar)], capture_output=True, check=True)
    found = json.loads(done.stdout)[0]
    # It finds Microsoft's namespace, which is only declared here, wrong by a slash.
    assert found.get("ExifTool:Warning", "[minor]").startswith("[minor]")
    assert found["XMP-xmp:Rating"] == 4
    assert found["XMP-lr:HierarchicalSubject"] == ["sea", "RealQA|reject", "RealQA|clarity|blurry"]
    assert found["XMP-realqa:Overall"] in {6, "6.00"}
    attributes = {name.lower(): said for name, said in found["XMP-realqa:Attributes"].items()}
    assert attributes.keys() == blurry().assessment.attributes.keys()
    assert attributes["image_clarity"]["Value"] == "blurry"


@pytest.mark.parametrize("program", FIVE_STARS)
def test_stars_given_on_a_command_line_keep_our_words_and_stay(tmp_path: Path, desk: Desk, program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    photo = tmp_path / "a.jpg"
    inside = Embedded(packet=packet(LISTS, NUMBERS))
    first = desk.write(photo, blurry(3), inside)
    said = own(first.sidecar.read_bytes())
    assert said["WrittenRating"] == "3"
    subprocess.run([*FIVE_STARS[program], str(first.sidecar)], capture_output=True, check=True)
    rated = first.sidecar.read_bytes()
    assert own(rated) == said
    assert values(rated, RATING) == ["5"]
    second = desk.write(photo, record(1), inside, memory=first.memory)
    after = second.sidecar.read_bytes()
    assert second.memory[Field.RATING] == Remembered(owner=Owner.HUMAN, value="5")
    assert values(after, RATING) == ["5"]
    assert values(after, PICK) == ["3"]
    ours = (PICK, HIERARCHICAL, FLAT, TAGS)
    assert foreign(after, ours) == foreign(rated, ours)
