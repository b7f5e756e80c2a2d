"""Outputs of a real Modbus server: read back, pulsed, interlocked, and never switched on twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from msgspec.structs import replace

from arcd.core.effects import SwitchRelay
from arcd.core.facts import EffectOutcome
from arcd.effectors.relay import RelayEffector
from arcd.modbus_lines import LineError, ModbusLines
from protocols.modbus_points import Block
from tests.arcd.gateways.plant import Plant, a_line, tcp_plant
from tests.patience import until

GATE = SwitchRelay(id="E1", site_id="S-1", relay_id="gate", device="plc", coil=3, on=True, pulse_s=0.05, expires_at=10)
SIREN = replace(GATE, id="E2", relay_id="siren", coil=5, pulse_s=None)
OFF = replace(SIREN, id="E3", on=False)


class Bus(ModbusLines):
    """The real lines, with every write remembered, and an accident to happen after or instead of one."""

    def __init__(self, where: tuple[str, int]) -> None:
        super().__init__([a_line(where)])
        self.writes: list[tuple[int, bool]] = []
        self.accidents: dict[tuple[int, bool], LineError] = {}  # raised after the device has done it
        (line,) = self.lines
        self._write, self._read = line.write_coil, line.read
        line.write_coil = self._spied  # type: ignore[method-assign]  # – to see what is written, and to break it
        line.read = self._looked  # type: ignore[method-assign]  # – likewise
        self.is_deaf = False

    async def _spied(self, device: str, coil: int, *, on: bool) -> None:
        if self.is_deaf:
            raise LineError("no answer in time", was_sent=True)
        self.writes.append((coil, on))
        await self._write(device, coil, on=on)
        if (coil, on) in self.accidents:
            raise self.accidents.pop((coil, on))

    async def _looked(self, device: str, block: Block) -> Sequence[int]:
        if self.is_deaf:
            raise LineError("no answer in time", was_sent=True)
        return await self._read(device, block)


class Scene:
    def __init__(self, plant: Plant, bus: Bus) -> None:
        self.plant, self.bus = plant, bus
        self.relay = self.anew()

    def anew(self) -> RelayEffector:
        self.relay = RelayEffector(lines=self.bus, now=lambda: 5, settle_s=0.01)
        return self.relay

    async def outcome(self, effect: SwitchRelay) -> tuple[EffectOutcome, str]:
        performed = await self.relay.perform(effect)
        return performed.outcome, performed.detail


@asynccontextmanager
async def a_scene() -> AsyncIterator[Scene]:
    async with tcp_plant() as (plant, address):
        bus = Bus(address)
        yield Scene(plant, bus)
        await bus.close()


async def test_a_pulse_goes_on_and_off_and_is_read_back() -> None:
    async with a_scene() as scene:
        attempt = asyncio.get_running_loop().create_task(scene.relay.perform(GATE))
        await until(lambda: bool(scene.bus.writes))
        assert (await attempt).detail == "on for 0.05 s, read back on and off"
        assert attempt.result().outcome is EffectOutcome.DELIVERED
        assert scene.bus.writes == [(3, True), (3, False)]
        assert await scene.plant.coil(3) is False


async def test_a_switch_stays_until_it_is_switched_off() -> None:
    async with a_scene() as scene:
        assert await scene.outcome(SIREN) == (EffectOutcome.DELIVERED, "on, read back")
        assert await scene.plant.coil(5) is True
        assert await scene.outcome(OFF) == (EffectOutcome.DELIVERED, "off, read back")
        assert await scene.plant.coil(5) is False


async def test_the_same_effect_twice_switches_once() -> None:
    async with a_scene() as scene:
        first = await scene.relay.perform(GATE)
        assert await scene.relay.perform(GATE) == first
        assert scene.bus.writes.count((3, True)) == 1


async def test_one_of_a_group_that_is_on_keeps_the_others_off() -> None:
    async with a_scene() as scene:
        await scene.plant.set("coil", 4, 1)  # somebody pressed a button on the site
        inner = replace(GATE, excludes=(("plc", 4),))
        assert await scene.outcome(inner) == (
            EffectOutcome.FAILED,
            "interlock: another one of its group is on, not switched",
        )
        unknown = replace(GATE, id="E9", excludes=(("elsewhere", 4),))
        assert (await scene.outcome(unknown))[0] is EffectOutcome.FAILED
        assert scene.bus.writes == []


async def test_what_comes_too_late_is_not_switched() -> None:
    async with a_scene() as scene:
        assert await scene.outcome(replace(GATE, expires_at=4)) == (
            EffectOutcome.FAILED,
            "came too late, not switched",
        )
        assert (await scene.outcome(replace(OFF, expires_at=4)))[0] is EffectOutcome.DELIVERED, "off is never too late"


async def test_an_output_that_is_on_already_is_left_alone() -> None:
    async with a_scene() as scene:
        await scene.plant.set("coil", 3, 1)
        assert await scene.outcome(GATE) == (EffectOutcome.FAILED, "it is on already, not switched")
        assert scene.bus.writes == []


async def test_a_feedback_that_does_not_follow_is_no_success() -> None:
    async with a_scene() as scene:
        assert await scene.outcome(replace(GATE, feedback=9)) == (
            EffectOutcome.UNKNOWN,
            "switched, and does not read on",
        )
        await scene.plant.set("discrete_input", 9, 1)
        assert await scene.outcome(replace(SIREN, feedback=9)) == (EffectOutcome.DELIVERED, "on, read back")
        assert (await scene.outcome(replace(OFF, feedback=9)))[0] is EffectOutcome.UNKNOWN, "the contact is welded"


async def test_an_answer_that_does_not_come_is_unknown_and_made_safe() -> None:
    async with a_scene() as scene:
        scene.bus.accidents[3, True] = LineError("no answer in time", was_sent=True)
        assert await scene.outcome(GATE) == (
            EffectOutcome.UNKNOWN,
            "no answer in time; it may have been on, now off",
        )
        assert await scene.plant.coil(3) is False


async def test_an_exception_is_not_switched() -> None:
    async with a_scene() as scene:
        assert await scene.outcome(replace(GATE, coil=70)) == (
            EffectOutcome.REFUSED,
            "exception 2 (illegal address), before it was switched",
        )


async def test_a_bus_that_breaks_during_a_pulse() -> None:
    async with a_scene() as scene:
        attempt = asyncio.get_running_loop().create_task(scene.relay.perform(GATE))
        await until(lambda: bool(scene.bus.writes))
        scene.bus.is_deaf = True
        performed = await attempt
        assert performed.outcome is EffectOutcome.UNKNOWN
        assert "does not read off" in performed.detail or "could not be switched off" in performed.detail


async def test_no_device_and_no_connection() -> None:
    async with a_scene() as scene:
        assert (await scene.outcome(replace(GATE, device="gone")))[0] is EffectOutcome.FAILED
        await scene.plant.stop()
        outcome, detail = await scene.outcome(replace(GATE, id="E7"))
        assert (outcome, detail) == (EffectOutcome.FAILED, "no connection, before it was switched")


# ------------------------------------------------------------------------------------------------------ stop and crash


async def test_a_stop_ends_a_pulse_and_leaves_a_switch() -> None:
    async with a_scene() as scene:
        for effect in (replace(GATE, pulse_s=60.0), SIREN):
            attempt = asyncio.get_running_loop().create_task(scene.relay.perform(effect))
            await until(lambda coil=effect.coil: str(coil) in scene.plant.switched_on)  # type: ignore[misc]
            attempt.cancel()
            with pytest.raises(asyncio.CancelledError):
                await attempt
        assert await scene.plant.coil(3) is False
        assert await scene.plant.coil(5) is True


async def test_after_a_crash_nothing_is_switched_on() -> None:
    async with a_scene() as scene:
        assert await scene.outcome(replace(GATE, resumed=True)) == (
            EffectOutcome.UNKNOWN,
            "interrupted: it is off, it may have been on",
        )
        assert scene.bus.writes == []


async def test_a_pulse_that_outlived_the_daemon_is_ended() -> None:
    async with a_scene() as scene:
        await scene.plant.set("coil", 3, 1)
        assert await scene.outcome(replace(GATE, resumed=True)) == (
            EffectOutcome.UNKNOWN,
            "interrupted: the pulse still stood, ended now",
        )
        assert await scene.plant.coil(3) is False


async def test_a_switch_that_was_done_is_known_by_reading_it() -> None:
    async with a_scene() as scene:
        await scene.plant.set("coil", 5, 1)
        assert await scene.outcome(replace(SIREN, resumed=True)) == (
            EffectOutcome.DELIVERED,
            "on, read back after a restart",
        )
        assert (await scene.outcome(replace(OFF, resumed=True)))[0] is EffectOutcome.DELIVERED
        assert (5, True) not in scene.bus.writes


async def test_a_device_that_is_away_after_a_crash() -> None:
    async with a_scene() as scene:
        scene.bus.is_deaf = True
        outcome, detail = await scene.outcome(replace(GATE, resumed=True))
        assert outcome is EffectOutcome.UNKNOWN
        assert "could not be switched off" in detail
