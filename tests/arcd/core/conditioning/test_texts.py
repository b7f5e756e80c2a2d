"""Galaxy panels say the words of a signal once it has been acknowledged: they are its words, and no second signal."""

from __future__ import annotations

from msgspec.structs import replace

from arcd.core.case.model import Case
from arcd.core.facts import AnyFact, FrameReceived
from protocols import sia
from protocols.receiver_lines.galaxy import GalaxyCodec, encode_event
from protocols.signals import Signal
from tests.arcd.core.conditioning.scene import a_play, because, tell, wait
from tests.arcd.core.conditioning.test_pipeline import on_test
from tests.playbook import Playbook, Telling


class Galaxy:
    """One connection of a panel."""

    def __init__(self) -> None:
        self._codec = GalaxyCodec()
        self._count = 0

    def say(self, signal: Signal) -> list[Telling]:
        return [self._frame(item) for block in encode_event(signal, account="1001") for item in self._take(block)]

    def _take(self, block: bytes) -> list[FrameReceived]:
        facts = []
        for item in self._codec.receive_data(block, 0):
            self._count += 1
            facts.append(FrameReceived(at=0, trace=f"g{self._count}", gateway="galaxy", peer="p", received=item))  # type: ignore[arg-type]  # – whole blocks
        return facts

    @staticmethod
    def _frame(fact: FrameReceived) -> Telling:
        def telling(now: int) -> AnyFact:
            return replace(fact, at=now)

        return telling


def burglary(text: str = "Hall, left") -> Signal:
    return sia.signal("BA", area="1", zone="3", text=text)


def the_case(play: Playbook) -> Case:
    (case,) = play.station.state.cases.values()
    return case


def told(play: Playbook, galaxy: Galaxy, signal: Signal) -> list[str]:
    said = []
    for telling in galaxy.say(signal):
        said.append(tell(play, telling))
        wait(play, 0.2)
    return said


def test_they_are_written_to_the_signal_in_its_case() -> None:
    play = a_play()
    assert told(play, Galaxy(), burglary()) == ["", "opened", "copy", ""]
    (kept,) = the_case(play).signals
    assert (kept.signal.text, the_case(play).signal_count) == ("Hall, left", 1)
    play.end()


def test_said_again_they_are_a_retransmission() -> None:
    play, galaxy = a_play(), Galaxy()
    _, event, words, _ = galaxy.say(burglary())
    assert [tell(play, each) for each in (event, words, words, event, words)] == [
        "opened", "copy", "duplicate", "duplicate", "duplicate",
    ]  # fmt: skip
    assert the_case(play).signal_count == 1
    play.end()


def test_a_signal_that_waits_has_them_when_it_is_decided() -> None:
    play = a_play(mains_fail_delay_s=30.0)
    assert told(play, Galaxy(), sia.signal("AT", text="Board 2"))[1:3] == ["pending", "copy"]
    wait(play, 31)
    assert [signal.signal.text for signal in the_case(play).signals] == ["Board 2"]
    play.end()


def test_on_test_they_are_held_like_the_signal() -> None:
    play = a_play()
    on_test(play)
    assert told(play, Galaxy(), burglary()) == ["", "held", "held", ""]
    play.end()


def test_of_a_signal_that_is_not_remembered_they_are_a_signal() -> None:
    """Nothing is dropped: the panel was acknowledged by a daemon that has forgotten."""
    play = a_play()
    _, _, words, _ = Galaxy().say(burglary())
    assert tell(play, words) == "opened"
    assert the_case(play).signals[0].signal.text == "Hall, left"
    play.end()


def test_what_asked_nothing_of_anyone_has_its_words_in_the_journal() -> None:
    play = a_play()
    _, event, words, _ = Galaxy().say(sia.signal("TR", area="1", zone="3", text="Hall"))
    assert tell(play, event) == "logged"
    assert tell(play, words) == "copy"
    assert because(play) == "text of entry 10"
    play.end()
