from __future__ import annotations

import pytest

from arcd.cli.cases import read_fields
from arcd.cli.failures import UsageError
from tests.arcd.cli.conftest import Arcctl
from tests.arcd.cli.daemon import Daemon


def test_the_queue(arcctl: Arcctl, daemon: Daemon) -> None:
    assert arcctl("cases").out == "no cases\n"
    intrusion = daemon.alarm("BA")
    fire = daemon.alarm("FA", account="1003")
    header, first, second = arcctl("cases").out.splitlines()
    assert header.split()[:2] == ["case", "pri"]
    assert first.split()[:2] == [fire, "P0"]
    assert second.split()[:2] == [intrusion, "P2"]
    value = arcctl("cases", "--json").json()
    assert set(value) == {"cases", "more"}
    assert set(value["cases"][0]) == {
        "id", "type", "state", "priority", "title", "site_id", "site_name", "opened_at", "opened_at_local", "closed_at",
        "acknowledged_at", "acknowledged_by", "owner", "attention", "effective_priority", "alert", "signal_count",
        "disposition",
    }  # fmt: skip


def test_filters_go_to_the_daemon(arcctl: Arcctl, daemon: Daemon) -> None:
    daemon.alarm("BA")
    assert arcctl("cases", "--site", "K-2").out == "no cases\n"
    assert arcctl("cases", "--type", "service_request").out == "no cases\n"
    assert len(arcctl("cases", "--site", "K-1", "--type", "alarm", "--all").out.splitlines()) == 2


@pytest.mark.parametrize("everything", [(), ("--all",)])
def test_nothing_open_where_there_is_nothing_is_no_answer(
    arcctl: Arcctl, daemon: Daemon, everything: tuple[str, ...]
) -> None:
    ran = arcctl("cases", "--site", "K-11", *everything)
    assert (ran.code, ran.out, "There is no such site" in ran.err) == (1, "", True)
    ran = arcctl("cases", "--type", "alarms", *everything)
    assert (ran.code, ran.out, "There is no such case type; there are alarm, " in ran.err) == (1, "", True)


@pytest.mark.parametrize(
    "line",
    [
        ("case", "note", "C1", "caf\udce9"),
        ("case", "show", "\udcff"),
        ("cases", "--site", "\udcff"),
        ("cases", "--why", "\udcff"),
    ],
)
def test_bytes_that_are_no_utf_8_are_refused(arcctl: Arcctl, daemon: Daemon, line: tuple[str, ...]) -> None:
    ran = arcctl(*line)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "error: this holds a text, or the name of a file, that is not UTF-8; write it anew\n"


def test_an_id_with_a_slash_is_no_route(arcctl: Arcctl, daemon: Daemon) -> None:
    ran = arcctl("case", "show", "C1/C2")
    assert (ran.code, ran.err.startswith("error: nothing goes by that name: an id holds no /")) == (1, True)


def test_a_cut_list_says_so(arcctl: Arcctl, daemon: Daemon) -> None:
    daemon.alarm("BA")
    daemon.alarm("FA", account="1003")
    ran = arcctl("cases", "--limit", "1")
    assert len(ran.out.splitlines()) == 2
    assert "there are more" in ran.err
    assert arcctl("cases", "--limit", "0").code == 2


def test_from_alarm_to_note(arcctl: Arcctl, daemon: Daemon) -> None:
    case_id = daemon.alarm("BA")
    assert arcctl("case", "ack", case_id).out == f"done {case_id}\n"
    assert arcctl("case", "note", case_id, "Keyholder is coming").code == 0
    assert arcctl("case", "step", case_id, "assess", "done", "--outcome", "explained").code == 0
    value = arcctl("case", "show", case_id, "--json").json()
    assert value["acknowledged_by"].startswith("os:")
    assert [note["text"] for note in value["notes"]] == ["Keyholder is coming"]
    [assess] = [step for step in value["plan"]["steps"] if step["id"] == "assess"]
    assert (assess["status"], assess["outcome"]) == ("done", "explained")


def test_a_refusal_names_the_rule_and_what_is_missing(arcctl: Arcctl, daemon: Daemon) -> None:
    case_id = daemon.alarm("BA")
    arcctl("case", "ack", case_id)
    ran = arcctl("case", "close", case_id, "--disposition", "user_error", "--note", "Cleaner")
    assert ran.code == 1
    assert "mandatory step" in ran.err
    assert "(gate.mandatory_steps)" in ran.err
    ran = arcctl("case", "close", case_id, "--disposition", "user_error", "--note", "Cleaner", "--json")
    assert ran.json()["error"]["rule"] == "gate.mandatory_steps"
    assert ran.code == 1


def test_a_step_is_not_taken_on_what_has_changed_meanwhile(arcctl: Arcctl, daemon: Daemon) -> None:
    case_id = daemon.alarm("BA")
    seen = arcctl("case", "show", case_id, "--json").json()["version"]
    arcctl("case", "ack", case_id)
    ran = arcctl("case", "step", case_id, "assess", "done", "--outcome", "visit", "--seen-version", str(seen))
    assert ran.code == 1


def test_opened_moved_and_closed_by_hand(arcctl: Arcctl, daemon: Daemon) -> None:
    ran = arcctl(
        "case", "open", "--type", "service_request", "--site", "K-1", "--title", "Lamp", "--priority", "p4", "--json"
    )
    assert ran.code == 0, ran.err
    case_id = ran.json()["subject"]
    assert ran.json()["granted"] is True
    shown = arcctl("case", "show", case_id, "--json").json()
    assert (shown["title"], shown["priority"]) == ("Lamp", "P4")
    move = shown["moves"][0]
    fields = [
        part
        for field in (move["form"] or {"fields": []})["fields"]
        for part in ("--field", f"{field['name']}={next(iter(field['choices']), 'a=b')}")
    ]
    assert arcctl("case", "move", case_id, move["name"], *fields).code == 0


def test_what_does_not_exist_is_not_found(arcctl: Arcctl, daemon: Daemon) -> None:
    for ran in (
        arcctl("case", "show", "C999"),
        arcctl("case", "ack", "C999"),
        arcctl("case", "step", daemon.alarm(), "fly", "done"),
        arcctl("case", "show", "../../etc"),
    ):
        assert ran.code == 1
        assert ran.err.startswith("error: ")
        assert ran.out == ""


def test_usage(arcctl: Arcctl) -> None:
    for arguments, told in (
        (["case", "step", "C1", "assess", "dance"], "start, done, skip or fail"),
        (["case", "show", " "], "an id cannot be empty"),
        (["case", "move", "C1", "park", "--field", "reason"], "write it like --field"),
        (["case", "close", "C1"], "--disposition"),
        (["cases", "--lang", "de"], "--lang is fi, sv or en"),
    ):
        ran = arcctl(*arguments)
        assert ran.code == 2, arguments
        assert told in ran.err


def test_fields() -> None:
    assert read_fields(["a=b=c", " d =", "e= f "]) == {"a": "b=c", "d": "", "e": " f "}
    assert read_fields(None) == {}
    with pytest.raises(UsageError, match="twice"):
        read_fields(["a=1", "a=2"])


def test_a_claim_is_kept_and_a_clock_stopped(arcctl: Arcctl, daemon: Daemon) -> None:
    case_id = daemon.alarm("BA")
    assert arcctl("case", "ack", case_id).code == 0
    assert arcctl("case", "renew", case_id, "--for", "10min").code == 0
    refused = arcctl("case", "renew", case_id, "--for", "2h")
    assert refused.code != 0
    ran = arcctl("case", "sla", case_id, "pause", "--reason", "customer_asked", "--note", "At seven")
    assert ran.code == 0, ran.err
    assert "clock stopped: customer_asked" in arcctl("case", "show", case_id).out
    assert arcctl("case", "sla", case_id, "resume").code == 0
    assert arcctl("case", "sla", case_id, "stop").code == 2


def test_a_call_keeps_the_number(arcctl: Arcctl, daemon: Daemon) -> None:
    case_id = daemon.alarm("BA")
    ran = arcctl(
        "case", "step", case_id, "call-keyholders", "done", "--outcome", "no_answer", "--contact", "anna",
        "--number", "+358 9 555 000",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert "+358 9 555 000: no_answer" in arcctl("case", "show", case_id).out
