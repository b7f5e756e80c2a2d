from __future__ import annotations

import pytest
from msgspec.structs import replace

from arcd.core.facts import Actor, IdentityChecked, RelayRequested, SiteImported
from tests.arcd.api.desk import SITE
from tests.arcd.api.test_relays import RELAYS
from tests.arcd.cli.conftest import Arcctl
from tests.arcd.cli.daemon import Daemon


@pytest.fixture
def wired(daemon: Daemon) -> Daemon:
    site = replace(SITE, systems=(*SITE.systems, RELAYS))
    daemon.run(daemon.desk.take(SiteImported(at=daemon.desk.now(), site=site, actor=Actor(id="os:test"))))
    return daemon


def test_outputs_are_listed_and_switched(arcctl: Arcctl, wired: Daemon) -> None:
    ran = arcctl("relay", "on", "K-1", "siren", "--reason", "Murto pihalla")
    assert ran.code == 0, ran.err
    assert "siren is being switched" in ran.out
    ran = arcctl("relay", "list", "K-1")
    for told in ("gate", "Portti", "off", "3 s", "siren", "switching", "on/off"):
        assert told in ran.out
    assert [relay["state"] for relay in arcctl("relay", "list", "K-1", "--json").json()["relays"]] == [
        "off",
        "switching",
    ]
    ran = arcctl("relay", "off", "K-1", "siren", "--reason", "Ohi")
    assert ran.code == 1
    assert "being switched on the word of" in ran.err


def test_a_door_says_on_whose_word(arcctl: Arcctl, wired: Daemon) -> None:
    ran = arcctl("relay", "pulse", "K-1", "gate", "--reason", "No keys", "--by", "anna", "--call-back", "--case", "C9")
    assert ran.code == 1
    check, fact = wired.desk.asked[-2:]
    assert isinstance(check, IdentityChecked)
    assert (check.contact_id, check.level) == ("anna", 2)
    assert isinstance(fact, RelayRequested)
    assert (fact.requested_by, fact.case_id) == ("anna", "C9")
    assert fact.identity_check
    ran = arcctl("relay", "pulse", "K-1", "gate", "--reason", "No keys", "--call-back")
    assert (ran.code, "--by" in ran.err) == (2, True)


def test_nothing_to_settle_and_nothing_there(arcctl: Arcctl, wired: Daemon) -> None:
    ran = arcctl("relay", "settle", "K-1", "siren", "--reason", "Looked")
    assert (ran.code, "nothing to settle" in ran.err) == (1, True)
    assert "this site has no relays" in arcctl("relay", "list", "K-2").out
