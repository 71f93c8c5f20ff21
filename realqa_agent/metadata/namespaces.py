"""XML names: the namespaces that we read or write, and our own properties, in Clark notation (`{uri}name`).

Prefixes are decoration that other programs may change; names are compared by URI.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

REALQA = "https://realqa-agent.org/ns/1.0/"
"""Our namespace, chosen for ever: sidecars in the field carry it. Meanings may be added, never changed."""

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
XMP = "http://ns.adobe.com/xap/1.0/"
DC = "http://purl.org/dc/elements/1.1/"
LR = "http://ns.adobe.com/lightroom/1.0/"
DIGIKAM = "http://www.digikam.org/ns/1.0/"
DARKTABLE = "http://darktable.sf.net/"
MICROSOFT = "http://ns.microsoft.com/photo/1.0/"
MEDIA_MANAGEMENT = "http://ns.adobe.com/xap/1.0/mm/"
CAMERA_RAW = "http://ns.adobe.com/camera-raw-settings/1.0/"
ACDSEE = "http://ns.acdsee.com/iptc/1.0/"

PREFIXES: Mapping[str, str] = MappingProxyType({"realqa": REALQA, "xmp": XMP, "dc": DC, "lr": LR, "digiKam": DIGIKAM})
"""The usual prefixes of what we may create."""

RATING = f"{{{XMP}}}Rating"
OTHER_RATINGS = (f"{{{MICROSOFT}}}Rating", f"{{{ACDSEE}}}rating")
"""Where digiKam finds stars if there is no `xmp:Rating`."""
PICK_LABEL = f"{{{DIGIKAM}}}PickLabel"
HIERARCHICAL = f"{{{LR}}}hierarchicalSubject"
FLAT = f"{{{DC}}}subject"
TITLE = f"{{{DC}}}title"
DESCRIPTION = f"{{{DC}}}description"
RIGHTS = f"{{{DC}}}rights"
CREATOR = f"{{{DC}}}creator"
TAGS = f"{{{DIGIKAM}}}TagsList"
DARKTABLE_VERSION = f"{{{DARKTABLE}}}xmp_version"
"""Present in every sidecar that darktable wrote."""
DARKTABLE_IMPORT = f"{{{DARKTABLE}}}import_timestamp"
DARKTABLE_ORDER = f"{{{DARKTABLE}}}iop_order_version"
DARKTABLE_HISTORY_END = f"{{{DARKTABLE}}}history_end"


def own(local: str) -> str:
    """Return a name in our namespace."""
    return f"{{{REALQA}}}{local}"


SCHEMA_VERSION = own("SchemaVersion")
MODEL = own("Model")
SCORED_AT = own("ScoredAt")
OVERALL = own("Overall")
QUALITY = own("Quality")
AESTHETIC = own("Aesthetic")
VERDICT = own("Verdict")
VERDICT_REASONS = own("VerdictReasons")
TASTE = own("Taste")
OVERALL_WITHOUT_TASTE = own("OverallWithoutTaste")
ATTRIBUTES = own("Attributes")
VALUE = own("Value")
SCORE = own("Score")
EXPLANATION = own("Explanation")
WRITTEN_RATING = own("WrittenRating")
WRITTEN_PICK = own("WrittenPick")
WRITTEN_KEYWORDS = own("WrittenKeywords")

CONTENT_HASH = own("ContentHash")
MEASURES = own("Measures")
DETAILS = own("Details")
PICTURE = own("Picture")
KIND = own("Kind")
WIDTH = own("Width")
HEIGHT = own("Height")
DURATION = own("Duration")
ELAPSED = own("ElapsedMs")
UNCERTAINTY = own("Uncertainty")
CLIP = own("Clip")
FRAMES = own("Frames")
MEAN = own("Mean")
LOWEST = own("Lowest")
SPREAD = own("Spread")
BEST_AT = own("BestAt")
