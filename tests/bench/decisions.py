"""`python -m tests.bench.decisions`: what deciding costs, without wire, disk and reply.

A machine with 10,000 sites and 200 rules besides the shipped ones is told openings, tests, faults, restores and
alarms of sites in turn, with every stage of conditioning at its defaults. Processor time, two figures per outcome:
conditioning and decision together, and the work in the case they lead to (its plan, clocks and messages), which is not
theirs.

The budget is 50 µs a signal for conditioning and decision. Figures of two runs compare only on an idle machine.
"""

from __future__ import annotations

import gc
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from statistics import median
from typing import Any

from arcd.__main__ import GC_THRESHOLDS
from arcd.core.case import engine
from arcd.core.conditioning import pipeline
from arcd.core.conditioning.arrival import arrived
from arcd.core.facts import DAEMON, CentreImported, RulesLoaded, SiteImported
from arcd.core.site import Account, Area, Conditioning, Site, System, Zone
from arcd.core.station import Station
from arcd.core.turn import NS, Turn
from protocols.event_codes import AddressKind, lookup_sia
from protocols.signals import Qualifier, Signal
from protocols.signals import Scheme as CodeScheme
from rules import shipped
from tests.playbook import START
from tests.sites import a_centre

SITES = 10_000
RULES = 200
SIGNALS = 60_000
ZONES = 24
BUDGET_US = 50.0
# Of 12 signals of a site, in this order; the alarm comes while it is armed and stays unexplained.
STORY = ("OP", "RP", "CL", "BA", "BR", "BA", "BR", "TA", "YC", "AT", "AR", "HA")


def site(number: int) -> Site:
    system = System(
        id="intrusion",
        kind="intrusion",
        accounts=(Account(number=str(100_000 + number)), Account(number=str(200_000 + number))),
        areas=(Area(number="1", reports_open_close=True),),
        zones=tuple(
            Zone(number=str(1 + each), area="1", technology=("pir", "contact")[each % 2], confirm_group=f"g{each // 4}")
            for each in range(ZONES)
        ),
    )
    return Site(id=f"K-{number}", name=f"Kiosk {number}", kind="shop", systems=(system,), conditioning=Conditioning())


def sources() -> dict[str, str]:
    """The shipped rules, and so many more in front of them that fit none of these sites."""
    routes = [
        f"  - {{name: r{number}, desc: d, why: R-3, plan: intrusion,"
        f" when: {{signal.category: intrusion, site.tags: tag-{number}}}}}"
        for number in range(RULES)
    ]
    tests = [
        f"  - {{name: t{number}, signal: {{code: BA}}, site: {{tags: [tag-{number}]}},"
        f" expect: {{route: many/r{number}}}}}"
        for number in range(RULES)
    ]
    text = "\n".join(["pack: many", "requires: 1", "order: 50", "routes:", *routes, "tests:", *tests])
    return {**shipped.sources(), "packs/many.yaml": text + "\n"}


def signal(code: str, zone: int) -> Signal:
    known = lookup_sia(code)
    assert known is not None, code
    is_user = known.address is AddressKind.USER
    return Signal(
        scheme=CodeScheme.SIA,
        code=code,
        category=known.category,
        qualifier=known.qualifier or Qualifier.NEW,
        family=known.family,
        area="1",
        zone=None if is_user else str(1 + zone),
        user="7" if is_user else None,
    )


class Stopwatch:
    """Time spent in some functions, so that it can be taken off what calls them."""

    def __init__(self) -> None:
        self.spent_ns = 0
        self._depth = 0

    def timing(self, module: Any, name: str) -> None:
        timed: Callable[..., Any] = getattr(module, name)

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            self._depth += 1
            began = time.thread_time_ns()
            try:
                return timed(*args, **kwargs)
            finally:
                self._depth -= 1
                if self._depth == 0:
                    self.spent_ns += time.thread_time_ns() - began

        setattr(module, name, wrapped)


def machine() -> Station:
    station = Station()
    station.step(RulesLoaded(at=START, digest="", sources=sources(), actor=DAEMON), 1)
    station.step(CentreImported(at=START, centre=a_centre(), actor=DAEMON), 2)
    for number in range(SITES):
        station.step(SiteImported(at=START, site=site(number), actor=DAEMON), 3 + number)
    return station


def run(station: Station) -> dict[str, list[tuple[float, float]]]:
    """Outcome → (conditioning and decision, case) in µs."""
    watch = Stopwatch()
    watch.timing(pipeline, "open_or_join")
    watch.timing(engine, "strengthen")
    entries = [station.directory.of_site(f"K-{number}")[0] for number in range(SITES)]
    signals = {(code, zone): signal(code, zone) for code in STORY for zone in range(ZONES)}
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    gc.set_threshold(*GC_THRESHOLDS)  # as the daemon runs
    gc.freeze()
    for number in range(SIGNALS):
        at = START + number * NS // 100
        entry = entries[number % 1000 * 7 % SITES]
        zone = number // 12_000 % ZONES
        turn = Turn(
            seq=100_000 + number, at=at, state=station.state, deadlines=station.deadlines,
            directory=station.directory, rules=station.rules,
        )  # fmt: skip
        arrival = arrived(
            entry, signals[STORY[number // 1000 % 12], zone], index=0, account=entry.account.number,
            seq=turn.seq, at=at, path="p", panel_s=at // NS,
        )  # fmt: skip
        watch.spent_ns = 0
        began = time.thread_time_ns()
        judgement = pipeline.judge(turn, arrival)
        spent_ns = time.thread_time_ns() - began
        station.state.keep()
        found[judgement.judged.value].append(((spent_ns - watch.spent_ns) / 1000, watch.spent_ns / 1000))
    return found


def main() -> int:
    station = machine()
    found = run(station)
    print(f"{SITES:,} sites, {RULES} rules besides the shipped ones, {len(station.state.cases):,} cases opened\n")
    print(f"{'':10} {'signals':>8} {'decided in µs: median':>22} {'p99':>7} {'case µs: median':>16}")
    everything = [pair for pairs in found.values() for pair in pairs]
    for name, pairs in [*sorted(found.items()), ("all", everything)]:
        decided = sorted(pair[0] for pair in pairs)
        case = median(pair[1] for pair in pairs)
        p99 = decided[len(decided) * 99 // 100]
        print(f"{name:10} {len(pairs):8,} {median(decided):22.1f} {p99:7.1f} {case:16.1f}")
    mean = sum(pair[0] for pair in everything) / len(everything)
    print(f"\nconditioning and decision: {mean:.1f} µs a signal on average, of {BUDGET_US:.0f}")
    return 0 if mean <= BUDGET_US else 1


if __name__ == "__main__":
    sys.exit(main())
