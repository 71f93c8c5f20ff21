"""From nothing, from an earlier version, from a newer one, from what is no index: what opening does."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from support.records import PHOTOS, add

from realqa_agent import paths
from realqa_agent.errors import PermanentError, UserError
from realqa_agent.index import store
from realqa_agent.index.migrate import bring_up_to_date, revision_of
from realqa_agent.index.schema import REVISION, metadata
from realqa_agent.index.store import Index

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NEXT = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "{revision}", "{before}"
def upgrade():
    op.create_table("later_{revision}", sa.Column("id", sa.Integer, primary_key=True))
    with op.batch_alter_table("asset") as batch:
        batch.add_column(sa.Column("later_{revision}", sa.Text))
    {last_line}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An index with one file in it."""
    path = tmp_path / "index.sqlite"
    with Index.open(path) as index:
        add(index, PHOTOS / "a.jpg", 1)
    return path


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    """A copy of the migrations, to which a test may add."""
    folder = tmp_path / "migrations 100%"
    shutil.copytree(paths.packaged("migrations"), folder)
    return folder


def write_step(migrations: Path, number: int, last_line: str = "") -> str:
    revision = f"{number:04d}"
    text = NEXT.format(revision=revision, before=f"{number - 1:04d}", last_line=last_line)
    (migrations / "versions" / f"{revision}_later.py").write_text(text)
    return revision


def execute(file: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file)) as connection, connection:
        return connection.execute(statement).fetchall()


def test_migrations_make_the_tables_that_the_program_expects(index: Index) -> None:
    with index.database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_program_knows_the_newest_migration_and_numbers_grow() -> None:
    config = Config()
    config.set_main_option("script_location", str(paths.packaged("migrations")))
    steps = [step.revision for step in ScriptDirectory.from_config(config).walk_revisions()]
    assert steps == sorted(steps, reverse=True)
    assert steps[0] == REVISION
    assert all(len(step) == 4 and step.isdigit() for step in steps)


def test_opening_again_changes_nothing_and_copies_nothing(file: Path) -> None:
    with Index.open(file) as index:
        assert index.totals().files == 1
    assert list(file.parent.glob("*.before-*")) == []


def test_missing_folders_are_made(tmp_path: Path) -> None:
    with Index.open(tmp_path / "a" / "b" / "index.sqlite") as index:
        assert index.totals().files == 0


def test_migration_keeps_the_rows_and_a_copy_of_before(file: Path, migrations: Path) -> None:
    target = write_step(migrations, int(REVISION) + 1)
    backup = bring_up_to_date(file, migrations, target=target)
    assert backup is not None
    assert backup.name == f"index.sqlite.before-{target}"
    assert execute(file, "SELECT version_num FROM alembic_version") == [(target,)]
    assert execute(file, "SELECT name FROM pragma_table_info('asset')")[-1] == (f"later_{target}",)
    assert execute(file, "SELECT name FROM file") == [(b"a.jpg",)]
    assert revision_of(backup) == REVISION
    assert execute(backup, "SELECT name FROM file") == [(b"a.jpg",)]


def test_only_the_last_two_copies_stay(file: Path, migrations: Path) -> None:
    newer = range(int(REVISION) + 1, int(REVISION) + 4)
    for number in newer:
        bring_up_to_date(file, migrations, target=write_step(migrations, number))
    assert sorted(path.name for path in file.parent.glob("*.before-*")) == [
        f"index.sqlite.before-{number:04d}" for number in newer[1:]
    ]


def test_failing_migration_leaves_nothing_behind(file: Path, migrations: Path) -> None:
    before = execute(file, "SELECT name, sql FROM sqlite_schema ORDER BY name")
    target = write_step(migrations, int(REVISION) + 1, "raise ValueError('half way')")
    with pytest.raises(UserError, match=r"half way.*unchanged.*index.sqlite.before-"):
        bring_up_to_date(file, migrations, target=target)
    assert execute(file, "SELECT name, sql FROM sqlite_schema ORDER BY name") == before
    assert revision_of(file) == REVISION
    with Index.open(file) as index:
        assert index.totals().files == 1


def test_migration_that_breaks_a_reference_is_undone(file: Path, migrations: Path) -> None:
    target = write_step(migrations, int(REVISION) + 1, "op.execute('UPDATE file SET assessment_id = 99')")
    with pytest.raises(UserError, match="refer to nothing"):
        bring_up_to_date(file, migrations, target=target)
    assert execute(file, "SELECT assessment_id FROM file") == [(None,)]


@pytest.mark.parametrize("opening", [Index.open, Index.read])
def test_newer_index_is_refused_with_advice(file: Path, opening: Callable[[Path], Index]) -> None:
    execute(file, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(UserError, match=r"newer RealQA Agent \(schema 9999"):
        opening(file)
    assert execute(file, "SELECT count(*) FROM file") == [(1,)]


def test_older_index_is_not_read_before_it_is_migrated(file: Path) -> None:
    execute(file, "UPDATE alembic_version SET version_num = '0000'")
    with pytest.raises(UserError, match="realqa run"):
        Index.read(file)


@pytest.mark.parametrize("opening", [Index.open, Index.read])
def test_database_of_another_program_is_left_alone(tmp_path: Path, opening: Callable[[Path], Index]) -> None:
    path = tmp_path / "digikam4.db"
    execute(path, "CREATE TABLE Images (id INTEGER)")
    with pytest.raises(UserError, match="another program"):
        opening(path)
    assert execute(path, "SELECT name FROM sqlite_schema") == [("Images",)]


@pytest.mark.parametrize("opening", [Index.open, Index.read])
def test_file_that_is_no_database_is_left_alone(tmp_path: Path, opening: Callable[[Path], Index]) -> None:
    path = tmp_path / "index.sqlite"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(UserError, match="can't be opened as an index"):
        opening(path)
    assert path.read_bytes() == b"not a database at all" * 100


def test_network_share_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "filesystem_of", lambda _: "nfs4")
    with pytest.raises(UserError, match=r"network file system \(nfs4\).*\[index\]"):
        Index.open(tmp_path / "index.sqlite")
    assert list(tmp_path.iterdir()) == []


def test_reading_asks_for_an_index(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no index yet; `realqa run --once DIR` makes one"):
        Index.read(tmp_path / "index.sqlite")
    assert list(tmp_path.iterdir()) == []


def test_read_only_index_can_not_be_written(file: Path) -> None:
    with Index.read(file) as index:
        assert index.totals().files == 1
        with pytest.raises(PermanentError, match="reading only"):
            index.note(1, "event", "detail")


def test_start_with_nothing_to_migrate_is_light(file: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from realqa_agent.index.store import Index\n"
        "from realqa_agent.queue import intake\n"
        f"Index.open(Path({str(file)!r})).close()\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"numpy", "alembic", "sqlalchemy.orm", "PIL"} & set(done.stdout.split())
