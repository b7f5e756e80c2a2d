"""Serial lines on pseudo-terminal pairs with real bytes: unplugged, busy, slow, noisy, and receivers that repeat."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import termios
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial

from arcd.core.facts.receiver_lines import LineFault
from arcd.gateways import kept_open
from arcd.gateways.kept_open import KeptOpenGateway
from arcd.gateways.line import OWED_MAX, PortError
from arcd.gateways.serial import OPEN_S_MAX, OpenSerial, SerialMode, SerialPort, open_serial
from protocols.codec import ReplyKind
from tests.arcd.gateways.far_receiver import ACK, HEARTBEAT, Cable
from tests.arcd.gateways.inbox import Inbox, a_while
from tests.arcd.gateways.lines import a_line, running, said
from tests.patience import PATIENCE_S, until

SOON = (0.02, 0.02)


@pytest.fixture
def cable(tmp_path: Path) -> Iterator[Cable]:
    cable = Cable(tmp_path)
    yield cable
    cable.unplug()


class Port(SerialPort):
    """Counts how often it was tried, and how often it was opened."""

    def __init__(self, path: str, *, open_serial: OpenSerial = open_serial, open_s_max: float = OPEN_S_MAX) -> None:
        self.tried = self.opened = 0
        self._really_open = open_serial
        super().__init__(path, SerialMode(), open_serial=self._counted, open_s_max=open_s_max)

    def _counted(self, path: str, mode: SerialMode) -> serial.Serial:
        opened = self._really_open(path, mode)
        self.opened += 1
        return opened

    async def open(self, protocol: asyncio.Protocol) -> None:
        self.tried += 1
        await super().open(protocol)


def serial_line(inbox: Inbox, cable: Cable, *, name: str = "here", port: Port | None = None) -> KeptOpenGateway:
    return KeptOpenGateway(a_line(inbox, name=name), port or Port(str(cable.path)), again_s=SOON)


@pytest.mark.parametrize("text", ["9600 8N1", "1200 7E1", "9600 8N2", "9600 7E2", "19200 7O1", "115200 8N1"])
def test_modes_are_written_as_manuals_write_them(text: str, cable: Cable, monkeypatch: pytest.MonkeyPatch) -> None:
    mode = SerialMode.parse(text.lower())
    assert str(mode) == text
    cable.plug()
    for _ in range(2):
        opened = open_serial(str(cable.path), mode)
        assert (opened.baudrate, opened.bytesize) == (mode.baud, 8), "a pseudo-terminal has bytes, and no bits"
        opened.close()
    monkeypatch.setattr("arcd.gateways.serial.PTY_MAJORS", ())
    opened = open_serial(str(cable.plug().path), mode)
    assert (opened.baudrate, opened.bytesize, opened.parity, opened.stopbits) == (
        mode.baud, mode.bits, mode.parity, mode.stop,
    )  # fmt: skip
    opened.close()


@pytest.mark.parametrize("text", ["", "9600", "9600 8X1", "9601 8N1", "9600 9N1", "9600 8N3", "fast"])
def test_a_wrong_mode_says_what_would_be_right(text: str) -> None:
    with pytest.raises(ValueError, match="write it like 9600 8N1"):
        SerialMode.parse(text)


async def test_a_message_is_acknowledged_when_the_machine_says_so_and_not_before(cable: Cable) -> None:
    inbox = Inbox(answers_at_once=False)
    async with running(serial_line(inbox, cable.plug())):
        await until(lambda: said(inbox) == ["open"])
        cable.send(b"5011 181234E12")
        await a_while()
        assert inbox.frames == [], "it stopped in the middle"
        cable.send(b"101001\x14\r\n")
        await until(lambda: len(inbox.frames) == 1)
        await a_while()
        assert cable.read() == b""
        assert (inbox.frames[0].gateway, inbox.frames[0].peer) == ("here", f"{cable.path} 9600 8N1")
        inbox.answer()
        await until(lambda: cable.read() == ACK)
    assert inbox.lines_heard == ["here"]


async def test_a_heartbeat_is_answered_at_once_and_is_a_sign_of_life(cable: Cable) -> None:
    inbox = Inbox(answers_at_once=False)
    async with running(serial_line(inbox, cable.plug())):
        await until(lambda: said(inbox) == ["open"])
        cable.send(HEARTBEAT)
        await until(lambda: cable.read() == ACK)
    assert inbox.lines_heard == ["here"]
    assert inbox.frames == []


async def test_a_receiver_that_repeats_gets_one_ack_and_not_one_to_spare(cable: Cable) -> None:
    """The second ACK would be taken for the next message, which nobody has stored yet."""
    inbox = Inbox(answers_at_once=False)
    async with running(serial_line(inbox, cable.plug())):
        await until(lambda: said(inbox) == ["open"])
        cable.send(b"A\x14")
        await until(lambda: len(inbox.frames) == 1)
        cable.send(b"A\x14")
        await until(lambda: len(inbox.frames) == 2)
        inbox.answer()
        await a_while()
        assert cable.read() == b"", "it has given that one up"
        inbox.answer()
        await until(lambda: cable.read() == ACK)


async def test_a_late_ack_is_not_taken_for_a_heartbeats(cable: Cable) -> None:
    inbox = Inbox(answers_at_once=False)
    async with running(serial_line(inbox, cable.plug())):
        await until(lambda: said(inbox) == ["open"])
        cable.send(b"A\x14")
        await until(lambda: len(inbox.frames) == 1)
        cable.send(HEARTBEAT)
        await until(lambda: cable.read() == ACK)
        inbox.answer()
        await a_while()
        assert cable.read() == b""


async def test_unplugged_and_plugged_in_again_without_anybodys_help(cable: Cable) -> None:
    inbox, read, port = Inbox(), bytearray(), Port(str(cable.path))
    gateway = serial_line(inbox, cable.plug(), port=port)
    gateway.line.tap(lambda _, data: read.extend(data))
    async with running(gateway):
        await until(lambda: said(inbox) == ["open"])
        cable.send(b"half of a mess")
        await until(lambda: read == b"half of a mess")
        cable.unplug()
        await until(lambda: said(inbox) == ["open", "closed"])
        assert inbox.malformed[0].malformed.raw == b"half of a mess", "nothing is dropped silently"
        await until(lambda: port.tried > 3)
        assert said(inbox) == ["open", "closed"], "said once, however often it is tried"
        cable.plug()
        await until(lambda: port.opened == 2)  # pyserial throws away what came before
        cable.send(b"B\x14")  # something valid: it need not stand for a while to be believed
        await until(lambda: said(inbox) == ["open", "closed", "open"])
        await until(lambda: cable.read() == ACK)


async def test_a_loose_plug_opens_no_second_case(cable: Cable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_open, "STANDS_S", PATIENCE_S)
    inbox, port = Inbox(), Port(str(cable.path))
    async with running(serial_line(inbox, cable.plug(), port=port)):
        await until(lambda: said(inbox) == ["open"])
        for opened in range(2, 5):
            cable.unplug()
            cable.plug()
            await until(lambda opened=opened: port.opened == opened)  # type: ignore[misc]
        await a_while()
        assert said(inbox) == ["open", "closed"]
        monkeypatch.setattr(kept_open, "STANDS_S", 0.02)
        cable.unplug()
        cable.plug()
        await until(lambda: said(inbox) == ["open", "closed", "open"])


async def test_a_port_that_is_not_there_keeps_nobody_from_starting(cable: Cable) -> None:
    inbox = Inbox()
    async with running(serial_line(inbox, cable)):
        await until(lambda: said(inbox) == ["absent"])
        cable.plug()
        await until(lambda: said(inbox) == ["absent", "open"])


async def test_a_port_that_another_program_has_is_told_apart(cable: Cable) -> None:
    inbox, other = Inbox(), Inbox()
    cable.plug()
    async with running(serial_line(inbox, cable)):
        await until(lambda: said(inbox) == ["open"])
        async with running(serial_line(other, cable)):
            await until(lambda: said(other) == ["busy"])


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (serial.SerialException(errno.ENOENT, "x"), LineFault.ABSENT),
        (PermissionError(errno.EACCES, "x"), LineFault.DENIED),
        (serial.SerialException(errno.EBUSY, "x"), LineFault.BUSY),
        (serial.SerialException("odd"), LineFault.FAILED),
        (ValueError("odd"), LineFault.FAILED),
        (termios.error(errno.EINVAL, "x"), LineFault.FAILED),
    ],
)
async def test_why_it_cannot_be_opened_is_one_of_a_few_words(error: Exception, fault: LineFault) -> None:
    def refuse(_path: str, _mode: SerialMode) -> serial.Serial:
        raise error

    with pytest.raises(PortError) as caught:
        await SerialPort("/dev/x", SerialMode(), open_serial=refuse).open(asyncio.Protocol())
    assert caught.value.fault is fault
    assert caught.value.detail == (os.strerror(error.args[0]) if isinstance(error.args[0], int) else "odd")


async def test_a_driver_that_does_not_come_back_holds_up_neither_the_loop_nor_another_line(
    cable: Cable, tmp_path: Path
) -> None:
    release, attempts = threading.Event(), []

    def slow(path: str, mode: SerialMode) -> serial.Serial:
        attempts.append(path)
        release.wait(PATIENCE_S)
        return open_serial(path, mode)

    (tmp_path / "second").mkdir()
    second = Cable(tmp_path / "second").plug()
    stuck, well = Inbox(), Inbox()
    cable.plug()
    port = Port(str(cable.path), open_serial=slow, open_s_max=0.05)
    async with running(serial_line(stuck, cable, port=port), serial_line(well, second, name="other")):
        await until(lambda: said(well) == ["open"])
        await until(lambda: said(stuck) == ["slow"])
        second.send(b"A\x14")
        await until(lambda: second.read() == ACK)
        await until(lambda: port.tried > 3)
        assert len(attempts) == 1, "one thread, however often it is tried"
        release.set()
        await until(lambda: said(stuck) == ["slow", "open"])
    second.unplug()


async def test_a_port_that_comes_after_the_stop_is_given_back(cable: Cable) -> None:
    begun, release, opened = threading.Event(), threading.Event(), []

    def slow(path: str, mode: SerialMode) -> serial.Serial:
        begun.set()
        release.wait(PATIENCE_S)
        opened.append(open_serial(path, mode))
        return opened[0]

    cable.plug()
    async with running(serial_line(Inbox(), cable, port=Port(str(cable.path), open_serial=slow))):
        await until(begun.is_set)
    release.set()
    await until(lambda: bool(opened) and not opened[0].is_open)


async def test_noise_of_a_wrong_parity_is_kept_and_the_next_message_is_read(cable: Cable) -> None:
    inbox = Inbox()
    async with running(serial_line(inbox, cable.plug())):
        await until(lambda: said(inbox) == ["open"])
        cable.send(b"\xb5\x30\xb1\x14" + bytes(range(0x80, 0x100)) + b"\x14A\x14")
        await until(lambda: len(inbox.frames) == 1)
        assert len(inbox.malformed) == 1, "folded per minute"
        await until(lambda: cable.read() == ACK)


async def test_a_line_that_never_waits_is_read_no_further_than_its_bound(cable: Cable) -> None:
    inbox = Inbox(answers_at_once=False)
    async with running(serial_line(inbox, cable.plug())):
        await until(lambda: said(inbox) == ["open"])
        for number in range(4 * OWED_MAX):
            cable.send(b"%04d%s\x14" % (number, b"x" * 12))
        await until(lambda: len(inbox.frames) >= OWED_MAX)
        await a_while()
        held = len(inbox.frames)
        assert held < 4 * OWED_MAX, "what is read at once may pass the bound, and no more"
        while len(inbox.frames) < 4 * OWED_MAX or inbox.owed:
            if inbox.owed:
                inbox.answer()
            await asyncio.sleep(0)
        assert [fact.received.fingerprint[:4] for fact in inbox.frames] == [f"{n:04d}" for n in range(4 * OWED_MAX)]


async def test_when_the_machine_is_full_nothing_is_read_and_nothing_is_lost(cable: Cable) -> None:
    inbox = Inbox()
    async with running(serial_line(inbox, cable.plug())):
        await until(lambda: said(inbox) == ["open"])
        inbox.fill()
        cable.send(b"A\x14")
        await until(lambda: len(inbox.frames) == 1)
        cable.send(b"B\x14")
        await a_while()
        assert len(inbox.frames) == 1
        inbox.empty()
        await until(lambda: len(inbox.frames) == 2)


async def test_a_far_end_that_reads_nothing_costs_no_more_than_its_bound(cable: Cable) -> None:
    """4 KiB of unread replies, and the line is opened anew."""
    inbox = Inbox()
    async with running(serial_line(inbox, cable.plug())):
        await until(lambda: said(inbox) == ["open"])

        def is_given_up() -> bool:
            with contextlib.suppress(BlockingIOError):
                cable.send_some(HEARTBEAT * 50)
            return said(inbox) != ["open"]

        await until(is_given_up)
        assert said(inbox) == ["open", "failed"]


async def test_silence_is_silence(cable: Cable) -> None:
    inbox = Inbox(answers_at_once=False)
    async with running(serial_line(inbox, cable.plug())):
        await until(lambda: said(inbox) == ["open"])
        cable.send(b"A\x14")
        await until(lambda: len(inbox.frames) == 1)
        inbox.answer(kind=ReplyKind.NONE)
        await a_while()
        assert cable.read() == b""
