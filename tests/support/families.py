"""Families of the generated corpus that cross what programs write with what XML and RDF allow and with our own past."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from support.opinions import RATINGS, Draw, bag, seq
from support.packets import DECLARATION, Items, Properties, Raw, Struct
from support.programs import ADOBE, Draft, capture_one, digikam, exiftool, lightroom, lightroom_settings, photo_mechanic

from realqa_agent.metadata.record import Field, Memory, Owner, Remembered

if TYPE_CHECKING:
    from collections.abc import Callable


def _any_program(draw: Draw) -> Draft:
    """Return a sample of any program but darktable, in its own hand."""
    programs: tuple[Callable[[Draw], Draft], ...] = (lightroom, digikam, capture_one, exiftool, photo_mechanic)
    return draw.one(programs)(Draw(f"any {draw.number}", draw.random.randint(0, 10_000)))


def two_names(draw: Draw) -> Draft:
    """`photo.xmp` beside `photo.ext.xmp`, or alone: the same stars, other ones, or none."""
    ours, theirs = draw.turn((None, "0", "3", "-1")), draw.turn((None, "0", "3", "5"))
    alone = draw.turn((False, False, True))
    base = lightroom_settings(draw)
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
    properties[f"farm:Odd{draw.number}"] = draw.turn(ODD_CONTENT)
    edits = draw.turn(ODD_SPACING)
    hand = replace(
        draft.hand,
        opening=draft.hand.opening + draw.one(("", "<!-- kept by hand -->\n", "<?farm run?>\n")),
        between=draw.one(("", "<!-- next -->", "<?farm next?>")),
        closing=draw.one(("", "<!-- after -->\n")) + draft.hand.closing,
    )
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
    extra = draw.turn(("", *ODD_DESCRIPTIONS))
    hand = draw.one(
        (
            draft.hand,
            replace(draft.hand, meta=False),
            replace(draft.hand, prefixes={"xmp": "a", "dc": "xmp", "lr": "dc", "digiKam": "lr", "realqa": "zz"}),
            replace(draft.hand, about=None),
            replace(draft.hand, structs="description", subject="uuid:1"),
        )
    )
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
