"""Clocks: targets, paging again and again until somebody acts (requirements 4.5)."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from arcd.core.effects import SendMail
from tests.arcd.core.case.test_engine import GATED, by_hand
from tests.arcd.core.conftest import Play
from tests.playbook import After, Panel, held, move
from tests.sites import a_centre, rules


def test_a_case_nobody_takes_pages_again_and_again(playbook: Play) -> None:
    play = playbook()
    play >> Panel().sia("BA", zone="3")
    play << ...
    play >> After(90)
    (
        play
        << """
        -- +90 case/C10/clock/acknowledge/0
        clock.passed C10 clock=acknowledge target=1 priority=P2
        """
    )
    play >> After(90)
    (
        play
        << """
        -- +180 case/C10/clock/acknowledge/1
        clock.passed C10 clock=acknowledge target=2 priority=P2
        person.called C10 because=not_acknowledged mails=1
        mail E12 to duty@example.invalid: On duty: case C10 (P2) is waiting for a person
        """
    )
    play >> After(540)
    (
        play
        << """
        -- +360 case/C10/clock/acknowledge/1
        clock.passed C10 clock=acknowledge target=2 priority=P2
        person.called C10 because=not_acknowledged mails=1
        mail E13 to duty@example.invalid: On duty: case C10 (P2) is waiting for a person
        -- +720 case/C10/clock/acknowledge/1
        clock.passed C10 clock=acknowledge target=2 priority=P2
        person.called C10 because=not_acknowledged mails=1
        mail E14 to duty@example.invalid: On duty: case C10 (P2) is waiting for a person
        """
    )
    assert play.case().attention == 4
    play >> move("acknowledge")
    play << ...
    play >> held()
    play << ...
    play >> After(1799)
    play << ""


@pytest.mark.parametrize("code", ["HA", "FA"])
def test_matters_of_life_have_the_short_targets(playbook: Play, code: str) -> None:
    play = playbook()
    play >> Panel().sia(code, zone="1")
    play << ...
    assert play.deadlines() == {"case/C10/clock/acknowledge/0": 30, "case/C10/clock/acknowledge/1": 60}


def test_a_clock_with_one_target_goes_on_calling_too(playbook: Play) -> None:
    """Every open matter has a deadline or an owner, however its author wrote the clock."""
    play = playbook(sources={**rules(), "cases/gated.yaml": GATED})
    play >> by_hand("gated")
    play << ...
    play >> After(60)
    (
        play
        << """
        -- +60 case/C10/clock/look/0
        clock.passed C10 clock=look target=1 priority=P4
        person.called C10 because=not_acknowledged mails=1
        mail E11 to duty@example.invalid: On duty: case C10 (P4) is waiting for a person
        """
    )
    assert play.deadlines() == {"case/C10/clock/look/0": 60}


def test_a_clock_runs_on_through_states_that_share_it(playbook: Play) -> None:
    play = playbook()
    play >> by_hand()
    play << ...
    play >> After(50)
    play << ""
    play >> move("start")
    play << ...
    assert play.deadlines() == {"case/C10/clock/resolution/0": 28_750, "case/C10/clock/resolution/1": 86_350}
    play >> move("complete")
    play << ...
    assert play.deadlines() == {}
    play >> move("return_to_work")
    play << ...
    assert play.deadlines() == {"case/C10/clock/resolution/0": 28_800, "case/C10/clock/resolution/1": 86_400}


@pytest.mark.parametrize(
    ("language", "subject", "body"),
    [
        (
            "fi",
            "Päivystäjä: tehtävä C10 (P2) odottaa ihmistä",
            "Murtohälytys kohteessa Shop S-1\nEsimerkkitori 2\n\n"
            "Syy: kukaan ei ole ottanut tehtävää käsittelyyn tavoiteajassa\nTehtävä: C10\nAika: 04.03.2026 14:00:00\n",
        ),
        (
            "sv",
            "Jour: ärende C10 (P2) väntar på en människa",
            "Inbrottslarm i objektet Shop S-1\nEsimerkkitori 2\n\n"
            "Orsak: ingen har tagit ärendet under behandling inom måltiden\nÄrende: C10\nTid: 04.03.2026 14:00:00\n",
        ),
        (
            "en",
            "On duty: case C10 (P2) is waiting for a person",
            "Intrusion alarm at Shop S-1\nEsimerkkitori 2\n\n"
            "Reason: nobody has taken the case within its target time\nCase: C10\nTime: 04.03.2026 14:00:00\n",
        ),
    ],
)
def test_the_person_on_duty_is_called_in_the_centres_language(
    playbook: Play, language: str, subject: str, body: str
) -> None:
    play = playbook(centre=a_centre(language=language))
    play >> Panel().sia("BA", zone="3")
    play << ...
    play >> After(180)
    play << ...
    (mail,) = (effect for effect in play.effects if isinstance(effect, SendMail))
    assert (mail.subject, mail.body) == (subject, body)


def test_without_a_person_on_duty_the_clock_calls_all_the_same(playbook: Play) -> None:
    play = playbook(centre=a_centre(on_duty=False))
    play >> Panel().sia("BA", zone="3")
    play << ...
    play >> After(180)
    (
        play
        << """
        -- +90 case/C10/clock/acknowledge/0
        clock.passed C10 clock=acknowledge target=1 priority=P2
        -- +180 case/C10/clock/acknowledge/1
        clock.passed C10 clock=acknowledge target=2 priority=P2
        person.called C10 because=not_acknowledged mails=0
        """
    )
    assert play.deadlines() == {"case/C10/clock/acknowledge/1": 180}


def test_the_supervisors_hear_of_the_first_target(playbook: Play) -> None:
    """Where the centre has named some (requirements 4.5); the person on duty is called at the second."""
    centre = a_centre()
    boss = replace(centre.contacts[0], id="boss", email="boss@example.invalid")
    centre = replace(
        centre, contacts=(*centre.contacts, boss), call_lists={**centre.call_lists, "supervisors": ("boss",)}
    )
    play = playbook(centre=centre)
    play >> Panel().sia("BA", zone="3")
    play << ...
    play >> After(90)
    (
        play
        << """
        -- +90 case/C10/clock/acknowledge/0
        clock.passed C10 clock=acknowledge target=1 priority=P2
        supervisor.told C10 because=not_acknowledged
        mail E11 to boss@example.invalid: On duty: case C10 (P2) is waiting for a person
        """
    )
