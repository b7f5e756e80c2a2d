"""A small centre for the end-to-end tests: four sites, two guards, people on duty, and rules that wait seconds."""

from __future__ import annotations

import importlib.resources
from pathlib import Path
from typing import Any

import yaml

from tests.process import Installation

PLAIN, KEYED = "1001", "1002"  # accounts of our own dialler
FOREIGN_PLAIN, FOREIGN_KEYED = "0123", "0124"  # accounts of the other one
KEY = bytes(range(16))
OFFER_TIMEOUT_S = 1.0

SECOND_GUARD = "second@guards.example.invalid"
DUTY = "duty@centre.example.invalid"


def site(site_id: str, account: str, *, key: bytes | None = None, guards: tuple[str, ...] = ()) -> dict[str, Any]:
    """A shop; with guards its alarms are dispatched by the machine itself."""
    return {
        "id": site_id,
        "name": f"Kauppa {site_id}",
        "address": "Esimerkkikatu 1",
        "municipality": "Lahti",
        "kind": "shop",
        "services": ["alarm_monitoring", "guard_dispatch"] if guards else ["alarm_monitoring"],
        "instructions": {"en": "The back door faces the yard."},
        "systems": [
            {
                "id": "panel",
                "kind": "intrusion",
                "accounts": [{"number": account, **({} if key is None else {"key": key.hex()})}],
                "zones": [{"number": "15", "name": "Stock room", "kind": "pir"}],
            }
        ],
        "contacts": [{"id": "owner", "name": "Kirsi Kulmala", "phones": ["+358 40 555 0101"]}],
        "call_lists": {"keyholders": ["owner"]},
        "guards": list(guards),
    }


def centre(guards: list[dict[str, Any]]) -> dict[str, Any]:
    people = {"duty": "+358 40 555 0190", "erc": "+358 40 555 0180", "police": "+358 40 555 0181"}
    contacts: list[dict[str, Any]] = [{"id": name, "name": name, "phones": [phone]} for name, phone in people.items()]
    contacts[0]["email"] = DUTY
    lists = {"on_duty": ["duty"], "erc": ["erc"], "police": ["police"]}
    return {"name": "Test centre", "guards": guards, "contacts": contacts, "call_lists": lists}


def impatient(plan_name: str, offer_timeout_s: float = OFFER_TIMEOUT_S) -> dict[str, Any]:
    """An overlay under which a guard who says nothing is passed over after a second instead of a minute."""
    text = importlib.resources.files("rules").joinpath("plans", f"{plan_name}.yaml").read_text("utf-8")
    steps = yaml.safe_load(text)["steps"]
    for step in steps:
        if "offer_timeout_s" in step:
            step["offer_timeout_s"] = offer_timeout_s
    return {"overlay": "impatient", "requires": 1, "plans": {plan_name: {"replace": {"steps": steps}}}}


def small_centre(directory: Path, *, webhook_port: int, smtp_port: int, **settings: Any) -> Installation:
    guards = [
        {"id": "first", "name": "Vartija 1", "language": "en", "webhook_url": f"http://127.0.0.1:{webhook_port}/first"},
        {"id": "second", "name": "Vartija 2", "language": "en", "email": SECOND_GUARD},
    ]
    order = ("first", "second")
    mail = {"host": "127.0.0.1", "port": smtp_port, "security": "plain", "sender": "arcd@centre.example.invalid"}
    return Installation(
        directory,
        centre=centre(guards),
        sites=[
            site("K-1", PLAIN, guards=order),
            site("K-2", KEYED, key=KEY, guards=order),
            site("K-3", FOREIGN_PLAIN),
            site("K-4", FOREIGN_KEYED, key=KEY),
        ],
        overlays={"impatient.yaml": impatient("intrusion")},
        settings={"mail": mail, **settings},
    )
