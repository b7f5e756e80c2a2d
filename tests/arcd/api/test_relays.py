from __future__ import annotations

import httpx
import pytest
from msgspec.structs import replace

from arcd.core.facts import Actor, EffectOutcome, EffectReported, RelayRequested, SiteImported
from arcd.core.field import Relay, RelayKind
from arcd.core.site import Account, System
from tests.arcd.api.desk import SITE, UID, FakeDesk

RELAYS = System(
    id="doors",
    kind="access",
    accounts=(Account(number="1009"),),
    relays=(
        Relay(id="gate", device="plc", coil=3, name="Portti", kind=RelayKind.GATE, pulse_s=3.0),
        Relay(id="siren", device="plc", coil=5, kind=RelayKind.SIREN),
    ),
)
SIREN = {"site_id": "K-1", "relay_id": "siren", "action": "on", "reason": "Murto pihalla"}


@pytest.fixture
async def wired(desk: FakeDesk) -> FakeDesk:
    site = replace(SITE, systems=(*SITE.systems, RELAYS))
    await desk.take(SiteImported(at=desk.now(), site=site, actor=Actor(id="os:test")))
    return desk


async def test_what_is_known_of_each(wired: FakeDesk, admin: httpx.AsyncClient) -> None:
    granted = (await admin.post("/v1/relays", json=SIREN)).json()
    assert granted["granted"]
    gate, siren = (await admin.get("/v1/relays", params={"site": "K-1"})).json()["relays"]
    assert (gate["relay_id"], gate["state"], gate["pulse_s"], gate["since"]) == ("gate", "off", 3.0, None)
    assert (siren["state"], siren["by"], siren["since"]) == ("switching", f"os:{UID}", "2026-01-01T00:00:00Z")
    report = EffectReported(at=0, effect_id=granted["subject"], outcome=EffectOutcome.UNKNOWN, detail="no answer")
    await wired.take(report)
    _, siren = (await admin.get("/v1/relays", params={"site": "K-1"})).json()["relays"]
    assert (siren["state"], siren["detail"]) == ("unknown", "no answer")


async def test_a_request_is_a_fact_and_the_answer_is_the_cores(wired: FakeDesk, admin: httpx.AsyncClient) -> None:
    body = {**SIREN, "relay_id": "gate", "action": "pulse", "requested_by": "anna", "identity_check": "I1"}
    refused = await admin.post("/v1/relays", json=body)
    assert (refused.status_code, refused.json()["rule"]) == (409, "R-32")
    fact = wired.asked[-1]
    assert isinstance(fact, RelayRequested)
    assert (fact.requested_by, fact.identity_check, fact.actor.id) == ("anna", "I1", f"os:{UID}")


@pytest.mark.parametrize("body", [{**SIREN, "action": "melt"}, {**SIREN, "reason": "x" * 501}, {"relay_id": "siren"}])
async def test_what_is_no_request(admin: httpx.AsyncClient, body: dict[str, str]) -> None:
    assert (await admin.post("/v1/relays", json=body)).status_code == 422


async def test_no_such_site(admin: httpx.AsyncClient) -> None:
    assert (await admin.get("/v1/relays", params={"site": "K-9"})).status_code == 404
