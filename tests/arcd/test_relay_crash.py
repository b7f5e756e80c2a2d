"""A siren in the runtime, on memory twins and virtual time: crashes around a pulse, and a stop in it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from msgspec.structs import replace

from arcd.clock import VirtualClock
from arcd.core.effects import SwitchRelay
from arcd.core.facts import DAEMON, RelayAction, RelayRequested, SiteImported
from arcd.core.field import Relay, RelayKind
from arcd.core.site import System
from arcd.effectors.relay import RelayEffector
from arcd.modbus_memory import MemoryBus
from protocols.modbus_points import Table
from tests.arcd.test_runtime import Bench
from tests.playbook import OPERATOR
from tests.sites import a_site
from tests.virtual_time import run

SIREN = Relay(id="siren", device="plc", coil=5, kind=RelayKind.SIREN, pulse_s=60.0)
ON, OFF = ("plc", 5, True), ("plc", 5, False)


def a_bench(clock: VirtualClock, bus: MemoryBus, before: Bench | None = None) -> Bench:
    effector = RelayEffector(lines=bus, now=clock.now)
    if before is not None:
        return before.restarted(effectors=[effector])
    return Bench(clock=clock, effectors=[effector])


async def wire(bench: Bench) -> None:
    site = a_site()
    panel = replace(site.systems[0], relays=(SIREN,))
    await bench.runtime.ask(SiteImported(at=bench.clock.now(), site=replace(site, systems=(panel,)), actor=DAEMON))


async def ask(bench: Bench) -> str:
    answer = await bench.runtime.ask(
        RelayRequested(
            at=bench.clock.now(), site_id="S-1", relay_id="siren", action=RelayAction.PULSE, reason="r", actor=OPERATOR
        )
    )
    assert answer.granted, answer
    return answer.subject


def in_virtual_time(test: Callable[[VirtualClock, MemoryBus], Awaitable[None]]) -> Callable[[], None]:
    def sync_test() -> None:
        clock = VirtualClock()
        run(test(clock, MemoryBus()), clock)

    sync_test.__name__, sync_test.__doc__ = test.__name__, test.__doc__
    return sync_test


def system_of(bench: Bench) -> System:
    return bench.state.sites["S-1"].systems[0]


@in_virtual_time
async def test_a_pulse(clock: VirtualClock, bus: MemoryBus) -> None:
    bench = a_bench(clock, bus)
    async with bench.running():
        await wire(bench)
        assert system_of(bench).relays == (SIREN,)
        await ask(bench)
        await asyncio.sleep(30)
        assert bus.written == [ON]
        await asyncio.sleep(60)
        assert bus.written == [ON, OFF]
        assert not bench.state.relays
        assert not bench.state.pending


@in_virtual_time
async def test_nothing_is_switched_before_the_commit(clock: VirtualClock, bus: MemoryBus) -> None:
    bench = a_bench(clock, bus)
    async with bench.running():
        await wire(bench)
        bench.may_commit.clear()
        async with asyncio.TaskGroup() as tasks:
            asking = tasks.create_task(ask(bench))
            await asyncio.sleep(5)
            assert (bus.written, asking.done()) == ([], False)
            bench.may_commit.set()
        await asyncio.sleep(1)
        assert bus.written == [ON]


@pytest.mark.parametrize("still_on", [True, False], ids=["in the middle of the pulse", "before or after the pulse"])
def test_a_crash_switches_nothing_on_again(still_on: bool) -> None:
    clock, bus = VirtualClock(), MemoryBus()

    async def main() -> None:
        bench = a_bench(clock, bus)
        async with bench.running():
            await wire(bench)
            effect_id = await ask(bench)
            crashed = bench.store.crash()  # all that a power cut leaves: the request, committed
            await asyncio.sleep(1)
        bus.values[("plc", Table.COIL, 5)] = int(still_on)
        bus.written.clear()
        bench.store = crashed
        after = a_bench(clock, bus, bench)
        async with after.running():
            await asyncio.sleep(5)
            assert bus.written == ([OFF] if still_on else [])
            run_of_it = after.state.relays["S-1/siren"]
            assert (run_of_it.status, run_of_it.effect_id) == ("unknown", effect_id)
            (case,) = after.state.cases.values()
            assert case.signals[0].signal.code == "relay_failed"
            assert "interrupted" in (case.signals[0].signal.text or "")
            assert not after.state.pending
            await asyncio.sleep(1000)
            assert ON not in bus.written, "nor later"
        # One more restart finds nothing left to do.
        last = a_bench(clock, bus, after)
        async with last.running():
            await asyncio.sleep(5)
            assert ON not in bus.written

    run(main(), clock)


@in_virtual_time
async def test_a_clean_stop_ends_the_pulse(clock: VirtualClock, bus: MemoryBus) -> None:
    bench = a_bench(clock, bus)
    async with bench.running():
        await wire(bench)
        await ask(bench)
        await asyncio.sleep(5)
        assert bus.written == [ON]
    assert bus.written == [ON, OFF]
    after = a_bench(clock, bus, bench)
    async with after.running():
        await asyncio.sleep(5)
        assert after.state.relays["S-1/siren"].status == "unknown"
        assert bus.written == [ON, OFF]


@in_virtual_time
async def test_a_request_that_waited_too_long_is_not_performed(clock: VirtualClock, bus: MemoryBus) -> None:
    effector = RelayEffector(lines=bus, now=clock.now)
    late = SwitchRelay(
        id="E1", site_id="S-1", relay_id="siren", device="plc", coil=5, on=True, pulse_s=1.0,
        expires_at=clock.now() - 1,
    )  # fmt: skip
    assert "too late" in (await effector.perform(late)).detail
    assert bus.written == []
