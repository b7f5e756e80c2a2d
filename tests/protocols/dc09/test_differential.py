"""Against two implementations that nobody here wrote.

siadc09 1.0.1 (written to DC-09-2026). Where it differs it is held to what it can say:
- it reads R, L and # as numbers, so leading zeros and letter case are lost and non-hex accounts refused;
- it writes `L0` where the field was absent and `#` with at least three digits;
- its NAK is `"NAK"<seq>...#acct`, not the fixed `R0L0A0` of DC-09-2013 5.5.3.2, and it cannot read `A0`.
my-dc09-spt 0.2.2 (a dialler). It has its own clock, so its frames are read with a wide window; it leaves L out when
no line is given, and writes X and Y as plain degrees.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from my_dc09_spt.msg.dc03_msg import dc03_msg
from my_dc09_spt.msg.dc05_msg import dc05_msg
from my_dc09_spt.msg.dc09_msg import dc09_msg
from siadc09.account import Account
from siadc09.message import AckMessage, DuhMessage, EventMessage, NullMessage, parse_frame
from siadc09.xdata import parse_data, parse_xdata

from protocols.codec import Kind, Received, ReplyKind, WireProfile
from protocols.dc09 import Dialler
from protocols.secrets import WireKey
from protocols.signals import Position
from tests.protocols.dc09.panel import EVER_S, KEY, KEYS, NOW, SECOND, pad, received_from, receiver

AT = datetime.fromtimestamp(NOW // SECOND, UTC)
# As siadc09 writes them: no leading zeros, upper case, at least three digits of account.
ACCOUNTS = st.integers(0x100, 0xFFFF_FFFF_FFFF_FFFF)
NUMBERS = st.none() | st.integers(0, 0xFFFFFF)
TEXT = st.text("ABCxyz 0123456789/^.#", max_size=30)


def hexadecimal(number: int | None) -> str | None:
    return None if number is None else f"{number:X}"


@given(ACCOUNTS, NUMBERS, NUMBERS, st.none() | st.sampled_from(KEYS), st.integers(0, 9999), TEXT, st.booleans())
def test_we_read_what_siadc09_writes(
    acct: int, pref: int | None, rcvr: int | None, key: WireKey | None, seq: int, text: str, timed: bool
) -> None:
    theirs = Account(acct=acct, pref=pref, rcvr=rcvr, key=None if key is None else key.expose())
    config: dict[str, Any] = {"idtoken": "SIA-PUL", "seqno": seq, "data": parse_data(text.encode()) if text else None}
    config["xdata"] = [parse_xdata(b"M0026b9e4268b"), parse_xdata(b"ROlohuone")]
    config["timestamp"] = AT if timed or key is not None else None
    item = received_from(EventMessage(theirs, config).encode(), WireProfile(key=key))
    assert (item.problem, item.sequence, item.token) == (None, f"{seq:04d}", "SIA-PUL")
    assert item.session_account == f"{acct:03X}"
    assert (item.origin.receiver, item.origin.line) == (hexadecimal(rcvr), hexadecimal(pref) or "0")
    assert (item.signals[0].text or "") == text
    assert [(name, value.lower()) for name, value in item.signals[0].extra] == [
        ("xM", "0026b9e4268b"),
        ("mac", "00:26:b9:e4:26:8b"),
        ("xR", "olohuone"),
    ]


@given(ACCOUNTS, NUMBERS, NUMBERS, st.none() | st.sampled_from(KEYS), st.integers(0, 9999), TEXT, st.booleans())
def test_siadc09_reads_what_we_write(
    acct: int, pref: int | None, rcvr: int | None, key: WireKey | None, seq: int, text: str, timed: bool
) -> None:
    panel = Dialler(f"{acct:03X}", hexadecimal(rcvr), hexadecimal(pref or 0), key)
    now = NOW if timed or key is not None else None
    frame = panel.message("SIA-PUL", text, sequence=seq, now=now, pad=pad, extended=["M0026b9e4268b"])
    message = parse_frame(frame, None if key is None else key.expose())
    assert (message.idtoken, message.seq, message.encrypted) == ("SIA-PUL", seq, key is not None)
    assert (message.account.acct, message.account.rcvr, message.account.pref or 0) == (acct, rcvr, pref or 0)
    assert message.timestamp == (None if now is None else AT)
    assert (message.data.pack(brackets=False) if message.data else b"") == text.encode()
    assert message.xdata[0].pack(brackets=False).lower() == b"m0026b9e4268b"


@pytest.mark.parametrize("key", [None, *KEYS])
def test_replies_both_ways(key: WireKey | None) -> None:
    secret = None if key is None else key.expose()
    theirs = Account(acct=0x1234, pref=0x7, rcvr=0x5, key=secret)
    profile = WireProfile(key=key)
    item = received_from(NullMessage(theirs, AT, seqno=42).encode(), profile)
    assert (item.kind, item.problem) == (Kind.LINK_TEST, None)
    ack = parse_frame(receiver(profile).encode_reply(item, ReplyKind.ACK, NOW), secret)
    assert isinstance(ack, AckMessage)
    assert (ack.seq, ack.encrypted, ack.account.acct, ack.account.rcvr) == (42, key is not None, 0x1234, 0x5)
    duh = parse_frame(receiver(profile).encode_reply(item, ReplyKind.DUH, NOW))
    assert isinstance(duh, DuhMessage)
    panel = Dialler("1234", "5", "7", key)
    for theirs_reply, kind in ((AckMessage(theirs, 42, AT), ReplyKind.ACK), (DuhMessage(theirs, 42), ReplyKind.DUH)):
        reply = panel.read_reply(theirs_reply.encode(), NOW)
        assert reply is not None
        assert (reply.kind, reply.sequence) == (kind, "0042")


def test_where_siadc09_is_wrong() -> None:
    item = received_from(Dialler("0012", "0F").null(sequence=1))
    ours = receiver().encode_reply(item, ReplyKind.ACK, NOW)
    assert b"R0FL0#0012[" in ours
    again = parse_frame(ours).encode()
    assert b"RFL0#012[" in again  # zeros lost: a panel that compares text refuses such an echo
    with pytest.raises(RuntimeError, match="#acct"):
        parse_frame(receiver().encode_reply(item, ReplyKind.NAK, NOW))


WIDE = {
    None: WireProfile(window_past_s=EVER_S),
    KEY: WireProfile(key=KEY, window_past_s=EVER_S, window_future_s=EVER_S),
}


@pytest.mark.parametrize("key", [None, KEY])
@pytest.mark.parametrize(("receiver_number", "line"), [(None, None), (1, 2), (None, 0xAB)])
def test_we_read_the_spt_dialler(key: WireKey | None, receiver_number: int | None, line: int | None) -> None:
    spt = dc09_msg("0123", None if key is None else key.expose(), receiver_number, line)
    extra = dc09_msg.dc09_extra({"lon": "24.94", "lat": "60.17", "verification": "https://x.example/1"})
    messages = {
        "NULL": "]",
        "ADM-CID": dc05_msg.dc05event("0123", {"code": 130, "q": 1, "zone": 15, "area": 1}) + extra,
        "SIA-DCS": dc03_msg.dc03event("0123", {"code": "BA", "zone": 15, "area": 1, "text": "PIR hall"}) + extra,
    }
    for number, (token, message) in enumerate(messages.items(), start=1):
        frame = spt.dc09block(number, token, message).encode("ascii")
        item = received_from(frame, WIDE[key])
        assert isinstance(item, Received)
        assert (item.problem, item.token, item.sequence) == (None, token, f"{number:04d}")
        assert (item.session_account, item.origin.account) == ("0123", "0123")
        assert (item.origin.receiver, item.origin.line) == (hexadecimal(receiver_number), hexadecimal(line))
        if token == "NULL":
            assert (item.kind, item.signals) == (Kind.LINK_TEST, ())
        else:
            (signal,) = item.signals
            assert item.kind is Kind.SIGNALS
            assert signal.code == ("130" if token == "ADM-CID" else "BA")
            assert signal.zone is not None
            assert int(signal.zone) == 15
            assert signal.position == Position(longitude=24.94, latitude=60.17)
            assert signal.media == ("https://x.example/1",)
        ack = receiver(WIDE[key]).encode_reply(item, ReplyKind.ACK, NOW).decode("ascii")
        assert spt.dc09answer(number, ack)[0] == "ACK"
        nak = receiver().encode_reply(item, ReplyKind.NAK, NOW).decode("ascii")
        kind, offset = spt.dc09answer(number, nak)
        assert (kind, type(offset)) == ("NAK", float)
