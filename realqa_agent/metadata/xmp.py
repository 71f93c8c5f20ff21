"""One XMP packet as editable XML.

An edit changes the property that it names and nothing else. The text around the root element (byte order mark,
xpacket wrapper, comments, padding) is kept as it was, to the byte; the root element goes through lxml, which
keeps its content canonically equal: comments, CDATA, prefixes and order stay, while quotes and line breaks
inside tags may not. Splicing our bytes into the original text would keep those too, but a property may stand as
an attribute among others, in any rdf:Description, so that it takes a second XML parser written by hand. A packet
in which nothing changed gives back its bytes unread by lxml's serializer.
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING
from xml.parsers import expat

from lxml import etree

from realqa_agent.errors import PermanentError
from realqa_agent.metadata.namespaces import PREFIXES, RDF, REALQA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import Literal

    from lxml.etree import _Element

LARGEST_BYTES = 32 * 2**20
"""darktable sidecars with thousands of mask points reach a few megabytes."""

_ROOT = f"{{{RDF}}}RDF"
_DESCRIPTION = f"{{{RDF}}}Description"
_ABOUT = f"{{{RDF}}}about"
_LI = f"{{{RDF}}}li"
_PARSE_TYPE = f"{{{RDF}}}parseType"
_LISTS = (f"{{{RDF}}}Bag", f"{{{RDF}}}Seq")
_XML = "{http://www.w3.org/XML/1998/namespace}"
_LANGUAGE = f"{_XML}lang"

_UNSPEAKABLE = re.compile(r"[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 can't hold, not even escaped."""


class PacketError(PermanentError):
    """It can't be edited safely; the message is a sentence without the path."""


class BrokenPacketError(PacketError):
    """It isn't well-formed XML: damaged, something else, or only half there yet."""


class TangledError(Exception):
    """A property has another shape than expected, so whoever made it keeps it."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{etree.QName(name).localname} has an unusual form")


def speakable(text: str) -> str:
    """Given any text, return it as one line that XML can hold and that every XMP toolkit hands back unchanged."""
    return " ".join(_UNSPEAKABLE.sub("", text).split())


class Packet:
    """Reads and edits the properties of one packet; raises PacketError if that isn't safe.

    Only properties at the top are looked at: attributes and child elements of rdf:RDF's rdf:Description nodes.
    """

    def __init__(self, data: bytes) -> None:
        if len(data) > LARGEST_BYTES:
            raise PacketError(f"it is larger than {LARGEST_BYTES >> 20} MB")
        self._data = data
        self._changed = False
        text, self._codec = _decode(data)
        raw = text.encode()
        start, end = _extent(raw)
        self._head, inner, self._tail = raw[:start], raw[start:end], raw[end:]
        self._crlf = b"\r\n" in inner
        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, strip_cdata=False, huge_tree=False
        )
        try:
            self._root = etree.fromstring(inner, parser)
        except etree.XMLSyntaxError as error:
            raise BrokenPacketError(f"it is not well-formed XML: {error}") from error
        places = [self._root, *self._root]
        nodes = [node for node in places if node.tag == _ROOT]
        if len(nodes) != 1:
            raise PacketError(f"it is XML, but not XMP: it has {len(nodes)} rdf:RDF nodes instead of one")
        self.rdf: _Element = nodes[0]

    @property
    def changed(self) -> bool:
        """Whether there was any edit yet."""
        return self._changed

    def to_bytes(self) -> bytes:
        """Return the packet with its edits, or the very bytes that were given if there are none."""
        if not self._changed:
            return self._data
        inner = etree.tostring(self._root, encoding="unicode", with_tail=False)
        if self._crlf:
            inner = inner.replace("\n", "\r\n")
        return (self._head.decode() + inner + self._tail.decode()).encode(self._codec)

    # Reading

    def values(self, name: str) -> list[str | None]:
        """Return the property's text, once for each time it occurs; None where it isn't plain text."""
        found: list[str | None] = []
        for description in self._descriptions():
            if name in description.attrib:
                found.append(description.get(name))
            found += [_plain(node) for node in description.iterchildren(name)]
        return found

    def text(self, name: str) -> str | None:
        """Return the property's text, None if it is absent; TangledError if it is anything but one plain text."""
        values = self.values(name)
        if not values:
            return None
        if len(set(values)) > 1 or values[0] is None:
            raise TangledError(name)
        return values[0]

    def array(self, name: str) -> list[str]:
        """Return the texts of a Bag or Seq, none if it is absent; TangledError if it is anything else."""
        texts = [_plain(item) for item in self._items(name)]
        if None in texts:
            raise TangledError(name)
        return [text for text in texts if text is not None]

    def nested(self, name: str) -> dict[str, dict[str, str]]:
        """Return a struct of flat structs, empty if it is absent; TangledError if it is anything else."""
        nodes = [node for each in self._descriptions() for node in each.iterchildren(name)]
        if any(name in each.attrib for each in self._descriptions()) or len(nodes) > 1:
            raise TangledError(name)
        return {str(child.tag): _fields(child) for node in nodes for child in _elements(_struct(node))}

    def struct_lists(self) -> list[tuple[str, int]]:
        """Return the properties that have a list of structs anywhere inside, with the length of the longest one."""
        found = {}
        for description in self._descriptions():
            for node in _elements(description):
                lengths = [_structs_in(array) for array in node.iter(*_LISTS)]
                if any(lengths):
                    found[str(node.tag)] = max(lengths)
        return list(found.items())

    # Editing

    def set_text(self, name: str, value: str) -> None:
        """Give the property this text wherever it stands, as attribute or element; create it if it is absent."""
        values = self.values(name)
        if not values or None in values:
            self.remove(name)
            self._append(self._block(), self._element(name, value))
        for description in self._descriptions():
            if name in description.attrib and description.get(name) != value:
                description.set(name, value)
                self._changed = True
            for node in description.iterchildren(name):
                if _plain(node) != value:
                    for comment in node:
                        comment.tail = None
                    node.text = value
                    self._changed = True

    def set_localised(self, name: str, text: str) -> None:
        """Replace a property by language alternatives of which this text is the default and the only one."""
        self.remove(name)
        node = self._list(name, "Alt", [text])
        node[0][0].set(_LANGUAGE, "x-default")
        self._append(self._block(), node)

    def set_array(self, name: str, kind: Literal["Bag", "Seq"], texts: Sequence[str]) -> None:
        """Replace a property by this list of texts; without any the property goes."""
        self.remove(name)
        if texts:
            self._append(self._block(), self._list(name, kind, texts))

    def set_nested(self, name: str, structs: Mapping[str, Mapping[str, str]]) -> None:
        """Replace a property by a struct of these flat structs."""
        self.remove(name)
        node = self._element(name)
        node.set(_PARSE_TYPE, "Resource")
        for key, fields in structs.items():
            struct = etree.SubElement(node, key)
            struct.set(_PARSE_TYPE, "Resource")
            for field, text in fields.items():
                etree.SubElement(struct, field).text = text
        self._append(self._block(), node)

    def extend(self, name: str, texts: Sequence[str]) -> None:
        """Append to a list of whichever kind; create it as a Bag if it is absent."""
        if not texts:
            return
        node = self._list_node(name)
        if node is None:
            self.remove(name)
            self._append(self._block(), self._list(name, "Bag", texts))
            return
        for text in texts:
            self._append(node, self._element(_LI, text))

    def discard(self, name: str, texts: Iterable[str]) -> None:
        """Take these entries out of a list, and the list with its last entry."""
        gone = set(texts)
        for item in self._items(name):
            if _plain(item) in gone:
                self._detach(item)
        if gone and not self._items(name):
            self.remove(name)

    def remove(self, name: str) -> None:
        """Take the property out wherever it stands."""
        self._remove_if(lambda tag: tag == name)

    def remove_namespace(self, uri: str) -> None:
        """Take out every property of a namespace, and its declarations."""
        self._remove_if(lambda tag: tag.startswith(f"{{{uri}}}"))
        others = {
            prefix
            for node in self.rdf.iter(etree.Element)
            for prefix, space in node.nsmap.items()
            if prefix is not None and space != uri
        }
        etree.cleanup_namespaces(self.rdf, keep_ns_prefixes=list(others))

    # Shapes

    def _descriptions(self) -> Iterator[_Element]:
        return self.rdf.iterchildren(_DESCRIPTION)

    def _list_node(self, name: str) -> _Element | None:
        """Return the rdf:Bag or rdf:Seq of a property, None if it is absent or empty; else TangledError."""
        nodes = [node for each in self._descriptions() for node in each.iterchildren(name)]
        if any(name in each.attrib for each in self._descriptions()) or len(nodes) > 1:
            raise TangledError(name)
        if not nodes or not (nodes[0].attrib or len(nodes[0]) or (nodes[0].text or "").strip()):
            return None
        children = _elements(nodes[0])
        if len(children) != 1 or children[0].tag not in _LISTS:
            raise TangledError(name)
        if any(item.tag != _LI for item in _elements(children[0])):
            raise TangledError(name)
        return children[0]

    def _items(self, name: str) -> list[_Element]:
        node = self._list_node(name)
        return [] if node is None else _elements(node)

    def _block(self) -> _Element:
        """Return the rdf:Description for what we create: the one that knows our namespace, else a new one."""
        descriptions = list(self._descriptions())
        for description in descriptions:
            if REALQA in description.nsmap.values():
                return description
        block = etree.Element(_DESCRIPTION, nsmap={"rdf": RDF, self._prefix(REALQA) or "realqa": REALQA})
        # All nodes of a packet are about the same thing and must say so in the same way; old ones say `about`.
        about = [(key, node.get(key)) for node in descriptions for key in (_ABOUT, "about") if key in node.attrib]
        key, subject = about[0] if about else (_ABOUT, "")
        block.set(key, subject or "")
        self._append(self.rdf, block)
        return block

    def _element(self, name: str, text: str | None = None) -> _Element:
        uri = str(etree.QName(name).namespace)
        prefix = self._prefix(uri)
        node = etree.Element(name, nsmap={prefix: uri} if prefix else {"rdf": RDF})
        node.text = text
        return node

    def _prefix(self, uri: str) -> str | None:
        """Return the prefix that the packet has for a namespace, else the usual one, None if there is no usual one.

        Exiv2, and so both host programs, reads nothing of a packet in which one namespace has two prefixes. Old files
        of Photoshop's have `xap` where others have `xmp`.
        """
        for description in self._descriptions():
            for node in (description, *_elements(description)):
                for prefix, space in node.nsmap.items():
                    if space == uri and prefix:
                        return prefix
        return next((prefix for prefix, space in PREFIXES.items() if space == uri), None)

    def _list(self, name: str, kind: str, texts: Sequence[str]) -> _Element:
        node = self._element(name)
        array = etree.SubElement(node, f"{{{RDF}}}{kind}")
        for text in texts:
            etree.SubElement(array, _LI).text = text
        return node

    def _append(self, parent: _Element, child: _Element) -> None:
        """Add as the last child, on a line of its own."""
        depth = sum(1 for _ in parent.iterancestors()) + 1
        etree.indent(child, " ", level=depth)
        if len(parent):
            last = parent[-1]
            child.tail, last.tail = last.tail or "\n" + " " * (depth - 1), "\n" + " " * depth
        else:
            parent.text, child.tail = "\n" + " " * depth, "\n" + " " * (depth - 1)
        parent.append(child)
        self._changed = True

    def _detach(self, node: _Element) -> None:
        """Take a node out and leave its neighbours' lines as they are."""
        parent, before = node.getparent(), node.getprevious()
        if parent is None:
            raise TangledError(str(node.tag))
        if node.getnext() is None:
            if before is None:
                parent.text = node.tail
            else:
                before.tail = node.tail
        parent.remove(node)
        self._changed = True

    def _remove_if(self, chosen: Callable[[str], bool]) -> None:
        for description in self._descriptions():
            for key in [str(key) for key in description.attrib if chosen(str(key))]:
                del description.attrib[key]
                self._changed = True
            for node in _elements(description):
                if chosen(str(node.tag)):
                    self._detach(node)


def _decode(data: bytes) -> tuple[str, str]:
    """Return the packet's text and its codec. XMP allows UTF-8, 16 and 32; nobody was seen to write the last."""
    codec = "utf-8"
    if data.startswith((codecs.BOM_UTF16_LE, b"<\0")):
        codec = "utf-16-le"
    elif data.startswith((codecs.BOM_UTF16_BE, b"\0<")):
        codec = "utf-16-be"
    try:
        return data.decode(codec), codec
    except UnicodeDecodeError as error:
        raise BrokenPacketError(f"it is not {codec.upper()} text: {error.reason}") from error


def _extent(text: bytes) -> tuple[int, int]:
    """Given UTF-8 text, return where its root element begins and ends.

    Expat stops at a DOCTYPE before anything in it is read, so that no entity is ever expanded; libxml2 tells of
    one only after it did the work.
    """
    parser = expat.ParserCreate("utf-8")
    begin, end, depth = 0, 0, 0

    def doctype(*_: object) -> None:
        raise PacketError("it has a DOCTYPE, which XMP never needs and which can be an attack")

    def declaration(_: str, encoding: str | None, __: int) -> None:
        if encoding is not None and not encoding.lower().startswith(("utf-8", "utf-16", "us-ascii")):
            raise PacketError(f"it says that its encoding is {encoding}; XMP is UTF-8 or UTF-16")

    def opened(*_: object) -> None:
        nonlocal begin, depth
        if depth == 0:
            begin = parser.CurrentByteIndex
        depth += 1

    def closed(*_: object) -> None:
        nonlocal end, depth
        depth -= 1
        if depth == 0:
            # At an end tag the index is its beginning, after `<root/>` it is its end.
            end = parser.CurrentByteIndex
            if text[end : end + 2] == b"</":
                end = text.index(b">", end) + 1

    parser.StartDoctypeDeclHandler = doctype
    parser.XmlDeclHandler = declaration
    parser.StartElementHandler = opened
    parser.EndElementHandler = closed
    try:
        parser.Parse(text, True)  # noqa: FBT003 - the C function takes no keywords
    except expat.ExpatError as error:
        raise BrokenPacketError(f"it is not well-formed XML: {error}") from error
    return begin, end


def _elements(node: _Element) -> list[_Element]:
    """Return the child elements, without comments and processing instructions."""
    return [child for child in node if isinstance(child.tag, str)]


def _plain(node: _Element) -> str | None:
    """Return the text of an element that holds only text, else None; a language mark is allowed."""
    if _elements(node) or any(not str(key).startswith(_XML) for key in node.attrib):
        return None
    return (node.text or "") + "".join(comment.tail or "" for comment in node)


def _structs_in(array: _Element) -> int:
    """Return how many entries of a list are structs."""
    return sum(_plain(item) is None for item in _elements(array))


def _struct(node: _Element) -> _Element:
    """Return the node that holds a struct's fields: itself, or the rdf:Description in it."""
    children = _elements(node)
    return children[0] if [child.tag for child in children] == [_DESCRIPTION] else node


def _fields(item: _Element) -> dict[str, str]:
    """Return a flat struct's fields; programs write it as parseType, as nested node or as attributes."""
    item = _struct(item)
    fields = {str(key): str(text) for key, text in item.attrib.items() if not str(key).startswith(f"{{{RDF}}}")}
    for child in _elements(item):
        text = _plain(child)
        if text is None:
            raise TangledError(str(child.tag))
        fields[str(child.tag)] = text
    return fields
