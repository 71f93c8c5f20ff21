"""Figures of other systems: found by the names that people give to sets, each with its source, none of RealQA's."""

from __future__ import annotations

import pytest

from realqa_agent.evaluation.published import published, source_of


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("koniq10k_test", "KonIQ-10k"),
        ("KonIQ", "KonIQ-10k"),
        ("spaq", "SPAQ"),
        ("livec_test", "LIVE-C"),
        ("AVA test", "AVA"),
        ("tad66k", "TAD66K"),
        ("KoNViD_1k", "KoNViD-1k"),
        ("koniq10k dev", None),
        ("my koniq", None),
        ("lava", None),
        ("test", None),
        ("labels", None),
    ],
)
def test_a_set_is_known_by_its_names_and_by_no_part_of_them(name: str, meant: str | None) -> None:
    found = published(name)
    assert (found.name if found else None) == meant


def test_every_figure_is_somebody_elses_and_has_a_source() -> None:
    sets = [found for name in ("koniq", "spaq", "livec", "ava", "tad66k", "konvid") if (found := published(name))]
    systems = [one.system for found in sets for one in (*found.trained, *found.unseen)]
    assert len(systems) > 40
    assert all(source_of(system) for system in systems)
    assert not any("realqa" in system.casefold() for system in systems)


def test_figures_are_those_that_were_published() -> None:
    found = published("tad66k")
    assert found is not None
    assert [(one.system, one.srcc, one.plcc) for one in found.trained][-1] == ("ArtiMuse", 0.51, 0.543)
    assert found.unseen == ()
