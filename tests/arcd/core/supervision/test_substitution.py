"""Another device, another receiver number, another address (requirements 2.1 class S1, 2.2)."""

from __future__ import annotations

from msgspec.structs import replace

from arcd.core.facts import AnyFact, FrameReceived
from arcd.core.supervision.model import Marks
from tests.arcd.core.supervision.scene import IP, beat, play, single
from tests.playbook import Panel, Playbook, Telling

FIXED = replace(single(), paths=(replace(single().paths[0], fixed_address=True),))


def shown(panel: Panel, *, hardware: str = "", receiver: str | None = None, code: str = "OP") -> Telling:
    telling = panel.sia(code)

    def tell(now: int) -> AnyFact:
        fact = telling(now)
        assert isinstance(fact, FrameReceived)
        received = fact.received
        extra = (("xM", hardware),) if hardware else ()
        signals = tuple(replace(signal, extra=extra) for signal in received.signals)
        origin = replace(received.origin, receiver=receiver)
        return replace(fact, received=replace(received, signals=signals, origin=origin))

    return tell


def found(playing: Playbook) -> list[str]:
    return [
        str(note.detail["what"])
        for _, stepped in playing.history
        for note in stepped.record.notes
        if note.what == "path.changed"
    ]


def say(playing: Playbook, telling: Telling) -> None:
    playing >> telling
    playing << ...


def test_another_hardware_address_is_a_trouble_and_folds() -> None:
    playing, panel = play(single()), Panel("1001")
    for hardware in ("0026b9e4268b", "0026b9e4268b", "", "0026b9e40001", "0026b9e40002"):
        say(playing, shown(panel, hardware=hardware))
    assert found(playing) == [
        "ip: hardware 0026b9e4268b → 0026b9e40001",
        "ip: hardware 0026b9e40001 → 0026b9e40002",
    ]
    (case,) = playing.station.state.cases.values()
    assert (case.route, case.priority, case.signal_count) == ("arcd/substituted", "P4", 2)
    playing.end()


def test_another_receiver_number_is_found_in_a_link_test() -> None:
    playing, panel = play(single()), Panel("1001")
    say(playing, shown(panel, receiver="13"))
    fact = beat("13", panel=panel)(playing.now)
    assert isinstance(fact, FrameReceived)
    assert playing.station.heartbeat(fact.received, playing.now, "dc09-tcp") is not None
    fact = beat("23", panel=panel)(playing.now)
    assert isinstance(fact, FrameReceived)
    assert playing.station.heartbeat(fact.received, playing.now, "dc09-tcp") is None, "it is looked at more closely"
    say(playing, beat("23", panel=panel))
    assert found(playing) == ["ip: receiver 13 → 23"]
    assert playing.station.state.path_marks[IP] == Marks(receiver="23")


def test_another_address_counts_where_it_is_fixed() -> None:
    for system, wanted in ((FIXED, ["ip: address 192.0.2.7 → 198.51.100.9"]), (single(), [])):
        playing = play(system)
        say(playing, Panel("1001").sia("OP"))
        panel = Panel("1001", peer="198.51.100.9:5000")
        panel.null()(playing.now)
        frame = panel.frame(playing.now)
        answered = playing.station.heartbeat(frame, playing.now, "dc09-tcp", "198.51.100.9:5000")
        assert (answered is None) is bool(wanted)
        say(playing, panel.sia("CL"))
        assert found(playing) == wanted


def test_an_alarm_from_another_device_is_an_alarm() -> None:
    playing, panel = play(single()), Panel("1001")
    say(playing, shown(panel, hardware="0026b9e4268b"))
    say(playing, shown(panel, hardware="0026b9e40001", code="HA"))
    assert {case.priority for case in playing.station.state.cases.values()} == {"P0", "P4"}
