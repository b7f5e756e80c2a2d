"""FBI Superfast: what both digits say alike is read, everything else is kept whole."""

from __future__ import annotations

from itertools import product

import pytest

from protocols.receiver_lines.pulse import PulseRule, PulseTable
from protocols.receiver_lines.superfast import decode_superfast, is_superfast
from protocols.signals import LIFE_SAFETY, Scheme

DIGITS = "0123456789BCDEF"
NO_RULES = PulseTable()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1011", "FA"), ("101E", "FR"), ("101F", "FT"), ("1016", "FB"), ("101D", "AB"),
        ("2012", "PA"), ("202E", "PR"), ("3013", "BA"), ("3036", "BB"), ("4014", "MA"), ("5015", "UA"), ("505E", "UR"),
        ("B03B", "OP"), ("103B", "OP"), ("C03C", "CL"),
    ],
)  # fmt: skip
def test_what_the_table_says(text: str, code: str) -> None:
    content = decode_superfast(text, account="1234", table=NO_RULES)
    (signal,) = content.signals
    assert (content.account, content.understood, signal.code) == ("1234", True, code)
    number = signal.user if code in ("OP", "CL") else signal.zone
    assert number == text[1:3]
    assert ("printed", text) in signal.extra


def test_two_digits_that_disagree_make_no_alarm_up_and_hide_none() -> None:
    for kind, event in product(DIGITS, DIGITS):
        content = decode_superfast(f"{kind}07{event}", account="1234", table=NO_RULES)
        (signal,) = content.signals
        if signal.category in LIFE_SAFETY:
            assert event in (kind, "E")
        if kind != event and event in "12345":
            assert (signal.scheme, content.understood, signal.code) == (Scheme.OPAQUE, False, f"{kind}07{event}")


def test_a_rule_of_the_line_goes_before_the_table() -> None:
    rules = PulseTable((PulseRule(match="3013", scheme=Scheme.SIA, code="HA", address="1"),))
    (signal,) = decode_superfast("3013", account="1234", table=rules).signals
    assert signal.code == "HA"


@pytest.mark.parametrize("text", ["", "101", "10111", "A011", "10 1", "101A", "101g"])
def test_what_is_none(text: str) -> None:
    assert not is_superfast(text)
