from __future__ import annotations

import pytest

from tests.arcd.cli.conftest import Arcctl
from tests.arcd.cli.daemon import Daemon

BY_OPERATOR = ("--verified", "operator")  # who needs no identity check: the operator decides it
FLAG_FIELDS = {
    "id", "kind", "site_id", "site_name", "scope", "starts_at", "starts_at_local", "until", "until_local", "in_force",
    "reason", "placed_by", "requested_by", "verified_how", "held", "heard",
}  # fmt: skip


@pytest.mark.parametrize(("word", "kind"), [("test", "on_test"), ("maintenance", "maintenance")])
def test_started_listed_and_stopped(arcctl: Arcctl, daemon: Daemon, word: str, kind: str) -> None:
    ran = arcctl(
        word, "start", "K-1", "--for", "2h", "--reason", "Yearly test", "--zone", "3", "--zone", "4", "--area", "1",
        "--system", "panel", "--category", "intrusion", "--verified", "operator", "--json",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    flag = ran.json()["flag"]
    assert set(flag) >= FLAG_FIELDS
    assert flag["kind"] == kind
    assert flag["until"] == "2026-01-01T02:00:00Z"
    assert flag["scope"] == {"systems": ["panel"], "areas": ["1"], "zones": ["3", "4"], "categories": ["intrusion"]}
    assert (flag["requested_by"], flag["verified_how"]) == ("", "operator")
    listed = arcctl(word, "list").out
    assert flag["id"] in listed
    assert "in force" in listed
    assert "01.01.2026 04:00:00" in listed, "the site's wall clock"
    assert set(arcctl(word, "list", "--json").json()["flags"][0]) >= FLAG_FIELDS
    assert arcctl(word, "stop", flag["id"], "--reason", "Finished").code == 0
    assert "nothing is on test" in arcctl(word, "list").out


def test_the_end_in_the_sites_time_and_a_later_start(arcctl: Arcctl, daemon: Daemon) -> None:
    ran = arcctl(
        "maintenance",
        "start",
        "K-1",
        "--from",
        "2026-02-01T08:00",
        "--until",
        "2026-02-03T16:00",
        "--reason",
        "Glazing",
        "--verified",
        "operator",
    )
    assert ran.code == 0, ran.err
    assert "(not life safety), until 03.02.2026 16:00:00" in ran.out
    assert "from 01.02.2026 08:00:00" in arcctl("maintenance", "list").out


def test_life_safety_is_covered_only_where_it_is_named(arcctl: Arcctl, daemon: Daemon) -> None:
    ran = arcctl("test", "start", "K-1", "--for", "1h", "--reason", "Sprinklers", "--category", "fire", *BY_OPERATOR)
    assert "only fire, until" in ran.out
    assert "not life safety" not in ran.out


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["start", "K-1", "--reason", "x"], 2, "either --for or --until"),
        (["start", "K-1", "--reason", "x", "--for", "1h", "--until", "2026-02-01T08:00"], 2, "either --for or --until"),
        (["start", "K-1", "--reason", "x", "--for", "2 hours"], 2, "write it like 90s, 45min, 2h or 1d12h"),
        (["start", "K-1", "--for", "1h"], 2, "--reason"),
        (["start", "K-1", "--reason", "x", "--until", "tomorrow"], 2, "2026-12-01T16:00"),
        (["start", "K-1", "--reason", "x", "--for", "1h", "--category", "noise"], 2, "categories"),
        (["start", "K-9", "--reason", "x", "--for", "1h"], 1, "no such site"),
        (["start", "K-1", "--reason", "x", "--for", "1h"], 1, "whose word"),
        (["start", "K-1", "--reason", "x", "--for", "30d", *BY_OPERATOR], 1, "At most"),
        (["start", "K-1", "--reason", "x", "--for", "1h", "--zone", "99", *BY_OPERATOR], 1, "No zone 99"),
        (["stop", "F999", "--reason", "x"], 1, "arcctl test list"),
    ],
)
def test_what_cannot_be_says_why(arcctl: Arcctl, daemon: Daemon, arguments: list[str], code: int, told: str) -> None:
    ran = arcctl("test", *arguments)
    assert ran.code == code
    assert told in ran.err
