"""A centre for one shift: the daemon's own loop on memory twins and virtual time, the demo's sites, panels and people.

One rule: whatever happens comes in as it would in life: frames as bytes over a line, requests as asked for by somebody,
guards' answers about an offer that has really been delivered to them.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from shutil import copy, copytree

import msgspec

from arcd.batching import Waiting
from arcd.clock import VirtualClock
from arcd.core.case.model import Case
from arcd.core.effects import Answer, DurableEffect, PostWebhook, SendMail
from arcd.core.facts import DAEMON, AnyFact, CentreImported, EffectReported, RulesLoaded, SiteImported, Started, Stopped
from arcd.core.record import StepRecord
from arcd.core.site import Site
from arcd.core.station import Station
from arcd.credentials import Kek, Keyring
from arcd.effectors.memory import MemoryEffector
from arcd.gateways.memory import MemoryGateway, MemoryLine
from arcd.runtime import Runtime
from arcd.sitebase import SiteBase, load_sitebase
from arcd.store import CaseQuery
from arcd.store.memory import MemoryStore
from protocols.codec import Received
from protocols.dc09 import Dc09Codec, Dialler
from rules import shipped

HERE = Path(__file__).parent
DEMO = HERE.parents[1] / "config" / "demo"
KEK = Kek(bytes(32))
VERSION = "shift"


def site_base(directory: Path) -> SiteBase:
    """The demo's, with the sites of this shift beside them."""
    copy(DEMO / "centre.yaml", directory)
    copytree(DEMO / "sites", directory / "sites")
    copy(HERE / "sites.yaml", directory / "sites" / "shift.yaml")
    loaded = load_sitebase(directory, kek=KEK)
    assert loaded.sitebase is not None, loaded.problems
    return loaded.sitebase


class Unwatched:
    """An Observer that counts the link tests that were answered at once; nobody else looks on."""

    def __init__(self) -> None:
        self.link_tests = 0

    def committed(self, steps: Sequence[Waiting], released_at: int, seconds: float) -> None: ...

    def checkpointed(self, at: int) -> None: ...

    def heartbeat(self, received: Received) -> None:
        self.link_tests += 1

    def performed(self, channel: str, effect: DurableEffect, report: EffectReported, seconds: float) -> None: ...

    def beat(self, part: str) -> None: ...


class Panel:
    """A panel that dials in: every message under the next number, and again the same bytes when it is asked to."""

    def __init__(self, line: MemoryLine, dialler: Dialler) -> None:
        self.line = line
        self.dialler = dialler
        self.sequence = 0
        self.last = b""

    def write(self, data: str, now: int, extended: Sequence[str]) -> bytes:
        self.sequence += 1
        tell = self.dialler.sia_dcs if data.startswith("N") else self.dialler.adm_cid
        self.last = tell(data, sequence=self.sequence, now=now, pad=bytes, extended=extended)
        return self.last

    def poll(self, now: int) -> bytes:
        return self.dialler.null(sequence=0, now=now, pad=bytes)


class Centre:
    def __init__(self, base: SiteBase, clock: VirtualClock, store: MemoryStore | None = None) -> None:
        self.clock = clock
        self.base = base
        self.store = store or MemoryStore()
        self.mail = MemoryEffector(name="mail", handles=(SendMail,))
        self.webhook = MemoryEffector(name="webhook", handles=(PostWebhook,))
        self.keyring = Keyring(KEK)
        self.observer = Unwatched()
        self.runtime = Runtime(
            station=Station(),
            store=self.store,
            clock=clock,
            effectors=[self.mail, self.webhook],
            profiles_changed=self._profiles_changed,
            observer=self.observer,
        )
        self.gateway = MemoryGateway(
            name="dc09-tcp",
            new_codec=lambda: Dc09Codec(self.keyring.profile, pad=bytes),
            intake=self.runtime,
            clock=clock,
        )
        self.panels: dict[str, Panel] = {}
        self.replies: Counter[str] = Counter()

    def _profiles_changed(self, site_id: str) -> None:
        self.keyring.update_site(self.runtime.station.state.sites[site_id])

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Started with rules, centre and sites; at the end stopped cleanly, everything on record."""
        await self.runtime.restore()
        async with asyncio.TaskGroup() as tasks:
            loop_task = tasks.create_task(self.runtime.run())
            now = self.clock.now()
            scene: list[AnyFact] = [
                RulesLoaded(at=now, digest="", sources=shipped.sources(), actor=DAEMON),
                Started(at=now, version=VERSION),
                CentreImported(at=now, centre=self.base.centre, actor=DAEMON),
                *(SiteImported(at=now, site=site, actor=DAEMON) for site in self.base.sites),
            ]
            for fact in scene:
                self.runtime.post(fact)
            await self.runtime.drained()
            yield
            self.runtime.post(Stopped(at=self.clock.now(), reason="the shift is over"))
            await self.runtime.drained()
            loop_task.cancel()
        await self.runtime.checkpoint()
        await self.runtime.close()

    # ------------------------------------------------------------------------------------------------------ the world

    async def ask(self, fact: AnyFact) -> Answer:
        return await self.runtime.ask(fact)

    def panel(self, number: str) -> Panel:
        if number not in self.panels:
            account = next(
                (
                    account
                    for site in self.base.sites
                    for system in site.systems
                    for account in system.accounts
                    if account.number == number
                ),
                None,
            )
            dialler = Dialler(
                account=number,
                receiver=account.receiver if account else None,
                line=(account.line if account else None) or "0",
                key=self.keyring.profile(number).key,
            )
            peer = f"192.0.2.{len(self.panels) + 10}:40001"
            self.panels[number] = Panel(self.gateway.connect(peer), dialler)
        return self.panels[number]

    async def feed(self, panel: Panel, frame: bytes) -> None:
        """What the panel wrote; it is answered before anything else happens."""
        before = len(panel.line.replies)
        panel.line.feed(frame)
        await self.runtime.drained()
        assert len(panel.line.replies) == before + 1, f"account {panel.dialler.account} was not answered"
        reply = panel.dialler.read_reply(panel.line.replies[-1], self.clock.now())
        assert reply is not None
        self.replies[reply.kind.value] += 1

    async def noise(self, peer: str, data: bytes) -> None:
        line = self.gateway.connect(peer)
        line.feed(data)
        line.close()
        await self.runtime.drained()
        self.replies["none"] += 1
        assert not line.replies, "bytes that were no frame were answered"

    def offer_to(self, guard_id: str, case_id: str) -> str:
        """The newest offer of this case's job that the guard has been given to read."""
        guard = self.base.centre.guard(guard_id)
        assert guard is not None, guard_id
        for effect in reversed([*self.mail.attempts, *self.webhook.attempts]):
            is_theirs = (guard.email in effect.to) if isinstance(effect, SendMail) else True
            if isinstance(effect, PostWebhook):
                is_theirs = effect.url == guard.webhook_url and effect.topic == "dispatch.offer"
            if is_theirs and not msgspec.structs.asdict(effect).get("offer_id", "").find(f"{case_id}-"):
                return str(effect.offer_id)  # type: ignore[union-attr]  # – those two sorts have one
        raise AssertionError(f"{guard_id} has been offered nothing of {case_id}")

    # ---------------------------------------------------------------------------------------------------- afterwards

    def site(self, site_id: str) -> Site:
        return next(site for site in self.base.sites if site.id == site_id)

    async def cases(self) -> list[Case]:
        """All of the shift's, from the store's own list, in the order they were opened."""
        rows = await self.store.cases(CaseQuery(open_only=False, limit=10_000))
        cases = [msgspec.json.decode(row.body, type=Case) for row in rows]
        return sorted(cases, key=lambda case: (case.opened_at, int(case.id[1:].partition(".")[0]), case.id))

    async def journal(self) -> list[tuple[int, StepRecord]]:
        decoder = msgspec.json.Decoder(StepRecord)
        return [
            (entry.seq, decoder.decode(entry.payload))
            async for entry in self.store.entries()
            if entry.payload is not None
        ]
