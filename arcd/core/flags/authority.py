"""Who may put a site on test or out of service, and on whose word (requirements 4.2, R-29, R-61…R-65).

One rule: a refusal names the rule and says what would be accepted. What is soft warns, and wants a reason.
"""

from __future__ import annotations

from arcd.core.facts import FlagKind, FlagStartRequested, Scope
from arcd.core.flags.erc_hours import outside_test_hours
from arcd.core.flags.local_days import next_start
from arcd.core.identity.checking import recent_check
from arcd.core.site import Contact, ContactRole, ErcContract, ErcTestRight, Site, System
from arcd.core.turn import Turn

Refusal = tuple[str, str] | None

# Instead of an identity check: the operator's own word, or a technician's work order.
OPERATOR = "operator"
WORK_ORDER = "work_order"
IDENTITY_LEVEL_MIN = 1  # requirements 4.7, on-test
MAY_ASK = frozenset({ContactRole.ON_TEST_AUTHORITY, ContactRole.ALARM_CONTACT})

# without a contract in force there is no right to test. A termination leaves it until the end date (1.4).
CONTRACT_ALLOWS = frozenset({ErcContract.IN_FORCE, ErcContract.TERMINATION_NOTICED})


def erc_systems(site: Site, scope: Scope) -> tuple[System, ...]:
    """Systems connected to the emergency response centre that the scope can touch.

    Areas and zones do not narrow it: a panel may send zones that are in no site base.
    """
    return tuple(
        system
        for system in site.systems
        if system.erc_device is not None and (not scope.systems or system.id in scope.systems)
    )


def person_refusal(turn: Turn, fact: FlagStartRequested, site: Site) -> Refusal:
    contact = site.contact(fact.requested_by) if fact.requested_by else None
    if fact.requested_by and contact is None:
        return "R-29", f"No contact {fact.requested_by} at {site.id}; `arcctl sites show {site.id}` lists them."
    connected = erc_systems(site, fact.scope)
    if connected and (contact is None or ContactRole.ALARM_CONTACT not in contact.roles):
        return "R-62", _only_alarm_contacts(site, connected)
    if fact.verified_how == WORK_ORDER and not connected:
        return None if fact.work_order.strip() else ("flag.work_order", "Name the technician's work order.")
    if fact.verified_how == OPERATOR and not connected:
        return None
    if contact is None:
        return "R-29", (
            "Say on whose word: a contact and the identity check made of them just now, or verified_how operator "
            "if it is your own decision."
        )
    if not MAY_ASK & set(contact.roles):
        return "flag.person", (
            f"{contact.id} may not ask for it: the site base does not name them on_test_authority. "
            f"{_who_may(site, MAY_ASK)}"
        )
    check = recent_check(turn, site.id, contact.id, fact.identity_check) if fact.identity_check else None
    if check is None or check.level < IDENTITY_LEVEL_MIN:
        return "R-29", (
            f"{contact.id} is not verified: an identity check of the last 10 minutes is needed "
            f"(`arcctl test verify {site.id} {contact.id}`)."
        )
    return None


def _only_alarm_contacts(site: Site, connected: tuple[System, ...]) -> str:
    devices = ", ".join(f"{system.erc_device} (system {system.id})" for system in connected)
    return (
        f"Device {devices} is connected to the emergency response centre: only a verified contact with the role "
        f"alarm_contact may do this. {_who_may(site, frozenset({ContactRole.ALARM_CONTACT}))}"
    )


def _who_may(site: Site, roles: frozenset[ContactRole]) -> str:
    names = [contact.id for contact in site.contacts if roles & set(contact.roles)]
    return f"At {site.id}: {', '.join(names)}." if names else f"At {site.id} there is none: add one to the site base."


def contract_refusal(kind: FlagKind, connected: tuple[System, ...]) -> Refusal:
    """R-64, R-65: hard where the state is known. They speak of tests; what has no contract may be switched off."""
    if kind is not FlagKind.ON_TEST:
        return None
    for system in connected:
        device = f"device {system.erc_device} (system {system.id})"
        if system.erc_test_right is ErcTestRight.SUSPENDED_UNPAID:
            return "R-65", f"The right to test {device} is suspended while invoices are unpaid: have them paid first."
        if system.erc_contract is not None and system.erc_contract not in CONTRACT_ALLOWS:
            return "R-64", f"The contract on {device} is {system.erc_contract.value}: without one it may not be tested."
        if system.erc_test_right in (ErcTestRight.NONE, ErcTestRight.SUSPENDED_NO_CONTRACT):
            return "R-64", f"There is no right to test {device} ({system.erc_test_right.value})."
    return None


def hours_refusal(fact: FlagStartRequested, starts_at: int, connected: tuple[System, ...]) -> Refusal:
    """R-63 is soft: outside of it a reason is enough."""
    wrong = outside_test_hours(starts_at) if fact.kind is FlagKind.ON_TEST and connected else None
    if wrong is None or fact.override_reason.strip():
        return None
    return "R-63", f"Not then: {wrong}. Choose another time, or give an override reason."


def first_start(turn: Turn, fact: FlagStartRequested, site: Site) -> int:
    earliest = max(turn.at, fact.starts_at or turn.at)
    if fact.recurrence is None:
        return earliest
    working_days = bool(erc_systems(site, fact.scope))
    return next_start(fact.recurrence, site.timezone, earliest - 1, working_days=working_days)


def warnings(fact: FlagStartRequested, flag_id: str, starts_at: int, connected: tuple[System, ...]) -> list[str]:
    """What the one who asked should hear although it was granted."""
    if not connected:
        return []
    devices = ", ".join(system.erc_device or "" for system in connected)
    if fact.kind is FlagKind.MAINTENANCE:
        return [
            f"R-67: tell the emergency response centre that device {devices} is disconnected, and again when it is "
            f"back; record both with `arcctl maintenance notice {flag_id} start|end`."
        ]
    wrong = outside_test_hours(starts_at)
    return [
        *([f"R-63: {wrong}."] if wrong is not None else []),
        f"R-66: the tester calls the emergency response centre first and names device {devices}; "
        f"record it with `arcctl test notice {flag_id}`.",
    ]


def requester(site: Site | None, contact_id: str) -> Contact | None:
    return site.contact(contact_id) if site is not None and contact_id else None
