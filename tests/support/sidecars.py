"""Records, XMP packets, and what must stay the same in them."""

from __future__ import annotations

import codecs
import re
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from lxml import etree

from realqa_agent.assessment import ATTRIBUTES, Assessment, Decision, Judgement, Uncertainty, Verdict
from realqa_agent.metadata.record import Content, Record

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from lxml.etree import _Element

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
REALQA = "https://realqa-agent.org/ns/1.0/"
_ROOT, _DESCRIPTION, _LI = f"{{{RDF}}}RDF", f"{{{RDF}}}Description", f"{{{RDF}}}li"
_FRAMES = {_ROOT, _DESCRIPTION, *(f"{{{RDF}}}{kind}" for kind in ("Bag", "Seq", "Alt"))}
RATING = "{http://ns.adobe.com/xap/1.0/}Rating"
PICK = "{http://www.digikam.org/ns/1.0/}PickLabel"
HIERARCHICAL = "{http://ns.adobe.com/lightroom/1.0/}hierarchicalSubject"
FLAT = "{http://purl.org/dc/elements/1.1/}subject"
TAGS = "{http://www.digikam.org/ns/1.0/}TagsList"
SHARED = (RATING, PICK, HIERARCHICAL, FLAT, TAGS)
NAMESPACES = {
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "lr": "http://ns.adobe.com/lightroom/1.0/",
    "digiKam": "http://www.digikam.org/ns/1.0/",
    "darktable": "http://darktable.sf.net/",
    "MicrosoftPhoto": "http://ns.microsoft.com/photo/1.0/",
    "crs": "http://ns.adobe.com/camera-raw-settings/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "odd": "https://example.org/odd/",
    "realqa": REALQA,
}
CONTENT = Content(sha256="5e" * 32, kind="photo", width=6000, height=4000, duration_s=None, elapsed_ms=87.5)
MEASURES = {f"best_measure_{number}": number / 7 for number in range(12)} | {"scene ev": -1e-9}
"""More than ten, since lists of ten have been a program's undoing."""
DECLARED = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())


def record(stars: int | None = None, decision: Decision = Decision.KEEP, **values: str) -> Record:
    """Return a record; `values` are attributes' values, all others are unknown."""
    attributes = {name: Judgement(value="unknown", score=None, reason="not looked at") for name in ATTRIBUTES}
    for name, value in values.items():
        attributes[name] = Judgement(value=value, score=2.5, reason=f"<{name}> is {value} & 12 % \N{DEGREE SIGN}")
    assessment = Assessment(
        scorer="fake",
        version="1.2",
        quality=7.123,
        aesthetic=4.5,
        overall=6,
        attributes=attributes,
        measures=MEASURES,
        uncertainty=Uncertainty(quality=0.6, aesthetic=1.1),
    )
    reasons = () if decision is Decision.KEEP else ("motion along 35\N{DEGREE SIGN}",)
    verdict = Verdict(decision=decision, reasons=reasons)
    return Record(
        assessment=assessment, verdict=verdict, stars=stars, scored_at="2026-01-02T03:04:05Z", content=CONTENT
    )


def blurry(stars: int | None = None) -> Record:
    """Return the record of a photo that asks for both kinds of keyword."""
    return record(stars, Decision.REJECT, image_clarity="blurry")


def packet(body: str = "", attributes: str = "") -> bytes:
    """Return a packet with these properties, as elements and as attributes."""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
        f' <rdf:RDF xmlns:rdf="{RDF}">\n  <rdf:Description rdf:about="" {DECLARED} {attributes}>{body}'
        '</rdf:Description>\n </rdf:RDF>\n</x:xmpmeta>\n   \n<?xpacket end="w"?>'
    ).encode()


def listed(name: str, *entries: str, kind: str = "Bag") -> str:
    """Return a property that is a list."""
    items = "".join(f"<rdf:li>{entry}</rdf:li>" for entry in entries)
    return f"<{name}><rdf:{kind}>{items}</rdf:{kind}></{name}>"


def values(data: bytes, name: str) -> list[str]:
    """Return a property's texts wherever they stand: attribute, element, entries of a list."""
    found = []
    for description in _parsed(data).iter(f"{{{RDF}}}Description"):
        found += [str(description.get(name))] if name in description.attrib else []
        for node in description.iterchildren(name):
            entries = [entry.text or "" for entry in node.iter(f"{{{RDF}}}li")]
            found += entries if len(node) else [node.text or ""]
    return found


@lru_cache(maxsize=4)
def _parsed(data: bytes) -> _Element:
    """Return a tree that nobody changes; one packet is asked for many values."""
    return etree.fromstring(data)


def own(data: bytes) -> dict[str, object]:
    """Return all that we say in a sidecar, in whichever form a program left it: text, fields, or kind and entries."""
    said: dict[str, object] = {}
    for rdf in etree.fromstring(data).iter(f"{{{RDF}}}RDF"):
        for description in rdf.iterchildren(f"{{{RDF}}}Description"):
            said |= _fields(description)
    return said


def _fields(node: _Element) -> dict[str, object]:
    attributes = {str(key): str(text) for key, text in node.attrib.items() if str(key).startswith(f"{{{REALQA}}}")}
    elements = {str(child.tag): _said(child) for child in node.iterchildren(f"{{{REALQA}}}*")}
    return {etree.QName(name).localname: value for name, value in (attributes | elements).items()}


def _said(node: _Element) -> object:
    array = next(node.iterchildren(f"{{{RDF}}}Bag", f"{{{RDF}}}Seq"), None)
    if array is not None:
        return etree.QName(array).localname, [_said(item) for item in array]
    inner = next(node.iterchildren(f"{{{RDF}}}Description"), node)
    return _fields(inner) or inner.text


def foreign(
    data: bytes, touched: Collection[str] = SHARED, added: Mapping[str, Collection[str]] = MappingProxyType({})
) -> bytes:
    """Return all that is not ours, so that any loss shows: no `realqa:`, no touched property, no layout.

    `added` has the entries that don't count, by list. What stands around the root element is kept to the byte, and so
    are declared namespaces, comments, processing instructions, order, the encoding, line ends and CDATA sections.
    Quotes, the order of attributes and white space between elements make no difference.
    """
    text, codec = _decoded(data)
    head, inner, tail = _parts(text)
    root = etree.fromstring(data)
    _take_out(root, touched, added)
    _lay_flat(root)
    canonical: bytes = etree.tostring(root, method="c14n", with_comments=True)
    kinds = [codec, "CRLF" if "\r\n" in inner else "LF", f"{inner.count('<![CDATA[')} CDATA"]
    return b"\n".join([head.encode(), canonical, tail.encode(), *(kind.encode() for kind in kinds)])


def foreign_rdf(
    data: bytes, touched: Collection[str] = SHARED, added: Mapping[str, Collection[str]] = MappingProxyType({})
) -> bytes:
    """Return the same of rdf:RDF alone, for a packet that moves into another file."""
    root = etree.fromstring(data)
    _take_out(root, touched, added)
    _lay_flat(root)
    canonical: bytes = etree.tostring(next(root.iter(_ROOT)), method="c14n", exclusive=True, with_comments=True)
    return canonical


def _decoded(data: bytes) -> tuple[str, str]:
    marks = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
    codec = marks.get(data[:2], "utf-8")
    return data.decode(codec), codec


def _parts(text: str) -> tuple[str, str, str]:
    """Return what stands before the root element, the element, and what stands after it."""
    before = re.match(r"(?:\ufeff|\s|<\?.*?\?>|<!--.*?-->)*<([^\s/>]+)", text, re.DOTALL)
    assert before is not None
    start = before.start(1) - 1
    last = text.rfind(f"</{before[1]}")
    end = text.index(">", max(start, last)) + 1
    return text[:start], text[start:end], text[end:]


def _take_out(root: _Element, touched: Collection[str], added: Mapping[str, Collection[str]]) -> None:
    for rdf in root.iter(_ROOT):
        for description in list(rdf.iterchildren(_DESCRIPTION)):
            for key in [key for key in description.attrib if _ours(str(key), touched)]:
                del description.attrib[key]
            for node in list(description):
                if _ours(str(node.tag), touched):
                    _drop(node)
                elif node.tag in added:
                    _thin_out(node, added[str(node.tag)])
            bare = not len(description) and set(description.attrib) <= {f"{{{RDF}}}about", "about"}
            news = set(description.nsmap.items()) - set(rdf.nsmap.items())
            # What declares other namespaces was made by somebody else, and stays even if it is empty.
            if bare and {uri for _, uri in news} <= {RDF, REALQA}:
                _drop(description)


def _thin_out(node: _Element, entries: Collection[str]) -> None:
    for entry in list(node.iter(_LI)):
        if entry.text in entries and not len(entry):
            _drop(entry)
    if next(node.iter(_LI), None) is None and not (node.text or "").strip():
        _drop(node)


def _lay_flat(node: _Element) -> None:
    """Take out white space that only sets elements apart; in a text it counts."""
    if node.get(f"{{{RDF}}}parseType") == "Literal" or not isinstance(node.tag, str):
        return
    if node.tag in _FRAMES or any(isinstance(child.tag, str) for child in node):
        node.text = (node.text or "").strip() and node.text
        for child in node:
            child.tail = (child.tail or "").strip() and child.tail
    for child in node:
        _lay_flat(child)


def _ours(tag: str, touched: Collection[str]) -> bool:
    return tag.startswith(f"{{{REALQA}}}") or tag in touched


def _drop(node: _Element) -> None:
    parent, before = node.getparent(), node.getprevious()
    assert parent is not None
    if (node.tail or "").strip():
        if before is None:
            parent.text = (parent.text or "") + str(node.tail)
        else:
            before.tail = (before.tail or "") + str(node.tail)
    parent.remove(node)
