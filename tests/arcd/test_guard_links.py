from __future__ import annotations

import re
from urllib.parse import quote, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcd.core.facts import GuardAnswer
from arcd.credentials import Kek
from arcd.guard_links import LINK_PATH, TOKEN_CHARS_MAX, LinkSigner

SIGNER = LinkSigner(bytes(range(32)), "https://guard.example.org/arc/")

# Offer ids are short and may hold any character.
offer_ids = st.text(st.characters(codec="utf-8"), min_size=1, max_size=16)


def test_a_link_is_what_it_has_always_been() -> None:
    """Links live in mails that have been sent: a change here makes them dead. (Values from the RFCs' steps by hand.)"""
    assert SIGNER.url("C17-2") == "https://guard.example.org/arc/g/C17-2.65DcVD5UeG6kJ5AIqbFqvQ"
    assert SIGNER.url("C17-2", GuardAnswer.ACCEPT) == SIGNER.url("C17-2") + "/accept"
    assert Kek(bytes(32)).derive(b"arcd guard link 1").hex()[:16] == "b621b066a9d62780"


@given(offer_ids)
def test_a_token_leads_back_to_its_offer(offer_id: str) -> None:
    token = SIGNER.token(offer_id)
    assert SIGNER.offer_of(token) == offer_id
    assert re.fullmatch(r"[A-Za-z0-9_.~-]+", token)
    assert quote(token, safe="") == unquote(token) == token  # survives proxies that decode paths
    assert urlsplit(SIGNER.url(offer_id)).path == f"/arc{LINK_PATH}/{token}"


@given(offer_ids, st.integers(min_value=0), st.sampled_from("AQgw0-_~.x"))
def test_no_character_can_be_changed(offer_id: str, place: int, other: str) -> None:
    token = SIGNER.token(offer_id)
    place %= len(token)
    forged = token[:place] + other + token[place + 1 :]
    if forged != token:
        assert SIGNER.offer_of(forged) is None


@given(st.text(max_size=80))
def test_what_we_did_not_make_is_nothing(token: str) -> None:
    assert SIGNER.offer_of(token) is None


@pytest.mark.parametrize(
    "token",
    ["", ".", "C17", "C17.", ".x", "~ff.x", "~zz.x", "C17~.x", "ä.x", "C17" * TOKEN_CHARS_MAX, "C17." + "A" * 22],
)
def test_odd_tokens_are_nothing(token: str) -> None:
    assert SIGNER.offer_of(token) is None


def test_one_offer_has_one_token() -> None:
    """ "C17" could also be spelt "~4317": only the spelling that was signed counts."""
    mac = SIGNER.token("C17").partition(".")[2]
    assert SIGNER.offer_of(f"~4317.{mac}") is None


def test_another_key_makes_other_tokens() -> None:
    base = "https://guard.example.org"
    ours, theirs = LinkSigner.under(Kek(bytes(32)), base), LinkSigner.under(Kek(b"\x01" * 32), base)
    assert theirs.offer_of(ours.token("C17")) is None
    assert LinkSigner.under(Kek(bytes(32)), base).offer_of(ours.token("C17")) == "C17"


@pytest.mark.parametrize("base_url", ["", "guard.example.org", "ftp://guard.example.org", "https://", "https://x/?a=1"])
def test_a_base_url_must_be_one(base_url: str) -> None:
    with pytest.raises(ValueError, match=r"like https://guard\.example\.org"):
        LinkSigner(bytes(32), base_url)


def test_a_key_has_32_bytes() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        LinkSigner(bytes(16), "https://guard.example.org")


def test_the_key_does_not_show() -> None:
    assert repr(SIGNER) == "LinkSigner('https://guard.example.org/arc')"
    assert not hasattr(SIGNER, "__dict__")
