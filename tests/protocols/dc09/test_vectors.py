"""Every frame that others have captured or published, in every feeding; sources stand in the vector files."""

from __future__ import annotations

from typing import Any

import pytest

from protocols.codec import Kind, Malformed, Problem, Protection, Received, WireProfile
from protocols.dc09 import Dialler
from protocols.dc09.timestamp import SHAPE, parse_timestamp
from protocols.secrets import WireKey
from tests.protocols.dc09.panel import EVER_S, NOW, SECOND, receiver, vectors
from tests.wire import check_every_feeding

REPLIES = {"ACK", "NAK", "DUH", "RSP"}
VERIFIED = vectors("dc09.jsonl")
UNVERIFIED = vectors("dc09_unverified.jsonl")

# What becomes of each frame that does not verify as printed, and why that is right.
OUTCOMES = {
    33: "length",  # published with a wrong length and a wrong CRC
    34: "length",
    35: "length",
    36: "length",
    37: "decimal_length",  # length in decimal, CRC right: read, with a remark
    38: "length",  # sealed, length wrong on purpose
    39: "wrong_key",  # a real frame whose key nobody published: the test key must be seen not to fit
    40: "length",
    41: "length",
    42: "length",
    43: "length",
    45: "length",  # says 633 bytes and has 51: must not wait for the rest
    61: "length",  # Eldes: CRC over an unknown range, length one too high; read when the account says so (below)
    62: "length",
    63: "length",
    66: "length",  # redacted by whoever published it
    68: "length",
}


def profile_of(vector: dict[str, Any], *, ignore_crc: bool = False) -> WireProfile:
    key = WireKey(bytes.fromhex(vector["key"])) if "key" in vector else None
    return WireProfile(key=key, window_past_s=EVER_S, window_future_s=EVER_S, ignore_crc=ignore_crc)


def check_feedings(vector: dict[str, Any], profile: WireProfile) -> Received | Malformed:
    frame = bytes.fromhex(vector["frame_hex"])
    (item,) = receiver(profile).receive_data(frame, NOW)
    check_every_feeding(lambda: receiver(profile), frame, [item], NOW)
    return item


@pytest.mark.parametrize("vector", VERIFIED, ids=lambda v: v["expect"]["crc_computed"] + v["protocol"][5:])
def test_verified(vector: dict[str, Any]) -> None:
    expect = vector["expect"]
    item = check_feedings(vector, profile_of(vector))
    if expect["id"] in REPLIES:
        assert isinstance(item, Malformed)
        assert item.reason == "direction"
        return
    assert isinstance(item, Received)
    assert (item.token, item.sequence) == (expect["id"], expect["seq"])
    assert (item.session_account, item.origin.receiver, item.origin.line) == (
        expect["account"],
        expect["receiver"],
        expect["line"],
    )
    assert item.protection is (Protection.ENCRYPTED if expect["encrypted"] else Protection.PLAIN)
    assert item.raw == bytes.fromhex(vector["frame_hex"]).strip(b"\x00")
    if "data" not in expect:  # nobody published the key
        assert (item.problem, item.signals) == (Problem.NO_KEY, ())
        return
    assert item.problem is None
    at = parse_timestamp(expect["timestamp"].encode()) if expect["timestamp"] else None
    assert item.clock_skew_s == (None if at is None else (at - NOW) / SECOND)
    assert (item.kind is Kind.LINK_TEST) == (expect["id"] == "NULL")
    assert item.signals or not expect["data"]
    for signal in item.signals:
        fields = [field for field in expect["xdata"] if field[0] not in "HVI"]
        assert [("x" + field[0], field[1:]) for field in fields] == [
            pair for pair in signal.extra if pair[0].startswith("x") and pair[0][1:2].isupper()
        ]


@pytest.mark.parametrize(
    "vector", [v for v in VERIFIED if v["expect"]["id"] in REPLIES], ids=lambda v: v["frame_text"][1:14]
)
def test_replies_are_read_by_the_dialler(vector: dict[str, Any]) -> None:
    expect = vector["expect"]
    key = WireKey(bytes.fromhex(vector["key"])) if "key" in vector else None
    reply = Dialler("1", key=key).read_reply(bytes.fromhex(vector["frame_hex"]), NOW)
    assert reply is not None
    assert (reply.token, reply.sequence, reply.is_encrypted) == (expect["id"], expect["seq"], expect["encrypted"])
    assert reply.account == (expect["account"] or "0")  # NAK: A0
    assert reply.data == expect["data"]
    at = parse_timestamp(expect["timestamp"].encode()) if expect["timestamp"] else None
    assert reply.clock_offset_s == (None if at is None else (at - NOW) / SECOND)


@pytest.mark.parametrize("vector", UNVERIFIED, ids=lambda v: str(v["n"]))
def test_unverified(vector: dict[str, Any]) -> None:
    item = check_feedings(vector, profile_of(vector))
    outcome = OUTCOMES[vector["n"]]
    match item:
        case Malformed():
            assert item.reason == outcome
        case Received(problem=None):
            assert item.remarks[0] == outcome
        case Received():
            assert (item.problem, item.signals) == (outcome, ())


@pytest.mark.parametrize("n", [61, 62, 63])
def test_eldes_is_read_when_the_account_ignores_the_crc(n: int) -> None:
    (vector,) = (v for v in UNVERIFIED if v["n"] == n)
    item = check_feedings(vector, profile_of(vector, ignore_crc=True))
    assert isinstance(item, Received)
    assert item.remarks[:2] == ("crc_ignored", "length_ignored")
    assert (item.kind, item.origin.account) == (Kind.SIGNALS, "9999")


def test_every_vector_is_here() -> None:
    assert (len(VERIFIED), len(UNVERIFIED)) == (52, len(OUTCOMES))
    assert all(v["source"] for v in VERIFIED + UNVERIFIED)
    assert SHAPE.fullmatch(b"16:07:07,04-14-2015")
