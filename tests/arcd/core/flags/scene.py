"""A site whose people may ask for tests, and the requests they make."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from arcd.core.facts import (
    SUPERVISOR,
    Actor,
    FlagEndRequested,
    FlagKind,
    FlagNoticed,
    FlagStartRequested,
    IdentityChecked,
    IdentityOutcome,
    NoticeKind,
    Scope,
    SignalPromoted,
)
from arcd.core.site import Contact, ContactRole, Site, System
from tests.playbook import NS, OPERATOR, Telling
from tests.sites import a_site

SUPERVISING = Actor(id="os:saara", roles=(SUPERVISOR,))

HELMI = Contact(
    id="helmi",
    name="Helmi",
    roles=(ContactRole.ON_TEST_AUTHORITY,),
    languages=("en",),
    email="helmi@example.invalid",
)
ONNI = Contact(id="onni", name="Onni", roles=(ContactRole.KEY_HOLDER,))
ALMA = Contact(id="alma", name="Alma", roles=(ContactRole.ALARM_CONTACT,), languages=("fi",))
CONTACTS = (HELMI, ONNI, ALMA)


def the_site(**changes: Any) -> Site:
    return replace(a_site(), contacts=CONTACTS, **changes)


def connected_site(*, other: System | None = None, **system: Any) -> Site:
    """Its system reports to the emergency response centre under device 77-1."""
    site = the_site()
    device = replace(site.systems[0], erc_device="77-1", **system)
    return replace(site, systems=(device,) if other is None else (device, other))


def start(hours: float = 2.0, **changes: Any) -> Telling:
    """An operator places a test on their own word unless the changes say otherwise."""
    fields: dict[str, Any] = {
        "kind": FlagKind.ON_TEST,
        "site_id": "S-1",
        "scope": Scope(),
        "reason": "Yearly test",
        "actor": OPERATOR,
        "verified_how": "operator",
    } | changes

    def tell(now: int) -> FlagStartRequested:
        begins = fields.get("starts_at") or now
        return FlagStartRequested(at=now, **({"until": begins + round(hours * 3600 * NS)} | fields))

    return tell


def maintain(hours: float = 48.0, **changes: Any) -> Telling:
    return start(hours, **({"kind": FlagKind.MAINTENANCE, "reason": "Glazing"} | changes))


def end(flag_id: str = "F10", reason: str = "Done", *, whole_series: bool = False) -> FlagEndRequested:
    return FlagEndRequested(at=0, flag_id=flag_id, reason=reason, actor=OPERATOR, whole_series=whole_series)


def notice(kind: NoticeKind, flag_id: str = "F10", **changes: Any) -> FlagNoticed:
    return FlagNoticed(at=0, flag_id=flag_id, kind=kind, **({"to": "Test line", "actor": OPERATOR} | changes))


def promote(seq: int, *, index: int = 0, reason: str = "It burns") -> SignalPromoted:
    return SignalPromoted(at=0, site_id="S-1", signal_seq=seq, index=index, reason=reason, actor=OPERATOR)


def identity(
    outcome: IdentityOutcome = IdentityOutcome.PASSED, *, contact: str = "helmi", site: str = "S-1", level: int = 1
) -> IdentityChecked:
    return IdentityChecked(at=0, site_id=site, contact_id=contact, outcome=outcome, level=level, actor=OPERATOR)
