"""What writers of XMP do to other people's sidecars.

Puts a rating, a pick label and a keyword into each sidecar of the generated corpus, and into the real ones where
../shared is there, with several writers, and prints what a person or another program lost by it. Judged by property:
order, prefixes, quotes, layout, encoding, how a struct is set down, zeros at the end of a decimal, what holds no text,
and what a writer adds do not count; values, lists, structs, languages and qualifiers do. Comments and processing
instructions are counted on their own, and so is the kind of the keyword lists: digiKam reads them by it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyexiv2
from lxml import etree

from realqa_agent.capture import Embedded
from realqa_agent.config import Metadata
from realqa_agent.errors import PermanentError
from realqa_agent.index.store import Index
from realqa_agent.metadata import namespaces as names
from realqa_agent.metadata.packet import merge
from realqa_agent.metadata.seed import Surroundings

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.corpus import everything  # noqa: E402 - the corpus is the tests'
from support.desk import Desk  # noqa: E402
from support.sidecars import blurry  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from lxml.etree import _Element

REAL = ROOT.parent / "shared/data/formats/xmp"
STARS, PICK, KEYWORD = 3, 1, "RealQA|reject"
RECORD = blurry(STARS)

LISTS = (names.HIERARCHICAL, names.FLAT, names.TAGS)
KINDS = (names.HIERARCHICAL, names.TAGS)
"""digiKam reads the first only as rdf:Bag and the second only as rdf:Seq."""

HUMAN = (
    *LISTS,
    names.RATING,
    names.PICK_LABEL,
    names.TITLE,
    names.DESCRIPTION,
    *names.OTHER_RATINGS,
    f"{{{names.XMP}}}Label",
    f"{{{names.DIGIKAM}}}ColorLabel",
    f"{{{names.DARKTABLE}}}colorlabels",
    "{http://ns.camerabits.com/photomechanic/1.0/}ColorClass",
)
"""What people decide: rating, pick, labels, keywords, title, caption."""

WITNESSES = {names.RATING: names.WRITTEN_RATING, names.PICK_LABEL: names.WRITTEN_PICK}
ITEM = re.compile(r"li|_\d+")
ZEROS = re.compile(r"(\.\d*?)0+(?!\d)")
ARRAYS = ("Bag", "Seq", "Alt")
LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


@dataclass(frozen=True, kw_only=True)
class Sidecar:
    """One sidecar, and what is known of the photo beside it."""

    family: str
    name: str
    data: bytes
    lightroom: bytes | None = None
    memory: Mapping[Any, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one writer did to all: the bytes after, None where it refused; the seconds; how many undo gives back."""

    after: list[bytes | None]
    seconds: float
    undone: int | None = None


def main() -> None:
    """Write with each, judge and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--families", action="store_true", help="also print what happened family by family")
    parser.add_argument("--examples", type=int, default=0, help="also print so many losses of each writer")
    arguments = parser.parse_args()
    corpus = sidecars()
    real = sum(one.family == "real" for one in corpus)
    print(f"{len(corpus)} sidecars: {len(corpus) - real} generated, {real} real\n")
    outcomes = {writer: write(corpus) for writer, write in WRITERS.items() if write is not with_exiftool or EXIFTOOL}
    show(corpus, outcomes)
    if arguments.families:
        show_families(corpus, outcomes)
    for writer, outcome in outcomes.items():
        for one, after in list(losses(corpus, outcome))[: arguments.examples]:
            print(f"{writer}: {one.name}: {', '.join(after)}")


def sidecars() -> list[Sidecar]:
    """Return the generated corpus without photos that have no sidecar yet, and the real ones."""
    made = [
        Sidecar(
            family=sample.family, name=sample.name, data=sample.data, lightroom=sample.lightroom, memory=sample.memory
        )
        for sample in everything()
        if sample.data is not None
    ]
    real = [Sidecar(family="real", name=path.name, data=path.read_bytes()) for path in sorted(REAL.glob("*.xmp"))]
    # Of a damaged file nobody can say what was in it.
    return made + [one for one in real if properties(one.data)]


# Writers


def each(write: Callable[[Sidecar], bytes], corpus: Iterable[Sidecar]) -> Outcome:
    """Let a writer that works in memory write them all."""
    after: list[bytes | None] = []
    began = time.perf_counter()
    for one in corpus:
        try:
            after.append(write(one))
        except (RuntimeError, UnicodeDecodeError, PermanentError):
            after.append(None)
    return Outcome(after=after, seconds=time.perf_counter() - began)


def with_realqa(corpus: Sequence[Sidecar]) -> Outcome:
    """Merge as the agent does; a second pass, through the journal and not timed, takes the writes back."""
    settings = Metadata()

    def write(one: Sidecar) -> bytes:
        around = Surroundings(embedded=Embedded(), lightroom=one.lightroom)
        return merge(one.data, RECORD, around, settings, one.memory).data

    outcome = each(write, corpus)
    undone = 0
    with tempfile.TemporaryDirectory(prefix="realqa-sidecars-") as scratch:
        photo = Path(scratch, "photos", "a.jpg")
        photo.parent.mkdir()
        with Index.open(Path(scratch, "index.sqlite")) as index:
            desk = Desk(index, settings)
            for one, after in zip(corpus, outcome.after, strict=True):
                undone += after is not None and gives_back(desk, photo, one)
    return Outcome(after=outcome.after, seconds=outcome.seconds, undone=undone)


def gives_back(desk: Desk, photo: Path, one: Sidecar) -> bool:
    """Write and undo in a folder; tell whether the bytes are back."""
    own, lightroom = photo.with_name("a.jpg.xmp"), photo.with_suffix(".xmp")
    own.write_bytes(one.data)
    lightroom.unlink(missing_ok=True)
    if one.lightroom is not None:
        lightroom.write_bytes(one.lightroom)
    desk.write(photo, RECORD, memory=one.memory)
    desk.undo(photo, one.memory)
    return own.read_bytes() == one.data


def with_pyexiv2(one: Sidecar, *, clear: bool) -> bytes:
    """Write as a careful person would at first: the rating only if there is none, the keyword after those there."""
    fields = {
        "Overall": f"{RECORD.assessment.overall:.2f}",
        "Verdict": RECORD.verdict.decision.value,
        "VerdictReasons": list(RECORD.verdict.reasons),
    }
    with pyexiv2.ImageData(one.data) as image:
        there = image.read_xmp()
        wanted: dict[str, Any] = {f"Xmp.realqa.{name}": value for name, value in fields.items()}
        for name, value in (("Xmp.xmp.Rating", STARS), ("Xmp.digiKam.PickLabel", PICK)):
            if name not in there:
                wanted[name] = str(value)
        keywords = there.get("Xmp.lr.hierarchicalSubject", [])
        if KEYWORD not in keywords:
            wanted["Xmp.lr.hierarchicalSubject"] = [*([keywords] if isinstance(keywords, str) else keywords), KEYWORD]
        if clear:
            image.clear_exif()
            image.clear_iptc()
        image.modify_xmp(wanted)
        return bytes(image.get_bytes())


def with_pyexiv2_as_it_is(corpus: Sequence[Sidecar]) -> Outcome:
    """Let Exiv2 mirror the XMP into Exif and IPTC and back, as it does unless it is kept from it."""
    return each_apart(partial(with_pyexiv2, clear=False), corpus)


def with_pyexiv2_cleared(corpus: Sequence[Sidecar]) -> Outcome:
    """Take the mirrored Exif and IPTC out first."""
    return each_apart(partial(with_pyexiv2, clear=True), corpus)


def each_apart(write: Callable[[Sidecar], bytes], corpus: Sequence[Sidecar]) -> Outcome:
    """Write each in a process of its own.

    Exiv2 keeps the prefixes that it met: after a file that binds `xmp` to another namespace it writes that one into
    all later files of the same process, so that the order of the corpus would count.
    """
    with multiprocessing.get_context("fork").Pool(1, maxtasksperchild=1) as pool:
        done = pool.map(partial(each, write), [[one] for one in corpus], chunksize=1)
    return Outcome(after=[one.after[0] for one in done], seconds=sum(one.seconds for one in done))


EXIFTOOL = shutil.which("exiftool")
ONLY_IF_ABSENT = ("-wm", "cg", f"-XMP-xmp:Rating={STARS}", f"-XMP-digiKam:PickLabel={PICK}")


def with_exiftool(corpus: Sequence[Sidecar]) -> Outcome:
    """Write all in one start of ExifTool, the numbers only where there are none; it keeps copies of the originals."""
    with tempfile.TemporaryDirectory(prefix="realqa-exiftool-") as scratch:
        files = [Path(scratch, f"{number:05}.xmp") for number in range(len(corpus))]
        for file, one in zip(files, corpus, strict=True):
            file.write_bytes(one.data)
        assert EXIFTOOL is not None  # noqa: S101 - checked by who calls
        common = ("-common_args", "-q", "-q", "-ext", "xmp", scratch)
        command = (*ONLY_IF_ABSENT, "-execute", f"-XMP-lr:HierarchicalSubject+={KEYWORD}", *common)
        began = time.perf_counter()
        subprocess.run([EXIFTOOL, *command], check=False, capture_output=True)
        seconds = time.perf_counter() - began
        after = [
            None if file.read_bytes() == one.data else file.read_bytes()
            for file, one in zip(files, corpus, strict=True)
        ]
        undone = 0
        for file, one in zip(files, corpus, strict=True):
            kept = file.with_name(f"{file.name}_original")
            undone += kept.exists() and kept.read_bytes() == one.data
    return Outcome(after=after, seconds=seconds, undone=undone)


TEMPLATE = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="{rdf}">
  <rdf:Description rdf:about="" xmlns:xmp="{xmp}" xmlns:lr="{lr}" xmp:Rating="{stars}" xmp:Label="Red">
   <lr:hierarchicalSubject><rdf:Bag><rdf:li>{keyword}</rdf:li></rdf:Bag></lr:hierarchicalSubject>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>
"""


def with_template(corpus: Sequence[Sidecar]) -> Outcome:
    """Write a sidecar of one's own over whatever was there."""
    return each(
        lambda _: TEMPLATE.format(rdf=names.RDF, xmp=names.XMP, lr=names.LR, stars=STARS, keyword=KEYWORD).encode(),
        corpus,
    )


WRITERS: dict[str, Callable[[Sequence[Sidecar]], Outcome]] = {
    "RealQA Agent": with_realqa,
    f"pyexiv2 {pyexiv2.__version__}": with_pyexiv2_as_it_is,
    "pyexiv2, Exif and IPTC cleared": with_pyexiv2_cleared,
    "ExifTool": with_exiftool,
    "template": with_template,
}


# The judge

Properties = dict[str, tuple[Any, ...]]


def parsed(data: bytes, *, bare: bool = False) -> _Element | None:
    """Return the root element, None if it isn't XML; `bare`: without comments and processing instructions."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=bare, remove_pis=bare)
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError:
        return None


@cache
def properties(data: bytes) -> Properties | None:
    """Return each property with its values in a form that leaves out what makes no difference; None if it isn't XMP."""
    root = parsed(data, bare=True)
    if root is None:
        return None
    found: dict[str, list[Any]] = {}
    for rdf in root.iter(f"{{{names.RDF}}}RDF"):
        for node in rdf.iterchildren("*"):
            for name, value in fields_of(node):
                found.setdefault(name, []).append(value)
    # What is said twice is said once.
    distinct = {name: {repr(value): value for value in values if texts([value])} for name, values in found.items()}
    return {name: tuple(values.values()) for name, values in distinct.items() if values}


def fields_of(node: _Element) -> list[tuple[str, Any]]:
    """Return the properties of an rdf:Description, or of anything that stands for one."""
    fields: list[tuple[str, Any]] = [] if node.tag == f"{{{names.RDF}}}Description" else [("type", str(node.tag))]
    for key, text in node.attrib.items():
        if not str(key).startswith((f"{{{names.RDF}}}", "{http://www.w3.org/XML", "about")):
            fields.append((named(key), number(str(text))))
    fields += [(named(child.tag), value_of(child)) for child in node.iterchildren("*")]
    return [(name, value) for name, value in fields if texts([value])]


def named(name: object) -> str:
    """Return a name in Clark notation; ExifTool takes the slash from Microsoft's namespace."""
    return str(name).replace("photo/1.0}", "photo/1.0/}")


def value_of(node: _Element) -> Any:
    """Return a text, a list, a struct or a qualified value."""
    value = plain_value_of(node)
    language = node.get(LANGUAGE)
    return value if language is None else ("language", language.lower(), value)


def plain_value_of(node: _Element) -> Any:
    """Return the value without its language."""
    kind = node.get(f"{{{names.RDF}}}parseType")
    if kind == "Literal":
        inner = "".join(etree.tostring(child, method="c14n", exclusive=True).decode() for child in node)
        return ("literal", (node.text or "") + inner)
    if f"{{{names.RDF}}}resource" in node.attrib:
        return ("resource", node.get(f"{{{names.RDF}}}resource"))
    children = list(node.iterchildren("*"))
    if kind is None and len(children) == 1 and children[0].tag in {f"{{{names.RDF}}}{array}" for array in ARRAYS}:
        items = [
            value_of(item) for item in children[0].iterchildren("*") if ITEM.fullmatch(etree.QName(item).localname)
        ]
        items = [item for item in items if texts([item])]
        array = etree.QName(children[0]).localname
        return (array, tuple(items if array == "Seq" else sorted(items, key=repr)))
    fields = (
        fields_of(children[0])
        if kind is None and len(children) == 1 and children[0].tag == f"{{{names.RDF}}}Description"
        else [field for field in fields_of(node) if field[0] != "type"]
    )
    if not fields and kind is None:
        return number(node.text or "")
    return ("struct", tuple(sorted(fields, key=repr)))


def number(text: str) -> str:
    """Return a text without spaces around it and without zeros at the end of a decimal."""
    return ZEROS.sub(r"\1", text.strip())


def texts(values: Iterable[Any]) -> list[str]:
    """Return all that these values hold, without the names of fields."""
    found: list[str] = []
    for value in values:
        if isinstance(value, str):
            found += [value] if value else []
        elif value[0] in ARRAYS:
            found += texts(value[1])
        elif value[0] == "struct":
            found += texts(part for _, part in value[1])
        else:
            found += texts(value[1:] if value[0] != "language" else value[2:])
    return found


@dataclass(frozen=True, kw_only=True)
class Loss:
    """What is not there any more, or is another value: names of properties."""

    human: tuple[str, ...]
    foreign: tuple[str, ...]
    kinds: tuple[str, ...]
    """Keyword lists that are of another kind now."""
    remarks: int
    """Comments and processing instructions."""


def loss(before: bytes, after: bytes) -> Loss:
    """Compare a sidecar before and after a write."""
    was, now = properties(before) or {}, properties(after) or {}
    human = [name for name in HUMAN if name in was and is_changed(name, was, now)]
    kept = {name for name in was if name in HUMAN or name.startswith(f"{{{names.REALQA}}}")}
    foreign = [name for name, value in was.items() if name not in kept and now.get(name) != value]
    other = [name for name in KINDS if name in was and name in now and kinds(was[name]) != kinds(now[name])]
    gone_remarks = Counter(remarks(before)) - Counter(remarks(after))
    return Loss(human=tuple(human), foreign=tuple(foreign), kinds=tuple(other), remarks=gone_remarks.total())


def is_changed(name: str, was: Properties, now: Properties) -> bool:
    """Tell whether a person's value changed; nobody's and our own may."""
    if name in LISTS:
        ours = texts(was.get(names.WRITTEN_KEYWORDS, ()))
        there = Counter(texts(now.get(name, ())))
        return bool(Counter(text for text in texts(was[name]) if text not in ours) - there)
    if name in WITNESSES and (was[name] == ("0",) or was[name] == was.get(WITNESSES[name])):
        return False
    return now.get(name) != was[name]


def kinds(values: Iterable[Any]) -> list[str]:
    """Return the kinds of the lists."""
    return [value[0] for value in values if isinstance(value, tuple)]


def remarks(data: bytes) -> list[str]:
    """Return all comments and processing instructions but the wrapper's."""
    root = parsed(data)
    if root is None:
        return []
    before, after = root.itersiblings(preceding=True), root.itersiblings()
    nodes = [*before, *root.iter(etree.Comment, etree.PI), *after]
    texts = [etree.tostring(node, encoding="unicode", with_tail=False) for node in nodes]
    return [text for text in texts if not text.startswith("<?xpacket")]


# Printing

COLUMNS = (
    "writer",
    "sidecars",
    "not written, left as they were",
    "a person's value changed",
    "other properties lost or changed",
    "keyword list of another kind",
    "comments lost",
    "undo gives the bytes back",
    "time",
)


def losses(corpus: Sequence[Sidecar], outcome: Outcome) -> Iterable[tuple[Sidecar, list[str]]]:
    """Yield each sidecar that lost something, and what."""
    for one, after in zip(corpus, outcome.after, strict=True):
        lost = None if after is None else loss(one.data, after)
        if lost is not None and (lost.human or lost.foreign or lost.kinds):
            yield one, [*lost.human, *lost.foreign, *lost.kinds]


def show(corpus: Sequence[Sidecar], outcomes: Mapping[str, Outcome]) -> None:
    """Print the table."""
    print("| " + " | ".join(COLUMNS) + " |")
    print("|---|" + "--:|" * (len(COLUMNS) - 1))
    unit = next(iter(outcomes.values())).seconds
    for writer, outcome in outcomes.items():
        lost = [loss(one.data, after) for one, after in zip(corpus, outcome.after, strict=True) if after is not None]
        refused = len(corpus) - len(lost)
        undone = "no undo" if outcome.undone is None else f"{outcome.undone} of {len(lost)}"
        print(
            f"| {writer} | {len(corpus)} | {refused} | {sum(bool(one.human) for one in lost)} "
            f"| {sum(bool(one.foreign) for one in lost)} | {sum(bool(one.kinds) for one in lost)} "
            f"| {sum(one.remarks > 0 for one in lost)} | {undone} "
            f"| {outcome.seconds / unit:.2f} |"
        )
    print(f"\nTime: 1.00 is {unit / len(corpus) * 1e3:.1f} ms, the packet alone; ExifTool's has the files in it.")


def show_families(corpus: Sequence[Sidecar], outcomes: Mapping[str, Outcome]) -> None:
    """Print a sentence for each family and writer."""
    sizes = Counter(one.family for one in corpus)
    for writer, outcome in outcomes.items():
        refused = Counter(one.family for one, after in zip(corpus, outcome.after, strict=True) if after is None)
        lost = Counter(one.family for one, _ in losses(corpus, outcome))
        for family, size in sizes.items():
            print(f"{writer}, {family}: {size} files, {refused[family]} not written, {lost[family]} lost something.")


if __name__ == "__main__":
    pyexiv2.set_log_level(4)
    pyexiv2.registerNs(names.REALQA, "realqa")
    main()
