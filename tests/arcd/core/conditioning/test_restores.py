"""requirements 4.4, restore matching, closing by itself, and reminders of what still stands."""

from __future__ import annotations

import pytest

from protocols.signals import Category
from tests.arcd.core.conditioning.scene import SHIPPED, a_play, because, cid, noted, tell
from tests.playbook import CLOSING, Panel, Playbook, move, step

POLICY = {"auto_close_on_restore": (Category.TROUBLE, Category.SUPERVISION)}


def closing(**conditioning: object) -> tuple[Playbook, Panel]:
    return a_play(**{**POLICY, **conditioning}), Panel()  # type: ignore[arg-type] # – a site's settings


def close(play: Playbook, case_id: str = "C10") -> None:
    for asked in (
        move("acknowledge", case_id=case_id),
        step("finish", "skip", note="x", case_id=case_id),
        move("close", form=CLOSING, case_id=case_id),
    ):
        play >> asked
        play << ...


@pytest.mark.parametrize(("trouble", "restore"), [("AT", "AR"), ("YC", "YK")])
def test_a_fault_that_is_over_before_anybody_began(trouble: str, restore: str) -> None:
    play, panel = closing()
    assert tell(play, panel.sia(trouble)) == "opened"
    assert tell(play, panel.sia(restore)) == "restored"
    assert not play.case().is_open
    assert play.case().disposition == "other"
    assert noted(play, "case.settled_itself") == [{"because": "restored"}]
    play.end()


def test_the_shipped_case_type_knows_the_word_for_it() -> None:
    play, panel = a_play(sources=SHIPPED, **POLICY), Panel()
    tell(play, panel.sia("AT"))
    tell(play, panel.sia("AR"))
    assert (play.case().type, play.case().disposition) == ("service_request", "restored")
    play.end()


def test_somebody_has_begun() -> None:
    play, panel = closing()
    tell(play, panel.sia("AT"))
    play >> move("acknowledge")
    play << ...
    tell(play, panel.sia("AR"))
    assert play.case().is_open
    play.end()


def test_another_fault_still_stands() -> None:
    play, panel = closing()
    tell(play, panel.sia("AT"))
    tell(play, panel.sia("AT", zone="8"))
    tell(play, panel.sia("AR"))
    assert play.case().is_open
    tell(play, panel.sia("AR", zone="8"))
    assert not play.case().is_open
    play.end()


@pytest.mark.parametrize(("code", "restore"), [("BA", "BR"), ("TA", "TR"), ("HA", "HR"), ("FA", "FR")])
def test_an_alarm_never_closes_whatever_the_policy_says(code: str, restore: str) -> None:
    play, panel = closing(auto_close_on_restore=tuple(Category))
    tell(play, panel.sia(code, zone="3"))
    assert tell(play, panel.sia(restore, zone="3")) == "restored"
    assert play.case().is_open
    play.end()


def test_a_battery_does_not_heal() -> None:
    play, panel = closing()
    tell(play, panel.sia("YT"))
    tell(play, panel.sia("YR"))
    assert play.case().is_open
    play.end()


def test_what_the_policy_does_not_name_stays() -> None:
    play, panel = closing(auto_close_on_restore=(Category.SUPERVISION,))
    tell(play, panel.sia("AT"))
    tell(play, panel.sia("AR"))
    assert play.case().is_open
    play.end()


def test_more_signals_than_the_case_holds_are_not_judged_by_those_it_does() -> None:
    play, panel = closing()
    for _ in range(45):
        tell(play, panel.sia("AT"))
    tell(play, panel.sia("AR"))
    assert play.case().is_open
    play.end()


# ------------------------------------------------------------------------------------------------------- still present


def test_a_reminder_is_no_second_alarm() -> None:
    play, panel = closing()
    tell(play, cid(panel, "1130", zone="003"))
    assert tell(play, cid(panel, "6130", zone="003")) == "joined"
    assert because(play) == "still present since entry 10"
    assert play.case().signal_count == 2
    play.end()


def test_a_reminder_of_a_closed_matter_is_history() -> None:
    play, panel = closing()
    tell(play, cid(panel, "1130", zone="003"))
    close(play)
    assert tell(play, cid(panel, "6130", zone="003")) == "logged"
    assert because(play) == "still present since entry 10"
    play.end()


def test_not_so_for_life_safety() -> None:
    play, panel = closing()
    tell(play, cid(panel, "1110", zone="003"))
    assert tell(play, cid(panel, "6110", zone="003")) == "joined"
    close(play)
    assert tell(play, cid(panel, "6110", zone="003")) == "opened"
    play.end()


def test_a_reminder_of_what_was_never_told_counts_as_the_alarm() -> None:
    play, panel = closing()
    assert tell(play, cid(panel, "6130", zone="003")) == "opened"
    assert tell(play, cid(panel, "3130", zone="003")) == "restored"
    play.end()


def test_a_reminder_confirms_nothing() -> None:
    play, panel = closing(confirm_window_s=2700.0)
    tell(play, cid(panel, "1130", zone="003"))
    tell(play, cid(panel, "6130", zone="004"))
    assert play.case().verification == 1
    play.end()
