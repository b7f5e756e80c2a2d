"""arcctl panel send against a receiver on real sockets with the real codec."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest

from arcd.cli.panel import REPEAT_MAX, RETRIES_MAX, TIMEOUT_S_MAX
from protocols.codec import Kind, Protection, Received
from tests.arcd.cli.conftest import Arcctl
from tests.arcd.cli.receiver import KEY, Receiver, hear_silences, receiving
from tests.process import until

OTHER_KEY = "ffeeddccbbaa99887766554433221100"


def to(receiver: Receiver) -> list[str]:
    return ["panel", "send", "--host", "127.0.0.1", "--port", str(receiver.port)]


def first(receiver: Receiver) -> Received:
    item = receiver.received[0]
    assert isinstance(item, Received)
    return item


@pytest.mark.parametrize("udp", [False, True])
def test_sends_a_sia_event_and_is_acknowledged(arcctl: Arcctl, udp: bool) -> None:
    with receiving(udp=udp) as receiver:
        ran = arcctl(
            *to(receiver), "--account", "1001", "--code", "ba", "--zone", "3", "--area", "1", *(["--udp"] * udp)
        )
    assert ran.code == 0, ran.err
    assert "ACK" in ran.out
    assert '"SIA-DCS"0001L0#1001[#1001|Nri1/BA3]' in ran.out
    [signal] = first(receiver).signals
    assert (signal.code, signal.zone, signal.area) == ("BA", "3", "1")


def test_sends_contact_id(arcctl: Arcctl) -> None:
    with receiving() as receiver:
        ran = arcctl(
            *to(receiver), "--account", "0042", "--scheme", "contact_id", "--code", "130", "--zone", "15",
            "--area", "1", "--qualifier", "restore", "--receiver", "2", "--line", "3",
        )  # fmt: skip
    assert ran.code == 0, ran.err
    received = first(receiver)
    assert (received.token, received.origin.account) == ("ADM-CID", "0042")
    assert (received.origin.receiver, received.origin.line) == ("2", "3")
    [signal] = received.signals
    assert (signal.code, signal.zone, signal.area, signal.qualifier) == ("130", "015", "01", "restore")


@pytest.mark.parametrize("udp", [False, True])
@pytest.mark.parametrize("source", ["option", "file", "environment"])
def test_encrypts_with_a_key_and_never_shows_it(arcctl: Arcctl, tmp_path: Path, udp: bool, source: str) -> None:
    given: list[str] = []
    if source == "option":
        given = ["--key", KEY]
    elif source == "file":
        (tmp_path / "panel.key").write_text(f"{KEY}\n")
        given = ["--key-file", "panel.key"]
    env = {"ARCD_PANEL_KEY": KEY} if source == "environment" else None
    with receiving(udp=udp) as receiver:
        ran = arcctl(
            *to(receiver), "--account", "1002", "--code", "HA", "--zone", "1", *given, *(["--udp"] * udp), env=env
        )
    assert ran.code == 0, ran.err
    assert "ACK (AES)" in ran.out
    assert first(receiver).protection is Protection.ENCRYPTED
    assert KEY not in ran.out + ran.err


def test_link_tests_are_numbered_one_after_another(arcctl: Arcctl) -> None:
    with receiving() as receiver:
        ran = arcctl(*to(receiver), "--account", "1001", "--null", "--repeat", "4", "--sequence", "9998", "--json")
    assert ran.code == 0, ran.err
    assert [item.sequence for item in receiver.received if isinstance(item, Received)] == [
        "9998", "9999", "0001", "0002",
    ]  # fmt: skip
    assert first(receiver).kind is Kind.LINK_TEST
    assert receiver.connections == 1
    value = ran.json()
    assert (value["sent"], value["acknowledged"]) == (4, 4)
    assert 0 <= value["elapsed_s"]["min"] <= value["elapsed_s"]["median"] <= value["elapsed_s"]["max"]


def test_json_names_everything_about_a_message(arcctl: Arcctl) -> None:
    with receiving() as receiver:
        ran = arcctl(*to(receiver), "--account", "1001", "--code", "BA", "--zone", "3", "--json")
    value = ran.json()
    assert set(value) == {"receiver", "sent", "acknowledged", "elapsed_s", "messages"}
    assert value["receiver"] == f"127.0.0.1 port {receiver.port}/tcp"
    [message] = value["messages"]
    assert set(message) == {
        "token", "data", "sequence", "encrypted", "frame", "transmissions", "acknowledged", "reply", "reply_token",
        "reply_encrypted", "clock_offset_s", "clock_corrected_s", "elapsed_s", "new_key", "unread",
    }  # fmt: skip
    assert message["frame"].encode("latin-1") == receiver.raw[0]
    assert message["reply"] == "ack"


@pytest.mark.parametrize("udp", [False, True])
def test_a_wrong_clock_is_corrected_by_the_nak_and_the_message_sent_again(arcctl: Arcctl, udp: bool) -> None:
    with receiving(udp=udp) as receiver:
        ran = arcctl(
            *to(receiver), "--account", "1002", "--code", "HA", "--key", KEY, "--clock-offset", "-3600", "--json",
            *(["--udp"] * udp),
        )  # fmt: skip
    assert ran.code == 0, ran.err
    [message] = ran.json()["messages"]
    assert message["clock_corrected_s"] == pytest.approx(3600, abs=2)
    assert message["transmissions"] == 2
    assert message["reply"] == "ack"


def test_the_corrected_clock_is_kept_for_the_next_message(arcctl: Arcctl) -> None:
    with receiving() as receiver:
        ran = arcctl(
            *to(receiver), "--account", "1002", "--null", "--key", KEY, "--clock-offset", "500", "--repeat", "2"
        )
    assert ran.code == 0
    assert len(receiver.received) == 3
    assert re.search(r"clock corrected by -(499|500|501) s, sent again", ran.out)


def test_a_wrong_key_is_a_nak_and_exit_code_1(arcctl: Arcctl) -> None:
    with receiving() as receiver:
        ran = arcctl(*to(receiver), "--account", "1002", "--code", "HA", "--key", OTHER_KEY)
    assert ran.code == 1
    assert "NAK" in ran.out
    assert "the key is not the account's" in ran.out
    assert len(receiver.received) == 2  # once more with the clock of the NAK, then no more
    assert OTHER_KEY not in ran.out + ran.err


def test_an_unknown_account_is_a_duh_and_exit_code_1(arcctl: Arcctl) -> None:
    with receiving() as receiver:
        ran = arcctl(*to(receiver), "--account", "7777", "--code", "BA")
    assert ran.code == 1
    assert "DUH" in ran.out


@pytest.mark.parametrize("udp", [False, True])
def test_silence_is_answered_with_the_same_bytes_again(
    arcctl: Arcctl, udp: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiving(lambda number, reply: [] if number < 2 else [reply], udp=udp) as receiver:
        hear_silences(monkeypatch, receiver)
        ran = arcctl(*to(receiver), "--account", "1002", "--null", "--key", KEY, *(["--udp"] * udp))
    assert ran.code == 0, ran.err
    assert "sent 3 times" in ran.out
    assert len(set(receiver.raw)) == 1


def test_gives_up_after_the_last_retry(arcctl: Arcctl) -> None:
    with receiving(lambda number, reply: [], udp=True) as receiver:
        ran = arcctl(*to(receiver), "--account", "1001", "--null", "--udp", "--timeout", "0.02", "--json")
        until("all have arrived", lambda: len(receiver.raw) > RETRIES_MAX)
    assert ran.code == 1
    assert len(receiver.raw) == RETRIES_MAX + 1
    [message] = ran.json()["messages"]
    assert (message["reply"], message["acknowledged"], message["transmissions"]) == (None, False, RETRIES_MAX + 1)


def test_a_reply_in_pieces_is_one_reply(arcctl: Arcctl) -> None:
    with receiving(lambda number, reply: [reply[index : index + 1] for index in range(len(reply))]) as receiver:
        ran = arcctl(*to(receiver), "--account", "1001", "--null")
    assert ran.code == 0, ran.err


def test_a_late_reply_to_the_message_before_is_not_taken_for_this_one(arcctl: Arcctl) -> None:
    kept: list[bytes] = []

    def late(number: int, reply: bytes) -> list[bytes]:
        kept.append(reply)
        return [kept[0] + kept[1]] if number == 1 else [reply]

    with receiving(late) as receiver:
        ran = arcctl(*to(receiver), "--account", "1001", "--null", "--repeat", "3", "--json")
    assert ran.code == 0, ran.err
    assert [message["transmissions"] for message in ran.json()["messages"]] == [1, 1, 1]


def test_an_answer_that_is_no_reply_is_shown(arcctl: Arcctl) -> None:
    with receiving(lambda number, reply: [b"HTTP/1.1 400 Bad\x1b[2J"], closes=True) as receiver:
        ran = arcctl(*to(receiver), "--account", "1001", "--null", "--retries", "0")
    assert ran.code == 1
    assert "cannot be read as a reply to it: HTTP/1.1 400 Bad\\x1b[2J" in ran.out
    assert "\x1b" not in ran.out


def test_a_receiver_that_closes_after_each_reply_is_dialled_again(arcctl: Arcctl) -> None:
    with receiving(closes=True) as receiver:
        ran = arcctl(*to(receiver), "--account", "1001", "--null", "--repeat", "2")
    assert ran.code == 0, ran.out + ran.err
    assert receiver.connections >= 2


def test_extended_data_goes_along_and_key_material_is_blanked(arcctl: Arcctl) -> None:
    with receiving() as receiver:
        ran = arcctl(
            *to(receiver), "--account", "1001", "--code", "BA", "--text", "HALL",
            "--extended", "Vhttp://example.invalid/1", "--extended", f"K{KEY}", "--timestamp",
        )  # fmt: skip
    assert ran.code == 0, ran.err
    [signal] = first(receiver).signals
    assert signal.media == ("http://example.invalid/1",)
    assert signal.text == "HALL"
    assert first(receiver).clock_skew_s == pytest.approx(0, abs=2)
    assert KEY not in ran.out + ran.err


def test_any_token_can_be_sent(arcctl: Arcctl) -> None:
    with receiving() as receiver:
        ran = arcctl(*to(receiver), "--account", "1001", "--token", "SIA-PUL", "--data", "01", "--binary-crc")
    assert ran.code == 0, ran.err
    assert first(receiver).kind is Kind.OPAQUE
    assert "binary_crc" in first(receiver).remarks


def test_nobody_listening_is_a_sentence(arcctl: Arcctl) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = str(unused.getsockname()[1])
        for transport in ([], ["--udp"]):
            ran = arcctl("panel", "send", "--account", "1", "--null", "--host", "127.0.0.1", "--port", port, *transport)
            assert ran.code == 1
            assert ran.err.startswith("error: nobody listens on 127.0.0.1 port")
            assert "Traceback" not in ran.err


def test_a_receiver_without_tls_is_not_taken_for_an_unreachable_one(arcctl: Arcctl) -> None:
    """It has the connection, and waits for the end of what it takes for a message."""
    with socket.create_server(("127.0.0.1", 0)) as plain:
        port = str(plain.getsockname()[1])
        ran = arcctl("panel", "send", "--account", "1", "--null", "--tls", "--port", port, "--timeout", "0.05")
    assert (ran.code, "does not answer in TLS; check --port, or leave --tls out" in ran.err) == (1, True)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], "say what to send"),
        (["--code", "BA", "--null"], "say what to send"),
        (["--code", "BA", "--key", "tooshort"], "a key is 16, 24 or 32 ASCII characters"),
        (["--code", "BA", "--key", "a" * 16, "--key-file", "k"], "--key or --key-file, not both"),
        (["--code", "BA", "--key-file", "missing"], "missing cannot be read"),
        (["--code", "BA", "--scheme", "morse"], "write one of sia, contact_id"),
        (["--code", "BA", "--qualifier", "restore"], "leave --qualifier out"),
        (["--code", "130", "--scheme", "contact_id", "--text", "x"], "Contact ID has no text"),
        (["--code", "130", "--scheme", "contact_id", "--zone", "1", "--user", "2"], "a zone or a user"),
        (["--code", "13", "--scheme", "contact_id"], "code '13'"),
        (["--code", "BA", "--text", "a]b"], "remove them"),
        (["--null", "--interval", "2 hours"], "write it like 90s"),
        (["--null", "--timeout", "0"], "--timeout"),
        (["--null", "--timeout", str(TIMEOUT_S_MAX + 1)], "--timeout"),
        (["--null", "--line", "x y"], "does not fit a DC-09 header"),
        (["--null", "--repeat", str(REPEAT_MAX + 1)], "--repeat"),
        (["--null", "--retries", str(RETRIES_MAX + 1)], "--retries"),
        (["--null", "--clock-offset", "nan"], "--clock-offset"),
        (["--null", "--clock-offset", "1e300", "--timestamp"], "--clock-offset"),
    ],
)
def test_a_wrong_command_line_says_what_to_write(arcctl: Arcctl, options: list[str], told: str) -> None:
    with receiving() as receiver:
        ran = arcctl(*to(receiver), "--account", "1001", *options)
    assert ran.code in (1, 2)
    assert told in ran.err
    assert not receiver.received
    assert "Traceback" not in ran.err
    assert "tooshort" not in ran.err + ran.out


def test_an_empty_key_file_is_refused(arcctl: Arcctl, tmp_path: Path) -> None:
    (tmp_path / "empty.key").write_text("\n")
    ran = arcctl("panel", "send", "--account", "1001", "--null", "--key-file", "empty.key")
    assert ran.code == 2
    assert "empty.key is empty" in ran.err


def test_the_demo_says_where_to_dial(arcctl: Arcctl, tmp_path: Path) -> None:
    with receiving() as receiver:
        settings = tmp_path / "config/demo/arcd.yaml"
        settings.parent.mkdir(parents=True)
        settings.write_text(f"dc09:\n  tcp: ['127.0.0.1:{receiver.port}']\n  udp: []\n")
        ran = arcctl("panel", "send", "--account", "1001", "--null")
    assert ran.code == 0, ran.err
    settings.write_text("dc09:\n  tpc: []\n")
    ran = arcctl("panel", "send", "--account", "1001", "--null")
    assert ran.code == 1
    assert "config/demo/arcd.yaml:2" in ran.err
