"""What the photographer's taste has to do with an overall score, so that it can be taken back exactly."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("assessment", sa.Column("taste", sa.JSON))
