"""Contact ID text and digits: forms seen in the field, checksums, and that writing and reading agree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols import contact_id
from protocols.content import DecodedContent
from protocols.event_codes import STANDARD
from protocols.signals import Category, Qualifier, Scheme, Signal

# DC-05 worked example and the Cooper manual.
LINE_EXAMPLES = [
    "1234181131010158",
    "1234183131010156",
    "1234181137010152",
    "123418313701015F",
    "6556183402A1015D",
]


def read_one(data: str) -> Signal:
    content = contact_id.decode_text(data, account="AAA")
    assert content.understood, content
    (signal,) = content.signals
    return signal


@pytest.mark.parametrize(
    ("data", "account"),
    [
        ("#1234|1130 01 015", "1234"),
        ("#1234|113001015", "1234"),
        ("1130 01 015", "AAA"),
        ("#|1130 01 015", "AAA"),
        ("|1130 01 015", "AAA"),
        ("#1234|E130 01 015", "1234"),
        ("#1234| 1130  01  015 ", "1234"),
        ("#1234|1130 01 C015", "1234"),
    ],
)
def test_forms_of_one_alarm(data: str, account: str) -> None:
    content = contact_id.decode_text(data, account="AAA")
    assert content.account == account
    assert content.signals == (
        Signal(
            scheme=Scheme.CONTACT_ID,
            code="130",
            category=Category.INTRUSION,
            qualifier=Qualifier.NEW,
            family="130",
            area="01",
            zone="015",
        ),
    )


@pytest.mark.parametrize(
    ("letters", "qualifier"), [("1E", Qualifier.NEW), ("3R", Qualifier.RESTORE), ("6P", Qualifier.STATUS)]
)
def test_qualifiers(letters: str, qualifier: Qualifier) -> None:
    assert {read_one(f"{letter}130 01 015").qualifier for letter in letters} == {qualifier}


def test_the_table_or_a_letter_says_who_or_where() -> None:
    assert (read_one("1401 01 057").zone, read_one("1401 01 057").user) == (None, "057")
    assert (read_one("1130 01 057").zone, read_one("1130 01 057").user) == ("057", None)
    assert (read_one("1130 01 U057").zone, read_one("1130 01 U057").user) == (None, "057")
    assert (read_one("1401 01 C057").zone, read_one("1401 01 C057").user) == ("057", None)


def test_an_unknown_code_is_kept_as_unknown() -> None:
    content = contact_id.decode_text("#1|19FF 01 001", account="1")
    assert content.remarks == ("unknown_code",)
    (signal,) = content.signals
    assert (signal.code, signal.category, signal.family, signal.zone) == ("9FF", Category.UNKNOWN, "9FF", "001")


def test_several_messages_and_one_that_cannot_be_read() -> None:
    content = contact_id.decode_text("#1|1110 01 001|zzz|3110 01 001|19FF 01 001", account="1")
    assert content.remarks == ("block_not_understood", "unknown_code")
    assert [(signal.code, signal.text) for signal in content.signals] == [
        ("110", None),
        ("ADM-CID", "zzz"),
        ("110", None),
        ("9FF", None),
    ]


@pytest.mark.parametrize(
    "data", ["2130 01 015", "0000 00 000", "1130 01 15", "1130 01 0155", "113G 01 015", "x1130 01 015"]
)
def test_what_is_no_contact_id(data: str) -> None:
    content = contact_id.decode_text(f"#1|{data}", account="1")
    assert not content.understood
    assert content.signals[0].text == f"#1|{data}"


def test_the_form_of_a_telephone_line_as_text() -> None:
    content = contact_id.decode_text("1234 18 1131 01 015 8", account="AAA")
    assert (content.account, content.remarks) == ("1234", ("full_form",))
    assert content.signals[0].extra == (("mt", "18"), ("checksum", "8"))
    assert contact_id.decode_text("98113101015", account="AAA").account == "AAA"
    assert contact_id.decode_text("1234 18 1131 01 015 9", account="A").remarks == ("full_form", "checksum")
    assert contact_id.decode_text("1234 18 19FF 01 015", account="A").remarks == ("full_form", "unknown_code")
    # An account of letters cannot be summed up, so nothing is said of the sum.
    assert contact_id.decode_text("test 18160201010B", account="A").remarks == ("full_form",)


@pytest.mark.parametrize("digits", LINE_EXAMPLES)
def test_line_examples(digits: str) -> None:
    assert contact_id.checksum(digits[:15]) == digits[15]
    content = contact_id.decode_digits(digits)
    assert (content.understood, content.account, content.remarks) == (True, digits[:4], ())
    assert contact_id.encode_digits(content) == digits
    assert contact_id.decode_digits(digits.lower()) == content


@pytest.mark.parametrize("digits", LINE_EXAMPLES)
def test_any_wrong_digit_but_a_ten_for_an_a_is_seen(digits: str) -> None:
    for at in range(4, 16):
        for other in "0123456789BCDEF":
            changed = digits[:at] + other + digits[at + 1 :]
            if changed != digits and {digits[at], other} != {"0", "A"}:
                assert not contact_id.decode_digits(changed).understood


def test_a_wrong_sum_is_kept_but_not_understood() -> None:
    content = contact_id.decode_digits("1234181131010159")
    assert (content.account, content.remarks, content.understood) == ("1234", ("checksum",), False)
    assert content.signals[0].text == "1234181131010159"


@pytest.mark.parametrize("digits", ["", "123418113101015", "12341811310101588", "1234191131010158", "123418213101015G"])
def test_what_is_no_line_message(digits: str) -> None:
    content = contact_id.decode_digits(digits)
    assert (content.understood, content.signals[0].text) == (False, digits)


def test_other_message_types_and_unknown_codes_on_a_line() -> None:
    digits = "1234981131010"[:11] + "0101"
    content = contact_id.decode_digits(digits + contact_id.checksum(digits))
    assert content.signals[0].extra == (("mt", "98"),)
    digits = "1234181BBB01015"
    assert contact_id.decode_digits(digits + contact_id.checksum(digits)).remarks == ("unknown_code",)


@pytest.mark.parametrize("digits", ["", "1" * 14, "1" * 16, "12341811310101G"])
def test_a_checksum_needs_fifteen_digits(digits: str) -> None:
    with pytest.raises(ValueError, match="15 digits"):
        contact_id.checksum(digits)


@given(st.from_regex(r"[0-9A-F]{15}", fullmatch=True))
def test_a_checksum_completes_the_sum(digits: str) -> None:
    total = sum(10 if digit == "0" else int(digit, 16) for digit in digits + contact_id.checksum(digits))
    assert total % 15 == 0


signals = st.builds(
    contact_id.signal,
    st.sampled_from([*STANDARD.contact_id, "9BB"]),
    st.sampled_from(Qualifier),
    area=st.from_regex(r"[0-9]{2}", fullmatch=True),
    address=st.from_regex(r"[0-9]{3}", fullmatch=True),
)
accounts = st.from_regex(r"[0-9B-F]{4}", fullmatch=True)


@given(accounts, st.lists(signals, min_size=1, max_size=3))
def test_written_text_is_read_back(account: str, events: list[Signal]) -> None:
    content = DecodedContent(account=account, signals=tuple(events))
    again = contact_id.decode_text(contact_id.encode_text(content), account="")
    assert (again.account, again.signals) == (content.account, content.signals)


@given(accounts, signals)
def test_written_digits_are_read_back(account: str, event: Signal) -> None:
    content = DecodedContent(account=account, signals=(event,))
    again = contact_id.decode_digits(contact_id.encode_digits(content))
    assert (again.account, again.signals) == (content.account, content.signals)


def test_written_as_panels_write_it() -> None:
    event = contact_id.signal("130", area="1", address="15")
    assert contact_id.encode_text(DecodedContent(account="1234", signals=(event,))) == "#1234|1130 01 015"
    against_the_table = read_one("1130 01 U057")
    assert contact_id.encode_text(DecodedContent(account="1", signals=(against_the_table,))) == "#1|1130 01 U057"
    assert contact_id.encode_text(contact_id.decode_text("junk", account="1")) == "junk"
    mixed = contact_id.decode_text("#1|1110 01 001|zzz", account="1")
    assert contact_id.encode_text(mixed) == "#1|1110 01 001|zzz"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scheme": Scheme.SIA}, "is not Contact ID"),
        ({"zone": "1", "user": "2"}, "a zone or a user"),
        ({"code": "13"}, "code '13'"),
        ({"zone": "1234"}, "address '1234'"),
        ({"area": "123"}, "area '123'"),
        ({"zone": "G"}, "address '00G'"),
    ],
)
def test_what_cannot_be_said_is_an_error(changes: dict[str, object], message: str) -> None:
    event = {"scheme": Scheme.CONTACT_ID, "code": "130", "category": Category.INTRUSION, "qualifier": Qualifier.NEW}
    with pytest.raises(ValueError, match=message):
        contact_id.encode_text(DecodedContent(account="1", signals=(Signal(**(event | changes)),)))


def test_what_a_line_or_a_frame_cannot_carry() -> None:
    event = contact_id.signal("130")
    with pytest.raises(ValueError, match="end a frame"):
        contact_id.encode_text(DecodedContent(account="1]", signals=(event,)))
    with pytest.raises(ValueError, match="one Contact ID message at a time"):
        contact_id.encode_digits(DecodedContent(account="1234", signals=(event, event)))
    with pytest.raises(ValueError, match="four digits"):
        contact_id.encode_digits(DecodedContent(account="12345", signals=(event,)))
    with pytest.raises(ValueError, match="no place to say"):
        contact_id.encode_digits(DecodedContent(account="1234", signals=(read_one("1130 01 U057"),)))
