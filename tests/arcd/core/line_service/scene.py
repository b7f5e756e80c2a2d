"""A site whose fire system is watched, the operators that carry its alarms, and time in which its line is up or down.

One rule: lines fail and come back as in life: nothing is heard of them, or frames come again.
"""

from __future__ import annotations

import msgspec

from arcd.core.facts import Started
from arcd.core.site import Account, Arrangements, Centre, Contact, Site, System, TransmissionOperator, TransmissionPath
from arcd.core.station import Station
from rules import shipped
from tests.playbook import After, Panel, Playbook
from tests.sites import a_centre

SOURCES = shipped.sources()
BEAT_S = 60.0
OPERATORS = (
    TransmissionOperator(id="telia", name="Teleoperaattori Oy", language="fi", email="viat@example.invalid"),
    TransmissionOperator(id="elisa", name="Radiooperatör Ab", language="sv", email="fel@example.invalid"),
    TransmissionOperator(id="machine", name="Netop", language="en", webhook_url="http://127.0.0.1:1/faults"),
    TransmissionOperator(id="mute", name="Nobody", phone="+358 40 555 0170"),
)
CONTACTS = (
    Contact(id="kaisa", name="Kaisa", languages=("fi",), email="kaisa@example.invalid"),
    Contact(id="owe", name="Owe", languages=("sv",), phones=("+358 40 555 0143",)),
)


def the_centre() -> Centre:
    return msgspec.structs.replace(a_centre(language="en"), transmission_operators=OPERATORS)


def a_fire_site(
    site_id: str = "S-1",
    *,
    account: str = "1001",
    operator: str = "telia",
    category: str = "SP4",
    paths: tuple[TransmissionPath, ...] = (),
    threshold_s: float = 3600.0,
    services: tuple[str, ...] = ("alarm_monitoring", "line_supervision"),
) -> Site:
    """SP4: reported within 180 s of silence."""
    fire = System(
        id="fire", kind="fire", accounts=(Account(number=account),), category=category,
        paths=paths or (TransmissionPath(id="mobile", circuit="LTE-77"),), transmission_operator=operator,
    )  # fmt: skip
    return Site(
        id=site_id,
        name=f"Warehouse {site_id}",
        address="Esimerkkilaituri 3",
        municipality="Kotka",
        kind="warehouse",
        services=services,
        systems=(fire,),
        contacts=CONTACTS,
        call_lists={"keyholders": ("kaisa", "owe")},
        arrangements=Arrangements(threshold_s=threshold_s, instructions={"en": "Guard company first."}),
    )


def stays_up(play: Playbook, seconds: float, panel: Panel) -> None:
    """Its panel says so every minute."""
    for _ in range(round(seconds / BEAT_S)):
        play >> After(BEAT_S)
        play << ...
        play >> panel.null()
        play << ...


def passes(play: Playbook, seconds: float) -> None:
    play >> After(seconds)
    play << ...


def restarts(play: Playbook) -> None:
    """The daemon ends, and another one goes on from what was kept."""
    again = Station()
    kept = play.station.state.dump()
    again.restore((table, key, body) for table, rows in kept.items() for key, body in rows.items())
    play.station = again
    play >> Started(at=0, version="test")
    play << ...
