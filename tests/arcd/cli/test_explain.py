from __future__ import annotations

import pytest

from tests.arcd.cli.conftest import Arcctl
from tests.arcd.cli.daemon import Daemon

FIELDS = {"route", "plan", "priority", "reason", "opens_case", "rules_digest", "trace", "tree"}


def test_the_path_taken_and_what_stopped_the_others(arcctl: Arcctl) -> None:
    ran = arcctl("rules", "explain", "--code", "BA", "--zone", "3", "--armed")
    assert ran.code == 0, ran.err
    assert "├─ ● alarm" in ran.out
    assert "✗ state.verification: at least 2 (is 0)" in ran.out
    assert "└▶ intrusion/alarm" in ran.out


@pytest.mark.parametrize(
    ("options", "plan"),
    [
        (["--code", "BA"], "intrusion"),
        (["--code", "ba", "--verification", "2"], "intrusion-confirmed"),
        (["--code", "130", "--scheme", "contact_id", "--qualifier", "restore"], "log"),
        (["--category", "fire", "--weekday", "sat", "--at", "03:12", "--holiday"], "fire"),
        (["--code", "BA", "--unknown-site"], "unknown-account"),
        (["--scheme", "arcd", "--code", "plaintext_refused"], "wire-trouble"),
    ],
)
def test_situations_are_described_by_options(arcctl: Arcctl, options: list[str], plan: str) -> None:
    ran = arcctl("rules", "explain", *options, "--json")
    assert ran.code == 0, ran.err
    value = ran.json()
    assert set(value) == FIELDS
    assert value["plan"] == plan


def test_the_daemon_answers_about_its_own_sites(arcctl: Arcctl, daemon: Daemon) -> None:
    ran = arcctl("rules", "explain", "--site", "K-1", "--code", "BA", "--zone", "3", "--json")
    assert ran.code == 0, ran.err
    value = ran.json()
    assert set(value) == FIELDS
    assert "zone.kind" in value["tree"]
    assert "(is door)" in value["tree"], "the zone as the site base has it"
    assert arcctl("rules", "explain", "--site", "K-1", "--code", "FA", "--at", "2026-12-24T03:12").code == 0


def test_an_account_leads_to_its_site(arcctl: Arcctl, daemon: Daemon) -> None:
    ran = arcctl("rules", "explain", "--account", "1003", "--code", "FA", "--system", "fire")
    assert ran.code == 0, ran.err
    assert "└▶ fire/alarm" in ran.out
    ran = arcctl("rules", "explain", "--account", "7777", "--code", "FA")
    assert ran.code == 1
    assert "no site has the account 7777" in ran.err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--code", "QQ"], "in no table"),
        ([], "say what came"),
        (["--code", "BA", "--at", "25:00"], "--at: write the time like 03:12"),
        (["--code", "BA", "--category", "noise"], "--category: "),
        (["--code", "BA", "--open", "noise"], "--open: "),
        (["--code", "BA", "--verification", "5"], "--verification"),
        (["--code", "BA", "--service", "noise"], "--service: "),
        (["--code", "BA", "--system", "panel"], "give --site or --account as well"),
        (["--code", "BA", "--site", "K-1", "--rules", "own"], "--rules describes a site"),
        (["--code", "BA", "--account", "1001", "--holiday"], "--holiday describes a site"),
        (["--code", "BA", "--scheme", "morse"], "--scheme: "),
    ],
)
def test_a_wrong_question_says_what_to_write(arcctl: Arcctl, options: list[str], told: str) -> None:
    ran = arcctl("rules", "explain", *options)
    assert ran.code == 2
    assert told in ran.err


def test_an_unknown_site_is_not_found(arcctl: Arcctl, daemon: Daemon) -> None:
    assert arcctl("rules", "explain", "--site", "K-9", "--code", "BA").code == 1
