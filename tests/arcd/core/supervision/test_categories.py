"""Every category preset: a fault is reported no later than its reporting time and no earlier than its grace, whatever
the panel's last words were, and however often we were restarted meanwhile."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arcd.core.facts import DAEMON, AccountsHeard, DeadlineReached, RulesLoaded, SiteImported, Started
from arcd.core.site import PathKind, System, TransmissionPath
from arcd.core.station import Station, Stepped
from arcd.core.supervision.limits import limits_of
from rules import shipped
from rules.ats_categories import BUDGET, CATEGORIES
from rules.engine import RuleSet
from rules.loader import load
from tests.arcd.core.supervision.scene import IP, MOBILE, double, single, site

NS = 1_000_000_000
START = 1_772_625_600 * NS
SOURCES = shipped.sources()
RULES = load(SOURCES).ruleset


class Life:
    """A machine from start to start: what it knows afterwards is what its facts have told it."""

    def __init__(self, system: System) -> None:
        self.now, self.facts = START, list[object]()
        self.station = self._station()
        self.reported: dict[str, int] = {}
        self._step(RulesLoaded(at=self.now, digest="", sources=SOURCES, actor=DAEMON))
        self._step(SiteImported(at=self.now, site=site(system), actor=DAEMON))
        self._step(Started(at=self.now, version="test"))

    def _station(self) -> Station:
        station = Station()
        assert isinstance(RULES, RuleSet)
        station.expect(RULES)
        return station

    def _step(self, fact: object) -> Stepped:
        self.facts.append(fact)
        stepped = self.station.step(fact, len(self.facts))  # type: ignore[arg-type]  # – a fact
        for note in stepped.record.notes:
            if note.what == "path.failed":
                self.reported[f"S-1/panel/{note.detail['path']}"] = self.now
        return stepped

    def wait(self, until: int, *, for_path: str = "") -> None:
        """Until then, or until a fault of this path was reported."""
        seen: int | None = None  # a look that found nothing to say
        while not for_path or for_path not in self.reported:
            look, deadline = self.station.watch.next_look(), self.station.next_deadline()
            if look is not None and look != seen and look <= until and (deadline is None or look < deadline[0]):
                self.now = max(self.now, look)
                facts = self.station.look(self.now)
                seen = None if facts else look
                for fact in facts:
                    self._step(fact)
            elif deadline is not None and deadline[0] <= until:
                self.now = max(self.now, deadline[0])
                self._step(DeadlineReached(at=self.now, key=deadline[1], due=deadline[0]))
            else:
                self.now = until
                return

    def fold(self) -> None:
        watch = self.station.watch
        self._step(AccountsHeard(at=self.now, heard={}, paths=watch.take_exact(), floors=watch.take_floors()))

    def restart(self, down_s: float) -> None:
        self.station = self._station()
        for number, fact in enumerate(self.facts, start=1):
            self.station.step(fact, number)  # type: ignore[arg-type]  # – a fact
        self.now += int(down_s * NS)
        self._step(Started(at=self.now, version="test"))


parts = st.floats(0.0, 1.0)


@pytest.mark.parametrize("category", CATEGORIES)
@given(interval_part=parts, restarts=st.lists(st.tuples(parts, parts), max_size=2), folds=st.booleans())
@settings(max_examples=15)
def test_reported_in_time_and_not_before_its_grace(
    category: str, interval_part: float, restarts: list[tuple[float, float]], folds: bool
) -> None:
    reporting_s = CATEGORIES[category].primary_s
    # From a tenth of the reporting time to a third: every one that leaves room for missed heartbeats.
    interval_s = reporting_s * (0.1 + 0.2 * interval_part)
    system = (double if CATEGORIES[category].paths > 1 else single)(category, interval_s=interval_s)
    life = Life(system)
    life.station.watch.hear(IP, life.now)
    heard_at = ready_at = life.now
    if folds:
        life.fold()
    for after_part, down_part in restarts:
        life.wait(life.now + int(after_part * reporting_s * NS), for_path=IP)
        if IP in life.reported:
            break
        life.restart(down_part * reporting_s)
        ready_at = life.now
    life.wait(ready_at + int((reporting_s + 1) * NS), for_path=IP)
    reported = life.reported[IP]
    assert reported <= ready_at + int(reporting_s * NS), "later than its reporting time"
    limits = limits_of(system, system.paths[0])
    assert reported >= heard_at + int(limits.silent_s * NS), "before its silence was one"
    assert limits.silent_s >= min(interval_s * 1.5, reporting_s / 2), "one late heartbeat would be a fault"
    if folds:
        assert life.station.state.path_faults[IP].since == heard_at, "it began when it was last heard"


@pytest.mark.parametrize("category", [name for name, each in CATEGORIES.items() if each.paths > 1])
def test_the_alternative_path_has_its_own_limit_and_another_when_it_is_alone(category: str) -> None:
    preset = CATEGORIES[category]
    assert preset.alternative_s is not None
    assert preset.alternative_alone_s is not None
    life = Life(double(category, interval_s=None))
    watch, began = life.station.watch, life.now
    watch.hear(MOBILE, began)
    while life.now < began + int(preset.alternative_s * 0.7 * NS):
        watch.hear(IP, life.now)
        life.wait(life.now + int(preset.primary_s * 0.25 * NS))
    assert not life.reported
    last = life.now
    watch.hear(IP, last)
    watch.hear(MOBILE, last)
    life.wait(last + int(max(preset.primary_s, preset.alternative_alone_s) * NS))
    assert {key: at <= last + int(preset.alternative_alone_s * NS) for key, at in life.reported.items()} == {
        IP: True, MOBILE: True,
    }  # fmt: skip


@pytest.mark.parametrize("category", CATEGORIES)
@pytest.mark.parametrize("kind", PathKind)
def test_the_parts_of_a_reporting_time_fit_into_it(category: str, kind: PathKind) -> None:
    for interval_s in (None, 1.0, 20.0, 3600.0, 1e6):
        for is_alone in (False, True):
            limits = limits_of(
                System(id="s", kind="fire", category=category),
                TransmissionPath(id="p", kind=kind, interval_s=interval_s),
                is_alone=is_alone,
            )
            assert limits.silent_s > 0
            assert limits.silent_s + limits.settle_s < limits.reporting_s


def test_every_preset_says_where_it_is_from_and_that_nobody_has_checked_it() -> None:
    assert list(CATEGORIES) == [*(f"SP{number}" for number in range(1, 7)), *(f"DP{number}" for number in range(1, 5))]
    for name, preset in CATEGORIES.items():
        assert preset.source
        assert preset.verified is False, f"{name}: the standard itself was not at hand"
        assert preset.paths == (1 if name.startswith("SP") else 2)
        assert (preset.alternative_s is None) is (preset.paths == 1)
    assert BUDGET.missed >= 1
