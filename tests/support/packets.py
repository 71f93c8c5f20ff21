"""XMP packets in the handwriting of many programs: one model of properties, and how a program sets it down."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from xml.sax.saxutils import escape

from support.sidecars import NAMESPACES, RDF

if TYPE_CHECKING:
    from collections.abc import Mapping

XPACKET = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
DECLARATION = '<?xml version="1.0" encoding="{}"?>\n'

XAP = "http://ns.adobe.com/xap/1.0"
SPACES: Mapping[str, str] = {
    **NAMESPACES,
    "rdf": RDF,
    "xmpMM": f"{XAP}/mm/",
    "xmpRights": f"{XAP}/rights/",
    "xmpDM": "http://ns.adobe.com/xmp/1.0/DynamicMedia/",
    "stEvt": f"{XAP}/sType/ResourceEvent#",
    "stRef": f"{XAP}/sType/ResourceRef#",
    "stDim": f"{XAP}/sType/Dimensions#",
    "stArea": "http://ns.adobe.com/xmp/sType/Area#",
    "tiff": "http://ns.adobe.com/tiff/1.0/",
    "aux": "http://ns.adobe.com/exif/1.0/aux/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "acdsee": "http://ns.acdsee.com/iptc/1.0/",
    "mediapro": "http://ns.iview-multimedia.com/mediapro/1.0/",
    "photomechanic": "http://ns.camerabits.com/photomechanic/1.0/",
    "Iptc4xmpCore": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "mwg-rs": "http://www.metadataworkinggroup.com/schemas/regions/",
    "farm": "https://example.org/farm#",
}


@dataclass(frozen=True)
class Items:
    """A list: Bag, Seq or Alt; with languages, language alternatives."""

    kind: Literal["Bag", "Seq", "Alt"]
    entries: tuple[Value, ...]
    languages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Struct:
    """Named fields."""

    fields: Mapping[str, Value]


@dataclass(frozen=True)
class Raw:
    """A property set down by hand: what stands in its start tag, and what stands in it."""

    xml: str
    attributes: str = ""


Value = str | Items | Struct | Raw
Properties = dict[str, Value]


@dataclass(frozen=True, kw_only=True)
class Hand:
    """How one program writes."""

    toolkit: str | None = "XMP Core 4.4.0-Exiv2"
    opening: str = XPACKET
    closing: str = '\n<?xpacket end="w"?>'
    attributes: bool = True
    """Plain texts stand in the start tag of rdf:Description, else as elements."""
    structs: Literal["attributes", "resource", "description"] = "attributes"
    """A struct of plain texts stands in the start tag of its node; else it is parseType="Resource", or a node in it."""
    apart: bool = False
    """Each namespace has an rdf:Description of its own."""
    meta: bool = True
    """There is x:xmpmeta around rdf:RDF."""
    quote: str = '"'
    step: str = " "
    """One level of indentation; without any, all is one line."""
    about: str | None = "rdf:about"
    """The attribute that names the photo; None: nothing does."""
    subject: str = ""
    prefixes: Mapping[str, str] = field(default_factory=dict)
    """Usual prefix to the one it uses."""
    between: str = ""
    """What stands between two properties, such as a comment."""


def written(properties: Properties, hand: Hand) -> str:
    """Return the packet."""
    return f"{hand.opening}{_Pen(hand).meta(properties)}{hand.closing}"


class _Pen:
    def __init__(self, hand: Hand) -> None:
        self.hand = hand

    def meta(self, properties: Properties) -> str:
        body = "".join(self._description(part) for part in self._parts(properties))
        rdf = f"<rdf:RDF {self._xmlns('rdf')}>{body}{self._line(1)}</rdf:RDF>"
        if not self.hand.meta:
            return rdf
        toolkit = "" if self.hand.toolkit is None else " " + self._attribute("x:xmptk", self.hand.toolkit)
        meta = f"<x:xmpmeta {self._attribute('xmlns:x', 'adobe:ns:meta/')}{toolkit}>"
        return f"{meta}{self._line(1)}{rdf}{self._line(0)}</x:xmpmeta>"

    def _parts(self, properties: Properties) -> list[Properties]:
        if not self.hand.apart:
            return [properties]
        parts: dict[str, Properties] = {}
        for name, value in properties.items():
            parts.setdefault(name.partition(":")[0], {})[name] = value
        return list(parts.values())

    def _description(self, properties: Properties) -> str:
        plain = {name: value for name, value in properties.items() if self.hand.attributes and isinstance(value, str)}
        start = [f"{self._line(2)}<rdf:Description"]
        start += [] if self.hand.about is None else [" " + self._attribute(self.hand.about, self.hand.subject)]
        start += [self._space(4) + self._xmlns(prefix) for prefix in _prefixes(properties)]
        start += [self._space(3) + self._attribute(name, value) for name, value in plain.items()]
        children = [
            self._element(name, value, 3) + self.hand.between for name, value in properties.items() if name not in plain
        ]
        if not children:
            return "".join((*start, "/>"))
        return "".join((*start, ">", *children, self._line(2), "</rdf:Description>"))

    def _element(self, name: str, value: Value, depth: int, mark: str = "") -> str:
        tag = self._name(name)
        start = f"{self._line(depth)}<{tag}{mark}"
        if isinstance(value, str):
            return f"{start}>{escape(value)}</{tag}>"
        if isinstance(value, Raw):
            return f"{start}{value.attributes}>{value.xml}</{tag}>"
        if isinstance(value, Items):
            return f"{start}>{self._items(value, depth + 1)}{self._line(depth)}</{tag}>"
        return self._struct(start, tag, value, depth)

    def _items(self, items: Items, depth: int) -> str:
        line, array = self._line(depth), f"rdf:{items.kind}"
        if not items.entries:
            return f"{line}<{array}/>"
        marks = [" " + self._attribute("xml:lang", language) for language in items.languages]
        marks = marks or [""] * len(items.entries)
        pairs = zip(items.entries, marks, strict=True)
        entries = [self._element("rdf:li", entry, depth + 1, mark) for entry, mark in pairs]
        return "".join((f"{line}<{array}>", *entries, f"{line}</{array}>"))

    def _struct(self, start: str, tag: str, struct: Struct, depth: int) -> str:
        texts = {key: text for key, text in struct.fields.items() if isinstance(text, str)}
        if self.hand.structs == "attributes" and len(texts) == len(struct.fields):
            return "".join((start, *(self._space(depth + 1) + self._attribute(*pair) for pair in texts.items()), "/>"))
        fields = "".join(self._element(key, value, depth + 2) for key, value in struct.fields.items())
        line, inner = self._line(depth), self._line(depth + 1)
        if self.hand.structs == "description":
            return f"{start}>{inner}<rdf:Description>{fields}{inner}</rdf:Description>{line}</{tag}>"
        return f"{start} {self._attribute('rdf:parseType', 'Resource')}>{fields}{line}</{tag}>"

    def _line(self, depth: int) -> str:
        return "\n" + self.hand.step * depth if self.hand.step else ""

    def _space(self, depth: int) -> str:
        return self._line(depth) or " "

    def _name(self, name: str) -> str:
        prefix, _, local = name.partition(":")
        return f"{self.hand.prefixes.get(prefix, prefix)}:{local}"

    def _xmlns(self, prefix: str) -> str:
        return self._attribute(f"xmlns:{self.hand.prefixes.get(prefix, prefix)}", SPACES[prefix])

    def _attribute(self, name: str, text: str) -> str:
        entities = {"\n": "&#xA;", "\t": "&#x9;", self.hand.quote: {"'": "&apos;"}.get(self.hand.quote, "&quot;")}
        return f"{self._name(name)}={self.hand.quote}{escape(text, entities)}{self.hand.quote}"


def _prefixes(properties: Mapping[str, Value]) -> list[str]:
    """Return the prefixes that these properties need, in their order."""
    found: dict[str, None] = {}
    for name, value in properties.items():
        found[name.partition(":")[0]] = None
        found.update(dict.fromkeys(_inner_prefixes(value)))
    return [prefix for prefix in found if prefix not in {"rdf", "xml"}]


def _inner_prefixes(value: Value) -> list[str]:
    if isinstance(value, Struct):
        return _prefixes(value.fields)
    if isinstance(value, Items):
        return [prefix for entry in value.entries for prefix in _inner_prefixes(entry)]
    return []
