"""The gateway twin: a line that is fed and read in the test."""

from __future__ import annotations

from arcd.clock import VirtualClock
from arcd.gateways.memory import MemoryGateway
from tests.arcd.gateways.inbox import Inbox, ack_of, alarm, new_codec


def a_gateway(inbox: Inbox) -> MemoryGateway:
    return MemoryGateway(name="memory", new_codec=new_codec, intake=inbox, clock=VirtualClock())


def test_lines_do_not_share_a_buffer() -> None:
    inbox = Inbox()
    gateway = a_gateway(inbox)
    one, other = gateway.connect("192.0.2.1:1"), gateway.connect("192.0.2.2:1")
    one.feed(alarm(1)[:20])
    other.feed(alarm(2))
    one.feed(alarm(1)[20:])
    assert inbox.sequences == ["0002", "0001"]
    assert [ack_of(data) for data in one.replies] == [("ack", "0001")]
    assert [ack_of(data) for data in other.replies] == [("ack", "0002")]


def test_what_is_left_at_the_end_is_malformed_and_a_closed_line_reads_nothing() -> None:
    inbox = Inbox(answers_at_once=False)
    line = a_gateway(inbox).connect()
    line.feed(alarm(1) + alarm(2)[:20])
    line.close()
    inbox.answer()
    assert len(inbox.malformed) == 1
    assert line.replies == []
