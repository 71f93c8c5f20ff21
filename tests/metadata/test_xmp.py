from __future__ import annotations

import codecs

import pyexiv2
import pytest
from support.sidecars import FLAT, HIERARCHICAL, RATING, foreign, listed, packet, values

from realqa_agent.metadata.xmp import BrokenPacketError, Packet, PacketError, TangledError, speakable

RICH = (
    "<!-- a comment --><xmp:Rating>2</xmp:Rating>"
    '<dc:title><rdf:Alt><rdf:li xml:lang="x-default">a &lt; b</rdf:li><rdf:li xml:lang="de">\u00e4</rdf:li></rdf:Alt>'
    '</dc:title><odd:Deep rdf:parseType="Resource"><odd:In rdf:parseType="Resource"><odd:Er>1</odd:Er></odd:In>'
    "</odd:Deep><odd:Raw><![CDATA[<x>]]></odd:Raw><?odd instruction?><exif:GPSLatitude>52,30.5N</exif:GPSLatitude>"
)


def edited(data: bytes) -> bytes:
    one = Packet(data)
    one.set_text(RATING, "5")
    return one.to_bytes()


def test_a_packet_without_edits_gives_back_the_same_bytes() -> None:
    data = packet(RICH, "crs:Sharpness = '25'")
    one = Packet(data)
    one.set_text(RATING, "2")
    one.extend(HIERARCHICAL, [])
    one.discard(HIERARCHICAL, ["nothing"])
    one.remove(FLAT)
    assert one.to_bytes() == data


def test_an_edit_keeps_everything_else() -> None:
    data = packet(RICH, 'crs:Sharpness="25" odd:Quoted="&quot;&#10;"')
    assert foreign(edited(data)) == foreign(data)
    assert values(edited(data), RATING) == ["5"]
    assert b"<![CDATA[<x>]]>" in edited(data)


def test_the_text_around_the_root_is_kept_to_the_byte() -> None:
    data = (
        b'<!-- one --><?xpacket begin=""?>\r\n' + packet().split(b"?>\n", 1)[1] + b"<!-- </x:xmpmeta> -->" + b" " * 99
    )
    head, _, rest = data.partition(b"<x:xmpmeta")
    tail = rest.rpartition(b"</x:xmpmeta>\n")[2]
    assert edited(data).startswith(head)
    assert edited(data).endswith(tail)


@pytest.mark.parametrize(
    ("codec", "mark"),
    [
        ("utf-8", b""),
        ("utf-8", codecs.BOM_UTF8),
        ("utf-16-le", codecs.BOM_UTF16_LE),
        ("utf-16-be", codecs.BOM_UTF16_BE),
        ("utf-16-le", b""),
        ("utf-16-be", b""),
    ],
)
def test_the_encoding_is_kept(codec: str, mark: bytes) -> None:
    text = packet(RICH).decode().removeprefix("\ufeff")
    text = text[text.index("<x:") :]
    data = mark + text.encode(codec)
    changed = edited(data)
    assert changed.startswith(mark)
    assert changed.removeprefix(mark).decode(codec).startswith("<x:xmpmeta")
    assert "\u00e4" in changed.removeprefix(mark).decode(codec)
    assert Packet(changed).text(RATING) == "5"


def test_an_xml_declaration_is_kept() -> None:
    text = '<?xml version="1.0" encoding="UTF-16"?>' + packet(RICH).decode()
    data = codecs.BOM_UTF16_LE + text.encode("utf-16-le")
    assert edited(data).decode("utf-16").startswith('<?xml version="1.0" encoding="UTF-16"?>')


def test_line_ends_are_kept() -> None:
    data = packet(RICH).replace(b"\n", b"\r\n")
    assert b"\n" not in edited(data).replace(b"\r\n", b"")


def test_a_property_is_edited_where_it_stands() -> None:
    assert b'xmp:Rating="5"' in edited(packet("", 'xmp:Rating="2"'))
    assert b"<xmp:Rating>5</xmp:Rating>" in edited(packet("<xmp:Rating>2</xmp:Rating>"))
    assert b"<!-- why -->" in edited(packet("<xmp:Rating><!-- why -->2</xmp:Rating>"))


def test_the_prefix_is_decoration() -> None:
    data = packet(
        '<q:Rating xmlns:q="http://ns.adobe.com/xap/1.0/">2</q:Rating><xmp:Rating xmlns:xmp="urn:x">9</xmp:Rating>'
    )
    assert values(edited(data), RATING) == ["5"]
    assert values(edited(data), "{urn:x}Rating") == ["9"]


def test_bare_rdf_and_several_nodes_are_edited() -> None:
    data = b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
      <rdf:Description about="uuid:1"/><rdf:Description about="uuid:1" xmlns:o="urn:o" o:a="1"/></rdf:RDF>"""
    changed = edited(data)
    assert values(changed, RATING) == ["5"]
    assert values(changed, "{urn:o}a") == ["1"]
    assert changed.count(b'about="uuid:1"') == 3


@pytest.mark.parametrize("kind", ["Bag", "Seq"])
def test_a_list_keeps_its_kind(kind: str) -> None:
    one = Packet(packet(listed("lr:hierarchicalSubject", "a|b", kind=kind)))
    one.extend(HIERARCHICAL, ["c"])
    one.discard(HIERARCHICAL, ["a|b"])
    assert f"<rdf:{kind}>".encode() in one.to_bytes()
    assert values(one.to_bytes(), HIERARCHICAL) == ["c"]


def test_a_new_list_is_a_bag_and_goes_with_its_last_entry() -> None:
    one = Packet(packet())
    one.extend(HIERARCHICAL, ["a"])
    assert b"<rdf:Bag>" in one.to_bytes()
    one.discard(HIERARCHICAL, ["a"])
    assert b"hierarchicalSubject" not in one.to_bytes()


@pytest.mark.parametrize(
    "body",
    [
        "<dc:subject>plain</dc:subject>",
        "<dc:subject><rdf:Alt><rdf:li>a</rdf:li></rdf:Alt></dc:subject>",
        '<dc:subject rdf:nodeID="n"/>',
        "<dc:subject><rdf:Bag><rdf:li><rdf:Description/></rdf:li></rdf:Bag></dc:subject>",
        listed("dc:subject", "a") + listed("dc:subject", "b"),
    ],
)
def test_a_list_of_another_shape_is_said_to_be_tangled(body: str) -> None:
    with pytest.raises(TangledError):
        Packet(packet(body)).array(FLAT)


def test_a_text_of_another_shape_is_said_to_be_tangled() -> None:
    with pytest.raises(TangledError):
        Packet(packet("<xmp:Rating>1</xmp:Rating>", 'xmp:Rating="2"')).text(RATING)
    with pytest.raises(TangledError):
        Packet(packet('<xmp:Rating rdf:parseType="Resource"><rdf:value>3</rdf:value></xmp:Rating>')).text(RATING)
    assert Packet(packet("<xmp:Rating>1</xmp:Rating>", 'xmp:Rating="1"')).text(RATING) == "1"


@pytest.mark.parametrize(
    "item",
    [
        '<odd:i rdf:parseType="Resource"><odd:a>1</odd:a><odd:b>2</odd:b></odd:i>',
        '<odd:i odd:a="1" odd:b="2"/>',
        '<odd:i><rdf:Description odd:a="1"><odd:b>2</odd:b></rdf:Description></odd:i>',
    ],
)
@pytest.mark.parametrize(
    "outer", ['<odd:s rdf:parseType="Resource">{}</odd:s>', "<odd:s><rdf:Description>{}</rdf:Description></odd:s>"]
)
def test_structs_are_read_however_they_are_written(item: str, outer: str) -> None:
    odd = "{https://example.org/odd/}"
    one = Packet(packet(outer.format(item)))
    assert one.nested(f"{odd}s") == {f"{odd}i": {f"{odd}a": "1", f"{odd}b": "2"}}
    again = Packet(packet())
    again.set_nested(f"{odd}s", one.nested(f"{odd}s"))
    assert Packet(again.to_bytes()).nested(f"{odd}s") == one.nested(f"{odd}s")


def test_lists_of_structs_are_found_wherever_they_are() -> None:
    structs = '<rdf:li odd:a="1"/>' * 3
    one = Packet(
        packet(
            f"<odd:top><rdf:Bag>{structs}</rdf:Bag></odd:top>"
            f'<odd:deep rdf:parseType="Resource"><odd:in><rdf:Seq>{structs}</rdf:Seq></odd:in></odd:deep>'
            "<odd:texts><rdf:Seq><rdf:li>1</rdf:li></rdf:Seq></odd:texts>"
        )
    )
    odd = "{https://example.org/odd/}"
    assert one.struct_lists() == [(f"{odd}top", 3), (f"{odd}deep", 3)]


LAUGHS = (
    '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(1, 15))
    + "]>"
)


@pytest.mark.parametrize("prolog", ["<!DOCTYPE x>", '<!DOCTYPE x SYSTEM "file:///etc/passwd">', LAUGHS])
def test_a_doctype_is_refused_before_anything_in_it_is_read(prolog: str) -> None:
    body = packet("<odd:a>&p;</odd:a>" if "&" in prolog else "").decode().split("?>\n", 1)[1]
    with pytest.raises(PacketError, match="DOCTYPE") as caught:
        Packet((prolog + body).encode())
    assert not isinstance(caught.value, BrokenPacketError)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"   ",
        b"<a",
        packet()[:-40],
        b"\xff\xd8\xff\xe1 a picture",
        b"<a>\xe9</a>",
        packet() + b"x",
        b"<a:b/>",
        b"<a>&no;</a>",
    ],
)
def test_what_is_not_well_formed_is_broken(data: bytes) -> None:
    with pytest.raises(BrokenPacketError):
        Packet(data)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"<svg/>", "not XMP"),
        (b'<?xml version="1.0" encoding="ISO-8859-1"?>' + packet(), "encoding"),
        (b"<a>" + b"x" * 33 * 2**20 + b"</a>", "larger than 32 MB"),
    ],
)
def test_other_documents_are_refused(data: bytes, words: str) -> None:
    with pytest.raises(PacketError, match=words):
        Packet(data)


def test_speakable_text_is_one_line_without_what_xml_forbids() -> None:
    assert speakable(" a\x00b\ufffe\n c\ud800 \U0001f4f7 ") == "ab c \U0001f4f7"


def test_a_namespace_keeps_the_one_prefix_that_the_packet_has_for_it() -> None:
    """Exiv2 reads nothing of a packet in which one namespace has two prefixes."""
    old = packet('<xap:CreateDate xmlns:xap="http://ns.adobe.com/xap/1.0/">2005</xap:CreateDate>')
    one = Packet(old.replace(b'xmlns:xmp="http://ns.adobe.com/xap/1.0/" ', b""))
    one.set_text(RATING, "3")
    assert b"<xap:Rating" in one.to_bytes()
    with pyexiv2.ImageData(one.to_bytes()) as image:
        assert image.read_xmp()["Xmp.xmp.Rating"] == "3"
