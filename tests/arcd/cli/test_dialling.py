"""A panel's patience and clock, on a wire that does exactly what the test says, in time that stands still."""

from __future__ import annotations

import socket

import pytest

from arcd.cli.dialling import ANSWER_BYTES_MAX, Panel
from arcd.cli.wires import Receiver, SocketWire, WireError
from arcd.clock import NS_PER_S, VirtualClock
from protocols.codec import ReplyKind
from protocols.dc09 import Dialler
from protocols.dc09.frame import encode_frame
from protocols.secrets import WireKey

ACK_1 = encode_frame(b'"ACK"0001L0#1001[]')
ACK_OF_1002 = encode_frame(b'"ACK"0001L0#1002[]')
ACK_2 = encode_frame(b'"ACK"0002L0#1001[]')
DUH_1 = encode_frame(b'"DUH"0001L0#1001[]')
# The receiver's clock is an hour ahead of 2026-01-01T00:00:00Z.
NAK = encode_frame(b'"NAK"0000R0L0A0[]_01:00:00,01-01-2026')


class ScriptedWire:
    """Answers from a script: what each `receive` brings, None for the whole time in vain."""

    def __init__(self, clock: VirtualClock, *script: bytes | None) -> None:
        self.sent: list[bytes] = []
        self.closed = 0
        self._clock = clock
        self._script = list(script)

    def send(self, frame: bytes) -> None:
        self.sent.append(frame)

    def receive(self, timeout_s: float) -> bytes | None:
        arrived = self._script.pop(0) if self._script else None
        self._clock.advance(timeout_s if arrived is None else 0.25)
        return arrived

    def close(self) -> None:
        self.closed += 1


def dialling(*script: bytes | None, key: WireKey | None = None, tries: int = 3) -> tuple[Panel, ScriptedWire]:
    clock = VirtualClock()
    wire = ScriptedWire(clock, *script)
    dialler = Dialler(account="1001", key=key)
    pad = lambda count: b"\x41" * count  # noqa: E731 – a value, not a function of its own
    return Panel(dialler, wire, clock, timeout_s=5.0, transmissions_max=tries, pad=pad), wire


def test_an_ack_ends_it() -> None:
    panel, wire = dialling(ACK_1)
    sent = panel.send("NULL", "", 1)
    assert sent.is_acknowledged
    assert (sent.transmissions, sent.elapsed_s) == (1, 0.25)
    assert wire.sent == [sent.frame]


def test_the_same_bytes_until_a_reply_comes() -> None:
    panel, wire = dialling(None, None, ACK_1)
    sent = panel.send("NULL", "", 1)
    assert sent.is_acknowledged
    assert (sent.transmissions, sent.elapsed_s) == (3, 10.25)
    assert len(set(wire.sent)) == 1


def test_patience_ends() -> None:
    panel, wire = dialling(tries=3)
    sent = panel.send("NULL", "", 1)
    assert (sent.reply, sent.transmissions, sent.elapsed_s) == (None, 3, 15.0)
    assert len(wire.sent) == 3


def test_a_duh_is_an_answer_and_no_reason_to_repeat() -> None:
    panel, wire = dialling(DUH_1)
    sent = panel.send("NULL", "", 1)
    assert sent.reply is not None
    assert sent.reply.kind is ReplyKind.DUH
    assert not sent.is_acknowledged
    assert len(wire.sent) == 1


def test_replies_to_other_messages_are_passed_over() -> None:
    panel, _ = dialling(ACK_1 + ACK_1, ACK_1[:5], ACK_1[5:] + ACK_2)
    assert panel.send("NULL", "", 2).is_acknowledged


def test_a_late_reply_to_another_account_on_the_wire_acknowledges_nothing() -> None:
    panel, _ = dialling(ACK_OF_1002, None, ACK_1)
    sent = panel.send("NULL", "", 1)
    assert (sent.is_acknowledged, sent.transmissions) == (True, 2)


def test_a_naks_time_is_taken_over_once_and_kept() -> None:
    key = WireKey(b"k" * 16)
    panel, wire = dialling(NAK, NAK, key=key)
    sent = panel.send("NULL", "", 1)
    assert sent.reply is not None
    assert sent.reply.kind is ReplyKind.NAK
    assert sent.clock_corrected_s == pytest.approx(3600, abs=1)
    assert len(wire.sent) == 2, "a second NAK is the answer"
    assert wire.sent[0] != wire.sent[1]
    assert panel.clock_offset_s == pytest.approx(3600, abs=1)


def test_a_nak_to_a_message_without_a_timestamp_changes_nothing() -> None:
    panel, wire = dialling(NAK)
    sent = panel.send("NULL", "", 1, is_stamped=False)
    assert sent.clock_corrected_s is None
    assert len(wire.sent) == 1


def test_a_closed_line_is_opened_again_for_the_next_try() -> None:
    panel, wire = dialling(b"", ACK_1)
    assert panel.send("NULL", "", 1).is_acknowledged
    assert wire.closed == 1


def test_babble_is_shown_and_bounded() -> None:
    panel, _ = dialling(*[b"x" * 10_000] * 25, tries=1)
    sent = panel.send("NULL", "", 1)
    assert sent.reply is None
    assert len(sent.unread) == ANSWER_BYTES_MAX


def test_the_clock_of_the_panel_is_the_one_given() -> None:
    panel, wire = dialling(ACK_1)
    panel.clock_offset_s = 3600.0
    panel.send("NULL", "", 1)
    assert b"_01:00:00,01-01-2026" in wire.sent[0]
    assert NS_PER_S == 1_000_000_000


def test_a_host_nobody_knows_is_a_sentence() -> None:
    wire = SocketWire(Receiver(host="no..where", port=9999), connect_timeout_s=1)
    with pytest.raises(WireError, match=r"the name no\.\.where is not known"):
        wire.send(b"x")


def test_a_connection_reset_is_the_end_of_the_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        wire = SocketWire(Receiver(host="127.0.0.1", port=server.getsockname()[1]), connect_timeout_s=1)
        wire.send(b"x")
        accepted, _ = server.accept()
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        accepted.close()  # a reset, because a byte is unread and nobody lingers
        assert wire.receive(1.0) == b""
        wire.close()
