"""Single packets: what is a modifier, where a missing slash hides an event, and what hangs behind an address."""

from __future__ import annotations

import pytest

from protocols.event_codes import STANDARD
from protocols.sia_packets import instant, is_known_event, read_attached, split_modifier


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        ("ri1", ("ri", "1", "", "")),
        ("ri", ("ri", "", "", "")),
        ("ri1A", ("ri", "1A", "", "")),
        ("ti20:50:26", ("ti", "20:50:26", "", "")),
        ("va21.5C", ("va", "21.5C", "", "")),
        ("ri01^TOTAL^", ("ri", "01", "TOTAL", "")),
        ("ri01^TOTAL", ("ri", "01", "TOTAL", "")),
        ("piKEYPAD^HALL^", ("pi", "KEYPAD", "HALL", "")),
        # Captured without the slash.
        ("ri1BA503", ("ri", "1", "", "BA503")),
        ("ti20:50:26RP99", ("ti", "20:50:26", "", "RP99")),
        ("ri1BA503^HALL^", ("ri", "1", "", "BA503^HALL^")),
        ("ri1^WEST^BA503", ("ri", "1", "WEST", "BA503")),
        # An unknown code is not worth guessing; without digits before it, letters are a value.
        ("ri1QQ5", ("ri", "1QQ5", "", "")),
        ("piFA1", ("pi", "FA1", "", "")),
        ("BA1", None),
        ("r1", None),
        ("", None),
        ("ri1^WEST^junk", None),
    ],
)
def test_modifiers(packet: str, expected: tuple[str, str, str, str] | None) -> None:
    assert split_modifier(packet, STANDARD) == expected


@pytest.mark.parametrize("packet", ["BA", "BA1", "BA1A-2:3", "BA1^x^", "BA1*2", "BA1NM"])
def test_known_events(packet: str) -> None:
    assert is_known_event(packet, STANDARD)


@pytest.mark.parametrize("packet", ["QQ1", "BA1x", "ba1", "B", "BAx", ""])
def test_no_known_events(packet: str) -> None:
    assert not is_known_event(packet, STANDARD)


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("", ([], [])),
        ("^x^", (["x"], [])),
        ("^x", (["x"], [])),
        ("^ x ^^y^", (["x", "y"], [])),
        ("*1*2A", ([], [("unit", "1"), ("unit", "2A")])),
        ("*1^x^", (["x"], [("unit", "1")])),
        ("*'O'BRIEN'NM", (["O'BRIEN"], [])),
        ("NM", ([], [("tail", "NM")])),
        ("*", None),
        ("*'x'", None),
        ("x", None),
        ("^x^y", None),
    ],
)
def test_what_hangs_behind_an_address(rest: str, expected: object) -> None:
    assert read_attached(rest) == expected


def test_instants_are_utc() -> None:
    assert instant("01-01-70 00:00") is not None  # two-digit years are 2000 to 2099
    assert instant("01-01-00 00:00:01") == 946_684_801_000_000_000
    assert instant("02-29-24 23:59:59") == 1_709_251_199_000_000_000
    assert instant("02-29-23 00:00") is None
    assert instant("1-1-00 00:00") is None
