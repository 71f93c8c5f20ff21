"""What people decide about a photo and what programs note beside it, by the throw of dice that always fall the same."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, TypeVar

from support.packets import Items, Properties, Struct, Value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

T = TypeVar("T")

RATINGS = ("3", None, "0", "-1", "5", "1", "3.0", "4", "2", "4 stars", "")
"""Absent, 0 and -1 are three different values."""
PICKS = (None, "0", "1", "2", "3")
COLOURS = ("Red", "Yellow", "Green", "Blue", "Purple")
PLACES = ("Places|Italy|Liguria", "Places|Norge|Ålesund", "Places|日本|京都", "Places|إيران|شیراز")
PEOPLE = ("People|Zoë & Ana", 'People|"Bob" O\'Hara', "People|<unknown>", "People|عمر")
WORDS = ("sea", "street", "wedding", "Ærø", "𝄞 concert", "🦊", "شب", "naïve", "R&D", "a<b", "it's", "reject", "blurry")
LANGUAGES = ("x-default", "de-DE", "ar", "ja")
CAPTIONS = ("Morning\nat the pier", "Schön & gut", "“quoted” <tag>", "שקיעה בתל אביב", "三脚  two  spaces", "tab\there")


class Draw:
    """The dice of one sample: what `turn` gives is crossed by the sample's number, the rest is thrown."""

    def __init__(self, family: str, number: int) -> None:
        self.random = Random(f"{family} {number}")  # noqa: S311 - a corpus, no secret
        self.number = number
        self._rest = number

    def turn(self, options: Sequence[T]) -> T:
        """Return each option in turn, and every combination with those of later calls."""
        self._rest, place = divmod(self._rest, len(options))
        return options[place]

    def one(self, options: Sequence[T]) -> T:
        return self.random.choice(options)

    def some(self, options: Sequence[T], most: int = 4) -> tuple[T, ...]:
        return tuple(self.random.sample(options, self.random.randint(0, min(most, len(options)))))

    def whole(self, low: int, high: int) -> str:
        return str(self.random.randint(low, high))

    def real(self, low: float, high: float) -> str:
        return f"{self.random.uniform(low, high):.6f}"

    def hex(self, length: int) -> str:
        return self.random.randbytes(length // 2).hex()

    def time(self) -> str:
        day = f"20{self.random.randint(10, 26)}-{self.random.randint(1, 12):02}-{self.random.randint(1, 28):02}"
        return f"{day}T{self.random.randint(0, 23):02}:{self.random.randint(0, 59):02}:{self.random.randint(0, 59):02}"


def bag(*entries: str) -> Items:
    return Items("Bag", entries)


def seq(*entries: Value) -> Items:
    return Items("Seq", entries)


def structs(*entries: Mapping[str, Value]) -> Items:
    return Items("Seq", tuple(map(Struct, entries)))


def localised(draw: Draw, texts: Sequence[str]) -> Items:
    """Return language alternatives, at least one."""
    languages = LANGUAGES[: draw.random.randint(1, len(LANGUAGES))]
    return Items("Alt", tuple(draw.one(texts) for _ in languages), languages)


def keywords(draw: Draw) -> Properties:
    """Return keyword lists in one of the ways in which programs leave them."""
    way = draw.turn(("none", "flat", "all", "flat and hierarchical", "tags", "hierarchical", "long", "like ours"))
    paths = (*draw.some(PLACES, 2), *draw.some(PEOPLE, 2), draw.one(WORDS))
    if way == "long":
        paths = tuple(f"Roll {draw.number}|{number:03}" for number in range(draw.random.randint(60, 150)))
    if way == "like ours":
        paths = ("RealQA|reject", "RealQA|mine", *paths)
    leaves = tuple(dict.fromkeys(path.rpartition("|")[2] for path in paths))
    lists: Properties = {}
    if way in {"flat", "all", "flat and hierarchical", "long", "like ours"}:
        lists["dc:subject"] = Items(draw.one(("Bag", "Bag", "Seq")), leaves)
    if way in {"all", "flat and hierarchical", "hierarchical", "long", "like ours"}:
        lists["lr:hierarchicalSubject"] = bag(*paths)
    if way in {"all", "tags", "like ours"}:
        lists["digiKam:TagsList"] = seq(*(path.replace("|", "/") for path in paths))
    return lists


def words(draw: Draw) -> Properties:
    """Return titles and captions, or none."""
    texts: Properties = {}
    if draw.random.random() < 0.6:
        texts["dc:title"] = localised(draw, WORDS)
    if draw.random.random() < 0.6:
        texts["dc:description"] = localised(draw, CAPTIONS)
    if draw.random.random() < 0.4:
        texts["dc:creator"] = seq(draw.one(("Zoë Ødegård", "محمد", "Ana & Sons")))
    return texts


def rated(draw: Draw) -> Properties:
    rating = draw.turn(RATINGS)
    return {} if rating is None else {"xmp:Rating": rating}


def labelled(draw: Draw) -> Properties:
    colour = draw.one((None, *COLOURS))
    return {} if colour is None else {"xmp:Label": colour}


def exposure(draw: Draw) -> Properties:
    return {
        "tiff:Make": draw.one(("Canon", "NIKON CORPORATION", "SONY", "FUJIFILM")),
        "tiff:Orientation": draw.whole(1, 8),
        "exif:DateTimeOriginal": draw.time(),
        "exif:ExposureTime": f"1/{draw.whole(2, 8000)}",
        "exif:FNumber": f"{draw.whole(14, 220)}/10",
        "exif:GPSLatitude": f"{draw.whole(0, 89)},{draw.real(0, 59)}N",
        "exif:GPSLongitude": f"{draw.whole(0, 179)},{draw.whole(0, 59)}.5E",
        "exif:GPSVersionID": "2.3.0.0",
        "exif:ISOSpeedRatings": seq(draw.whole(100, 12800)),
    }


def history(draw: Draw) -> Properties:
    """Return a document's history as Adobe's programs keep it."""
    events = [
        {
            "stEvt:action": draw.one(("saved", "derived", "converted")),
            "stEvt:instanceID": f"xmp.iid:{draw.hex(32)}",
            "stEvt:when": f"{draw.time()}+02:00",
            "stEvt:changed": "/metadata",
        }
        for _ in range(draw.random.randint(1, 5))
    ]
    return {
        "xmpMM:DocumentID": f"xmp.did:{draw.hex(32)}",
        "xmpMM:InstanceID": f"xmp.iid:{draw.hex(32)}",
        "xmpMM:DerivedFrom": Struct({"stRef:documentID": draw.hex(32), "stRef:instanceID": f"xmp.iid:{draw.hex(32)}"}),
        "xmpMM:History": structs(*events),
    }


def regions(draw: Draw) -> Properties:
    """Return faces, as the Metadata Working Group writes them: structs in a list in a struct."""
    faces = [
        Struct(
            {
                "mwg-rs:Area": Struct(
                    {f"stArea:{side}": draw.real(0, 1) for side in "xywh"} | {"stArea:unit": "normalized"}
                ),
                "mwg-rs:Type": "Face",
                "mwg-rs:Name": draw.one(PEOPLE).partition("|")[2],
            }
        )
        for _ in range(draw.random.randint(0, 3))
    ]
    size = Struct({"stDim:w": draw.whole(2000, 9000), "stDim:h": draw.whole(2000, 6000), "stDim:unit": "pixel"})
    return {
        "mwg-rs:Regions": Struct({"mwg-rs:AppliedToDimensions": size, "mwg-rs:RegionList": Items("Bag", tuple(faces))})
    }
