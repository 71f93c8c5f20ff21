"""What a sidecar says comes back from it as it was, or not at all."""

from __future__ import annotations

import os
from dataclasses import asdict, replace
from pathlib import Path

import pyexiv2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.sidecars import CONTENT, REALQA, blurry, packet, record

from realqa_agent.assessment import (
    ATTRIBUTES,
    UNKNOWN,
    Assessment,
    ClipSummary,
    Decision,
    Judgement,
    Taste,
    Uncertainty,
    Verdict,
)
from realqa_agent.capture import Embedded
from realqa_agent.config import Metadata
from realqa_agent.metadata.packet import merge
from realqa_agent.metadata.recall import Recalled, recall, recalled
from realqa_agent.metadata.record import Content, Record
from realqa_agent.metadata.seed import EMPTY, Surroundings
from realqa_agent.metadata.xmp import Packet, PacketError, speakable

SCORER = ("fake", "1.2")


def written(one: Record, data: bytes = EMPTY.encode()) -> bytes:
    return merge(data, one, Surroundings(embedded=Embedded()), Metadata(), {}).data


def read(data: bytes, one: Record) -> Recalled | None:
    assert one.content is not None
    return recalled(data, one.content.sha256, one.assessment.scorer, one.assessment.version)


def expected(one: Record) -> Recalled:
    """What is to come back: texts lose what XMP can't hold."""
    assert one.content is not None
    attributes = {
        name: replace(said, value=speakable(said.value), reason=speakable(said.reason))
        for name, said in one.assessment.attributes.items()
    }
    measures = {name: float(value) for name, value in one.assessment.measures.items()}
    reasons = tuple(map(speakable, one.verdict.reasons))
    return Recalled(
        assessment=replace(one.assessment, attributes=attributes, measures=measures),
        scored_at=one.scored_at,
        content=one.content,
        verdict=replace(one.verdict, reasons=reasons),
    )


scores = st.floats(1, 10)
sizes = st.floats(0, 1e9)
texts = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=60).filter(speakable)
words = texts.filter(lambda text: speakable(text) != UNKNOWN)
names = st.text("abc_XYZ09 .=|<é", min_size=1, max_size=12).map(speakable)
judgements = st.builds(Judgement, value=words, score=scores, reason=texts) | st.builds(
    Judgement, value=st.just(UNKNOWN), score=st.none(), reason=texts
)
clips = st.builds(ClipSummary, frames=st.integers(1, 99), mean=scores, lowest=scores, spread=sizes, best_at_s=sizes)
assessments = st.builds(
    Assessment,
    scorer=st.just("fake"),
    version=texts,
    quality=scores,
    aesthetic=scores,
    overall=scores,
    attributes=st.fixed_dictionaries(dict.fromkeys(ATTRIBUTES, judgements)),
    measures=st.dictionaries(names, st.floats(allow_nan=False, allow_infinity=False) | st.integers(-9, 9), max_size=14),
    clip=st.none() | clips,
    uncertainty=st.none() | st.builds(Uncertainty, quality=st.floats(0, 9), aesthetic=st.floats(0, 9)),
)
times = st.datetimes().map(lambda at: f"{at.isoformat(timespec='seconds')}Z")


@st.composite
def records(draw: st.DrawFn) -> Record:
    assessment = draw(assessments)
    is_clip = assessment.clip is not None
    return Record(
        assessment=assessment,
        verdict=Verdict(decision=draw(st.sampled_from(Decision)), reasons=tuple(draw(st.lists(texts, max_size=3)))),
        stars=None,
        scored_at=draw(times),
        content=Content(
            sha256=draw(st.binary(min_size=32, max_size=32)).hex(),
            kind="clip" if is_clip else "photo",
            width=draw(st.integers(1, 99_999)),
            height=draw(st.integers(1, 99_999)),
            duration_s=draw(sizes) if is_clip else None,
            elapsed_ms=draw(sizes),
        ),
    )


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(records())
def test_any_result_comes_back_as_it_was(one: Record) -> None:
    data = written(one)
    again = read(data, one)
    assert again == expected(one)
    # What is written next, from what was read, changes nothing.
    following = Record(
        assessment=again.assessment,
        verdict=one.verdict,
        stars=None,
        scored_at=again.scored_at,
        content=again.content,
    )
    assert written(following, data) == data
    assert again.suggests(one.verdict)


def test_the_ten_attributes_come_back_in_their_order() -> None:
    found = read(written(blurry()), blurry())
    assert found is not None
    assert list(found.assessment.attributes) == list(ATTRIBUTES)


def test_what_comes_back_is_without_taste() -> None:
    """That is the photographer's on the computer where it was learned."""
    taste = Taste(without=6.0, because=("strong colour",))
    tasted = replace(blurry(), assessment=replace(blurry().assessment, overall=6.4, taste=taste))
    assert read(written(tasted), blurry()) == expected(blurry())
    data = written(tasted).replace(b"WithoutTaste>6.00<", b"WithoutTaste>16.00<")
    with pytest.raises(PacketError, match="not as the agent writes them"):
        read(data, blurry())


def test_another_content_or_version_is_not_known() -> None:
    data = written(blurry())
    assert recalled(data, CONTENT.sha256, *SCORER) is not None
    assert recalled(data, "00" * 32, *SCORER) is None
    assert recalled(data, CONTENT.sha256.upper(), *SCORER) is None
    assert recalled(data, CONTENT.sha256, "fake", "1.3") is None
    assert recalled(data, CONTENT.sha256, "fake", "1.2 ") is not None, "only what XMP can't tell apart is the same"
    assert recalled(data, CONTENT.sha256, "fak", "e 1.2") is None
    assert recalled(EMPTY.encode(), CONTENT.sha256, *SCORER) is None


def test_another_verdict_is_told_apart() -> None:
    found = read(written(blurry()), blurry())
    assert found is not None
    assert found.suggests(blurry().verdict)
    assert not found.suggests(replace(blurry().verdict, decision=Decision.KEEP))
    assert not found.suggests(replace(blurry().verdict, reasons=()))


def test_a_sidecar_rewritten_by_exiv2_says_the_same(tmp_path: Path) -> None:
    """Both host programs write with it: structs as attributes, another order."""
    file = tmp_path / "a.jpg.xmp"
    file.write_bytes(written(blurry(3)))
    with pyexiv2.Image(str(file)) as image:
        image.modify_xmp({"Xmp.xmp.Label": "Red"})
    assert b"Red" in file.read_bytes() != written(blurry(3))
    assert read(file.read_bytes(), blurry()) == expected(blurry())


def test_a_sidecar_in_utf_16_says_the_same() -> None:
    data = written(blurry()).decode().encode("utf-16")
    assert read(data, blurry()) == expected(blurry())


# Only what the agent could have written

DAMAGES = {
    "a score over ten": (b"<realqa:Quality>7.12<", b"<realqa:Quality>17.12<"),
    "no score": (b"<realqa:Overall>6.00</realqa:Overall>", b""),
    "a word for a score": (b"<realqa:Aesthetic>4.50<", b"<realqa:Aesthetic>nan<"),
    "two scores": (b"<realqa:Overall>", b"<realqa:Overall>5.00</realqa:Overall><realqa:Overall>"),
    "a word without its score": (b"<realqa:Score>2.50</realqa:Score>", b""),
    "an attribute less": (b"realqa:saturation", b"realqa:satiation"),
    "a word that steers a terminal": (b">blurry<", b">\xc2\x9b2J<"),
    "an explanation of two lines": (b">not looked at<", b">not&#10;looked at<"),
    "an endless explanation": (b">not looked at<", b">" + b"long " * 1000 + b"<"),
    "an infinite measure": (b">scene ev -1e-09<", b">scene ev 1e999<"),
    "a measure without a name and figure": (b">scene ev -1e-09<", b"><"),
    "a measure twice": (b">scene ev -1e-09<", b">best_measure_1 2.0<"),
    "too many measures": (
        b"<rdf:li>scene ev -1e-09<",
        b"".join(b"<rdf:li>m%d 1.0</rdf:li>" % number for number in range(600)) + b"<rdf:li>m 1.0<",
    ),
    "a width of nothing": (b"<realqa:Width>6000<", b"<realqa:Width>0<"),
    "an endless width": (b"<realqa:Width>6000<", b"<realqa:Width>" + b"9" * 9999 + b"<"),
    "a width in Arabic": (b"<realqa:Width>6000<", "<realqa:Width>٦٠٠٠<".encode()),
    "a negative time": (b"<realqa:ElapsedMs>87.5<", b"<realqa:ElapsedMs>-87.5<"),
    "another kind": (b"<realqa:Kind>photo<", b"<realqa:Kind>hologram<"),
    "a clip without a clip's figures": (b"<realqa:Kind>photo<", b"<realqa:Kind>clip<"),
    "a negative uncertainty": (b"<realqa:Aesthetic>1.10<", b"<realqa:Aesthetic>-1.10<"),
    "no time of scoring": (b">2026-01-02T03:04:05Z<", b">yesterday<"),
    "no such day": (b">2026-01-02T03:04:05Z<", b">2026-02-30T03:04:05Z<"),
    "another verdict": (b"<realqa:Verdict>reject<", b"<realqa:Verdict>delete<"),
    "details twice": (b"<realqa:Details ", b"<realqa:Details/><realqa:Details "),
    "a newer agent's": (b"<realqa:SchemaVersion>1<", b"<realqa:SchemaVersion>2<"),
    "a document type": (b"<x:xmpmeta", b"<!DOCTYPE a><x:xmpmeta"),
    "cut": (b"</rdf:RDF>", b""),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_what_the_agent_would_not_write_is_not_taken(name: str) -> None:
    old, new = DAMAGES[name]
    data = written(blurry())
    assert old in data
    with pytest.raises(PacketError):
        read(data.replace(old, new), blurry())


def test_a_sidecar_that_is_no_xmp_is_not_taken() -> None:
    for data in (b"", b"hello", b"<a/>", b"\xff\xfe\0", packet().replace(b"rdf:RDF", b"odd:RDF")):
        with pytest.raises(PacketError):
            read(data, blurry())


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_no_damage_makes_it_fail_in_another_way(data: st.DataObject) -> None:
    """A part is cut out, doubled or replaced: then the photo is scored, or what is taken is in range."""
    whole = written(blurry())
    begin = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(begin, min(begin + 200, len(whole))))
    piece = data.draw(
        st.sampled_from([b"", whole[begin:end] * 2, b"<", b'"', b"9" * 50, b"\0", b"&x;", b"-1", b"\xc3"])
    )
    try:
        found = read(whole[:begin] + piece + whole[end:], blurry())
    except PacketError:
        return
    if found is not None:
        assert 1 <= found.assessment.overall <= 10
        assert found.assessment.attributes.keys() == ATTRIBUTES.keys()


# Beside the photo


def test_a_photos_own_sidecar_is_asked_and_no_other(tmp_path: Path) -> None:
    photo = tmp_path / "a.jpg"
    (tmp_path / "a.xmp").write_bytes(written(blurry()))
    assert recall(photo, CONTENT.sha256, *SCORER) is None
    (tmp_path / "a.jpg.xmp").write_bytes(written(blurry()))
    assert recall(photo, CONTENT.sha256, *SCORER) == expected(blurry())


def test_a_sidecar_that_cannot_be_read_is_no_error(tmp_path: Path) -> None:
    photo = tmp_path / "a.jpg"
    sidecar = tmp_path / "a.jpg.xmp"
    assert recall(photo, CONTENT.sha256, *SCORER) is None
    os.mkfifo(sidecar)
    assert recall(photo, CONTENT.sha256, *SCORER) is None
    sidecar.unlink()
    sidecar.symlink_to(sidecar.name)
    assert recall(photo, CONTENT.sha256, *SCORER) is None
    sidecar.unlink()
    sidecar.write_bytes(written(blurry()).replace(b"</rdf:RDF>", b""))
    assert recall(photo, CONTENT.sha256, *SCORER) is None
    with sidecar.open("wb") as file:
        file.truncate(40 * 2**20)
    assert recall(photo, CONTENT.sha256, *SCORER) is None


# When the details are written


def earlier(one: Record) -> bytes:
    """Return the sidecar of the version that knew no details."""
    return written(replace(one, content=None))


def test_a_sidecar_of_an_earlier_version_is_not_rewritten_for_the_details_alone() -> None:
    assert b"ContentHash" not in earlier(blurry())
    assert written(blurry(), earlier(blurry())) == earlier(blurry())


def test_the_details_come_with_the_next_change() -> None:
    data = written(record(), earlier(blurry()))
    assert read(data, record()) == expected(record())


def test_details_that_are_wrong_are_put_right() -> None:
    data = written(blurry())
    other = replace(blurry(), content=replace(CONTENT, sha256="ab" * 32))
    assert read(written(other, data), other) == expected(other)
    damaged = data.replace(b"<realqa:Width>6000<", b"<realqa:Width>1<")
    assert read(written(blurry(), damaged), blurry()) == expected(blurry())


def test_all_figures_are_there_for_others_to_read() -> None:
    found = Packet(written(blurry()))
    picture = found.nested(f"{{{REALQA}}}Details")[f"{{{REALQA}}}Picture"]
    assert picture == {
        f"{{{REALQA}}}{name}": text
        for name, text in {"Kind": "photo", "Width": "6000", "Height": "4000", "ElapsedMs": "87.5"}.items()
    }
    assert found.array(f"{{{REALQA}}}Measures")[-1] == "scene ev -1e-09"
    assert asdict(CONTENT)["sha256"] == found.text(f"{{{REALQA}}}ContentHash")
