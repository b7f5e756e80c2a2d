"""The gate before an authority is told (R-80, decision table of requirements 4.9): eight checks, each a named result.

One rule: life safety is never refused for what it is. What would refuse it asks an operator to confirm; what is only a
formality (contract, verification) does not even ask. A second report of the same matter is refused to all.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from arcd.core.case.authority.model import AuthorityStatus, Check, CheckResult
from arcd.core.case.authority.policy import EscalationPolicy
from arcd.core.case.model import Case, DispatchStatus
from arcd.core.site import Site
from arcd.core.turn import NS, Turn
from protocols.signals import LIFE_SAFETY, Category, Qualifier

# requirements 4.9: what an emergency centre is told about at all.
ALARMS = LIFE_SAFETY | {Category.INTRUSION, Category.TAMPER}
# The building, or nobody knows yet: an operator may have learned that it is an emergency.
UNCERTAIN = frozenset({Category.TECHNICAL, Category.UNKNOWN})
# Services of a contract that include telling an authority (S0:11 is part of alarm monitoring).
SERVICES = frozenset({"alarm_monitoring", "erc_escalation"})

CANCELLED = "cancelled"  # the disposition proposed for what a user has taken back (rules/cases/alarm.yaml)
LEVEL_SEEN = 3  # requirements 2.5: a confirmed threat to property
LEVEL_HUMAN = 2  # somebody is probably there
LEVEL_LIFE_SAFETY = 2  # a fire detector or a hold-up button nobody has looked into yet
LEVEL_ALARM = 1

P, C, R = CheckResult.PASSED, CheckResult.CONFIRM, CheckResult.REFUSED
Finding = tuple[CheckResult, str]


class Matter(Struct, frozen=True, kw_only=True):
    """What the checks look at."""

    turn: Turn
    case: Case
    site: Site | None
    policy: EscalationPolicy
    news: str  # what an operator has to tell; "" for a machine
    by_operator: bool
    life_safety: bool
    level: int


def checks(turn: Turn, case: Case, policy: EscalationPolicy, *, news: str = "", by_operator: bool) -> tuple[Check, ...]:
    matter = Matter(
        turn=turn,
        case=case,
        site=turn.state.sites.get(case.site_id),
        policy=policy,
        news=news,
        by_operator=by_operator,
        life_safety=is_life_safety(case),
        level=level_of(case),
    )
    found = []
    for name, check in CHECKS.items():
        result, because = check(matter)
        found.append(Check(name=name, result=result, because=because))
    return tuple(found)


def is_life_safety(case: Case) -> bool:
    """The case, or any alarm that joined it."""
    return case.category in LIFE_SAFETY or any(
        attached.signal.category in LIFE_SAFETY and attached.signal.qualifier is not Qualifier.RESTORE
        for attached in case.signals
    )


def level_of(case: Case) -> int:
    """Verification level 0-4 (requirements 2.5): what a person has said, else what the machine proposes and the least
    that this kind of alarm stands for. 0 only where a person has said so."""
    if guard_asks(case):
        return max(case.verification, LEVEL_SEEN)
    if case.verified_by:
        return case.verification
    return max(case.verification, LEVEL_LIFE_SAFETY if is_life_safety(case) else LEVEL_ALARM)


def guard_asks(case: Case) -> bool:
    return any(dispatch.status is DispatchStatus.NEEDS_AUTHORITY for dispatch in case.dispatches)


def is_cancelled(turn: Turn, case: Case) -> bool:
    """By a user's cancel or opening that the machine takes for one (`arcd.core.conditioning.cancels`).

    Where life is at stake a cancel opens a case of its own beside it, because it is not believed.
    """
    if case.proposal == CANCELLED or any(attached.signal.category is Category.CANCEL for attached in case.signals):
        return True
    beside = (turn.state.cases.get(other) for other in turn.state.open_by_site.get(case.site_id) or ())
    return is_life_safety(case) and any(
        other is not None and other.category is Category.CANCEL and other.opened_at >= case.opened_at
        for other in beside
    )


def is_on_test(turn: Turn, case: Case) -> bool:
    """Whether a flag in force covers any of the case's signals: then this is, or may be, somebody's test.

    A flag on another part of the site says nothing about this matter.
    """
    flags = [
        flag
        for flag in turn.state.flags.values()
        if flag.site_id == case.site_id and flag.starts_at <= turn.at < flag.until
    ]
    return any(flag.covers(attached.system_id, attached.signal) for flag in flags for attached in case.signals)


def erc_device(site: Site | None, case: Case) -> str:
    """The number of the device that has alarmed the emergency centre by itself; "" for none."""
    systems = {attached.system_id for attached in case.signals}
    found = (system.erc_device for system in (site.systems if site else ()) if system.id in systems)
    return next((device for device in found if device), "")


# --------------------------------------------------------------------------------------------------------- the checks


def _category(matter: Matter) -> Finding:
    category = matter.case.category
    if matter.life_safety:
        return P, "life_safety"
    if category in ALARMS:
        return P, "category_alarm"
    if guard_asks(matter.case):
        return P, "guard_asks"
    if category is None or category in UNCERTAIN:
        return C, "category_uncertain"
    return R, "category_fault"


def _verification(matter: Matter) -> Finding:
    if matter.level == 0:
        # A person has said that nothing is the matter. Where life may be at stake, a person may also say otherwise.
        return (C, "level_0_life") if matter.life_safety else (R, "level_0")
    if matter.life_safety:
        return P, "life_safety"
    if guard_asks(matter.case):
        return P, "guard_asks"
    if matter.level >= LEVEL_SEEN:
        return P, "level_3"
    if matter.level >= LEVEL_HUMAN:
        return (P, "level_2_decided") if matter.by_operator else (C, "level_2")
    return C, "level_1"


def _on_test(matter: Matter) -> Finding:
    return (C, "on_test") if is_on_test(matter.turn, matter.case) else (P, "not_on_test")


def _not_reported(matter: Matter) -> Finding:
    notification = matter.case.authority
    if notification is None or not notification.is_told:
        return P, "not_reported"
    if notification.status is AuthorityStatus.CANCELLED:
        return C, "reported_cancelled"
    return R, "calling" if notification.status is AuthorityStatus.CALLING else "reported"


def _device_route(matter: Matter) -> Finding:
    if not erc_device(matter.site, matter.case):
        return P, "device_private"
    return (P, "device_same_event") if matter.news.strip() else (C, "device_connected")


def _consent(matter: Matter) -> Finding:
    if matter.life_safety:
        return P, "life_safety"
    if matter.site is not None and SERVICES & set(matter.site.services):
        return P, "contract"
    return C, "no_contract"


def _cancel(matter: Matter) -> Finding:
    if not is_cancelled(matter.turn, matter.case):
        return P, "not_cancelled"
    # A cancel in an emergency may be forced: it is told, and not believed (requirements 4.4, abort).
    return (P, "cancel_not_believed") if matter.life_safety else (C, "cancelled")


def _age(matter: Matter) -> Finding:
    too_old = alarm_age_s(matter.turn, matter.case) > matter.policy.age_max_s
    return (C, "too_old") if too_old else (P, "fresh")


def alarm_age_s(turn: Turn, case: Case) -> float:
    """Since the newest alarm of the case, by the panel's clock where that is earlier than ours."""
    instants = [
        min(attached.at, attached.signal.occurred_at or attached.at)
        for attached in case.signals
        if attached.signal.qualifier is not Qualifier.RESTORE and attached.signal.category is not Category.CANCEL
    ]
    return (turn.at - max(instants, default=case.opened_at)) / NS


CHECKS: dict[str, Callable[[Matter], Finding]] = {
    "category": _category,
    "verification": _verification,
    "on_test": _on_test,
    "not_reported": _not_reported,
    "device_route": _device_route,
    "consent": _consent,
    "cancel": _cancel,
    "age": _age,
}
