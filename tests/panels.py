"""Panels that behave: the same message again until it is acknowledged, however often the receiver dies meanwhile.

One rule: what a panel calls acknowledged was acknowledged by an ACK of that very message. The wire and the waiting are
`arcd.cli.dialling`'s, the bytes `protocols.dc09`'s; here is only persistence.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

from msgspec import Struct

from arcd.cli.dialling import Panel
from arcd.cli.wires import Receiver, SocketWire, Transport, WireError
from arcd.clock import SystemClock
from protocols.dc09 import Dialler
from protocols.secrets import WireKey

AGAIN_S = 0.05  # after a refused connection
REPLY_TIMEOUT_S = 1.0


class Message(Struct, frozen=True):
    """One SIA message; sequence numbers of an account must not repeat within the retry horizon of 120 s."""

    account: str
    sequence: int
    code: str
    zone: str = ""


class Transmitter:
    """One way to the receiver, used by the accounts behind it one after the other, as an alarm gateway does."""

    def __init__(self, port: int, *, is_udp: bool = False, key: bytes | None = None) -> None:
        self._wire = SocketWire(
            Receiver(host="127.0.0.1", port=port, transport=Transport.UDP if is_udp else Transport.TCP),
            connect_timeout_s=REPLY_TIMEOUT_S,
        )
        self._key = None if key is None else WireKey(key)
        self.transmissions = 0
        self.abandoned = threading.Event()

    def send_once(self, message: Message, *, timeout_s: float = REPLY_TIMEOUT_S) -> bool:
        """One transmission. False without an ACK; WireError when nobody listens."""
        dialler = Dialler(account=message.account, key=self._key)
        panel = Panel(dialler, self._wire, SystemClock(), timeout_s=timeout_s, transmissions_max=1)
        blocks = f"N{message.code}{message.zone}"
        sent = panel.send("SIA-DCS", blocks, message.sequence, is_stamped=self._key is not None)
        self.transmissions += sent.transmissions
        return sent.is_acknowledged

    def send(self, message: Message) -> bool:
        """Until it is acknowledged, or the test has failed and nobody cares any more."""
        while not self.abandoned.is_set():
            try:
                if self.send_once(message):
                    return True
            except WireError:
                self.abandoned.wait(AGAIN_S)
        return False

    def close(self) -> None:
        self._wire.close()


class SendingThread(threading.Thread):
    """Sends what it is given until told to stop; the message under way is still brought through."""

    def __init__(self, transmitter: Transmitter, messages: Iterable[Message]) -> None:
        super().__init__(name="panel")
        self.transmitter = transmitter
        self.acknowledged: list[Message] = []
        self._messages = messages
        self._finishing = threading.Event()

    def run(self) -> None:
        try:
            for message in self._messages:
                if not self.transmitter.send(message):
                    return
                self.acknowledged.append(message)
                if self._finishing.is_set():
                    return
        finally:
            self.transmitter.close()

    def finish(self) -> list[Message]:
        self._finishing.set()
        self.join()
        return self.acknowledged

    def abandon(self) -> None:
        """No-op for one that has finished."""
        self.transmitter.abandoned.set()
        self.join()
