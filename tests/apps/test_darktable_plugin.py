"""darktable's window with our plugin in it, and what its user sees happen.

Each story starts darktable once or twice; the tests look at what came of it. Most use a stand-in for the agent's
command, which is slow, silent or of another version as the story wants it; the last one uses the agent itself.
"""

from __future__ import annotations

import os
import re
import shlex
import struct
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image
from support import darktable
from support import darktable_window as window
from support.command import REALQA, objects
from support.display import Display
from support.pictures import small
from support.place import Place, old
from support.sidecars import packet
from support.standin import StandIn, scored

from realqa_agent.cli import tsv

pytestmark = [
    pytest.mark.apps,
    pytest.mark.skipif(not window.present(), reason="darktable, xdotool or Xvfb is not installed"),
]

NONE = "\N{EN DASH}"
BLURRY = "RealQA|clarity|blurry"
REJECTED = scored(1.5, "reject", -1, keywords=f"RealQA|reject;{BLURRY}")

READY = """
wait(function() return require("realqa/lib/panel").exists() and panel().status ~= "asking the agent …" end)
local follow = require("realqa/lib/follow")
local function waiting() return follow.waiting() end
local function settled() wait(function() return waiting() == 0 end) dt.control.sleep(700) end
-- Photos are handed over half a second after their import.
local function arrived() wait(function() return waiting() > 0 end) settled() end
local function message_after(shortcut)
  require("realqa/lib/panel").say("")
  act(shortcut)
  return wait(function() return panel().message ~= "" and panel().message end)
end
local function show(word)
  for _, each in ipairs(photos()) do say(word, each.filename, each.rating, tags(each)) end
end
local function order()
  local names = {}
  for number = 1, #dt.collection do names[number] = dt.collection[number].filename end
  return table.concat(names, " ")
end
"""
"""What every script begins with."""


@dataclass(frozen=True)
class Shown:
    """Stars and tags in darktable's library, by file name."""

    stars: dict[str, int]
    tags: dict[str, set[str]]


def shown(played: window.Played, word: str) -> Shown:
    told = played.told(word)
    return Shown(
        stars={name: int(stars) for name, stars, _ in told},
        tags={name: set(filter(None, tags.split(";"))) for name, _, tags in told},
    )


# On import, with a slow agent

ODD = ("with space.jpg", 'it\'s "quoted" & $HOME.jpg', "new\nline.jpg", "tab\there\\n.jpg", "été.jpg", "caf\udce9.jpg")
"""File names of every kind, the last one not UTF-8."""

IMPORT = """
local begun = os.time()
import(os.getenv("RQ_PHOTOS"), tonumber(os.getenv("RQ_COUNT")))
wait(function() return waiting() > 0 end)
-- A person looks at the first photo meanwhile, and presses 3.
dt.control.sleep(500)
os.execute("xdotool mousemove 270 150; sleep 0.3; xdotool mousemove 275 155; sleep 0.3; xdotool key 3")
wait(function() return image("0 first.jpg").rating == 3 end)
say("pressed", image("0 first.jpg").rating, waiting())
settled()
show("imported")
dt.gui.selection({ image("reject.jpg") })
wait(function() return panel().title == "reject.jpg" end)
say("panel", panel().scores, panel().reasons, panel().image_clarity, panel().composition, panel().saturation)
say("tooltip", require("realqa/lib/panel").reason("image_clarity"))
-- The person is of another mind on some.
image("kept.jpg").rating = 2
image("back.jpg").rating = 1
dt.tags.detach(dt.tags.find("RealQA|clarity|blurry"), image("reject.jpg"))
dt.tags.attach(dt.tags.create("RealQA|mine"), image("kept.jpg"))
dt.gui.selection(photos())
say("again said", message_after("RealQA: apply suggestions"))
show("again")
"""
LATER = """
dt.gui.selection(photos())
say("later said", message_after("RealQA: apply suggestions"))
show("later")
say("undo", message_after("RealQA: undo the last apply"))
show("undone")
say("undo", message_after("RealQA: undo the last apply"))
show("undone twice")
"""


@dataclass(frozen=True)
class Story:
    """What came of importing, changing one's mind, and of another opinion of the agent's."""

    agent: StandIn
    first: window.Played
    second: window.Played


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, screen: Display) -> Story:
    base = tmp_path_factory.mktemp("plugin")
    # The folder's name goes through the shell, too.
    folder = base / 'O\'Neil "& co" $(date)'
    folder.mkdir()
    opinions = {
        "0 first.jpg": scored(6, stars=4),
        "human.jpg": scored(2, "reject", -1, keywords="RealQA|reject"),
        "kept.jpg": scored(7, stars=4),
        "back.jpg": scored(8, stars=5),
        "same.jpg": scored(3, "review", 1),
        "reject.jpg": REJECTED,
        **{name: scored(5.5, stars=3) for name in ODD},
    }
    for seed, name in enumerate((*opinions, "unknown.jpg")):
        inside = packet("", 'xmp:Rating="4"') if name == "human.jpg" else None
        small(folder / name, inside, seed)
    agent = StandIn(base / "agent")
    agent.say(opinions, seconds_each=0.3)
    config = base / "config"
    window.install(config)
    environment = {"RQ_PHOTOS": str(folder), "RQ_COUNT": str(len(opinions) + 1)}
    first = window.play(config, screen, READY + IMPORT, command=agent.command, environment=environment)
    agent.say({name: scored(9, stars=5, keywords="RealQA|level|tilted") for name in opinions}, apply=0)
    second = window.play(config, screen, READY + LATER, command=agent.command)
    return Story(agent=agent, first=first, second=second)


def test_one_process_hands_over_a_whole_film_roll(story: Story) -> None:
    [handed] = story.agent.calls("queue add")
    names = {os.path.basename(path) for path in handed}  # noqa: PTH119 - any bytes
    assert names == {*shown(story.first, "imported").stars}
    assert set(ODD) < names


def test_stars_rejects_and_tags_appear_whatever_the_file_is_called(story: Story) -> None:
    imported = shown(story.first, "imported")
    assert {name: imported.stars[name] for name in ODD} == dict.fromkeys(ODD, 3)
    assert (imported.stars["kept.jpg"], imported.stars["reject.jpg"], imported.stars["unknown.jpg"]) == (4, -1, 1)
    assert imported.tags["reject.jpg"] == {"RealQA|reject", BLURRY}
    assert imported.tags["kept.jpg"] == set()


def test_a_humans_stars_from_before_the_import_stay(story: Story) -> None:
    for played, word in ((story.first, "imported"), (story.first, "again"), (story.second, "later")):
        assert shown(played, word).stars["human.jpg"] == 4
    assert "RealQA|reject" in shown(story.first, "imported").tags["human.jpg"]


def test_a_star_that_a_human_gives_while_the_agent_works_stays(story: Story) -> None:
    [[stars, waiting]] = story.first.told("pressed")
    assert (stars, int(waiting) > 0) == ("3", True)
    for played, word in ((story.first, "imported"), (story.first, "again"), (story.second, "later")):
        assert shown(played, word).stars["0 first.jpg"] == 3


def test_what_a_human_changes_afterwards_stays_and_the_agent_is_told(story: Story) -> None:
    for played, word in ((story.first, "again"), (story.second, "later"), (story.second, "undone twice")):
        now = shown(played, word)
        # Back to one star is what darktable gives by itself, too.
        assert (now.stars["kept.jpg"], now.stars["back.jpg"]) == (2, 1)
        assert BLURRY not in now.tags["reject.jpg"]
        assert "RealQA|mine" in now.tags["kept.jpg"]
    written = story.agent.written()
    assert (written["kept.jpg"][1], written["back.jpg"][1]) == ("2", "1")


def test_apply_says_what_it_did(story: Story) -> None:
    assert story.first.told("again said") == [["nothing to set, 4 keep your stars"]]
    assert story.second.told("later said") == [["12 photos set, 4 keep your stars"]]


def test_another_opinion_updates_what_is_the_agents(story: Story) -> None:
    later = shown(story.second, "later")
    assert {name: later.stars[name] for name in (*ODD, "reject.jpg", "same.jpg")} == dict.fromkeys(
        (*ODD, "reject.jpg", "same.jpg"), 5
    )
    assert later.tags["reject.jpg"] == {"RealQA|level|tilted"}


def test_undo_takes_back_one_apply_after_the_other_also_after_a_new_start(story: Story) -> None:
    before, later, undone, twice = (
        shown(story.first, "again"),
        shown(story.second, "later"),
        shown(story.second, "undone"),
        shown(story.second, "undone twice"),
    )
    assert undone == before != later
    assert {name: twice.stars[name] for name in (*ODD, "reject.jpg", "same.jpg")} == dict.fromkeys(
        (*ODD, "reject.jpg", "same.jpg"), 1
    )
    assert twice.tags["reject.jpg"] == set()
    assert (twice.stars["human.jpg"], twice.stars["0 first.jpg"]) == (4, 3)


def test_the_panel_shows_scores_verdict_reasons_and_attributes(story: Story) -> None:
    [[scores, reasons, clarity, composition, saturation]] = story.first.told("panel")
    assert scores == "reject\noverall 1.5   quality 9.5   aesthetic 1.5"
    assert reasons.replace("\n", " ") == REJECTED["reason"]
    assert (clarity, composition, saturation) == ("2.0  blurry", "7.0", NONE)
    assert story.first.told("tooltip") == [["edges are 4 pixels wide"]]


# Suggestions only, and an agent that is not there yet

SUGGEST = """
import(os.getenv("RQ_PHOTOS"), 2)
wait(function() return waiting() == 2 end)
wait(function() return panel().status:find("wait for it") end)
say("status", panel().status)
"""


def test_with_the_agent_stopped_the_roll_waits_for_it_and_darktable_quits_at_once(
    tmp_path: Path, screen: Display
) -> None:
    folder, config = tmp_path / "photos", tmp_path / "config"
    folder.mkdir()
    for seed, name in enumerate(("kept.jpg", "reject.jpg")):
        small(folder / name, None, seed)
    agent = StandIn(tmp_path / "agent")
    agent.say({"kept.jpg": scored(7, stars=4), "reject.jpg": REJECTED}, agent="stopped", apply=0)
    window.install(config)
    environment = {"RQ_PHOTOS": str(folder)}
    first = window.play(config, screen, READY + SUGGEST, command=agent.command, environment=environment)
    [[status]] = first.told("status")
    assert "agent stopped" in status
    assert "2 photos wait for it" in status.replace("\n", " ")
    assert first.quit_seconds < 5
    agent.say(agent="runs")
    second = window.play(config, screen, READY + 'settled() show("set")', command=agent.command)
    after = shown(second, "set")
    # `apply` is off: tags, and no star.
    assert after.stars == {"kept.jpg": 1, "reject.jpg": 1}
    assert after.tags == {"kept.jpg": set(), "reject.jpg": {"RealQA|reject", BLURRY}}


CANCEL = """
import(os.getenv("RQ_PHOTOS"), 2)
wait(function() return waiting() == 2 end)
dt.control.sleep(1500)
-- The cross of the progress bar, left below.
os.execute("xdotool mousemove 272 804; sleep 0.3; xdotool click 1")
wait(function() return waiting() == 0 end)
dt.control.sleep(4500)
show("after")
"""


def test_the_cross_of_the_progress_bar_ends_the_waiting(tmp_path: Path, screen: Display) -> None:
    folder, config = tmp_path / "photos", tmp_path / "config"
    folder.mkdir()
    agent = StandIn(tmp_path / "agent")
    for seed, name in enumerate(("a.jpg", "b.jpg")):
        small(folder / name, None, seed)
        agent.say({name: scored(7, stars=4)}, seconds_each=5)
    window.install(config)
    window.enlarge(config)
    environment = {"RQ_PHOTOS": str(folder)}
    played = window.play(config, screen, READY + CANCEL, command=agent.command, environment=environment)
    assert shown(played, "after").stars == {"a.jpg": 1, "b.jpg": 1}


# An agent that can't be asked

TROUBLES = """
import(os.getenv("RQ_PHOTOS"), 1)
local function status_with(command)
  dt.preferences.write("realqa", "command", "string", command)
  local before = panel().status
  dt.gui.selection({})
  dt.gui.selection({ image("a.jpg") })
  return wait(function() return panel().status ~= before and panel().status end)
end
arrived()
say("well", panel().status)
for _, name in ipairs({ "absent", "old", "newer", "failing", "talking" }) do
  say(name, (status_with(os.getenv("RQ_" .. name:upper())):gsub("\\n", " ")))
end
say("well", status_with(os.getenv("RQ_WELL")))
-- While an agent takes its time, the window and all of Lua are at hand.
dt.preferences.write("realqa", "command", "string", os.getenv("RQ_SLOW"))
require("realqa/lib/panel").say("")
act("RealQA: apply suggestions")
dt.control.sleep(300)
for _ = 1, 10 do
  dt.gui.selection({})
  dt.gui.selection({ image("a.jpg") })
  image("a.jpg").title = "at hand"
  dt.control.sleep(50)
end
say("meanwhile", panel().message)
say("slow", wait(function() return panel().message ~= "" and panel().message end))
"""


def test_an_agent_that_cannot_be_asked_is_named_in_the_panel_and_nothing_else_happens(
    tmp_path: Path, screen: Display
) -> None:
    folder, config = tmp_path / "photos", tmp_path / "config"
    folder.mkdir()
    small(folder / "a.jpg")
    agents = {name: StandIn(tmp_path / name) for name in ("well", "old", "newer", "slow")}
    for agent in agents.values():
        agent.say({"a.jpg": scored(7, stars=4)})
    agents["old"].say(old=True)
    agents["newer"].say(tsv=2)
    agents["slow"].say(hangs=3)
    window.install(config)
    environment = {
        "RQ_PHOTOS": str(folder),
        "RQ_ABSENT": "/nowhere/realqa",
        "RQ_FAILING": "sh -c 'echo Error: the index is locked >&2; exit 1' --",
        "RQ_TALKING": "echo hello",
        **{f"RQ_{name.upper()}": agent.command for name, agent in agents.items()},
    }
    played = window.play(
        config, screen, READY + TROUBLES, command=agents["well"].command, environment=environment, seconds=90
    )
    told = dict(played.said)
    assert "not installed, or not where darktable looks: /nowhere/realqa" in told["absent"]
    assert "too old for this plugin" in told["old"]
    assert "newer than this plugin. Run `realqa plugin install darktable`" in told["newer"]
    assert told["failing"] == "RealQA Agent: Error: the index is locked"
    assert "can't be understood: " in told["talking"]
    assert told["well"].startswith("agent at work")
    assert (told["meanwhile"], told["slow"]) == ("", "nothing to set")
    assert "LUA ERROR" not in played.log


def test_another_version_of_the_agent_is_named_once_and_still_serves(tmp_path: Path, screen: Display) -> None:
    config = tmp_path / "config"
    window.install(config)
    (config / "lua/realqa/lib/installed.lua").write_text('return { command = { "realqa" }, version = "0.1" }\n')
    agent = StandIn(tmp_path / "agent")
    agent.say(program="9.9")
    played = window.play(config, screen, READY + 'say("panel", panel().message, panel().status)', command=agent.command)
    [[message, status]] = played.told("panel")
    assert message.startswith("The agent is 9.9, this plugin came with 0.1.\nRun `realqa plugin install darktable`")
    assert status == "agent at work"


# The collection in another order, and in part

NAMES = [f"{letter}.jpg" for letter in "abcdefgh"]
OVERALL = dict(zip(NAMES, (3.0, 9.5, 10.0, 1.5, 7.0, 7.0, 2.0, 5.0), strict=True))
REVIEW, REJECT = ("a.jpg", "g.jpg"), ("d.jpg",)
COLLECTION = """
import(os.getenv("RQ_PHOTOS"), 9)
arrived()
say("before", order())
say("rejects", message_after("RealQA: show rejects"), order())
say("review", message_after("RealQA: show photos to review"), order())
say("all", message_after("RealQA: show all again"), order())
say("sorted", message_after("RealQA: sort by overall score"))
"""
SORTED = """
say("after a start", wait(function() return order():find("^c.jpg") and order() end))
say("quality", message_after("RealQA: sort by quality"), order())
say("aesthetic", message_after("RealQA: sort by aesthetic"), order())
say("all", message_after("RealQA: show all again"), order())
for _, each in ipairs(photos()) do assert(not tags(each):find("ranked")) assert(not tags(each):find("shown")) end
say("best said", message_after("RealQA: mark the best"))
local names = {}
for number, each in ipairs(dt.gui.selection()) do names[number] = each.filename end
table.sort(names)
say("selected", table.concat(names, " "))
show("best")
"""


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory, screen: Display) -> tuple[window.Played, window.Played]:
    base = tmp_path_factory.mktemp("collection")
    folder, config = base / "photos", base / "config"
    folder.mkdir()
    agent = StandIn(base / "agent")
    decisions = dict.fromkeys(REVIEW, "review") | dict.fromkeys(REJECT, "reject")
    agent.say({name: scored(overall, decisions.get(name, "keep")) for name, overall in OVERALL.items()}, apply=0)
    for seed, name in enumerate((*NAMES, "z unscored.jpg")):
        small(folder / name, None, seed)
    window.install(config)
    window.prefer(config, "lua/realqa/share", "25")
    first = window.play(
        config, screen, READY + COLLECTION, command=agent.command, environment={"RQ_PHOTOS": str(folder)}
    )
    return first, window.play(config, screen, READY + SORTED, command=agent.command)


BEST_FIRST = "c.jpg b.jpg e.jpg f.jpg h.jpg a.jpg g.jpg d.jpg z unscored.jpg"
WORST_FIRST = "d.jpg g.jpg a.jpg h.jpg e.jpg f.jpg b.jpg c.jpg z unscored.jpg"
"""The stand-in's quality falls as the overall score rises."""


def test_rejects_and_photos_to_review_are_shown_alone_and_all_again(
    collection: tuple[window.Played, window.Played],
) -> None:
    first, _ = collection
    [[before]] = first.told("before")
    assert first.told("rejects") == [["1 photo shown", " ".join(REJECT)]]
    assert first.told("review") == [["2 photos shown", " ".join(REVIEW)]]
    assert first.told("all") == [["your own collection again", before]]


def test_the_panel_asks_for_the_click_without_which_darktable_does_not_sort(
    collection: tuple[window.Played, window.Played],
) -> None:
    [[message]] = collection[0].told("sorted")
    assert "Double-click the tag “ranked”" in message.replace("\n", " ")


def test_the_order_is_exact(collection: tuple[window.Played, window.Played]) -> None:
    _, second = collection
    assert second.told("after a start") == [[BEST_FIRST]]
    assert second.told("quality") == [["sorted by quality", WORST_FIRST]]
    assert second.told("aesthetic") == [["sorted by aesthetic", BEST_FIRST]]


def test_all_brings_back_the_users_order_and_takes_the_tags_off(
    collection: tuple[window.Played, window.Played],
) -> None:
    # Taking off is asserted in the script.
    assert collection[1].told("all") == [["your own collection again", " ".join((*NAMES, "z unscored.jpg"))]]


def test_the_best_share_is_tagged_and_selected_without_rejects(
    collection: tuple[window.Played, window.Played],
) -> None:
    _, second = collection
    assert second.told("best said") == [["the best 2 are tagged and selected\n(RealQA|best)"]]
    assert second.told("selected") == [["b.jpg c.jpg"]]
    tags = shown(second, "best").tags
    assert [name for name, has in tags.items() if "RealQA|best" in has] == ["b.jpg", "c.jpg"]


CLICK = """
import(os.getenv("RQ_PHOTOS"), 3)
arrived()
message_after("RealQA: sort by overall score")
say("before", order())
dt.control.sleep(500)
-- Of the two rows in the list of tags, the second.
os.execute("xdotool mousemove 100 188; sleep 0.3; xdotool click --repeat 2 --delay 80 1")
wait(function() return panel().message == "sorted by overall score" end)
say("after", order())
say("again", message_after("RealQA: sort by quality"), order())
"""


def test_after_one_click_on_the_tag_the_order_is_right_and_stays_so(tmp_path: Path, screen: Display) -> None:
    folder, config = tmp_path / "photos", tmp_path / "config"
    folder.mkdir()
    scores = {"a.jpg": 5.0, "b.jpg": 9.0, "c.jpg": 2.0}
    agent = StandIn(tmp_path / "agent")
    agent.say({name: scored(overall) for name, overall in scores.items()}, apply=0)
    for seed, name in enumerate(scores):
        small(folder / name, None, seed)
    window.install(config)
    window.enlarge(config)
    environment = {"RQ_PHOTOS": str(folder)}
    played = window.play(config, screen, READY + CLICK, command=agent.command, environment=environment)
    assert played.told("before") == [["a.jpg b.jpg c.jpg"]]
    assert played.told("after") == [["b.jpg a.jpg c.jpg"]]
    assert played.told("again") == [["sorted by quality", "c.jpg a.jpg b.jpg"]]


# As lua-scripts' script_manager has it

MANAGED = """
local script = require("realqa/realqa")
say("before the window is up", pcall(script.show))
wait(function() return require("realqa/lib/panel").exists() end)
local follow = require("realqa/lib/follow")
local visible = function() return dt.gui.libs.realqa.visible end
say("data", script.destroy_method, script.metadata.name, type(script.restart), visible())
script.destroy()
say("stopped", visible())
import(os.getenv("RQ_PHOTOS"), 1)
dt.control.sleep(1500)
say("unheard", follow.waiting())
script.restart()
say("restarted", visible())
import(os.getenv("RQ_MORE"), 2)
wait(function() return follow.waiting() == 1 end)
script.destroy()
script.restart()
script.show()
wait(function() return follow.waiting() == 0 end)
for _, each in ipairs(photos()) do say("stars", each.filename, each.rating) end
"""


def test_script_manager_can_start_stop_and_restart_it(tmp_path: Path, screen: Display) -> None:
    first, more, config = tmp_path / "first", tmp_path / "more", tmp_path / "config"
    for folder, name in ((first, "a.jpg"), (more, "b.jpg")):
        folder.mkdir()
        small(folder / name)
    agent = StandIn(tmp_path / "agent")
    agent.say({name: scored(7, stars=4) for name in ("a.jpg", "b.jpg")}, seconds_each=2)
    window.install(config)
    # It requires the script itself, and no line in luarc does.
    (config / "luarc").write_text("")
    environment = {"RQ_PHOTOS": str(first), "RQ_MORE": str(more)}
    played = window.play(config, screen, MANAGED, command=agent.command, environment=environment)
    assert played.told("before the window is up") == [["true"]]
    assert played.told("data") == [["hide", "RealQA", "function", "true"]]
    assert [played.told(word) for word in ("stopped", "unheard", "restarted")] == [[["false"]], [["0"]], [["true"]]]
    assert played.told("stars") == [["a.jpg", "1"], ["b.jpg", "4"]]


def test_script_manager_finds_the_one_script_and_reads_its_metadata_and_help() -> None:
    scripts = [path.relative_to(window.PLUGIN) for path in window.PLUGIN.rglob("*.lua")]
    # It passes over whatever has `lib/` in its path.
    assert [path.name for path in scripts if "lib" not in path.parts] == ["realqa.lua"]
    text = (window.PLUGIN / "realqa.lua").read_text()
    lines = text[text.index("script_data.metadata = {\n") :].split("\n}")[0].splitlines()[1:]
    keys = [re.fullmatch(r"  (\w+) = \S.*,", line) for line in lines]
    assert [key[1] for key in keys if key] == ["name", "purpose", "author", "help"]
    assert len(re.findall(r"--\[\[.*?\]\]", text, re.DOTALL)) == 2


# In the user's language

GERMAN = {
    "RealQA: undo the last apply": "RealQA: das letzte Setzen zurücknehmen",
    "nothing to undo": "nichts zurückzunehmen",
    "agent at work": "Agent arbeitet",
}


def test_texts_are_those_of_a_translation(tmp_path: Path, screen: Display) -> None:
    config = tmp_path / "config"
    window.install(config)
    catalogue = config / "lua/realqa/locale/de/LC_MESSAGES/realqa.mo"
    catalogue.parent.mkdir(parents=True)
    catalogue.write_bytes(compiled(GERMAN))
    agent = StandIn(tmp_path / "agent")
    window.prefer(config, "ui_last/gui_language", "de")
    script = READY + 'say("said", message_after("RealQA: das letzte Setzen zurücknehmen"), panel().status)'
    played = window.play(config, screen, script, command=agent.command, environment={"LANGUAGE": "de"})
    assert played.told("said") == [["nichts zurückzunehmen", "Agent arbeitet"]]


def compiled(texts: dict[str, str]) -> bytes:
    """Return a catalogue as gettext reads it."""
    pairs = sorted({"": "Content-Type: text/plain; charset=UTF-8\n", **texts}.items())
    heads, bodies, offset = [b"", b""], [b"", b""], 28 + 16 * len(pairs)
    for side in (0, 1):
        for pair in pairs:
            text = pair[side].encode()
            heads[side] += struct.pack("<II", len(text), offset)
            bodies[side] += text + b"\0"
            offset += len(text) + 1
    count = len(pairs)
    return struct.pack("<7I", 0x950412DE, 0, count, 28, 28 + 8 * count, 0, 0) + b"".join((*heads, *bodies))


# With the agent itself

REAL = """
import(os.getenv("RQ_PHOTOS"), 4)
wait(function() return waiting() == 4 and panel().status:find("wait for it") end)
say("status", panel().status)
-- A person gives stars before the agent has come to it.
image("person's.jpg").rating = 3
assert(dt.control.execute(os.getenv("RQ_RUN")) == 0)
settled()
show("scored")
dt.gui.selection({ image("dark.jpg") })
wait(function() return panel().title == "dark.jpg" end)
say("panel", panel().scores, panel().reasons, panel().exposure)
image("bright.jpg").rating = 1
dt.gui.selection(photos())
say("again said", message_after("RealQA: apply suggestions"))
say("undo said", message_after("RealQA: undo the last apply"))
show("undone")
"""


def test_installed_by_the_command_the_agents_results_reach_darktables_library(place: Place, screen: Display) -> None:
    place.configure("[culling]\napply = true\n", scorer="bright")
    for name, shade in {"bright.jpg": 250, "dark.jpg": 12, "é\n'1'.jpg": 200, "person's.jpg": 240}.items():
        Image.new("RGB", (64, 48), (shade,) * 3).save(place.photos / name)
        old(place.photos / name)
    config = place.home / ".config/darktable"
    place.realqa("plugin", "install", "darktable", "--yes")
    assert place.realqa("plugin", "status", "darktable").returncode == 0
    run = shlex.join([str(REALQA), "--config", str(place.config), "run", "--once", str(place.photos)])
    environment = {
        "HOME": str(place.home),
        "PYTHONPATH": os.environ["PYTHONPATH"],
        "RQ_PHOTOS": str(place.photos),
        "RQ_RUN": run,
    }
    played = window.play(config, screen, READY + REAL, environment=environment, seconds=100)
    [[status]] = played.told("status")
    assert "4 photos wait for it" in status.replace("\n", " ")
    after = shown(played, "scored")
    assert after.stars == {"bright.jpg": 4, "dark.jpg": -1, "é\n'1'.jpg": 4, "person's.jpg": 3}
    assert after.tags["dark.jpg"] == {"RealQA|reject", BLURRY, "RealQA|exposure|underexposed"}
    [[scores, reasons, exposure]] = played.told("panel")
    assert scores.startswith("reject\noverall 7.0")
    assert "underexposed" in reasons
    assert exposure.endswith("underexposed")
    assert played.told("again said") == [["nothing to set, 2 keep your stars"]]
    assert played.told("undo said") == [["4 photos put back"]]
    # The agent was told what became of its own, and of a human's change; darktable's library says the same without us.
    [told] = objects(place.realqa("query", "--json", "--paths-from", paths(place.photos)))
    written = {Path(file["path"]).name: (file["stars_written"], file["human"]) for file in told["files"]}
    assert written["bright.jpg"] == (None, True)
    assert written["dark.jpg"] == written["é\n'1'.jpg"] == (None, False)
    library = darktable.read(config)
    assert {name: (seen.stars, seen.rejected, seen.tags) for name, seen in library.items()} == {
        name: (stars, False, ()) for name, stars in shown(played, "undone").stars.items()
    }


def paths(folder: Path) -> Path:
    """Return a file with the paths of the photos in a folder."""
    file = folder.parent / "paths"
    file.write_bytes(b"".join(tsv.encoded(f"{tsv.escaped(str(photo))}\n") for photo in folder.glob("*.jpg")))
    return file
