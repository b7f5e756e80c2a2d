"""Who may: every refusal by the name of its rule."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from arcd.core.effects import Answer
from arcd.core.facts import FlagKind, Scope
from arcd.core.site import ErcContract, ErcTestRight, System
from tests.arcd.core.conftest import Play
from tests.arcd.core.flags.scene import connected_site, identity, maintain, start, the_site
from tests.playbook import Playbook

BY_HELMI = {"verified_how": "", "requested_by": "helmi", "identity_check": "I10"}
BY_ALMA = {"verified_how": "", "requested_by": "alma", "identity_check": "I10"}
OTHER = System(id="video", kind="video")


def answer(play: Playbook) -> Answer:
    (found,) = (effect for effect in play.effects if isinstance(effect, Answer))
    return found


def helsinki(local: str) -> int:
    return int(datetime.fromisoformat(local).replace(tzinfo=ZoneInfo("Europe/Helsinki")).timestamp()) * 10**9


@pytest.mark.parametrize(
    ("changes", "rule", "told"),
    [
        ({"verified_how": ""}, "R-29", "Say on whose word"),
        ({"verified_how": "", "requested_by": "nobody"}, "R-29", "No contact nobody at S-1; `arcctl sites show S-1`"),
        ({"verified_how": "", "requested_by": "helmi"}, "R-29", "helmi is not verified"),
        (BY_HELMI | {"identity_check": "I11"}, "R-29", "helmi is not verified"),
        ({"verified_how": "code_word", "requested_by": "helmi"}, "R-29", "helmi is not verified"),
        (BY_HELMI | {"requested_by": "onni"}, "flag.person", "At S-1: helmi, alma."),
        ({"verified_how": "work_order"}, "flag.work_order", "Name the technician's work order."),
    ],
)
def test_a_test_needs_somebody_who_may_ask(playbook: Play, changes: dict[str, Any], rule: str, told: str) -> None:
    play = playbook(sites=[the_site()])
    play >> identity() << ...
    play >> start(**changes) << ...
    assert answer(play).rule == rule
    assert told in answer(play).message
    assert not play.station.state.flags


@pytest.mark.parametrize(
    ("changes", "how"),
    [
        ({}, "operator"),
        ({"verified_how": "work_order", "work_order": "TT-18"}, "work_order"),
        (BY_HELMI, "identity_check"),
        ({"requested_by": "onni"}, "operator"),  # on the operator's word; who asked is on record
    ],
)
def test_an_operator_a_technician_and_a_verified_contact_may(playbook: Play, changes: dict[str, Any], how: str) -> None:
    play = playbook(sites=[the_site()])
    play >> identity() << ...
    play >> start(**changes) << ...
    assert answer(play).granted
    flag = play.station.state.flags["F11"]
    assert (flag.verified_how, flag.placed_by) == (how, "os:matti")
    assert flag.requested_by == changes.get("requested_by", "")


@pytest.mark.parametrize("kind", list(FlagKind))
@pytest.mark.parametrize("changes", [{}, BY_HELMI, {"verified_how": "work_order", "work_order": "TT-18"}])
def test_a_connected_device_is_for_its_alarm_contacts_alone(
    playbook: Play, kind: FlagKind, changes: dict[str, Any]
) -> None:
    play = playbook(sites=[connected_site()])
    play >> identity() << ...
    play >> start(kind=kind, **changes) << ...
    assert answer(play).rule == "R-62"
    assert "Device 77-1 (system intrusion)" in answer(play).message
    assert "At S-1: alma." in answer(play).message
    assert any(note.what == "refused" for note in play.stepped.record.notes), "the refusal is on record"


def test_an_alarm_contact_has_to_be_verified_even_by_an_operators_word(playbook: Play) -> None:
    play = playbook(sites=[connected_site()])
    play >> start(requested_by="alma") << ...
    assert answer(play).rule == "R-29"
    play >> identity(contact="alma") << ...
    play >> start(**(BY_ALMA | {"identity_check": "I11"})) << ...
    assert answer(play).granted
    assert play.station.state.flags["F12"].erc_devices == ("77-1",)


def test_another_system_of_the_site_is_not_under_that_rule(playbook: Play) -> None:
    play = playbook(sites=[connected_site(other=OTHER)])
    play >> start(scope=Scope(systems=("video",))) << ...
    assert answer(play).granted
    assert answer(play).message == ""
    play >> start(scope=Scope(zones=("3",))) << ...
    assert answer(play).rule == "R-62", "a zone alone does not say whose it is"


@pytest.mark.parametrize(
    ("system", "rule"),
    [
        ({"erc_contract": ErcContract.IN_FORCE, "erc_test_right": ErcTestRight.GRANTED}, ""),
        ({"erc_contract": ErcContract.TERMINATION_NOTICED}, ""),
        ({"erc_contract": ErcContract.NONE}, "R-64"),
        ({"erc_contract": ErcContract.DRAFT}, "R-64"),
        ({"erc_contract": ErcContract.SUBMITTED}, "R-64"),
        ({"erc_contract": ErcContract.REJECTED}, "R-64"),
        ({"erc_contract": ErcContract.ENDED}, "R-64"),
        ({"erc_contract": ErcContract.IN_FORCE, "erc_test_right": ErcTestRight.NONE}, "R-64"),
        ({"erc_test_right": ErcTestRight.SUSPENDED_NO_CONTRACT}, "R-64"),
        ({"erc_contract": ErcContract.IN_FORCE, "erc_test_right": ErcTestRight.SUSPENDED_UNPAID}, "R-65"),
    ],
)
def test_the_right_to_test(playbook: Play, system: dict[str, Any], rule: str) -> None:
    play = playbook(sites=[connected_site(**system)])
    play >> identity(contact="alma") << ...
    play >> start(**BY_ALMA) << ...
    assert answer(play).rule == rule
    play >> maintain(**BY_ALMA) << ...
    assert answer(play).granted, "what has no contract may be switched off"


@pytest.mark.parametrize(
    ("local", "granted"),
    [("2026-03-10T07:59", False), ("2026-03-10T08:00", True), ("2026-03-10T15:59", True), ("2026-03-10T16:00", False)],
)
def test_outside_its_hours_the_emergency_centres_rule_wants_a_reason(playbook: Play, local: str, granted: bool) -> None:
    play = playbook(sites=[connected_site()])
    play >> identity(contact="alma") << ...
    play >> start(starts_at=helsinki(local), **BY_ALMA) << ...
    assert answer(play).granted is granted
    if granted:
        assert answer(play).message.startswith("R-66: ")
        return
    assert answer(play).rule == "R-63"
    assert "give an override reason" in answer(play).message
    play >> start(starts_at=helsinki(local), override_reason="Shop is open all day", **BY_ALMA) << ...
    assert answer(play).granted
    assert answer(play).message.startswith("R-63: the emergency response centre takes tests from 08 to 16. R-66: ")
    assert play.station.state.flags["F12"].override_reason == "Shop is open all day"


def test_maintenance_may_begin_at_any_hour_and_says_who_must_be_told(playbook: Play) -> None:
    play = playbook(sites=[connected_site()])
    play >> identity(contact="alma") << ...
    play >> maintain(starts_at=helsinki("2026-03-14T03:00"), **BY_ALMA) << ...
    assert answer(play).granted
    assert answer(play).message.startswith("R-67: tell the emergency response centre that device 77-1")
