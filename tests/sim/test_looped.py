"""The second tier: the same worlds around the runtime's own loop."""

from __future__ import annotations

import pytest

from tests.sim.looped import play_looped
from tests.sim.plots import plots

SEEDS = range(40)


@pytest.mark.parametrize("first", SEEDS[::20])
def test_everything_holds_on_the_loop_as_well(first: int) -> None:
    runs = [play_looped(seed) for seed in range(first, first + 20)]
    assert {run.world for run in runs} >= {plot.name for plot in plots() if not plot.rare}


def test_a_seed_is_one_exact_run_on_the_loop_as_well() -> None:
    assert [play_looped(seed, name="everything").head for seed in (0, 1)] == [
        play_looped(seed, name="everything").head for seed in (0, 1)
    ]
