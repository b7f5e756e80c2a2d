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
    assert "(not life safety), from 01.02.2026 08:00:00 until 03.02.2026 16:00:00" in ran.out
    assert "from 01.02.2026 08:00:00" in arcctl("maintenance", "list").out


def test_life_safety_is_covered_only_where_it_is_named(arcctl: Arcctl, daemon: Daemon) -> None:
    ran = arcctl("test", "start", "K-1", "--for", "1h", "--reason", "Sprinklers", "--category", "fire", *BY_OPERATOR)
    assert "only fire, until" in ran.out
    assert "not life safety" not in ran.out


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["start", "K-1", "--reason", "x", "--for", "1h", "--ask-word"], 2, "Name the contact with --by"),
        (["start", "K-1", "--reason", "x", "--every", "month", "--day", "5"], 2, "all of --every"),
        (["start", "K-1", "--reason", "x", "--every", "year", "--day", "5", "--at", "10:00"], 2, "all of --every"),
        (["start", "K-1", "--reason", "x", "--verified", "code_word"], 2, "verified_how should be"),
        (["show", "F999"], 1, "No such flag"),
        (["promote", "F999", "3", "--reason", "x"], 1, "No such flag"),
        (["promote", "F999", "0", "--reason", "x"], 2, "SEQ"),
        (["notice", "F999", "--to", "x"], 1, "No such flag"),
        (["verify", "K-1", "nobody", "--call-back"], 1, "no such contact"),
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


def started(arcctl: Arcctl, *more: str, word: str = "test") -> str:
    ran = arcctl(word, "start", "K-1", "--reason", "Yearly test", *BY_OPERATOR, *more, "--json")
    assert ran.code == 0, ran.err
    return str(ran.json()["subject"])


def test_a_test_lasts_two_hours_and_maintenance_has_to_say(arcctl: Arcctl, daemon: Daemon) -> None:
    flag_id = started(arcctl)
    assert arcctl("test", "show", flag_id, "--json").json()["until"] == "2026-01-01T02:00:00Z"
    assert "either --for or --until" in arcctl("maintenance", "start", "K-1", "--reason", "x", *BY_OPERATOR).err


def test_a_test_is_watched_while_it_goes_and_read_afterwards(arcctl: Arcctl, daemon: Daemon) -> None:
    flag_id = started(arcctl, "--category", "intrusion", "--category", "fire", "--system", "panel")
    daemon.alarm("BA", zone="3")
    daemon.alarm("FA", zone="4", sequence="2")
    shown = arcctl("test", "show", flag_id).out
    for told in (
        "in force",
        "only intrusion, fire",
        "2 of 2 heard",
        "not restored",
        "emergency signals: 1",
        "signals held: 2",
    ):
        assert told in shown, told
    seq = str(arcctl("test", "show", flag_id, "--json").json()["emergencies"][0]["seq"])
    assert f"\n{seq}    01.01.2026 02:00:00" in shown
    promoted = arcctl("test", "promote", flag_id, seq, "--reason", "It burns", "--json")
    assert promoted.code == 0, promoted.err
    assert "fire" in arcctl("case", "show", promoted.json()["subject"]).out
    again = arcctl("test", "promote", flag_id, seq, "--reason", "It burns")
    assert (again.code, "(flag.promote)" in again.err) == (1, True)
    assert arcctl("test", "stop", flag_id, "--reason", "Finished").code == 0
    after = arcctl("test", "show", flag_id).out
    for told in ("ended, ended by os:", "Finished", "made live", "waits to be accepted: `arcctl case show C"):
        assert told in after, told
    case_id = arcctl("test", "show", flag_id, "--json").json()["case_id"]
    accepted = arcctl(
        "case", "move", case_id, "accept", "--field", "disposition=retest", "--field", "note=Next week with Anna"
    )
    assert accepted.code == 0, accepted.err
    assert "result      accepted" in arcctl("test", "show", flag_id).out


def test_a_test_that_comes_again(arcctl: Arcctl, daemon: Daemon) -> None:
    ran = arcctl(
        "test", "start", "K-1", "--for", "2h", "--every", "week", "--day", "1", "--at", "10:00", "--last",
        "2026-06-01T12:00", "--reason", "Mondays", *BY_OPERATOR,
    )  # fmt: skip
    assert "from 05.01.2026 10:00:00 until 05.01.2026 12:00:00" in ran.out, ran.err
    flag_id = arcctl("test", "list", "--site", "K-1", "--json").json()["flags"][0]["id"]
    assert "every Monday at 10:00 until 2026-06-01" in arcctl("test", "show", flag_id).out
    assert arcctl("test", "stop", flag_id, "--reason", "x").code == 0
    following = arcctl("test", "list", "--json").json()["flags"][0]
    assert following["starts_at_local"] == "12.01.2026 10:00:00"
    assert arcctl("test", "stop", following["id"], "--series", "--reason", "x").code == 0
    assert arcctl("test", "list", "--json").json()["flags"] == []


def test_maintenance_says_who_answers_for_it_and_who_knows(arcctl: Arcctl, daemon: Daemon) -> None:
    flag_id = started(arcctl, "--for", "5d", "--owner", "boss", "--informed", "Neighbours", word="maintenance")
    assert arcctl("maintenance", "notice", flag_id, "start", "--to", "ERC", "--reference", "7").code == 0
    shown = arcctl("maintenance", "show", flag_id).out
    for told in ("owner       boss", "informed    Neighbours", "told        start 01.01.2026 02:00:00 to ERC"):
        assert told in shown
    assert "write start or end" in arcctl("maintenance", "notice", flag_id, "middle", "--to", "x").err
    wrong = arcctl("test", "notice", flag_id, "--to", "ERC")
    assert (wrong.code, "(flag.notice)" in wrong.err) == (1, True)


def test_a_technicians_work_order_is_enough(arcctl: Arcctl, daemon: Daemon) -> None:
    ran = arcctl("test", "start", "K-1", "--reason", "x", "--work-order", "TT-18", "--json")
    assert ran.code == 0, ran.err
    shown = arcctl("test", "show", ran.json()["subject"]).out
    assert "on the word of work_order" in shown
    assert "work order  TT-18" in shown
