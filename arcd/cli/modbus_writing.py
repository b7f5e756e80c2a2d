"""A field device that writes to a Modbus TCP server: one coil or one holding register, and reads it back as a sign of
life.

One rule: only the answer to this very request counts, and an exception answer is a refusal that says why.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct
from pymodbus.exceptions import ModbusException
from pymodbus.framer import FramerSocket
from pymodbus.pdu import DecodePDU, ModbusPDU
from pymodbus.pdu.bit_message import ReadCoilsRequest, WriteSingleCoilRequest
from pymodbus.pdu.register_message import ReadHoldingRegistersRequest, WriteSingleRegisterRequest

from arcd.cli.simulated import ANSWER_BYTES_MAX, Answer, Made, Saying, Where
from arcd.clock import SystemClock

# MODBUS Application Protocol V1.1b3, 7
EXCEPTIONS: Final = {
    1: "illegal function: nothing is taken in this way",
    2: "illegal data address: no point of the site base looks at it",
    3: "illegal data value",
    4: "not taken: what it means could not be kept, or its account is not in force",
    6: "busy",
    11: "no such unit: no device of the site base has this number",
}


class ModbusOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Addresses count from 0, as on the wire."""

    unit: int = 1
    coil: int | None = None
    register: int | None = None
    value: int = 1
    alternates: bool = False  # every second message writes 0

    def __post_init__(self) -> None:
        if self.coil is not None and self.register is not None:
            raise ValueError("write coil or register, not both")
        numbers = (("unit", self.unit, 255), ("value", self.value, 65_535))
        places = (("coil", self.coil or 0, 65_535), ("register", self.register or 0, 65_535))
        for name, number, most in (*numbers, *places):
            if not 0 <= number <= most:
                raise ValueError(f"{name} is 0 to {most}")


def make_request(saying: Saying, options: ModbusOptions) -> Made:
    """ValueError when neither a coil nor a register is named."""
    if options.coil is None and options.register is None:
        raise ValueError("say what to write: --option coil=3, or --option register=10 with --option value=51")
    value = 0 if options.alternates and saying.number % 2 == 0 else options.value
    named = f"coil {options.coil}" if options.coil is not None else f"register {options.register}"
    address = options.coil if options.coil is not None else options.register
    assert address is not None
    request: ModbusPDU
    if saying.event is None:
        shown = f"unit {options.unit}: read {named}"
        kind = ReadCoilsRequest if options.coil is not None else ReadHoldingRegistersRequest
        request = kind(address=address, count=1, dev_id=options.unit)
    elif options.coil is not None:
        shown = f"unit {options.unit}: {named} = {'on' if value else 'off'}"
        request = WriteSingleCoilRequest(address=address, bits=[bool(value)], dev_id=options.unit)
    else:
        shown = f"unit {options.unit}: {named} = {value}"
        request = WriteSingleRegisterRequest(address=address, registers=[value], dev_id=options.unit)
    request.transaction_id = saying.number % 65_536
    return Made(shown, (FramerSocket(DecodePDU(True)).buildFrame(request),))


class ModbusCarrier:
    def __init__(self, where: Where) -> None:
        self._wire = where.wire()
        self._clock = SystemClock()

    def open(self) -> None:
        self._wire.open()

    def deliver(self, made: Made, timeout_s: float) -> Answer:
        (frame,) = made.parts
        due_s = self._clock.monotonic_s() + timeout_s
        self._wire.send(frame)
        came = b""
        while (left_s := due_s - self._clock.monotonic_s()) > 0 and len(came) < ANSWER_BYTES_MAX:
            arrived = self._wire.receive(left_s)
            if not arrived:
                self._wire.close()  # a late answer would be taken for the next one's
                said = "nothing came" if arrived is None else "the connection was closed: is this address admitted?"
                return Answer(None, said)
            came += arrived
            while len(came) >= 6 and len(came) >= 6 + int.from_bytes(came[4:6], "big"):
                length = 6 + int.from_bytes(came[4:6], "big")
                answer, came = came[:length], came[length:]
                if answer[:2] == frame[:2]:
                    return _judged(answer)
        return Answer(None, came.hex(" "))

    def close(self) -> None:
        self._wire.close()


def _judged(answer: bytes) -> Answer:
    try:
        _, response = FramerSocket(DecodePDU(False)).handleFrame(answer, 0, 0)
    except (ModbusException, ValueError, IndexError, ArithmeticError):
        response = None
    if response is None:
        return Answer(None, f"no answer that can be read: {answer.hex(' ')}")
    if response.isError():
        return Answer("nak", f"exception {response.exception_code}: {EXCEPTIONS.get(response.exception_code, '')}")
    bits = getattr(response, "bits", None) or []
    registers = getattr(response, "registers", None) or []
    return Answer("ack", f"holds {int(bits[0]) if bits else registers[0] if registers else '?'}")
