"""Polled devices, against pymodbus' own server: edges, outages, restarts, reloads."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import serial

from arcd.clock import VirtualClock
from arcd.core.facts import FrameReceived
from arcd.core.field import Point
from arcd.field_map import FieldMap
from arcd.gateways.bus import AGAIN_S
from arcd.gateways.modbus import ModbusGateway
from arcd.gateways.serial import SerialMode, open_serial
from arcd.modbus_lines import LineError, ModbusLine
from protocols.modbus_points import Block, Number, Table
from protocols.signals import Category, Qualifier
from tests.arcd.gateways.inbox import Inbox, a_while
from tests.arcd.gateways.plant import Plant, a_line, a_map, a_site_with, contact, scripted_bus, serial_plant, tcp_plant
from tests.patience import PATIENCE_S, in_time, until

LOST = "S-1/!lost/building/plc"


class Machine(Inbox):
    """An inbox that remembers levels as the core does."""

    def __init__(self) -> None:
        super().__init__()
        self.levels: set[str] = set()
        self.is_deaf = False

    def post(self, fact: object, replied: object = None) -> None:
        super().post(fact, replied)  # type: ignore[arg-type]  # – handed on as it came
        if isinstance(fact, FrameReceived) and not self.is_deaf:
            for key, active in fact.levels.items():
                (self.levels.add if active else self.levels.discard)(key)

    def take(self) -> list[tuple[str, str]]:
        """(code, qualifier) of every signal since the last time."""
        told = [(s.code, s.qualifier.value) for frame in self.frames for s in frame.received.signals]
        self.facts.clear()
        return told


class Scene:
    def __init__(self, line: ModbusLine, field: FieldMap, machine: Machine) -> None:
        self.line, self.field, self.machine = line, field, machine
        self.clock = VirtualClock()
        self.gateway = self.anew()

    def anew(self) -> ModbusGateway:
        """As after a restart: nothing is known but what the machine knows."""
        self.gateway = ModbusGateway(
            name="modbus", lines=[self.line], field=self.field, levels=self.machine.levels.__contains__,
            intake=self.machine, clock=self.clock,
        )  # fmt: skip
        return self.gateway

    async def lose(self, plant: Plant) -> None:
        """The plant is away, and the line knows it: it waits for no answer on the connection that was."""
        await plant.stop()
        await until(lambda: self.line._client is None or not self.line._client.connected)

    async def poll(self, *, after_s: float = 0.0) -> list[tuple[str, str]]:
        self.clock.advance(after_s)
        await self.gateway.poll(self.line)
        return self.machine.take()


def a_scene(where: object, *points: Point, **line: object) -> Scene:
    return Scene(ModbusLine(a_line(where, **line)), a_map(a_site_with(*points)), Machine())  # type: ignore[arg-type]  # – either sort


async def test_an_edge_is_reported_once_and_so_is_its_end() -> None:
    async with tcp_plant() as (plant, address):
        scene = a_scene(address, contact("door", 3))
        assert await scene.poll() == []
        await plant.set("discrete_input", 3, 1)
        assert await scene.poll() == [("BA", "new")]
        assert await scene.poll() == []
        await plant.set("discrete_input", 3, 0)
        assert await scene.poll() == [("BR", "restore")]
        await scene.gateway.close()


async def test_the_same_over_a_serial_line() -> None:
    async with serial_plant() as (plant, port):
        scene = a_scene(
            port, contact("door", 3), contact("heat", 1, table=Table.HOLDING_REGISTER, code="WA", above=50.0)
        )
        assert await scene.poll() == []
        await plant.set("discrete_input", 3, 1)
        await plant.set("holding_register", 1, 77)
        assert await scene.poll() == [("BA", "new"), ("WA", "new")]
        await scene.gateway.close()


async def test_a_driver_that_takes_its_time_holds_up_nobody() -> None:
    """Opening is over when the driver says so, however often it is asked meanwhile; the loop goes on, or no limit of
    time would end the waiting."""
    goes_on, opened = threading.Event(), []

    def slow(path: str, mode: SerialMode) -> serial.Serial:
        opened.append(str(mode))
        assert goes_on.wait(PATIENCE_S)
        return open_serial(path, mode)

    async with serial_plant() as (plant, path):
        line = ModbusLine(a_line(path, timeout_s=0.1, parity="E"), open_serial=slow)
        block = Block(table=Table.DISCRETE_INPUT, address=0, count=1)
        for _ in range(3):
            assert await in_time(_reason(line, block)) == "no connection"
        assert opened == ["19200 8E1"], "nobody asks a second time while the first one waits"
        await plant.set("discrete_input", 0, 1)
        goes_on.set()

        async def values() -> list[int]:
            while True:
                with contextlib.suppress(LineError):  # not open yet
                    return list(await line.read("plc", block))

        assert await in_time(values()) == [1]
        await line.close()


async def _reason(line: ModbusLine, block: Block) -> str:
    with pytest.raises(LineError) as failed:
        await line.read("plc", block)
    assert not failed.value.was_sent
    return failed.value.reason


async def test_a_port_that_is_not_there_and_one_that_another_program_has() -> None:
    block = Block(table=Table.DISCRETE_INPUT, address=0, count=1)
    absent = ModbusLine(a_line(Path("/dev/no-such-port")))
    assert await _reason(absent, block) == "no connection"
    await absent.close()
    async with serial_plant() as (_plant, path):
        other = open_serial(str(path), SerialMode())
        line = ModbusLine(a_line(path))
        assert await _reason(line, block) == "no connection"
        other.close()
        assert await line.read("plc", block) == [0]
        line._hang_up(None)
        assert await line.read("plc", block) == [0], "its own lock is given back before it asks again"
        await line.close()


async def test_a_measurement_says_value_and_unit() -> None:
    async with tcp_plant() as (plant, address):
        point = Point(
            id="cold-1", device="plc", code="KA", unit="°C", zone="1",
            spec=contact(
                "x", 7, table=Table.INPUT_REGISTER, number=Number.INT16, scale=0.1, above=8.0, hysteresis=2.0
            ).spec,
        )  # fmt: skip
        scene = a_scene(address, point)
        await plant.set("input_register", 7, 81)
        await scene.gateway.poll(scene.line)
        (frame,) = scene.machine.frames
        (signal,) = frame.received.signals
        assert signal.text == "cold-1 8.1 °C"
        assert signal.zone == "1"
        assert (frame.received.protocol, frame.peer) == ("modbus", "plc")
        scene.machine.take()
        await plant.set("input_register", 7, 61)
        assert await scene.poll() == [], "inside the hysteresis"
        await plant.set("input_register", 7, 60)
        assert [qualifier for _, qualifier in await scene.poll()] == ["restore"]
        await scene.gateway.close()


async def test_a_contact_that_bounces_is_no_alarm() -> None:
    async with tcp_plant() as (plant, address):
        scene = a_scene(address, contact("door", 0, debounce_s=2.0))
        await plant.set("discrete_input", 0, 1)
        assert await scene.poll() == []
        await plant.set("discrete_input", 0, 0)
        assert await scene.poll(after_s=1) == []
        await plant.set("discrete_input", 0, 1)
        assert await scene.poll(after_s=1) == []
        assert await scene.poll(after_s=1) == []
        assert await scene.poll(after_s=1) == [("BA", "new")]
        await scene.gateway.close()


async def test_what_stands_active_at_the_first_look_is_an_alarm() -> None:
    async with tcp_plant() as (plant, address):
        await plant.set("discrete_input", 0, 1)
        scene = a_scene(address, contact("door", 0))
        assert await scene.poll() == [("BA", "new")]
        await scene.gateway.close()


async def test_a_restart_neither_misses_an_edge_nor_repeats_one() -> None:
    async with tcp_plant() as (plant, address):
        scene = a_scene(address, contact("door", 0), contact("gate", 1))
        await plant.set("discrete_input", 0, 1)
        assert await scene.poll() == [("BA", "new")]
        scene.anew()
        await plant.set("discrete_input", 1, 1)  # while nobody looked
        assert await scene.poll() == [("BA", "new")]
        scene.anew()
        await plant.set("discrete_input", 0, 0)
        assert await scene.poll() == [("BR", "restore")]
        await scene.gateway.close()


async def test_an_outage_is_a_fault_and_never_at_rest() -> None:
    async with tcp_plant() as (plant, address):
        scene = a_scene(address, contact("door", 0), contact("gate", 1))
        await plant.set("discrete_input", 0, 1)
        assert await scene.poll() == [("BA", "new")]
        await scene.lose(plant)
        assert await scene.poll() == [], "not yet: the next poll may find it"
        assert await scene.poll(after_s=5) == [("device_lost", "new")]
        assert await scene.poll(after_s=60) == [], "told once"
        assert "S-1/door" in scene.machine.levels
        # While it was away the door was closed and the gate was opened: each edge comes once, after the way is back.
        await plant.set("discrete_input", 0, 0)
        await plant.set("discrete_input", 1, 1)
        await plant.start()
        assert await scene.poll(after_s=1) == [("BR", "restore"), ("BA", "new")]
        assert await scene.poll(after_s=4) == []
        assert await scene.poll(after_s=1) == [("device_lost", "restore")], "read for as long as it may be lost"
        assert await scene.poll() == []
        await scene.gateway.close()


async def test_the_fault_says_where_and_why() -> None:
    async with tcp_plant() as (plant, address):
        scene = a_scene(address, contact("door", 0))
        await scene.lose(plant)
        await scene.poll()
        scene.clock.advance(5)
        await scene.gateway.poll(scene.line)
        (signal,) = scene.machine.frames[0].received.signals
        assert (signal.category, signal.text) == (Category.SUPERVISION, "plc: no connection")
        assert signal.qualifier is Qualifier.NEW


async def test_a_fault_that_stood_before_a_restart_ends_after_it() -> None:
    async with tcp_plant() as (_plant, address):
        scene = a_scene(address, contact("door", 0))
        scene.machine.levels.add(LOST)
        assert await scene.poll() == []
        assert await scene.poll(after_s=5) == [("device_lost", "restore")]
        await scene.gateway.close()


async def test_a_loose_wire_is_one_fault() -> None:
    async with tcp_plant() as (plant, address):
        scene = a_scene(address, contact("door", 0))
        told = []
        for _ in range(20):
            await scene.lose(plant)
            for _ in range(3):
                told += await scene.poll(after_s=3)
            await plant.start()
            told += await scene.poll(after_s=3)
        assert told == [("device_lost", "new")]
        assert await scene.poll(after_s=5) == [("device_lost", "restore")]
        await scene.gateway.close()


async def test_one_bad_address_spoils_no_other_point() -> None:
    async with tcp_plant() as (plant, address):
        scene = a_scene(address, contact("door", 60), contact("nowhere", 66))  # the plant ends at 63
        await plant.set("discrete_input", 60, 1)
        assert await scene.poll() == [("BA", "new")]
        assert await scene.poll(after_s=5) == [("device_lost", "new")]
        await scene.gateway.poll(scene.line)
        await plant.set("discrete_input", 60, 0)
        assert await scene.poll() == [("BR", "restore")]
        await scene.gateway.close()


async def test_each_system_has_its_own_signal() -> None:
    async with tcp_plant() as (plant, address):
        sites = [a_site_with(contact("door", n), site_id=f"S-{n}", account=f"200{n}") for n in (1, 2)]
        scene = Scene(ModbusLine(a_line(address)), a_map(*sites), Machine())
        await plant.set("discrete_input", 2, 1)
        await scene.gateway.poll(scene.line)
        assert [frame.received.origin.account for frame in scene.machine.frames] == ["2002"]
        scene.machine.take()
        await scene.lose(plant)
        await scene.poll()
        scene.clock.advance(5)
        await scene.gateway.poll(scene.line)
        assert [frame.received.origin.account for frame in scene.machine.frames] == ["2001", "2002"]


async def test_what_the_machine_did_not_take_is_offered_again_but_not_without_end() -> None:
    async with tcp_plant() as (plant, address):
        scene = a_scene(address, contact("door", 0))
        scene.machine.is_deaf = True
        await plant.set("discrete_input", 0, 1)
        assert await scene.poll() == [("BA", "new")]
        assert await scene.poll(after_s=1) == []
        assert await scene.poll(after_s=AGAIN_S) == [("BA", "new")]
        await scene.gateway.close()


async def test_a_reload_changes_what_is_looked_at() -> None:
    async with tcp_plant() as (plant, address):
        scene = a_scene(address, contact("door", 0))
        await plant.set("discrete_input", 5, 1)
        assert await scene.poll() == []
        scene.field.update_site(a_site_with(contact("gate", 5)))
        assert await scene.poll() == [("BA", "new")]
        scene.field.remove_site("S-1")
        await plant.set("discrete_input", 5, 0)
        assert await scene.poll() == []
        await scene.gateway.close()


async def test_a_full_machine_is_waited_for() -> None:
    async with tcp_plant() as (plant, address):
        scene = a_scene(address, contact("door", 0))
        await plant.set("discrete_input", 0, 1)
        scene.machine.fill()
        polling = asyncio.get_running_loop().create_task(scene.gateway.poll(scene.line))
        await until(lambda: scene.machine.waiting)
        await a_while()
        assert (scene.machine.frames, polling.done()) == ([], False)
        scene.machine.empty()
        await polling
        assert scene.machine.take() == [("BA", "new")]
        await scene.gateway.close()


async def test_a_dead_line_holds_up_no_other() -> None:
    async with tcp_plant() as (plant, address):
        dead = ModbusLine(a_line(("127.0.0.1", 1), name="dead", devices={"away": 1}, poll_s=0.05))
        alive = ModbusLine(a_line(address, poll_s=0.05))
        machine = Machine()
        away = Point(id="far", device="away", spec=contact("x", 0).spec, code="BA")
        gateway = ModbusGateway(
            name="modbus", lines=[dead, alive], field=a_map(a_site_with(contact("door", 0), away)),
            levels=machine.levels.__contains__, intake=machine, clock=VirtualClock(),
        )  # fmt: skip
        await gateway.start()
        running = asyncio.get_running_loop().create_task(gateway.run())
        await plant.set("discrete_input", 0, 1)
        await until(lambda: bool(machine.frames))
        assert machine.take() == [("BA", "new")]
        assert gateway.addresses == ("dead (127.0.0.1:1)", f"line ({address[0]}:{address[1]})")
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await gateway.close()


async def test_a_device_that_the_settings_do_not_name_is_a_fault_at_once() -> None:
    async with tcp_plant() as (_plant, address):
        stray = Point(id="far", device="boiler", spec=contact("x", 0).spec, code="BA")
        scene = a_scene(address, contact("door", 0), stray)
        scene.gateway.look_for_strays()
        (signal,) = scene.machine.frames[0].received.signals
        assert signal.text == "boiler: the settings name no such device"
        assert scene.machine.take() == [("device_lost", "new")]
        scene.gateway.look_for_strays()
        assert scene.machine.take() == []
        assert scene.field.devices() == ("boiler", "plc")
        scene.field.remove_site("S-1")
        assert scene.field.devices() == ()


async def test_after_a_stop_nothing_is_posted() -> None:
    async with tcp_plant() as (plant, address):
        scene = a_scene(address, contact("door", 0))
        await plant.set("discrete_input", 0, 1)
        await scene.gateway.stop_taking()
        assert await scene.poll() == []
        await scene.gateway.close()


async def test_many_points_are_few_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    async with tcp_plant() as (_plant, address):
        scene = a_scene(address, *(contact(f"p{n}", n) for n in range(60)))
        asked: list[Block] = []
        read: Callable[..., object] = scene.line.read

        async def counted(device: str, block: Block) -> object:
            asked.append(block)
            return await read(device, block)  # type: ignore[misc]  # – the line's own method

        monkeypatch.setattr(scene.line, "read", counted)
        await scene.poll()
        assert len(asked) == 1
        await scene.gateway.close()


async def test_a_silent_peer_costs_one_time_limit(plant_that_says_nothing: tuple[str, int]) -> None:
    line = ModbusLine(a_line(plant_that_says_nothing, timeout_s=0.2))
    with pytest.raises(LineError, match="no answer in time") as failed:
        await line.read("plc", Block(table=Table.COIL, address=0, count=1))
    assert failed.value.was_sent
    assert not failed.value.is_answer
    with pytest.raises(LineError, match="no answer in time"):
        await line.write_coil("plc", 0, on=True)
    await line.close()


async def test_a_stop_is_heard_in_whatever_turn_of_the_loop_it_comes() -> None:
    async with tcp_plant() as (_plant, address):
        turns, is_done = 0, False
        while not is_done:
            line = ModbusLine(a_line(address))
            writing = asyncio.get_running_loop().create_task(line.write_coil("plc", 3, on=True))
            for _ in range(turns):
                await asyncio.sleep(0)
            turns += 1
            is_done = not writing.cancel()
            if not is_done:
                with pytest.raises(asyncio.CancelledError):
                    await writing
            await line.close()
        assert turns > 1


@pytest.fixture
async def plant_that_says_nothing() -> object:
    async with scripted_bus(b"") as address:
        yield address


async def test_a_line_knows_what_was_sent() -> None:
    line = ModbusLine(a_line(("127.0.0.1", 1)))
    with pytest.raises(LineError, match="no connection") as failed:
        await line.write_coil("plc", 0, on=True)
    assert not failed.value.was_sent
