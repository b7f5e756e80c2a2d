"""Outputs in the core: the cursor, what a far end refuses, and switching with an end."""

from __future__ import annotations

import pytest

from arcd.core.facts import Actor, AnyFact, ForwardAcknowledged, ForwardSwitchRequested
from arcd.core.forwarding.model import SWITCHES_MAX, ForwardState, Switch
from tests.arcd.core.conftest import Play
from tests.playbook import NS, Playbook

WHO = Actor(id="os:kim")
HOUR = 3600 * NS


def tell(play: Playbook, fact: AnyFact) -> None:
    play >> fact
    play << ...


def ask(play: Playbook, *, on: bool = True, lasts_s: float = 3600, reason: str = "flu", output: str = "night") -> None:
    until = play.now + round(lasts_s * NS)
    tell(play, ForwardSwitchRequested(at=0, output=output, on=on, until=until, actor=WHO, reason=reason))


def test_a_cursor_only_goes_forward(playbook: Play) -> None:
    play = playbook()
    for seq in (7, 9, 8):
        tell(play, ForwardAcknowledged(at=0, output="night", seq=seq))
    assert play.station.state.forwards["night"].acknowledged == 9


def test_what_is_refused_is_put_before_a_person(playbook: Play) -> None:
    play = playbook()
    tell(play, ForwardAcknowledged(at=0, output="night", seq=20, refused=tuple(range(1, 20)), detail="answered DUH"))
    (case,) = play.station.state.cases.values()
    signal = case.signals[0].signal
    assert (signal.code, signal.text) == (
        "output_refused", "night: entries 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 …: answered DUH",
    )  # fmt: skip


@pytest.mark.parametrize(
    "asked",
    [{"reason": " "}, {"lasts_s": 30}, {"lasts_s": 8 * 86_400}, {"output": "moat"}],
    ids=["no reason", "too short", "too long", "no such output"],
)
def test_a_word_needs_a_reason_and_an_end(playbook: Play, asked: dict[str, object]) -> None:
    play = playbook()
    tell(play, ForwardAcknowledged(at=0, output="night", seq=1))
    ask(play, **asked)  # type: ignore[arg-type]  # – one of its keywords
    assert not play.station.state.forwards["night"].switches
    assert not any(key.startswith("forward/") for key in play.station.state.deadlines)


def test_a_word_holds_from_when_it_was_said_until_its_end(playbook: Play) -> None:
    play = playbook()
    tell(play, ForwardAcknowledged(at=0, output="night", seq=1))
    said_at = play.now
    ask(play, on=True)
    state = play.station.state.forwards["night"]
    assert "forward/night/end" in play.station.state.deadlines
    switch = state.switches[-1]
    assert (state.switch_at(said_at - HOUR), state.switch_at(switch.at), state.switch_at(switch.until)) == (
        None, switch, None,
    )  # fmt: skip


def test_the_last_word_counts_and_only_so_many_are_kept() -> None:
    words = tuple(Switch(on=bool(n % 2), at=n, until=100, by="x", reason="y") for n in range(SWITCHES_MAX))
    state = ForwardState(switches=words)
    assert state.switch_at(3) == words[3]
    assert state.switch_at(99) == words[-1]
