"""Be an alarm receiver for a moment: the lines it would print for an automation system, over a serial port or TCP.

One rule: as in `arcctl panel send`, what was sent is shown byte for byte and only an ACK of it is success. A receiver
waits for its ACK before it says anything more, and so do we.
"""

from __future__ import annotations

import importlib
import os
import socket
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from arcd.cli.failures import CliError, FindingError, UsageError
from arcd.cli.invocation import Invocation
from arcd.cli.output import BAD, GOOD, QUIET, Output
from arcd.cli.panel_messages import Event, one_of
from arcd.cli.times import span

PROTOCOLS = ("surgard", "ademco685", "radionics6500", "dc07")
REPLY_BYTES_MAX = 256
REPLIES = {b"\x06": "ack", b"\x15": "nak"}

Encode = Callable[[int], bytes]  # number of the message → its bytes


class Wire(Protocol):
    address: str

    def send(self, data: bytes) -> None: ...

    def receive(self, timeout_s: float) -> bytes: ...

    def close(self) -> None: ...


class SerialWire:
    is_over = False

    def __init__(self, path: str, mode: str) -> None:
        import serial

        from arcd.gateways.serial import SerialMode, open_serial

        try:
            self._port = open_serial(path, SerialMode.parse(mode))
        except ValueError as error:
            raise UsageError(f"--mode {mode}: {error}") from None
        except serial.SerialException as error:
            raise CliError(f"cannot open {path}: {os.strerror(error.errno) if error.errno else error}") from None
        self.address = f"{path} {mode}"

    def send(self, data: bytes) -> None:
        self._port.write(data)

    def receive(self, timeout_s: float) -> bytes:
        self._port.timeout = timeout_s
        return bytes(self._port.read(1)) + bytes(self._port.read(self._port.in_waiting))

    def close(self) -> None:
        self._port.close()


class TcpWire:
    is_over = False

    def __init__(self, host: str, port: int, timeout_s: float) -> None:
        try:
            self._socket = socket.create_connection((host, port), timeout_s)
        except OSError as error:
            raise CliError(f"cannot connect to {host} port {port}: {error.strerror or error}") from None
        self.address = f"{host}:{port}"

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def receive(self, timeout_s: float) -> bytes:
        self._socket.settimeout(timeout_s)
        try:
            data = self._socket.recv(REPLY_BYTES_MAX)
        except TimeoutError:
            return b""
        self.is_over = not data
        return data

    def close(self) -> None:
        self._socket.close()


def encoder(protocol: str, event: Event | None, account: str, receiver: str | None, line: str) -> Encode:
    """Message number → bytes; without an event the receiver's heartbeat. UsageError for what has no place in it."""
    one_of("--protocol", protocol, PROTOCOLS)
    module: Any = importlib.import_module(f"protocols.receiver_lines.{protocol}")
    where = {} if receiver is None or (protocol == "ademco685" and event is None) else {"receiver": receiver}
    if line != "0" and not (protocol == "ademco685" and event is None):
        where["line"] = line  # "0" is what a DC-09 panel says; a receiver's lines count from 1

    def encode(number: int) -> bytes:
        numbered = {**where, "sequence": f"{number:04}"} if protocol == "dc07" else where
        try:
            if event is None:
                return bytes(module.encode_heartbeat(**numbered))
            return bytes(module.encode_line(event.signal(), account=account, **numbered))
        except ValueError as error:
            raise UsageError(str(error)) from error

    return encode


def send_as_receiver(
    call: Invocation,
    wire: Wire,
    encode: Encode,
    *,
    numbers: list[int],
    pause_s: float,
    timeout_s: float,
    transmissions_max: int,
) -> None:
    told: list[dict[str, Any]] = []
    try:
        for number in numbers:
            if told and pause_s:
                time.sleep(pause_s)
            told.append(_send(wire, encode(number), timeout_s, transmissions_max))
            if not call.as_json:
                _render(call.out, told[-1])
    finally:
        wire.close()
    acknowledged = sum(each["acknowledged"] for each in told)
    if call.as_json:
        call.out.show({"receiver": wire.address, "messages": told, "acknowledged": acknowledged}, lambda *_: None)
    if acknowledged < len(told):
        raise FindingError("" if call.as_json else f"{len(told) - acknowledged} of {len(told)} were not acknowledged")


def _send(wire: Wire, frame: bytes, timeout_s: float, transmissions_max: int) -> dict[str, Any]:
    began, reply, transmissions = time.monotonic(), b"", 0
    while transmissions < transmissions_max and not reply:
        transmissions += 1
        wire.send(frame)
        reply = wire.receive(timeout_s)
    kind = REPLIES.get(reply[:1])
    return {
        "frame": frame.decode("latin-1"),
        "transmissions": transmissions,
        "acknowledged": kind == "ack",
        "reply": kind,
        "reply_bytes": reply.hex(" "),
        "elapsed_s": round(time.monotonic() - began, 6),
    }


def _render(out: Output, sent: Mapping[str, Any]) -> None:
    out.line(f"sent  {sent['frame']}")
    times = f", sent {sent['transmissions']} times" if sent["transmissions"] > 1 else ""
    said = str(sent["reply"] or sent["reply_bytes"] or "no reply").upper() if sent["reply"] else sent["reply_bytes"]
    style = GOOD if sent["acknowledged"] else BAD
    out.line("reply ", out.styled(said or "no reply", style), f" in {span(sent['elapsed_s'])}{times}")
    if sent["reply"] == "nak":
        out.line(
            out.styled("      refused: nobody works on that account, or the line is set up with another dialect", QUIET)
        )


def open_wire(
    protocol: str, serial: str | None, mode: str, host: str | None, port: int | None, timeout_s: float
) -> Wire:
    one_of("--protocol", protocol, PROTOCOLS)
    if serial is not None:
        if host is not None or port is not None:
            raise UsageError("give --serial, or --host and --port, not both")
        return SerialWire(serial, mode)
    if port is None:
        raise UsageError(f"say where the {protocol} line is: --serial PATH, or --host NAME --port PORT")
    return TcpWire(host or "127.0.0.1", port, timeout_s)
