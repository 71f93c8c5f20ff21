"""Merge a record into an XMP packet: bytes in, bytes out, pure.

Our own properties follow the record. Rating, pick label and keywords are shared with humans and other programs
and change only where `ownership` and `keywords` allow. A packet that already says the same comes back as the
very bytes that were given.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from realqa_agent.assessment import Decision
from realqa_agent.metadata import namespaces as names
from realqa_agent.metadata.details import set_details
from realqa_agent.metadata.keywords import Lists, entries, keywords_for, planned, remembered
from realqa_agent.metadata.ownership import UNREADABLE, Found, Settled, number, settle
from realqa_agent.metadata.record import Change, Field, Memory, Owner, Record, Remembered
from realqa_agent.metadata.seed import Surroundings, embedded_packet
from realqa_agent.metadata.xmp import Packet, PacketError, TangledError, speakable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from realqa_agent.assessment import Assessment
    from realqa_agent.capture import Embedded
    from realqa_agent.config import Metadata

SPOKEN = {
    "rating": names.RATING,
    "pick": names.PICK_LABEL,
    "overall": names.OVERALL,
    "quality": names.QUALITY,
    "aesthetic": names.AESTHETIC,
    "verdict": names.VERDICT,
}
SPOKEN_LISTS = {"keywords": names.HIERARCHICAL, "flat keywords": names.FLAT, "digiKam tags": names.TAGS}
"""The fields that people are told about, by their words."""

SCHEMA = 1
"""Version of our properties. Raised only if an older reader would misunderstand them."""

PICKS = {Decision.REJECT: 1, Decision.REVIEW: 2, Decision.KEEP: 3}
"""digiKam's pick labels: rejected, pending, accepted."""

PROPERTIES = {Field.RATING: names.RATING, Field.PICK: names.PICK_LABEL}
WITNESSES = {Field.RATING: names.WRITTEN_RATING, Field.PICK: names.WRITTEN_PICK}


@dataclass(frozen=True, kw_only=True, slots=True)
class Merged:
    """The packet after the merge, what the index must remember, what changed, and sentences for people."""

    data: bytes
    memory: Memory
    changes: tuple[Change, ...]
    notes: tuple[str, ...]


@dataclass(kw_only=True, slots=True)
class _Merge:
    """One merge in progress."""

    packet: Packet
    record: Record
    settings: Metadata
    memory: Memory
    around: Surroundings
    fresh: bool
    kept: dict[Field, Remembered] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def merge(
    data: bytes,
    record: Record,
    around: Surroundings,
    settings: Metadata,
    memory: Memory,
    *,
    fresh: bool = False,
) -> Merged:
    """Given a sidecar's bytes, return them with the record merged in; PacketError if that can't be done safely.

    `fresh`: nobody touched it since darktable wrote it at import.
    """
    packet = Packet(data)
    check_schema(packet)
    before = described(packet)
    job = _Merge(packet=packet, record=record, settings=settings, memory=memory, around=around, fresh=fresh)
    _set_results(packet, record)
    _share_numbers(job)
    _share_keywords(job)
    set_details(packet, record)
    return Merged(
        data=packet.to_bytes(),
        memory=job.kept,
        changes=differences(before, described(packet)),
        notes=tuple(job.notes),
    )


def without_us(data: bytes, before: Mapping[str, str]) -> Merged:
    """Given a sidecar that others changed after us, take out what is still ours, and nothing else.

    Our namespace goes, keywords of ours, and a rating or a pick label that still equals its witness; where `before`
    names a value by its field, that comes back in its place. PacketError if it can't be done safely.
    """
    packet = Packet(data)
    check_schema(packet)
    was = described(packet)
    for shared, witness in WITNESSES.items():
        written, there = number(stated(packet, witness)), number(stated(packet, PROPERTIES[shared]))
        if written is not None and written == there:
            if shared.value in before:
                packet.set_text(PROPERTIES[shared], before[shared.value])
            else:
                packet.remove(PROPERTIES[shared])
    notes = []
    try:
        lists = _lists(packet)
    except TangledError as error:
        notes.append(f"keywords: {error}: left alone")
    else:
        _write_lists(packet, lists, planned(lists, ()))
    packet.remove_namespace(names.REALQA)
    return Merged(data=packet.to_bytes(), memory={}, changes=differences(was, described(packet)), notes=tuple(notes))


# What people are told


def described(packet: Packet) -> dict[str, tuple[str, ...]]:
    """Return the fields that we may change, as people know them, with their values."""
    found: dict[str, tuple[str, ...]] = {}
    for field_name, name in SPOKEN.items():
        text = stated(packet, name)
        found[field_name] = () if text is None else (text,)
    for field_name, name in SPOKEN_LISTS.items():
        try:
            found[field_name] = tuple(packet.array(name))
        except TangledError:
            found[field_name] = ()
    return found


def differences(before: Mapping[str, tuple[str, ...]], after: Mapping[str, tuple[str, ...]]) -> tuple[Change, ...]:
    """Given what `described` told before and after, return the changes; of a list, the entries that come and go."""
    changes = []
    for name, old in before.items():
        gone = "; ".join(value for value in old if value not in after[name])
        come = "; ".join(value for value in after[name] if value not in old)
        if gone or come:
            changes.append(Change(field=name, before=gone or None, after=come or None))
    return tuple(changes)


def check_schema(packet: Packet) -> None:
    """Raise PacketError if a newer agent wrote it."""
    version = number(stated(packet, names.SCHEMA_VERSION))
    if version is not None and version > SCHEMA:
        raise PacketError("it was written by a newer RealQA Agent; update this one")


# Our own properties


def model_of(scorer: str, version: str) -> str:
    """Return how a sidecar names a version of a scorer."""
    return speakable(f"{scorer} {version}")


def _set_results(packet: Packet, record: Record) -> None:
    assessment, verdict = record.assessment, record.verdict
    texts = {
        names.SCHEMA_VERSION: str(SCHEMA),
        names.MODEL: model_of(assessment.scorer, assessment.version),
        names.SCORED_AT: record.scored_at,
        names.OVERALL: f"{assessment.overall:.2f}",
        names.QUALITY: f"{assessment.quality:.2f}",
        names.AESTHETIC: f"{assessment.aesthetic:.2f}",
        names.VERDICT: verdict.decision.value,
    }
    for name, text in texts.items():
        packet.set_text(name, text)
    reasons = [speakable(reason) for reason in verdict.reasons]
    if not _says(packet.array, names.VERDICT_REASONS, reasons):
        packet.set_array(names.VERDICT_REASONS, "Seq", reasons)
    _set_taste(packet, assessment)
    attributes = _attributes(record)
    if not _says(packet.nested, names.ATTRIBUTES, attributes):
        packet.set_nested(names.ATTRIBUTES, attributes)


def _set_taste(packet: Packet, assessment: Assessment) -> None:
    """Say what overall is without the photographer's taste, and why it differs; nothing if taste has no part."""
    if assessment.taste is None or assessment.taste_told is None:
        packet.remove(names.OVERALL_WITHOUT_TASTE)
        packet.remove(names.TASTE)
    else:
        packet.set_text(names.OVERALL_WITHOUT_TASTE, f"{assessment.taste.without:.2f}")
        packet.set_text(names.TASTE, speakable(assessment.taste_told))


def _attributes(record: Record) -> dict[str, dict[str, str]]:
    """Return attribute to what is said of it.

    Not as a list: darktable 4.2.1 can't write a sidecar with a list of ten structs or more, so that all that a human
    did there from then on stayed in its database alone.
    """
    structs = {}
    for name, judgement in record.assessment.attributes.items():
        struct = {names.VALUE: speakable(judgement.value)}
        if judgement.score is not None:
            struct[names.SCORE] = f"{judgement.score:.2f}"
        struct[names.EXPLANATION] = speakable(judgement.reason)
        structs[names.own(name)] = struct
    return structs


# Rating and pick label


def _share_numbers(job: _Merge) -> None:
    stars = job.record.stars
    wanted = {
        Field.RATING: stars,
        Field.PICK: None if stars is None else PICKS[job.record.verdict.decision],
    }
    in_darktable = bool(job.packet.values(names.DARKTABLE_VERSION))
    for shared, value in wanted.items():
        free: set[float | None] = {None, 0.0}
        unclear: set[float | None] = set()
        if in_darktable:
            free, unclear = _in_darktable(shared, job.settings, fresh=job.fresh)
        settled = settle(shared, _found(job, shared), value, free=free, unclear=unclear, updates=not in_darktable)
        _apply(job, shared, settled)


def _in_darktable(shared: Field, settings: Metadata, *, fresh: bool) -> tuple[set[float | None], set[float | None]]:
    """Return the values that nobody chose in a sidecar of darktable's, and those of which nobody can tell.

    Its database rules from now on: its next edit puts its own value over ours, which then looks like a human's.
    It writes 1 at import to a photo that nobody rated, so 0 and 1 tell nothing, unless the user says that they do or
    the sidecar is fresh from the import.
    """
    if shared is not Field.RATING:
        return set(), set()
    assumed = {0.0: settings.assume_zero_unrated, 1.0: settings.assume_default_one or fresh}
    return {value for value, taken in assumed.items() if taken}, set(assumed)


def _found(job: _Merge, shared: Field) -> Found:
    here, rival, inside = _value(job.packet, shared), None, None
    if job.around.lightroom is not None:
        rival = _value(Packet(job.around.lightroom), shared)
        rival = None if number(rival) == 0 else rival
    if here is None and rival is None:
        inside = _inside(job.around.embedded, shared)
    return Found(
        here=here,
        rival=rival,
        inside=inside,
        witness=stated(job.packet, WITNESSES[shared]),
        remembered=job.memory.get(shared),
    )


def rated_outside(around: Surroundings) -> bool:
    """Tell whether the photo has a rating outside its own sidecar, or may have one."""
    lightroom = None if around.lightroom is None else _value(Packet(around.lightroom), Field.RATING)
    return lightroom is not None or _inside(around.embedded, Field.RATING) is not None


def _inside(embedded: Embedded, shared: Field) -> str | None:
    if embedded.problem is not None:
        return UNREADABLE
    value = None
    if embedded.packet is not None:
        try:
            value = _value(embedded_packet(embedded.packet), shared)
        except PacketError:
            return UNREADABLE
    if value is None and shared is Field.RATING and embedded.rating is not None:
        return str(embedded.rating)
    return value


def _value(packet: Packet, shared: Field) -> str | None:
    value = stated(packet, PROPERTIES[shared])
    if value is None and shared is Field.RATING:
        others = (stated(packet, name) for name in names.OTHER_RATINGS)
        return next((other for other in others if other is not None and number(other) != 0), None)
    return value


def _apply(job: _Merge, shared: Field, settled: Settled) -> None:
    if settled.write is not None:
        job.packet.set_text(PROPERTIES[shared], str(settled.write))
    if settled.witness is None:
        job.packet.remove(WITNESSES[shared])
    else:
        job.packet.set_text(WITNESSES[shared], settled.witness)
    if settled.remembered is not None:
        job.kept[shared] = settled.remembered
    if settled.note is not None:
        job.notes.append(settled.note)


# Keywords


def _share_keywords(job: _Merge) -> None:
    before = job.memory.get(Field.KEYWORDS)
    if before is not None:
        job.kept[Field.KEYWORDS] = before
    if not job.settings.keywords or job.packet.values(names.DARKTABLE_VERSION):
        return
    wanted = keywords_for(job.record.assessment, job.record.verdict)
    try:
        lists = _lists(job.packet)
    except TangledError as error:
        if wanted:
            job.notes.append(f"keywords: {error}: left alone")
        return
    elsewhere = entries(before.value) if before is not None and before.owner is Owner.PLUGIN else frozenset()
    plan = planned(replace(lists, written=lists.written | elsewhere), wanted)
    if before is not None and before.owner is Owner.AGENT and before.value != remembered(lists.written):
        # A difference is harmless if it comes from a write that the agent did not live to remember: then the
        # file is as wanted already.
        if plan != lists:
            job.notes.append("keywords: sidecar and index disagree about the agent's: left alone")
        if plan != lists or not lists.written:
            return
    _write_lists(job.packet, lists, plan)
    job.notes += [
        f"keyword {entry} was removed by a human: not added again"
        for entry in wanted
        if entry in plan.written and entry not in plan.hierarchical
    ]
    job.kept.pop(Field.KEYWORDS, None)
    if plan.written:
        job.kept[Field.KEYWORDS] = Remembered(owner=Owner.AGENT, value=remembered(plan.written))


def _lists(packet: Packet) -> Lists:
    """Return the keyword lists; TangledError if one has another shape."""
    return Lists(
        hierarchical=tuple(packet.array(names.HIERARCHICAL)),
        flat=tuple(packet.array(names.FLAT)),
        tags=tuple(packet.array(names.TAGS)),
        written=frozenset(packet.array(names.WRITTEN_KEYWORDS)),
    )


def _write_lists(packet: Packet, before: Lists, after: Lists) -> None:
    _change(packet, names.HIERARCHICAL, before.hierarchical, after.hierarchical)
    _change(packet, names.FLAT, before.flat, after.flat)
    _change(packet, names.TAGS, before.tags, after.tags)
    if after.written != before.written:
        packet.set_array(names.WRITTEN_KEYWORDS, "Bag", sorted(after.written))


def _change(packet: Packet, name: str, before: Sequence[str], after: Sequence[str]) -> None:
    packet.extend(name, [entry for entry in after if entry not in before])
    packet.discard(name, [entry for entry in before if entry not in after])


# Reading what may have any shape


def stated(packet: Packet, name: str) -> str | None:
    """Return a property's text, None if it is absent, `UNREADABLE` if it is anything but one plain text."""
    try:
        return packet.text(name)
    except TangledError:
        return UNREADABLE


def _says(read: Callable[[str], object], name: str, wanted: object) -> bool:
    try:
        return read(name) == wanted
    except TangledError:
        return False
