from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realqa_agent.assessment import Decision, Verdict
from realqa_agent.culling.shots import agree, shot_of

KEEP = Verdict(decision=Decision.KEEP)
REVIEW = Verdict(decision=Decision.REVIEW, reasons=("clarity is unknown",))
REJECT = Verdict(decision=Decision.REJECT, reasons=("exposure 1.2 (overexposed): all white",))
SEVERITY = {Decision.KEEP: 0, Decision.REVIEW: 1, Decision.REJECT: 2}


def test_raw_and_jpeg_of_one_release_share_a_key() -> None:
    names = ["IMG_1.CR2", "IMG_1.JPG", "img_1.jpg", "Img_1.HEIC"]
    assert len({shot_of(Path("card", name)) for name in names}) == 1


@pytest.mark.parametrize("name", ["IMG_1-edit.jpg", "IMG_10.jpg", "IMG_1.CR2.jpg", "IMG_1 (2).jpg", "_IMG_1.jpg"])
def test_an_edit_or_a_neighbour_is_another_shot(name: str) -> None:
    assert shot_of(Path(name)) != shot_of(Path("IMG_1.CR2"))


def test_a_name_that_macos_rewrote_is_the_same_shot() -> None:
    composed, decomposed = (unicodedata.normalize(form, "Île-café_7.ORF") for form in ("NFC", "NFD"))
    assert composed != decomposed
    assert shot_of(Path(composed)) == shot_of(Path(decomposed))


def test_a_name_of_any_bytes_has_a_key() -> None:
    assert shot_of(Path(b"caf\xe9_1.JPG".decode(errors="surrogateescape"))) == "caf\udce9_1"


def test_a_shot_is_not_rejected_for_one_of_its_files() -> None:
    agreed = agree({"IMG_1.CR2": KEEP, "IMG_1.JPG": REJECT})
    assert agreed["IMG_1.CR2"] == KEEP
    assert agreed["IMG_1.JPG"].decision is Decision.KEEP
    explanation, *own = agreed["IMG_1.JPG"].reasons
    assert all(word in explanation for word in ("IMG_1.CR2", "keep", "reject"))
    assert tuple(own) == REJECT.reasons


def test_a_shot_whose_files_agree_stays_as_it_is() -> None:
    verdicts = {"IMG_1.CR2": REJECT, "IMG_1.JPG": REJECT}
    assert agree(verdicts) == verdicts
    assert agree({}) == {}


@given(st.dictionaries(st.text(min_size=1), st.sampled_from([KEEP, REVIEW, REJECT])))
def test_the_mildest_decision_holds_for_every_file(verdicts: dict[str, Verdict]) -> None:
    agreed = agree(verdicts)
    assert agreed.keys() == verdicts.keys()
    mildest = min((SEVERITY[verdict.decision] for verdict in verdicts.values()), default=None)
    assert {SEVERITY[verdict.decision] for verdict in agreed.values()} <= {mildest}
    for name, verdict in agreed.items():
        changed = verdict.decision is not verdicts[name].decision
        assert (verdict != verdicts[name]) == changed
        assert set(verdicts[name].reasons) <= set(verdict.reasons)


@given(st.dictionaries(st.text(min_size=1), st.sampled_from([KEEP, REVIEW, REJECT])))
def test_asking_again_changes_nothing(verdicts: dict[str, Verdict]) -> None:
    assert agree(agree(verdicts)) == agree(verdicts)
