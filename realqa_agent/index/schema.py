"""The tables of the index, as SQLAlchemy Core sees them. Migrations make them; a test keeps both equal.

Paths are bytes on Linux: a folder and a name are stored as `os.fsencode` gives them. Times that people read are
RFC 3339 text in UTC; times that the queue reckons with are seconds since the epoch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    JSON,
    REAL,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.types import UserDefinedType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Dialect

REVISION = "0004"
"""The newest migration. Revisions are four digits, so an older one compares as smaller."""


class Bytes(UserDefinedType[bytes]):
    """Bytes, handed through as they are: SQLAlchemy's own BLOB copies each value twice."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """Return the column type for CREATE TABLE."""
        return "BLOB"


class FreeText(TypeDecorator[str]):
    """Text for people that may quote a file name which is not UTF-8; SQLite takes no lone surrogates."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Write what isn't UTF-8 as a backslash escape."""
        del dialect
        return value if value is None else value.encode("utf-8", "backslashreplace").decode("utf-8")


metadata = MetaData()

asset = Table(
    "asset",
    metadata,
    Column("asset_id", Integer, primary_key=True),
    Column("sha256", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("duration_s", REAL),
    Column("facts", JSON, nullable=False),
    Column("first_seen", Text, nullable=False),
)
"""Content, known by its hash. Copies of a photo are one asset."""

assessment = Table(
    "assessment",
    metadata,
    Column("assessment_id", Integer, primary_key=True),
    Column("asset_id", ForeignKey("asset.asset_id"), nullable=False),
    Column("scorer", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("quality", REAL, nullable=False),
    Column("aesthetic", REAL, nullable=False),
    Column("overall", REAL, nullable=False),
    Column("attributes", JSON, nullable=False),
    Column("measures", JSON, nullable=False),
    Column("clip", JSON(none_as_null=True)),
    Column("uncertainty", JSON(none_as_null=True)),
    # What overall is without the photographer's taste, and why; null where taste has no part.
    Column("taste", JSON(none_as_null=True)),
    Column("elapsed_ms", REAL, nullable=False),
    Column("scored_at", Text, nullable=False),
    UniqueConstraint("asset_id", "scorer", "version"),
    Index("assessment_by_time", "scored_at"),
)
"""What one version of one scorer said of an asset. Older ones stay, so that going back costs nothing."""

file = Table(
    "file",
    metadata,
    Column("file_id", Integer, primary_key=True),
    Column("folder", Bytes, nullable=False),
    Column("name", Bytes, nullable=False),
    Column("shot", Bytes, nullable=False),
    Column("size", Integer, nullable=False),
    Column("mtime_ns", Integer, nullable=False),
    # Two's complement: some file systems hand out 64-bit hashes, and SQLite's integers are signed.
    Column("inode", Integer, nullable=False),
    # The assessment that the file's verdict and sidecar rest on; null until the content at hand is examined.
    Column("assessment_id", ForeignKey("assessment.assessment_id")),
    Column("missing_since", Text),
    Column("refusal_kind", Text),
    Column("refusal_message", FreeText),
    Column("refused_at", Text),
    UniqueConstraint("folder", "name"),
    Index("file_by_shot", "folder", "shot"),
    Index("file_by_inode", "inode"),
    Index("file_by_assessment", "assessment_id"),
)
"""A path that the agent looks after, and how the file there looked when last seen."""

NO_REFUSAL: Mapping[str, None] = {"refusal_kind": None, "refusal_message": None, "refused_at": None}
"""Values that clear a file's refusal."""

verdict = Table(
    "verdict",
    metadata,
    Column("file_id", ForeignKey("file.file_id"), primary_key=True),
    Column("decision", Text, nullable=False),
    Column("reasons", JSON, nullable=False),
    Column("judged_at", Text, nullable=False),
)
"""What the agent suggests for a file. It belongs to the file and not to the asset, since a shot is judged as one."""

memory = Table(
    "memory",
    metadata,
    Column("file_id", ForeignKey("file.file_id"), primary_key=True),
    Column("field", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("value", FreeText, nullable=False),
)
"""Whose a sidecar's rating, pick label or keywords were when last read, and what they said."""

history = Table(
    "history",
    metadata,
    Column("history_id", Integer, primary_key=True),
    Column("file_id", ForeignKey("file.file_id"), nullable=False),
    Column("at", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("detail", FreeText, nullable=False),
    Column("who", Text, nullable=False, server_default="agent"),
    Column("run", Text),
    Index("history_by_file", "file_id"),
)
"""What happened to a file, oldest first, and who did it: a program of ours in one of its runs, or a human."""

journal = Table(
    "journal",
    metadata,
    Column("write_id", Integer, primary_key=True),
    Column("run", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", REAL, nullable=False),
    Column("file_id", ForeignKey("file.file_id"), nullable=False),
    # What was written, symlinks and all, as `os.fsencode` gives it: a sidecar, or the photo itself.
    Column("path", Bytes, nullable=False),
    # Null stands for a file that wasn't there, before or after.
    Column("before_sha256", Text),
    Column("after_sha256", Text),
    # The bytes before are the first `head` bytes after, the unpacked middle, and the last `tail` bytes after.
    Column("head", Integer, nullable=False),
    Column("tail", Integer, nullable=False),
    Column("middle", Bytes),
    Column("changes", JSON, nullable=False),
    Column("memory", JSON, nullable=False),
    # The write that took this one back; 0 if the file was as before already.
    Column("taken_back_by", Integer),
    Index("journal_by_file", "file_id"),
    Index("journal_by_run", "run"),
    Index("journal_by_time", "at"),
    # The newest row tells what was under way when a process died, so numbers only grow.
    sqlite_autoincrement=True,
)
"""Each write into a file of the user's, oldest first, with what it takes to undo it."""

job = Table(
    "job",
    metadata,
    Column("job_id", Integer, primary_key=True),
    Column("file_id", ForeignKey("file.file_id"), nullable=False, unique=True),
    Column("state", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("run_after", REAL, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("crashes", Integer, nullable=False, server_default="0"),
    Column("owner", Text),
    Column("lease_until", REAL),
    Column("failure", Text),
    Column("error", FreeText),
    Column("failed_at", REAL),
    Column("enqueued_at", REAL, nullable=False),
    # In the order in which jobs are claimed.
    Index("job_by_turn", "state", "priority", "job_id"),
    # A number is never given twice: what was claimed under an old one can't finish its successor.
    sqlite_autoincrement=True,
)
"""Work to do on a file; a finished job is deleted."""

state = Table(
    "state",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", JSON, nullable=False),
)
"""What the agent and the command line leave for each other: that the queue is paused, how the agent fares."""
