"""Who may have an output switched, what stands against it, and what is known afterwards."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from arcd.core.effects import SwitchRelay
from arcd.core.facts import (
    EffectOutcome,
    EffectReported,
    IdentityChecked,
    IdentityOutcome,
    RelayAction,
    RelayRequested,
    SiteImported,
)
from arcd.core.field import Relay, RelayKind
from arcd.core.relays.switching import EXPIRES_S, REASON_CHARS_MAX
from arcd.core.site import Account, Contact, ContactRole, Site, System
from tests.playbook import COLLEAGUE, NS, OPERATOR, After, Panel, Playbook
from tests.sites import LOOK, a_site, plan, rules

RELAYS = (
    Relay(id="gate", device="plc", coil=3, kind=RelayKind.GATE, pulse_s=3.0, interlock="lock", feedback=9),
    Relay(id="inner", device="plc", coil=4, kind=RelayKind.DOOR, pulse_s=3.0, interlock="lock", identity_level=1),
    Relay(id="siren", device="plc", coil=5, kind=RelayKind.SIREN),
)


def the_site(*, services: tuple[str, ...] = ("door_opening",), relays: tuple[Relay, ...] = RELAYS) -> Site:
    system = System(id="building", kind="access", accounts=(Account(number="1001"),), relays=relays)
    contacts = (
        Contact(id="helmi", name="Helmi", roles=(ContactRole.DOOR_OPEN_AUTHORITY,)),
        Contact(id="onni", name="Onni", roles=(ContactRole.KEY_HOLDER,)),
    )
    return replace(a_site(systems=(system,), services=services), contacts=contacts)


def verified(contact: str = "helmi", level: int = 2) -> IdentityChecked:
    return IdentityChecked(
        at=0, site_id="S-1", contact_id=contact, outcome=IdentityOutcome.PASSED, level=level, actor=OPERATOR
    )


def asked(relay: str = "siren", action: RelayAction = RelayAction.ON, **fields: object) -> RelayRequested:
    settings = {"site_id": "S-1", "reason": "Intruder", "actor": OPERATOR} | fields
    return RelayRequested(at=0, relay_id=relay, action=action, **settings)  # type: ignore[arg-type]  # – shorthand


def opened(relay: str = "gate", check: str = "I10", **fields: object) -> RelayRequested:
    return asked(relay, RelayAction.PULSE, requested_by="helmi", identity_check=check, **fields)


def reported(effect: str, outcome: EffectOutcome = EffectOutcome.DELIVERED, detail: str = "d") -> EffectReported:
    return EffectReported(at=0, effect_id=effect, outcome=outcome, detail=detail)


def refusal(play: Playbook) -> str:
    """The rule that the last request was refused by."""
    play << ...
    (answer,) = (effect for effect in play.effects if hasattr(effect, "rule"))
    assert not answer.granted, answer
    assert answer.message.endswith((".", ")"))
    return str(answer.rule)


def test_a_gate_is_opened_for_a_verified_contact() -> None:
    play = Playbook(sites=[the_site()])
    play >> verified() << ...
    play >> opened()
    (
        play
        << """
        relay.asked relay=S-1/gate action=pulse by=os:matti reason=Intruder requested_by=helmi
        relay E11 S-1/gate on for 3 s
        granted E11
        """
    )
    (effect,) = (effect for effect in play.effects if isinstance(effect, SwitchRelay))
    assert effect.expires_at == play.now + int(EXPIRES_S * NS)
    assert (effect.device, effect.coil, effect.feedback, effect.excludes) == ("plc", 3, 9, (("plc", 4),))
    play >> reported("E11") << "effect id=E11 attempt=1 outcome=delivered detail=d"
    assert not play.station.state.relays
    play.end()


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"requested_by": ""}, "R-29"),
        ({"requested_by": "nobody"}, "R-29"),
        ({"requested_by": "onni"}, "R-29"),
        ({"identity_check": ""}, "R-29"),
        ({"identity_check": "I99"}, "R-29"),
        ({"reason": " "}, "R-31"),
        ({"reason": "x" * (REASON_CHARS_MAX + 1)}, "R-31"),
        ({"case_id": "C99"}, "relay.case"),
        ({"relay_id": "moat"}, "relay.unknown"),
        ({"site_id": "S-9"}, "relay.unknown"),
        ({"action": RelayAction.ON}, "relay.action"),
        ({"action": RelayAction.SETTLE}, "relay.known"),
    ],
)
def test_a_gate_stays_shut(fields: dict[str, object], rule: str) -> None:
    play = Playbook(sites=[the_site()])
    play >> verified() << ...
    play >> replace(opened(), **fields)
    assert refusal(play) == rule
    assert not play.station.state.relays
    play.end()


def test_the_level_is_the_doors_own() -> None:
    play = Playbook(sites=[the_site()])
    play >> verified(level=1) << ...
    play >> opened("gate")
    assert refusal(play) == "R-29"
    play >> opened("inner") << ...
    assert "S-1/inner" in play.station.state.relays


def test_a_check_gets_old() -> None:
    play = Playbook(sites=[the_site()])
    play >> verified() << ...
    play >> After(601) << ...
    play >> opened()
    assert refusal(play) == "R-29"


def test_the_contract_has_to_include_it() -> None:
    play = Playbook(sites=[the_site(services=())])
    play >> verified() << ...
    play >> opened()
    assert refusal(play) == "R-32"
    play >> asked("siren") << ...
    assert "S-1/siren" in play.station.state.relays, "a siren lets nobody in"


def test_two_of_a_group_are_never_on_together() -> None:
    play = Playbook(sites=[the_site()])
    play >> verified() << ...
    play >> opened("gate") << ...
    play >> opened("inner")
    assert refusal(play) == "relay.interlock"
    play >> reported("E11", EffectOutcome.UNKNOWN) << ...
    play >> opened("inner")
    assert refusal(play) == "relay.interlock", "nor while nobody knows"
    play >> asked("gate", RelayAction.SETTLE, reason="Looked: shut") << ...
    play >> opened("inner") << ...
    assert "S-1/inner" in play.station.state.relays
    play.end()


def test_a_switch_is_on_until_it_is_off() -> None:
    play = Playbook(sites=[the_site()])
    play >> asked() << ...
    play >> asked(actor=COLLEAGUE)
    assert refusal(play) == "relay.busy"
    play >> reported("E10") << ...
    assert play.station.state.relays["S-1/siren"].status == "on"
    play >> asked(action=RelayAction.PULSE)
    assert refusal(play) == "relay.action"
    play >> asked(action=RelayAction.OFF) << ...
    play >> reported("E14", EffectOutcome.FAILED) << ...
    assert play.station.state.relays["S-1/siren"].status == "on", "it still howls"
    play >> asked(action=RelayAction.OFF) << ...
    play >> reported("E16") << ...
    assert not play.station.state.relays
    play.end()


@pytest.mark.parametrize("outcome", [EffectOutcome.FAILED, EffectOutcome.REFUSED, EffectOutcome.UNKNOWN])
def test_what_did_not_come_about_is_before_a_person_and_never_repeated(outcome: EffectOutcome) -> None:
    play = Playbook(sites=[the_site()])
    play >> asked() << ...
    play >> reported("E10", outcome, "no answer in time") << ...
    (case,) = play.station.state.cases.values()
    assert case.signals[0].signal.code == "relay_failed"
    assert case.signals[0].signal.text == f"siren: {outcome.value}: no answer in time"
    assert case.site_id == "S-1"
    assert not play.station.state.pending
    assert not [key for key in play.deadlines() if key.startswith("effect/")]
    is_unknown = outcome is EffectOutcome.UNKNOWN
    assert ("S-1/siren" in play.station.state.relays) is is_unknown
    play.end()


def test_what_nobody_knows_stays_so_until_somebody_has_looked() -> None:
    play = Playbook(sites=[the_site()])
    play >> asked() << ...
    play >> reported("E10", EffectOutcome.UNKNOWN) << ...
    play >> asked()
    assert refusal(play) == "relay.unknown_state"
    play >> asked(action=RelayAction.OFF) << ...
    play >> reported("E13") << ...
    play >> asked() << ...
    play.end()


def test_it_belongs_to_the_case_it_was_asked_for() -> None:
    panel = Panel()
    play = Playbook(sites=[the_site()])
    play >> panel.sia("BA", zone="1") << ...
    play >> asked(case_id="C10") << ...
    assert "case/C10" in play.stepped.refs or play.stepped.subject == "case/C10"
    play >> reported("E11") << ...
    assert "case/C10" in (play.stepped.subject, *play.stepped.refs)
    play.end()


def test_the_step_it_was_asked_for_is_done_when_it_has_been_read_back() -> None:
    announce = "- {id: announce, kind: announce, title: {fi: K, sv: U, en: Announce}, mandatory: true}\n" + LOOK
    sources = rules(plan("look", announce), {"BA": "look"})
    play = Playbook(sites=[the_site()], sources=sources)
    play >> Panel().sia("BA", zone="1") << ...
    for wrong in ({"step_id": "nothing"}, {"step_id": "announce", "case_id": ""}):
        play >> asked(**({"case_id": "C10", "step_id": "announce"} | wrong))
        assert refusal(play) == "relay.step"
    play >> asked(case_id="C10", step_id="announce") << ...
    assert str(_status(play)) == "active"
    play >> reported("E13", EffectOutcome.FAILED) << ...
    assert str(_status(play)) == "active", "it is the operator's to try again, or to say why not"
    play >> asked(case_id="C10", step_id="announce") << ...
    play >> reported("E15") << ...
    assert str(_status(play)) == "done"
    play >> asked(action=RelayAction.OFF, case_id="C10", step_id="announce")
    assert refusal(play) == "relay.step"
    play.end()


def _status(play: Playbook) -> object:
    step = play.case().step("announce")
    assert step is not None
    return step.status


def test_a_relay_that_leaves_the_site_base_is_in_nobodys_way() -> None:
    play = Playbook(sites=[the_site()])
    play >> asked() << ...
    play >> SiteImported(at=0, site=the_site(relays=RELAYS[:2]), actor=OPERATOR) << ...
    assert not play.station.state.relays
    play >> reported("E10", EffectOutcome.UNKNOWN) << ...
    assert not play.station.state.cases
    play.end()
