"""A serial port as a way to a receiver.

One rule: as every way, it carries bytes and knows nothing of what they mean.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from arcd.cli.failures import CliError, UsageError

if TYPE_CHECKING:
    import serial

WRITE_S_MAX = 10.0  # a line whose flow control says "wait" may say so for ever


class SerialWire:
    def __init__(self, path: str, mode: str) -> None:
        from arcd.gateways.serial import SerialMode

        self.address = f"{path} {mode}"
        self._path = path
        self._port: serial.Serial | None = None
        try:
            self._mode = SerialMode.parse(mode)
        except ValueError as error:
            raise UsageError(f"--mode {mode}: {error}") from None

    @property
    def is_open(self) -> bool:
        return self._port is not None

    def open(self) -> None:
        """CliError says why it cannot be."""
        import serial

        from arcd.gateways.serial import open_serial

        if self._port is not None:
            return
        try:
            self._port = open_serial(self._path, self._mode)
        except serial.SerialException as error:
            said = os.strerror(error.errno) if error.errno else str(error)
            raise CliError(f"cannot open {self._path}: {said}") from None
        self._port.write_timeout = WRITE_S_MAX

    def send(self, frame: bytes) -> None:
        import serial

        self.open()
        assert self._port is not None
        try:
            self._port.write(frame)
        except serial.SerialException as error:
            self.close()
            raise CliError(f"{self._path} takes nothing: {error}; look at the cable and the flow control") from None

    def receive(self, timeout_s: float) -> bytes | None:
        import serial

        assert self._port is not None, "a reply is waited for after something was sent"
        self._port.timeout = timeout_s
        try:
            data = bytes(self._port.read(1))
            return data + bytes(self._port.read(self._port.in_waiting)) if data else None
        except (serial.SerialException, OSError):
            return b""  # unplugged: the other side is gone

    def close(self) -> None:
        if self._port is not None:
            self._port.close()
            self._port = None
