"""The code tables: every row sound, life safety exactly the codes listed here, restores ending what they should."""

from __future__ import annotations

import csv
from importlib import resources

import pytest

from protocols import contact_id, sia
from protocols.event_codes import (
    STANDARD,
    AddressKind,
    CodeTable,
    CodeTableError,
    EventCode,
    is_closing,
    is_opening,
    is_test_report,
    lookup_contact_id,
    lookup_sia,
)
from protocols.signals import LIFE_SAFETY, Category, Qualifier, Scheme, Signal


def rows(name: str) -> list[dict[str, str]]:
    text = resources.files("protocols").joinpath("data", name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))


SIA_ROWS, CONTACT_ID_ROWS = rows("sia_codes.tsv"), rows("contact_id_codes.tsv")
SIA_EVENTS = {code: row for code, row in STANDARD.sia.items() if len(code) == 2}


def codes_of(table: dict[str, EventCode], category: Category) -> set[str]:
    return {code for code, row in table.items() if row.category is category}


def test_every_row_is_loaded() -> None:
    assert len(SIA_ROWS) == len(STANDARD.sia) == 357
    assert len(CONTACT_ID_ROWS) == len(STANDARD.contact_id) == 322


@pytest.mark.parametrize("row", SIA_ROWS + CONTACT_ID_ROWS, ids=lambda row: row["code"])
def test_every_row_is_complete(row: dict[str, str]) -> None:
    assert None not in row
    assert None not in row.values()
    assert all(row[key] for key in ("code", "name", "group", "category", "family", "address", "source"))
    assert all(value == value.strip() for value in row.values())


def test_an_sia_code_means_one_qualifier_and_contact_id_brings_its_own() -> None:
    assert all(row.qualifier is not None for row in STANDARD.sia.values())
    assert all(row.qualifier is None for row in STANDARD.contact_id.values())


def test_every_restore_ends_a_family_that_something_opens() -> None:
    opened = {row.family for row in STANDARD.sia.values() if row.qualifier is not Qualifier.RESTORE}
    for row in STANDARD.sia.values():
        assert {row.family, *row.also_ends} <= opened, row
        assert not row.also_ends or row.qualifier is Qualifier.RESTORE, row
        assert row.family not in row.also_ends, row


def test_a_family_has_one_category_unless_a_fault_rides_on_a_test() -> None:
    for table in (STANDARD.sia, STANDARD.contact_id):
        categories: dict[str, set[Category]] = {}
        for row in table.values():
            categories.setdefault(row.family, set()).add(row.category)
        assert categories.pop("TEST") == {Category.TEST, Category.TROUBLE}
        assert all(len(found) == 1 for found in categories.values())


# Alarm and trouble codes and what ends them; the table must pair exactly these.
RESTORES = """
    BA:BH,BR FA:FH,FR GA:GH,GR HA:HH,HR KA:KH,KR MA:MH,MR PA:PH,PR QA:QH,QR SA:SH,SR TA:TH,TR UA:UH,UR WA:WH,WR ZA:ZH,ZR
    BT:BJ FT:FJ GT:GJ HT:HJ KT:KJ MT:MJ PT:PJ QT:QJ ST:SJ TT:TJ UT:UJ WT:WJ ZT:ZJ
    BB:BU FB:FU GB:GU HB:HU KB:KU MB:MU PB:PU QB:QU SB:SU TB:TU UB:UU WB:WU ZB:ZU
    AS:AN AT:AR BD:BE DF:DR DL:DH DO:DC EM:EN ES:EJ ET:ER FI:FK FS:FV FW:FQ IA:IR JA:JC LB:LX LF:LE LT:LR NA:NS NT:NR
    OU:OV PC:PD PE:PG PF:PO RC:RO TS:TE TW:TZ VO:VI VT:VR VZ:VY XL:XC XQ:XH XS:XJ XT:XR YA:YH YC:YK YD:YE YI:YJ YP:YQ
    YT:YR YX:YZ ZZ:ZY OZ:CZ OPEN:CA,CB,CF,CG,CJ,CK,CL,CP,CQ,CS,CW,NF,NL,NM
"""


def test_restores_are_paired() -> None:
    expected = {
        restore: family
        for pair in RESTORES.split()
        for family, _, restores in [pair.partition(":")]
        for restore in restores.split(",")
    }
    found = {code: row.family for code, row in SIA_EVENTS.items() if row.qualifier is Qualifier.RESTORE}
    assert found == expected


def test_a_restoral_ends_alarm_and_trouble_alike() -> None:
    restoral = sia.signal("FR", zone="1")
    assert STANDARD.families_ended(restoral) == ("FA", "FT", "FS")
    assert STANDARD.families_ended(sia.signal("FH", zone="1")) == ("FA",)
    assert STANDARD.families_ended(sia.signal("YK")) == ("YC", "YS")
    assert STANDARD.families_ended(sia.signal("FA")) == ()
    assert STANDARD.families_ended(contact_id.signal("110", Qualifier.RESTORE)) == ("110",)
    unknown = contact_id.signal("9FF", Qualifier.RESTORE)
    assert STANDARD.families_ended(unknown) == ("9FF",)


# The exact codes that no filter may mute. A change here is a change of what reaches an operator at once: mean it.
LIFE_SAFETY_CODES = {
    (Scheme.SIA, Category.FIRE): "FA FG FH FL FM FR GA GH GR KA KH KR SA SH SR",
    (Scheme.SIA, Category.HOLDUP): "HA HH HR PA PH PR",
    (Scheme.SIA, Category.DURESS): "ND",
    (Scheme.SIA, Category.MEDICAL): "JK MA MH MR QA QH QR",
    (Scheme.CONTACT_ID, Category.FIRE): "110 111 112 113 114 115 116 117 118 151 162 912",
    (Scheme.CONTACT_ID, Category.HOLDUP): "120 122 123 126 129",
    (Scheme.CONTACT_ID, Category.DURESS): "121 124 125",
    (Scheme.CONTACT_ID, Category.MEDICAL): "100 101 102 103 641 642 643 645 646",
}


@pytest.mark.parametrize(("scheme", "category"), LIFE_SAFETY_CODES)
def test_life_safety_is_exactly_these_codes(scheme: Scheme, category: Category) -> None:
    table = STANDARD.sia if scheme is Scheme.SIA else STANDARD.contact_id
    assert codes_of(dict(table), category) == set(LIFE_SAFETY_CODES[scheme, category].split())


def test_the_life_safety_list_covers_every_category() -> None:
    assert {category for _, category in LIFE_SAFETY_CODES} == LIFE_SAFETY


GOLDEN = {
    Category.INTRUSION: "BA BG BM BV BR EA DF DL UA UZ XM 130 131 132 133 134 135 136 138 139 140 146 374 423",
    Category.TAMPER: "AA TA TT TR ES JA XS 137 144 145 316 317 341 383 461",
    Category.TECHNICAL: "WA ZA IA EX 150 152 153 154 158 159 161 163 168",
    Category.TROUBLE: "AT AR YT YM YP YA BT FT FS FW FZ GT HT PT SS ST XT XQ RY 200 201 205 301 302 309 311 321 344"
    " 373 375 376 380 381 384 608 926",
    Category.SUPERVISION: "YC YS YK LT LR NT NR NA XX 350 351 354 355 356 551 654 954",
    Category.OPEN_CLOSE: "OP CL OA CA OQ CQ NL CI OI CT OT EE 400 401 403 407 408 409 441 453 454 456",
    Category.BYPASS: "BB BU FB HB XW 520 570 571 576 925",
    Category.ACCESS: "DD DG DK DO DX 421 422 462",
    Category.CANCEL: "AB BC FC OC 406 465",
    Category.TEST: "RP RX TX TS TE FI FX BX 601 602 604 607",
    Category.SYSTEM: "LB LX RB RR YG YY JT JL 306 412 625 627 900",
    Category.UNKNOWN: "651 703 750 789",
}


@pytest.mark.parametrize(
    ("code", "category"),
    [(code, category) for category, codes in GOLDEN.items() for code in codes.split()],
)
def test_what_the_important_codes_mean(code: str, category: Category) -> None:
    row = lookup_contact_id(code) if code.isdigit() else lookup_sia(code)
    assert row is not None
    assert row.category is category


def test_unknown_is_left_to_codes_without_a_meaning() -> None:
    assert codes_of(dict(STANDARD.sia), Category.UNKNOWN) == set()
    assigned_by_the_installer = {str(code) for code in range(750, 790)}
    reserved = {"651", "652", "653", "703"}
    assert codes_of(dict(STANDARD.contact_id), Category.UNKNOWN) == assigned_by_the_installer | reserved


@pytest.mark.parametrize(
    ("code", "kind"),
    [("BA", "zone"), ("CL", "user"), ("CA", "area"), ("CG", "area"), ("CJ", "user"), ("DF", "door"), ("RP", "none"),
     ("ET", "expander"), ("LT", "line"), ("RC", "relay"), ("130", "zone"), ("401", "user"), ("121", "user"),
     ("602", "zone"), ("750", "none")],
)  # fmt: skip
def test_what_addresses_count(code: str, kind: str) -> None:
    row = lookup_contact_id(code) if code.isdigit() else lookup_sia(code)
    assert row is not None
    assert row.address is AddressKind(kind)


def test_codes_in_no_table() -> None:
    assert lookup_sia("QQ") is None
    assert lookup_contact_id("9FF") is None
    assert STANDARD.lookup(Scheme.ARCD, "BA") is None


OPENINGS = "NO NP OA OB OG OH OJ OK OL OP OQ OR OS"
CLOSINGS = "CA CB CF CG CJ CK CL CP CQ CS CW NF NL NM"
OPEN_CLOSE_CODES = "400 401 402 403 407 408 409 441 442 443 444 450 451 452"


def test_exactly_these_sia_codes_open_and_close() -> None:
    events = [sia.signal(code) for code in SIA_EVENTS]
    assert {event.code for event in events if is_opening(event)} == set(OPENINGS.split())
    assert {event.code for event in events if is_closing(event)} == set(CLOSINGS.split())


def test_exactly_these_contact_id_codes_open_with_1_and_close_with_3() -> None:
    for code in STANDARD.contact_id:
        moves = code in OPEN_CLOSE_CODES.split()
        assert is_opening(contact_id.signal(code, Qualifier.NEW)) is moves
        assert is_closing(contact_id.signal(code, Qualifier.RESTORE)) is moves
        assert not is_opening(contact_id.signal(code, Qualifier.STATUS))
        assert not is_closing(contact_id.signal(code, Qualifier.STATUS))


def test_test_reports_include_those_that_report_a_fault() -> None:
    assert {code for code in SIA_EVENTS if is_test_report(sia.signal(code))} == {"RP", "RX", "RY", "TX"}
    found = {code for code in STANDARD.contact_id if is_test_report(contact_id.signal(code))}
    assert found == {"601", "602", "603", "608"}


def override(**row: str) -> CodeTable:
    return STANDARD.with_overrides([row])


def test_an_override_replaces_what_it_names_and_keeps_the_rest() -> None:
    table = override(scheme="sia", code="WA", category="fire", note="sprinkler flow switch on this panel")
    changed, old = table.sia["WA"], STANDARD.sia["WA"]
    assert (changed.category, changed.name, changed.family, changed.qualifier, changed.address) == (
        Category.FIRE, old.name, old.family, old.qualifier, old.address,
    )  # fmt: skip
    assert old.category is Category.TECHNICAL, "the standard table must not change"
    assert table.sia["BA"] is STANDARD.sia["BA"]


def test_an_override_can_name_a_new_code() -> None:
    table = STANDARD.with_overrides(
        [
            {"scheme": "sia", "code": "QQ", "category": "technical", "qualifier": "restore", "family": "LIFT"},
            {"scheme": "contact_id", "code": "750", "category": "technical", "name": "Lift", "address": "zone"},
            {"scheme": "contact_id", "code": "9FF", "category": "medical"},
        ]
    )
    assert table.sia["QQ"] == EventCode(
        code="QQ", name="QQ", category=Category.TECHNICAL, qualifier=Qualifier.RESTORE, family="LIFT"
    )
    assert table.contact_id["750"].name == "Lift"
    assert table.contact_id["9FF"].category is Category.MEDICAL


def test_a_later_row_builds_on_an_earlier_one() -> None:
    table = STANDARD.with_overrides(
        [
            {"scheme": "sia", "code": "NA", "category": "medical"},
            {"scheme": "sia", "code": "NA", "name": "No sign of life"},
        ]
    )
    assert (table.sia["NA"].category, table.sia["NA"].name) == (Category.MEDICAL, "No sign of life")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"scheme": "sai", "code": "BA"}, "scheme 'sai' is not one of sia, contact_id"),
        ({"scheme": "opaque", "code": "BA"}, "other schemes have no code table"),
        ({"code": "BA"}, "scheme '' is not one of"),
        ({"scheme": "sia", "code": "ba", "category": "fire"}, "'ba' must be two capital letters"),
        ({"scheme": "sia", "code": "BÄ", "category": "fire"}, "must be two capital letters"),
        ({"scheme": "contact_id", "code": "13", "category": "fire"}, "'13' must be three digits"),
        ({"scheme": "sia", "code": "BA", "category": "fier"}, "category 'fier' is not one of fire, holdup"),
        ({"scheme": "sia", "code": "BA", "qualifier": "on"}, "qualifier 'on' is not one of new, restore, status"),
        ({"scheme": "sia", "code": "BA", "address": "gate"}, "address 'gate' is not one of zone, user"),
        ({"scheme": "sia", "code": "BA", "family": ""}, "family must not be empty"),
        ({"scheme": "sia", "code": "BA", "prio": "1"}, "unknown key 'prio'; use scheme, code"),
        ({"scheme": "sia", "code": "QQ"}, "needs a category"),
        ({"scheme": "contact_id", "code": "130", "qualifier": "new"}, "remove qualifier"),
        ({"scheme": "sia", "code": "FA", "category": "test"}, "FA is fire: life safety stays life safety"),
        ({"scheme": "contact_id", "code": "121", "category": "system"}, "use one of duress, fire, holdup, medical"),
    ],
)
def test_a_bad_override_says_what_to_do(row: dict[str, str], message: str) -> None:
    with pytest.raises(CodeTableError) as caught:
        STANDARD.with_overrides([row])
    assert message in str(caught.value)


def test_all_bad_overrides_are_named_at_once() -> None:
    with pytest.raises(CodeTableError, match=r"row 1 \(sia BA\).*row 3 \(\? \?\)"):
        STANDARD.with_overrides([{"scheme": "sia", "code": "BA", "category": "x"}, {"scheme": "sia", "code": "BA"}, {}])


def test_life_safety_may_move_within_life_safety() -> None:
    assert override(scheme="contact_id", code="120", category="medical").contact_id["120"].category is Category.MEDICAL


def test_reclassify_puts_a_signal_into_another_tables_words() -> None:
    table = override(scheme="sia", code="UA", category="technical", family="PUMP", qualifier="status")
    event = sia.signal("UA", zone="5")
    again = table.reclassify(event)
    assert (again.category, again.family, again.qualifier) == (Category.TECHNICAL, "PUMP", Qualifier.STATUS)
    assert again.zone == "5"
    assert STANDARD.reclassify(event) is event
    line_fault = Signal(scheme=Scheme.ARCD, code="UA", category=Category.SUPERVISION, qualifier=Qualifier.NEW)
    assert table.reclassify(line_fault) is line_fault
    restore = contact_id.signal("130", Qualifier.RESTORE)
    moved = override(scheme="contact_id", code="130", category="holdup").reclassify(restore)
    assert (moved.category, moved.qualifier) == (Category.HOLDUP, Qualifier.RESTORE)


def test_a_table_cannot_be_changed_in_place() -> None:
    with pytest.raises(TypeError):
        STANDARD.sia["BA"] = STANDARD.sia["FA"]  # type: ignore[index]  # – that it is refused is the point
