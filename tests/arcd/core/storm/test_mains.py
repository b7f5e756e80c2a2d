"""A power failure in a region (requirements 4.4: at least 20 sites within 10 min), played with real frames."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from arcd.core.facts import DAEMON, DeadlineReached, FrameReceived, RulesLoaded, SiteImported, Started
from arcd.core.site import Conditioning
from arcd.core.station import Station, Stepped
from arcd.core.storm.model import Phase
from rules import shipped
from tests.playbook import NS, START, Panel, replay
from tests.sites import a_site

NODE = "mains:Espoo"


class Town:
    """Forty sites of two municipalities; number 39 is a high-risk one."""

    def __init__(self) -> None:
        self.station = Station()
        self.now, self.seq = START, 0
        self.history: list[tuple[int, Stepped]] = []
        self._step(RulesLoaded(at=self.now, digest="", sources=shipped.sources(), actor=DAEMON))
        self._step(Started(at=self.now, version="test"))
        for number in range(40):
            site = a_site(f"S-{number}", account=f"{5000 + number}", conditioning=Conditioning(), guards=())
            town, tags = ("Espoo", ()) if number >= 10 else ("Vantaa", ())
            site = replace(site, municipality=town, tags=("high_risk",) if number == 39 else tags)
            self._step(SiteImported(at=self.now, site=site, actor=DAEMON))
        self.panels = {number: Panel(f"{5000 + number}") for number in range(40)}

    def _step(self, fact: object) -> Stepped:
        self.seq += 1
        stepped = self.station.step(fact, self.seq)  # type: ignore[arg-type]  # – a fact
        self.history.append((self.seq, stepped))
        return stepped

    def say(self, code: str, numbers: Iterable[int], *, apart_s: float = 1.0) -> None:
        for number in numbers:
            fact = self.panels[number].sia(code)(self.now)
            assert isinstance(fact, FrameReceived)
            self._step(fact)
            self.wait(apart_s)

    def wait(self, seconds: float) -> None:
        until = self.now + int(seconds * NS)
        while (due := self.station.next_deadline()) is not None and due[0] <= until:
            self.now = max(self.now, due[0])
            self._step(DeadlineReached(at=self.now, key=due[1], due=due[0]))
        self.now = until

    def plans(self) -> list[str]:
        return [
            str(note.detail.get("plan"))
            for _, stepped in self.history
            for note in stepped.record.notes
            if note.what == "case.opened"
        ]


def test_twenty_sites_of_a_region_are_one_incident() -> None:
    town = Town()
    town.say("AT", range(10, 29))
    assert town.plans() == [], "nineteen are nineteen short failures"
    town.say("AT", [29])
    assert town.plans() == ["power-failure"]
    town.say("AT", range(30, 38))
    storm = town.station.state.storms[NODE]
    assert (storm.children, storm.back) == (28, 0)
    town.wait(3600)
    assert town.plans() == ["power-failure"], "nobody is called for them one by one"
    folded = [each for _, stepped in town.history for each in stepped.record.judgements if each.judged == "folded"]
    assert len(folded) == 28
    assert {each.case_id for each in folded} == {storm.case_id}
    replay(town.history, town.station)


def test_over_ten_minutes_apart_they_are_no_storm() -> None:
    town = Town()
    town.say("AT", range(10, 29), apart_s=40)
    town.say("AT", range(29, 33), apart_s=40)
    assert town.plans() == []
    assert not town.station.state.storms


def test_another_municipality_is_another_region() -> None:
    town = Town()
    town.say("AT", [*range(10), *range(10, 25)])
    assert not town.station.state.storms


def test_a_high_risk_site_is_called_for_by_itself() -> None:
    town = Town()
    town.say("AT", range(10, 40))
    town.wait(3600)
    assert sorted(town.plans()) == ["power-failure", "trouble"]
    assert town.station.state.storms[NODE].highest == ((8, "S-39"),)


def test_it_ends_with_the_mains_and_tells_what_is_left() -> None:
    town = Town()
    town.say("AT", range(10, 39))
    town.wait(2400)
    town.say("AR", range(10, 38))
    storm = town.station.state.storms[NODE]
    assert (storm.phase, storm.back) == (Phase.ENDING, 28)
    assert not town.station.state.cases[storm.case_id].is_open
    town.wait(16 * 60)
    assert town.plans() == ["power-failure", "trouble"]
    (case,) = [case for case in town.station.state.cases.values() if case.is_open]
    assert case.site_id == "S-38"
    replay(town.history, town.station)


def test_a_site_whose_account_is_another_meanwhile_is_not_forgotten() -> None:
    town = Town()
    town.say("AT", range(10, 39))
    town.wait(2400)
    site = town.station.state.sites["S-38"]
    (system,) = site.systems
    moved = replace(site, systems=(replace(system, accounts=(replace(system.accounts[0], number="6038"),)),))
    town._step(SiteImported(at=town.now, site=moved, actor=DAEMON))
    town.say("AR", range(10, 38))
    town.wait(16 * 60)
    (case,) = [case for case in town.station.state.cases.values() if case.is_open]
    assert case.site_id == "S-38"
    replay(town.history, town.station)


def test_a_fire_in_the_middle_of_it_is_a_fire() -> None:
    town = Town()
    town.say("AT", range(10, 35))
    town.say("FA", [12])
    assert town.plans()[0] == "power-failure"
    assert town.plans()[1].startswith("fire")
