"""Breakout (b) of requirements 4.4: both paths gone where the peers lost only one."""

from __future__ import annotations

from msgspec.structs import replace

from arcd.core.facts import PathsSilent
from arcd.core.site import Account, PathKind, System, TransmissionPath
from tests.arcd.core.supervision.scene import changes, play
from tests.playbook import NS, After, Playbook

COUNT = 30


def pair(number: int, *, second: str = "teleco") -> System:
    return System(
        id=f"p{number}", kind="intrusion", accounts=(Account(number=f"{number}"),), category="DP2",
        paths=(
            TransmissionPath(id="ip", receiver="13", operator="teleco"),
            TransmissionPath(id="mobile", receiver="23", operator=second, kind=PathKind.ALTERNATIVE),
        ),
    )  # fmt: skip


def all_but_the_alternative(second: str) -> Playbook:
    playing = play(*(pair(number, second=second) for number in range(COUNT)))
    silence(playing, *(f"p{number}/ip" for number in range(COUNT)))
    playing >> After(40)
    playing << ...
    (storm,) = playing.station.state.storms.values()
    assert (storm.node, storm.children, storm.pairs, storm.pairs_cut_off) == ("operator:teleco", COUNT, COUNT, 0)
    return playing


def silence(playing: Playbook, *paths: str) -> None:
    playing >> PathsSilent(at=0, silent={f"S-1/{path}": playing.now - 100 * NS for path in paths})
    playing << ...


def plans(playing: Playbook) -> list[str]:
    return [case.plan.name for case in playing.station.state.cases.values() if case.plan is not None]


def test_one_that_lost_both_is_told_by_itself() -> None:
    for second in ("teleco", "netco"):
        playing = all_but_the_alternative(second)
        assert plans(playing) == ["line-storm"]
        silence(playing, "p7/mobile")
        playing >> After(40)
        playing << ...
        assert changes(playing)[-2:] == ["path.failed mobile", "ats.failed"]
        assert plans(playing) == ["line-storm", "supervision"], second
        playing.end()


def test_where_all_lose_both_nobody_is_special() -> None:
    playing = all_but_the_alternative("teleco")
    silence(playing, *(f"p{number}/mobile" for number in range(COUNT)))
    playing >> After(40)
    playing << ...
    (storm,) = playing.station.state.storms.values()
    assert (storm.children, storm.pairs, storm.pairs_cut_off) == (2 * COUNT, COUNT, COUNT)
    assert plans(playing) == ["line-storm"]


def test_a_fault_that_was_told_before_the_storm_keeps_its_case() -> None:
    playing = play(*(replace(pair(number), category="SP2", paths=pair(number).paths[:1]) for number in range(COUNT)))
    silence(playing, "p0/ip")
    playing >> After(40)
    playing << ...
    assert plans(playing) == ["supervision"]
    silence(playing, *(f"p{number}/ip" for number in range(1, COUNT)))
    playing >> After(40)
    playing << ...
    assert plans(playing) == ["supervision", "line-storm"]
    (storm,) = playing.station.state.storms.values()
    assert storm.children == COUNT
    playing.end()
