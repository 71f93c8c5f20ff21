"""What the darktable plugin costs its user: 500 photos in the real darktable, with an agent that answers at once.

Measured in darktable's window on a private display: how long an import takes with the plugin and without, how long it
takes to set and to take back stars and tags, to sort and to show a part of the collection, and how long the window is
out of reach meanwhile. Each figure has a limit and its ratio to it; the exit status is 1 if one is over its limit.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support import darktable_window as window  # noqa: E402 - the rig is the tests'
from support.display import Display, display  # noqa: E402
from support.pictures import small  # noqa: E402
from support.standin import StandIn, scored  # noqa: E402

PHOTOS = 500

LIMITS = {
    "import with the plugin": 15.0,
    "import without it": 15.0,
    "from the import to the last star": 60.0,
    "undo": 60.0,
    "apply": 60.0,
    "sort by overall score": 60.0,
    "show rejects": 15.0,
    "show all again": 60.0,
    "mark the best": 15.0,
    "longest wait for the window": 0.5,
}
"""Seconds. The first two are darktable's own doing, and there for comparison."""

SCRIPT = """
local function clock()
  local file = io.open("/proc/uptime")
  local seconds = file:read("n")
  file:close()
  return seconds
end
local function timed(word, act)
  local begun = clock()
  act()
  say(word, ("%.2f"):format(clock() - begun))
end
local count = tonumber(os.getenv("RQ_COUNT"))
if os.getenv("RQ_BARE") then
  timed("import without it", function() import(os.getenv("RQ_PHOTOS"), count) end)
  return
end
local panel, follow = require("realqa/lib/panel"), require("realqa/lib/follow")
wait(panel.exists)
dt.control.sleep(1000)
timed("import with the plugin", function() import(os.getenv("RQ_PHOTOS"), count) end)
-- The window is asked for every 20 milliseconds from here on: is it at hand?
local longest, over = 0, false
dt.control.dispatch(function()
  while not over do
    local begun = clock()
    dt.gui.libs.realqa.visible = true
    longest = math.max(longest, clock() - begun)
    dt.control.sleep(20)
  end
end)
local function is_set()
  for number = 1, count do
    if dt.database[number].rating == 1 then return false end
  end
  return true
end
timed("from the import to the last star", function()
  wait(function() return follow.waiting() == count end)
  wait(function() return follow.waiting() == 0 end, 120)
  wait(is_set, 120)
end)
local function press(word, shortcut)
  timed(word, function()
    panel.say("")
    act("RealQA: " .. shortcut)
    say("said", wait(function() return panel.texts().message ~= "" and panel.texts().message end, 120))
  end)
end
press("undo", "undo the last apply")
dt.gui.selection(photos())
press("apply", "apply suggestions")
press("sort by overall score", "sort by overall score")
press("show rejects", "show rejects")
press("show all again", "show all again")
press("mark the best", "mark the best")
over = true
dt.control.sleep(200)
say("longest wait for the window", ("%.2f"):format(longest))
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=PHOTOS)
    arguments = parser.parse_args()
    if not window.present():
        sys.exit("darktable, xdotool and Xvfb are needed: apt install --no-install-recommends darktable xdotool xvfb")
    with tempfile.TemporaryDirectory(prefix="realqa-darktable-") as scratch, display() as screen:
        base = Path(scratch)
        bare = measured(base / "bare", arguments.photos, screen, plugin=False)
        seconds = bare | measured(base / "with", arguments.photos, screen, plugin=True)
    show(seconds, arguments.photos)
    sys.exit(any(seconds[word] > limit for word, limit in LIMITS.items()))


def measured(base: Path, count: int, screen: Display, *, plugin: bool) -> dict[str, float]:
    """Play the script in a darktable of its own; return the seconds by what took them."""
    folder, config = base / "photos", base / "config"
    folder.mkdir(parents=True)
    agent = StandIn(base / "agent")
    for number in range(count):
        name = f"{number:05}.jpg"
        small(folder / name, None, number)
        reject = number % 5 == 0
        # Scores go up and down through the album, and no photo gets the star that darktable gives by itself.
        overall = 1 + number * 7 % count * 9 / count
        agent.say(
            {
                name: scored(
                    overall,
                    "reject" if reject else "keep",
                    -1 if reject else 2 + number % 4,
                    keywords="RealQA|reject;RealQA|clarity|blurry" if reject else "",
                )
            }
        )
    environment = {"RQ_PHOTOS": str(folder), "RQ_COUNT": str(count)}
    if plugin:
        window.install(config)
    else:
        environment["RQ_BARE"] = "1"
    played = window.play(
        config, screen, SCRIPT, command=agent.command, environment=environment, seconds=60 + count * 0.5
    )
    for verb in ("queue add", "applied"):
        print(f"`realqa {verb}` was called {len(agent.calls(verb))} times") if plugin else None
    return {line[0]: float(line[1]) for line in played.said if line[0] in LIMITS}


def show(seconds: dict[str, float], count: int) -> None:
    """Print the figures beside their limits."""
    table = Table(title=f"{count} photos in darktable, seconds")
    for heading in ("what", "took", "limit", "ratio"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for word, limit in LIMITS.items():
        table.add_row(word, f"{seconds[word]:.2f}", f"{limit:.1f}", f"{seconds[word] / limit:.0%}")
    Console().print(table)


if __name__ == "__main__":
    main()
