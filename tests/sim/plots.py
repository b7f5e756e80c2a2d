"""Plots: what happens and what goes wrong, composed in `worlds.toml`.

    [happenings.NAME]  how many of each, [from, to]        [faults.NAME]  what goes wrong
    [[world]]          name, minutes, happenings = [...], faults = [...]

Counts of the parts add up; ratios take the largest. One rule: data only. What a word does stands in `happenings` and
`faults`, and an unknown word is refused.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

FILE = Path(__file__).with_name("worlds.toml")

Span = tuple[float, float]
RARE_EVERY = 37
NONE: Span = (0.0, 0.0)


class Wires(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The lines of all panels. Ratios per frame and direction."""

    loss: float = 0.0
    duplicate: float = 0.0
    damage: float = 0.0
    late: float = 0.0  # this part of the frames takes up to `late_s`: they overtake each other
    late_s: float = 0.2


class Counts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often, [from, to], in one seed."""

    alarm: Span = NONE  # one detector, mostly restored
    life: Span = NONE  # hold-up, fire, medical
    tamper: Span = NONE
    openings: Span = NONE
    trouble: Span = NONE  # mostly restored
    runaway: Span = NONE  # one source without end
    swinger: Span = NONE  # armed, then the same zone again and again
    cancel: Span = NONE  # an alarm that its user takes back
    routine: Span = NONE  # test reports and link tests
    intruders: Span = NONE  # noise, unknown accounts, forged and recorded frames
    flag: Span = NONE  # somebody tests: signals during a flag, life safety among them
    imports: Span = NONE  # the site base is edited, rules are loaded anew
    by_hand: Span = NONE  # a person opens a case
    storm: Span = NONE  # a fault that every site has at once
    crash: Span = NONE  # at a random instant
    crash_at_commit: Span = NONE  # the next commit is not written, or written and nobody is told
    crash_at_effect: Span = NONE  # delivered, not reported
    stop: Span = NONE  # restarted in good order
    disk_full: Span = NONE
    link_down: Span = NONE  # the centre's own
    clock_step: Span = NONE
    path_down: Span = NONE  # one panel cannot be heard for a while
    operator_down: Span = NONE  # all panels of one transmission operator


class Ratios(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    sync_slow: float = 0.0  # of the commits take up to `sync_s`
    sync_s: float = 0.004
    effect_fails: float = 0.0
    effect_refused: float = 0.0
    effect_slow: float = 0.0  # up to a minute
    effect_unsure: float = 0.0  # delivered, and reported as failed
    guard_silent: float = 0.0
    guard_declines: float = 0.0
    guard_late: float = 0.0  # says yes when the offer has gone on to the next
    guard_gives_back: float = 0.0
    guard_twice: float = 0.0  # says everything twice at once
    operator_away: float = 0.0
    operator_errs: float = 0.0  # asks for what is not possible, lets a case go, parks it


class Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    counts: Counts = Counts()
    ratios: Ratios = Ratios()
    wires: Wires = Wires()


class _World(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    minutes: Span
    happenings: list[str]
    faults: list[str] = []
    scene: str = "town"
    rare: bool = False  # takes long: once in RARE_EVERY seeds


class _File(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    happenings: dict[str, Counts]
    faults: dict[str, Part]
    world: list[_World]


class Plot(Struct, frozen=True, kw_only=True):
    name: str
    minutes: Span
    counts: Counts
    ratios: Ratios
    wires: Wires
    scene: str
    rare: bool


@cache
def plots() -> tuple[Plot, ...]:
    document = msgspec.convert(tomllib.loads(FILE.read_text("utf-8")), _File)
    return tuple(_composed(document, world) for world in document.world)


def plot_of(seed: int, name: str = "") -> Plot:
    """The world that a seed is played in: all of them in turn, or the one asked for."""
    known = plots()
    if not name:
        often, rare = [plot for plot in known if not plot.rare], [plot for plot in known if plot.rare]
        turn, left = divmod(seed, RARE_EVERY)
        return rare[turn % len(rare)] if left == RARE_EVERY - 1 else often[seed % len(often)]
    found = next((plot for plot in known if plot.name == name), None)
    if found is None:
        raise ValueError(f"no world {name}; there are {', '.join(plot.name for plot in known)}")
    return found


def _composed(document: _File, world: _World) -> Plot:
    parts = [document.faults[name] for name in world.faults]
    counts = [document.happenings[name] for name in world.happenings] + [part.counts for part in parts]
    summed: dict[str, Any] = {
        name: (sum(getattr(each, name)[0] for each in counts), sum(getattr(each, name)[1] for each in counts))
        for name in Counts.__struct_fields__
    }
    return Plot(
        name=world.name,
        minutes=world.minutes,
        counts=Counts(**summed),
        ratios=_largest(Ratios, [part.ratios for part in parts]),
        scene=world.scene,
        rare=world.rare,
        wires=_largest(Wires, [part.wires for part in parts]),
    )


def _largest(kind: Any, parts: list[Any]) -> Any:
    return kind(**{name: max(getattr(part, name) for part in [*parts, kind()]) for name in kind.__struct_fields__})
