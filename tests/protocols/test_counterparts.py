"""SIA in Contact ID: every code has its counterpart or a reason for none; nothing becomes another kind of matter."""

from __future__ import annotations

import pytest

from protocols import contact_id, sia
from protocols.content import DecodedContent
from protocols.counterparts import BASES, COUNTERPARTS, ContactIdOnly, Fit, unsaid
from protocols.event_codes import STANDARD, is_closing, is_opening, is_test_report
from protocols.signals import LIFE_SAFETY, Category, Qualifier, Scheme, Signal

TURN = ContactIdOnly()
MAPPED = {code: row for code, row in COUNTERPARTS.items() if row.fit is not Fit.NONE}
# Where DC-05 files the same matter under another heading than DC-03. Nothing else may change its category.
OTHER_CATEGORY = {
    "BG": Category.TROUBLE, "UG": Category.TROUBLE,  # 378, unverified: as two manufacturers send it
    "BS": Category.TECHNICAL,
    "CM": Category.TAMPER, "EZ": Category.TAMPER, "UZ": Category.TAMPER, "XM": Category.TAMPER,  # a detector is missing
    "DH": Category.ACCESS, "DL": Category.ACCESS, "DJ": Category.INTRUSION,
    "IA": Category.TROUBLE, "IR": Category.TROUBLE, "RR": Category.TROUBLE,
    "ZY": Category.TROUBLE, "ZZ": Category.TROUBLE,
}  # fmt: skip


def said(text: str) -> str:
    """``#1001|Nri1/BA3`` as the event of Contact ID."""
    (signal,) = sia.decode_blocks(text, account="1001").signals
    return contact_id.encode_text(DecodedContent(account="", signals=(TURN.signal(signal),))).partition("|")[2]


def test_every_sia_code_of_the_table_has_a_counterpart_or_a_reason_for_none() -> None:
    assert list(COUNTERPARTS) == list(STANDARD.sia)
    assert (len(MAPPED), len(COUNTERPARTS) - len(MAPPED)) == (286, 71)


@pytest.mark.parametrize("code", COUNTERPARTS)
def test_every_row_is_complete(code: str) -> None:
    row = COUNTERPARTS[code]
    assert row.basis
    assert set(row.basis) <= BASES
    if row.fit is Fit.NONE:
        assert not row.contact_id
        assert row.note, "says why"
    else:
        assert row.contact_id in STANDARD.contact_id
        assert "none" not in row.basis


@pytest.mark.parametrize("code", MAPPED)
def test_a_counterpart_is_the_same_kind_of_matter(code: str) -> None:
    before = sia.signal(code)
    after = TURN.signal(before)
    assert after.category is OTHER_CATEGORY.get(code, before.category)
    assert (before.category in LIFE_SAFETY) == (after.category in LIFE_SAFETY)
    assert (is_opening(before), is_closing(before)) == (is_opening(after), is_closing(after))
    assert is_test_report(before) == is_test_report(after)
    if code not in ("FL", "LX", "RY"):
        assert after.qualifier is before.qualifier


def test_no_alarm_is_without_a_counterpart() -> None:
    none = {STANDARD.sia[code].category for code in set(COUNTERPARTS) - set(MAPPED)}
    assert none.isdisjoint({*LIFE_SAFETY, Category.INTRUSION, Category.TAMPER})


def test_a_restore_restores_what_its_alarm_became() -> None:
    for code in MAPPED:
        row = STANDARD.sia[code]
        if row.qualifier is Qualifier.RESTORE and code != "LX":
            openers = {c for c in MAPPED if STANDARD.sia[c].family == row.family and c != code}
            became = {MAPPED[opener].contact_id for opener in openers}
            assert MAPPED[code].contact_id in became, f"{code} restores nothing that was said"


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ("#1001|Nri1/BA3", "1130 01 003"),
        ("#1001|Nri01/BH0003", "3130 01 003"),
        ("#1001|Nri2/OP5", "1401 02 005"),
        ("#1001|Nri2/CL5", "3401 02 005"),
        ("#1001|Nri2/CA2", "3403 02 000"),
        ("#1001|NAT", "1301 00 000"),
        ("#1001|Nri1/FL7", "1912 01 007"),
        ("#1001|Nid19/LX", "1628 00 U019"),
        ("#1001|Nid19/ri1/BA3", "1130 01 003"),
        ("#1001|Nri1/OS4", "1409 01 C004"),
        ("#1001|Nri1/FA1234", "1110 01 000"),
    ],
)
def test_area_zone_and_user_are_carried(text: str, event: str) -> None:
    assert said(text) == event


def test_what_contact_id_has_no_digits_for_is_named() -> None:
    before = sia.signal("FA", area="123", zone="1234", user="7")
    assert unsaid(before, TURN.signal(before)) == "area 123, zone 1234"
    both = sia.signal("BA", area="1", zone="3", user="7")
    assert unsaid(both, TURN.signal(both)) == "user 7"
    assert unsaid(sia.signal("BA", zone="0003"), TURN.signal(sia.signal("BA", zone="0003"))) == ""


def test_what_has_no_counterpart_is_refused_with_its_reason() -> None:
    with pytest.raises(ValueError, match="SIA JV has no Contact ID code: DC-05 has no code for a change of codes"):
        TURN.signal(sia.signal("JV", user="4"))
    with pytest.raises(ValueError, match=r"SIA QQ has no Contact ID code$"):
        TURN.signal(sia.signal("QQ"))


def test_what_was_agreed_with_the_far_end_goes_before_the_table() -> None:
    turn = ContactIdOnly({"BV": "130", "JP": ""}, "750")
    assert turn.signal(sia.signal("BV", area="1")).code == "130"
    assert turn.signal(sia.signal("JV", user="4")).code == "750"
    assert turn.signal(sia.signal("QQ", zone="2")).zone == "2"
    assert turn.signal(sia.signal("BA")).code == "130"
    with pytest.raises(ValueError, match=r"SIA JP has no Contact ID code$"):
        turn.signal(sia.signal("JP"))


def test_a_word_that_cannot_hold_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="'ba' is no SIA code"):
        ContactIdOnly({"ba": "130"})
    with pytest.raises(ValueError, match="'13' is no Contact ID code"):
        ContactIdOnly({"BA": "13"})
    with pytest.raises(ValueError, match="'75A' is no Contact ID code"):
        ContactIdOnly(otherwise="75A")


def test_other_schemes_go_by_as_they_came() -> None:
    came = contact_id.signal("130", area="01", address="015")
    assert TURN.signal(came) is came
    opaque = Signal(scheme=Scheme.OPAQUE, code="XYZ", category=Category.UNKNOWN, qualifier=Qualifier.NEW)
    assert TURN.signal(opaque) is opaque
