"""One seed from its first fact to its verdict, and what is said of one that fails.

One rule: whatever goes wrong in a run is the seed's failure; nothing is caught but to say which seed it was.
"""

from __future__ import annotations

import gc
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

from arcd.core.facts import RulesLoaded
from tests.sim.plots import Plot, plot_of
from tests.sim.scene import NS
from tests.sim.world import Makings, Teller, World

COLLECT_EVERY = 25
REGRESSIONS = Path(__file__).with_name("regressions.txt")


class Run(Struct, frozen=True, kw_only=True):
    """What a seed came to."""

    seed: int
    world: str
    hours: float  # virtual
    entries: int
    lives: int
    head: str  # hash of the journal's last entry, hex


class SimulationError(AssertionError):
    def __init__(self, world: World, error: Exception) -> None:
        facts = "\n".join(f"  {seq:5} {_shown(fact)}" for seq, fact in world.last_facts)
        super().__init__(
            f"seed {world.seed} fails in the world “{world.plot.name}” at {world.time / NS:.3f} s, life {world.lives}, "
            f"commit {commit_id()}\n{type(error).__name__}: {error}\nthe last facts:\n{facts}\n"
            f'rerun: python -m tests.sim --seed {world.seed} --world "{world.plot.name}"'
        )
        self.seed, self.world_name, self.error = world.seed, world.plot.name, error


def play(seed: int, *, name: str = "", makings: Makings | None = None, teller: Teller | None = None) -> Run:
    return play_plot(seed, plot_of(seed, name), makings=makings, teller=teller)


def play_plot(seed: int, plot: Plot, *, makings: Makings | None = None, teller: Teller | None = None) -> Run:
    world = World(seed, plot, makings=makings, teller=teller)
    try:
        world.run()
    except Exception as error:
        raise SimulationError(world, error) from error
    return Run(
        seed=seed,
        world=plot.name,
        hours=world.time / NS / 3600,
        entries=world.oracle.entries,
        lives=world.lives,
        head=world.process.store._head.hash.hex(),
    )


def play_all(seeds: Iterable[int], *, name: str = "", remember_failures: bool = True) -> list[Run]:
    """One after the other; the first failure is written down and raised."""
    runs = []
    with uncollected():
        for count, seed in enumerate(seeds, start=1):
            try:
                runs.append(play(seed, name=name))
            except SimulationError as failure:
                if remember_failures:
                    remember(failure)
                raise
            if count % COLLECT_EVERY == 0:
                gc.collect()
    return runs


@contextmanager
def uncollected() -> Iterator[None]:
    """A world is one big cycle: collecting between worlds and not within them saves a quarter of the time."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


def known_failures() -> list[tuple[int, str]]:
    """Seeds that have failed once, with their worlds: `SEED WORLD` a line, what follows # is a remark."""
    found = []
    for line in REGRESSIONS.read_text("utf-8").splitlines():
        text = line.partition("#")[0].strip()
        if text:
            seed, _, name = text.partition(" ")
            found.append((int(seed), name.strip()))
    return found


def remember(failure: SimulationError) -> None:
    """Append it to the regression file, once."""
    if (failure.seed, failure.world_name) not in known_failures():
        what = str(failure.error).splitlines()[0][:100] if str(failure.error) else type(failure.error).__name__
        with REGRESSIONS.open("a", encoding="utf-8") as file:
            file.write(f"{failure.seed} {failure.world_name}  # {what}\n")


def commit_id() -> str:
    try:
        told = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], cwd=REGRESSIONS.parent, capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return told.stdout.strip() or "unknown"


def _shown(fact: object) -> str:
    if isinstance(fact, RulesLoaded):
        return f"RulesLoaded {fact.digest[:12]}"
    return f"{type(fact).__name__} {msgspec.json.encode(fact).decode()[:240]}"
