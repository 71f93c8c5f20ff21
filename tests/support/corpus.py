"""A corpus of sidecars, made anew in each run and always the same: what programs write, in what people decided.

The families cross a program's form with all kinds of ratings, keywords and encodings; no two samples are alike.
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from lxml import etree
from support import families, programs
from support.opinions import Draw
from support.packets import SPACES, Items, Properties, Value, written
from support.sidecars import FLAT, HIERARCHICAL, PICK, RATING, TAGS

from realqa_agent.capture import Embedded
from realqa_agent.metadata.record import Memory

if TYPE_CHECKING:
    from support.programs import Draft

FAMILIES = {
    "darktable": (programs.darktable, 330),
    "digiKam": (programs.digikam, 264),
    "Lightroom": (programs.lightroom, 264),
    "Camera Raw": (programs.camera_raw, 132),
    "Capture One": (programs.capture_one, 132),
    "Photo Mechanic": (programs.photo_mechanic, 132),
    "ExifTool": (programs.exiftool, 198),
    "Windows and phones": (programs.windows, 88),
    "two names": (families.two_names, 176),
    "encodings": (families.encodings, 176),
    "odd XML": (families.odd_xml, 154),
    "odd RDF": (families.odd_rdf, 176),
    "RealQA before": (families.before, 132),
    "inside the photo": (families.inside, 110),
}

LISTS = {"lr:hierarchicalSubject": HIERARCHICAL, "dc:subject": FLAT, "digiKam:TagsList": TAGS}
DECIDED = (
    *LISTS,
    "xmp:Rating",
    "xmp:Label",
    "dc:title",
    "dc:description",
    "digiKam:PickLabel",
    "digiKam:ColorLabel",
    "MicrosoftPhoto:Rating",
    "MicrosoftPhoto:LastKeywordXMP",
    "acdsee:rating",
    "photomechanic:ColorClass",
    "darktable:colorlabels",
)
"""What people decide about a photo."""

SHARED_NUMBERS = {
    RATING: ("xmp:Rating", "realqa:WrittenRating"),
    PICK: ("digiKam:PickLabel", "realqa:WrittenPick"),
}
"""The numbers that the agent may share, and its witnesses."""

MARKS = {
    "utf-8-sig": codecs.BOM_UTF8,
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
}


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A sidecar, or a photo that has none yet, and what may become of it."""

    family: str
    name: str
    data: bytes | None
    """`photo.ext.xmp`, None if there is none."""
    human: Mapping[str, tuple[str, ...]]
    """What a person decided, by property, wherever it stands."""
    free: frozenset[str]
    """Rating and pick label, if nobody chose them, so that they may be written."""
    listable: bool
    """Whether the keyword lists may be added to."""
    embedded: Embedded = field(default_factory=Embedded)
    lightroom: bytes | None = None
    """`photo.xmp` beside it."""
    memory: Memory = field(default_factory=dict)

    @property
    def source(self) -> bytes:
        """The packet that stays, whether it is a sidecar already or becomes one."""
        source = self.data or self.lightroom or (self.embedded.packet or b"").rstrip(b"\0")
        assert source
        return source


def samples(family: str) -> list[Sample]:
    """Return all samples of a family."""
    make, count = FAMILIES[family]
    return [sample_of(make(Draw(family, number)), family, f"{family} {number}") for number in range(count)]


@cache
def everything() -> tuple[Sample, ...]:
    """Return all samples of all families."""
    return tuple(sample for family in FAMILIES for sample in samples(family))


def sample_of(draft: Draft, family: str, name: str) -> Sample:
    """Write a draft down, and say what may become of it."""
    data = _packet(draft, draft.properties)
    rival = None if draft.lightroom is None else _packet(draft, draft.lightroom)
    packet = None if draft.embedded is None else _packet(draft, draft.embedded)
    source = _start(draft)
    return Sample(
        family=family,
        name=name,
        data=data,
        human=_human(source),
        free=frozenset(name for name in (RATING, PICK) if _is_free(name, draft)),
        listable="darktable:xmp_version" not in source and all(_is_list(source.get(name)) for name in LISTS),
        embedded=Embedded(packet=packet, rating=draft.exif_rating),
        lightroom=rival,
        memory=draft.memory,
    )


def _packet(draft: Draft, properties: Properties | None) -> bytes | None:
    if properties is None:
        return None
    text = written(properties, draft.hand)
    for old, new in draft.edits:
        assert old in text, old
        text = text.replace(old, new)
    codec = draft.encoding.removesuffix("-sig")
    return MARKS.get(draft.encoding, b"") + text.encode(codec)


def _human(properties: Properties) -> dict[str, tuple[str, ...]]:
    ours = set(_texts(properties.get("realqa:WrittenKeywords", "")))
    found = {}
    for name in DECIDED:
        if name in properties:
            texts = _texts(properties[name])
            found[clark(name)] = tuple(text for text in texts if name not in LISTS or text not in ours)
    if not _is_humans(properties, "xmp:Rating", "realqa:WrittenRating"):
        found.pop(RATING, None)
    if not _is_humans(properties, "digiKam:PickLabel", "realqa:WrittenPick"):
        found.pop(PICK, None)
    return {name: texts for name, texts in found.items() if texts}


def _texts(value: Value) -> tuple[str, ...]:
    """Return the texts of a property in a usual form; of any other, the canonical comparison tells."""
    if isinstance(value, Items):
        texts = tuple(entry for entry in value.entries if isinstance(entry, str))
        return texts if len(texts) == len(value.entries) else ()
    return (value,) if isinstance(value, str) else ()


def _is_humans(properties: Properties, name: str, witness: str) -> bool:
    return witness not in properties or not _same(properties.get(name), properties[witness])


def _is_free(name: str, draft: Draft) -> bool:
    """Tell by the rules whether a value is nobody's, from what the sample is made of and not from its XML."""
    spoken, witness = SHARED_NUMBERS[name]
    start = _start(draft)
    if "darktable:xmp_version" in start:
        return False
    if draft.properties is not None and (witness in start or draft.memory):
        return witness in start and _same(start.get(spoken), start[witness])
    value, rival = _stated(start, spoken), _stated(draft.lightroom, spoken)
    if rival not in {None, "0"}:
        return False
    if value is None:
        value = _stated(draft.embedded, spoken)
    if value is None and name == RATING and draft.exif_rating is not None:
        value = str(draft.exif_rating)
    return value in {None, "0"}


def _start(draft: Draft) -> Properties:
    """Return what the sidecar has, or begins with if there is none."""
    found = (draft.properties, draft.lightroom, draft.embedded)
    return next(properties for properties in found if properties is not None)


def _stated(properties: Properties | None, name: str) -> Value | None:
    found = (properties or {}).get(name)
    if found is None and name == "xmp:Rating":
        others = ((properties or {}).get(other) for other in ("MicrosoftPhoto:Rating", "acdsee:rating"))
        return next((other for other in others if other not in {None, "0"}), None)
    return found


def _same(one: Value | None, other: Value | None) -> bool:
    return isinstance(one, str) and isinstance(other, str) and one.removesuffix(".0") == other.removesuffix(".0")


def _is_list(value: Value | None) -> bool:
    return value is None or (
        isinstance(value, Items) and value.kind != "Alt" and all(isinstance(entry, str) for entry in value.entries)
    )


def clark(name: str) -> str:
    """Return a property's name in Clark notation."""
    prefix, _, local = name.partition(":")
    return etree.QName(SPACES[prefix], local).text
