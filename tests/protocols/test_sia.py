"""DC-03 blocks: modifiers and how long they last, several accounts, texts, and what the common short way must equal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols import sia
from protocols.content import EVENTS_MAX, TEXT_CHARS_MAX
from protocols.event_codes import STANDARD
from protocols.sia import EXTRA_ITEMS_MAX, MODIFIERS_CHARS_MAX
from protocols.signals import Category, Qualifier, Scheme, Signal

UTC_2024_01_02_10_11_12 = 1_704_190_272_000_000_000


def read(data: str) -> tuple[Signal, ...]:
    content = sia.decode_blocks(data, account="AAA")
    assert content.understood, content
    return content.signals


def read_one(data: str) -> Signal:
    (signal,) = read(data)
    return signal


def fields(signal: Signal) -> tuple[str, str | None, str | None, str | None]:
    return signal.code, signal.area, signal.zone, signal.user


@pytest.mark.parametrize(
    ("data", "account"),
    [
        ("#1234|NBA1", "1234"),
        ("#|NBA1", "AAA"),
        ("|NBA1", "AAA"),
        ("NBA1", "AAA"),
        ("#1234|#1234|NBA1", "1234"),
        ("#001234|NBA1", "001234"),
        ("NBA1|#1234", "AAA"),
    ],
)
def test_the_account_is_the_datas_own_or_the_headers(data: str, account: str) -> None:
    assert sia.decode_blocks(data, account="AAA").account == account


def test_a_second_account_in_one_message_is_named_on_its_signals() -> None:
    content = sia.decode_blocks("#1|NBA1|#2|NFA2|#1|NPA3", account="AAA")
    assert content.account == "1"
    assert [(signal.code, dict(signal.extra).get("#")) for signal in content.signals] == [
        ("BA", None),
        ("FA", "2"),
        ("PA", None),
    ]


def test_a_second_account_without_events_is_kept() -> None:
    assert [signal.text for signal in read("#1|NBA1|#2")] == [None, "#2"]
    assert [signal.text for signal in read("#1|NBA1|#2|#3|NBA2")] == [None, "#2", None]
    assert [signal.text for signal in read("NBA1|#5|#5|N")] == [None, "#5", "N"]


def test_modifiers_hold_until_replaced_and_end_with_their_block() -> None:
    signals = read("Nri1/id7/BA1/BA2/ri2/BA3|NBA4")
    assert [fields(signal) for signal in signals] == [
        ("BA", "1", "1", "7"),
        ("BA", "1", "2", "7"),
        ("BA", "2", "3", "7"),
        ("BA", None, "4", None),
    ]


def test_other_modifiers_are_kept_in_order() -> None:
    signal = read_one("Nxi9/pi010/ri1/ci3/pm1/va21.5C/BA1")
    assert signal.area == "1"
    assert signal.extra == (("xi", "9"), ("pi", "010"), ("ci", "3"), ("pm", "1"), ("va", "21.5C"))


def test_a_modifier_overtaken_before_any_event_is_kept() -> None:
    signal = read_one("Nri1^WEST^/ri2/BA1")
    assert signal.area == "2"
    assert signal.extra == (("ri", "1"), ("ri_text", "WEST"))


def test_an_overtaken_modifier_that_was_used_is_not_repeated() -> None:
    assert read("Nri1/BA1/ri2/BA2")[1].extra == ()


def test_a_modifier_behind_the_last_event_is_no_field_but_is_kept() -> None:
    signal = read_one("NBA1/ri2")
    assert (signal.area, signal.extra) == (None, (("packet", "ri2"),))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("Nda01-02-24/ti10:11:12/BA1", UTC_2024_01_02_10_11_12),
        ("Nti10:11:12/da01-02-24/BA1", UTC_2024_01_02_10_11_12),
        ("Nda01-02-24/ti10:11/BA1", UTC_2024_01_02_10_11_12 - 12_000_000_000),
    ],
)
def test_date_and_time_together_say_when(data: str, expected: int) -> None:
    signal = read_one(data)
    assert (signal.occurred_at, signal.extra) == (expected, ())


@pytest.mark.parametrize(
    ("data", "extra"),
    [
        ("Nti10:11:12/BA1", (("ti", "10:11:12"),)),
        ("Nda01-02-24/BA1", (("da", "01-02-24"),)),
        ("Nda13-02-24/ti10:11/BA1", (("da", "13-02-24"), ("ti", "10:11"))),
        ("Nda02-30-24/ti10:11/BA1", (("da", "02-30-24"), ("ti", "10:11"))),
        ("Nda01-02-24/ti24:00/BA1", (("da", "01-02-24"), ("ti", "24:00"))),
        ("Nda01-02-2024/ti10:11/BA1", (("da", "01-02-2024"), ("ti", "10:11"))),
    ],
)
def test_half_a_time_or_an_impossible_one_is_kept_as_text(data: str, extra: tuple[tuple[str, str], ...]) -> None:
    signal = read_one(data)
    assert (signal.occurred_at, signal.extra) == (None, extra)


@pytest.mark.parametrize(
    ("data", "expected", "extra"),
    [
        ("NBA05", ("BA", None, "05", None), ()),
        ("NBA", ("BA", None, None, None), ()),
        ("Nri0/RP0000", ("RP", "0", "0000", None), ()),
        ("NCL501", ("CL", None, None, "501"), ()),
        ("Nid5/CL", ("CL", None, None, "5"), ()),
        ("Nid5/CL1", ("CL", None, None, "5"), (("address", "1"),)),
        ("Nid0/CL1", ("CL", None, None, "1"), (("id", "0"),)),
        ("NCA3", ("CA", "3", None, None), ()),
        ("Nri0/CA3", ("CA", "3", None, None), (("ri", "0"),)),
        ("Nri3/CA03", ("CA", "3", None, None), (("address", "03"),)),
        ("Nri1/NL501", ("NL", "1", None, "501"), ()),
        ("Nri1/id2/NL501", ("NL", "1", None, "2"), (("address", "501"),)),
        ("Nri1/BV5", ("BV", "1", "5", None), ()),
        ("NDF3", ("DF", None, "3", None), (("kind", "door"),)),
        ("NET07", ("ET", None, "07", None), (("kind", "expander"),)),
        ("NTH5", ("TH", None, "5", None), ()),
        ("NAT", ("AT", None, None, None), ()),
    ],
)
def test_the_table_and_the_modifiers_place_the_address(
    data: str, expected: tuple[str, str | None, str | None, str | None], extra: tuple[tuple[str, str], ...]
) -> None:
    signal = read_one(data)
    assert fields(signal) == expected
    assert signal.extra == extra


@pytest.mark.parametrize(
    ("data", "text", "extra"),
    [
        ("NBA1^HALL^", "HALL", ()),
        ("NBA1^  HALL  ^", "HALL", ()),
        ("NBA1^HALL", "HALL", ()),
        ("NBA1^^", None, ()),
        ("NBA1^A/B^", "A/B", ()),
        ("NBA1^d'alarme^", "d'alarme", ()),
        ("NBA1*'HALL'NM", "HALL", ()),
        ("NBA1*'A/B'NM", "A/B", ()),
        ("NBA1*02*3^HALL^", "HALL", (("unit", "02"), ("unit", "3"))),
        ("NBA1^HALL^^EAST^", "HALL", (("A", "EAST"),)),
        ("NBA1|AHALL", "HALL", ()),
        ("NBA1^HALL^|AEAST", "HALL", (("A", "EAST"),)),
        ("AHALL|NBA1", "HALL", ()),
        ("NBA1NM", None, (("tail", "NM"),)),
        ("NBA1xyz^HALL^", None, (("tail", "xyz^HALL^"),)),
    ],
)
def test_texts(data: str, text: str | None, extra: tuple[tuple[str, str], ...]) -> None:
    signal = read_one(data)
    assert (signal.code, signal.zone) == ("BA", "1")
    assert (signal.text, signal.extra) == (text, extra)


def test_a_text_belongs_to_the_event_before_it() -> None:
    assert [signal.text for signal in read("NBA1/BA2|AHALL|NBA3")] == [None, "HALL", None]


def test_a_bar_always_ends_a_block_even_inside_a_text() -> None:
    """An unbalanced ^ in one text must not hide the fire behind it."""
    assert [signal.code for signal in read("NBA1^x|NFA1^y^")] == ["BA", "FA"]


def test_long_texts_are_kept_and_marked() -> None:
    assert sia.decode_blocks(f"NBA1^{'x' * TEXT_CHARS_MAX}^", account="1").remarks == ()
    content = sia.decode_blocks(f"NBA1^{'x' * (TEXT_CHARS_MAX + 1)}^", account="1")
    assert content.remarks == ("long_text",)
    assert content.signals[0].text == "x" * (TEXT_CHARS_MAX + 1)


def test_old_events_are_marked() -> None:
    assert read_one("ORP99").extra == (("old", "1"),)


def test_environmental_reports_have_their_own_table() -> None:
    signal = read_one("Eva21.5/DA3")
    assert (signal.code, signal.category, signal.qualifier) == ("E:DA", Category.TECHNICAL, Qualifier.STATUS)
    assert (signal.zone, signal.extra) == ("3", (("va", "21.5"),))


def test_other_blocks_stay_with_their_event() -> None:
    assert read_one("&17|NBA1|Vhttp://x/1|Lz|0").extra == (("&", "17"), ("V", "http://x/1"), ("L", "z"), ("0", ""))


def test_other_blocks_alone_are_opaque_under_their_letter() -> None:
    assert [(s.scheme, s.code, s.text) for s in read("#1|Ahello|V2")] == [
        (Scheme.OPAQUE, "A", "hello"),
        (Scheme.OPAQUE, "V", "2"),
    ]


def test_a_block_that_cannot_be_read_stands_beside_those_that_can() -> None:
    content = sia.decode_blocks("#1|Nxyz!|NFA1", account="1")
    assert content.remarks == ("block_not_understood",)
    assert [(signal.scheme, signal.text) for signal in content.signals] == [
        (Scheme.OPAQUE, "Nxyz!"),
        (Scheme.SIA, None),
    ]


def test_an_unknown_code_is_kept_as_unknown() -> None:
    content = sia.decode_blocks("Nri1/QQ7", account="1")
    assert content.remarks == ("unknown_code",)
    (signal,) = content.signals
    assert (signal.code, signal.category, signal.qualifier, signal.family) == (
        "QQ",
        Category.UNKNOWN,
        Qualifier.NEW,
        "QQ",
    )
    assert (signal.area, signal.zone) == ("1", "7")


def test_a_word_is_no_unknown_code() -> None:
    assert not sia.decode_blocks("NHELLO", account="1").understood


@pytest.mark.parametrize("data", ["HA00", "PA5", "OP1", "NL1", "EA3", "FA1/FA2", "CL5"])
def test_an_event_without_its_function_letter_is_read(data: str) -> None:
    content = sia.decode_blocks(f"#1|{data}", account="1")
    assert content.remarks == ("missing_letter",)
    assert content.signals[0].code == data[:2]


def test_program_and_control_blocks_are_not_taken_for_events() -> None:
    assert [signal.code for signal in read("NBA1|POA5|COP1")] == ["BA"]


def test_modifiers_have_a_limit() -> None:
    fits = f"Npi{'1' * (MODIFIERS_CHARS_MAX - 2)}/BA1"
    assert read_one(fits).code == "BA"
    content = sia.decode_blocks(f"NFA1|{fits.replace('/', '1/')}", account="1")
    assert content.remarks == ("block_not_understood",)
    assert content.signals[1].text == fits.replace("/", "1/")


def test_blocks_that_hang_on_one_event_have_a_limit() -> None:
    event, beyond = read("NBA1" + "|V1" * EXTRA_ITEMS_MAX + "|V2")
    assert event.extra == (("V", "1"),) * EXTRA_ITEMS_MAX
    assert (beyond.scheme, beyond.text) == (Scheme.OPAQUE, "V2")


def test_events_beyond_the_limit_inside_one_block_are_kept() -> None:
    content = sia.decode_blocks("N" + "/".join(["BA1"] * EVENTS_MAX) + "/ri2/FA1", account="1")
    assert content.remarks == ("too_many_events",)
    assert content.signals[-1].text == "Nri2/FA1"


@given(
    st.sampled_from(["#12|", "#|", "|", ""]),
    st.none() | st.sampled_from(["", "0", "1", "02", "10:1"]),
    st.sampled_from([*sorted(code for code in STANDARD.sia if len(code) == 2), "QQ"]),
    st.sampled_from(["", "0", "1", "02", "501", "A:1"]),
)
def test_the_short_way_gives_what_the_long_way_gives(head: str, area: str | None, code: str, address: str) -> None:
    data = f"{head}N{'' if area is None else f'ri{area}/'}{code}{address}"
    assert sia.decode_blocks(data, account="AAA") == sia._decode_any(data, "AAA", STANDARD)


def test_an_installations_own_table_decides() -> None:
    codes = STANDARD.with_overrides([{"scheme": "sia", "code": "UA", "category": "technical", "family": "PUMP"}])
    (signal,) = sia.decode_blocks("Nri1/UA5", account="1", codes=codes).signals
    assert (signal.category, signal.family) == (Category.TECHNICAL, "PUMP")
