"""How Alembic runs the steps in `versions/`: inside the transaction that the index has begun.

SQLite rolls back CREATE TABLE and its like only inside a transaction that the driver does not end by itself;
`realqa_agent.index.engine` sees to that, so a failing step leaves nothing behind. Steps are numbered by four
digits (`0002_what_it_adds.py`), and `realqa_agent.index.schema.REVISION` names the newest.
"""

from __future__ import annotations

from alembic import context

from realqa_agent.index.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
