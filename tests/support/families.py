"""Families of the generated corpus: each program's form, and the properties that it writes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from random import Random
from typing import TYPE_CHECKING, TypeVar

from support.packets import DECLARATION, XPACKET, Hand, Items, Properties, Raw, Struct, Value

from realqa_agent.metadata.record import Field, Memory, Owner, Remembered

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What a sample is made of. Without `properties` the photo has no sidecar of its own yet."""

    hand: Hand
    properties: Properties | None
    encoding: str = "utf-8"
    edits: tuple[tuple[str, str], ...] = ()
    """Replacements in the finished text, for what no model of properties knows."""
    lightroom: Properties | None = None
    embedded: Properties | None = None
    exif_rating: int | None = None
    memory: Memory = field(default_factory=dict)


EXIV2 = Hand(step=" ")
ADOBE = Hand(toolkit="Adobe XMP Core 7.0-c000 1.000000, 0000/00/00-00:00:00        ", closing="\n")
CORE = Hand(toolkit="XMP Core 5.5.0", attributes=False, structs="resource", step="   ", closing="\n")
EXIFTOOL = Hand(
    toolkit="Image::ExifTool 12.57",
    opening=XPACKET.replace('"', "'"),
    closing="\n<?xpacket end='w'?>",
    attributes=False,
    structs="resource",
    apart=True,
    quote="'",
)
MICROSOFT = Hand(
    toolkit=None, apart=True, step="", subject="uuid:faf5bdd5-ba3d-11da-ad31-d33d75182f1b", attributes=False
)
HANDS = (EXIV2, ADOBE, CORE, EXIFTOOL, MICROSOFT)


# What people decide


def bag(*entries: str) -> Items:
    return Items("Bag", entries)


def seq(*entries: Value) -> Items:
    return Items("Seq", entries)


def structs(*entries: Properties) -> Items:
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


# Programs


def darktable(draw: Draw) -> Draft:
    opinions = rated(draw) | keywords(draw)
    version = draw.turn(("5", "4", "3", "2"))
    steps = draw.random.sample(
        ("temperature", "highlights", "demosaic", "exposure", "filmicrgb", "colorin", "sharpen", "lens", "flip"),
        draw.random.randint(1, 9),
    )
    stamps = {
        "darktable:import_timestamp": draw.whole(63_700_000_000_000_000, 63_900_000_000_000_000),
        "darktable:change_timestamp": "-1",
        "darktable:export_timestamp": "-1",
    }
    properties: Properties = {
        "exif:DateTimeOriginal": draw.time().replace("-", ":").replace("T", " ") + ".000",
        **opinions,
        "xmpMM:DerivedFrom": f"IMG_{draw.number:04}.CR2",
        **(stamps if version >= "4" else {}),
        "darktable:xmp_version": version,
        "darktable:raw_params": "0",
        "darktable:auto_presets_applied": "1",
        "darktable:history_end": str(len(steps)),
        **({"darktable:iop_order_version": draw.whole(1, 4)} if version >= "3" else {}),
        "darktable:history_current_hash": draw.hex(32),
        **words(draw),
        **(_history_of_lists(draw, steps) if version == "2" else _history_of_structs(draw, steps)),
    }
    if draw.random.random() < 0.3:
        properties["darktable:iop_order_list"] = ",".join(f"{step},0" for step in steps)
    if draw.random.random() < 0.4:
        properties["darktable:colorlabels"] = seq(*draw.some(("0", "1", "2", "3"), 3))
    opening, closing = DECLARATION.format("UTF-8"), draw.one(("\n", ""))
    return Draft(hand=replace(EXIV2, opening=opening, closing=closing), properties=properties)


def _history_of_structs(draw: Draw, steps: Sequence[str]) -> Properties:
    masks = [
        {
            "darktable:mask_num": draw.whole(0, 9),
            "darktable:mask_id": draw.whole(10**9, 2 * 10**9),
            "darktable:mask_type": draw.one(("1", "2", "4", "32", "64")),
            "darktable:mask_name": draw.one(("circle #1", "grp exposure", "Pfad #2", "кисть #1")),
            "darktable:mask_points": draw.hex(64),
            "darktable:mask_src": "0000000000000000",
        }
        for _ in range(draw.random.choice((0, 0, 1, 3)))
    ]
    entries = [
        {
            "darktable:num": str(number),
            "darktable:operation": step,
            "darktable:enabled": draw.one("01"),
            "darktable:modversion": draw.whole(1, 7),
            "darktable:params": draw.hex(48),
            "darktable:multi_name": draw.one(("", "", "1", "Haut & Himmel")),
            "darktable:multi_priority": "0",
            "darktable:blendop_version": "11",
            "darktable:blendop_params": f"gz14{draw.hex(40)}==",
        }
        for number, step in enumerate(steps)
    ]
    return {"darktable:masks_history": structs(*masks), "darktable:history": structs(*entries)}


def _history_of_lists(draw: Draw, steps: Sequence[str]) -> Properties:
    return {
        "darktable:history_modversion": seq(*(draw.whole(1, 7) for _ in steps)),
        "darktable:history_enabled": seq(*(draw.one("01") for _ in steps)),
        "darktable:history_operation": seq(*steps),
        "darktable:history_params": seq(*(draw.hex(48) for _ in steps)),
        "darktable:multi_name": seq(*("" for _ in steps)),
        "darktable:multi_priority": seq(*("0" for _ in steps)),
    }


def digikam(draw: Draw) -> Draft:
    rating, pick = draw.turn(RATINGS), draw.turn(PICKS)
    opinions = keywords(draw)
    tags = opinions.get("digiKam:TagsList")
    properties: Properties = {
        "xmp:CreatorTool": f"digiKam-{draw.whole(5, 8)}.{draw.whole(0, 9)}.0",
        "xmp:ModifyDate": draw.time(),
        **exposure(draw),
        "digiKam:ColorLabel": draw.whole(0, 9),
        "digiKam:CaptionsAuthorNames": Items("Alt", ("",), ("x-default",)),
        **words(draw),
        **opinions,
    }
    if pick is not None:
        properties["digiKam:PickLabel"] = pick
    if rating is not None:
        properties["xmp:Rating"] = rating
    if rating in {"1", "2", "3", "4", "5"} or (rating is None and draw.random.random() < 0.3):
        stars = rating or draw.whole(1, 5)
        properties["acdsee:rating"] = stars
        properties["MicrosoftPhoto:Rating"] = str((1, 25, 50, 75, 99)[int(stars) - 1])
    if isinstance(tags, Items):
        properties["MicrosoftPhoto:LastKeywordXMP"] = Items("Bag", tags.entries)
        properties["mediapro:CatalogSets"] = Items("Bag", tuple(str(tag).replace("/", "|") for tag in tags.entries))
        category = "".join(f'<Category Assigned="1">{tag}</Category>' for tag in tags.entries)
        properties["acdsee:categories"] = f"<Categories>{category}</Categories>"
    return Draft(hand=EXIV2, properties=properties)


def lightroom(draw: Draw) -> Draft:
    return Draft(hand=ADOBE, properties=rated(draw) | _lightroom(draw))


def _lightroom(draw: Draw) -> Properties:
    sliders = ("Exposure2012", "Contrast2012", "Highlights2012", "Shadows2012", "Clarity2012", "Dehaze", "Vibrance")
    curve = seq(*(f"{point}, {min(255, point + draw.random.randint(0, 40))}" for point in (0, 64, 128, 192, 255)))
    return {
        "xmp:CreatorTool": f"Adobe Photoshop Lightroom Classic {draw.whole(7, 14)}.{draw.whole(0, 5)} (Macintosh)",
        "xmp:MetadataDate": f"{draw.time()}.{draw.whole(10, 99)}+01:00",
        **labelled(draw),
        "photoshop:DateCreated": draw.time(),
        "aux:LensInfo": "15/1 85/1 0/0 0/0",
        "crs:Version": f"{draw.whole(9, 17)}.0",
        "crs:ProcessVersion": "11.0",
        **{f"crs:{slider}": f"{draw.random.randint(-100, 100):+}" for slider in sliders},
        "crs:HasSettings": "True",
        "crs:CropAngle": draw.real(-3, 3),
        **exposure(draw),
        **history(draw),
        **(regions(draw) if draw.random.random() < 0.4 else {}),
        "crs:ToneCurvePV2012": curve,
        "crs:Look": Struct(
            {
                "crs:Name": draw.one(("Adobe Color", "Farbe & Film")),
                "crs:Amount": "1",
                "crs:Parameters": Struct(
                    {"crs:Version": "14.0", "crs:LookTable": draw.hex(32), "crs:ToneCurvePV2012Red": curve}
                ),
            }
        ),
        **keywords(draw),
        **words(draw),
    }


def camera_raw(draw: Draw) -> Draft:
    """Adobe Camera Raw: masks are structs in lists in structs, in whichever form."""
    masks = [
        Struct(
            {
                "crs:What": "Correction",
                "crs:CorrectionAmount": draw.real(0, 1),
                "crs:CorrectionName": draw.one(("Mask 1", "Ciel", "空")),
                "crs:CorrectionMasks": structs(
                    *(
                        {"crs:What": "Mask/Gradient", "crs:MaskValue": "1.000000", "crs:FullX": draw.real(0, 1)}
                        for _ in range(draw.random.randint(1, 2))
                    )
                ),
            }
        )
        for _ in range(draw.random.randint(1, 3))
    ]
    opinions = rated(draw)
    hand = replace(draw.turn((ADOBE, CORE)), structs=draw.turn(("attributes", "resource", "description")))
    properties: Properties = {
        **opinions,
        **keywords(draw),
        "xmp:ModifyDate": draw.time(),
        **labelled(draw),
        "crs:RawFileName": f"_MG_{draw.number:04}.CR3",
        "crs:WhiteBalance": "As Shot",
        "crs:Temperature": draw.whole(2500, 9000),
        "crs:MaskGroupBasedCorrections": Items("Seq", tuple(masks)),
        **history(draw),
        **words(draw),
    }
    return Draft(hand=hand, properties=properties)


def capture_one(draw: Draw) -> Draft:
    opinions = rated(draw) | keywords(draw)
    properties: Properties = {
        "xmp:MetadataDate": f"{draw.time()}Z",
        **opinions,
        **labelled(draw),
        "photoshop:Urgency": draw.whole(0, 8),
        "photoshop:City": draw.one(("Genova", "Ålesund", "京都")),
        "Iptc4xmpCore:CountryCode": draw.one(("IT", "NO", "JP")),
        "Iptc4xmpCore:CreatorContactInfo": Struct(
            {"Iptc4xmpCore:CiEmailWork": "a@example.org", "Iptc4xmpCore:CiAdrCity": "Roma"}
        ),
        "Iptc4xmpCore:Scene": bag(draw.whole(10_000, 19_999)),
        **words(draw),
    }
    return Draft(hand=replace(CORE, prefixes={"lr": "lightroom"}), properties=properties)


def photo_mechanic(draw: Draw) -> Draft:
    opinions = rated(draw) | keywords(draw)
    colour, stars = draw.whole(0, 8), str(opinions.get("xmp:Rating", "0"))
    properties: Properties = {
        "photomechanic:ColorClass": colour,
        "photomechanic:Tagged": draw.one(("True", "False")),
        "photomechanic:Prefs": f"0:{colour}:{stars}:{draw.number:06}",
        **opinions,
        **labelled(draw),
        "xmpRights:Marked": "True",
        "photoshop:Headline": draw.one(CAPTIONS),
        "photoshop:Credit": draw.one(("R&D Press", "Ærø Foto")),
        **exposure(draw),
        **words(draw),
    }
    hand = replace(EXIV2, prefixes={"xmp": "xap", "xmpMM": "xapMM", "xmpRights": "xapRights"})
    padding = (" " * 100 + "\n") * draw.turn((0, 3, 20))
    return Draft(hand=replace(hand, closing=f'\n{padding}<?xpacket end="w"?>'), properties=properties)


def exiftool(draw: Draw) -> Draft:
    opinions = rated(draw) | keywords(draw)
    pick = draw.one(PICKS)
    properties: Properties = {
        **({} if pick is None else {"digiKam:PickLabel": pick}),
        **exposure(draw),
        **opinions,
        **labelled(draw),
        **words(draw),
        **regions(draw),
        **history(draw),
        "Iptc4xmpExt:LocationShown": structs(
            *({"Iptc4xmpExt:City": place, "Iptc4xmpExt:CountryCode": "XX"} for place in draw.some(WORDS, 3))
        ),
        "farm:Sheep": Struct(
            {"farm:Ewes": bag(*draw.some(WORDS)), "farm:Ram": draw.one(WORDS), "farm:Age": draw.whole(1, 12)}
        ),
    }
    return Draft(hand=EXIFTOOL, properties=properties)


def windows(draw: Draw) -> Draft:
    rating = draw.turn(RATINGS)
    percent = {"1": "1", "2": "25", "3": "50", "4": "75", "5": "99"}.get(rating or "", draw.turn(("50", "0", None)))
    properties: Properties = {
        "xmp:CreatorTool": draw.one(("Microsoft Windows Photo Viewer 10.0", "17.4", "HDR+ 1.0")),
        **({} if rating is None else {"xmp:Rating": rating}),
        **({} if percent is None else {"MicrosoftPhoto:Rating": percent}),
        **keywords(draw),
        **exposure(draw),
        **words(draw),
    }
    subject = replace(MICROSOFT, subject=f"uuid:{draw.hex(32)}")
    return Draft(
        hand=draw.turn((subject, replace(MICROSOFT, subject="", step="  ", apart=False))), properties=properties
    )


# Crossings


def _any_program(draw: Draw) -> Draft:
    """Return a sample of any program but darktable, in its own hand."""
    programs: tuple[Callable[[Draw], Draft], ...] = (lightroom, digikam, capture_one, exiftool, photo_mechanic)
    return draw.one(programs)(Draw(f"any {draw.number}", draw.random.randint(0, 10_000)))


def two_names(draw: Draw) -> Draft:
    """`photo.xmp` beside `photo.ext.xmp`, or alone: the same stars, other ones, or none."""
    ours, theirs = draw.turn((None, "0", "3", "-1")), draw.turn((None, "0", "3", "5"))
    alone = draw.turn((False, False, True))
    base = _lightroom(draw)
    rival: Properties = base | ({} if theirs is None else {"xmp:Rating": theirs})
    own = digikam(draw).properties or {}
    own = {name: value for name, value in own.items() if not name.lower().endswith(":rating")}
    own |= {} if ours is None else {"xmp:Rating": ours}
    return Draft(
        hand=ADOBE, properties=None if alone else own, lightroom=rival, exif_rating=draw.turn((None, None, 0, 4))
    )


def encodings(draw: Draw) -> Draft:
    encoding = draw.turn(("utf-8-sig", "utf-16-le", "utf-16-be", "utf-8"))
    crlf, declared = draw.turn((False, True)), draw.turn((False, True))
    draft = _any_program(draw)
    name = "UTF-16" if encoding.startswith("utf-16") else "UTF-8"
    hand = replace(draft.hand, opening=DECLARATION.format(name) if declared else draft.hand.opening)
    edits = (("\n", "\r\n"),) if crlf and (hand.step or declared) else ()
    return replace(draft, hand=hand, encoding=encoding, edits=edits)


def odd_xml(draw: Draw) -> Draft:
    """Comments, processing instructions, CDATA, namespaces that come and go, strange spacing."""
    draft = _any_program(draw)
    properties = dict(draft.properties or {})
    inner = draw.turn(ODD_CONTENT)
    properties[f"farm:Odd{draw.number}"] = inner
    hand = replace(
        draft.hand, opening=draft.hand.opening + draw.turn(("", "<!-- kept by hand -->\n", "<?farm run?>\n"))
    )
    hand = replace(hand, between=draw.turn(("", "<!-- next -->", "<?farm next?>")))
    hand = replace(hand, closing=draw.turn(("", "<!-- after -->\n")) + hand.closing)
    edits = draw.turn(ODD_SPACING)
    return replace(draft, hand=hand, properties=properties, edits=edits)


ODD_CONTENT = (
    Raw("<![CDATA[1 < 2 && ]]]]><![CDATA[> done]]>"),
    Raw("one<!-- two -->three"),
    Raw('<thing xmlns="https://example.org/d"><part n="&#10;&#x9;&lt;"/></thing>', ' rdf:parseType="Literal"'),
    Raw(' <b xmlns="http://www.w3.org/1999/xhtml">bold</b>  and <i xmlns="x:y"/> ', ' rdf:parseType="Literal"'),
    Raw("&#x1F98A; &#233;&#13; &#10;end"),
    Raw("<rdf:Bag><!-- a --><rdf:li>x</rdf:li><?p q?><rdf:li><!-- b -->y</rdf:li></rdf:Bag>"),
    Raw('<late:x xmlns:late="https://example.org/late#" late:y="z"/>', ' rdf:parseType="Resource"'),
    Raw("  spaces stay  ", ' xml:space="preserve"'),
)

ODD_SPACING: tuple[tuple[tuple[str, str], ...], ...] = (
    (),
    (("</rdf:RDF>", "</rdf:RDF\n >"),),
    (("<rdf:RDF ", '<rdf:RDF xmlns:unused="https://example.org/unused#" \t'),),
    (("</rdf:RDF>", "<!-- last -->\n<?farm end?></rdf:RDF>"),),
    (("</x:xmpmeta>", "<!-- outside rdf --></x:xmpmeta>"),),
)


def odd_rdf(draw: Draw) -> Draft:
    """Forms that RDF allows and programs seldom choose, in foreign properties and in those that we share."""
    draft = _any_program(draw)
    properties = dict(draft.properties or {}) | draw.turn(ODD_PROPERTIES) | {"farm:Number": str(draw.number)}
    hand = draw.turn(
        (
            draft.hand,
            replace(draft.hand, meta=False),
            replace(draft.hand, prefixes={"xmp": "a", "dc": "xmp", "lr": "dc", "digiKam": "lr", "realqa": "zz"}),
            replace(draft.hand, about=None),
            replace(draft.hand, structs="description", subject="uuid:1"),
        )
    )
    extra = draw.turn(("", *ODD_DESCRIPTIONS))
    return replace(draft, hand=hand, properties=properties, edits=(("</rdf:RDF>", f"{extra}</rdf:RDF>"),))


def _qualified(text: str) -> Raw:
    return Raw(
        f'<rdf:value>{text}</rdf:value><q:by xmlns:q="https://example.org/q#">Ana</q:by>', ' rdf:parseType="Resource"'
    )


ODD_PROPERTIES: tuple[Properties, ...] = (
    {"farm:Qualified": _qualified("wool")},
    {"xmp:Rating": _qualified("4")},
    {"xmp:Rating": Raw("<![CDATA[4]]>")},
    {"xmp:Rating": Raw("4<!-- really -->")},
    {"digiKam:PickLabel": Raw("", ' rdf:resource="https://example.org/pick"')},
    {"dc:subject": "sea"},
    {"dc:subject": Items("Alt", ("sea", "mer"), ("en", "fr"))},
    {"dc:subject": Raw("<rdf:Bag><rdf:_1>sea</rdf:_1><rdf:_2>sky</rdf:_2></rdf:Bag>")},
    {"dc:subject": Items("Bag", ("sea", "mer"), ("en", "fr")), "lr:hierarchicalSubject": Items("Seq", ("a|b", "a|b"))},
    {"lr:hierarchicalSubject": Items("Bag", ()), "dc:subject": Items("Bag", ())},
    {"lr:hierarchicalSubject": Items("Bag", (_qualified("a|b"), "c|d"))},
    {"digiKam:TagsList": Items("Bag", ("one/two",)), "lr:hierarchicalSubject": Items("Bag", ("one|two",))},
    {
        "farm:Tree": Struct(
            {
                "farm:Left": Struct({"farm:Leaf": Items("Alt", ("x", "y"), ("x-default", "eo"))}),
                "farm:Bare": Items("Seq", ()),
            }
        )
    },
    {
        "farm:Lists": Items(
            "Bag", (Struct({"farm:Inner": Items("Seq", (Struct({"farm:Deep": bag("1", "2")}), "text"))}),)
        )
    },
    {"farm:Link": Raw("", ' rdf:resource="https://example.org/?a=1&amp;b=2"')},
    {"dc:title": Raw("plain title", ' xml:lang="de"')},
)

FARM = 'xmlns:farm="https://example.org/farm#"'
ODD_DESCRIPTIONS = (
    f'<rdf:Description rdf:about="https://example.org/other" {FARM} farm:Other="1"/>',
    f'<farm:Barn rdf:about="" {FARM}><farm:Door>open</farm:Door></farm:Barn>',
    f'<rdf:Description rdf:about="" {FARM}/>',
    f'<rdf:Description rdf:about="" {FARM}><farm:Name xmlns:farm="https://example.org/other#">x</farm:Name></rdf:Description>',
)


def before(draw: Draw) -> Draft:
    """Sidecars that the agent wrote before, with its witness as it left it, or not."""
    draft = _any_program(draw)
    fate = draw.turn(("ours", "changed", "removed", "lost", "forgotten", "ours, other prefix"))
    stars, pick = draw.turn(("3", "-1", "0", "5")), draw.one(("1", "2", "3"))
    reject = draw.turn((True, False))
    properties = {
        name: value for name, value in (draft.properties or {}).items() if not name.lower().endswith("rating")
    }
    properties.pop("digiKam:PickLabel", None)
    there = {"changed": "2", "removed": None}.get(fate, stars)
    properties |= {} if there is None else {"xmp:Rating": there, "digiKam:PickLabel": pick}
    witness: Properties = {"realqa:WrittenRating": stars, "realqa:WrittenPick": pick}
    listed = properties.get("lr:hierarchicalSubject")
    if reject and isinstance(listed, Items) and "RealQA|reject" not in listed.entries:
        added = ("RealQA|reject", "RealQA|exposure|underexposed")
        properties["lr:hierarchicalSubject"] = Items("Bag", (*listed.entries, *added))
        properties["realqa:WrittenKeywords"] = bag(*added)
    properties |= {
        "realqa:SchemaVersion": "1",
        "realqa:Model": "firstlook 0",
        "realqa:Overall": draw.real(1, 10)[:4],
        "realqa:Verdict": draw.one(("keep", "review", "reject")),
        "realqa:VerdictReasons": seq("motion along 35°"),
        **({} if fate in {"lost", "forgotten"} else witness),
    }
    remembered: Memory = {
        Field.RATING: Remembered(owner=Owner.AGENT, value=stars),
        Field.PICK: Remembered(owner=Owner.AGENT, value=pick),
    }
    hand = replace(draft.hand, prefixes={"realqa": "ns1"}) if fate == "ours, other prefix" else draft.hand
    return replace(draft, hand=hand, properties=properties, memory=remembered if fate == "lost" else {})


def inside(draw: Draw) -> Draft:
    """Photos without a sidecar, whose packet becomes one."""
    rating, exif = draw.turn(RATINGS), draw.turn((None, 0, 4))
    draft = _any_program(draw)
    properties = {name: value for name, value in (draft.properties or {}).items() if name != "xmp:Rating"}
    properties |= {} if rating is None else {"xmp:Rating": rating}
    padding = (" " * 100 + "\n") * 20
    hand = replace(draft.hand, closing=f'\n{padding}<?xpacket end="w"?>\0')
    return replace(draft, hand=hand, properties=None, embedded=properties, exif_rating=exif)
