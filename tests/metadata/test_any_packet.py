"""Any packet that programs could write, put together from parts: nothing that is not ours changes in it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.corpus import sample_of
from support.packets import DECLARATION, XPACKET, Hand, Items, Properties, Raw, Struct, Value
from support.programs import Draft
from support.promises import CHOICES, Choice, assert_kept, exiv2_agrees

from realqa_agent.metadata.packet import merge
from realqa_agent.metadata.seed import Surroundings

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cn", "Cs"]), max_size=12)
fields = st.sampled_from(["farm:Ewe", "farm:Ram", "crs:Amount", "stEvt:action", "exif:Flash"])
names = st.sampled_from(
    ["farm:Flock", "crs:Sharpness", "exif:GPSLatitude", "xmp:Label", "dc:title", "dc:creator", "xmpMM:History"]
)
raw = st.sampled_from(
    [
        Raw("<![CDATA[a < b && c]]>"),
        Raw("one<!-- two -->"),
        Raw("<?shepherd calls?>"),
        Raw(" &#x1F411; &#10; ", ' xml:lang="de"'),
        Raw("", ' rdf:resource="https://example.org/?a=1&amp;b=2"'),
        Raw(' <b xmlns="http://www.w3.org/1999/xhtml">bold</b>  <i/> ', ' rdf:parseType="Literal"'),
        Raw("<rdf:value>wool</rdf:value><q:by xmlns:q='x:y'>Ana</q:by>", ' rdf:parseType="Resource"'),
        Raw("<rdf:Bag><!-- a --><rdf:li>x</rdf:li><rdf:li xml:lang='fr'>y</rdf:li></rdf:Bag>"),
    ]
)


def _deeper(inner: SearchStrategy[Value]) -> SearchStrategy[Value]:
    arrays = st.builds(Items, st.sampled_from(["Bag", "Seq", "Alt"]), st.lists(inner, max_size=4).map(tuple))
    return arrays | st.builds(Struct, st.dictionaries(fields, inner, min_size=1, max_size=3))


localised = st.dictionaries(st.sampled_from(["x-default", "de", "ar"]), texts, min_size=1).map(
    lambda said: Items("Alt", tuple(said.values()), tuple(said))
)
values = st.recursive(texts | raw | localised, _deeper, max_leaves=6)

ratings: SearchStrategy[Value] = st.sampled_from(
    ["0", "1", "3", "3.0", "-1", "5", "many", "", Raw("<![CDATA[4]]>"), Raw("4<!-- mine -->")]
)
picks = st.sampled_from(["0", "1", "3"])
entries = st.sampled_from(["sea", "Places|Italy", "RealQA|mine", "reject", "blurry", "A & B"])
lists = st.builds(Items, st.sampled_from(["Bag", "Seq"]), st.lists(entries, max_size=5).map(tuple))
strange: SearchStrategy[Value] = st.sampled_from(
    [Raw("sea"), Items("Alt", ("sea", "mer"), ("en", "fr")), Items("Bag", (Struct({"farm:Ewe": "x"}),))]
)
shared: dict[str, SearchStrategy[Value]] = {
    "xmp:Rating": ratings,
    "digiKam:PickLabel": picks,
    "dc:subject": st.one_of(lists, strange),
    "lr:hierarchicalSubject": lists,
    "digiKam:TagsList": lists,
    "darktable:xmp_version": st.just("5"),
}

hands = st.builds(
    Hand,
    toolkit=st.sampled_from([None, "a & b"]),
    opening=st.sampled_from([XPACKET, "", f"<!-- first -->\n{XPACKET}<?a b?>"]),
    closing=st.sampled_from(["", "\n", '\n<?xpacket end="w"?>', f"\n{' ' * 99}\n<?xpacket end='r'?>", "<!-- last -->"]),
    attributes=st.booleans(),
    structs=st.sampled_from(["attributes", "resource", "description"]),
    apart=st.booleans(),
    meta=st.booleans(),
    quote=st.sampled_from("\"'"),
    step=st.sampled_from(["", " ", "\t"]),
    about=st.sampled_from(["rdf:about", "rdf:about", None]),
    subject=st.sampled_from(["", "uuid:1"]),
    prefixes=st.sampled_from([{}, {"xmp": "xap"}, {"xmp": "dc", "dc": "xmp"}, {"lr": "lightroom", "crs": "x1"}]),
    between=st.sampled_from(["", "<!-- next -->", "<?next?>"]),
)


@st.composite
def drafts(draw: DrawFn) -> Draft:
    """Draw what a sidecar is made of."""
    properties: Properties = draw(st.dictionaries(names, values, min_size=1, max_size=4))
    for name, strategy in shared.items():
        if draw(st.integers(0, 2)) == 0:
            properties[name] = draw(strategy)
    hand = draw(hands)
    encoding = draw(st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "utf-16-le", "utf-16-be"]))
    if not hand.opening and draw(st.booleans()):
        hand = replace(hand, opening=DECLARATION.format("UTF-16" if "16" in encoding else "UTF-8"))
    edits = (("\n", "\r\n"),) if hand.step and draw(st.booleans()) else ()
    order = draw(st.permutations(list(properties)))
    return Draft(hand=hand, properties={name: properties[name] for name in order}, encoding=encoding, edits=edits)


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(drafts(), st.sampled_from(CHOICES))
def test_any_packet_keeps_all_that_is_not_ours(draft: Draft, choice: Choice) -> None:
    sample = sample_of(draft, "any", "any packet")
    around = Surroundings(embedded=sample.embedded)
    done = merge(sample.source, choice.record, around, choice.settings, {})
    assert_kept(sample, done.data, choice)
    exiv2_agrees(sample, done.data, choice)
    again = merge(done.data, choice.record, around, choice.settings, done.memory)
    assert (again.data, again.memory) == (done.data, done.memory)
