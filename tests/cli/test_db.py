"""`realqa db`: check, backup, vacuum, export."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import signal
import sqlite3
import tracemalloc
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from support.command import Album, Run, objects, run_realqa
from support.disk import small_disk, unwritable
from support.pictures import BAD, GOOD
from support.place import Place, photo, until
from support.records import PHOTOS, add, sha, stat, stored

from realqa_agent.assessment import ClipSummary, Decision, Verdict
from realqa_agent.errors import RefusalKind
from realqa_agent.files import Vanished
from realqa_agent.index.export import everything
from realqa_agent.index.store import Index
from realqa_agent.queue.intake import take_in

INDEX = ".local/share/realqa/index.sqlite"

ODD = os.fsdecode(b"\xff 'odd',\"name\"\n.jpg")


@pytest.fixture
def kept(tmp_path: Path, empty_index: Path) -> Place:
    """A home with an index of all kinds of files: scored twice, refused, missing, oddly named, only just found."""
    place = Place(tmp_path)
    place.index_file.parent.mkdir(parents=True)
    shutil.copy(empty_index, place.index_file)
    with Index.open(place.index_file) as index:
        first = add(index, PHOTOS / "a.jpg", 1)
        index.record_scored(first, stat(1), sha("a"), stored=stored(version="0", overall=3.0))
        index.record_scored(first, stat(1), sha("a"), stored=stored(quality=2.0, aesthetic=3.0, overall=2.5))
        verdict = Verdict(decision=Decision.REJECT, reasons=("blurred", "dark"))
        index.record_verdict(first, verdict, judged_at="2027-01-15T08:00:00Z")
        index.remember(first, {"rating": ("human", "4")})
        index.note(first, "wrote", "a.jpg.xmp", who="cull", run="20270115-080000-abcd")
        index.record_scored(add(index, PHOTOS / ODD, 2), stat(2), sha("b"), stored=stored())
        index.record_refused(add(index, PHOTOS / "c.jpg", 3), None, RefusalKind.EMPTY, "zero bytes")
        index.record_scored(add(index, PHOTOS / "d.jpg", 4), stat(4), sha("d"), stored=stored())
        take_in(index, [Vanished(path=PHOTOS / "d.jpg")])
        add(index, PHOTOS / "e.jpg", 5)
    return place


def exported(place: Place) -> dict[str, dict[str, Any]]:
    return {Path(line["path"]).name: line for line in objects(place.realqa("db", "export"))}


def damage(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        ((page,),) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'history'")
        ((size,),) = connection.execute("PRAGMA page_size")
    with file.open("r+b") as data:
        data.seek((page - 1) * size)
        data.write(b"\xa5" * size)


def test_whole_index(kept: Place) -> None:
    assert "whole" in kept.realqa("db", "check").stdout
    said = json.loads(kept.realqa("db", "check", "--json").stdout)
    assert said == {"index": str(kept.index_file), "ok": True, "findings": [], "copies": []}


def test_damaged_index_is_status_1_with_advice(kept: Place) -> None:
    kept.realqa("db", "backup")
    damage(kept.index_file)
    told = kept.realqa("db", "check", status=1).stdout
    (copy,) = kept.index_file.parent.glob("*.backup-*")
    for words in ("damaged", "next start", "sidecars", "stop the agent", str(copy)):
        assert words in told
    said = json.loads(kept.realqa("db", "check", "--json", status=1).stdout)
    assert not said["ok"]
    assert said["findings"]
    assert said["copies"] == [str(copy)]
    copy.unlink()
    assert "no copy beside it" in kept.realqa("db", "check", status=1).stdout


def test_without_an_index_the_way_forward_is_named(realqa: Run) -> None:
    for verb in ("check", "backup", "vacuum", "export"):
        assert "realqa run" in realqa("db", verb, status=2).stderr


def test_database_of_another_program_is_refused(kept: Place) -> None:
    theirs = kept.home / "theirs.db"
    with closing(sqlite3.connect(theirs)) as connection:
        connection.execute("CREATE TABLE Images (id INTEGER)")
    kept.configure(f'[index]\npath = "{theirs}"\n')
    for verb in ("check", "backup", "vacuum", "export"):
        assert "another program" in kept.realqa("db", verb, status=2).stderr
    assert [path.name for path in kept.home.glob("theirs*")] == ["theirs.db"]


def test_backup_is_dated_private_and_never_over_another(kept: Place, tmp_path: Path) -> None:
    told = kept.realqa("db", "backup").stdout
    (copy,) = kept.index_file.parent.glob("index.sqlite.backup-20??-??-??")
    assert str(copy) in told
    assert copy.stat().st_mode & 0o777 == 0o600
    assert "left as it is" in kept.realqa("db", "backup", status=2).stderr
    named = tmp_path / "named.sqlite"
    kept.realqa("db", "backup", named)
    with Index.read(named) as index:
        assert index.totals().files == 4


@pytest.mark.usefixtures("odd_scorers")
def test_copy_in_the_place_of_the_index_is_the_index(kept: Place) -> None:
    before = exported(kept)
    kept.realqa("db", "backup")
    (copy,) = kept.index_file.parent.glob("*.backup-*")
    kept.index_file.unlink()
    for name in ("index.sqlite-wal", "index.sqlite-shm"):
        kept.index_file.with_name(name).unlink(missing_ok=True)
    copy.rename(kept.index_file)
    assert exported(kept) == before
    photo(kept.photos / "new.jpg")
    kept.once()
    assert len(exported(kept)) == len(before) + 1


def test_vacuum_tells_what_it_gave_back(kept: Place) -> None:
    with closing(sqlite3.connect(kept.index_file)) as connection, connection:
        rows = ((1, "2027-01-15T08:00:00Z", "note", "x" * 1000) for _ in range(4000))
        connection.executemany("INSERT INTO history (file_id, at, event, detail) VALUES (?, ?, ?, ?)", rows)
        connection.execute("DELETE FROM history WHERE event = 'note'")
    before = kept.index_file.stat().st_size
    told = kept.realqa("db", "vacuum").stdout
    assert f"{before / 1e6:.1f} MB before, 0.1 MB now" in told
    assert kept.index_file.stat().st_size < before / 10
    assert kept.realqa("db", "check").stdout.endswith("whole\n")


@pytest.mark.usefixtures("odd_scorers")
def test_while_the_agent_runs(kept: Place) -> None:
    """All but vacuum go along with it."""
    photo(kept.photos / "a.jpg")
    with kept.agent() as agent:
        until((kept.photos / "a.jpg.xmp").exists)
        kept.realqa("db", "check")
        kept.realqa("db", "backup")
        assert "a.jpg" in kept.realqa("db", "export").stdout
        told = kept.realqa("db", "vacuum", status=2).stderr
        assert f"process {agent.pid}" in told
        assert "stop it first" in told
        agent.send_signal(signal.SIGTERM)
        assert agent.wait(15) == 0
    kept.realqa("db", "vacuum")


def test_vacuum_hides_no_unclean_stop(kept: Place) -> None:
    lock = kept.index_file.with_name("index.sqlite.lock")
    lock.write_text("12345 open\n")
    kept.realqa("db", "vacuum")
    assert lock.read_text().split()[1:] == ["open"]


def test_export_has_all_files_with_all_that_is_known(kept: Place) -> None:
    lines = exported(kept)
    assert list(lines) == sorted(lines, key=os.fsencode)
    assert set(lines) == {"a.jpg", ODD, "c.jpg", "d.jpg", "e.jpg"}
    first = lines["a.jpg"]
    assert (first["path"], first["sha256"], first["kind"]) == ("/photos/a.jpg", sha("a"), "photo")
    assert (first["size"], first["width"], first["height"], first["missing_since"]) == (1000, 6000, 4000, None)
    assert first["capture"] == {"camera": "Canon EOS R5", "iso": 200}
    assert first["verdict"] == {"decision": "reject", "reasons": ["blurred", "dark"], "at": "2027-01-15T08:00:00Z"}
    assert first["remembered"] == {"rating": {"owner": "human", "value": "4"}}
    assert [(each["version"], each["overall"], each["in_force"]) for each in first["assessments"]] == [
        ("0", 3.0, False),
        ("1", 2.5, True),
    ]
    judged = first["assessments"][1]
    assert judged["attributes"]["exposure"] == {"value": "good", "score": 7.0, "reason": "exposure is good"}
    assert judged["measures"] == {"sharpness": 0.25}
    assert judged["uncertainty"] == {"quality": 0.6, "aesthetic": 1.1}
    assert judged["clip"] is None
    assert [event["event"] for event in first["history"]] == ["found", "scored", "scored", "judged", "wrote"]
    assert first["history"][-1]["who"] == "cull"
    assert first["history"][-1]["run"] == "20270115-080000-abcd"
    assert lines["c.jpg"]["refusal"]["kind"] == "empty"
    assert lines["c.jpg"]["assessments"] == []
    assert lines["d.jpg"]["missing_since"] is not None
    assert lines["d.jpg"]["sha256"] == sha("d")
    assert lines["e.jpg"]["sha256"] is None


def test_export_has_clips(kept: Place) -> None:
    summary = ClipSummary(frames=8, mean=5.0, lowest=3.0, spread=0.5, best_at_s=2.5)
    clip = stored()
    clip = replace(clip, assessment=replace(clip.assessment, clip=summary), kind="clip", duration_s=12.5)
    with Index.open(kept.index_file) as index:
        index.record_scored(add(index, PHOTOS / "f.mp4", 6), stat(6), sha("f"), stored=clip)
    line = exported(kept)["f.mp4"]
    assert (line["kind"], line["duration_s"]) == ("clip", 12.5)
    (judged,) = line["assessments"]
    assert judged["clip"] == asdict(summary)


def test_export_as_csv_has_the_columns_and_rows_of_the_views(kept: Place) -> None:
    text = kept.realqa("db", "export", "--format", "csv").stdout
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    with closing(sqlite3.connect(kept.index_file)) as connection:
        connection.text_factory = os.fsdecode
        connection.row_factory = sqlite3.Row
        found = connection.execute("SELECT * FROM v_scores_v1 JOIN v_captures_v1 USING (path)").fetchall()
    in_views = [{name: "" if row[name] is None else str(row[name]) for name in row.keys()} for row in found]  # noqa: SIM118 - a Row iterates over its values
    assert sorted(rows, key=lambda row: row["path"]) == sorted(in_views, key=lambda row: row["path"])
    assert list(rows[0]) == list(in_views[0])
    assert f"/photos/{ODD}" in {row["path"] for row in rows}


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_export_to_a_file_is_private_and_never_over_another(kept: Place, tmp_path: Path, form: str) -> None:
    target = tmp_path / "out"
    kept.realqa("db", "export", "--format", form, target)
    assert target.read_bytes() == os.fsencode(kept.realqa("db", "export", "--format", form).stdout)
    assert target.stat().st_mode & 0o777 == 0o600
    target.write_text("mine")
    assert "left as it is" in kept.realqa("db", "export", target, status=2).stderr
    assert target.read_text() == "mine"


def test_export_on_a_full_disk_leaves_nothing(kept: Place, tmp_path: Path) -> None:
    with small_disk(tmp_path / "stick", "4k") as stick:
        assert "No space left" in kept.realqa("db", "export", stick / "out", status=2).stderr
        assert list(stick.iterdir()) == []


def test_export_of_an_album(album: Album) -> None:
    lines = {os.path.relpath(line["path"], album.folder): line for line in objects(album.realqa("db", "export"))}
    assert set(lines) == {*GOOD, *BAD, "blurred.jpg"}
    for name in GOOD:
        judged = next(each for each in lines[name]["assessments"] if each["in_force"])
        assert judged["scorer"] == "firstlook"
        assert len(judged["attributes"]) == 10
        assert judged["measures"]


def test_export_keeps_memory_flat(kept: Place) -> None:
    with closing(sqlite3.connect(kept.index_file)) as connection, connection:
        names = ((f"{number:06}.jpg".encode(), number) for number in range(6000))
        connection.executemany(
            "INSERT INTO file (folder, name, shot, size, mtime_ns, inode, assessment_id) "
            "SELECT CAST('/more' AS BLOB), ?, x'00', 1, 1, ?, 1",
            names,
        )
        connection.execute(
            "INSERT INTO history (file_id, at, event, detail) SELECT file_id, '', 'note', hex(zeroblob(1500)) FROM file"
        )
    with Index.read(kept.index_file) as index:
        tracemalloc.start()
        count = sum(1 for _ in everything(index.database))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert count > 6000
    assert peak < 12e6


def test_settings_file_is_private_whatever_the_mask(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    before = os.umask(0)
    try:
        run_realqa("config", "init", home=home)
    finally:
        os.umask(before)
    settings = home / ".config/realqa/config.toml"
    assert settings.stat().st_mode & 0o777 == 0o600
    assert settings.parent.stat().st_mode & 0o777 == 0o700


def test_doctor_hints_at_what_others_can_read(kept: Place) -> None:
    kept.config.chmod(0o600)
    kept.index_file.chmod(0o600)
    assert "others can read" not in kept.realqa("doctor", status=None).stdout
    for path in (kept.config, kept.index_file):
        path.chmod(0o644)
        told = kept.realqa("doctor", status=None).stdout
        assert f"chmod 600 {path}" in told
        path.chmod(0o600)


def test_reader_needs_no_right_to_write(kept: Place, tmp_path: Path) -> None:
    """The owner's index in a folder that may not be written, as on a disk that is mounted read-only."""
    folder = tmp_path / "still"
    shutil.copytree(kept.index_file.parent, folder)
    for name in ("index.sqlite-wal", "index.sqlite-shm"):
        (folder / name).unlink(missing_ok=True)
    kept.configure(f'[index]\npath = "{folder}/index.sqlite"\n')
    before = sorted(path.name for path in folder.iterdir())
    with unwritable(folder):
        assert "a.jpg" in kept.realqa("list").stdout
        assert "whole" in kept.realqa("db", "check").stdout
    assert sorted(path.name for path in folder.iterdir()) == before
