"""Each row of the dialect table beside a frame of its panel: as captured where somebody published one."""

from __future__ import annotations

import pytest

from protocols.codec import ConnectionPolicy, Kind, Malformed, Received, ReplyKind, WireProfile
from protocols.dc09 import Dialler
from protocols.dc09.dialects import DIALECTS, STANDARD, Dialect, dialect_of
from protocols.dc09.frame import encode_frame
from protocols.dc09.reply_policy import ReplyPolicy, reply_for
from protocols.dc09.timestamp import parse_timestamp
from tests.protocols.dc09.panel import KEY, NOW, OTHER_KEY, SECOND, pad, receiver, vectors


def captured(crc: str) -> bytes:
    (found,) = [v for v in vectors("dc09.jsonl") if v["expect"]["crc_computed"] == crc]
    return bytes.fromhex(found["frame_hex"])


def unverified(number: int) -> bytes:
    (found,) = [v for v in vectors("dc09_unverified.jsonl") if v["n"] == number]
    return bytes.fromhex(found["frame_hex"])


def said_at(text: bytes) -> int:
    at = parse_timestamp(text)
    assert at is not None
    return at


def profile(dialect: Dialect) -> WireProfile:
    return WireProfile(
        window_past_s=dialect.window_past_s,
        window_future_s=dialect.window_future_s,
        ignore_crc=dialect.ignore_crc,
        encoding=dialect.encoding,
        month_from_zero=dialect.month_from_zero,
        expected_remarks=dialect.expected,
        connection=dialect.connection,
        idle_limit_s=dialect.idle_limit_s,
    )


def read(name: str, stream: bytes, now: int = NOW) -> list[Received]:
    items = receiver(profile(DIALECTS[name])).receive_data(stream, now)
    assert all(isinstance(item, Received) for item in items), items
    return [item for item in items if isinstance(item, Received)]


def only(name: str, stream: bytes, now: int = NOW) -> Received:
    (item,) = read(name, stream, now)
    return item


# (what it sent, our clock then, what the standard's reading makes of it, what the row makes of it)
ROWS: dict[str, tuple[bytes, int, tuple[str, ...], tuple[str, ...]]] = {
    "standard": (captured("68AF"), NOW, (), ()),
    "dc09-2026": (encode_frame(b'"XNM"0001L0#1234[][CDP][G2]'), NOW, (), ()),
    # Captured 2020-02-25; its clock 80 s ahead of ours, as pysiaalarm #14 reports.
    "ajax": (captured("7300"), said_at(b"09:13:45,02-25-2020"), ("clock_skew",), ()),
    "hikvision": (captured("821F"), said_at(b"18:25:49,07-05-2020"), (), ()),
    "dahua": (captured("2DE1"), said_at(b"17:22:02,09-18-2023"), (), ()),
    "eaton": (encode_frame(b'"SIA-DCS"0000L0#1234[#1234|Nti19:44/id1/RP]'), NOW, (), ()),
    "trikdis": (encode_frame(b'"NULL"0001L0#1234[]', is_binary_crc=True), NOW, ("binary_crc",), ()),
    "lupusec": (encode_frame(b'"NULL"0002L0#1234[]', is_binary_crc=True), NOW, ("binary_crc",), ()),
    "pyronix": (captured("2290"), said_at(b"21:00:06,08-27-2026"), (), ()),
    "month-from-zero": (
        encode_frame(b'"SIA-DCS"0001L#7303658550[#7303658550|NBA4]_12:00:00,05-15-2026') + b"\x00",
        NOW,
        ("clock_skew",),
        (),
    ),
    "focus": (captured("7A28"), NOW, (), ()),
    "jablotron": (captured("953A"), NOW, (), ()),
    "galaxy-ion40h": (encode_frame(b'"SIA-DCS"0001L0#1234[#1234|Nri1/BV1]'), NOW, (), ()),
    "iris-4": (encode_frame(b'"NULL"0000L0#1234[]'), NOW, (), ()),
    "one-shot": (encode_frame(b'"SIA-DCS"0001L0#1234[#1234|NRP]'), NOW, (), ()),
    "no-line": (captured("3BAC"), NOW, ("line_absent", "missing_slash"), ("missing_slash",)),
}


@pytest.mark.parametrize("name", ROWS)
def test_what_the_row_makes_of_its_panels_frame(name: str) -> None:
    stream, now, by_the_standard, by_the_row = ROWS[name]
    assert only("standard", stream, now).remarks == by_the_standard
    item = only(name, stream, now)
    assert item.remarks == by_the_row
    assert item.problem is None
    assert reply_for(item, account_known=True, policy=ReplyPolicy()) is ReplyKind.ACK


def test_every_row_has_its_frame_its_panel_and_its_source() -> None:
    assert set(DIALECTS) == set(ROWS) | {"eldes"}
    assert all(row.panel and row.says and row.source for row in DIALECTS.values())


@pytest.mark.parametrize("number", [61, 62, 63])
def test_eldes_computes_its_crc_in_a_way_of_its_own(number: int) -> None:
    (refused,) = receiver().receive_data(unverified(number), NOW)
    assert isinstance(refused, Malformed)
    item = only("eldes", unverified(number))
    assert item.kind is Kind.SIGNALS
    assert item.remarks == ("crc_ignored", "length_ignored"), "that is never passed over in silence"


def test_eldes_counts_its_length_in_decimal() -> None:
    assert only("standard", unverified(37)).remarks == ("decimal_length",)
    assert only("eldes", unverified(37)).remarks == ()


def test_dahua_sends_several_frames_at_once() -> None:
    items = read("dahua", captured("2DE1") + captured("DABA"), said_at(b"17:22:02,09-18-2023"))
    assert [item.sequence for item in items] == ["0056", "0062"]


def test_pyronix_and_every_other_panel_gets_no_receiver_number_it_has_not_sent() -> None:
    item = only("pyronix", captured("2290"))
    assert receiver().encode_reply(item, ReplyKind.ACK, NOW) == captured("5989")


def test_the_panel_that_counts_months_from_zero_keeps_its_clock() -> None:
    stream, now, _, _ = ROWS["month-from-zero"]
    assert only("month-from-zero", stream, now).clock_skew_s == 0
    january = encode_frame(b'"NULL"0001L0#1[]_12:00:00,00-15-2026')
    assert only("standard", january).remarks == ("unreadable_timestamp",)
    assert only("month-from-zero", january, said_at(b"12:00:00,01-15-2026")).clock_skew_s == 0


def test_ajax_is_not_hung_up_on() -> None:
    row = DIALECTS["ajax"]
    assert row.connection is ConnectionPolicy.KEEP_OPEN
    assert row.idle_limit_s is not None
    assert row.idle_limit_s > 24 * 3600


def test_a_name_that_is_no_row_reads_as_the_standard() -> None:
    assert dialect_of("") is dialect_of("of a later version") is STANDARD


# ----------------------------------------------------------------------------------- a new key, by the revision of 2026


def test_only_one_dialect_takes_a_new_key() -> None:
    assert [row.name for row in DIALECTS.values() if row.takes_key_change] == ["dc09-2026"]


def test_a_new_key_travels_under_the_old_one_and_both_are_read_meanwhile() -> None:
    offering = WireProfile(key=KEY, offered_key=OTHER_KEY)
    codec = receiver(offering)
    panel = Dialler("1234", key=KEY)
    (asked,) = codec.receive_data(panel.null(sequence=1, now=NOW, pad=pad), NOW)
    assert isinstance(asked, Received)
    assert asked.remarks == ()
    answer = codec.encode_reply(asked, ReplyKind.RSP, NOW)
    assert b'"*RSP"0001L0#1234[' in answer
    assert OTHER_KEY.expose().hex().upper().encode() not in answer
    reply = panel.read_reply(answer, NOW)
    assert reply is not None
    assert (reply.kind, reply.token, reply.is_encrypted, reply.clock_offset_s) == (ReplyKind.ACK, "RSP", True, 0)
    assert (reply.new_key, reply.extended) == (OTHER_KEY, ("K" + "*" * 32,))
    changed = Dialler("1234", key=reply.new_key)
    (taken,) = codec.receive_data(changed.null(sequence=2, now=NOW, pad=pad), NOW)
    assert isinstance(taken, Received)
    assert (taken.problem, taken.remarks) == (None, ("offered_key",))
    confirmed = changed.read_reply(codec.encode_reply(taken, ReplyKind.ACK, NOW), NOW)
    assert confirmed is not None
    assert confirmed.kind is ReplyKind.ACK


def test_the_frame_that_concludes_a_change_is_answered_under_the_new_key_also_afterwards() -> None:
    changed = Dialler("1234", key=OTHER_KEY)
    (taken,) = receiver(WireProfile(key=KEY, offered_key=OTHER_KEY)).receive_data(
        changed.null(sequence=2, now=NOW, pad=pad), NOW
    )
    assert isinstance(taken, Received)
    after = receiver(WireProfile(key=OTHER_KEY, previous_key=KEY))
    assert changed.read_reply(after.encode_reply(taken, ReplyKind.ACK, NOW), NOW) is not None


def test_a_key_is_never_sent_in_clear_nor_after_it_was_withdrawn() -> None:
    plain = receiver(WireProfile(offered_key=OTHER_KEY))
    (item,) = plain.receive_data(Dialler("1234").null(sequence=1), NOW)
    assert isinstance(item, Received)
    assert plain.encode_reply(item, ReplyKind.RSP, NOW) == encode_frame(b'"ACK"0001L0#1234[]')
    panel = Dialler("1234", key=KEY)
    withdrawn = receiver(WireProfile(key=KEY))
    (item,) = withdrawn.receive_data(panel.null(sequence=1, now=NOW, pad=pad), NOW)
    assert isinstance(item, Received)
    reply = panel.read_reply(withdrawn.encode_reply(item, ReplyKind.RSP, NOW), NOW)
    assert reply is not None
    assert (reply.token, reply.new_key) == ("ACK", None)


def test_what_stands_where_a_key_should_is_no_key() -> None:
    from protocols.dc09.cipher import encrypt_content
    from protocols.dc09.timestamp import format_timestamp

    sealed = encrypt_content(KEY, b"][Knot a key]_" + format_timestamp(NOW + 5 * SECOND), pad)
    reply = Dialler("1", key=KEY).read_reply(encode_frame(b'"*RSP"0001L0#1[' + sealed), NOW)
    assert reply is not None
    assert (reply.token, reply.new_key, reply.clock_offset_s) == ("RSP", None, 5.0)
