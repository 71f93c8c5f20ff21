"""The undo journal, and who did what in a file's history."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "journal",
        sa.Column("write_id", sa.Integer, primary_key=True),
        sa.Column("run", sa.Text, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("at", sa.REAL, nullable=False),
        sa.Column("file_id", sa.Integer, sa.ForeignKey("file.file_id"), nullable=False),
        sa.Column("path", sa.BLOB, nullable=False),
        sa.Column("before_sha256", sa.Text),
        sa.Column("after_sha256", sa.Text),
        sa.Column("head", sa.Integer, nullable=False),
        sa.Column("tail", sa.Integer, nullable=False),
        sa.Column("middle", sa.BLOB),
        sa.Column("changes", sa.JSON, nullable=False),
        sa.Column("memory", sa.JSON, nullable=False),
        sa.Column("taken_back_by", sa.Integer),
        sqlite_autoincrement=True,
    )
    op.create_index("journal_by_file", "journal", ["file_id"])
    op.create_index("journal_by_run", "journal", ["run"])
    op.create_index("journal_by_time", "journal", ["at"])
    op.add_column("history", sa.Column("who", sa.Text, nullable=False, server_default="agent"))
    op.add_column("history", sa.Column("run", sa.Text))
