"""requirements 4.4, dual-path copy: same panel time, code, zone and qualifier from another account or gateway."""

from __future__ import annotations

import pytest

from arcd.core.siterun import SEEN_MAX
from tests.arcd.core.conditioning.scene import SOURCES, a_play, a_shop, because, happened, judged, tell, wait
from tests.playbook import CLOSING, Panel, Playbook, move, step


def two_paths(**conditioning: object) -> tuple[Playbook, Panel, Panel]:
    return a_play(second_path_s=300.0, **conditioning), Panel("1001"), Panel("1002", gateway="dc09-udp")


def test_the_second_path_tells_the_same_thing_once() -> None:
    play, main, backup = two_paths()
    told = main.sia("BA", zone="3")
    assert tell(play, told) == "opened"
    wait(play, 20)
    late = backup.sia("BA", zone="3", clock_s=-20.0)
    assert tell(play, late) == "copy"
    assert because(play) == "copy of entry 10"
    assert play.case().signal_count == 1
    assert play.case().signals[0].copies == 1
    play.end()


@pytest.mark.parametrize(("after_s", "what"), [(299, "copy"), (300, "copy"), (301, "joined")])
def test_the_window(after_s: float, what: str) -> None:
    play, main, backup = two_paths()
    tell(play, main.sia("BA", zone="3"))
    wait(play, after_s)
    assert tell(play, backup.sia("BA", zone="3", clock_s=-after_s)) == what
    play.end()


def test_one_account_over_another_gateway_is_another_path() -> None:
    play = a_play(second_path_s=300.0)
    tell(play, happened(Panel().sia("BA", zone="3", sequence=7), 5))
    assert tell(play, happened(Panel(gateway="dc09-udp").sia("BA", zone="3", sequence=8), 5)) == "copy"
    play.end()


@pytest.mark.parametrize(
    "other",
    [
        {"zone": "4"},
        {"zone": "3", "area": "2"},
        {"zone": "3", "clock_s": -1.0},
        {"zone": "3", "timed": False},
    ],
)
def test_what_differs_is_no_copy(other: dict[str, object]) -> None:
    play, main, backup = two_paths()
    tell(play, main.sia("BA", zone="3"))
    assert tell(play, backup.sia("BA", **other)) == "joined"  # type: ignore[arg-type] # – keywords of `sia`
    play.end()


def test_the_same_path_repeats_nothing() -> None:
    """Two alarms of one zone in one second over one path are two alarms."""
    play, main, _ = two_paths()
    tell(play, main.sia("BA", zone="3"))
    assert tell(play, main.sia("BA", zone="3")) == "joined"
    play.end()


def test_two_systems_never_copy_each_other() -> None:
    sites = [a_shop("S-1", accounts=("1001",), second_path_s=300.0), a_shop("S-2", accounts=("1002",))]
    play = Playbook(sites=sites, sources=SOURCES)
    tell(play, Panel("1001").sia("BA", zone="3"))
    assert tell(play, Panel("1002").sia("BA", zone="3")) == "opened"
    play.end()


def test_a_copy_of_life_safety_needs_an_open_case() -> None:
    play, main, backup = two_paths()
    tell(play, main.sia("HA", zone="3"))
    assert tell(play, backup.sia("HA", zone="3")) == "copy"
    for asked in (move("acknowledge"), step("finish", "skip", note="x"), move("close", form=CLOSING)):
        play >> asked
        play << ...
    third = Panel("1002", gateway="dc09-serial")
    assert tell(play, third.sia("HA", zone="3")) == "opened"
    play.end()


def test_a_copy_of_a_closed_matter_is_still_a_copy() -> None:
    play, main, backup = two_paths()
    tell(play, main.sia("BA", zone="3"))
    for asked in (move("acknowledge"), step("finish", "skip", note="x"), move("close", form=CLOSING)):
        play >> asked
        play << ...
    assert tell(play, backup.sia("BA", zone="3")) == "copy"
    play.end()


def test_turned_off() -> None:
    play, main, backup = a_play(), Panel("1001"), Panel("1002")
    tell(play, main.sia("BA", zone="3"))
    assert tell(play, backup.sia("BA", zone="3")) == "joined"
    assert play.station.state.siteruns["S-1"].seen == {}
    play.end()


def test_memory_is_bounded() -> None:
    play, main, backup = two_paths()
    for number in range(SEEN_MAX + 3):
        tell(play, main.sia("BA", zone=str(100 + number)))
    assert len(play.station.state.siteruns["S-1"].seen) == SEEN_MAX
    tell(play, backup.sia("BA", zone="100"))
    assert judged(play) == "joined", "the oldest was forgotten"
