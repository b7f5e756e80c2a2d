"""A case that has an authority to tell: rules with one step for it, a site, and what operators and machines say.

One rule: the machine is the real one; only the authority's answers are written by hand here.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from arcd.core.case.authority.model import AuthorityNotification
from arcd.core.case.authority.policy import Connector, EscalationPolicy
from arcd.core.effects import SendAlert
from arcd.core.facts import (
    Actor,
    AuthorityAction,
    AuthorityAnswered,
    AuthorityCalled,
    AuthorityRequested,
    CallAnswer,
    EffectOutcome,
    Started,
)
from arcd.core.site import Account, Site, System, Zone
from arcd.core.turn import NS
from protocols.cap.message import Alert, CapCategory, Certainty, Info, MsgType, Named, Scope, Severity, Status, Urgency
from protocols.cap.profile import cap_time
from protocols.signals import Position
from tests.playbook import OPERATOR, Panel, Playbook, outcome
from tests.sites import a_site, plan, rules

NOTIFY = """\
- id: notify-erc
  kind: notify_authority
  title: {fi: I, sv: A, en: Notify}
  mandatory: true
  recipients: erc
- {id: finish, kind: close, title: {fi: P, sv: A, en: Close}, mandatory: true}
"""
AUTOMATIC = NOTIFY.replace("  recipients", "  automatic: true\n  recipients")

MACHINE = EscalationPolicy(
    connector=Connector.CAP_HTTP, sender="arc.example", addressee="psap.example", actual=True, actual_sites=("S-1",)
)
EXERCISE = EscalationPolicy(connector=Connector.CAP_HTTP, sender="arc.example")
PHONE = EscalationPolicy()

Play = Callable[..., Playbook]


def a_told_site(*, erc_device: str | None = None, actual: bool = True, services: tuple[str, ...] = ()) -> Site:
    zones = (Zone(number="3", name="Shop floor", area="1"), Zone(number="4", name="Vault", area="1"))
    system = System(
        id="panel", kind="intrusion", accounts=(Account(number="1001"),), zones=zones, erc_device=erc_device
    )
    site = a_site(systems=(system,), services=services or ("alarm_monitoring",))
    return replace(
        site,
        municipality="Helsinki",
        position=Position(longitude=24.94, latitude=60.17),
        hazards=("Gas bottles",),
        erc_actual=actual,
        conditioning=replace(site.conditioning, cancel_window_s=300.0),
    )


def begin(
    playbook: Play,
    code: str = "HA",
    *,
    policy: EscalationPolicy = MACHINE,
    automatic: bool = True,
    cancel: str = "log",
    site: Site | None = None,
) -> Playbook:
    """A signal of this code has opened C11 (entry 10 is the start with the policy)."""
    steps = AUTOMATIC if automatic else NOTIFY
    plans = (plan("urgent", steps, priority="P0"), plan("look", NOTIFY), plan("trouble", NOTIFY, priority="P4"))
    routes = {"YC": "trouble", "AT": "trouble", "WA": "look", "TA": "look", "OC": cancel}
    play = playbook(sites=[site or a_told_site()], sources=rules(plans, routes))
    play >> Started(at=0, version="test", escalation=policy) << ...
    play >> panel_says(code) << ...
    return play


def panel_says(code: str, zone: str = "3", sequence: int = 1) -> object:
    return Panel().sia(code, zone=zone, sequence=sequence)


def told(play: Playbook, case_id: str = "C11") -> AuthorityNotification:
    notification = play.case(case_id).authority
    assert notification is not None
    return notification


def sent(play: Playbook) -> list[Alert]:
    """Everything that has left, in order, resends too."""
    return [
        effect.message
        for _, stepped in play.history
        for effect in stepped.effects
        if isinstance(effect, SendAlert) and effect.attempt == 1
    ]


def notes(play: Playbook, prefix: str = "authority.") -> list[str]:
    """Of the last step."""
    return [note.what for note in play.stepped.record.notes if note.what.startswith(prefix)]


def deliver(play: Playbook, what: EffectOutcome = EffectOutcome.DELIVERED) -> Playbook:
    notification = told(play)
    return play >> outcome(notification.messages[-1].effect_ids[-1], what) << ...


def ask(
    action: str, *, reason: str = "", text: str = "", level: int | None = None, seen_version: int = 0
) -> AuthorityRequested:
    return AuthorityRequested(
        at=0,
        case_id="C11",
        action=AuthorityAction(action),
        actor=OPERATOR,
        reason=reason,
        text=text,
        level=level,
        seen_version=seen_version,
    )


def call(
    answer: str = "accepted", *, reference: str = "P-77", person: str = "Salo", number: str = "+358 40 555 0180"
) -> Callable[[int], AuthorityCalled]:
    def tell(now: int) -> AuthorityCalled:
        return AuthorityCalled(
            at=now,
            case_id="C11",
            authority="Emergency centre",
            number=number,
            called_at=now - NS,
            answer=CallAnswer(answer),
            actor=Actor(id="os:matti"),
            person=person,
            reference=reference,
        )

    return tell


def answer(
    about: Alert,
    msg_type: MsgType = MsgType.ACK,
    note: str = "ACCEPTED;cfs=2026-1",
    *,
    identifier: str = "psap-1",
    status: Status | None = None,
    psap_status: str = "",
    later_s: int = 0,
) -> Callable[[int], AuthorityAnswered]:
    """What the authority's machine says about a message of ours; `later_s`: by its own clock."""

    def tell(now: int) -> AuthorityAnswered:
        infos = ()
        if psap_status:
            infos = (
                Info(
                    categories=(CapCategory.SECURITY,),
                    event="status",
                    urgency=Urgency.UNKNOWN,
                    severity=Severity.UNKNOWN,
                    certainty=Certainty.UNKNOWN,
                    parameters=(Named(name="psap-status", value=psap_status),),
                ),
            )
        message = Alert(
            identifier=identifier,
            sender="psap.example",
            sent=cap_time(now + later_s * NS),
            status=status or about.status,
            msg_type=msg_type,
            scope=Scope.PRIVATE,
            addresses=("arc.example",),
            note=note,
            references=(about.reference,),
            infos=infos,
        )
        return AuthorityAnswered(at=now, source="cap_http", message=message)

    return tell
