"""Merging a record into a packet: what is ours follows the record, what is not stays."""

from __future__ import annotations

import codecs
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.sidecars import (
    FLAT,
    HIERARCHICAL,
    PICK,
    RATING,
    REALQA,
    TAGS,
    blurry,
    foreign,
    listed,
    packet,
    record,
    values,
)

from realqa_agent.assessment import Decision, Taste
from realqa_agent.capture import Embedded
from realqa_agent.config import Metadata
from realqa_agent.metadata.packet import Merged, merge
from realqa_agent.metadata.record import Field, Memory, Owner, Record, Remembered
from realqa_agent.metadata.seed import Surroundings
from realqa_agent.metadata.xmp import Packet, PacketError

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

ALONE = Surroundings(embedded=Embedded())
DARKTABLE = 'darktable:xmp_version="5"'
WRITTEN_RATING = f"{{{REALQA}}}WrittenRating"
WRITTEN_PICK = f"{{{REALQA}}}WrittenPick"
WRITTEN_KEYWORDS = f"{{{REALQA}}}WrittenKeywords"


def merged(
    data: bytes, one: Record, memory: Memory | None = None, *, around: Surroundings = ALONE, **settings: bool
) -> Merged:
    return merge(data, one, around, Metadata(**settings), memory or {})


# Our own properties


def test_the_results_are_there() -> None:
    data = merged(packet(), blurry()).data
    texts = {
        "SchemaVersion": ["1"],
        "Model": ["fake 1.2"],
        "ScoredAt": ["2026-01-02T03:04:05Z"],
        "Overall": ["6.00"],
        "Quality": ["7.12"],
        "Aesthetic": ["4.50"],
        "Verdict": ["reject"],
        "VerdictReasons": ["motion along 35\N{DEGREE SIGN}"],
    }
    for name, expected in texts.items():
        assert values(data, f"{{{REALQA}}}{name}") == expected


def test_the_default_touches_neither_rating_nor_pick_nor_flat_lists() -> None:
    data = merged(packet(), blurry()).data
    assert values(data, HIERARCHICAL) == ["RealQA|reject", "RealQA|clarity|blurry"]
    for name in (RATING, PICK, FLAT, TAGS, WRITTEN_RATING, WRITTEN_PICK):
        assert values(data, name) == []


def test_without_keywords_only_our_namespace_is_written() -> None:
    data = packet(listed("dc:subject", "sea"))
    assert foreign(merged(data, blurry(), keywords=False).data, ()) == foreign(data, ())


def test_a_new_result_replaces_the_old_one() -> None:
    first = merged(packet(), blurry(3))
    second = merged(first.data, record(5), first.memory).data
    assert values(second, f"{{{REALQA}}}Verdict") == ["keep"]
    assert values(second, f"{{{REALQA}}}VerdictReasons") == []
    assert values(second, HIERARCHICAL) == values(second, WRITTEN_KEYWORDS) == []
    assert second == merged(second, record(5), first.memory).data


def test_taste_is_told_and_goes_without_a_trace() -> None:
    plain = merged(packet(), blurry()).data
    taste = Taste(without=6.0, because=("strong colour", "open background"))
    tasted = replace(blurry(), assessment=replace(blurry().assessment, overall=6.4, taste=taste))
    data = merged(plain, tasted).data
    told = "overall 6.40, of which +0.40 by your taste (strong colour, open background)"
    assert values(data, f"{{{REALQA}}}Overall") == ["6.40"]
    assert values(data, f"{{{REALQA}}}OverallWithoutTaste") == ["6.00"]
    assert values(data, f"{{{REALQA}}}Taste") == [told]
    assert merged(data, tasted).data == data
    assert merged(data, blurry()).data == plain


def test_results_that_another_program_wrote_in_its_own_way_are_left_as_they_stand() -> None:
    attributes = " ".join(
        f'realqa:{name}="{text}"'
        for name, text in {
            "SchemaVersion": "1",
            "Model": "fake 1.2",
            "ScoredAt": "2026-01-02T03:04:05Z",
            "Overall": "6.00",
            "Quality": "7.12",
            "Aesthetic": "4.50",
            "Verdict": "keep",
        }.items()
    )
    fields = "".join(
        f'<realqa:{name} realqa:Value="unknown" realqa:Explanation="not looked at"/>'
        for name in record().assessment.attributes
    )
    data = packet(f"<realqa:Attributes><rdf:Description>{fields}</rdf:Description></realqa:Attributes>", attributes)
    assert merged(data, record()).data == data


def test_no_list_of_ours_is_too_long_for_darktable() -> None:
    assert Packet(merged(packet(), blurry()).data).struct_lists() == []


def test_results_of_a_strange_shape_are_replaced() -> None:
    data = packet(
        '<realqa:Attributes>what</realqa:Attributes><realqa:Model rdf:parseType="Resource"><odd:a/></realqa:Model>'
        "<realqa:Overall>1</realqa:Overall><realqa:Overall>2</realqa:Overall>"
    )
    once = merged(data, record()).data
    assert values(once, f"{{{REALQA}}}Model") == ["fake 1.2"]
    assert set(values(once, f"{{{REALQA}}}Overall")) == {"6.00"}
    assert merged(once, record()).data == once


def test_a_newer_agents_sidecar_is_refused() -> None:
    with pytest.raises(PacketError, match="newer"):
        merged(packet("", 'realqa:SchemaVersion="2"'), record())


# Rating and pick label


@pytest.mark.parametrize(
    ("decision", "stars", "pick"), [(Decision.REJECT, -1, "1"), (Decision.REVIEW, 3, "2"), (Decision.KEEP, 5, "3")]
)
def test_stars_and_pick_go_where_nobody_decided(decision: Decision, stars: int, pick: str) -> None:
    done = merged(packet("", 'xmp:Rating="0"'), record(stars, decision))
    assert values(done.data, RATING) == values(done.data, WRITTEN_RATING) == [str(stars)]
    assert values(done.data, PICK) == values(done.data, WRITTEN_PICK) == [pick]
    assert done.memory[Field.RATING] == Remembered(owner=Owner.AGENT, value=str(stars))
    assert done.memory[Field.PICK] == Remembered(owner=Owner.AGENT, value=pick)


@pytest.mark.parametrize("text", ["4", "-1", "1.0", "many"])
@pytest.mark.parametrize("form", ['xmp:Rating="{}"', "<xmp:Rating>{}</xmp:Rating>"])
def test_a_humans_rating_stays_to_the_letter(text: str, form: str) -> None:
    stated = form.format(text)
    data = packet(stated) if stated.startswith("<") else packet("", stated)
    done = merged(data, record(3))
    assert values(done.data, RATING) == [text]
    assert values(done.data, WRITTEN_RATING) == []
    assert done.memory[Field.RATING] == Remembered(owner=Owner.HUMAN, value=text)
    assert any("rating" in note for note in done.notes)


@pytest.mark.parametrize(
    "body",
    [
        '<xmp:Rating rdf:parseType="Resource"><rdf:value>0</rdf:value></xmp:Rating>',
        "<xmp:Rating>0</xmp:Rating><xmp:Rating>5</xmp:Rating>",
        "<MicrosoftPhoto:Rating>50</MicrosoftPhoto:Rating>",
    ],
)
def test_a_rating_in_an_unusual_form_is_a_humans(body: str) -> None:
    data = packet(body)
    assert foreign(merged(data, record(3)).data, [PICK]) == foreign(data, [PICK])


def test_fields_stand_alone() -> None:
    done = merged(packet("", 'xmp:Rating="4"'), record(2))
    assert values(done.data, RATING) == ["4"]
    assert values(done.data, PICK) == ["3"]
    done = merged(packet("", 'digiKam:PickLabel="1"'), record(2))
    assert values(done.data, RATING) == ["2"]
    assert values(done.data, PICK) == ["1"]


def test_a_taken_over_field_loses_its_witness() -> None:
    first = merged(packet(), record(3))
    edited = first.data.replace(b">3</xmp:Rating>", b">5</xmp:Rating>")
    second = merged(edited, record(2), first.memory)
    assert values(second.data, RATING) == ["5"]
    assert values(second.data, WRITTEN_RATING) == []
    assert values(second.data, PICK) == ["3"]
    assert second.memory[Field.RATING] == Remembered(owner=Owner.HUMAN, value="5")


def test_stars_turned_off_leave_what_was_written_as_ours() -> None:
    first = merged(packet(), record(3))
    second = merged(first.data, record(None), first.memory)
    assert second.data == first.data
    assert second.memory == first.memory


@pytest.mark.parametrize(
    ("embedded", "written"),
    [
        (Embedded(rating=4), False),
        (Embedded(rating=0), True),
        (Embedded(packet=packet("", 'xmp:Rating="4"')), False),
        (Embedded(packet=packet("", 'xmp:Rating="0"'), rating=4), True),
        (Embedded(packet=b"<cut"), False),
        (Embedded(problem="unreadable"), False),
    ],
)
def test_a_rating_inside_the_photo_counts_where_the_sidecar_has_none(embedded: Embedded, *, written: bool) -> None:
    done = merged(packet(), record(3), around=Surroundings(embedded=embedded))
    assert values(done.data, RATING) == (["3"] if written else [])


def test_a_rating_in_the_lightroom_sidecar_counts_too() -> None:
    around = Surroundings(embedded=Embedded(), lightroom=packet("", 'xmp:Rating="4"'))
    assert values(merged(packet("", 'xmp:Rating="0"'), record(3), around=around).data, RATING) == ["0"]
    unrated = replace(around, lightroom=packet("", 'xmp:Rating="0"'))
    first = merged(packet(), record(3), around=unrated)
    assert values(first.data, RATING) == ["3"]
    second = merged(first.data, record(2), first.memory, around=unrated)
    assert values(second.data, RATING) == ["2"]


# Keywords


def test_tangled_keywords_are_left_alone() -> None:
    data = packet("<dc:subject>sea</dc:subject>")
    done = merged(data, blurry())
    assert foreign(done.data, ()) == foreign(data, ())
    assert any("keywords" in note for note in done.notes)


def test_a_removed_keyword_is_reported_and_stays_away() -> None:
    first = merged(packet(listed("lr:hierarchicalSubject", "a|b")), blurry())
    edited = first.data.replace(b"<rdf:li>RealQA|reject</rdf:li>", b"", 1)
    second = merged(edited, blurry(), first.memory)
    assert values(second.data, HIERARCHICAL) == ["a|b", "RealQA|clarity|blurry"]
    assert any("RealQA|reject was removed by a human" in note for note in second.notes)


def test_keywords_whose_witness_was_lost_are_left_alone() -> None:
    memory = {Field.KEYWORDS: Remembered(owner=Owner.AGENT, value="RealQA|reject")}
    done = merged(packet(), blurry(), memory)
    assert values(done.data, HIERARCHICAL) == []
    assert done.memory == memory
    assert any("disagree" in note for note in done.notes)


def test_keywords_of_a_write_that_was_not_remembered_are_remembered_the_next_time() -> None:
    first = merged(packet(), blurry())
    stale = {Field.KEYWORDS: Remembered(owner=Owner.AGENT, value="RealQA|reject")}
    assert merged(first.data, blurry(), stale).memory == first.memory


def test_keywords_that_the_plugin_set_elsewhere_are_ours_here() -> None:
    memory = {Field.KEYWORDS: Remembered(owner=Owner.PLUGIN, value="RealQA|clarity|blurry;RealQA|reject")}
    data = packet(listed("lr:hierarchicalSubject", "RealQA|clarity|blurry"))
    done = merged(data, blurry(), memory)
    # What was set and is not there was removed by a human.
    assert values(done.data, HIERARCHICAL) == ["RealQA|clarity|blurry"]
    assert set(values(done.data, WRITTEN_KEYWORDS)) == {"RealQA|clarity|blurry", "RealQA|reject"}
    assert done.memory[Field.KEYWORDS] == Remembered(owner=Owner.AGENT, value=memory[Field.KEYWORDS].value)
    assert values(merged(done.data, record(), done.memory).data, HIERARCHICAL) == []


# darktable


def test_in_a_sidecar_of_darktables_only_our_namespace_is_written() -> None:
    for rating in ("0", "1", "4", "-1"):
        data = packet(listed("dc:subject", "sea"), f'{DARKTABLE} xmp:Rating="{rating}"')
        done = merged(data, blurry(3))
        assert foreign(done.data, ()) == foreign(data, ())
        assert values(done.data, f"{{{REALQA}}}Verdict") == ["reject"]


@pytest.mark.parametrize(("option", "rating"), [("assume_zero_unrated", "0"), ("assume_default_one", "1")])
def test_the_options_free_what_darktable_wrote_by_itself(option: str, rating: str) -> None:
    data = packet("", f'{DARKTABLE} xmp:Rating="{rating}"')
    assumed: dict[str, Any] = {option: True}
    assert values(merged(data, record(3), **assumed).data, RATING) == ["3"]
    other = packet("", f'{DARKTABLE} xmp:Rating="{1 - int(rating)}"')
    assert values(merged(other, record(3), **assumed).data, RATING) == [str(1 - int(rating))]


def test_a_one_outside_darktable_is_a_humans_whatever_the_options() -> None:
    data = packet("", 'xmp:Rating="1"')
    assert values(merged(data, record(3), assume_default_one=True).data, RATING) == ["1"]


def test_darktables_import_of_our_rating_leaves_it_ours() -> None:
    first = merged(packet(), record(3))
    imported = first.data.replace(b"<rdf:Description ", b'<rdf:Description darktable:xmp_version="5" ', 1)
    second = merged(imported, record(5), first.memory)
    assert values(second.data, RATING) == ["3"]
    assert second.memory[Field.RATING] == Remembered(owner=Owner.AGENT, value="3")


# Any packet at all

words = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12)
escaped = words.map(lambda text: text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;"))
ratings = st.sampled_from(["0", "1", "3", "3.0", "-1", "5", "x", ""])
keyword_lists = st.lists(
    st.sampled_from(["sea", "Places|Italy", "RealQA|reject", "RealQA/reject", "reject", "blurry"]), unique=True
)


unhurried = settings(deadline=None)
"""Several people and builds share a machine; an example takes 2 ms when it is alone."""


@st.composite
def packets(draw: DrawFn) -> tuple[bytes, str]:
    """Draw a packet and its encoding."""
    attributes, body = [], []
    for name in ("crs:Sharpness", "odd:Text", "exif:GPSLatitude"):
        attributes += [f'{name}="{draw(escaped)}"'] if draw(st.booleans()) else []
    for name, own in (("xmp:Rating", ratings), ("digiKam:PickLabel", st.sampled_from(["0", "1", "3"]))):
        form = draw(st.integers(0, 3))
        attributes += [f'{name}="{draw(own)}"'] if form == 1 else []
        body += [f"<{name}>{draw(own)}</{name}>"] if form == 2 else []
    for name, kind in (("lr:hierarchicalSubject", "Bag"), ("dc:subject", "Seq"), ("digiKam:TagsList", "Seq")):
        if draw(st.booleans()):
            body.append(listed(name, *draw(keyword_lists), kind=kind))
    if draw(st.booleans()):
        body.append(f'<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{draw(escaped)}</rdf:li></rdf:Alt></dc:title>')
    if draw(st.booleans()):
        body.append(f'<odd:S rdf:parseType="Resource"><odd:T>{draw(escaped)}</odd:T></odd:S><!-- note -->')
    if draw(st.integers(0, 3)) == 0:
        attributes.append(DARKTABLE)
    layout = draw(st.sampled_from(["", "\n   ", "\r\n\t"]))
    text = packet(layout.join(["", *draw(st.permutations(body)), ""]), " ".join(attributes)).decode()
    codec = draw(st.sampled_from(["utf-8", "utf-16-le", "utf-16-be"]))
    if codec == "utf-8":
        return text.encode(), codec
    return (codecs.BOM_UTF16_LE if codec == "utf-16-le" else codecs.BOM_UTF16_BE) + text.encode(codec), codec


records = st.builds(
    record,
    st.sampled_from([None, -1, 2, 3, 5]),
    st.sampled_from(list(Decision)),
    image_clarity=st.sampled_from(["blurry", "clear"]),
)


@unhurried
@given(packets(), records)
def test_any_packet_keeps_what_is_not_ours_and_settles_at_once(drawn: tuple[bytes, str], one: Record) -> None:
    data, _ = drawn
    done = merged(data, one)
    assert foreign(done.data) == foreign(data)
    again = merged(done.data, one, done.memory)
    assert (again.data, again.memory) == (done.data, done.memory)


@unhurried
@given(packets(), records)
def test_any_packet_keeps_the_humans_values(drawn: tuple[bytes, str], one: Record) -> None:
    data, _ = drawn
    after = merged(data, one).data
    for name in (RATING, PICK):
        before = values(data, name)
        assert not before or before == ["0"] or values(after, name) == before
    for name in (HIERARCHICAL, FLAT, TAGS):
        before = values(data, name)
        assert values(after, name)[: len(before)] == before


@unhurried
@given(packets(), records, records)
def test_keywords_come_and_go_without_a_trace(drawn: tuple[bytes, str], one: Record, other: Record) -> None:
    data, _ = drawn
    bare = record()
    first = merged(data, one)
    second = merged(first.data, other, first.memory)
    last = merged(second.data, bare, second.memory)
    for name in (FLAT, TAGS):
        assert values(last.data, name) == values(data, name)
    assert values(last.data, HIERARCHICAL) in (values(data, HIERARCHICAL), values(data, FLAT))
    assert Field.KEYWORDS not in last.memory


human_ratings = st.sampled_from([None, -1, 0, 1, 3, 4])


@unhurried
@given(st.lists(st.one_of(records, human_ratings.map(lambda rating: ("human", rating))), max_size=8))
def test_once_a_human_rated_the_agent_never_does_again(steps: list[Record | tuple[str, int | None]]) -> None:
    data, taken = packet(), False
    memory: Memory = {}
    rating: int | None = None
    own: int | None = None
    for step in steps:
        if isinstance(step, tuple):
            rating = step[1]
            data = _rated(data, rating)
        else:
            # What was changed and changed back before the agent looked again, nobody can see.
            taken = taken or (rating != own if own is not None else rating not in {None, 0})
            done = merged(data, step, memory)
            data, memory = done.data, done.memory
            ours = not taken and step.stars is not None and (own is not None or rating in {None, 0})
            if ours:
                rating = own = step.stars
        assert values(data, RATING) == ([] if rating is None else [str(rating)])


def _rated(data: bytes, rating: int | None) -> bytes:
    """Return the packet with another rating, as another program would leave it."""
    one = Packet(data)
    one.remove(RATING)
    if rating is not None:
        one.set_text(RATING, str(rating))
    return one.to_bytes()
