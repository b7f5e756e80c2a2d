"""What one dialect does and no other: options, checks, answers, sessions."""

from __future__ import annotations

from typing import Any

import pytest

from protocols import contact_id, sia
from protocols.codec import Codec, Kind, Malformed, Received, ReplyKind, Speaker
from protocols.dc09.frame import encode_frame
from protocols.receiver_lines import ademco685, dc07, galaxy, osborne_hoffman, pulse, radionics6500, surgard
from protocols.receiver_lines.dialects import DIALECTS, make_codec, read_options
from protocols.receiver_lines.surgard import SYSTEM, SurGardCodec, SurGardDialect
from protocols.signals import Qualifier, Scheme

ACK, NAK, DUH, NONE = ReplyKind.ACK, ReplyKind.NAK, ReplyKind.DUH, ReplyKind.NONE
NOW = 0


def one(codec: Codec, data: bytes) -> Received:
    (item,) = codec.receive_data(data, NOW)
    assert isinstance(item, Received), item
    return item


def reasons(codec: Codec, data: bytes) -> list[str]:
    items = [*codec.receive_data(data, NOW), *codec.receive_eof()]
    return [item.reason for item in items if isinstance(item, Malformed)]


# ----------------------------------------------------------------------------------------------------------- answers


@pytest.mark.parametrize(("reply", "answer"), [(ACK, b"\x06"), (NAK, b"\x15"), (DUH, b"\x15"), (NONE, b"")])
def test_a_receiver_is_answered_with_one_control_character(reply: ReplyKind, answer: bytes) -> None:
    codec = SurGardCodec()
    assert codec.encode_reply(one(codec, b"5011 181234E13001003\x14"), reply, NOW) == answer


def test_a_receiver_may_want_words() -> None:
    codec = SurGardCodec(SurGardDialect(text_ack=True))
    assert codec.encode_reply(one(codec, b"1011           @    \x14"), ACK, NOW) == b"ACK\r\n"


def test_messages_with_one_end_get_one_answer() -> None:
    codec = SurGardCodec()
    items = codec.receive_data(b"5011 187037E130010045011 187037R13001004\x14", NOW)
    assert [codec.encode_reply(item, ACK, NOW) for item in items if isinstance(item, Received)] == [b"", b"\x06"]


def test_noise_in_front_of_an_alarm_does_not_cost_it() -> None:
    codec = SurGardCodec()
    noise, alarm = codec.receive_data(b"\x7f\x7f5011 187037E13001004\x14", NOW)
    assert isinstance(noise, Malformed)
    assert noise.raw == b"\x7f\x7f"
    assert isinstance(alarm, Received)
    assert alarm.origin.account == "7037"


# ------------------------------------------------------------------------------------------------------------ options


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("surgard", {"receiver_digits": 0}, "2 to 9 digits together"),
        ("surgard", {"line_digits": 2, "account_digits_in_line": 3}, "at most the 2 digits of the line"),
        ("surgard", {"closing": "\r\n"}, "one control character"),
        ("surgard", {"line_digit": 3}, "line_digit"),
        ("surgard", {"line_digits": "3"}, "Expected `int`, got `str` - at `$.line_digits`"),
        ("surgard", {"pulse_rules": [{"match": "*3", "scheme": "sia", "code": "BA"}]}, "only at the end"),
        ("surgard", {"pulse_rules": [{"match": "3", "scheme": "sia", "code": "99"}]}, "'99' is no sia code"),
        ("surgard", {"pulse_rules": [{"match": "3", "scheme": "opaque", "code": "BA"}]}, "sia or contact_id"),
        ("ademco685", {"channels": [{"alarm": "FA", "restore": "99"}]}, "'99' is no SIA code"),
        ("radionics6500", {"header": "x"}, "LF"),
        ("radionics6500", {"trailer": "\n"}, "other than LF"),
        ("fbi_cp220", {}, "is_experimental"),
        ("fbi_cp220", {"is_experimental": True, "terminator": "T"}, "one control character"),
    ],
)
def test_an_option_that_cannot_be_is_refused_with_what_may_be(name: str, options: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match="dialect") as refusal:
        read_options(name, options)
    assert says in str(refusal.value)


def test_other_widths_than_agreed_are_read_and_remarked() -> None:
    received = one(SurGardCodec(SYSTEM), b"5011 181234E13001003\x14")
    assert (received.origin.receiver, received.origin.line) == ("01", "1")
    assert received.remarks == ("header_digits",)


def test_an_account_that_spills_into_the_line() -> None:
    dialect = SurGardDialect(line_digits=3, account_digits_in_line=2)
    received = one(SurGardCodec(dialect), b"501112 181234E13001003\x14")
    assert received.origin.account == "121234"
    assert received.origin.line == "1"
    assert one(SurGardCodec(dialect), b"501100 180234E13001003\x14").origin.account == "0234"


def test_the_longest_rule_wins_and_the_rest_of_the_code_is_the_address() -> None:
    rules = (
        pulse.PulseRule(match="3*", scheme=Scheme.SIA, code="BA"),
        pulse.PulseRule(match="31", scheme=Scheme.SIA, code="FA", address="7"),
        pulse.PulseRule(match="E*", scheme=Scheme.CONTACT_ID, code="401", qualifier=Qualifier.RESTORE),
    )
    table = pulse.PulseTable(rules)
    first, second, third = table.signal("3 2"), table.signal("31"), table.signal("E4")
    assert first is not None
    assert (first.code, first.zone) == ("BA", "2")
    assert second is not None
    assert (second.code, second.zone) == ("FA", "7")
    assert third is not None
    assert (third.code, third.user, third.qualifier) == ("401", "4", Qualifier.RESTORE)
    assert table.signal("4") is None


def test_channels_without_news_are_a_test_report() -> None:
    received = one(SurGardCodec(), b"80111234 5555 6666 7\x14")
    assert [signal.code for signal in received.signals] == ["RP"]


def test_a_channel_value_that_means_nothing_is_kept_beside_the_others() -> None:
    received = one(SurGardCodec(), b"80111234 1955 5555 7\x14")
    assert [(signal.scheme, signal.zone) for signal in received.signals] == [("sia", "1"), ("opaque", "2")]
    assert received.kind is Kind.SIGNALS
    assert one(SurGardCodec(), b"80111234 9555 5555 7\x14").kind is Kind.OPAQUE


# ---------------------------------------------------------------------------------------------------------- Sur-Gard


def test_a_receivers_own_status_is_no_accounts() -> None:
    received = one(SurGardCodec(), b"0011[#0000|NYC02]\x14")
    assert received.speaker is Speaker.RECEIVER
    assert received.origin.account == ""


def test_bytes_that_print_nothing_are_not_answered() -> None:
    assert reasons(SurGardCodec(), b"\x01\x02\x03\x14 \x14") == ["noise", "noise"]


@pytest.mark.parametrize(
    ("signal", "account", "says"),
    [
        (contact_id.signal("130"), "12", "3 to 16 digits"),
        (sia.signal("BA", text="a\x14b"), "1234", "control characters"),
    ],
)
def test_what_a_sur_gard_line_cannot_say_is_an_error(signal: Any, account: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        surgard.encode_line(signal, account=account)


def test_a_number_too_wide_for_its_field_is_an_error() -> None:
    with pytest.raises(ValueError, match="at most 2 and 1"):
        surgard.encode_heartbeat(receiver="001")
    with pytest.raises(ValueError, match="one letter or digit each"):
        ademco685.encode_line(contact_id.signal("130"), account="1234", line="12")
    with pytest.raises(ValueError, match="no Ademco 685 form"):
        ademco685.encode_line(sia.signal("BA"), account="1234")


# ---------------------------------------------------------------------------------------------------------- DC-07


GOOD = b"\n3E6714E01040101[#4444|NOP]\r"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (GOOD.replace(b"3E67", b"3E68"), "crc"),
        (GOOD.replace(b"4444", b"4445"), "crc"),
        (GOOD.replace(b"3E6714", b"3E6715"), "length"),
        (GOOD[:-5] + b"\r", "length"),
    ],
)
def test_a_dc07_line_that_does_not_check_is_not_taken(line: bytes, reason: str) -> None:
    assert reasons(dc07.Dc07Codec(), line) == [reason]


def test_the_link_test_of_a_d6600_is_the_receivers() -> None:
    beat = one(dc07.Dc07Codec(), dc07.encode_heartbeat(sequence="0007"))
    assert (beat.kind, beat.speaker, beat.sequence) == (Kind.LINK_TEST, Speaker.RECEIVER, "0007")


def test_the_quoted_form_is_answered_in_kind_and_a_reply_never_is() -> None:
    codec = dc07.Dc07Codec()
    event = one(codec, dc07.encode_quoted("SIA-DCS", "#4444|NOP", sequence="0104", receiver="01", line="01"))
    assert codec.encode_reply(event, ACK, NOW) == encode_frame(b'"ACK"0104R01L01[]')
    assert codec.encode_reply(event, DUH, NOW) == encode_frame(b'"DUH"0104R01L01[]')
    assert codec.encode_reply(event, NONE, NOW) == b""
    assert reasons(codec, dc07.encode_quoted("ACK", "", sequence="0104")) == ["direction"]
    assert one(codec, dc07.encode_quoted("NULL", "", sequence="0001")).kind is Kind.LINK_TEST


# ---------------------------------------------------------------------------------------------- Osborne-Hoffman over IP


KEY = bytes.fromhex("4bcee48bdd7e6b08496328a76c14becec761a8dac4ca078b")


def test_the_cipher_and_the_mask_are_those_of_utcar() -> None:
    """tdeckers/utcar util_test.go."""
    sealed = bytes.fromhex("5590d1ecb21cc8fc2dbcb241fb777a41")
    assert osborne_hoffman.unseal(sealed, KEY) == b'\n0101005B"SIA-DC'
    assert osborne_hoffman.seal(b'\n0101005B"SIA-DC', KEY) == sealed
    scrambled = bytes.fromhex("9e3d4989e979daad986216f840b61f37294976a7587a6189")
    clear = bytes.fromhex("cb10238cca30e305dd4bc511d474aabf6cea262d1cd008dd")
    assert osborne_hoffman.mask(clear) == scrambled
    assert osborne_hoffman.mask(scrambled) == clear


def test_a_session() -> None:
    codec = make_codec("osborne_hoffman", session_key=KEY)
    assert DIALECTS["osborne_hoffman"].has_greeting
    key = osborne_hoffman.mask(codec.greeting())  # what the panel makes of it
    message = osborne_hoffman.encode_event(sia.signal("BA", zone="021"), account="001465", sequence="0007")
    received = one(codec, osborne_hoffman.seal(message, key))
    assert received.signals[0].code == "BA"
    assert received.raw == message
    assert osborne_hoffman.unseal(codec.encode_reply(received, ACK, NOW), key) == b"ACK\r\0\0\0\0"
    assert codec.encode_reply(received, DUH, NOW) == b""


def test_a_session_needs_a_key_of_its_own() -> None:
    with pytest.raises(ValueError, match="24 random bytes"):
        make_codec("osborne_hoffman")


def test_another_key_reads_nothing_and_takes_nothing() -> None:
    codec = make_codec("osborne_hoffman", session_key=KEY)
    sealed = osborne_hoffman.seal(osborne_hoffman.encode_heartbeat(account="001465"), bytes(range(24)))
    assert set(reasons(codec, sealed)) <= {"noise", "length"}


def test_a_connection_that_never_ends_its_message_is_given_up() -> None:
    codec = osborne_hoffman.OsborneHoffmanCodec(read_options("osborne_hoffman", {"is_encrypted": False}))
    assert reasons(codec, b"x" * (osborne_hoffman.MESSAGE_BYTES_MAX + 1)) == ["oversize"]
    assert codec.receive_data(b"x" * 5000 + b"\r", NOW) == []


def test_pysiaalarms_form_is_neither_sealed_nor_greeted() -> None:
    codec = osborne_hoffman.OsborneHoffmanCodec(read_options("osborne_hoffman", {"is_encrypted": False}))
    assert codec.greeting() == b""
    received = one(codec, b'\n90820051"SIA-DCS"4738R0001L0001[#006969|Nri04/OP001NM]\r')
    assert codec.encode_reply(received, ACK, NOW) == b'"ACK"'


# ----------------------------------------------------------------------------------------------------------- Galaxy


def test_each_galaxy_block_is_answered_by_itself() -> None:
    codec = galaxy.GalaxyCodec()
    blocks = galaxy.encode_event(sia.signal("BA", zone="1011", text="Sovrum Ö"), account="012345")
    found = [one(codec, block) for block in blocks]
    assert [received.kind for received in found] == [Kind.LINK_TEST, Kind.SIGNALS, Kind.SIGNALS, Kind.LINK_TEST]
    assert {received.origin.account for received in found} == {"012345"}
    assert found[2].signals[0].text == "Sovrum Ö"
    assert codec.encode_reply(found[0], ACK, NOW) == bytes.fromhex("403887")
    assert codec.encode_reply(found[0], DUH, NOW) == bytes.fromhex("403986")


def test_the_check_that_was_published() -> None:
    """ZebMcKayhan/SIA-Server: 34h ends its example, whose collapsed spaces leave the XOR right."""
    assert galaxy.check_of(bytes.fromhex("5b412b494e42524f5454202020202020495220536f7672756d2099")) == 0x34


def test_a_galaxy_event_before_its_account_belongs_to_nobody() -> None:
    received = one(galaxy.GalaxyCodec(), galaxy.encode_block(b"N", b"BA1"))
    assert received.origin.account == ""
    assert "no_account" in received.remarks


def test_a_bar_cannot_smuggle_another_account_into_a_block() -> None:
    codec = galaxy.GalaxyCodec()
    codec.receive_data(galaxy.encode_block(b"#", b"012345"), NOW)
    received = one(codec, galaxy.encode_block(b"N", b"BA1|#9999|NBA1"))
    assert received.kind is Kind.OPAQUE
    assert received.origin.account == "012345"


def test_the_reverse_channel_bit() -> None:
    block = bytes((0x80 | 0x40 | 2,)) + b"#12"
    block += bytes((galaxy.check_of(block),))
    dialect = galaxy.GalaxyDialect(has_reverse_channel=True)
    assert one(galaxy.GalaxyCodec(dialect), block).origin.account == "12"
    assert galaxy.GalaxyCodec().receive_data(block, NOW) == []


# ---------------------------------------------------------------------------------------------------------- Radionics


def test_a_line_cut_short_by_the_next_one_loses_only_itself() -> None:
    codec = radionics6500.Radionics6500Codec()
    cut, whole = codec.receive_data(b"\n1011   \n1011      4444 O    \x14", NOW)
    assert isinstance(cut, Malformed)
    assert isinstance(whole, Received)
    assert whole.origin.account == "4444"
