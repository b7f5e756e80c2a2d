"""What a line prints: SIA on a line that knows Contact ID alone, and what no form can say."""

from __future__ import annotations

import pytest

from arcd.forwarding.feed import Outgoing
from arcd.forwarding.forms import AUTOMATION, Shortened, printer
from protocols import sia
from protocols.codec import Origin
from protocols.counterparts import ContactIdOnly
from protocols.receiver_lines import ademco685, surgard
from protocols.signals import Signal

A_685 = AUTOMATION["ademco685"](ademco685.MX8000, None, None)
SURGARD = AUTOMATION["surgard"](surgard.MLR2, None, None)


def out(signal: Signal) -> Outgoing:
    return Outgoing(seq=7, index=0, at=0, origin=Origin(account="1001"), signal=signal)


def test_a_685_says_what_came_as_sia_in_contact_id() -> None:
    say = printer(A_685, {})
    assert say(out(sia.signal("FA", area="1", zone="3", text="Kitchen"))) == b"\n11 1001 18 E110 01 C003 \r"
    assert say(out(sia.signal("FR", area="1", zone="3"))) == b"\n11 1001 18 R110 01 C003 \r"
    assert say(out(sia.signal("CL", area="2", user="501"))) == b"\n11 1001 18 R401 02 U501 \r"


def test_a_685_reads_back_as_the_same_kind_of_matter() -> None:
    line = printer(A_685, {})(out(sia.signal("HA", area="1", zone="12")))
    (item,) = ademco685.Ademco685Codec().receive_data(line, now=0)
    (signal,) = item.signals  # type: ignore[union-attr]
    assert (signal.code, signal.category, signal.zone) == ("122", "holdup", "012")


def test_what_has_no_counterpart_is_refused_unless_a_code_was_agreed() -> None:
    signal = out(sia.signal("JV", user="4"))
    with pytest.raises(ValueError, match="SIA JV has no Contact ID code"):
        printer(A_685, {})(signal)
    assert printer(A_685, {}, ContactIdOnly(otherwise="750"))(signal) == b"\n11 1001 18 E750 00 U004 \r"


def test_an_alarm_goes_without_a_zone_that_has_no_room() -> None:
    shortened = Shortened()
    say = printer(A_685, {}, None, shortened)
    assert say(out(sia.signal("BA", area="1", zone="123"))) == b"\n11 1001 18 E130 01 C123 \r"
    assert shortened.count == 0
    assert say(out(sia.signal("BA", area="1", zone="1234"))) == b"\n11 1001 18 E130 01 C000 \r"
    assert shortened.count == 1


def test_a_sur_gard_line_says_contact_id_where_its_software_knows_nothing_else() -> None:
    signal = out(sia.signal("BA", area="1", zone="3"))
    assert printer(SURGARD, {})(signal) == b"S011[#1001|Nri1/BA3]\x14"
    assert printer(SURGARD, {}, ContactIdOnly())(signal) == b"5011 181001E13001003\x14"
