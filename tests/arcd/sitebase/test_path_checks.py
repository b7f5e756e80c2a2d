"""What is written about supervision must fit its category, and what is right arrives in the core as it was meant."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from arcd.core.site import PathKind, Reporting, TransmissionOperator, TransmissionPath, Uplink
from arcd.sitebase import Loaded
from tests.arcd.sitebase.conftest import CENTRE

Load = Callable[..., Loaded]
Problems = Callable[..., list[str]]

OPERATED = CENTRE + (
    "transmission_operators:\n  - {id: teleco, name: Teleyhtiö, email: viat@example.invalid}\n"
    "uplinks:\n  - {id: main, gateways: [dc09-udp, dc09-tcp]}\n"
)
HEAD = "sites:\n  - id: K-1\n    name: Kioski\n    guards: [g1]\n    systems:\n      - id: fire\n        kind: fire\n"
ACCOUNT = '        accounts: [{number: "1001"}]\n'


def system(rest: str, accounts: str = ACCOUNT) -> str:
    return HEAD + accounts + "".join(f"        {line}\n" for line in rest.splitlines())


def test_what_is_written_arrives(load: Load) -> None:
    text = system(
        "category: DP3\ntransmission_operator: teleco\ninsurer: true\n"
        "reporting: {primary: 120s, missed: 2, grace: 5s, settle: 10s}\n"
        "paths:\n  - {id: ip, receiver: '13', interval: 30s, network: apn-1, circuit: C-7}\n"
        "  - {id: mobile, kind: alternative, gateway: dc09-udp, operator: teleco}"
    )
    loaded = load(text, centre=OPERATED)
    assert loaded.problems == ()
    assert loaded.sitebase is not None
    (made,) = loaded.sitebase.sites[0].systems
    assert (made.category, made.transmission_operator, made.insurer) == ("DP3", "teleco", True)
    assert made.reporting == Reporting(primary_s=120.0, missed=2, grace_s=5.0, settle_s=10.0)
    assert made.paths == (
        TransmissionPath(id="ip", receiver="13", interval_s=30.0, network="apn-1", circuit="C-7"),
        TransmissionPath(id="mobile", kind=PathKind.ALTERNATIVE, gateway="dc09-udp", operator="teleco"),
    )
    centre = loaded.sitebase.centre
    assert centre.uplinks == (Uplink(id="main", gateways=("dc09-udp", "dc09-tcp")),)
    assert centre.transmission_operator("teleco") == TransmissionOperator(
        id="teleco", name="Teleyhtiö", email="viat@example.invalid"
    )


@pytest.mark.parametrize(
    ("rest", "wanted"),
    [
        ("category: SP7", "SP7 is no ATS category — write one of DP1"),
        ("insurer: true", "the connection of system fire is not supervised — add category: SP2"),
        ("category: DP3", "DP3 needs one primary path and an alternative one"),
        ("category: DP3\npaths: [{id: a}, {id: b, receiver: '2'}]", "DP3 needs one primary path and"),
        ("category: SP2\npaths: [{id: a}, {id: b, receiver: '2'}]", "SP2 has one transmission path"),
        ("category: SP2\npaths: [{id: a, kind: alternative}]", "SP2 has no alternative path"),
        (
            "category: DP3\npaths: [{id: a}, {id: b, kind: alternative}]",
            "nothing tells the frames of path b from those of a — give one of them its own account",
        ),
        ("category: DP3\npaths: [{id: a}, {id: a, kind: alternative, receiver: '2'}]", "path a is already on line"),
        ("category: SP2\npaths: [{id: a, account: '1002'}]", "system fire has no account 1002 — did you mean 1001"),
        ("category: SP4\npaths: [{id: a, interval: 5min}]", "SP4 allows a silence of 145 s, and a heartbeat"),
        ("category: SP4\npaths: [{id: a, interval: 90s}]", "warning: one missed heartbeat of path a is a fault"),
        ("category: SP2\npaths: [{id: a, operator: telco}]", "no transmission operator telco in centre.yaml"),
        ("category: SP2\ntransmission_operator: x", "there is no transmission operator x in centre.yaml — "),
        ("category: SP2\npaths: [{id: a, interval: 90}]", "this is not a duration"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said(problems: Problems, rest: str, wanted: str) -> None:
    found = problems(system(rest), centre=OPERATED)
    assert len(found) == 1, found
    assert wanted in found[0]


def test_a_supervised_system_has_an_account(problems: Problems) -> None:
    (found,) = problems(system("category: SP2", accounts=""), centre=OPERATED)
    assert "system fire has no account to be heard from" in found


def test_a_listener_is_behind_one_uplink(problems: Problems) -> None:
    doubled = OPERATED + "  - {id: spare, gateways: [dc09-tcp]}\n"
    (found,) = problems(system("category: SP2"), centre=doubled)
    assert "listener dc09-tcp is behind main already" in found


def test_an_interval_that_fits_is_no_matter(problems: Problems) -> None:
    assert problems(system("category: SP4\npaths: [{id: a, interval: 40s}]"), centre=OPERATED) == []
