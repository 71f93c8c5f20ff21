"""`realqa list`, `show`, `status`: what the index says after one run over an album."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from support.command import Album, Run, objects
from support.pictures import BAD, GOOD

from realqa_agent.mounts import watch_limit


def test_every_file_of_the_album_is_in_the_index(album: Album) -> None:
    lines = objects(album.realqa("list", album.folder, "--json"))
    found = {os.path.relpath(line["path"], album.folder): line for line in lines}
    assert set(found) == {*GOOD, *BAD, "blurred.jpg"}
    assert {name: found[name]["error"]["kind"] for name in BAD} == BAD


def test_index_and_score_say_the_same(album: Album) -> None:
    def without_time(lines: list[dict[str, object]]) -> list[dict[str, object]]:
        return sorted(
            ({name: value for name, value in line.items() if name != "elapsed_ms"} for line in lines),
            key=lambda line: str(line["path"]),
        )

    listed = objects(album.realqa("list", album.folder, "--json"))
    scored = objects(album.realqa("score", album.folder, "--json", status=1))
    assert without_time(listed) == without_time(scored)


def test_scored_files_have_sidecars_and_refused_ones_have_none(album: Album) -> None:
    for name in (*GOOD, "blurred.jpg"):
        assert (album.folder / f"{name}.xmp").is_file()
    sidecars = {str(path.relative_to(album.folder)) for path in album.folder.rglob("*.xmp")}
    assert sidecars == {f"{name}.xmp" for name in (*GOOD, "blurred.jpg")}


def test_sorting_puts_the_best_first(album: Album) -> None:
    for order in ("aesthetic", "quality", "overall"):
        scores = [line[order] for line in objects(album.realqa("list", "--sort", order, "--json")) if line["ok"]]
        assert scores == sorted(scores, reverse=True)
        assert len(scores) == len(GOOD) + 1


def test_verdict_filters(album: Album) -> None:
    everything = [line for line in objects(album.realqa("list", "--json")) if line["ok"]]
    for decision in ("keep", "review", "reject"):
        listed = objects(album.realqa("list", "--verdict", decision, "--json"))
        assert listed == [line for line in everything if line["verdict"]["decision"] == decision]


def test_folder_narrows(album: Album) -> None:
    (line,) = objects(album.realqa("list", album.folder / "sub", "--json"))
    assert line["path"] == str(album.folder / "sub/deep.webp")


def test_tsv_is_versioned_and_keeps_odd_names(album: Album) -> None:
    version, header, *rows = album.realqa("list", "--tsv").stdout.splitlines()
    assert version == "#realqa-tsv\t1"
    columns = header.split("\t")
    assert columns[:2] == ["path", "overall"]
    assert {row.split("\t")[0] for row in rows} == {str(album.folder / name) for name in (*GOOD, *BAD, "blurred.jpg")}
    assert all(len(row.split("\t")) == len(columns) for row in rows)


def test_show_explains_one_file(album: Album) -> None:
    path = album.folder / "blurred.jpg"
    (shown,) = objects(album.realqa("show", path, "--json"))
    assert shown["path"] == str(path)
    assert (shown["width"], shown["height"]) == (480, 320)
    assert [event["event"] for event in shown["history"]] == ["found", "scored", "judged", "wrote"]
    text = album.realqa("show", path).stdout
    for words in ("overall", "verdict", "image clarity", "level shot", "wrote"):
        assert words in text


def test_show_of_a_refused_and_of_an_unknown_file(album: Album) -> None:
    assert "refused, empty" in album.realqa("show", album.folder / "empty.jpg").stdout
    done = album.realqa("show", album.folder / "never.jpg", status=2)
    assert "not in the index" in done.stderr


def test_status_counts_what_there_is(album: Album) -> None:
    status = json.loads(album.realqa("status", "--json").stdout)
    assert status["agent"] is None
    assert status["scorer"] == "firstlook"
    assert status["files"]["scored"] == len(GOOD) + 1
    assert status["files"]["refused"] == len(BAD)
    states = ("queued", "waiting", "running", "dead", "dropped")
    assert [status["queue"][state] for state in states] == [0, 0, 0, len(BAD), 0]
    assert status["queue"]["oldest_queued_at"] is None
    assert status["disk_free_bytes"] > 0
    assert status["watches"] == {"used": None, "limit": watch_limit()}
    assert {Path(failure["path"]).name for failure in status["failures"]} == set(BAD)
    assert "does not run" in album.realqa("status").stdout


def test_second_run_scores_nothing_and_touches_nothing(album: Album) -> None:
    before = {path: path.stat().st_mtime_ns for path in album.folder.rglob("*")}
    began = time.monotonic()
    done = album.realqa("run", "--once", album.folder)
    assert time.monotonic() - began < 20
    assert "0 scored, 0 known already, 0 refused, 0 failed tries" in done.stderr
    assert {path: path.stat().st_mtime_ns for path in album.folder.rglob("*")} == before


def test_without_an_index_the_way_forward_is_named(realqa: Run) -> None:
    for verb in (["list"], ["status"], ["show", "x.jpg"]):
        assert "realqa run" in realqa(*verb, status=2).stderr
