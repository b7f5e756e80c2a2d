"""arcctl panel flood against a receiver on real sockets: bounded, measured, and never somebody else's by mistake."""

from __future__ import annotations

from pathlib import Path

import pytest
import trustme

from arcd.cli.flooding import SEQUENCES
from protocols.codec import Protection, Received
from tests.arcd.cli.conftest import Arcctl
from tests.arcd.cli.receiver import KEY, KEYED_ACCOUNT, Receiver, receiving
from tests.ports import own_port


def flood(receiver: Receiver, *options: str) -> list[str]:
    return ["panel", "flood", "--port", str(receiver.port), *options]


def received(receiver: Receiver) -> list[Received]:
    return [item for item in receiver.received if isinstance(item, Received)]


@pytest.mark.parametrize("udp", [False, True])
def test_every_message_is_answered_and_measured(arcctl: Arcctl, udp: bool) -> None:
    with receiving(udp=udp) as receiver:
        ran = arcctl(
            *flood(receiver, "--account", "1001", "--account", "0042", "--code", "op", "--address", "7"),
            *("--count", "60", "--connections", "4", *(["--udp"] * udp), "--json"),
        )
    assert ran.code == 0, ran.err
    value = ran.json()
    assert (value["sent"], value["acknowledged"], value["replies"], value["connections"]) == (60, 60, {"ack": 60}, 4)
    assert 0 < value["elapsed_s"]["p50"] <= value["elapsed_s"]["p99"] <= value["elapsed_s"]["max"]
    assert value["per_second"] > 0
    items = received(receiver)
    assert {item.session_account for item in items} == {"1001", "0042"}
    assert {item.sequence for item in items} == {f"{number:04d}" for number in range(1, 61)}, "none looks like another"
    assert {item.signals[0].user or item.signals[0].zone for item in items} == {"7"}
    if not udp:
        assert receiver.connections == 4
    assert SEQUENCES == 9_999


def test_link_tests_under_a_key_at_a_rate(arcctl: Arcctl, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY)
    with receiving() as receiver:
        ran = arcctl(
            *flood(receiver, "--account", KEYED_ACCOUNT, "--null", "--key-file", "key"),
            *("--count", "20", "--rate", "100", "--connections", "2", "--json"),
        )
    assert ran.code == 0, ran.err
    value = ran.json()
    assert value["acknowledged"] == 20
    assert {item.protection for item in received(receiver)} == {Protection.ENCRYPTED}
    assert value["seconds"] >= 0.19, "twenty at a hundred a second take a fifth of one"
    assert KEY not in ran.out + ran.err


def test_what_is_refused_or_not_answered_is_told_apart(arcctl: Arcctl) -> None:
    def silent_after_two(number: int, reply: bytes) -> list[bytes]:
        return [reply] if number < 2 else []

    with receiving() as receiver:
        ran = arcctl(*flood(receiver, "--account", "9999", "--null", "--count", "3", "--json"))
    assert (ran.code, ran.json()["replies"]) == (1, {"duh": 3})
    with receiving(silent_after_two) as receiver:
        ran = arcctl(
            *flood(receiver, "--account", "1001", "--null", "--count", "3", "--connections", "1", "--timeout", "1")
        )
    assert ran.code == 1
    assert "2 of 3 acknowledged" in ran.out
    assert "(p99)" in ran.out
    assert "1 unanswered" in ran.out


def test_it_ends_when_its_time_is_up(arcctl: Arcctl) -> None:
    with receiving() as receiver:
        ran = arcctl(
            *flood(receiver, "--account", "1001", "--null", "--count", "1000", "--rate", "5", "--for", "1s"),
        )
    assert ran.code == 1
    assert "were not sent: the time was up" in ran.out
    assert len(receiver.received) <= 6


def test_beyond_this_machine_somebody_has_to_say_so(arcctl: Arcctl) -> None:
    ran = arcctl("panel", "flood", "--account", "1001", "--null", "--host", "192.0.2.1", "--port", "9")
    assert ran.code == 2
    assert "192.0.2.1 is not this machine" in ran.err
    assert "--yes" in ran.err


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (["--account", "1001"], "say what to send"),
        (["--account", "10|01", "--null"], "does not fit a DC-09 header"),
        (["--account", "1001", "--null", "--for", "2h"], "at most"),
        (["--account", "1001", "--null", "--udp", "--tls"], "exclude each other"),
        (["--account", "1001", "--null", "--ca", "x"], "are for --tls"),
        (["--account", "1001", "--null", "--count", "1000001"], "1000000"),
        (["--account", "1001", "--null", "--connections", "1001"], "--connections"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_sent(arcctl: Arcctl, options: list[str], wanted: str) -> None:
    ran = arcctl("panel", "flood", "--port", "9", *options)
    assert ran.code == 2
    assert wanted in ran.err


def test_nobody_there_is_a_sentence(arcctl: Arcctl) -> None:
    with own_port() as port:
        ran = arcctl("panel", "flood", "--account", "1001", "--null", "--port", str(port))
    assert ran.code == 1
    assert f"nobody listens on 127.0.0.1 port {port}/tcp" in ran.err


# ------------------------------------------------------------------------------------------------------------------ TLS


@pytest.fixture
def ca(tmp_path: Path) -> trustme.CA:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return authority


@pytest.mark.parametrize("verb", ["send", "flood"])
def test_over_tls_with_a_certificate_that_is_trusted(arcctl: Arcctl, ca: trustme.CA, verb: str) -> None:
    with receiving(tls=ca.issue_cert("arc.example.org")) as receiver:
        to = ["panel", verb, "--account", "1001", "--null", "--tls", "--port", str(receiver.port)]
        good = arcctl(
            *to, "--ca", "ca.pem", "--server-name", "arc.example.org", *(["--count", "4"] * (verb == "flood"))
        )
        stranger = arcctl(*to, "--server-name", "arc.example.org")
        misnamed = arcctl(*to, "--ca", "ca.pem")
    assert good.code == 0, good.err
    for ran in (stranger, misnamed):
        assert ran.code == 1
        assert "is not trusted" in ran.err
        assert "--ca" in ran.err
    unreadable = arcctl(*to, "--ca", "nowhere.pem")
    assert unreadable.code == 2
    assert "nowhere.pem cannot be used" in unreadable.err


@pytest.mark.parametrize("verb", ["send", "flood"])
def test_plain_where_tls_was_asked_for_is_a_sentence(arcctl: Arcctl, verb: str) -> None:
    with receiving() as receiver:
        ran = arcctl(
            "panel", verb, "--account", "1001", "--null", "--tls", "--port", str(receiver.port), "--timeout", "1"
        )
    assert ran.code == 1
    assert ran.err.startswith("error: ")
