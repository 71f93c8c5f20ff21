"""What a word means: as a whole, never by a part of it."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realqa_agent.assessment import ATTRIBUTES, UNKNOWN
from realqa_agent.errors import UserError
from realqa_agent.scoring.firstlook import vocabulary as firstlook
from realqa_agent.scoring.mllm import vocabulary

if TYPE_CHECKING:
    from pathlib import Path

SHIPPED = (resources.files("realqa_agent.scoring.mllm") / "data/vocabulary.toml").read_text(encoding="utf-8")
WORDS = vocabulary.load()
PARTIALLY = "partially complete (slightly cut off or slightly obscured)"
ORDINALS = [name for name, attribute in WORDS.attributes.items() if attribute.kind == "ordinal"]


@pytest.mark.parametrize(
    ("name", "said", "value", "score"),
    [
        ("subject_integrity", PARTIALLY, PARTIALLY, 5.5),
        ("subject_integrity", "Partially complete.", PARTIALLY, 5.5),
        ("subject_integrity", "partially complete (slightly cut", PARTIALLY, 5.5),
        ("subject_integrity", "complete", "complete", 10),
        ("subject_integrity", "incomplete", "incomplete (largely cut off or obscured)", 1),
        ("subject_clutter", "Uncluttered", "uncluttered", 10),
        ("subject_clutter", "cluttered", "cluttered", 1),
        ("background_clutter", "not cluttered", "uncluttered", 10),
        ("background_clutter", "slightly  cluttered,", "slightly cluttered", 5.5),
        ("level_shot", "level", "level", 10),
        ("level_shot", '"slightly tilted"', "slightly tilted", 5.5),
        ("image_clarity", "very blurry", "very blurry", 1),
        ("image_clarity", "blurry", "blurry", 4),
        ("image_clarity", "slightly blurry", "slightly blurry", 7),
        ("image_clarity", "CLEAR", "clear", 10),
        ("exposure", "underexposed", "underexposed", 1),
        ("exposure", "over-exposed", "overexposed", 1),
        ("exposure", "slightly overexposed", "slightly overexposed", 5.5),
        ("exposure", "properly exposed", "properly exposed", 10),
        ("saturation", "slightly undersaturated", "slightly undersaturated", 5.5),
        ("saturation", "natural", "natural", 10),
        ("composition", "7", "7", 7),
        ("composition", "10/10", "10", 10),
        ("eye_catching", "<3>.", "3", 3),
        ("eye_catching", "8.0", "8", 8),
    ],
)
def test_words_have_ranks(name: str, said: str, value: str, score: float) -> None:
    judgement = WORDS.judge(name, said)
    assert (judgement.value, judgement.score) == (value, score)
    assert said.strip('<>."/1,') in judgement.reason or value in judgement.reason


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("subject_clutter", "uncluttered?no"),
        ("image_clarity", "unclear"),
        ("image_clarity", "clear enough"),
        ("image_clarity", "clear skies"),
        ("subject_integrity", "almost complete"),
        ("subject_integrity", "complete mess"),
        ("exposure", "properly exposed and underexposed"),
        ("exposure", "exposed"),
        ("exposure", ""),
        ("level_shot", "no horizon"),
        ("subject_clutter", "No clear subject."),
        ("saturation", "N/A"),
        ("saturation", "monochrome"),
        ("saturation", "black and white"),
        ("composition", "0"),
        ("composition", "11"),
        ("composition", "-7"),
        ("composition", "7.5"),
        ("composition", "70/100"),
        ("composition", "7 of 9"),
        ("composition", "good"),
        ("composition", "7 8"),
        ("composition", "\u0667"),
    ],
)
def test_anything_else_is_unknown_and_quoted(name: str, said: str) -> None:
    judgement = WORDS.judge(name, said)
    assert (judgement.value, judgement.score) == (UNKNOWN, None)
    assert f'the model says "{said}"' in judgement.reason


def test_the_models_own_reason_is_kept() -> None:
    assert WORDS.judge("exposure", "overexposed", "the sky is white").reason == "the sky is white"
    assert WORDS.judge("level_shot", "no horizon", "a close-up").reason == 'the model says "no horizon": a close-up'


def test_words_are_those_of_the_first_look() -> None:
    both: dict[str, list[tuple[str, ...]]] = {
        "image_clarity": [firstlook.CLARITY],
        "exposure": [firstlook.UNDEREXPOSED, firstlook.OVEREXPOSED],
        "saturation": [firstlook.UNDERSATURATED, firstlook.OVERSATURATED],
        "level_shot": [firstlook.LEVEL],
        "subject_clutter": [firstlook.CLUTTER],
        "background_clutter": [firstlook.CLUTTER],
        "subject_integrity": [firstlook.INTEGRITY],
    }
    assert set(both) == set(ORDINALS)
    for name, scales in both.items():
        for place, rank in enumerate(WORDS.attributes[name].ranks):
            assert set(rank) == {scale[place] for scale in scales}


def test_all_ten_attributes_stand_in_it() -> None:
    assert WORDS.version == "project-1"
    assert {name: attribute.level for name, attribute in WORDS.attributes.items()} == ATTRIBUTES
    assert WORDS.headed("clearness") == WORDS.headed("Image  Clarity") == "image_clarity"
    assert WORDS.headed("Subject Clutter") == "subject_clutter"
    assert WORDS.headed("Clutter") is None


@given(
    st.sampled_from(ORDINALS),
    st.data(),
    st.text("abcdefghijklmnopqrstuvwxyz ", max_size=8),
    st.text("abcdefghijklmnopqrstuvwxyz ", max_size=8),
)
def test_no_part_of_a_text_counts(name: str, data: st.DataObject, before: str, after: str) -> None:
    attribute = WORDS.attributes[name]
    word = data.draw(st.sampled_from(sorted(attribute.words)))
    said = before + word + after
    value = WORDS.judge(name, said).value
    assert value == UNKNOWN or vocabulary.plain(said) in attribute.words


@given(st.sampled_from(ORDINALS), st.data())
def test_case_punctuation_and_gloss_change_nothing(name: str, data: st.DataObject) -> None:
    attribute = WORDS.attributes[name]
    word, value = data.draw(st.sampled_from(sorted(attribute.words.items())))
    around = st.text(" .,;:!?*\"'_-\n\t", max_size=4)
    said = data.draw(around) + data.draw(st.sampled_from([word, word.upper(), word.title()])) + data.draw(around)
    judgement = WORDS.judge(name, said + data.draw(st.sampled_from(["", " (as far as seen)", " (cut"])))
    assert judgement.score == attribute.score(value)


@given(st.sampled_from(sorted(ATTRIBUTES)), st.text(max_size=300))
def test_any_text_is_judged_or_unknown(name: str, said: str) -> None:
    judgement = WORDS.judge(name, said)
    assert judgement.score is None or 1 <= judgement.score <= 10


@pytest.mark.parametrize(
    ("old", "new", "entry"),
    [
        ('version = "project-1"', "", "version"),
        ("[attributes.eye_catching]", "[attributes.eyes]", "attributes.eye_catching"),
        ("[attributes.eye_catching]", "[attributes.more]\n[attributes.eye_catching]", "attributes.more"),
        ('level = "low"', 'level = "high"', "attributes.image_clarity"),
        ('ranks = [["tilted"], ["slightly tilted"], ["level"]]', "", "attributes.level_shot"),
        ('"blurred" = "blurry"', '"blurred" = "misty"', "attributes.image_clarity"),
        ('"blurred" = "blurry"', '"very-blurry" = "blurry"', "very blurry"),
        (', "level" = "project" }', "}", "attributes.level_shot"),
        ('"level" = "project" }', '"level" = "theirs" }', "attributes.level_shot.origin"),
        ('names = ["Eye-Catching", "Eye"]', 'names = ["Composition"]', "attributes.eye_catching"),
        ('\nkind = "score"', '\nkind = "text"\naliases = { a = "b" }', "attributes.composition"),
        ("[attributes.exposure]", "[attributes.exposure]\n[attributes.exposure]", "exposure"),
    ],
)
def test_a_wrong_file_is_refused_by_file_and_entry(tmp_path: Path, old: str, new: str, entry: str) -> None:
    assert old in SHIPPED
    file = tmp_path / "mine.toml"
    file.write_text(SHIPPED.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(UserError) as refused:
        vocabulary.load(file)
    assert str(refused.value).startswith(f"{file}: ")
    assert entry in str(refused.value)


def test_a_file_of_the_users_takes_the_place(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(SHIPPED.replace('"project-1"', '"mine-3"').replace('"blurred" = ', '"mushy" = '), encoding="utf-8")
    mine = vocabulary.load(file)
    assert mine.version == "mine-3"
    assert mine.judge("image_clarity", "mushy").value == "blurry"
