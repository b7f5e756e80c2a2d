"""From items to facts: who is answered at once, and how noise is folded."""

from __future__ import annotations

from arcd.clock import VirtualClock
from arcd.gateways.reading import FOLD_S, RAW_BYTES_MAX, SOURCES_MAX, Reader
from protocols.codec import Malformed, ReplyKind
from tests.arcd.gateways.inbox import PANEL, Inbox, ack_of, alarm, new_codec


class Desk:
    """A reader with a codec before it and an inbox behind it."""

    def __init__(self, *, answers_at_once: bool = True) -> None:
        self.clock = VirtualClock()
        self.inbox = Inbox(answers_at_once=answers_at_once)
        self.reader = Reader(gateway="test", intake=self.inbox, clock=self.clock)
        self.codec = new_codec()
        self.written: list[bytes] = []

    def read(self, data: bytes, peer: str = "192.0.2.7:41234") -> None:
        for item in self.codec.receive_data(data, self.clock.now()):
            self.reader.take(self.codec, item, peer, self.written.append)

    def noise(self, peer: str, raw: bytes = b"?") -> None:
        found = Malformed(protocol="dc09", reason="noise", detail="", raw=raw)
        self.reader.take(self.codec, found, peer, self.written.append)


def test_a_frame_becomes_a_fact_with_its_whereabouts() -> None:
    desk = Desk(answers_at_once=False)
    desk.read(alarm(7))
    (fact,) = desk.inbox.frames
    assert (fact.gateway, fact.peer, fact.at) == ("test", "192.0.2.7:41234", desk.clock.now())
    assert fact.received.raw == alarm(7)
    assert desk.written == []
    desk.inbox.answer()
    assert [ack_of(data) for data in desk.written] == [("ack", "0007")]


def test_silence_is_an_answer_too() -> None:
    desk = Desk(answers_at_once=False)
    desk.read(alarm(7))
    desk.inbox.answer(kind=ReplyKind.NONE)
    assert b"".join(desk.written) == b""


def test_a_link_test_that_changes_nothing_is_answered_at_once() -> None:
    desk = Desk(answers_at_once=False)
    desk.read(PANEL.null(sequence=0))
    assert [ack_of(data) for data in desk.written] == [("ack", "0000")]
    assert desk.inbox.facts == []


def test_every_fact_has_a_trace_of_its_own() -> None:
    desk = Desk()
    for sequence in range(10):
        desk.read(alarm(sequence) + b"noise")
    other = Desk()
    other.read(alarm(1))
    inboxes = (desk.inbox, other.inbox)
    frames = [fact.trace for inbox in inboxes for fact in inbox.frames]
    traces = frames + [fact.trace for inbox in inboxes for fact in inbox.malformed]
    assert len(set(traces)) == len(traces) >= 12


def test_noise_is_told_once_a_minute_and_counted() -> None:
    desk = Desk()
    for port in range(5):
        desk.noise(f"192.0.2.7:{port}", b"noise %d" % port)
    desk.noise("198.51.100.1:1")
    assert [(fact.peer, fact.count, fact.malformed.raw) for fact in desk.inbox.malformed] == [
        ("192.0.2.7:0", 1, b"noise 0"),
        ("198.51.100.1:1", 1, b"?"),
    ]
    desk.clock.advance(FOLD_S - 1)
    desk.reader.fold()
    assert len(desk.inbox.malformed) == 2
    desk.clock.advance(1)
    desk.reader.fold()
    assert [(fact.peer, fact.count) for fact in desk.inbox.malformed[2:]] == [("192.0.2.7:0", 4)]
    desk.noise("192.0.2.7:9")
    assert [(fact.peer, fact.count) for fact in desk.inbox.malformed[3:]] == [("192.0.2.7:9", 1)]
    assert desk.written == []


def test_what_was_counted_is_told_before_a_stop() -> None:
    desk = Desk()
    for _ in range(3):
        desk.noise("192.0.2.7:1")
    desk.reader.flush()
    assert [fact.count for fact in desk.inbox.malformed] == [1, 2]


def test_many_sources_of_noise_cost_a_bounded_number_of_entries() -> None:
    desk = Desk()
    for number in range(SOURCES_MAX + 500):
        desk.noise(f"10.{number >> 8}.{number & 255}.1:5")
    assert len(desk.inbox.malformed) == SOURCES_MAX + 1
    desk.reader.flush()
    assert sum(fact.count for fact in desk.inbox.malformed) == SOURCES_MAX + 500


def test_noise_is_kept_up_to_a_limit() -> None:
    desk = Desk()
    desk.noise("192.0.2.7:1", bytes(RAW_BYTES_MAX + 1))
    assert len(desk.inbox.malformed[0].malformed.raw) == RAW_BYTES_MAX
