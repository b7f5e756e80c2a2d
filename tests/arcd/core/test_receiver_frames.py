"""What comes over a receiver's line: an account's message passed on, and what the receiver says of itself."""

from __future__ import annotations

from arcd.core.facts import FrameReceived
from protocols.codec import Received, ReplyKind
from protocols.receiver_lines.surgard import SurGardCodec
from tests.arcd.core.conftest import Play
from tests.playbook import START, Telling
from tests.sites import a_site


def received(line: bytes) -> Received:
    (found,) = SurGardCodec().receive_data(line, START)
    assert isinstance(found, Received)
    return found


def printed(line: bytes) -> Telling:
    return lambda now: FrameReceived(at=now, trace="t", gateway="line-1", peer="line-1", received=received(line))


def test_a_relayed_alarm_is_worked_on_like_any_other(playbook: Play) -> None:
    play = playbook()
    play >> printed(b"S011[#1001|Nri1/BA3]\x14")
    (
        play
        << """
        opened C10 routed x/ba look P2
        case.opened C10 type=alarm site=S-1 priority=P2 plan=look
        step.started C10 step=finish kind=close automatic=False
        reply ack
        """
    )
    play >> printed(b"S011[#1001|Nri1/BA3]\x14")  # the receiver saw no ACK in time
    (
        play
        << """
        duplicate C10 same as entry 10
        reply ack
        """
    )


def test_a_relayed_message_of_an_unknown_account_is_taken_and_raised(playbook: Play) -> None:
    """A refusal would make the receiver repeat it and hold back every alarm behind it."""
    play = playbook()
    play >> printed(b"S011[#4711|NBA3]\x14")
    (
        play
        << """
        opened C10 unknown_account root/unknown-account stranger P2
        case.opened C10 type=alarm priority=P2 plan=stranger
        step.started C10 step=finish kind=close automatic=False
        reply ack
        """
    )


def test_a_relayed_message_needs_no_key_of_ours(playbook: Play) -> None:
    play = playbook(sites=[a_site(keyed=True)])
    play >> printed(b"S011[#1001|NOP1]\x14")
    (
        play
        << """
        logged routed x/op log P5
        reply ack
        """
    )


def test_a_receivers_heartbeat_concerns_no_account(playbook: Play) -> None:
    play = playbook()
    beat = received(b"1011           @    \x14")
    answer = play.station.heartbeat(beat, START)
    assert answer is not None
    assert answer.reply is ReplyKind.ACK
    play >> printed(b"1011           @    \x14")
    play << "reply ack"


def test_a_receivers_own_fault_is_the_centres(playbook: Play) -> None:
    play = playbook()
    play >> printed(b"0011[#0000|NYC02]\x14")
    (
        play
        << """
        opened C10 receiver_status x/arcd trouble P3
        case.opened C10 type=alarm priority=P3 plan=trouble
        step.started C10 step=finish kind=close automatic=False
        reply ack
        """
    )
    play >> printed(b"0011[#0000|NYK02]\x14")
    (
        play
        << """
        logged receiver_status
        reply ack
        """
    )
