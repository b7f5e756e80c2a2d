from __future__ import annotations

import pytest

from protocols.dc09.extended import EXTENDED_SIGNALS_MAX, TRIGGERS, Extended, decode_extended, merge_extended
from protocols.dc09.timestamp import parse_timestamp
from protocols.signals import Category, Position, Qualifier, Scheme, Signal

SIGNAL = Signal(
    scheme=Scheme.SIA, code="BA", category=Category.INTRUSION, qualifier=Qualifier.NEW, extra=(("id", "9"),)
)


def test_the_standards_own_examples() -> None:
    """DC-09-2026 5.5.1.8: every letter and its printed example."""
    examples = (
        b"A6f2348c99335df38 CDP G2 H13:59:58,12-31-2012 M0026b9e4268b N1133557799bbddff R2322 TS "
        b"Vhttp://verify.com/34AC4DE3446 X093W23.456 Y45N23.456 Z123.2M"
    ).split()
    texts = (
        b"I2nd Floor West PIR",
        b"L3rd Floor Hallway",
        b"OIDS Center",
        b"P\x8010\x82\x83\x94J",
        b"S123Main St., 55123",
    )
    found = decode_extended(
        (*examples, *texts, b'J{"city": "New York"}', b"Kabcdabcdabcdabcdabcdabcdabcdabcd"), "utf-8"
    )
    assert found == Extended(
        occurred_at=parse_timestamp(b"13:59:58,12-31-2012"),
        position=Position(longitude=-(93 + 23.456 / 60), latitude=45 + 23.456 / 60, altitude_m=123.2),
        media=("http://verify.com/34AC4DE3446",),
        text="2nd Floor West PIR",
        extra=(
            ("xA", "6f2348c99335df38"),
            ("xC", "DP"),
            ("xG", "2"),
            ("path", "2"),
            ("xM", "0026b9e4268b"),
            ("mac", "00:26:b9:e4:26:8b"),
            ("xN", "1133557799bbddff"),
            ("xR", "2322"),
            ("xT", "S"),
            ("trigger", "sensor"),
            ("xL", "3rd Floor Hallway"),
            ("xO", "IDS Center"),
            ("xP", "€10‚ƒ”J"),
            ("xS", "123Main St., 55123"),
            ("xJ", '{"city": "New York"}'),
            ("xK", "****"),
        ),
        remarks=("windows_1252",),
    )


@pytest.mark.parametrize(
    ("field", "extra", "remarks"),
    [
        (b"G1", (("xG", "1"), ("path", "1")), ()),
        (b"J2", (("xJ", "2"), ("path", "2")), ()),  # as pysiaalarm has it
        (b'J{"lock": {"open": true}}', (("xJ", '{"lock": {"open": true}}'),), ()),  # as the revision of 2026 has it
        (b'J{"lock": ', (("xJ", '{"lock": '),), ("bad_json",)),
        (b"J" + b'{"a":' * 3000, (("xJ", '{"a":' * 3000),), ("bad_json",)),
        (b"Gwan", (("xG", "wan"),), ()),
        (b"TF", (("xT", "F"), ("trigger", "fire")), ()),
        (b"T?", (("xT", "?"),), ()),
        (b"M0026B9E4268B", (("xM", "0026B9E4268B"), ("mac", "00:26:b9:e4:26:8b")), ()),
        (b"M0026", (("xM", "0026"),), ()),
    ],
)
def test_defined_meanings_stand_beside_the_text(
    field: bytes, extra: tuple[tuple[str, str], ...], remarks: tuple[str, ...]
) -> None:
    assert decode_extended((field,), "utf-8") == Extended(extra=extra, remarks=remarks)


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_every_trigger_has_its_word(trigger: str) -> None:
    found = decode_extended((b"T" + trigger.encode(),), "utf-8")
    assert dict(found.extra)["trigger"] == TRIGGERS[trigger]


def test_a_panel_that_counts_months_from_zero_means_its_own_occurrence_too() -> None:
    field = b"H08:40:47,00-08-2020"
    assert decode_extended((field,), "utf-8").occurred_at is None
    found = decode_extended((field,), "utf-8", month_from_zero=True)
    assert found.occurred_at == parse_timestamp(b"08:40:47,01-08-2020")


@pytest.mark.parametrize(
    "field",
    # Years that no wall clock shows: with 9999 taken for a time, the fire's case could not be opened any more.
    [
        b"H23:59:58,12-31-9999",
        b"H00:00:00,01-01-2200",
        b"H23:59:59,12-31-1969",
        b"H00:00:00,01-01-0001",
        b"H25:00:00,01-01-2026",
        b"H",
        b"V",
        b"I",
        b"",
        b"E115000",
        b"$P1,2",
        b"xlower",
    ],
)
def test_what_has_no_place_is_kept(field: bytes) -> None:
    text = field.decode()
    assert decode_extended((field,), "utf-8") == Extended(extra=(("x" + text[:1], text[1:]),))


def test_repeated_letters_are_kept() -> None:
    found = decode_extended(
        (b"H00:00:00,01-01-2026", b"H00:00:01,01-01-2026", b"Ia", b"Ib", b"Vu", b"Vw", b"X1", b"X2", b"Y3"), "utf-8"
    )
    assert found.extra == (("xH", "00:00:01,01-01-2026"), ("xI", "b"), ("xX", "2"))
    assert found.media == ("u", "w")
    assert found.position == Position(longitude=1.0, latitude=3.0)


@pytest.mark.parametrize(
    ("x", "y", "longitude", "latitude"),
    [
        ("006E07.7777777", "49N06.6666666", 6 + 7.7777777 / 60, 49 + 6.6666666 / 60),
        ("010W57.56", "33S00", -(10 + 57.56 / 60), -33.0),
        ("52.21", "-5.9699", 52.21, -5.9699),
        ("180", "90", 180.0, 90.0),
    ],
)
def test_position(x: str, y: str, longitude: float, latitude: float) -> None:
    found = decode_extended((b"X" + x.encode(), b"Y" + y.encode()), "utf-8")
    assert found == Extended(position=Position(longitude=longitude, latitude=latitude))


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ("115000", "1"),
        ("181", "1"),
        ("1", "90E00"),
        ("1", "91"),
        ("1E60.0", "1"),
        ("", "1"),
        ("1e5", "1"),
        ("nan", "1"),
    ],
)
def test_no_position_is_made_up(x: str, y: str) -> None:
    found = decode_extended((b"X" + x.encode(), b"Y" + y.encode()), "utf-8")
    assert found == Extended(extra=(("xX", x), ("xY", y)))


def test_altitude_needs_a_position_and_a_number() -> None:
    assert decode_extended((b"Z12M",), "utf-8").extra == (("xZ", "12M"),)
    odd = decode_extended((b"X1", b"Y2", b"Zhigh"), "utf-8")
    assert odd == Extended(position=Position(longitude=1.0, latitude=2.0), extra=(("xZ", "high"),))


def test_key_material_is_never_shown() -> None:
    assert decode_extended((b"K0011", b"k0011"), "utf-8").extra == (("xK", "****"), ("xk", "****"))


def test_merge_fills_every_signal() -> None:
    place = Position(longitude=1.0, latitude=2.0)
    extended = Extended(occurred_at=5, position=place, media=("u",), text="PIR", extra=(("xM", "00"),))
    named = Signal(scheme=Scheme.SIA, code="BR", category=Category.INTRUSION, qualifier=Qualifier.RESTORE, text="own")
    first, second = merge_extended((SIGNAL, named), extended)
    assert (first.occurred_at, first.position, first.media, first.text) == (5, place, ("u",), "PIR")
    assert first.extra == (("id", "9"), ("xM", "00"))
    assert (second.text, second.extra) == ("own", (("xI", "PIR"), ("xM", "00")))


def test_merge_changes_nothing_without_data() -> None:
    signal = Signal(
        scheme=Scheme.SIA, code="BA", category=Category.FIRE, qualifier=Qualifier.NEW, occurred_at=3, text="t"
    )
    assert merge_extended((signal,), Extended()) == (signal,)


def test_only_so_many_signals_get_all_of_it() -> None:
    merged = merge_extended(
        (SIGNAL,) * (EXTENDED_SIGNALS_MAX + 1), Extended(occurred_at=5, text="t", extra=(("xM", "0"),))
    )
    assert [signal.text for signal in merged] == ["t"] * EXTENDED_SIGNALS_MAX + [None]
    assert merged[-1].occurred_at == 5
    assert merged[-1].extra == SIGNAL.extra
