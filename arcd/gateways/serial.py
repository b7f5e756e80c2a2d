"""A serial port as the transport of a line. The only file that knows pyserial-asyncio.

One rule: nothing here may hold up the loop. A port is opened in a thread of its own, because a driver may take its time
or never come back; while it does, no second attempt is made, and no other line waits. Closing throws away what the
device has not taken yet: waiting for a device whose flow control says "wait" could last for ever.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import re
import stat
import termios
import threading
from collections.abc import Callable

import serial
import serial_asyncio  # type: ignore[import-untyped]  # – the package has no type information
from msgspec import Struct

from arcd.core.facts.receiver_lines import LineFault
from arcd.gateways.line import PortError

OPEN_S_MAX = 10.0
PTY_MAJORS = range(136, 144)  # Linux, Documentation/admin-guide/devices.txt: UNIX98 pseudo-terminals
BAUD_RATES = (300, 1200, 2400, 4800, 9600, 19_200, 38_400, 57_600, 115_200)

_FAULTS = {
    errno.ENOENT: LineFault.ABSENT,
    errno.ENODEV: LineFault.ABSENT,
    errno.ENXIO: LineFault.ABSENT,
    errno.EIO: LineFault.ABSENT,
    errno.EACCES: LineFault.DENIED,
    errno.EPERM: LineFault.DENIED,
    errno.EBUSY: LineFault.BUSY,
    errno.EAGAIN: LineFault.BUSY,  # the lock on it
}
_MODE = re.compile(r"(?P<baud>[0-9]+) (?P<bits>[78])(?P<parity>[NEO])(?P<stop>[12])")


class SerialMode(Struct, frozen=True, kw_only=True):
    """Speed, data bits, parity (N, E, O), stop bits, and who may say "wait"."""

    baud: int = 9600
    bits: int = 8
    parity: str = "N"
    stop: int = 1
    rtscts: bool = False
    xonxoff: bool = False

    @classmethod
    def parse(cls, text: str, *, rtscts: bool = False, xonxoff: bool = False) -> SerialMode:
        """ "9600 8N2", as manuals write it. ValueError says what would be right."""
        found = _MODE.fullmatch(text.strip().upper())
        if found is None or int(found["baud"]) not in BAUD_RATES:
            raise ValueError(f"write it like 9600 8N1 or 1200 7E1; speeds: {', '.join(map(str, BAUD_RATES))}")
        return cls(
            baud=int(found["baud"]), bits=int(found["bits"]), parity=found["parity"], stop=int(found["stop"]),
            rtscts=rtscts, xonxoff=xonxoff,
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.baud} {self.bits}{self.parity}{self.stop}"


class _Serial(serial.Serial):
    _is_set_up = False

    def _reconfigure_port(self, force_update: bool = False) -> None:
        """Once, while it is opened. pyserial-asyncio 0.6 sets its timeouts again in the loop, and pyserial would then
        ask the driver for all of the port's settings once more."""
        if not self._is_set_up:
            super()._reconfigure_port(force_update)  # type: ignore[misc]  # – not in the stubs
            self._is_set_up = True

    def flush(self) -> None:
        """pyserial-asyncio 0.6 calls this before it closes, in the loop, and tcdrain(3) has no time limit."""
        self.reset_output_buffer()


def _is_pseudo_terminal(path: str) -> bool:
    try:
        status = os.stat(path)
    except OSError:
        return False  # whoever opens it will say why
    return stat.S_ISCHR(status.st_mode) and os.major(status.st_rdev) in PTY_MAJORS


OpenSerial = Callable[[str, SerialMode], serial.Serial]


def open_serial(path: str, mode: SerialMode) -> serial.Serial:
    """Blocks. OSError (SerialException is one) or ValueError."""
    if _is_pseudo_terminal(path):
        # It has no wire: bits, parity and stop bits mean nothing there, and the C library may refuse to set them.
        mode = SerialMode(baud=mode.baud)
    return _Serial(
        path, baudrate=mode.baud, bytesize=mode.bits, parity=mode.parity, stopbits=mode.stop,
        rtscts=mode.rtscts, xonxoff=mode.xonxoff, timeout=0, write_timeout=0, exclusive=True,
    )  # fmt: skip


class SerialPort:
    """Implements `arcd.gateways.line.Port`."""

    def __init__(
        self, path: str, mode: SerialMode, *, open_serial: OpenSerial = open_serial, open_s_max: float = OPEN_S_MAX
    ) -> None:
        self._path = path
        self._mode = mode
        self._open_serial = open_serial
        self._open_s_max = open_s_max
        self._opening: asyncio.Future[serial.Serial] | None = None

    @property
    def where(self) -> str:
        return f"{self._path} {self._mode}"

    async def open(self, protocol: asyncio.Protocol) -> None:
        if self._opening is None:
            self._opening = self._begin()
        opening = self._opening
        try:
            async with asyncio.timeout(self._open_s_max):
                opened = await asyncio.shield(opening)
        except TimeoutError:
            # The next attempt waits for the same thread.
            raise PortError(LineFault.SLOW, f"not open after {self._open_s_max:g} s") from None
        except OSError as error:
            self._opening = None
            fault = _FAULTS.get(error.errno or 0, LineFault.FAILED)
            raise PortError(fault, os.strerror(error.errno) if error.errno else str(error)) from None
        except ValueError as error:
            self._opening = None
            raise PortError(LineFault.FAILED, str(error)) from None
        self._opening = None
        serial_asyncio.SerialTransport(asyncio.get_running_loop(), protocol, opened)
        await asyncio.sleep(0)  # `connection_made` is called soon

    def abandon(self) -> None:
        if self._opening is not None:
            self._opening.cancel()

    def _begin(self) -> asyncio.Future[serial.Serial]:
        loop = asyncio.get_running_loop()
        opening: asyncio.Future[serial.Serial] = loop.create_future()

        def give(opened: serial.Serial | None, error: Exception | None) -> None:
            if opening.done():  # abandoned
                if opened is not None:
                    opened.close()
            elif opened is not None:
                opening.set_result(opened)
            elif error is not None:
                opening.set_exception(error)

        def work() -> None:
            opened: serial.Serial | None = None
            failed: Exception | None = None
            try:
                opened = self._open_serial(self._path, self._mode)
            except (OSError, ValueError) as error:
                failed = error
            except termios.error as error:  # no OSError: the driver does not know the mode
                failed = OSError(*error.args)
            try:
                loop.call_soon_threadsafe(give, opened, failed)
            except RuntimeError:  # the loop has ended meanwhile
                if opened is not None:
                    with contextlib.suppress(OSError):
                        opened.close()

        # No pool: its threads are waited for at exit, and a driver may never come back.
        threading.Thread(target=work, name=f"open {self._path}", daemon=True).start()
        return opening
