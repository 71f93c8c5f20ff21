from __future__ import annotations

import codecs
from dataclasses import replace

import pyexiv2
import pytest
from support.sidecars import FLAT, HIERARCHICAL, RATING, REALQA, blurry, listed, packet, values

from realqa_agent.capture import Embedded
from realqa_agent.config import Metadata
from realqa_agent.metadata.packet import merge
from realqa_agent.metadata.seed import Surroundings, seed
from realqa_agent.metadata.xmp import PacketError

DC = "{http://purl.org/dc/elements/1.1/}"
TITLE = f"{DC}title"


def seeded(embedded: Embedded, lightroom: bytes | None = None) -> tuple[bytes, tuple[str, ...]]:
    start = seed(Surroundings(embedded=embedded, lightroom=lightroom))
    return start.data, start.notes


def test_a_photo_without_metadata_starts_from_a_whole_empty_packet() -> None:
    data, notes = seeded(Embedded())
    assert data.startswith(b'<?xpacket begin="\xef\xbb\xbf"')
    assert data.rstrip().endswith(b'<?xpacket end="w"?>')
    assert b"x:xmpmeta" in data
    assert notes == ()


def test_the_packet_inside_the_photo_is_carried_over() -> None:
    inside = packet(listed("dc:subject", "sea") + "<dc:title>T</dc:title>", 'crs:Sharpness="25" xmp:Rating="2"')
    data, notes = seeded(Embedded(packet=inside, rating=4))
    assert values(data, RATING) == ["2"]
    assert values(data, TITLE) == ["T"]
    assert notes == ()


@pytest.mark.parametrize("rating", [-1, 0, 5])
def test_the_exif_rating_stands_in_for_a_missing_one(rating: int) -> None:
    assert values(seeded(Embedded(packet=packet(), rating=rating))[0], RATING) == [str(rating)]
    assert values(seeded(Embedded(rating=rating))[0], RATING) == [str(rating)]


def test_an_impossible_exif_rating_is_not_copied() -> None:
    assert values(seeded(Embedded(rating=99))[0], RATING) == []


TEXTS = Embedded(
    title="Harbour",
    description="Boats,\r\ntwo \x02of <them>\r",
    creators=("Ada", "\x01", "Bo"),
    rights="mine",
    keywords=("sea", "Europe|Portugal"),
)


def test_the_texts_of_iptc_and_exif_are_carried_over_as_xmp_has_them() -> None:
    data, notes = seeded(TEXTS)
    with pyexiv2.ImageData(data) as image:
        assert image.read_xmp() == {
            "Xmp.dc.title": {'lang="x-default"': "Harbour"},
            "Xmp.dc.description": {'lang="x-default"': "Boats,\ntwo of <them>"},
            "Xmp.dc.rights": {'lang="x-default"': "mine"},
            "Xmp.dc.creator": ["Ada", "Bo"],
            "Xmp.dc.subject": ["sea", "Europe|Portugal"],
        }
    assert b"xmlns:dc=" in data
    assert notes == ()


def test_only_what_the_packet_lacks_comes_from_iptc_and_exif() -> None:
    inside = packet(listed("dc:subject", "lake") + listed("dc:creator", "Cy", kind="Seq"), 'dc:title="T"')
    data, _ = seeded(replace(TEXTS, packet=inside))
    assert values(data, FLAT) == ["lake"]
    assert values(data, f"{DC}creator") == ["Cy"]
    assert values(data, TITLE) == ["T"]
    assert values(data, f"{DC}rights") == ["mine"]


def test_beside_a_packet_that_is_not_copied_the_texts_still_are() -> None:
    data, notes = seeded(replace(TEXTS, packet=b"<!DOCTYPE x>" + packet()))
    assert values(data, TITLE) == ["Harbour"]
    assert "DOCTYPE" in notes[0]


def test_keywords_of_iptc_are_not_hidden_by_ours() -> None:
    around = Surroundings(embedded=TEXTS)
    merged = merge(seed(around).data, blurry(), around, Metadata(), {})
    assert set(values(merged.data, HIERARCHICAL)) > {"sea", "Europe|Portugal"}


@pytest.mark.parametrize("pad", [b"\0" * 7, b" " * 4000 + b"\n\0"])
def test_padding_is_not_carried_over(pad: bytes) -> None:
    data, notes = seeded(Embedded(packet=packet("", 'xmp:Rating="2"') + pad))
    assert values(data, RATING) == ["2"]
    assert len(data) < 2000
    assert notes == ()


def test_a_bare_or_wide_packet_becomes_one_that_the_hosts_can_read() -> None:
    text = packet("<dc:title>\u00e4</dc:title>").decode()
    bare = text[text.index("<rdf:RDF") : text.index("</x:xmpmeta>")]
    data, _ = seeded(Embedded(packet=codecs.BOM_UTF16_BE + bare.encode("utf-16-be")))
    assert values(data, TITLE) == ["\u00e4"]
    assert b"<x:xmpmeta" in data


def test_darktables_history_and_our_old_results_stay_behind() -> None:
    history = "<darktable:history><rdf:Seq><rdf:li darktable:num='0'/></rdf:Seq></darktable:history>"
    ours = 'darktable:xmp_version="5" realqa:WrittenRating="2" xmp:Rating="2"'
    data, _ = seeded(Embedded(packet=packet(history, ours)))
    assert b"darktable" not in data
    assert values(data, f"{{{REALQA}}}WrittenRating") == []
    assert values(data, RATING) == ["2"]


def test_the_lightroom_sidecar_comes_before_the_photo() -> None:
    lightroom = packet("<dc:title>from Lightroom</dc:title>", 'xmp:Rating="5" darktable:xmp_version="5"')
    data, _ = seeded(replace(TEXTS, packet=packet("", 'xmp:Rating="1"')), lightroom)
    assert values(data, RATING) == ["5"]
    assert values(data, TITLE) == ["from Lightroom"]
    assert values(data, FLAT) == []
    assert values(data, "{http://darktable.sf.net/}xmp_version") == ["5"]


def test_a_broken_lightroom_sidecar_is_an_error() -> None:
    with pytest.raises(PacketError):
        seeded(Embedded(), b"<cut")


def test_what_is_readable_of_a_damaged_packet_is_carried_over() -> None:
    damaged = packet("<dc:title>kept</dc:title><dc:odd>\x01</dc:odd>", 'xmp:Rating="4"').replace(
        b"</x:xmpmeta>", b"\xe9"
    )
    data, notes = seeded(Embedded(packet=damaged))
    assert values(data, RATING) == ["4"]
    assert values(data, TITLE) == ["kept"]
    assert "damaged" in notes[0]


@pytest.mark.parametrize("junk", [b"", b"\xff\xd8 no packet", b"<", b"<a>", b"\0\0"])
def test_of_junk_nothing_is_carried_over(junk: bytes) -> None:
    data, notes = seeded(Embedded(packet=junk, rating=3))
    assert values(data, RATING) == ["3"]
    assert "damaged" in notes[0]


def test_a_packet_with_a_doctype_is_not_carried_over() -> None:
    data, notes = seeded(Embedded(packet=b"<!DOCTYPE x [<!ENTITY a 'b'>]>" + packet("<dc:title>&a;</dc:title>")))
    assert values(data, TITLE) == []
    assert "DOCTYPE" in notes[0]


def test_a_doctype_in_a_damaged_packet_is_not_read_either() -> None:
    data, notes = seeded(
        Embedded(packet=b"<!DOCTYPE x [<!ENTITY a 'b'>]>" + packet("<dc:title>&a;</dc:title>") + b"\xe9")
    )
    assert values(data, TITLE) == []
    assert "damaged" in notes[0]


def test_unreadable_metadata_are_reported() -> None:
    _, notes = seeded(Embedded(problem="the Exif block is cut"))
    assert "the Exif block is cut" in notes[0]


@pytest.mark.parametrize("count", [9, 10])
def test_a_history_too_long_for_darktable_stays_in_the_photo(count: int) -> None:
    inside = packet(
        '<xmpMM:History xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/"><rdf:Seq>'
        + '<rdf:li odd:a="1"/>' * count
        + "</rdf:Seq></xmpMM:History>",
        'xmp:Rating="4"',
    )
    for around in (Surroundings(embedded=Embedded(packet=inside)), Surroundings(embedded=Embedded(), lightroom=inside)):
        start = seed(around)
        assert (b"History" in start.data) is (count == 9)
        assert (start.notes != ()) is (count == 10)
        assert values(start.data, RATING) == ["4"]


def test_faces_are_kept_however_many_and_the_trouble_is_named() -> None:
    start = seed(Surroundings(embedded=Embedded(packet=packet(listed("odd:Faces", *["<odd:a/>"] * 12)))))
    assert start.data.count(b"<rdf:li") == 12
    assert start.notes == ("Faces has 12 entries, so darktable can't write this sidecar any more",)
