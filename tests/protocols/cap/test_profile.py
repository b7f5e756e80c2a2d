"""Each pitfall of requirements 3.3 that the schema cannot say."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from protocols.cap.message import Circle, MsgType, Resource, Scope
from protocols.cap.profile import (
    cap_time,
    circle_text,
    parse_circle,
    parse_references,
    parse_time,
    parse_words,
    problem_of,
    words_text,
)
from tests.protocols.cap.alerts import FULL

NS = 1_000_000_000


@pytest.mark.parametrize(
    ("at_s", "offset_s", "text"),
    [
        (0, 0, "1970-01-01T00:00:00-00:00"),  # UTC is -00:00, never Z
        (1_772_625_600, 7200, "2026-03-04T14:00:00+02:00"),
        (1_772_625_600, -12_600, "2026-03-04T08:30:00-03:30"),
    ],
)
def test_times(at_s: int, offset_s: int, text: str) -> None:
    assert cap_time(at_s * NS + 999, offset_s) == text
    assert parse_time(text) == at_s * NS


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-04T14:00:00Z", "2026-03-04T14:00:00.5+02:00", "2026-03-04T14:00:00", "2026-03-04 14:00:00+02:00",
        "2026-13-04T14:00:00+02:00", "2026-02-30T14:00:00+02:00", "2026-03-04T14:00:00+15:00",
        "2026-03-04T14:00:00+02:60", "",
    ],
)  # fmt: skip
def test_no_times(text: str) -> None:
    assert parse_time(text) is None


@given(st.integers(0, 4_000_000_000), st.integers(-14 * 60, 14 * 60))
def test_a_time_comes_back_whatever_the_offset(at_s: int, offset_min: int) -> None:
    assert parse_time(cap_time(at_s * NS, offset_min * 60)) == at_s * NS


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"identifier": "a b"}, "identifier has 1 to 200 characters and no space"),
        ({"identifier": "a,b"}, "identifier"),
        ({"identifier": "a<b"}, "identifier"),
        ({"sender": "a&b"}, "sender"),
        ({"sender": ""}, "sender"),
        ({"identifier": "x" * 201}, "identifier"),
        ({"sent": "2026-03-04T14:00:00Z"}, "sent is a time"),
        ({"addresses": ()}, "scope Private needs addresses"),
        ({"scope": Scope.RESTRICTED}, "scope Restricted needs a restriction"),
        ({"addresses": ('a"b',)}, "quotation marks"),
        ({"references": ()}, "msgType Update needs references"),
        ({"references": (), "msg_type": MsgType.CANCEL}, "msgType Cancel needs references"),
        ({"references": (), "msg_type": MsgType.ACK}, "msgType Ack needs references"),
        ({"references": (), "msg_type": MsgType.ERROR}, "msgType Error needs references"),
        ({"infos": (replace(FULL.infos[0], categories=()),)}, "at least one category"),
        ({"infos": (replace(FULL.infos[0], onset="now"),)}, "onset is a time"),
        (
            {
                "infos": (
                    replace(
                        FULL.infos[0],
                        resources=(Resource(resource_desc="x", mime_type="y", digest="e3b0c44298fc1c14" * 4),),
                    ),
                )
            },
            "digest is a SHA-1 in 40 hex digits; SHA-256 goes into a parameter",
        ),
    ],
)
def test_rules(changes: dict[str, Any], problem: str) -> None:
    found = problem_of(replace(FULL, **changes))
    assert found is not None
    assert problem in found


def test_an_alert_needs_no_reference() -> None:
    assert problem_of(replace(FULL, msg_type=MsgType.ALERT, references=())) is None


@pytest.mark.parametrize(
    "text", ["60.1 24.9 1", "60.1,24.9", "91,0 1", "0,181 1", "1e2,0 1", "60.1,24.9,1", "a,b c", ""]
)
def test_no_circles(text: str) -> None:
    assert parse_circle(text) is None


@pytest.mark.parametrize(
    ("circle", "text"),
    [
        (Circle(latitude=60.17, longitude=24.94, radius_km=0.05), "60.17,24.94 0.05"),
        (Circle(latitude=-0.00000001, longitude=-180, radius_km=0), "0,-180 0"),
        (Circle(latitude=1e-7, longitude=12.0, radius_km=100), "0.0000001,12 100"),
    ],
)
def test_circles(circle: Circle, text: str) -> None:
    assert circle_text(circle) == text
    assert parse_circle(text) is not None


def test_references() -> None:
    assert parse_references("") == ()
    found = parse_references("a,b,2026-03-04T14:00:00+02:00\n  c,d,2026-03-04T14:00:00-00:00")
    assert found is not None
    assert [str(each) for each in found] == ["a,b,2026-03-04T14:00:00+02:00", "c,d,2026-03-04T14:00:00-00:00"]
    for broken in ("a,b", "a,b,now", "a,,2026-03-04T14:00:00+02:00", "a,b,2026-03-04T14:00:00+02:00,x"):
        assert parse_references(broken) is None, broken


@given(st.lists(st.text(st.sampled_from("ab c.ä-"), min_size=1).filter(str.strip), max_size=4))
def test_words_with_spaces_stand_in_quotes(words: list[str]) -> None:
    assert parse_words(words_text(tuple(words))) == tuple(words)
