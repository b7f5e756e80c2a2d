"""The data parts that others have captured or published, and the promises both content decoders share."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from protocols import contact_id, sia
from protocols.content import ACCOUNT_CHARS_MAX, DATA_CHARS_MAX, EVENTS_MAX, REMARKS, DecodedContent
from protocols.signals import Category, Qualifier, Scheme

Decode = Callable[..., DecodedContent]

DECODERS: dict[str, Decode] = {"sia": sia.decode_blocks, "contact_id": contact_id.decode_text}
VECTORS = [
    json.loads(line) for line in (Path(__file__).parents[1] / "vectors" / "content.jsonl").read_text().splitlines()
]
both = pytest.mark.parametrize("decode", DECODERS.values(), ids=DECODERS)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector['format']}:{vector['data']}")
def test_published_data(vector: dict[str, Any]) -> None:
    content = DECODERS[vector["format"]](vector["data"], account=vector["header_account"])
    assert content.understood
    assert content.account == vector["account"]
    assert list(content.remarks) == vector.get("remarks", [])
    built = [
        {key: value for key, value in msgspec.to_builtins(signal).items() if key != "scheme"}
        for signal in content.signals
    ]
    assert json.loads(json.dumps(built)) == vector["signals"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector['format']}:{vector['data']}")
def test_published_data_survives_writing_and_reading(vector: dict[str, Any]) -> None:
    decode = DECODERS[vector["format"]]
    content = decode(vector["data"], account=vector["header_account"])
    encode = sia.encode_blocks if vector["format"] == "sia" else contact_id.encode_text
    again = decode(encode(content), account="")
    extras_of_a_line = {"mt", "checksum"}  # a telephone line's, which ADM-CID text has no place for
    expected = [
        msgspec.structs.replace(signal, extra=tuple(pair for pair in signal.extra if pair[0] not in extras_of_a_line))
        for signal in content.signals
    ]
    assert (again.account, list(again.signals)) == (content.account, expected)


def lost(text: str, content: DecodedContent, encode: Callable[[DecodedContent], str]) -> str:
    """Letters and digits of the input that are nowhere in the outcome."""
    kept = encode(content).replace(f"#{content.account}", "", 1) + content.account
    remaining = list(kept)
    missing = []
    for character in filter(str.isalnum, text):
        if character in remaining:
            remaining.remove(character)
        else:
            missing.append(character)
    return "".join(missing)


# fmt: off
SIA_PIECES = st.sampled_from([
    "|", "/", "^", "*", "'", "#", "N", "O", "A", "E", "V", "&", "0", " ", "ri", "id", "ti", "da", "pi", "va",
    "BA", "FA", "HA", "CL", "NL", "OP", "DF", "RP", "XX", "QQ", "DA", "NM", "1", "12", "999", "10:11", "05-06-24",
    "|N", "|#5", "/ri1", "ti10:11:12", "da05-06-24", "^HALL^", "*'A'NM", "*2", "d'x", "é",
])
# fmt: on
CID_PIECES = st.sampled_from(
    ["#", "1", "3", "6", "E", "R", "P", "130", "401", "9FF", " ", "01", "015", "|", "18", "C", "x"]
)
sia_text = st.lists(SIA_PIECES, max_size=14).map("".join) | st.text(max_size=40)
cid_text = st.lists(CID_PIECES, max_size=10).map("".join) | st.text(max_size=40)


@given(sia_text)
@example("Nda01-02-24/ti10:11/ri1/ri2^X^/BA1^a^^b^/id5|#7|V1|junk|NCL1/12")
@example("A|A1|NBA1|A2|A3^4|#|#8")
def test_any_sia_text_is_read_without_error_and_without_loss(text: str) -> None:
    content = sia.decode_blocks(text, account="AAA")
    assert content.signals
    assert set(content.remarks) <= set(REMARKS)
    if content.understood:
        if not set("[]\r\n") & set(text):  # they end a frame, so they are never inside one
            again = sia.decode_blocks(sia.encode_blocks(content), account="")
            assert (again.account, again.signals) == (content.account, content.signals)
            # An account is said once, however often it came; area and user may be said by position.
            blocks = text.split("|")
            assert all(block in sia.encode_blocks(content) for block in blocks if block.startswith("#"))
            said = "|".join(block for block in blocks if not block.startswith("#"))
            said = said.replace("'NM", "'").replace("ri", "").replace("id", "")
            assert lost(said, content, sia.encode_blocks) == ""
    else:
        assert [(signal.scheme, signal.text) for signal in content.signals] == [(Scheme.OPAQUE, text)]


@given(cid_text)
def test_any_contact_id_text_is_read_without_error_and_without_loss(text: str) -> None:
    content = contact_id.decode_text(text, account="AAA")
    assert content.signals
    assert set(content.remarks) <= set(REMARKS)
    if not content.understood:
        assert [(signal.scheme, signal.text) for signal in content.signals] == [(Scheme.OPAQUE, text)]


@both
@pytest.mark.parametrize("data", ["", "#", "#1234", "#1234|", "|", "!!", "hello", "#1234|!!!!"])
def test_what_cannot_be_read_is_one_opaque_signal_with_all_of_it(decode: Decode, data: str) -> None:
    content = decode(data, account="9999")
    assert content.remarks == ("not_understood",)
    (signal,) = content.signals
    assert (signal.scheme, signal.category, signal.qualifier) == (Scheme.OPAQUE, Category.UNKNOWN, Qualifier.NEW)
    assert signal.text == data


@both
def test_oversized_data_is_kept_whole(decode: Decode) -> None:
    good = {sia.decode_blocks: "#1|NFA1", contact_id.decode_text: "#1|1110 01 001"}[decode]
    longest = good + " " * (DATA_CHARS_MAX - len(good))
    assert "oversize" not in decode(longest, account="1").remarks
    content = decode(longest + " ", account="1")
    assert (content.understood, content.remarks) == (False, ("oversize",))
    assert content.signals[0].text == longest + " "


@both
def test_the_account_has_a_limit(decode: Decode) -> None:
    event = {sia.decode_blocks: "NFA1", contact_id.decode_text: "1110 01 001"}[decode]
    longest = "A" * ACCOUNT_CHARS_MAX
    assert decode(f"#{longest}|{event}", account="1").account == longest
    content = decode(f"#{longest}A|{event}", account="1")
    assert content.account == "1"
    assert any(longest in (signal.text or "") for signal in content.signals)


@both
def test_events_beyond_the_limit_are_kept_in_one_opaque_signal(decode: Decode) -> None:
    event = {sia.decode_blocks: "NFA1", contact_id.decode_text: "111001001"}[decode]
    full = "|".join([event] * EVENTS_MAX)
    assert len(decode(full, account="1").signals) == EVENTS_MAX
    content = decode(f"{full}|{event}|{event}", account="1")
    assert content.remarks == ("too_many_events",)
    assert len(content.signals) == EVENTS_MAX + 1
    assert (content.signals[-1].scheme, content.signals[-1].text) == (Scheme.OPAQUE, f"{event}|{event}")


REMARK_EXAMPLES = {
    "not_understood": ("sia", "hello"),
    "oversize": ("sia", "N" * (DATA_CHARS_MAX + 1)),
    "too_many_events": ("sia", "NFA1|" * (EVENTS_MAX + 1)),
    "block_not_understood": ("sia", "NFA1|hello"),
    "packet_not_understood": ("sia", "NFA1/12"),
    "unknown_code": ("contact_id", "19FF 01 001"),
    "missing_slash": ("sia", "Nri1FA1"),
    "missing_letter": ("sia", "FA1"),
    "second_account": ("sia", "#1|NFA1|#2|NFA1"),
    "long_text": ("sia", f"NFA1^{'x' * 257}^"),
    "full_form": ("contact_id", "1234 18113101015 8"),
    "checksum": ("contact_id", "1234 18113101015 9"),
}


@pytest.mark.parametrize("remark", REMARKS)
def test_every_remark_is_made(remark: str) -> None:
    name, data = REMARK_EXAMPLES[remark]
    assert remark in DECODERS[name](data, account="1").remarks
