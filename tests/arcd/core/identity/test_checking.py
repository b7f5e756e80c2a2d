from __future__ import annotations

import pytest
from msgspec.structs import replace

from arcd.core.effects import Answer
from arcd.core.facts import IdentityOutcome, Scope
from arcd.core.identity.model import ATTEMPTS_WINDOW_S, CHECKS_KEPT_MAX, VALID_S
from protocols.signals import Category
from tests.arcd.core.conftest import Play
from tests.arcd.core.flags.scene import identity, start, the_site
from tests.playbook import After, Playbook
from tests.sites import a_site

FAILED, DURESS = IdentityOutcome.FAILED, IdentityOutcome.DURESS
A_NS = 1e-9


def answer(play: Playbook) -> Answer:
    (found,) = (effect for effect in play.effects if isinstance(effect, Answer))
    return found


def test_a_verified_contact_may_ask_for_ten_minutes(playbook: Play) -> None:
    play = playbook(sites=[the_site()])
    play >> identity()
    (
        play
        << """
        identity.verified site=S-1 contact=helmi by=os:matti level=1
        granted I10
        """
    )
    assert answer(play).message == "helmi is verified, level 1; it counts for 10 minutes."
    asked = start(verified_how="", requested_by="helmi", identity_check="I10")
    play >> After(VALID_S) >> asked << ...
    assert answer(play).granted
    play >> After(A_NS) >> asked << ...
    assert answer(play).rule == "R-29"
    assert "`arcctl test verify S-1 helmi`" in answer(play).message


def test_three_wrong_words_in_fifteen_minutes_close_the_door(playbook: Play) -> None:
    play = playbook(sites=[the_site()])
    play >> identity(FAILED) << ...
    assert answer(play).message == "Not verified: the word is not helmi's. 2 more tries within 15 minutes."
    play >> After(60) >> identity(FAILED) << ...
    assert "1 more try within 15 minutes." in answer(play).message
    play >> After(60) >> identity(FAILED) << ...
    assert (answer(play).rule, "no more tries for 13 min" in answer(play).message) == ("R-29", True)
    play >> identity() << ...
    assert answer(play).rule == "identity.attempts", "the right word too"
    assert not play.station.state.contact_checks["S-1/helmi"].checks
    play >> identity(contact="alma") << ...
    assert answer(play).granted, "of one contact only"


@pytest.mark.parametrize(("waited_s", "granted"), [(ATTEMPTS_WINDOW_S - 1e-6, False), (ATTEMPTS_WINDOW_S, True)])
def test_the_window_slides_with_the_first_attempt(playbook: Play, waited_s: float, granted: bool) -> None:
    play = playbook(sites=[the_site()])
    for _ in range(3):
        play >> identity(FAILED) << ...
    play >> After(waited_s) >> identity() << ...
    assert answer(play).granted is granted


def test_refused_attempts_do_not_make_it_longer(playbook: Play) -> None:
    play = playbook(sites=[the_site()])
    for _ in range(6):
        play >> identity(FAILED) << ...
        play >> After(60)
    play >> After(ATTEMPTS_WINDOW_S - 360) >> identity() << ...
    assert answer(play).granted


def test_the_right_word_forgets_the_wrong_ones(playbook: Play) -> None:
    play = playbook(sites=[the_site()])
    for _ in range(2):
        play >> identity(FAILED) << ...
        play >> identity(FAILED) << ...
        play >> identity() << ...
        assert answer(play).granted


def test_a_duress_word_is_answered_like_the_right_one_and_opens_a_silent_case(playbook: Play) -> None:
    quiet, threatened = playbook(sites=[the_site()]), playbook(sites=[the_site()])
    quiet >> identity() << ...
    threatened >> identity(DURESS)
    (
        threatened
        << """
        opened C10.2 duress_word x/arcd trouble P0
        case.opened C10.2 type=alarm site=S-1 priority=P0 plan=trouble
        step.started C10.2 step=finish kind=close automatic=False
        identity.verified site=S-1 contact=helmi by=os:matti level=1
        granted I10
        """
    )
    assert answer(threatened) == answer(quiet)
    assert threatened.case("C10.2").category is Category.DURESS
    asked = start(verified_how="", requested_by="helmi", identity_check="I10")
    quiet >> asked << ...
    threatened >> asked << ...
    assert answer(threatened) == answer(quiet)
    assert threatened.case("C10.2").notes[-1].text == "F11: on_test, Yearly test"


def test_later_attempts_do_not_tell_a_duress_word_from_the_right_one(playbook: Play) -> None:
    told = []
    for outcome in (IdentityOutcome.PASSED, DURESS):
        play = playbook(sites=[the_site()])
        for each in (FAILED, FAILED, outcome, FAILED, FAILED, FAILED, outcome):
            play >> identity(each) << ...
        told.append([answer for _, stepped in play.history for answer in stepped.effects if isinstance(answer, Answer)])
    assert told[0] == told[1]


def test_a_call_for_help_is_heard_behind_a_closed_door(playbook: Play) -> None:
    play = playbook(sites=[the_site()])
    for _ in range(3):
        play >> identity(FAILED) << ...
    play >> identity(DURESS) << ...
    assert answer(play).rule == "identity.attempts"
    assert play.case("C13.2").category is Category.DURESS
    assert not play.station.state.contact_checks["S-1/helmi"].checks


def test_a_test_that_names_duress_does_not_hold_it(playbook: Play) -> None:
    play = playbook(sites=[the_site()])
    play >> start(scope=Scope(categories=(Category.DURESS,))) << ...
    play >> identity(DURESS) << ...
    assert play.case("C11.2").priority.value == "P0"


def test_a_site_without_a_system_has_its_case_too(playbook: Play) -> None:
    play = playbook(sites=[the_site(systems=())])
    play >> identity(DURESS) << ...
    assert play.case("C10.2").category is Category.DURESS
    play >> identity(DURESS) << ...
    assert play.case("C10.2").signal_count == 2


@pytest.mark.parametrize("changes", [{"contact": "nobody"}, {"site": "S-9"}])
def test_nobody_can_be_verified_who_is_not_there(playbook: Play, changes: dict[str, str]) -> None:
    play = playbook(sites=[the_site()])
    play >> identity(**changes) << ...  # type: ignore[arg-type]  # – either is a word
    assert answer(play).rule == "R-29"


def test_several_operators_may_check_one_contact_and_the_oldest_check_goes(playbook: Play) -> None:
    play = playbook(sites=[the_site()])
    for _ in range(CHECKS_KEPT_MAX + 1):
        play >> identity() << ...
    kept = play.station.state.contact_checks["S-1/helmi"].checks
    assert [check.id for check in kept] == ["I11", "I12", "I13", "I14"]
    play >> start(verified_how="", requested_by="helmi", identity_check="I10") << ...
    assert answer(play).rule == "R-29"
    play >> start(verified_how="", requested_by="helmi", identity_check="I11") << ...
    assert answer(play).granted


def test_one_contacts_check_is_not_anothers(playbook: Play) -> None:
    helmi = replace(a_site("S-2", account="1002"), contacts=the_site().contacts)
    play = playbook(sites=[the_site(), helmi])
    play >> identity(contact="alma") << ...
    play >> start(verified_how="", requested_by="helmi", identity_check="I10") << ...
    assert answer(play).rule == "R-29"
    play >> start(verified_how="", requested_by="alma", identity_check="I10", site_id="S-2") << ...
    assert answer(play).rule == "R-29"
