"""The tables and views of the first version."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


# A view's columns are a promise to plugins (docs/views.md): a later step may add a view, never change one.
# Folder and name are blobs, and || makes text of them; rtrim, since the root folder is a separator already.
PRESENT = """
    WITH present AS (
        SELECT *, rtrim(folder, '/') || '/' || name AS path FROM file WHERE missing_since IS NULL
    )
"""

VIEWS = {
    "v_scores_v1": """
        SELECT path, kind, scorer, quality, aesthetic, overall, decision,
            (SELECT group_concat(value, char(10)) FROM json_each(reasons)) AS reasons, scored_at
        FROM present JOIN assessment USING (assessment_id) JOIN asset USING (asset_id)
            LEFT JOIN verdict USING (file_id)
    """,
    "v_attributes_v1": """
        SELECT present.path, json_each.key AS attribute, json_each.value ->> 'value' AS value,
            json_each.value ->> 'score' AS score, json_each.value ->> 'reason' AS reason
        FROM present JOIN assessment USING (assessment_id), json_each(attributes)
    """,
    "v_refusals_v1": """
        SELECT path, refusal_kind AS kind, refusal_message AS message, refused_at
        FROM present
        WHERE refusal_kind IS NOT NULL
    """,
    "v_captures_v1": """
        SELECT path, sha256, bytes, width, height, duration_s, facts ->> 'camera' AS camera,
            facts ->> 'lens' AS lens, facts ->> 'taken_at' AS taken_at, facts ->> 'shutter_s' AS shutter_s,
            facts ->> 'aperture' AS aperture, facts ->> 'iso' AS iso,
            facts ->> 'focal_length_mm' AS focal_length_mm
        FROM present JOIN assessment USING (assessment_id) JOIN asset USING (asset_id)
    """,
}


def upgrade() -> None:
    _create_content()
    _create_files()
    _create_job()
    for name, query in VIEWS.items():
        op.execute(f"CREATE VIEW {name} AS {PRESENT} {query}")


def _create_content() -> None:
    op.create_table(
        "asset",
        sa.Column("asset_id", sa.Integer, primary_key=True),
        sa.Column("sha256", sa.Text, nullable=False, unique=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("bytes", sa.Integer, nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("duration_s", sa.REAL),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.Column("first_seen", sa.Text, nullable=False),
    )
    op.create_table(
        "assessment",
        sa.Column("assessment_id", sa.Integer, primary_key=True),
        sa.Column("asset_id", sa.Integer, sa.ForeignKey("asset.asset_id"), nullable=False),
        sa.Column("scorer", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("quality", sa.REAL, nullable=False),
        sa.Column("aesthetic", sa.REAL, nullable=False),
        sa.Column("overall", sa.REAL, nullable=False),
        sa.Column("attributes", sa.JSON, nullable=False),
        sa.Column("measures", sa.JSON, nullable=False),
        sa.Column("clip", sa.JSON),
        sa.Column("uncertainty", sa.JSON),
        sa.Column("elapsed_ms", sa.REAL, nullable=False),
        sa.Column("scored_at", sa.Text, nullable=False),
        sa.UniqueConstraint("asset_id", "scorer", "version"),
    )
    op.create_index("assessment_by_time", "assessment", ["scored_at"])


def _create_files() -> None:
    op.create_table(
        "file",
        sa.Column("file_id", sa.Integer, primary_key=True),
        sa.Column("folder", sa.BLOB, nullable=False),
        sa.Column("name", sa.BLOB, nullable=False),
        sa.Column("shot", sa.BLOB, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("mtime_ns", sa.Integer, nullable=False),
        sa.Column("inode", sa.Integer, nullable=False),
        sa.Column("assessment_id", sa.Integer, sa.ForeignKey("assessment.assessment_id")),
        sa.Column("missing_since", sa.Text),
        sa.Column("refusal_kind", sa.Text),
        sa.Column("refusal_message", sa.Text),
        sa.Column("refused_at", sa.Text),
        sa.UniqueConstraint("folder", "name"),
    )
    op.create_index("file_by_shot", "file", ["folder", "shot"])
    op.create_index("file_by_inode", "file", ["inode"])
    op.create_index("file_by_assessment", "file", ["assessment_id"])
    op.create_table(
        "verdict",
        sa.Column("file_id", sa.Integer, sa.ForeignKey("file.file_id"), primary_key=True),
        sa.Column("decision", sa.Text, nullable=False),
        sa.Column("reasons", sa.JSON, nullable=False),
        sa.Column("judged_at", sa.Text, nullable=False),
    )
    op.create_table(
        "memory",
        sa.Column("file_id", sa.Integer, sa.ForeignKey("file.file_id"), primary_key=True),
        sa.Column("field", sa.Text, primary_key=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table(
        "history",
        sa.Column("history_id", sa.Integer, primary_key=True),
        sa.Column("file_id", sa.Integer, sa.ForeignKey("file.file_id"), nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )
    op.create_index("history_by_file", "history", ["file_id"])


def _create_job() -> None:
    op.create_table(
        "job",
        sa.Column("job_id", sa.Integer, primary_key=True),
        sa.Column("file_id", sa.Integer, sa.ForeignKey("file.file_id"), nullable=False, unique=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("run_after", sa.REAL, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("crashes", sa.Integer, nullable=False, server_default="0"),
        sa.Column("owner", sa.Text),
        sa.Column("lease_until", sa.REAL),
        sa.Column("failure", sa.Text),
        sa.Column("error", sa.Text),
        sa.Column("failed_at", sa.REAL),
        sa.Column("enqueued_at", sa.REAL, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("job_by_turn", "job", ["state", "priority", "job_id"])
