"""A thousand seeds a commit, the ones that have failed before first; and that a seed is one exact run.

The other half of the thousand is in `test_further_seeds`, so that two workers share them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from arcd.core.record import StepRecord
from tests.patience import PATIENCE_S
from tests.sim.plots import Counts, plot_of, plots
from tests.sim.running import SimulationError, known_failures, play, play_all
from tests.sim.scene import new_station
from tests.sim.world import World

ROOT = Path(__file__).parents[2]
SEEDS = range(500)
A_TEST = 100


def test_seeds_that_have_failed_before_hold() -> None:
    for seed, world in known_failures():
        play(seed, name=world)


@pytest.mark.slow
@pytest.mark.parametrize("first", SEEDS[::A_TEST])
def test_everything_holds(first: int) -> None:
    runs = play_all(range(first, first + A_TEST))
    assert {run.world for run in runs} >= {plot.name for plot in plots() if not plot.rare}


def test_a_seed_is_one_exact_run() -> None:
    """To the last byte of its journal, in another process and with other hashes of strings."""
    seeds = range(5)
    here = [play(seed, name="everything").head for seed in seeds]
    script = (
        f"from tests.sim.running import play\nprint([play(seed, name='everything').head for seed in {list(seeds)}])"
    )
    for hashes in ("1", "2"):
        there = subprocess.run(
            [sys.executable, "-c", script], cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": hashes}, capture_output=True,
            text=True, check=True, timeout=PATIENCE_S,
        )  # fmt: skip
        assert there.stdout.strip() == str(here)


def test_other_seeds_are_other_runs() -> None:
    assert len({play(seed, name="crashing").head for seed in range(10)}) == 10


@pytest.mark.parametrize("seed", [0, 1])
def test_a_whole_journal_replays_from_its_first_entry(seed: int) -> None:
    """Without any checkpoint, from the rules on: the same decisions, and the state that the daemon ended with."""
    world = World(seed, plot_of(seed, "everything"))
    world.run()
    station, decoder = new_station(), msgspec.json.Decoder(StepRecord)
    for entry in world.process.store._entries:
        assert entry.payload is not None
        record = decoder.decode(entry.payload)
        assert msgspec.json.encode(station.step(record.fact, entry.seq).record) == entry.payload, f"entry {entry.seq}"
    assert station.state.dump() == world.process.runtime.station.state.dump()


def test_a_failure_says_how_to_see_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(World, "_probe", _fails)
    with pytest.raises(SimulationError) as failed:
        play(3)
    text = str(failed.value)
    assert "seed 3 fails in the world “testing”" in text
    assert "as planned" in text
    assert 'python -m tests.sim --seed 3 --world "testing"' in text
    assert text.count("\n  ") == 30, "the last thirty facts"


def _fails(world: World) -> None:
    raise AssertionError("as planned")


def test_every_happening_and_fault_is_in_some_world() -> None:
    for name in Counts.__struct_fields__:
        assert any(getattr(plot.counts, name)[1] > 0 for plot in plots()), f"no world has {name}"


@pytest.mark.parametrize("world", [plot.name for plot in plots() if plot.rare])
def test_worlds_that_take_long_hold(world: str) -> None:
    play_all(range(10), name=world)
