"""What each program's sidecars look like."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from support.opinions import (
    CAPTIONS,
    PICKS,
    RATINGS,
    WORDS,
    Draw,
    bag,
    exposure,
    history,
    keywords,
    labelled,
    rated,
    regions,
    seq,
    structs,
    words,
)
from support.packets import DECLARATION, XPACKET, Hand, Items, Properties, Struct

from realqa_agent.metadata.record import Memory

if TYPE_CHECKING:
    from collections.abc import Sequence


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


def darktable(draw: Draw) -> Draft:
    opinions = rated(draw) | keywords(draw)
    version = draw.one(("5", "4", "3", "2"))
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
    rating, opinions, pick = draw.turn(RATINGS), keywords(draw), draw.one(PICKS)
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
    return Draft(hand=ADOBE, properties=rated(draw) | lightroom_settings(draw))


def lightroom_settings(draw: Draw) -> Properties:
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
    opinions = rated(draw) | keywords(draw)
    hand = replace(draw.one((ADOBE, CORE)), structs=draw.one(("attributes", "resource", "description")))
    properties: Properties = {
        **opinions,
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
    padding = (" " * 100 + "\n") * draw.one((0, 3, 20))
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
    percent = {"1": "1", "2": "25", "3": "50", "4": "75", "5": "99"}.get(rating or "", draw.one(("50", "0", None)))
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
        hand=draw.one((subject, replace(MICROSOFT, subject="", step="  ", apart=False))), properties=properties
    )
