"""What a receiver makes of a frame: who, what, how trustworthy; and that keys never show."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.codec import Kind, Malformed, Origin, Problem, Protection, Received, ReplyKind, WireProfile
from protocols.dc09 import Dc09Codec, Dialler
from protocols.dc09.cipher import encrypt_content
from protocols.dc09.codec import SEALED_BYTES
from protocols.dc09.extended import EXTENDED_SIGNALS_MAX
from protocols.dc09.frame import encode_frame
from protocols.dc09.timestamp import format_timestamp, parse_timestamp
from protocols.secrets import WireKey
from protocols.signals import Category, Position, Qualifier, Scheme
from tests.protocols.dc09.panel import KEY, KEY_TEXT, KEYS, NOW, OTHER_KEY, SECOND, pad, received_from, receiver
from tests.wire import check_every_feeding

PLAIN = Dialler("1234")
SEALED = Dialler("1234", key=KEY)
KEYED = WireProfile(key=KEY)


def sealed_frame(content: bytes, key: WireKey = KEY, header: bytes = b'"*SIA-DCS"0001L0#1234[') -> bytes:
    return encode_frame(header + encrypt_content(key, content, pad))


def test_one_alarm() -> None:
    frame = PLAIN.sia_dcs("Nri1/BA001", sequence=1, now=NOW + 5 * SECOND)
    item = received_from(frame)
    assert (item.protocol, item.kind, item.token, item.sequence) == ("dc09", Kind.SIGNALS, "SIA-DCS", "0001")
    assert (item.origin, item.session_account) == (Origin(account="1234", line="0"), "1234")
    assert (item.protection, item.problem, item.clock_skew_s, item.remarks) == (Protection.PLAIN, None, 5.0, ())
    assert item.raw == frame
    (signal,) = item.signals
    assert (signal.code, signal.category, signal.qualifier) == ("BA", Category.INTRUSION, Qualifier.NEW)


def test_contact_id() -> None:
    (signal,) = received_from(PLAIN.adm_cid("1130 01 015", sequence=1)).signals
    assert (signal.scheme, signal.code, signal.area, signal.zone) == (Scheme.CONTACT_ID, "130", "01", "015")


def test_the_data_names_whose_alarm_it_is() -> None:
    """Behind a cloud transmitter the header has its account, the data the site's."""
    for token, data in (("SIA-DCS", "#55AA|Nri1/BA1"), ("ADM-CID", "#55AA|1130 01 015"), ("SIA-PUL", "#55AA|xyz")):
        item = received_from(PLAIN.message(token, data, sequence=1))
        assert (item.origin.account, item.session_account) == ("55AA", "1234")


def test_an_unknown_event_code_is_still_a_signal() -> None:
    for frame in (PLAIN.sia_dcs("Nri1/QQ1", sequence=1), PLAIN.adm_cid("1999 01 015", sequence=1)):
        item = received_from(frame)
        assert item.kind is Kind.SIGNALS
        assert item.signals[0].category is Category.UNKNOWN


@pytest.mark.parametrize(
    ("token", "data", "text"),
    [("SIA-PUL", "11 2", "11 2"), ("XYZ-1", "", None), ("ITI-I", "Kitchen", "Kitchen"), ("SCN-S8", "Ä", "Ä")],
)
def test_every_token_is_kept(token: str, data: str, text: str | None) -> None:
    item = received_from(PLAIN.message(token, data, sequence=1, extended=["Lhall"]))
    assert (item.kind, item.token, item.origin.account) == (Kind.OPAQUE, token, "1234")
    (signal,) = item.signals
    assert (signal.scheme, signal.code, signal.category, signal.text) == (
        Scheme.OPAQUE,
        token,
        Category.UNKNOWN,
        text,
    )
    assert signal.extra == (("xL", "hall"),)


def test_content_that_is_not_understood_is_opaque() -> None:
    for frame in (PLAIN.message("SIA-DCS", "", sequence=1), PLAIN.message("ADM-CID", "?!", sequence=1)):
        item = received_from(frame)
        assert item.kind is Kind.OPAQUE
        assert len(item.signals) == 1
        assert item.signals[0].category is Category.UNKNOWN


@pytest.mark.parametrize("panel", [PLAIN, SEALED])
@pytest.mark.parametrize("token", ["NULL", "XNM", "null"])
def test_link_tests(token: str, panel: Dialler) -> None:
    profile = WireProfile(key=panel.key)
    bare = received_from(panel.message(token, "", sequence=0, now=NOW, pad=pad), profile)
    assert (bare.kind, bare.signals, bare.problem) == (Kind.LINK_TEST, (), None)
    assert bare.session_account == bare.origin.account == "1234"
    full = received_from(
        panel.message(token, "#0000|0000 00 000", sequence=0, now=NOW, pad=pad, extended=["CDP"]), profile
    )
    assert (full.kind, full.origin.account) == (Kind.LINK_TEST, "1234")  # Hikvision: #0000 is nobody
    (signal,) = full.signals
    assert (signal.category, signal.qualifier, signal.text) == (Category.TEST, Qualifier.STATUS, "#0000|0000 00 000")
    assert signal.extra == (("xC", "DP"),)


def test_extended_data_reaches_every_signal() -> None:
    fields = [
        "H11:59:58,06-15-2026",
        "Vhttps://x.example/1",
        "X024E56.0",
        "Y60N10.0",
        "Z12M",
        "IPIR 2",
        "Rhall",
        "K" + KEY_TEXT,
    ]
    item = received_from(PLAIN.sia_dcs("Nri1/BA001/BA002", sequence=1, now=NOW, extended=fields))
    assert len(item.signals) == 2
    for signal in item.signals:
        assert signal.occurred_at == NOW - 2 * SECOND
        assert signal.media == ("https://x.example/1",)
        assert signal.position == Position(longitude=24 + 56 / 60, latitude=60 + 10 / 60, altitude_m=12.0)
        assert signal.text == "PIR 2"
        assert {("xR", "hall"), ("xK", "****")} <= set(signal.extra)


def test_many_signals_share_the_extended_data_of_the_first() -> None:
    count = EXTENDED_SIGNALS_MAX + 1
    item = received_from(PLAIN.sia_dcs("N" + "/".join(["BA1"] * count), sequence=1, extended=["Rhall"]))
    assert "extended_data_folded" in item.remarks
    assert [("xR", "hall") in signal.extra for signal in item.signals] == [True] * EXTENDED_SIGNALS_MAX + [False]


def test_text_is_decoded_strictly() -> None:
    data = b"#1|A" + "ö".encode("cp1252")
    item = received_from(PLAIN.message("SIA-PUL", data, sequence=1, extended=[b"L\x81"]))
    assert item.signals[0].text == "#1|Aö"
    assert item.signals[0].extra == (("xL", "\\x81"),)
    assert item.remarks == ("windows_1252", "undecodable_text")
    assert data in item.raw
    cyrillic = WireProfile(encoding="cp1251")
    assert received_from(PLAIN.message("X", "Ул".encode("cp1251"), sequence=1), cyrillic).signals[0].text == "Ул"


# --- time


@pytest.mark.parametrize(
    ("skew_s", "timely"), [(-41, False), (-40, True), (0, True), (20, True), (21, False), (80, False)]
)
def test_the_window(skew_s: int, timely: bool) -> None:
    """DC-09-2013 5.5.1.9: 40 s back, 20 s ahead; it is a check on encrypted messages (5.5.3.2)."""
    at = NOW + skew_s * SECOND
    sealed = received_from(SEALED.sia_dcs("NBA1", sequence=1, now=at, pad=pad), KEYED)
    assert sealed.problem is (None if timely else Problem.OUTSIDE_WINDOW)
    assert sealed.signals  # shown, also when it may not be acted on
    plain = received_from(PLAIN.sia_dcs("NBA1", sequence=1, now=at))
    assert plain.problem is None
    for item in (sealed, plain):
        assert item.clock_skew_s == skew_s
        assert item.remarks == (() if timely else ("clock_skew",))


def test_the_window_is_the_accounts_own() -> None:
    """Ajax hubs run about 80 s ahead (pysiaalarm #14)."""
    frame = SEALED.null(sequence=1, now=NOW + 80 * SECOND, pad=pad)
    assert received_from(frame, WireProfile(key=KEY, window_future_s=90.0)).problem is None


@pytest.mark.parametrize("time", [b"", b"_12:00:00,00-15-2026"])
def test_encrypted_without_a_time_is_outside_the_window(time: bytes) -> None:
    item = received_from(sealed_frame(b"#1234|NBA1]" + time), KEYED)
    assert (item.problem, item.clock_skew_s) == (Problem.OUTSIDE_WINDOW, None)
    assert item.signals[0].code == "BA"
    assert item.remarks == (("unreadable_timestamp",) if time else ())


def test_a_plain_frame_with_an_odd_time_is_read() -> None:
    for time in (b"_14:12:04,09-25-201", b"_12:00:00,00-15-2026", b"junk"):
        item = received_from(encode_frame(b'"SIA-DCS"0001L0#1234[#1234|NBA1]' + time))
        assert (item.kind, item.problem, item.clock_skew_s) == (Kind.SIGNALS, None, None)
        assert item.remarks == ("unreadable_timestamp",)


# --- keys


@pytest.mark.parametrize("key", KEYS)
def test_encrypted(key: WireKey) -> None:
    frame = Dialler("1234", key=key).sia_dcs("Nri1/BA001", sequence=1, now=NOW, pad=pad, extended=["Rhall"])
    item = received_from(frame, WireProfile(key=key))
    assert (item.protection, item.problem, item.clock_skew_s) == (Protection.ENCRYPTED, None, 0.0)
    assert item.raw == frame
    assert ("xR", "hall") in item.signals[0].extra


def test_the_previous_key_still_opens() -> None:
    frame = SEALED.sia_dcs("NBA1", sequence=1, now=NOW, pad=pad)
    for profile in (WireProfile(key=OTHER_KEY, previous_key=KEY), WireProfile(previous_key=KEY)):
        item = received_from(frame, profile)
        assert (item.problem, item.remarks) == (None, ("previous_key",))
    assert received_from(frame, WireProfile(key=KEY, previous_key=OTHER_KEY)).remarks == ()


def test_without_a_time_the_first_key_that_reads_is_taken() -> None:
    frame = sealed_frame(b"#1234|NBA1]")
    item = received_from(frame, WireProfile(key=KEY, previous_key=KEY))
    assert (item.problem, item.remarks) == (Problem.OUTSIDE_WINDOW, ())


@pytest.mark.parametrize(
    ("profile", "problem"), [(WireProfile(), Problem.NO_KEY), (WireProfile(key=OTHER_KEY), Problem.WRONG_KEY)]
)
def test_a_closed_frame_says_why(profile: WireProfile, problem: Problem) -> None:
    item = received_from(SEALED.sia_dcs("NBA1", sequence=1, now=NOW, pad=pad), profile)
    assert (item.kind, item.problem, item.signals, item.clock_skew_s) == (Kind.OPAQUE, problem, (), None)
    link = received_from(SEALED.null(sequence=1, now=NOW, pad=pad), profile)
    assert (link.kind, link.problem) == (Kind.LINK_TEST, problem)


def test_ciphertext_that_is_none() -> None:
    for text in (b"", b"zz", b"AB" * 15, b"]"):
        frame = encode_frame(b'"*NULL"0001L0#1234[' + text)
        assert received_from(frame, KEYED).problem is Problem.WRONG_KEY
        assert received_from(frame).problem is Problem.NO_KEY


def test_plaintext_of_a_keyed_account_is_shown_and_refused() -> None:
    item = received_from(PLAIN.sia_dcs("NBA1", sequence=1, now=NOW), KEYED)
    assert (item.problem, item.protection) == (Problem.PLAINTEXT_REFUSED, Protection.PLAIN)
    assert item.signals[0].code == "BA"
    assert received_from(PLAIN.null(sequence=1), KEYED).problem is Problem.PLAINTEXT_REFUSED


def test_key_material_never_shows() -> None:
    frames = [
        PLAIN.message("NULL", "", sequence=1, extended=["K" + KEY_TEXT]),
        PLAIN.message("SIA-PUL", "K" + KEY_TEXT, sequence=1),
        PLAIN.sia_dcs("NBA1", sequence=1, extended=["Lx", "K" + KEY_TEXT, "k" + KEY_TEXT]),
        SEALED.message("XNM", "", sequence=1, now=NOW, pad=pad, extended=["K" + KEY_TEXT]),
        SEALED.message("SIA-PUL", "K" + KEY_TEXT, sequence=1, now=NOW, pad=pad),
        encode_frame(b'"NULL"0001L0#1234[]_oops[K' + KEY_TEXT.encode() + b"]"),
        encode_frame(b'"RSP"0001L0#1234[][K' + KEY_TEXT.encode() + b"]"),
        encode_frame(b'"NULL"L0#1234[][K' + KEY_TEXT.encode() + b"]"),
    ]
    for frame in frames:
        for profile in (WireProfile(), KEYED):
            (item,) = receiver(profile).receive_data(frame, NOW)
            seen = repr(item) + msgspec.json.encode(item).decode()
            assert KEY_TEXT not in seen
            assert KEY_TEXT.lower() not in seen
            assert KEY_TEXT.encode() not in item.raw
            assert len(item.raw) == len(frame)
            assert KEY.expose() not in msgspec.msgpack.encode(item)


def test_the_reply_context_holds_no_key() -> None:
    item = received_from(SEALED.null(sequence=1, now=NOW, pad=pad), KEYED)
    assert item.reply_context == b"Ac0001L0#1234"


# --- alarms under another token


@pytest.mark.parametrize("token", ["NULL", "XNM"])
@pytest.mark.parametrize(("data", "code"), [("#1234|Nri1/FA3", "FA"), ("#1234|1110 01 003", "110"), ("NHA2", "HA")])
def test_an_alarm_that_somebody_on_the_way_calls_a_link_test_is_one(token: str, data: str, code: str) -> None:
    """The id token is in clear: an ACK and no case for a sealed fire alarm, at the price of a new CRC."""
    frame = SEALED.message("SIA-DCS", data, sequence=1, now=NOW, pad=pad)
    item = received_from(encode_frame(frame[9:-1].replace(b"SIA-DCS", token.encode())), KEYED)
    assert (item.kind, item.problem, item.remarks) == (Kind.SIGNALS, None, ("alarm_in_link_test",))
    assert [each.code for each in item.signals] == [code]


@pytest.mark.parametrize("data", ["#0000|0000 00 000", "IHello", "ALIVE", "ok", "#1234|NRP", "#1234|1602 00 000", "N"])
def test_what_panels_do_say_in_link_tests_is_no_alarm(data: str) -> None:
    item = received_from(PLAIN.message("NULL", data, sequence=1))
    assert (item.kind, item.remarks) == (Kind.LINK_TEST, ())
    assert [(each.code, each.category, each.text) for each in item.signals] == [("NULL", Category.TEST, data)]


# --- brackets that panels have no business to send


@pytest.mark.parametrize("key", [None, KEY])
def test_a_zone_named_with_a_bracket_costs_no_alarm(key: WireKey | None) -> None:
    """Sealed, it had passed for another's key: NAK, for as long as the panel tried."""
    data = b"#1234|Nri1/BA3^Hall [2]^/FA5][IDoor [a]]_" + format_timestamp(NOW)
    mark, content = (b"", data) if key is None else (b"*", encrypt_content(key, data, pad))
    item = received_from(encode_frame(b'"' + mark + b'SIA-DCS"0001L0#1234[' + content), WireProfile(key=key))
    assert (item.kind, item.problem, item.remarks) == (Kind.SIGNALS, None, ("bracket_inside",))
    assert [(each.code, each.zone, each.text) for each in item.signals] == [
        ("BA", "3", "Hall [2]"),
        ("FA", "5", "Door [a]"),
    ]


# --- repeats


def test_a_repeat_has_the_same_fingerprint() -> None:
    def fingerprint(now: int, draw: int) -> str:
        frame = SEALED.sia_dcs("NBA1", sequence=1, now=now, pad=lambda count: bytes([draw]) * count, extended=["Lx"])
        return received_from(frame, KEYED).fingerprint

    assert fingerprint(NOW, 1) == fingerprint(NOW + 9 * SECOND, 2)
    plain = PLAIN.sia_dcs("NBA1", sequence=1, now=NOW, extended=["Lx"])
    again = PLAIN.sia_dcs("NBA1", sequence=1, now=NOW + SECOND, extended=["Lx"])
    binary = Dialler("1234", is_binary_crc=True).sia_dcs("NBA1", sequence=1, extended=["Lx"])
    assert len({received_from(frame).fingerprint for frame in (plain, again, binary)}) == 1
    # A forged plain copy is no repeat of the sealed message.
    assert fingerprint(NOW, 1) != received_from(plain, KEYED).fingerprint


def test_everything_else_changes_the_fingerprint() -> None:
    frames = [
        PLAIN.sia_dcs("NBA1", sequence=1),
        PLAIN.sia_dcs("NBA1", sequence=2),
        PLAIN.sia_dcs("NBA2", sequence=1),
        PLAIN.sia_dcs("NBA1", sequence=1, extended=["Lx"]),
        PLAIN.message("XYZ", "#1234|NBA1", sequence=1),
        Dialler("1235").message("SIA-DCS", "#1234|NBA1", sequence=1),
        Dialler("1234", receiver="0").sia_dcs("NBA1", sequence=1),
        Dialler("1234", line="1").sia_dcs("NBA1", sequence=1),
    ]
    assert len({received_from(frame).fingerprint for frame in frames}) == len(frames)
    closed = [SEALED.null(sequence=n, now=NOW, pad=pad) for n in (1, 2)]
    assert len({received_from(frame).fingerprint for frame in closed}) == 2


def test_what_is_sealed_is_the_same_under_any_header_and_pad() -> None:
    def sealed(dialler: Dialler, data: str = "NBA1", *, sequence: int = 1, now: int = NOW, draw: int = 1) -> str:
        frame = dialler.sia_dcs(data, sequence=sequence, now=now, pad=lambda count: bytes([draw]) * count)
        return received_from(frame, KEYED).sealed

    golden = sealed(SEALED)
    assert len(golden) == 2 * SEALED_BYTES
    elsewhere = Dialler("1234", receiver="7", line="3", key=SEALED.key)
    assert {sealed(SEALED, sequence=2), sealed(SEALED, draw=2), sealed(elsewhere)} == {golden}
    assert len({golden, sealed(SEALED, "NBA2"), sealed(SEALED, now=NOW + SECOND)}) == 3
    assert sealed(PLAIN) == "", "anybody could have written it"
    unread = received_from(SEALED.sia_dcs("NBA1", sequence=1, now=NOW, pad=pad))
    assert (unread.problem, unread.sealed) == (Problem.NO_KEY, "")


# --- what is no message


@pytest.mark.parametrize("token", ["ACK", "NAK", "DUH", "RSP"])
def test_replies_are_not_for_receivers(token: str) -> None:
    (item,) = receiver().receive_data(PLAIN.message(token, "", sequence=1), NOW)
    assert isinstance(item, Malformed)
    assert (item.reason, item.detail) == (
        "direction",
        f"a reply ({token}) arrived where panels send: is this a loop?",
    )


@pytest.mark.parametrize("body", [b'"NULL"L0#1[]', b'"NULL"0001L0#1[', b"NULL", b"\xff" * 9, b'"NULL"0001L0#1[abc'])
def test_a_right_crc_over_nonsense_is_a_syntax_error(body: bytes) -> None:
    if not body.startswith(b'"'):
        body = b'"' + body
    (item,) = receiver().receive_data(encode_frame(body), NOW)
    assert isinstance(item, Malformed)
    assert (item.protocol, item.reason) == ("dc09", "syntax")


def test_ignore_crc_comes_from_the_profile() -> None:
    frame = PLAIN.null(sequence=1)
    bad = b"\n0000" + frame[5:]
    assert received_from(bad, WireProfile(ignore_crc=True)).remarks == ("crc_ignored",)
    (item,) = receiver().receive_data(bad, NOW)
    assert isinstance(item, Malformed)


def test_a_missing_line_is_remarked() -> None:
    item = received_from(Dialler("1234", line=None).null(sequence=1))
    assert (item.origin.line, item.remarks) == (None, ("line_absent",))


def test_the_end_of_the_stream() -> None:
    codec = receiver()
    frame = PLAIN.null(sequence=1)
    assert codec.receive_data(frame[:-3], NOW) == []
    (item,) = codec.receive_eof()
    assert isinstance(item, Malformed)
    assert (item.reason, item.raw) == ("length", frame[:-3])
    assert codec.receive_eof() == []


def test_a_datagram_stands_for_itself() -> None:
    codec = receiver(datagram=True)
    frame = PLAIN.null(sequence=1)
    first, *rest = codec.receive_data(frame[:-3], NOW)
    assert isinstance(first, Malformed)
    assert not rest
    for datagram in (frame, frame + b"\r\n\x00"):
        (item,) = codec.receive_data(datagram, NOW)
        assert isinstance(item, Received)
    (noise,) = codec.receive_data(frame[-3:], NOW)
    assert isinstance(noise, Malformed)


# --- both directions


TEXT = st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="[]|"), max_size=20)
FIELDS = st.lists(st.tuples(st.sampled_from("ACGJLMNOPRST"), TEXT), max_size=4)
HEX = st.text("0123456789ABCDEFabcdef", min_size=1, max_size=6)


@given(
    account=st.text("0123456789ABCDEFfoc", min_size=1, max_size=32),
    receiver_number=st.none() | HEX,
    line=st.none() | st.just("") | HEX,
    key=st.none() | st.sampled_from(KEYS),
    binary=st.booleans(),
    token=st.sampled_from(["SIA-PUL", "FBI-SF", "Z"]),
    data=TEXT,
    fields=FIELDS,
    sequence=st.integers(0, 9999),
    has_time=st.booleans(),
    drawn=st.binary(min_size=31, max_size=31),
)
def test_what_is_written_is_read(
    account: str,
    receiver_number: str | None,
    line: str | None,
    key: WireKey | None,
    binary: bool,
    token: str,
    data: str,
    fields: list[tuple[str, str]],
    sequence: int,
    has_time: bool,
    drawn: bytes,
) -> None:
    panel = Dialler(account, receiver_number, line, key, binary)
    now = NOW if has_time or key is not None else None
    frame = panel.message(
        token,
        data,
        sequence=sequence,
        now=now,
        pad=lambda count: drawn[:count],
        extended=[letter + text for letter, text in fields],
    )
    profile = WireProfile(key=key)
    item = received_from(frame, profile)
    assert item.problem is None
    assert item.origin == Origin(account=account, receiver=receiver_number, line=line)
    assert (item.token, item.sequence) == (token, f"{sequence:04d}")
    assert item.clock_skew_s == (None if now is None else 0)
    (signal,) = item.signals
    assert (signal.text or "") == data
    as_sent = [(name, text) for name, text in signal.extra if name not in ("trigger", "path", "mac")]
    assert as_sent == [("x" + letter, text) for letter, text in fields]
    ack = receiver(profile).encode_reply(item, ReplyKind.ACK, NOW)
    reply = panel.read_reply(ack, NOW)
    assert reply is not None
    assert (reply.kind, reply.sequence, reply.account) == (ReplyKind.ACK, f"{sequence:04d}", account)
    assert reply.is_encrypted == (key is not None)


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("key", [None, *KEYS])
def test_every_feeding(key: WireKey | None, binary: bool) -> None:
    panel = Dialler("1234", "1", "2", key, binary)
    frame = panel.sia_dcs("Nri1/BA001", sequence=1, now=NOW, pad=pad, extended=["IÄäni"])
    profile = WireProfile(key=key)
    check_every_feeding(lambda: receiver(profile), frame, [received_from(frame, profile)], NOW)


def test_profiles_are_asked_once_per_frame() -> None:
    asked: list[str] = []

    def profiles(account: str) -> WireProfile:
        asked.append(account)
        return WireProfile()

    codec = Dc09Codec(profiles, pad=pad)
    codec.receive_data(PLAIN.null(sequence=1) + Dialler("00fF").null(sequence=2), NOW)
    assert asked == ["1234", "00fF"]


@given(st.binary(max_size=60), st.sampled_from([WireProfile(), KEYED]))
def test_any_body_gives_one_item(text: bytes, profile: WireProfile) -> None:
    for mark in (b"", b"*"):
        body = b'"%bSIA-DCS"0001L0#1234[' % mark + text.replace(b"\n", b"").replace(b"\r", b"")
        codec = receiver(profile)
        (item,) = codec.receive_data(encode_frame(body), NOW)
        assert codec.receive_eof() == []
        if isinstance(item, Received):
            msgspec.json.encode(item)


def test_the_shared_time_is_what_it_says() -> None:
    assert parse_timestamp(format_timestamp(NOW)) == NOW
