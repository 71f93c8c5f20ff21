"""The packet that a new sidecar starts from.

A sidecar hides what is inside the photo, from darktable and from digiKam alike: rating, title and keywords would
seem lost. So a new one begins as a copy of what the programs show until now. Seeded values are a human's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree

from realqa_agent.metadata import namespaces as names
from realqa_agent.metadata.xmp import BrokenPacketError, Packet, PacketError, speakable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from realqa_agent.capture import Embedded

WRAPPER = """\
<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="RealQA Agent">
 {}
</x:xmpmeta>
<?xpacket end="w"?>
"""
EMPTY = WRAPPER.format(f'<rdf:RDF xmlns:rdf="{names.RDF}"/>')


MOST_STRUCTS = 9
HISTORIES = {names.MEDIA_MANAGEMENT, names.CAMERA_RAW}


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What is said of the photo outside its sidecar."""

    embedded: Embedded
    lightroom: bytes | None = None
    """The packet of `photo.xmp`, the name that Lightroom uses, where it lies beside the photo."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Seed:
    """A whole packet, and sentences about what could not be carried over."""

    data: bytes
    notes: tuple[str, ...] = ()


def seed(around: Surroundings) -> Seed:
    """Given what is said of a photo without `photo.ext.xmp`, return the packet that its new sidecar starts from.

    `photo.xmp` comes before the packet in the photo, as in darktable. Raise PacketError if it can't be read: to
    start without it would hide a human's values.
    """
    if around.lightroom is not None:
        packet = Packet(around.lightroom)
        packet.remove_namespace(names.REALQA)
        left_out = tuple(_without_long_lists(packet))
        return Seed(data=_sidecar(packet), notes=left_out)
    embedded = around.embedded
    notes: list[str] = []
    if embedded.problem is not None:
        notes.append(f"the metadata inside the photo can't be read, so none was copied: {embedded.problem}")
    packet = Packet(EMPTY.encode())
    if embedded.packet is not None:
        try:
            packet = embedded_packet(embedded.packet)
        except BrokenPacketError as error:
            packet = _salvaged(embedded.packet) or packet
            notes.append(f"the XMP inside the photo is damaged, what is readable was copied: {error}")
        except PacketError as error:
            notes.append(f"the XMP inside the photo was not copied: {error}")
    # An exported picture may carry what belongs to the photo that it was made from: darktable would apply that
    # history once more, and our own results and witnesses are about another file.
    packet.remove_namespace(names.DARKTABLE)
    packet.remove_namespace(names.REALQA)
    notes += _without_long_lists(packet)
    if embedded.rating in range(-1, 6) and not packet.values(names.RATING):
        packet.set_text(names.RATING, str(embedded.rating))
    _add_texts(packet, embedded)
    return Seed(data=_sidecar(packet), notes=tuple(notes))


def _without_long_lists(packet: Packet) -> Iterator[str]:
    """Leave out histories that darktable stumbles over, and yield a sentence about each long list.

    darktable 4.2.1 can't write a sidecar with a list of ten structs or more, so that a human's later edits would stay
    in its database alone. What Photoshop and Lightroom note for themselves stays where we found it and is shown by
    neither host program; other lists, such as the faces of a group, are kept.
    """
    for name, length in packet.struct_lists():
        if length > MOST_STRUCTS:
            spoken, kept = etree.QName(name), etree.QName(name).namespace not in HISTORIES
            if not kept:
                packet.remove(name)
            what = (
                "so darktable can't write this sidecar any more" if kept else "not copied: darktable can't write that"
            )
            yield f"{spoken.localname} has {length} entries, {what}"


def _add_texts(packet: Packet, embedded: Embedded) -> None:
    """Add the texts of IPTC and Exif where the packet has none; where it has one, the host programs show that.

    Only darktable shows the keywords of both. Those that are in IPTC alone are mostly ones that were removed since by
    a program that writes no IPTC, so they stay out.
    """
    texts = {names.TITLE: embedded.title, names.DESCRIPTION: embedded.description, names.RIGHTS: embedded.rights}
    for name, text in texts.items():
        # A caption has its line breaks from a human; old Macs wrote them as \r.
        lines = "\n".join(map(speakable, (text or "").splitlines())).strip()
        if lines and not packet.values(name):
            packet.set_localised(name, lines)
    if not packet.values(names.CREATOR):
        packet.set_array(names.CREATOR, "Seq", _speakable(embedded.creators))
    if not packet.values(names.FLAT):
        packet.set_array(names.FLAT, "Bag", _speakable(embedded.keywords))


def _speakable(texts: Iterable[str]) -> list[str]:
    return list(filter(None, map(speakable, texts)))


def embedded_packet(data: bytes) -> Packet:
    """Return the packet out of a photo, which may be padded with zero bytes; raise PacketError as Packet does."""
    return Packet(data if b"\0" in data[:4] else data.strip(b"\0 \t\r\n"))


def _salvaged(data: bytes) -> Packet | None:
    """Return what is left of a damaged packet, None if nothing is."""
    text = speakable(data.decode("utf-8", "replace"))
    if "<!DOCTYPE" in text:
        return None
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, load_dtd=False)
    root = etree.fromstring(text.encode(), parser) if text else None
    nodes = [] if root is None else list(root.iter(f"{{{names.RDF}}}RDF"))
    try:
        return Packet(etree.tostring(nodes[0], with_tail=False)) if nodes else None
    except PacketError:
        return None


def _sidecar(packet: Packet) -> bytes:
    """Return the packet in the wrapper of a fresh sidecar: no padding, UTF-8, and never bare.

    Exiv2, and so both host programs, refuses UTF-16 and a packet without x:xmpmeta.
    """
    rdf = etree.tostring(packet.rdf, encoding="unicode", with_tail=False)
    return WRAPPER.format(rdf).encode()
