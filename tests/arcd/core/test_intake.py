"""A frame's way through the machine: wire policy, duplicates, restores, joining, strangers, noise."""

from __future__ import annotations

import pytest

from arcd.core.account import NEWEST_MAX, RECENT_MAX, RETRY_HORIZON_S
from arcd.core.facts import FrameMalformed, Scope
from arcd.core.record import Judged
from arcd.core.siterun import STANDING
from arcd.core.troubles import UNPLACED_CASES_MAX
from protocols.codec import Malformed, WireProfile
from protocols.secrets import WireKey
from protocols.signals import LIFE_SAFETY, Category
from tests.arcd.core.conftest import Play
from tests.arcd.core.flags.scene import end, start
from tests.playbook import CLOSING, After, Panel, keyed_panel, move
from tests.sites import KEY, LOOK, a_site, plan, rules

# --------------------------------------------------------------------------------------------- 1. what is not genuine


def test_an_unknown_account_is_refused_and_put_before_a_person(playbook: Play) -> None:
    play = playbook()
    stranger = Panel("4711")
    play >> stranger.sia("BA", zone="3")
    (
        play
        << """
        opened C10 unknown_account root/unknown-account stranger P2
        case.opened C10 type=alarm priority=P2 plan=stranger
        step.started C10 step=finish kind=close automatic=False
        reply duh
        """
    )
    play >> stranger.again()
    (
        play
        << """
        folded C10 unknown_account root/unknown-account stranger P2
        reply duh
        """
    )
    play >> stranger.sia("HA", zone="1")
    (
        play
        << """
        folded C10 unknown_account root/unknown-account stranger P0
        case.priority C10 priority=P0 before=P2
        reply duh
        """
    )
    assert play.case().signal_count == 3
    assert play.case().site_id == ""


def test_a_link_test_of_an_unknown_account_is_put_before_a_person_too(playbook: Play) -> None:
    play = playbook()
    play >> Panel("4711").null()
    (
        play
        << """
        opened C10 unknown_account x/arcd trouble P3
        case.opened C10 type=alarm priority=P3 plan=trouble
        step.started C10 step=finish kind=close automatic=False
        reply duh
        """
    )


def test_plain_text_of_an_account_with_a_key_is_refused_and_raised(playbook: Play) -> None:
    play = playbook(sites=[a_site(keyed=True)])
    impostor = Panel("1001", profile=WireProfile(key=KEY))
    play >> impostor.sia("OP", zone="1")
    (
        play
        << """
        refused plaintext_refused
        opened C10 plaintext_refused x/arcd trouble P3
        case.opened C10 type=alarm site=S-1 priority=P3 plan=trouble
        step.started C10 step=finish kind=close automatic=False
        reply duh
        """
    )
    play >> impostor.sia("HA", zone="1")
    (
        play
        << """
        refused plaintext_refused
        folded C10 plaintext_refused x/arcd trouble P3
        reply duh
        """
    )


def test_a_wrong_key(playbook: Play) -> None:
    play = playbook(sites=[a_site(keyed=True)])
    play >> Panel("1001", key=WireKey(bytes(16)), profile=WireProfile(key=KEY)).sia("BA", zone="3")
    (
        play
        << """
        opened C10 wrong_key x/arcd trouble P3
        case.opened C10 type=alarm site=S-1 priority=P3 plan=trouble
        step.started C10 step=finish kind=close automatic=False
        reply nak
        """
    )


def test_encrypted_and_we_hold_no_key(playbook: Play) -> None:
    play = playbook()
    play >> Panel("1001", key=KEY, profile=WireProfile()).sia("BA", zone="3")
    (
        play
        << """
        opened C10 no_key x/arcd trouble P3
        case.opened C10 type=alarm site=S-1 priority=P3 plan=trouble
        step.started C10 step=finish kind=close automatic=False
        reply nak
        """
    )


@pytest.mark.parametrize("clock_s", [-41.0, 21.0])
def test_an_encrypted_frame_outside_the_window_asks_the_panel_to_set_its_clock(playbook: Play, clock_s: float) -> None:
    play = playbook(sites=[a_site(keyed=True)])
    play >> keyed_panel().sia("BA", zone="3", clock_s=clock_s)
    (
        play
        << """
        refused outside_window
        opened C10 outside_window x/arcd trouble P3
        case.opened C10 type=alarm site=S-1 priority=P3 plan=trouble
        step.started C10 step=finish kind=close automatic=False
        reply nak
        """
    )


def test_a_plain_frame_with_a_wrong_clock_is_taken(playbook: Play) -> None:
    play = playbook()
    play >> Panel().sia("BA", zone="3", clock_s=-3600)
    (
        play
        << """
        opened C10 routed x/ba look P2
        case.opened C10 type=alarm site=S-1 priority=P2 plan=look
        step.started C10 step=finish kind=close automatic=False
        reply ack
        """
    )


def test_a_recording_of_an_encrypted_frame_is_found_inside_a_wide_window(playbook: Play) -> None:
    play = playbook(sites=[a_site(keyed=True, window_past_s=900.0)])
    panel = keyed_panel(window_past_s=900.0)
    play >> panel.sia("BA", zone="3")
    (
        play
        << """
        opened C10 routed x/ba look P2
        case.opened C10 type=alarm site=S-1 priority=P2 plan=look
        step.started C10 step=finish kind=close automatic=False
        reply ack
        """
    )
    play >> After(RETRY_HORIZON_S)
    play << ...
    play >> panel.again()
    (
        play
        << """
        duplicate C10 same as entry 10
        reply ack
        """
    )
    play >> After(1)
    play << ""
    play >> panel.again()
    (
        play
        << """
        refused replayed
        opened C13 replayed x/arcd trouble P3
        case.opened C13 type=alarm site=S-1 priority=P3 plan=trouble
        step.started C13 step=finish kind=close automatic=False
        reply nak
        """
    )


@pytest.mark.parametrize("newer", [RECENT_MAX, RECENT_MAX + NEWEST_MAX, 3 * RECENT_MAX])
def test_a_recording_is_found_however_many_frames_came_after_it(playbook: Play, newer: int) -> None:
    play = playbook(sites=[a_site(keyed=True, window_past_s=900.0)])
    panel, newest = keyed_panel(window_past_s=900.0), keyed_panel(window_past_s=900.0)
    play >> panel.sia("OP", zone="3", sequence=9000)
    play << ...
    for number in range(newer):
        play >> newest.sia("OP", zone="1", sequence=number)
        play << ...
    play >> panel.again()
    (
        play
        << """
        duplicate same as entry 10
        reply ack
        """
    )
    play >> After(RETRY_HORIZON_S + 1)
    play << ...
    play >> panel.again()
    play << ...
    assert play.stepped.record.judgements[0].because == "replayed"


def test_a_recording_is_found_although_the_same_content_was_sent_again(playbook: Play) -> None:
    """Panels whose sequence number never changes."""
    play = playbook(sites=[a_site(keyed=True, window_past_s=900.0)])
    recorded, panel = keyed_panel(window_past_s=900.0), keyed_panel(window_past_s=900.0)
    play >> recorded.sia("OP", zone="1", sequence=0)
    play << ...
    play >> After(RETRY_HORIZON_S + 5)
    play << ...
    play >> panel.sia("OP", zone="1", sequence=0)
    play << ...
    assert [each.judged.value for each in play.stepped.record.judgements] == ["logged"]
    play >> recorded.again()
    play << ...
    assert play.stepped.record.judgements[0].because == "replayed"


@pytest.mark.parametrize(("old", "new"), [(b'"0007', b'"0008'), (b"L0#", b"R1L1#"), (b'"*SIA-DCS"', b'"*sia-dcs"')])
@pytest.mark.parametrize("is_overtaken", [False, True])
def test_a_recording_with_another_header_is_one(playbook: Play, old: bytes, new: bytes, is_overtaken: bool) -> None:
    """The header is in clear and under no seal: a disarming of half a minute ago is not said again by rewriting it."""
    play = playbook(sites=[a_site(keyed=True, window_past_s=900.0)])
    recorded, panel = keyed_panel(window_past_s=900.0), keyed_panel(window_past_s=900.0)
    play >> recorded.sia("OP", zone="1", sequence=7)
    play << ...
    play >> After(15)
    if is_overtaken:
        play >> panel.sia("CL", zone="1", sequence=8)
        play << ...
    play >> After(15)
    play << ""
    play >> recorded.rewritten(old, new)
    (
        play
        << """
        duplicate same as entry 10
        reply ack
        """
    )
    play >> After(RETRY_HORIZON_S)
    play << ""
    play >> recorded.again()
    play << ...
    assert play.stepped.record.judgements[0].because == "replayed"


def test_a_recording_with_another_header_is_found_however_many_frames_came_after_it(playbook: Play) -> None:
    play = playbook(sites=[a_site(keyed=True, window_past_s=900.0)])
    panel, newest = keyed_panel(window_past_s=900.0), keyed_panel(window_past_s=900.0)
    play >> panel.sia("OP", zone="3", sequence=9000)
    play << ...
    for number in range(RECENT_MAX + 2 * NEWEST_MAX):
        play >> newest.sia("OP", zone="1", sequence=number)
        play << ...
    play >> After(30)
    play << ""
    play >> panel.rewritten(b'"9000', b'"9001')
    (
        play
        << """
        duplicate same as entry 10
        reply ack
        """
    )
    play >> After(RETRY_HORIZON_S)
    play << ""
    play >> panel.rewritten(b'"9001', b'"9002')
    play << ...
    assert play.stepped.record.judgements[0].because == "replayed"


def test_equal_messages_of_one_second_that_waited_in_a_queue_are_two(playbook: Play) -> None:
    """What arrives while the daemon starts anew is read seconds later."""
    play = playbook(sites=[a_site(keyed=True)])
    panel, waiting = keyed_panel(), keyed_panel()
    for code in ("OP", "CL"):
        play >> panel.sia(code, zone="1")
        play << ...
    play >> After(8)
    play << ""
    play >> waiting.sia("OP", zone="1", sequence=3, clock_s=-8.0)
    (
        play
        << """
        logged routed x/op log P5
        reply ack
        """
    )


def test_two_equal_messages_in_one_breath_are_two(playbook: Play) -> None:
    """Two detectors that the panel gives no number, in one second."""
    play = playbook(sites=[a_site(keyed=True)])
    panel = keyed_panel()
    play >> panel.sia("FA")
    play << ...
    play >> panel.sia("FA")
    (
        play
        << """
        joined C10 routed x/fa urgent P0
        reply ack
        """
    )


def test_the_same_message_under_a_new_timestamp_is_no_recording(playbook: Play) -> None:
    play = playbook(sites=[a_site(keyed=True, window_past_s=900.0)])
    panel = keyed_panel(window_past_s=900.0)
    play >> panel.sia("BA", zone="3", sequence=7)
    play << ...
    play >> After(RETRY_HORIZON_S + 1)
    play << ...
    play >> panel.sia("BA", zone="3", sequence=7)
    (
        play
        << """
        joined C10 routed x/ba look P2
        reply ack
        """
    )


def test_behind_a_transmitter_the_account_in_the_data_counts(playbook: Play) -> None:
    play = playbook(sites=[a_site("S-1", account="1001"), a_site("S-2", account="2002")])
    play >> Panel("2002", header="1001").sia("BA", zone="3")
    (
        play
        << """
        opened C10 routed x/ba look P2
        case.opened C10 type=alarm site=S-2 priority=P2 plan=look
        step.started C10 step=finish kind=close automatic=False
        reply ack
        """
    )


def test_a_transmitters_key_does_not_speak_for_an_account_with_a_key_of_its_own(playbook: Play) -> None:
    play = playbook(sites=[a_site("S-1", account="1001"), a_site("S-2", account="2002", keyed=True)])
    play >> Panel("2002", header="1001", key=KEY, profile=WireProfile(key=KEY)).sia("BA", zone="3")
    (
        play
        << """
        refused plaintext_refused
        opened C10 plaintext_refused x/arcd trouble P3
        case.opened C10 type=alarm site=S-2 priority=P3 plan=trouble
        step.started C10 step=finish kind=close automatic=False
        reply duh
        """
    )


def test_an_encrypted_transmitter_speaks_for_an_account_without_a_key(playbook: Play) -> None:
    play = playbook(sites=[a_site("S-1", account="1001", keyed=True), a_site("S-2", account="2002")])
    play >> Panel("2002", header="1001", key=KEY, profile=WireProfile(key=KEY)).sia("BA", zone="3")
    (
        play
        << """
        opened C10 routed x/ba look P2
        case.opened C10 type=alarm site=S-2 priority=P2 plan=look
        step.started C10 step=finish kind=close automatic=False
        reply ack
        """
    )


# --------------------------------------------------------------------------------- 2. duplicates (requirements 4.4)


def test_a_retransmission_is_acknowledged_again_and_counted_once(playbook: Play) -> None:
    play = playbook()
    panel = Panel()
    play >> panel.sia("BA", zone="3")
    play << ...
    play >> After(RETRY_HORIZON_S)
    play << ...
    play >> panel.again()
    (
        play
        << """
        duplicate C10 same as entry 10
        reply ack
        """
    )
    assert [signal.repeats for signal in play.case().signals] == [1]


def test_a_repeat_after_the_horizon_is_news(playbook: Play) -> None:
    play = playbook()
    panel = Panel()
    play >> panel.sia("BA", zone="3")
    play << ...
    play >> After(RETRY_HORIZON_S + 1)
    play << ...
    play >> panel.again()
    (
        play
        << """
        joined C10 routed x/ba look P2
        reply ack
        """
    )


def test_the_same_content_under_another_sequence_number_is_news(playbook: Play) -> None:
    play = playbook()
    panel = Panel()
    play >> panel.sia("BA", zone="3")
    play << ...
    play >> panel.sia("BA", zone="3")
    (
        play
        << """
        joined C10 routed x/ba look P2
        reply ack
        """
    )


@pytest.mark.parametrize("is_keyed", [False, True])
@pytest.mark.parametrize("codes", [("AT", "AR"), ("OP", "CL")])
def test_what_a_panel_that_does_not_count_says_after_something_else_is_news(
    playbook: Play, codes: tuple[str, str], is_keyed: bool
) -> None:
    """Mains gone, back, gone for good; closed, opened for the forgotten umbrella, closed. All under sequence 0000."""
    play = playbook(sites=[a_site(keyed=is_keyed)])
    panel = keyed_panel() if is_keyed else Panel()
    for code in (*codes, *codes):
        play >> panel.sia(code, zone="1", sequence=0, timed=is_keyed)
        play << ...
        assert play.stepped.record.judgements[0].judged is not Judged.DUPLICATE
        play >> panel.again()
        play << ...
        assert play.stepped.record.judgements[0].judged is Judged.DUPLICATE
        play >> After(20)
        play << ...


def test_an_echo_with_its_old_timestamp_is_no_news_of_a_panel_that_does_not_count(playbook: Play) -> None:
    play = playbook()
    gone, back = Panel(), Panel()
    for panel, code in ((gone, "AT"), (back, "AR")):
        play >> panel.sia(code, sequence=0)
        play << ...
        play >> After(20)
        play << ""
    play >> gone.again()
    play << ...
    assert play.stepped.record.judgements[0].judged is Judged.DUPLICATE


def test_the_echo_of_a_panel_that_counts_is_one_also_after_something_else(playbook: Play) -> None:
    play = playbook()
    closing, panel = Panel(), Panel()
    play >> closing.sia("CL", zone="1", sequence=7, timed=False)
    play << ...
    play >> panel.sia("OP", zone="1", sequence=8, timed=False)
    play << ...
    play >> closing.again()
    (
        play
        << """
        duplicate same as entry 10
        reply ack
        """
    )


def test_the_same_message_on_another_path_is_a_retransmission(playbook: Play) -> None:
    play = playbook()
    play >> Panel(gateway="dc09-tcp").sia("BA", zone="3", sequence=5)
    play << ...
    play >> Panel(gateway="dc09-udp", peer="198.51.100.9:5000").sia("BA", zone="3", sequence=5)
    (
        play
        << """
        duplicate C10 same as entry 10
        reply ack
        """
    )


def test_a_retransmission_of_a_closed_case_stays_one(playbook: Play) -> None:
    play = playbook()
    panel = Panel()
    play >> panel.sia("BA", zone="3")
    play << ...
    play >> move("acknowledge")
    play << ...
    play >> move("close", form=CLOSING)
    play << ...
    play >> panel.again()
    (
        play
        << """
        duplicate C10 same as entry 10
        reply ack
        """
    )


def test_a_hold_up_button_pressed_again_after_its_case_was_closed_is_a_new_case(playbook: Play) -> None:
    """Some panels never change their sequence number."""
    play = playbook()
    panel = Panel()
    play >> panel.sia("HA", zone="1")
    play << ...
    play >> panel.again()
    (
        play
        << """
        duplicate C10 same as entry 10
        reply ack
        """
    )
    play >> move("acknowledge")
    play << ...
    play >> move("close", form=CLOSING)
    play << ...
    play >> panel.again()
    (
        play
        << """
        opened C14 routed x/ha urgent P0
        case.opened C14 type=alarm site=S-1 priority=P0 plan=urgent
        step.started C14 step=finish kind=close automatic=False
        reply ack
        """
    )


def test_and_one_pressed_again_after_the_test_that_held_the_first(playbook: Play) -> None:
    """Any alarm after the end of a test is live (requirements 4.2), also from a panel that never changes its number."""
    play, panel = playbook(), Panel()
    play >> start(1, scope=Scope(categories=(Category.HOLDUP,)))
    play << ...
    told = [panel.sia("HA", zone="1", sequence=0), panel.again()]
    for each, what in zip(told, ("held", "duplicate"), strict=True):
        play >> each
        play << ...
        assert [one.judged.value for one in play.stepped.record.judgements] == [what]
    play >> end()
    play << ...
    play >> panel.again()
    play << ...
    assert [one.judged.value for one in play.stepped.record.judgements] == ["opened"]


def test_so_is_one_that_came_together_with_something_less(playbook: Play) -> None:
    """The fault of that frame is still open; the hold-up is what a repeat is weighed by."""
    play = playbook(sources=rules((), {"AT": "trouble"}))
    panel = Panel()
    play >> panel.sia("HA/AT", zone="1")
    play << ...
    play >> move("acknowledge")
    play << ...
    play >> move("close", form=CLOSING)
    play << ...
    play >> panel.again()
    play << ...
    assert [each.judged.value for each in play.stepped.record.judgements] == ["opened", "duplicate"]
    assert play.case("C13").category is Category.HOLDUP


def test_each_of_two_life_safety_signals_in_a_frame_is_weighed_by_its_own_case(playbook: Play) -> None:
    play = playbook(sources=rules((), {"FA": "urgent"}))
    panel = Panel()
    play >> panel.sia("HA/FA", zone="1")
    play << ...
    hold_up, fire = sorted(play.station.state.cases)
    play >> panel.again()
    play << ...
    assert [(each.judged.value, each.case_id) for each in play.stepped.record.judgements] == [
        ("duplicate", hold_up),
        ("duplicate", fire),
    ]
    assert [[signal.repeats for signal in play.case(case_id).signals] for case_id in (hold_up, fire)] == [[1], [1]]
    play >> move("acknowledge", case_id=fire)
    play << ...
    play >> move("close", case_id=fire, form=CLOSING)
    play << ...
    play >> panel.again()
    play << ...
    judged = play.stepped.record.judgements
    assert [each.judged.value for each in judged] == ["duplicate", "opened"]
    assert judged[0].case_id == hold_up
    assert judged[1].case_id not in (hold_up, fire)


def test_more_frames_than_are_remembered_lose_the_oldest_only(playbook: Play) -> None:
    play = playbook()
    panel = Panel()
    for number in range(RECENT_MAX + NEWEST_MAX + 1):
        play >> panel.sia("OP", zone="1", sequence=number)
        play << ...
    play >> panel.sia("OP", zone="1", sequence=NEWEST_MAX)
    (
        play
        << """
        duplicate same as entry 18
        reply ack
        """
    )
    play >> panel.sia("OP", zone="1", sequence=NEWEST_MAX - 1)
    (
        play
        << """
        logged routed x/op log P5
        reply ack
        """
    )


# ------------------------------------------------------------------------------------ 3. joining (requirements 4.1)


def test_several_events_of_a_frame_go_to_one_case(playbook: Play) -> None:
    play = playbook()
    play >> Panel().sia("BA/BA/OP", zone="3")
    (
        play
        << """
        opened C10 routed x/ba look P2
        joined C10 routed x/ba look P2 #1
        logged routed x/op log P5 #2
        case.opened C10 type=alarm site=S-1 priority=P2 plan=look
        step.started C10 step=finish kind=close automatic=False
        unrestored site=S-1 count=1 what=BA 3 (10)
        reply ack
        """
    )
    assert play.case().signal_count == 2


def test_joining_raises_the_priority_and_never_lowers_it(playbook: Play) -> None:
    play = playbook(sources=rules((), {"BV": "look P1", "BG": "look P3"}))
    panel = Panel()
    play >> panel.sia("BA", zone="3")
    play << ...
    play >> panel.sia("BG", zone="3")
    (
        play
        << """
        joined C10 routed x/bg look P3
        reply ack
        """
    )
    play >> panel.sia("BV", zone="4")
    (
        play
        << """
        joined C10 routed x/bv look P1
        case.verification C10 level=2 before=1 because=panel
        case.priority C10 priority=P1 before=P2
        reply ack
        """
    )
    assert play.deadlines() == {"case/C10/clock/acknowledge/0": 30, "case/C10/clock/acknowledge/1": 60}
    play >> panel.sia("BA", zone="1")
    (
        play
        << """
        joined C10 routed x/ba look P2
        reply ack
        """
    )
    assert play.case().priority == "P1"


def test_a_raised_priority_never_moves_a_clock_back(playbook: Play) -> None:
    play = playbook(sources=rules((), {"BV": "look P1"}))
    panel = Panel()
    play >> panel.sia("BA", zone="3")
    play << ...
    play >> After(70)
    play << ""
    play >> panel.sia("BV", zone="4")
    play << ...
    assert play.deadlines() == {"case/C10/clock/acknowledge/0": 20, "case/C10/clock/acknowledge/1": 60}


def test_other_matters_of_the_site_are_cases_of_their_own(playbook: Play) -> None:
    play = playbook()
    panel = Panel()
    for code in ("BA", "HA", "FA"):
        play >> panel.sia(code, zone="3")
        play << ...
    assert [(case.category, case.id) for case in play.station.state.cases.values()] == [
        ("intrusion", "C10"),
        ("holdup", "C11"),
        ("fire", "C12"),
    ]
    assert play.station.state.open_by_site["S-1"] == ("C10", "C11", "C12")


def test_a_long_case_keeps_how_it_began_and_how_it_stands(playbook: Play) -> None:
    play = playbook()
    panel = Panel()
    for number in range(50):
        play >> panel.sia("BA", zone=str(number + 1))
        play << ...
    case = play.case()
    assert case.signal_count == 50
    assert [signal.signal.zone for signal in case.signals] == [str(n + 1) for n in [*range(20), *range(30, 50)]]


# ----------------------------------------------------------------------------------- 4. restores (requirements 4.4)


def test_a_restore_finds_its_alarm_by_zone_and_family(playbook: Play) -> None:
    play = playbook()
    panel = Panel()
    play >> panel.sia("BA", zone="3")
    play << ...
    play >> panel.sia("BR", zone="4")
    (
        play
        << """
        logged routed x/br log P5
        reply ack
        """
    )
    play >> panel.sia("BR", zone="003")
    (
        play
        << """
        restored C10 restores entry 10
        reply ack
        """
    )
    play >> panel.sia("BR", zone="3")
    (
        play
        << """
        logged routed x/br log P5
        reply ack
        """
    )
    assert [signal.signal.code for signal in play.case().signals] == ["BA", "BR"]


def test_one_restore_ends_an_alarm_that_was_repeated(playbook: Play) -> None:
    play = playbook()
    panel = Panel()
    for _ in range(3):
        play >> panel.sia("BA", zone="3")
        play << ...
    play >> panel.sia("BR", zone="3")
    (
        play
        << """
        restored C10 restores entry 10
        reply ack
        """
    )
    assert play.station.state.siteruns["S-1"].triggers == ()


def test_a_restore_reaches_the_open_case_although_an_older_alarm_was_never_restored(playbook: Play) -> None:
    """The detector has one state: an alarm whose case was closed meanwhile must not swallow the restore of the next."""
    play = playbook()
    panel = Panel()
    play >> panel.sia("BA", zone="3")
    play << ...
    play >> move("acknowledge")
    play << ...
    play >> move("close", form=CLOSING)
    play << ...
    play >> panel.sia("BA", zone="3")
    play << ...
    play >> panel.sia("BR", zone="3")
    (
        play
        << """
        restored C13 restores entry 13
        reply ack
        """
    )
    assert [signal.signal.code for signal in play.case("C13").signals] == ["BA", "BR"]
    assert play.station.state.siteruns["S-1"].triggers == ()


def test_the_echo_of_a_restore_does_not_end_the_next_alarm(playbook: Play) -> None:
    """Its ACK was lost, its case is closed, and it burns again: what stands is the new alarm."""
    play = playbook(sources=rules(routes={"FR": "log"}))
    panel = Panel()
    play >> panel.sia("FA", zone="3")
    play << ...
    play >> panel.sia("FR", zone="3", sequence=77)
    play << ...
    for made, form in (("acknowledge", {}), ("close", CLOSING)):
        play >> move(made, form=form)
        play << ...
    play >> panel.sia("FA", zone="3", sequence=78)
    play << ...
    play >> panel.sia("FR", zone="3", sequence=77)
    (
        play
        << """
        duplicate C10 same as entry 11
        reply ack
        """
    )
    assert [trigger.seq for trigger in play.station.state.siteruns["S-1"].triggers] == [14]


def test_a_restore_of_a_closed_case_changes_nothing(playbook: Play) -> None:
    play = playbook()
    panel = Panel()
    play >> panel.sia("BA", zone="3")
    play << ...
    play >> move("acknowledge")
    play << ...
    play >> move("close", form=CLOSING)
    play << ...
    version = play.case().version
    play >> panel.sia("BR", zone="3")
    (
        play
        << """
        restored C10 restores entry 10
        reply ack
        """
    )
    assert play.case().version == version


def test_openings_and_closings_are_logged_and_remembered(playbook: Play) -> None:
    play = playbook()
    panel = Panel()
    play >> panel.sia("CL", zone="7", area="1")
    (
        play
        << """
        logged routed x/cl log P5
        reply ack
        """
    )
    play >> panel.sia("OP", zone="7", area="2")
    (
        play
        << """
        logged routed x/op log P5
        reply ack
        """
    )
    assert play.station.state.siteruns["S-1"].armed == {"intrusion/1": True, "intrusion/2": False}


def test_life_safety_stands_until_it_is_restored() -> None:
    assert {"duress"} == LIFE_SAFETY - STANDING  # a duress code has no restore


# --------------------------------------------------------------------------------------------- 5. floods from strangers


def test_whoever_tries_account_numbers_fills_a_bounded_part_of_the_queue(playbook: Play) -> None:
    play = playbook()
    for number in range(UNPLACED_CASES_MAX + 5):
        play >> Panel(f"{9000 + number}").sia("BA", zone="3")
        play << ...
    cases = play.station.state.cases
    assert len(cases) == UNPLACED_CASES_MAX + 1
    common = play.station.state.folds["centre|unknown_account|*"]
    assert play.case(common).signal_count == 5
    assert [signal.account for signal in play.case(common).signals] == [f"{9020 + n}" for n in range(5)]
    play >> Panel("9000").sia("BA", zone="9")
    (
        play
        << """
        folded C10 unknown_account root/unknown-account stranger P2
        reply duh
        """
    )


def test_a_hold_up_among_the_flood_raises_the_common_case(playbook: Play) -> None:
    play = playbook()
    for number in range(UNPLACED_CASES_MAX + 1):
        play >> Panel(f"{9000 + number}").sia("BA", zone="3")
        play << ...
    play >> Panel("9999").sia("HA", zone="1")
    (
        play
        << """
        folded C30 unknown_account root/unknown-account stranger P0
        case.priority C30 priority=P0 before=P2
        reply duh
        """
    )


def test_noise_folds_by_host(playbook: Play) -> None:
    play = playbook()

    def noise(peer: str, count: int) -> FrameMalformed:
        malformed = Malformed(protocol="dc09", reason="crc", detail="", raw=b"?")
        return FrameMalformed(at=0, trace="t", gateway="dc09-tcp", peer=peer, malformed=malformed, count=count)

    play >> noise("192.0.2.7:41234", 1)
    (
        play
        << """
        opened C10 malformed x/arcd trouble P3
        case.opened C10 type=alarm priority=P3 plan=trouble
        step.started C10 step=finish kind=close automatic=False
        """
    )
    play >> noise("192.0.2.7:5555", 17)
    (
        play
        << """
        folded C10 malformed x/arcd trouble P3
        """
    )
    play >> noise("[2001:db8::1]:5555", 1)
    (
        play
        << """
        opened C12 malformed x/arcd trouble P3
        case.opened C12 type=alarm priority=P3 plan=trouble
        step.started C12 step=finish kind=close automatic=False
        """
    )
    assert play.case().signals[1].signal.text == "crc 192.0.2.7:5555 ×17"


def test_a_trouble_whose_plan_opens_no_case_is_logged(playbook: Play) -> None:
    play = playbook(sources=rules(plan("trouble", LOOK, opens_case=False, priority="P5")))
    malformed = Malformed(protocol="dc09", reason="crc", detail="", raw=b"?")
    play >> FrameMalformed(at=0, trace="t", gateway="dc09-tcp", peer="192.0.2.7:1", malformed=malformed)
    (
        play
        << """
        logged malformed x/arcd trouble P5
        """
    )
