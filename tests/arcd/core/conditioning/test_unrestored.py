"""requirements 4.4, unrestored follow-up: alarm 4 h, trouble 24 h, fire detector disabled 1 h; lists at arming."""

from __future__ import annotations

import pytest

from arcd.core.conditioning.unrestored import FIRE_DISABLED_S, SHOWN_MAX
from tests.arcd.core.conditioning.scene import HOUR, SHIPPED, a_play, noted, tell, wait
from tests.playbook import Panel, Playbook

LIMITS = {"unrestored_alarm_s": 4 * HOUR, "unrestored_trouble_s": 24 * HOUR}


def following() -> tuple[Playbook, Panel]:
    return a_play(**LIMITS), Panel()


def tickets(play: Playbook) -> list[str]:
    return [case.id for case in play.station.state.cases.values() if case.fold_key == "S-1|unrestored|"]


@pytest.mark.parametrize(
    ("code", "after_s"),
    [("BA", 4 * HOUR), ("HA", 4 * HOUR), ("AT", 24 * HOUR), ("FB", FIRE_DISABLED_S), ("BB", 24 * HOUR)],
)
def test_a_task_after_its_time_and_once(code: str, after_s: float) -> None:
    play, panel = following()
    tell(play, panel.sia(code, zone="3"))
    wait(play, after_s - 1)
    assert tickets(play) == []
    wait(play, 1)
    (ticket,) = tickets(play)
    assert play.case(ticket).signals[0].signal.text == f"{code} 3 (10)"
    wait(play, 9999)
    assert play.case(ticket).signal_count == 1
    play.end()


def test_restored_in_time() -> None:
    play, panel = following()
    tell(play, panel.sia("BA", zone="3"))
    wait(play, 4 * HOUR - 1)
    tell(play, panel.sia("BR", zone="3"))
    wait(play, 24 * HOUR)
    assert tickets(play) == []
    play.end()


def test_the_site_has_one_deadline_and_it_moves_on() -> None:
    play, panel = following()
    tell(play, panel.sia("AT"))
    wait(play, HOUR)
    tell(play, panel.sia("BA", zone="3"))
    tell(play, panel.sia("BA", zone="4"))
    assert play.deadlines()["site/S-1/unrestored"] == 4 * HOUR
    wait(play, 4 * HOUR)
    (ticket,) = tickets(play)
    assert [word for word in (play.case(ticket).signals[0].signal.text or "").split() if "(" not in word] == [
        "BA", "3", "BA", "4",
    ]  # fmt: skip
    assert play.deadlines()["site/S-1/unrestored"] == 19 * HOUR
    wait(play, 19 * HOUR)
    assert play.case(ticket).signal_count == 2
    play.end()


def test_it_is_a_matter_for_maintenance() -> None:
    play, panel = a_play(sources=SHIPPED, **LIMITS), Panel()
    tell(play, panel.sia("BA", zone="3"))
    wait(play, 4 * HOUR)
    (ticket,) = tickets(play)
    assert (play.case(ticket).type, play.case(ticket).priority.value) == ("service_request", "P4")


@pytest.mark.parametrize("code", ["CL", "OP"])
def test_arming_and_disarming_list_what_stands(code: str) -> None:
    play, panel = following()
    tell(play, panel.sia("BA", zone="03"))
    tell(play, panel.sia("BA", zone="4"))
    tell(play, panel.sia("BR", zone="4"))
    tell(play, panel.sia(code, zone="7"))
    assert noted(play, "unrestored") == [{"site": "S-1", "count": 1, "what": "BA 3 (10)"}]
    play.end()


def test_a_long_list_is_counted() -> None:
    play, panel = following()
    for number in range(SHOWN_MAX + 5):
        tell(play, panel.sia("BA", zone=str(10 + number)))
    tell(play, panel.sia("CL", zone="7"))
    (note,) = noted(play, "unrestored")
    assert note["count"] == SHOWN_MAX + 5
    assert str(note["what"]).count(",") == SHOWN_MAX - 1
    play.end()


def test_nobody_is_asked_where_the_site_wants_nobody_asked() -> None:
    play, panel = a_play(), Panel()
    tell(play, panel.sia("BA", zone="3"))
    assert not any(key.startswith("site/") for key in play.deadlines())
    play.end()
