"""Tens of thousands of paths under virtual time: the real machine, heartbeats by the hot way, facts through `step`.

One rule: nothing here knows what the machine will make of it. Sites are packed with systems so that setting the scene
costs little; what is counted is paths, children and items.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from arcd.core.case.model import Case
from arcd.core.facts import (
    DAEMON,
    AccountsHeard,
    AnyFact,
    CentreImported,
    ClockStepped,
    DeadlineReached,
    RulesLoaded,
    SiteImported,
    Started,
)
from arcd.core.site import Account, Centre, Site, System, TransmissionOperator, TransmissionPath, Uplink
from arcd.core.station import Station, Stepped
from protocols.codec import Kind, Origin, Received
from rules import shipped
from tests.arcd.core.invariants import same_state
from tests.sites import a_centre, a_site

NS = 1_000_000_000
START = 1_772_625_600 * NS
SYSTEMS_PER_SITE = 100
INTERVAL_S = 40.0


class Group(Struct, frozen=True, kw_only=True):
    """Paths that are alike."""

    name: str
    count: int
    category: str = "SP3"
    operator: str = "teleco"
    network: str = ""
    gateway: str = ""
    interval_s: float = INTERVAL_S
    tags: tuple[str, ...] = ()
    kind: str = "intrusion"
    missed: int = 3
    systems_per_site: int = SYSTEMS_PER_SITE


def sites_of(group: Group) -> list[Site]:
    sites = []
    for first in range(0, group.count, group.systems_per_site):
        systems = tuple(
            System(
                id=f"p{number}", kind=group.kind, category=group.category,
                accounts=(Account(number=f"{group.name}{number}"),),
                paths=(
                    TransmissionPath(
                        id="ip", interval_s=group.interval_s, operator=group.operator, network=group.network,
                        gateway=group.gateway or None,
                    ),
                ),
            )
            for number in range(first, min(first + group.systems_per_site, group.count))
        )  # fmt: skip
        site = a_site(f"{group.name}-{first}", systems=systems, services=(), guards=())
        sites.append(replace(site, tags=group.tags, municipality="Espoo"))
    return sites


def a_world_centre() -> Centre:
    operators = tuple(TransmissionOperator(id=name, name=name.title()) for name in ("teleco", "netco"))
    return replace(a_centre(), transmission_operators=operators, uplinks=(Uplink(id="main", gateways=("dc09-udp",)),))


class World:
    def __init__(self, groups: Sequence[Group]) -> None:
        self.station = Station()
        self.now = START
        self.seq = 0
        self.history: list[tuple[int, Stepped]] = []
        self.silent: set[str] = set()  # accounts whose panel is not heard
        self._received: dict[str, tuple[Received, str, float]] = {}
        self._coming: list[tuple[int, str]] = []
        self.step(RulesLoaded(at=self.now, digest="", sources=shipped.sources(), actor=DAEMON))
        self.step(Started(at=self.now, version="test"))
        self.step(CentreImported(at=self.now, centre=a_world_centre(), actor=DAEMON))
        for group in groups:
            for site in sites_of(group):
                self.step(SiteImported(at=self.now, site=site, actor=DAEMON))
            for number in range(group.count):
                account = f"{group.name}{number}"
                received = Received(
                    protocol="dc09", kind=Kind.LINK_TEST, token="NULL", origin=Origin(account=account),
                    session_account=account,
                )  # fmt: skip
                self._received[account] = (received, group.gateway, group.interval_s)
                phase_ns = int(number * group.interval_s * NS / group.count)
                self._coming.append((self.now + phase_ns, account))
        heapq.heapify(self._coming)
        self.scene = self.seq

    # ---------------------------------------------------------------------------------------------------- what happens

    def step(self, fact: AnyFact) -> Stepped:
        self.seq += 1
        stepped = self.station.step(fact, self.seq)
        self.history.append((self.seq, stepped))
        return stepped

    def run(self, seconds: float) -> None:
        until = self.now + int(seconds * NS)
        while self.now < until:
            self.now = min(until, self.now + NS)
            self._hear()
            self._look()
            if self.now // NS % 30 == 0:
                watch = self.station.watch
                self.step(AccountsHeard(at=self.now, heard={}, paths=watch.take_exact(), floors=watch.take_floors()))

    def _hear(self) -> None:
        coming, heartbeat = self._coming, self.station.heartbeat
        while coming and coming[0][0] <= self.now:
            at, account = coming[0]
            received, gateway, interval_s = self._received[account]
            if account not in self.silent:
                heartbeat(received, at, gateway)
            heapq.heapreplace(coming, (at + int(interval_s * NS), account))

    def _look(self) -> None:
        for fact in self.station.look(self.now):
            self.step(fact)
        while (due := self.station.next_deadline()) is not None and due[0] <= self.now:
            self.step(DeadlineReached(at=self.now, key=due[1], due=due[0]))

    def stand_still(self, seconds: float) -> None:
        """Nobody reads and nobody looks; the panels go on and give up repeating."""
        self.now += int(seconds * NS)
        moved = []
        for at, account in self._coming:
            interval_ns = int(self._received[account][2] * NS)
            missed = max(0, -((at - self.now) // interval_ns))
            moved.append((at + missed * interval_ns, account))
        heapq.heapify(moved)
        self._coming = moved

    def set_clock(self, step_s: float) -> None:
        step_ns = int(step_s * NS)
        self.now += step_ns
        self._coming = [(at + step_ns, account) for at, account in self._coming]
        self.step(ClockStepped(at=self.now, step_s=step_s))

    def restart(self, *, down_s: float = 5.0) -> None:
        """As a crash does it: the journal is all there is."""
        again = Station()
        for seq, stepped in self.history:
            again.step(stepped.record.fact, seq)
        same_state(self.station.state, again.state)
        self.station = again
        self.stand_still(down_s)
        self.step(Started(at=self.now, version="test", clean=True))

    # ----------------------------------------------------------------------------------------------------- what is seen

    def cases(self, plan: str = "") -> list[Case]:
        """Every case ever opened that is still at hand."""
        every = self.station.state.cases.values()
        return [case for case in every if not plan or (case.plan is not None and case.plan.name == plan)]

    def opened(self) -> list[str]:
        """Plans of all cases opened since the scene was set, in their order."""
        return [
            str(note.detail.get("plan"))
            for seq, stepped in self.history
            if seq > self.scene
            for note in stepped.record.notes
            if note.what == "case.opened"
        ]

    def noted(self, what: str) -> int:
        return sum(note.what == what for _, stepped in self.history for note in stepped.record.notes)


def accounts(name: str, numbers: Iterable[int]) -> set[str]:
    return {f"{name}{number}" for number in numbers}
