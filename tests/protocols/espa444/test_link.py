"""Two machines on one line, and one machine against what a real system says, byte by byte."""

from __future__ import annotations

import pytest

from protocols.espa444 import (
    EspaEvent,
    EspaLink,
    EspaSettings,
    Happened,
    Role,
    State,
    What,
    call_to_pager,
    encode_block,
)
from protocols.espa444.link import ATTEMPTS_MAX, NS, QUEUE_MAX, TRANSITIONS

PAGE = call_to_pager("550", "Murto Käpyläntie 3")
FRAME = encode_block(PAGE, is_nordic=True)
CONTROL = EspaSettings(role=Role.CONTROL, address="1", stations=("2", "3"), target="2")
STATION = EspaSettings(role=Role.STATION, address="2", target="1")


class Line:
    """One machine, its clock, and the far end played by the test."""

    def __init__(self, settings: EspaSettings) -> None:
        self.now = 0
        self.link = EspaLink(settings, 0)

    def hear(self, data: bytes) -> list[EspaEvent]:
        return self.link.receive_data(data, self.now)

    def said(self) -> bytes:
        return self.link.take_output()

    def after(self, seconds: float) -> list[EspaEvent]:
        """Time passes as far as the machine asks for it."""
        end = self.now + int(seconds * NS)
        events: list[EspaEvent] = []
        while (due := self.link.next_due()) <= end:
            self.now = max(self.now, due)
            events += self.link.on_time(self.now)
        self.now = end
        return events + self.link.on_time(self.now)


def whats(events: list[EspaEvent]) -> list[Happened]:
    return [event.what for event in events]


# ------------------------------------------------------------------------------------------------------------ station


def test_a_station_with_nothing_to_say_gives_the_word_back() -> None:
    line = Line(STATION)
    assert line.hear(b"\x042\x05") == []
    assert line.said() == b"\x04"


def test_a_station_answers_only_its_own_poll() -> None:
    line = Line(STATION)
    line.link.send(PAGE)
    line.hear(b"\x043\x05")
    assert line.said() == b""


def test_a_station_sends_when_it_is_polled() -> None:
    line = Line(STATION)
    number = line.link.send(PAGE)
    line.hear(b"\x042\x05")
    assert line.said() == b"1\x05"
    line.hear(b"\x06")
    assert line.said() == FRAME
    assert line.hear(b"\x06") == [EspaEvent(what=Happened.DELIVERED, number=number or 0)]
    assert line.said() == b"\x04"
    line.hear(b"\x042\x05")
    assert line.said() == b"\x04"


def test_a_block_that_was_garbled_is_sent_again_and_then_reported() -> None:
    line = Line(STATION)
    line.link.send(PAGE)
    line.hear(b"\x042\x05\x06")
    for _ in range(ATTEMPTS_MAX - 1):
        assert line.said().endswith(FRAME)
        assert line.hear(b"1\x15") == []
    assert line.said() == FRAME
    (refused,) = line.hear(b"1\x15")
    assert (refused.what, refused.text) == (Happened.REFUSED, "1")
    assert line.said() == b"\x04"


def test_another_refusal_is_not_repeated() -> None:
    line = Line(STATION)
    line.link.send(PAGE)
    line.hear(b"\x042\x05\x06")
    (refused,) = line.hear(b"2\x15")
    assert (refused.what, refused.text) == (Happened.REFUSED, "2")


def test_a_busy_target_is_tried_at_the_next_polls() -> None:
    line = Line(STATION)
    line.link.send(PAGE)
    for _ in range(ATTEMPTS_MAX - 1):
        assert line.hear(b"\x042\x05\x15") == []
        assert line.said() == b"1\x05\x04"
    assert whats(line.hear(b"\x042\x05\x15")) == [Happened.REFUSED]


def test_a_target_that_never_answers_is_given_up() -> None:
    line = Line(STATION)
    number = line.link.send(PAGE)
    events: list[EspaEvent] = []
    for _ in range(ATTEMPTS_MAX):
        line.hear(b"\x042\x05")
        events += line.after(3)
    assert events == [EspaEvent(what=Happened.UNANSWERED, number=number or 0)]
    assert line.link.state is State.IDLE


def test_a_station_notices_that_nobody_polls_it() -> None:
    line = Line(STATION)
    assert line.after(119) == []
    assert whats(line.after(2)) == [Happened.SILENT]
    assert line.after(600) == []
    assert whats(line.hear(b"\x042\x05")) == [Happened.HEARD]


def test_a_selected_station_takes_a_block_and_says_so_only_when_told() -> None:
    """digimat-espa's order: 1 ENQ 2 ENQ from the far end, ACK, block, ACK."""
    line = Line(STATION)
    line.hear(b"\x041\x052\x05")
    assert line.said() == b"\x06"
    (event,) = line.hear(FRAME)
    assert (event.what, event.block) == (Happened.RECEIVED, PAGE)
    assert line.said() == b""
    line.link.accept(line.now)
    assert line.said() == b"\x06"
    line.hear(b"\x04")
    assert line.link.state is State.IDLE


def test_a_bad_block_is_asked_for_again() -> None:
    line = Line(STATION)
    line.hear(b"\x041\x052\x05")
    assert whats(line.hear(FRAME[:-1] + b"\x00")) == [Happened.BAD_BLOCK]
    assert line.said() == b"\x061\x15"
    assert whats(line.hear(FRAME)) == [Happened.RECEIVED]
    line.link.refuse("3", line.now)
    assert line.said() == b"3\x15"


def test_a_sender_that_stops_waiting_gets_no_late_ack() -> None:
    line = Line(STATION)
    line.hear(b"\x041\x052\x05" + FRAME + b"\x04")
    line.said()
    line.link.accept(line.now)
    assert line.said() == b""


def test_a_block_without_a_select_is_nobodys() -> None:
    line = Line(STATION)
    assert line.hear(FRAME) == []
    assert line.said() == b""


# ------------------------------------------------------------------------------------------------------------ control


def test_control_polls_its_stations_in_turn() -> None:
    line = Line(CONTROL)
    line.after(0)
    assert line.said() == b"\x042\x05"
    line.hear(b"\x04")
    line.after(1)
    assert line.said() == b"\x043\x05"


def test_control_takes_a_call_and_goes_on() -> None:
    line = Line(CONTROL)
    line.after(0)
    line.hear(b"1\x05")
    assert line.said() == b"\x042\x05\x06"
    assert whats(line.hear(FRAME)) == [Happened.RECEIVED]
    line.link.accept(line.now)
    assert line.said() == b"\x06"
    line.hear(b"\x04")
    line.after(1)
    assert line.said() == b"\x043\x05"


def test_control_lets_two_others_talk() -> None:
    line = Line(CONTROL)
    line.after(0)
    line.said()
    line.hear(b"3\x05")
    assert line.link.state is State.FOREIGN
    assert line.hear(b"\x06" + FRAME + b"\x06") == []
    assert line.said() == b""
    line.hear(b"\x04")
    assert line.link.state is State.IDLE


def test_control_tells_once_that_a_station_is_silent_and_once_that_it_is_back() -> None:
    line = Line(CONTROL)
    events = line.after(30)
    assert [(event.what, event.address) for event in events] == [(Happened.SILENT, "2"), (Happened.SILENT, "3")]
    line.said()
    while not line.said().endswith(b"2\x05"):
        line.after(0.5)
    assert [(event.what, event.address) for event in line.hear(b"\x04")] == [(Happened.HEARD, "2")]


def test_control_sends_as_if_it_had_polled_itself() -> None:
    line = Line(CONTROL)
    line.link.send(PAGE)
    line.after(0)
    assert line.said() == b"\x041\x052\x05"
    line.hear(b"\x06")
    assert line.said() == FRAME
    assert whats(line.hear(b"\x06")) == [Happened.DELIVERED]


# ------------------------------------------------------------------------------------------------------- two of them


def test_two_machines_bring_every_page_across_in_both_directions() -> None:
    control = EspaLink(EspaSettings(role=Role.CONTROL, address="1", stations=("2",), target="2"), 0)
    station = EspaLink(STATION, 0)
    sent = [call_to_pager(str(number), f"page {number}") for number in range(6)]
    for page in sent[:3]:
        control.send(page)
    for page in sent[3:]:
        station.send(page)
    got = {id(control): list[object](), id(station): list[object]()}
    now = 0
    for _ in range(200):
        now += NS // 10
        for link, other in ((control, station), (station, control)):
            link.on_time(now)
            for code in link.take_output():
                for event in other.receive_data(bytes((code,)), now):
                    if event.what is Happened.RECEIVED:
                        got[id(other)].append(event.block)
                        other.accept(now)
    assert got[id(station)] == sent[:3]
    assert got[id(control)] == sent[3:]


def test_the_queue_has_a_limit() -> None:
    link = EspaLink(STATION, 0)
    assert [link.send(PAGE) for _ in range(QUEUE_MAX + 1)][-1] is None


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"address": ""}, "address"),
        ({"target": "a b"}, "address"),
        ({"role": Role.CONTROL, "stations": ()}, "at least one"),
        ({"answer_within_s": 0}, "times"),
    ],
)
def test_settings_that_cannot_be(options: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        EspaSettings(**options)  # type: ignore[arg-type]  # – wrong on purpose


def test_every_state_ends_with_eot_and_the_table_names_only_tokens_that_are() -> None:
    """From wherever it comes an EOT leads back to the beginning (gscott 3.1, note)."""
    assert {state for state, what in TRANSITIONS if what is What.EOT} == set(State)
