"""Records, XMP packets, and what must stay the same in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lxml import etree

from realqa_agent.assessment import ATTRIBUTES, Assessment, Decision, Judgement, Verdict
from realqa_agent.metadata.record import Record

if TYPE_CHECKING:
    from collections.abc import Collection

    from lxml.etree import _Element

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
REALQA = "https://realqa-agent.org/ns/1.0/"
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
DECLARED = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())


def record(stars: int | None = None, decision: Decision = Decision.KEEP, **values: str) -> Record:
    """Return a record; `values` are attributes' values, all others are unknown."""
    attributes = {name: Judgement(value="unknown", score=None, reason="not looked at") for name in ATTRIBUTES}
    for name, value in values.items():
        attributes[name] = Judgement(value=value, score=2.5, reason=f"<{name}> is {value} & 12 % \N{DEGREE SIGN}")
    assessment = Assessment(
        scorer="fake", version="1.2", quality=7.123, aesthetic=4.5, overall=6, attributes=attributes
    )
    reasons = () if decision is Decision.KEEP else ("motion along 35\N{DEGREE SIGN}",)
    verdict = Verdict(decision=decision, reasons=reasons)
    return Record(assessment=assessment, verdict=verdict, stars=stars, scored_at="2026-01-02T03:04:05Z")


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
    for description in etree.fromstring(data).iter(f"{{{RDF}}}Description"):
        found += [str(description.get(name))] if name in description.attrib else []
        for node in description.iterchildren(name):
            entries = [entry.text or "" for entry in node.iter(f"{{{RDF}}}li")]
            found += entries if len(node) else [node.text or ""]
    return found


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


def foreign(data: bytes, touched: Collection[str] = SHARED) -> bytes:
    """Return the canonical form of all that is not ours: no `realqa:`, no touched property, no layout."""
    root = etree.fromstring(data)
    for description in list(root.iter(f"{{{RDF}}}Description")):
        for key in list(description.attrib):
            if _ours(str(key), touched):
                del description.attrib[key]
        for node in list(description):
            if _ours(str(node.tag), touched):
                _drop(node)
        parent = description.getparent()
        bare = not len(description) and set(description.attrib) <= {f"{{{RDF}}}about", "about"}
        if bare and parent is not None and parent.tag == f"{{{RDF}}}RDF":
            _drop(description)
    for node in root.iter():
        laid_out = len(node) or node.tag == f"{{{RDF}}}Description"
        if laid_out and not (node.text or "").strip():
            node.text = None
        if not (node.tail or "").strip():
            node.tail = None
    etree.cleanup_namespaces(root)
    canonical: bytes = etree.tostring(root.getroottree(), method="c14n", exclusive=True, with_comments=True)
    return canonical


def _ours(tag: str, touched: Collection[str]) -> bool:
    return tag.startswith(f"{{{REALQA}}}") or tag in touched


def _drop(node: _Element) -> None:
    parent = node.getparent()
    assert parent is not None
    parent.remove(node)
