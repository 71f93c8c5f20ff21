"""Files and names made to do harm, among good photos: refused within limits, and the rest is scored."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import zlib
from pathlib import Path

import psutil
import pytest
from PIL import Image
from pillow_heif import from_pillow
from support.background import background
from support.pictures import scene
from support.place import Place, old, photo, until
from support.soak import Feed, progress

pytestmark = pytest.mark.usefixtures("odd_scorers")

SOON = "[queue]\nbackoff_seconds = 0.5\n"

MEGABYTE = 2**20
MOST_WORKER_MEGABYTES = 400
MOST_AGENT_MEGABYTES = 300


def ended(place: Place) -> bool:
    """Tell whether each job is done or set aside."""
    now = progress(place)
    return now.files > 0 and now.jobs == now.dead


def errors(place: Place) -> dict[str, str]:
    """Return the kind of each file's refusal, by name."""
    rows = place.index("SELECT name, refusal_kind FROM file WHERE refusal_kind IS NOT NULL")
    return {os.fsdecode(name): kind for name, kind in rows}


def most_memory(process: psutil.Process) -> float:
    """Return the most that a process ever had, in MB."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    [peak] = [line for line in lines if line.startswith("VmHWM:")]
    return int(peak.split()[1]) / 1024


def test_one_poison_file_among_two_hundred(place: Place) -> None:
    place.configure(SOON, scorer="crash")
    Image.new("RGB", (40, 32), "red").save(place.photos / "a_poison.png")
    old(place.photos / "a_poison.png")
    feed = Feed(place.photos, 200)
    feed.start()
    with background(place) as agent:
        until(lambda: feed.over() and progress(place).scored == 200 and ended(place), 60)
        assert agent.log().count("SIGSEGV") == 2
        agent.stop()
    assert place.index("SELECT state, crashes FROM job") == [("dead", 2)]
    assert errors(place) == {"a_poison.png": "corrupt"}
    assert place.scored_events() == 200


# ---- bombs


def png(path: Path, side: int) -> None:
    """Write a picture of so many black and white pixels, a few kilobytes in all."""
    squeeze = zlib.compressobj(9)
    row = bytes(1 + (side + 7) // 8)
    rows = b"".join(squeeze.compress(row) for _ in range(side)) + squeeze.flush()
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", rows), (b"IEND", b""))
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + b"".join(
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
            for name, body in chunks
        )
    )


def tiff(path: Path, side: int) -> None:
    """Write the header of a picture, one strip for all, and a few bytes of it."""
    tags = [(256, side), (257, side), (258, 8), (259, 1), (262, 1), (273, 200), (277, 1), (278, side), (279, side**2)]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value % 2**32) for tag, value in tags)
    path.write_bytes((b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)).ljust(1000, b"\0"))


def gif(path: Path) -> None:
    path.write_bytes(b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0xF0, 0, 0) + bytes(6) + b"," + bytes(100))


def heic(path: Path, side: int) -> None:
    """Write a small picture whose container says that it is large."""
    from_pillow(Image.new("RGB", (64, 64))).save(path)
    small, large = (b"ispe" + bytes(4) + struct.pack(">II", each, each) for each in (64, side))
    data = path.read_bytes()
    assert small in data
    path.write_bytes(data.replace(small, large))


def jpeg(path: Path, side: int) -> None:
    """Write a small picture whose frame says that it is large."""
    scene(1, 96, 64).save(path)
    data = bytearray(path.read_bytes())
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", side, side)
    path.write_bytes(data)


ENTITIES = b'<!ENTITY a0 "lol">' + b"".join(
    b'<!ENTITY a%d "%s">' % (number, b"&a%d;" % (number - 1) * 10) for number in range(1, 10)
)
SIDECAR_BOMB = (
    b"<!DOCTYPE x [" + ENTITIES + b']><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">&a9;</rdf:RDF></x:xmpmeta>'
)


def test_bombs_are_refused_within_the_limits_of_memory(place: Place) -> None:
    place.configure(SOON)
    png(place.photos / "bomb.png", 30_000)
    assert (place.photos / "bomb.png").stat().st_size < MEGABYTE
    tiff(place.photos / "bomb.tif", 100_000)
    gif(place.photos / "gif.jpg")
    heic(place.photos / "bomb.heic", 60_000)
    jpeg(place.photos / "bomb.jpg", 65_000)
    photo(place.photos / "beside_a_bomb.jpg", seed=1)
    (place.photos / "beside_a_bomb.jpg.xmp").write_bytes(SIDECAR_BOMB)
    photo(place.photos / "beside_a_giant.jpg", seed=2)
    with (place.photos / "beside_a_giant.jpg.xmp").open("wb") as giant:
        for _ in range(200):
            giant.write(b"<" * MEGABYTE)
    for path in place.photos.iterdir():
        old(path)
    feed = Feed(place.photos, 50)
    feed.start()
    with background(place) as agent:
        until(lambda: feed.over() and progress(place).files == 57 and ended(place), 60)
        refused = errors(place)
        assert refused.pop("bomb.heic") in {"too_large", "corrupt"}  # libheif looks twice
        assert refused == {
            "bomb.png": "too_large",
            "bomb.tif": "too_large",
            "bomb.jpg": "too_large",
            "gif.jpg": "unsupported",
        }
        assert progress(place).scored == 52
        assert "worker ended" not in agent.log()
        for worker in agent.workers():
            assert most_memory(worker) < MOST_WORKER_MEGABYTES
        assert most_memory(psutil.Process(agent.pid)) < MOST_AGENT_MEGABYTES
        agent.stop()
    failed = dict(place.index("SELECT file.name, job.error FROM job JOIN file USING (file_id)"))
    assert b"beside_a_bomb.jpg" in failed
    assert b"beside_a_giant.jpg" in failed
    assert (place.photos / "beside_a_bomb.jpg.xmp").read_bytes() == SIDECAR_BOMB
    assert (place.photos / "beside_a_giant.jpg.xmp").stat().st_size == 200 * MEGABYTE


# ---- names

NAMES = (
    b"$(touch pwned).jpg",
    b"`touch pwned`.jpg",
    b"; touch pwned;.jpg",
    b"| touch pwned.jpg",
    b"-rf.jpg",
    b"--once.jpg",
    b"line\nbreak.jpg",
    b"return\rhome.jpg",
    b"'single' \"double\".jpg",
    b"back\\slash.jpg",
    b"%s%n%d{0}{name}.jpg",
    b"[red]markup[bold].jpg",
    b"\x1b]0;title\x07\x1b[31mred.jpg",
    b"not utf-8 \xff\xfe.jpg",
    "blåbær \N{SNOWMAN} \N{RIGHT-TO-LEFT OVERRIDE}gpj.jpg".encode(),
    b" leading and trailing .jpg",
    b"*?[!a].jpg",
    b"<!--&amp;'\"-->.jpg",
    b"' OR 1=1; DROP TABLE file; --.jpg",
    b"n" * 247 + b".jpg",
)


@pytest.mark.parametrize("target", ["sidecar", "photo"])
def test_no_name_is_executed_and_all_are_recorded(place: Place, target: str) -> None:
    place.configure(f'{SOON}[metadata]\ntarget = "{target}"\n')
    folder = os.fsencode(place.photos) + b"/$(touch pwned) \xff;"
    Path(os.fsdecode(folder)).mkdir()
    feed = Feed(place.photos, 1)
    with background(place) as agent:
        for number, name in enumerate(NAMES):
            for where in (os.fsencode(place.photos), folder):
                photo_path = Path(os.fsdecode(where + b"/" + name))
                photo_path.write_bytes(feed.jpeg(number))
        until(lambda: progress(place).files == progress(place).scored == 2 * len(NAMES) and ended(place), 60)
        agent.stop()
    assert errors(place) == {}
    assert progress(place).jobs == 0
    recorded = {folder + b"/" + name for folder, name in place.index("SELECT folder, name FROM file")}
    assert recorded == {where + b"/" + name for where in (os.fsencode(place.photos), folder) for name in NAMES}
    for verb in (("list",), ("list", "--json"), ("status",), ("queue", "list"), ("history",)):
        assert "Traceback" not in place.realqa(*verb).stderr
    for name in NAMES[::4]:
        assert place.realqa("show", place.photos / os.fsdecode(name)).stdout
    here = [place.photos.parent, Path.cwd()]
    assert not [found for base in here for found in base.rglob("pwned")]


# ---- no door to the outside


def listening(process: psutil.Process) -> list[object]:
    """Return the sockets of a process that speak with other machines or could."""
    return list(process.net_connections(kind="inet"))


def test_nothing_listens_and_nothing_is_called(place: Place) -> None:
    feed = Feed(place.photos, 200)
    feed.start()
    with background(place) as agent:
        seen: set[int] = set()

        def quietly_done() -> bool:
            for process in (psutil.Process(agent.pid), *agent.family()):
                with contextlib.suppress(psutil.NoSuchProcess):
                    assert listening(process) == []
                    seen.add(process.pid)
            return feed.over() and progress(place).scored == 200

        until(quietly_done, 60)
        assert len(seen) >= 2
        agent.stop()
    with socket.create_server(("127.0.0.1", 0)):  # it would have been seen
        assert len(listening(psutil.Process())) == 1
