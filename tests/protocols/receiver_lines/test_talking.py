"""The receiver's side of an automation line, by transcript: seconds, what the software sends, what it is told."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from protocols.receiver_lines.talking import ACK, ADEMCO685, NAK, SURGARD, Manner, Talker, Told

NS = 1_000_000_000
A, B, BEAT = b"A\x14", b"B\x14", b"@\x14"


class Desk:
    """The talker under test and a clock. `until` passes the time, and gives (second, what was written)."""

    def __init__(self, manner: Manner = SURGARD) -> None:
        self.now = 0
        self.talker = Talker(manner, BEAT, 0)
        self.told: list[Told] = []

    def say(self, message: bytes) -> bytes:
        self.talker.say(message, self.now)
        return self.talker.take_output()

    def hears(self, data: bytes) -> bytes:
        self.told += self.talker.receive_data(data, self.now)
        return self.talker.take_output()

    def until(self, second: float) -> list[tuple[float, bytes]]:
        written = []
        end = round(second * NS)
        while (due := self.talker.next_due()) is not None and due <= end:
            before = (self.now, due)
            self.now = max(self.now, due)
            self.told += self.talker.on_time(self.now)
            if output := self.talker.take_output():
                written.append((self.now / NS, output))
            assert (self.now, self.talker.next_due()) != before, "it would turn for ever"
        self.now = end
        return written


def test_one_message_after_the_other() -> None:
    desk = Desk()
    assert desk.say(A) == A
    assert not desk.talker.is_free
    assert desk.hears(ACK) == b""
    assert desk.talker.is_free
    assert desk.say(B) == B
    desk.hears(ACK)
    assert desk.told == [Told.TAKEN, Told.TAKEN]


def test_heartbeats_when_nothing_else_is_said() -> None:
    desk = Desk()
    assert desk.until(29) == []
    assert desk.until(30) == [(30, BEAT)]
    desk.hears(ACK)
    desk.until(50)
    desk.say(A)
    desk.hears(ACK)
    assert desk.until(79.9) == [], "30 s after the message"
    assert desk.until(80) == [(80, BEAT)]


def test_silence_four_times_is_computer_fail_and_then_only_heartbeats() -> None:
    desk = Desk()
    desk.say(A)
    assert desk.until(15) == [(4, A), (8, A), (12, A)]
    assert desk.told == []
    assert desk.until(80) == [(42, BEAT), (72, BEAT)]
    assert desk.told == [Told.FAILED]
    desk.until(103)  # a heartbeat went at 102
    assert desk.hears(ACK) == A, "the same message"
    assert desk.told == [Told.FAILED, Told.BACK]
    desk.hears(ACK)
    assert desk.told[-1] is Told.TAKEN


def test_an_answer_to_the_first_copy_is_not_taken_for_the_next_message() -> None:
    desk = Desk()
    desk.say(A)
    desk.until(5)  # said again at 4
    desk.hears(ACK)
    assert desk.told == [Told.TAKEN]
    assert desk.say(B) == b"", "the second copy may still be answered"
    assert desk.hears(ACK) == B, "and now it was"
    assert desk.told == [Told.TAKEN]
    desk.hears(ACK)
    assert desk.told == [Told.TAKEN, Told.TAKEN]


def test_the_second_answer_may_never_come() -> None:
    desk = Desk()
    desk.say(A)
    desk.until(5)
    desk.hears(ACK)
    assert desk.say(B) == b""
    assert desk.until(13) == [(12, B)], "8 s after the copy nobody answers it any more"


def test_a_message_that_is_refused_is_said_again_and_given_up_in_the_end() -> None:
    desk = Desk()
    desk.say(A)
    assert desk.hears(NAK) == b"", "not at once"
    assert desk.until(0.5) == [(0.5, A)]
    for turn in range(1, SURGARD.nak_attempts_max):
        desk.hears(NAK)
        desk.until(0.5 * (turn + 1))
    assert desk.told == [Told.REFUSED]
    assert desk.say(B) == B


def test_a_685_says_it_once_more_and_answers_a_request_once_in_ten_seconds() -> None:
    desk = Desk(ADEMCO685)
    assert desk.hears(b"S") == BEAT
    desk.hears(ACK)
    assert desk.hears(b"S") == b""
    desk.until(10)
    assert desk.hears(b"S") == BEAT
    desk.hears(ACK)
    desk.say(A)
    assert desk.until(14) == [(12, A)]
    assert desk.told == [Told.FAILED]
    assert desk.hears(b"S") == b"", "while an answer may still come"
    assert desk.until(21) == [], "asked again too soon"


def test_software_that_answers_in_text() -> None:
    desk = Desk(replace(SURGARD, ack=b"ACK\r\n"))
    desk.say(A)
    desk.hears(b"ACK\r\n")
    assert desk.told == [Told.TAKEN]


def test_no_heartbeats_then_the_message_itself_tries_the_line() -> None:
    desk = Desk(replace(SURGARD, heartbeat_period_s=0))
    assert desk.talker.next_due() is None
    desk.say(A)
    assert desk.until(51) == [(4, A), (8, A), (12, A), (46, A)]
    desk.hears(ACK)
    assert desk.told == [Told.FAILED, Told.BACK, Told.TAKEN]


def test_nobody_answers_heartbeats() -> None:
    desk = Desk()
    desk.until(64)
    assert desk.told == [Told.FAILED]
    assert desk.say(A) == b"", "the heartbeat may still be answered"
    assert desk.until(68) == [(68, A)], "a message tries the line as well"
    desk.hears(ACK)
    assert desk.told == [Told.FAILED, Told.BACK, Told.TAKEN]


@pytest.mark.parametrize("noise", [b"", b"\x00\xff", b"\x06\x06\x15", b"hello"])
def test_noise_and_answers_to_nothing_change_nothing(noise: bytes) -> None:
    desk = Desk()
    assert desk.hears(noise) == b""
    assert desk.told == []
    assert desk.say(A) == A
    assert not desk.talker.is_free
