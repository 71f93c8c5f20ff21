"""The first look answers at once, the model follows: for whom, and what if it is away, silent, slow or killed."""

from __future__ import annotations

import shutil
import signal

import pytest
from PIL import Image
from support.background import Background
from support.clips import numbered, write_clip
from support.place import Place, old, photo, until
from support.wise import Wise


def photos(place: Place, count: int) -> list[str]:
    return [photo(place.photos / f"{number}.jpg", seed=number).name for number in range(count)]


def test_both_speak_and_the_last_word_is_the_models(wise: Wise) -> None:
    names = photos(wise.place, 6)
    wise.tell("ponder")
    assert "6 scored, 0 known already, 0 refused, 0 failed tries; 6 judged by the model" in wise.place.once()
    assert wise.voices() == dict.fromkeys(names, "wise")
    assert wise.said() == {"firstlook": 6, "wise": 6}
    assert {wise.in_sidecar(name) for name in names} == {"wise"}
    line = wise.place.listed()["0.jpg"]
    assert (line["overall"], line["aesthetic"]) == (9.0, 9.5)
    assert line["attributes"]["image_clarity"]["score"] is not None
    assert sum(wise.batches()) == 6
    assert max(wise.batches()) > 1
    assert "0 scored" in wise.place.once()
    assert sum(wise.batches()) == 6


def test_first_look_is_there_while_the_model_comes_up(wise: Wise) -> None:
    photos(wise.place, 2)
    wise.tell("slow")
    agent = Background(wise.place)
    try:
        until(lambda: wise.in_sidecar("1.jpg") == "firstlook")
        assert wise.place.status()["queue"]["following"] == 2
        photo(wise.place.photos / "later.jpg", seed=7)
        until(lambda: wise.in_sidecar("later.jpg") == "firstlook")
        wise.forget("slow")
        until(lambda: {wise.in_sidecar(name) for name in ("0.jpg", "1.jpg", "later.jpg")} == {"wise"})
        status = wise.place.status()
        assert status["model"] == {"version": "1", "about": "second thoughts", "trouble": None}
        assert status["queue"]["following"] == 0
    finally:
        agent.process.send_signal(signal.SIGTERM)
        assert agent.process.wait(20) == 0


def test_borderline_are_those_that_the_first_look_does_not_keep(wise: Wise) -> None:
    lenient = "[culling.profiles.careful]\nreject_below = 1.1\nreview_below = 1.2\n"
    wise.place.configure(f'[mllm]\nfollow = "borderline"\n{lenient}', scorer="wise")
    photo(wise.place.photos / "fine.jpg", seed=3)
    Image.new("RGB", (240, 160), (3, 3, 3)).save(wise.place.photos / "black.jpg")
    old(wise.place.photos / "black.jpg")
    wise.place.once()
    listed = wise.place.listed()
    decisions = {name: line["verdict"]["decision"] for name, line in listed.items()}
    wanted = {name: "firstlook" if decision == "keep" else "wise" for name, decision in decisions.items()}
    assert set(wanted.values()) == {"firstlook", "wise"}, decisions
    assert wise.voices() == wanted


def test_leaders_are_the_best_of_each_folder(wise: Wise) -> None:
    wise.follow("leaders", leaders=0.25)
    for folder in ("a", "b"):
        for number in range(5):
            photo(wise.place.photos / folder / f"{number}.jpg", seed=number if folder == "a" else 10 + number)
    wise.place.configure(scorer="firstlook")
    wise.place.once()
    looks = wise.place.listed()
    wise.follow("leaders", leaders=0.25)
    wise.place.once()
    best: set[str] = set()
    for folder in ("a", "b"):
        inside = [name for name in looks if name.startswith(folder)]
        best |= set(sorted(inside, key=lambda name: -looks[name]["overall"])[:2])  # a quarter of five, rounded up
    assert {name for name, voice in wise.voices().items() if voice == "wise"} == best
    assert "judged" not in wise.place.once()


def test_leaders_are_chosen_once_the_folder_is_known(wise: Wise) -> None:
    """Else the first photo of an import would be its leader."""
    wise.follow("leaders", leaders=0.1)
    photos(wise.place, 6)
    assert "6 scored, 0 known already, 0 refused, 0 failed tries; 1 judged by the model" in wise.place.once()
    (leader,) = [name for name, voice in wise.voices().items() if voice == "wise"]
    listed = wise.place.listed()
    rows = wise.place.index("SELECT overall FROM assessment WHERE scorer = 'firstlook' ORDER BY overall DESC LIMIT 1")
    assert all(line["overall"] <= rows[0][0] for name, line in listed.items() if name != leader)


def test_while_the_model_is_away_the_first_look_goes_on_and_no_try_is_spent(wise: Wise) -> None:
    names = photos(wise.place, 3)
    with wise.told("away"):
        said = wise.place.once()
    assert "3 scored" in said
    assert "the server went for lunch" in said
    assert {wise.in_sidecar(name) for name in names} == {"firstlook"}
    assert wise.place.index("SELECT DISTINCT state, attempts, failed_at FROM job") == [("queued", 0, None)]
    assert "3 judged by the model" in wise.place.once()


def test_a_model_that_has_to_be_mended_stops_nothing_else(wise: Wise) -> None:
    photos(wise.place, 2)
    with wise.told("broken"):
        said = wise.place.once()
    assert "2 scored" in said
    assert "the model's folder is empty: fetch it again" in said
    assert wise.place.status()["queue"]["following"] == 2
    assert "2 judged by the model" in wise.place.once()


def test_no_number_is_a_state_of_its_own_and_the_first_look_stays(wise: Wise) -> None:
    names = photos(wise.place, 2)
    with wise.told("silent"):
        assert "2 that the model gave no number for" in wise.place.once()
        assert wise.voices() == dict.fromkeys(names, "firstlook")
        assert wise.place.status()["queue"]["unanswered"] == 2
        asked = sum(wise.batches())
        wise.place.once()
        assert sum(wise.batches()) == asked
    wise.tell("newer")
    photo(wise.place.photos / "new.jpg", seed=9)  # so that the model comes up and says that it is another one
    wise.place.once()
    assert wise.voices() == dict.fromkeys([*names, "new.jpg"], "wise")
    assert wise.place.status()["queue"]["unanswered"] == 0


def test_another_version_of_the_model_judges_again_and_the_first_look_is_not_made_again(wise: Wise) -> None:
    names = photos(wise.place, 2)
    wise.place.once()
    wise.tell("newer")
    wise.place.configure('[mllm]\nexplain = "never"\n', scorer="wise")
    assert "0 scored, 0 known already, 0 refused, 0 failed tries; 2 judged by the model" in wise.place.once()
    assert {wise.place.listed()[name]["scorer_version"] for name in names} == {"2"}
    assert wise.said() == {"firstlook": 2, "wise": 4}


def test_without_the_model_again_the_first_look_is_in_force(wise: Wise) -> None:
    names = photos(wise.place, 2)
    wise.place.once()
    wise.place.configure(scorer="firstlook")
    assert "0 scored, 2 known already" in wise.place.once()
    assert wise.voices() == dict.fromkeys(names, "firstlook")
    assert {wise.in_sidecar(name) for name in names} == {"firstlook"}


def test_a_killed_model_costs_tries_and_no_results(wise: Wise) -> None:
    photos(wise.place, 2)
    with wise.told("crash"):
        wise.place.once()
    assert set(wise.voices().values()) == {"firstlook"}
    failures = wise.place.status()["failures"]
    assert {"SIGKILL" in failure["error"] for failure in failures} == {True}
    wise.place.realqa("queue", "retry")
    assert "2 judged by the model" in wise.place.once()


def test_a_defect_costs_one_photo_of_those_that_are_judged_together(wise: Wise) -> None:
    names = photos(wise.place, 3)
    Image.new("RGB", (48, 48), "teal").save(wise.place.photos / "odd.png")
    old(wise.place.photos / "odd.png")
    with wise.told("stumble"):
        wise.place.once()
    assert wise.voices() == {**dict.fromkeys(names, "wise"), "odd.png": "firstlook"}
    (failure,) = wise.place.status()["failures"]
    assert "ZeroDivisionError: a defect" in failure["error"]


def test_agent_killed_while_the_model_works_loses_nothing_and_asks_nothing_twice(wise: Wise) -> None:
    names = photos(wise.place, 4)
    wise.tell("wait")
    agent = Background(wise.place)
    until(lambda: len(wise.batches()) == 1)
    agent.process.kill()
    agent.process.wait()
    until(lambda: not agent.workers())
    wise.forget("wait")
    wise.place.once()
    assert wise.voices() == dict.fromkeys(names, "wise")
    assert wise.said() == {"firstlook": 4, "wise": 4}


def test_a_copy_is_not_judged_again(wise: Wise) -> None:
    photos(wise.place, 1)
    wise.place.once()
    shutil.copy2(wise.place.photos / "0.jpg", wise.place.photos / "copy.jpg")
    assert "0 scored, 1 known already" in wise.place.once()
    assert wise.voices() == {"0.jpg": "wise", "copy.jpg": "wise"}
    assert sum(wise.batches()) == 1


@pytest.mark.parametrize("which", ["all", "leaders"])
def test_a_lost_index_takes_the_models_word_from_the_sidecars(wise: Wise, which: str) -> None:
    wise.follow(which)
    photos(wise.place, 4)
    wise.place.once()
    before = wise.voices()
    asked = sum(wise.batches())
    for file in wise.place.index_file.parent.glob("index.sqlite*"):
        file.unlink()
    assert "0 scored, 4 known already" in wise.place.once()
    assert wise.voices() == before
    assert sum(wise.batches()) == asked


def test_a_changed_photo_gets_both_again(wise: Wise) -> None:
    photos(wise.place, 1)
    wise.place.once()
    photo(wise.place.photos / "0.jpg", seed=5)
    wise.place.once()
    assert wise.voices() == {"0.jpg": "wise"}
    assert wise.said() == {"firstlook": 2, "wise": 2}


def test_a_clip_is_judged_by_its_frames(wise: Wise) -> None:
    write_clip(wise.place.photos / "a.mp4", numbered(8))
    old(wise.place.photos / "a.mp4")
    wise.place.once()
    line = wise.place.listed()["a.mp4"]
    assert (line["scorer"], line["kind"], line["overall"]) == ("wise", "clip", 9.0)


def test_score_gives_the_last_word_and_names_who_is_away(wise: Wise) -> None:
    photos(wise.place, 6)
    lines = wise.place.realqa("score", "--json", wise.place.photos).stdout.splitlines()
    assert len(lines) == 6
    assert all('"scorer": "wise"' in line for line in lines)
    assert sum(wise.batches()) == 6
    with wise.told("away"):
        away = wise.place.realqa("score", "--json", wise.place.photos, status=None)
    assert away.returncode != 0
    assert "the server went for lunch" in away.stderr
    with wise.told("broken"):
        broken = wise.place.realqa("score", wise.place.photos, status=2)
    assert "fetch it again" in broken.stderr
