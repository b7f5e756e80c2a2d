"""A site with supervised paths, and a frame on each of them."""

from __future__ import annotations

from msgspec.structs import replace

from arcd.core.site import (
    Account,
    Centre,
    PathKind,
    Reporting,
    Site,
    System,
    TransmissionOperator,
    TransmissionPath,
    Uplink,
)
from tests.playbook import Panel, Playbook
from tests.sites import a_centre, a_site

OPERATORS = (TransmissionOperator(id="teleco", name="Teleyhtiö"), TransmissionOperator(id="netco", name="Verkkoyhtiö"))


def centre() -> Centre:
    return replace(a_centre(), transmission_operators=OPERATORS, uplinks=(Uplink(id="main", gateways=("dc09-udp",)),))


def single(category: str = "SP4", *, interval_s: float | None = 40.0, **reporting: float) -> System:
    path = TransmissionPath(id="ip", interval_s=interval_s, operator="teleco", network="apn-1")
    return System(
        id="fire", kind="intrusion", accounts=(Account(number="1001"),), category=category, paths=(path,),
        reporting=Reporting(**reporting),  # type: ignore[arg-type]  # – seconds, all of them
    )  # fmt: skip


def double(category: str = "DP3", *, kind: str = "intrusion") -> System:
    """The primary path reports to receiver 13, the alternative to 23."""
    return System(
        id="fire", kind=kind, accounts=(Account(number="1001"),), category=category, transmission_operator="teleco",
        paths=(
            TransmissionPath(id="ip", receiver="13", interval_s=40.0),
            TransmissionPath(id="mobile", kind=PathKind.ALTERNATIVE, receiver="23", operator="netco"),
        ),
    )  # fmt: skip


def site(*systems: System, tags: tuple[str, ...] = (), services: tuple[str, ...] = ("line_supervision",)) -> Site:
    return replace(a_site("S-1", systems=systems, services=services), tags=tags)


def play(*systems: System, **site_fields: tuple[str, ...]) -> Playbook:
    return Playbook(sites=[site(*systems, **site_fields)], centre=centre())


class Line:
    """A panel that speaks over one path: it names the receiver that tells the path."""

    def __init__(self, receiver: str | None = None, account: str = "1001") -> None:
        self.panel = Panel(account)
        self.receiver = receiver

    def null(self):
        telling = self.panel.null()

        def tell(now: int):
            fact = telling(now)
            received = fact.received
            return replace(fact, received=replace(received, origin=replace(received.origin, receiver=self.receiver)))

        return tell
