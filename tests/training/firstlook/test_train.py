from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from training.firstlook.data import Rated, folds
from training.firstlook.train import Recipe, batches, rated_loss


def rated(groups: list[int]) -> list[Rated]:
    """One photo for each entry, in the group that it names; odd groups are series."""
    return [
        Rated(
            file=Path(f"{index}.jpg"),
            split="train",
            score=0.5,
            group=f"g{group}",
            series=f"s{group}" if group % 2 else "",
            subset="ss01",
        )
        for index, group in enumerate(groups)
    ]


def loss(predicted: list[float], series: list[str]) -> float:
    human = torch.tensor([0.2, 0.4, 0.6, 0.8])
    return float(rated_loss(torch.tensor(predicted), human, series, Recipe()))


def test_the_right_order_costs_least_and_counts_most_within_a_series() -> None:
    one_series, strangers = ["s"] * 4, [""] * 4
    for series in (one_series, strangers):
        losses = {order: loss(list(order), series) for order in itertools.permutations((0.2, 0.4, 0.6, 0.8))}
        assert min(losses, key=lambda order: losses[order]) == (0.2, 0.4, 0.6, 0.8)
        assert max(losses, key=lambda order: losses[order]) == (0.8, 0.6, 0.4, 0.2)
    # Swapped are the second and the third: both times the same distance from people, once within a series.
    swapped = [0.2, 0.6, 0.4, 0.8]
    assert loss(swapped, ["", "s", "s", ""]) > 1.1 * loss(swapped, ["s", "", "", "s"])


def test_photos_that_people_rate_alike_need_no_order() -> None:
    human = torch.tensor([0.50, 0.53, 0.1])
    alike = [
        rated_loss(torch.tensor(predicted), human, ["s", "s", ""], Recipe(correlation=0.0))
        for predicted in ([0.50, 0.53, 0.1], [0.53, 0.50, 0.1])
    ]
    assert float(alike[1] - alike[0]) < 0.1
    assert all(torch.isfinite(each) for each in alike)


@given(
    groups=st.lists(st.integers(0, 30), min_size=12, max_size=80).filter(lambda groups: len(set(groups)) >= 5),
    seed=st.integers(0, 2**31),
)
def test_no_group_is_in_two_folds_and_every_photo_in_one(groups: list[int], seed: int) -> None:
    photos = rated(groups)
    fold_of = folds(photos, 5, seed)
    held_out_by = [{group for group, fold in zip(groups, fold_of, strict=True) if fold == each} for each in range(5)]
    assert all(held_out_by)
    assert sum(map(len, held_out_by)) == len(set(groups))
    assert np.array_equal(fold_of, folds(photos, 5, seed))


@given(groups=st.lists(st.integers(0, 12), min_size=8, max_size=60), seed=st.integers(0, 2**31))
def test_a_batch_has_pairs_to_rank_and_no_photo_comes_twice(groups: list[int], seed: int) -> None:
    recipe = Recipe(batch=8, series_frames=4)
    drawn = list(batches(rated(groups), recipe, np.random.default_rng(seed)))
    seen = [photo for batch in drawn for photo in batch]
    assert len(seen) == len(set(seen))
    assert len(groups) - len(seen) < recipe.batch, "only what does not fill a last batch is left for the next epoch"
    for batch in drawn:
        assert recipe.batch <= len(batch) < recipe.batch + recipe.series_frames
        for photo in batch:
            frames = groups.count(groups[photo])
            if groups[photo] % 2 and frames % recipe.series_frames != 1:
                assert sum(groups[other] == groups[photo] for other in batch) > 1
    assert drawn == list(batches(rated(groups), recipe, np.random.default_rng(seed)))
