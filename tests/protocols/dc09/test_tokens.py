"""Every token of the standard: link tests prove life, two are decoded, the others are kept whole."""

from __future__ import annotations

import pytest

from protocols.codec import Kind
from protocols.dc09.frame import encode_frame
from protocols.dc09.tokens import LINK_TESTS, TOKENS
from protocols.signals import Category, Scheme
from tests.protocols.dc09.panel import received_from

DECODED = {"SIA-DCS", "ADM-CID"}


@pytest.mark.parametrize("token", [*sorted(set(TOKENS) - LINK_TESTS - DECODED), "NEW-ONE"])
def test_what_is_not_decoded_is_kept_whole_under_its_account(token: str) -> None:
    item = received_from(encode_frame(f'"{token}"0001R1L2#9999[#1234|1 5 55555555 9][TW][G1]'.encode()))
    assert (item.kind, item.token, item.origin.account) == (Kind.OPAQUE, token, "1234")
    (signal,) = item.signals
    assert (signal.scheme, signal.code, signal.category) == (Scheme.OPAQUE, token, Category.UNKNOWN)
    assert signal.text == "#1234|1 5 55555555 9"
    assert dict(signal.extra) == {"xT": "W", "trigger": "water", "xG": "1", "path": "1"}


@pytest.mark.parametrize("token", sorted(LINK_TESTS))
def test_link_tests_prove_life_also_when_they_bring_something(token: str) -> None:
    bare = received_from(encode_frame(f'"{token}"0000L0#1234[]'.encode()))
    assert (bare.kind, bare.signals) == (Kind.LINK_TEST, ())
    telling = received_from(encode_frame(f'"{token}"0000L0#1234[][CDP][G2]'.encode()))
    assert telling.kind is Kind.LINK_TEST
    assert dict(telling.signals[0].extra) == {"xC": "DP", "xG": "2", "path": "2"}
    assert telling.signals[0].category is Category.TEST


def test_every_token_says_what_it_is() -> None:
    assert set(TOKENS) >= LINK_TESTS | DECODED
    assert all(TOKENS.values())
