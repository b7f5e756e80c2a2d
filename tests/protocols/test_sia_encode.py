"""Writing DC-03 blocks: what is written is read back unchanged, and what cannot be written says why."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols import sia
from protocols.content import DecodedContent
from protocols.event_codes import STANDARD, AddressKind
from protocols.signals import Category, Qualifier, Scheme, Signal

BARE_CODES = sorted(code for code in STANDARD.sia if len(code) == 2)
numbers = st.from_regex(r"[1-9][0-9]{0,3}", fullmatch=True)
texts = (
    st.text(st.characters(exclude_characters="|[]\r\n", exclude_categories=["Cs"]), min_size=1, max_size=20)
    .map(str.strip)
    .filter(bool)
)
# Whole seconds of two-digit years.
instants = st.integers(946_684_800, 4_102_444_799).map(lambda seconds: seconds * 1_000_000_000)


@st.composite
def signals(draw: st.DrawFn) -> Signal:
    code = draw(st.sampled_from([*BARE_CODES, "QQ", "E:DA"]))
    known = STANDARD.sia.get(code)
    counts = known.address if known is not None else AddressKind.ZONE
    zone = None if counts in (AddressKind.USER, AddressKind.AREA) else draw(st.none() | numbers)
    extra = [(key, draw(numbers)) for key in draw(st.lists(st.sampled_from(["pi", "ph", "xi", "va"]), unique=True))]
    if draw(st.booleans()):
        extra += [("pt", "9"), ("pt_text", "LINE/2")]
    if not code.startswith("E:") and draw(st.booleans()):
        extra.append(("old", "1"))
    if zone is not None and counts not in (AddressKind.ZONE, AddressKind.NONE):
        extra.append(("kind", counts.value))
    extra += [("unit", unit) for unit in draw(st.lists(numbers, max_size=2))]
    text = draw(st.none() | texts)
    if text is not None:
        extra += [("A", more) for more in draw(st.lists(texts, max_size=2))]
    extra += draw(st.lists(st.sampled_from([("V", "http://x"), ("&", "7"), ("0", "")]), max_size=2))
    return sia.signal(
        code,
        area=draw(st.none() | numbers),
        zone=zone,
        user=draw(st.none() | numbers),
        text=text,
        occurred_at=draw(st.none() | instants),
        extra=tuple(extra),
    )


contents = st.builds(
    lambda account, events: DecodedContent(account=account, signals=tuple(events)),
    st.from_regex(r"[0-9A-F]{3,16}", fullmatch=True),
    st.lists(signals(), min_size=1, max_size=4),
)


@given(contents)
def test_what_is_written_is_read_back(content: DecodedContent) -> None:
    again = sia.decode_blocks(sia.encode_blocks(content), account="")
    assert (again.account, again.signals, again.understood) == (content.account, content.signals, True)


@pytest.mark.parametrize(
    ("signal", "data"),
    [
        (sia.signal("BA", area="1", zone="01"), "#1234|Nri1/BA01"),
        (sia.signal("CL", area="1", user="501"), "#1234|Nri1/CL501"),
        (sia.signal("CA", area="3"), "#1234|NCA3"),
        (sia.signal("RP"), "#1234|NRP"),
        (sia.signal("FA", zone="7", text="HALL"), "#1234|NFA7^HALL^"),
        (sia.signal("FA", zone="7", text="A^B"), "#1234|NFA7|AA^B"),
        (sia.signal("FA", zone="7", occurred_at=1_704_190_272_000_000_000), "#1234|Nda01-02-24/ti10:11:12/FA7"),
        (sia.signal("FA", extra=(("#", "99"),)), "#1234|#99|NFA"),
    ],
)
def test_written_as_panels_write_it(signal: Signal, data: str) -> None:
    assert sia.encode_blocks(DecodedContent(account="1234", signals=(signal,))) == data


def test_what_was_not_understood_is_written_as_it_came() -> None:
    assert sia.encode_blocks(sia.decode_blocks("junk|[x", account="1")) == "junk|[x"


@pytest.mark.parametrize(
    ("signal", "message"),
    [
        (msgspec.structs.replace(sia.signal("BA"), qualifier=Qualifier.RESTORE), "BA always means new"),
        (msgspec.structs.replace(sia.signal("BA"), scheme=Scheme.CONTACT_ID), "is not SIA"),
        (sia.signal("130"), "two capital letters"),
        (sia.signal("BA", zone="3Z"), "0-9, A-F"),
        (sia.signal("BA", area="1/2"), "cannot contain"),
        (sia.signal("BA", area="1FA2"), "would be read as an event FA"),
        (sia.signal("CL", zone="3"), "leave the zone out"),
        (sia.signal("CA", zone="3"), "leave the zone out"),
        (sia.signal("BA", text="a|b"), "cannot contain |"),
        (sia.signal("BA", text="a]b"), "end a frame"),
        (sia.signal("BA", occurred_at=1_704_190_272_500_000_000), "whole seconds"),
        (sia.signal("BA", occurred_at=0), "2000 to 2099"),
        (sia.signal("BA", extra=(("xM", "1"),)), "'xM' has no place"),
        (sia.signal("BA", extra=(("pi_text", "x"),)), "no modifier pi"),
        (sia.signal("BA", extra=(("pi", "1"), ("pi_text", "x^y"))), "cannot contain"),
        (sia.signal("BA", extra=(("V", "a|b"),)), "ends a block"),
    ],
)
def test_what_cannot_be_said_is_an_error(signal: Signal, message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("|", r"\|")):
        sia.encode_blocks(DecodedContent(account="1234", signals=(signal,)))


def test_an_account_cannot_hold_a_bar() -> None:
    with pytest.raises(ValueError, match="account"):
        sia.encode_blocks(DecodedContent(account="1|2", signals=(sia.signal("BA"),)))


def test_a_signal_of_an_unknown_code_is_unknown() -> None:
    assert sia.signal("QQ").category is Category.UNKNOWN
