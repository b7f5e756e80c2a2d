"""Paths and systems that fall silent and come back, played with real frames (requirements 2.1, 2.2, 2.3)."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from arcd.core.facts import SiteImported, SiteRemoved
from arcd.core.site import Conditioning, Reporting
from protocols.codec import WireProfile
from tests.arcd.core.supervision.scene import IP, MOBILE, beat, changes, double, play, single, site, told
from tests.playbook import NS, OPERATOR, After, Panel, Playbook, keyed_panel
from tests.sites import KEY, a_site


def quiet(playing: Playbook, seconds: float) -> None:
    playing >> After(seconds)
    playing << ...


def hear(playing: Playbook, receiver: str | None = None, *, times: int = 1, code: str = "") -> None:
    for _ in range(times):
        playing >> beat(receiver, code=code)
        playing << ...


# ------------------------------------------------------------------------------------------------------- one path


def test_from_silence_to_a_case_and_back() -> None:
    playing = play(single(), conditioning=Conditioning())
    playing >> beat()
    playing << "reply ack"
    playing >> After(129)
    playing >> After(2)  # 3 heartbeats of 40 s and 10 s of grace
    (
        playing
        << """
        -- +130 paths_silent
        paths.silent settling=1 of_storm=0
        """
    )
    quiet(playing, 40)
    assert told(playing) == ["opened supervision/fault/cut-off P3"], "one path, so the site is cut off"
    fault = playing.station.state.path_faults[IP]
    assert (fault.detected_at - fault.since, fault.confirmed_at - fault.since) == (130 * NS, 160 * NS)
    (case,) = playing.station.state.cases.values()
    assert case.signals[0].signal.code == "ats_fault"
    hear(playing)
    quiet(playing, 30)
    assert changes(playing) == ["path.failed ip", "ats.failed"], "one frame proves nothing yet"
    hear(playing)
    quiet(playing, 2)
    assert changes(playing)[2:] == ["path.restored ip", "ats.restored"]
    assert not playing.station.state.cases[case.id].is_open, "nobody had begun"
    playing.end()


def test_sixty_seconds_of_being_heard_are_enough() -> None:
    """requirements 4.4: two consecutive heartbeats, or 60 s."""
    playing = play(single("SP3", interval_s=None))
    hear(playing)
    quiet(playing, 1800)
    hear(playing)
    quiet(playing, 59)
    assert "path.restored ip" not in changes(playing)
    quiet(playing, 2)
    assert changes(playing)[2:] == ["path.restored ip", "ats.restored"]


def test_a_frame_while_it_settles_and_it_was_nothing() -> None:
    playing = play(single())
    hear(playing)
    quiet(playing, 140)
    hear(playing)
    quiet(playing, 100)
    assert changes(playing) == ["path.settled_itself ip"]
    assert not playing.station.state.cases
    playing.end()


def test_heartbeats_in_time_leave_no_trace() -> None:
    playing = play(single())
    for _ in range(50):
        hear(playing)
        quiet(playing, 100)
    assert changes(playing) == []


def test_any_genuine_frame_is_a_heartbeat() -> None:
    playing = play(single())
    hear(playing, code="OP")
    quiet(playing, 120)
    hear(playing, code="CL")
    quiet(playing, 120)
    assert changes(playing) == []


def test_the_hot_way_and_the_slow_one_are_the_same_proof() -> None:
    playing = play(single())
    panel = Panel("1001")
    for _ in range(5):
        panel.null()(playing.now)
        assert playing.station.heartbeat(panel.frame(playing.now), playing.now, "dc09-tcp") is not None
        quiet(playing, 100)
    assert changes(playing) == []
    assert playing.station.watch.heard_at(IP) == playing.now - 100 * NS


def test_a_null_without_its_key_is_no_heartbeat_and_a_tamper() -> None:
    """requirements 2.3: spoofed supervision."""
    keyed = a_site("S-1", keyed=True).systems[0]
    system = replace(single(), accounts=keyed.accounts)
    playing = play(system)
    playing >> keyed_panel().null()
    playing << ...
    spoof = Panel("1001", profile=WireProfile(key=KEY))
    for _ in range(3):
        quiet(playing, 50)
        spoof.null()(playing.now)
        assert playing.station.heartbeat(spoof.frame(playing.now), playing.now, "dc09-tcp") is None
        playing >> spoof.null()
        playing << ...
    quiet(playing, 30)
    assert changes(playing) == ["path.failed ip", "ats.failed"]
    assert any(case.signals[0].signal.code == "plaintext_refused" for case in playing.station.state.cases.values())


def test_a_recorded_link_test_keeps_no_line_alive() -> None:
    """A wide time window would let whoever cut the line play the panel for a quarter of an hour."""
    keyed = a_site("S-1", keyed=True).systems[0]
    [account] = keyed.accounts
    playing = play(replace(single(), accounts=(replace(account, window_past_s=900.0),)))
    panel = keyed_panel(window_past_s=900.0)
    for _ in range(3):
        panel.null()(playing.now)
        assert playing.station.heartbeat(panel.frame(playing.now), playing.now, "dc09-tcp") is not None
        quiet(playing, 40)
    assert changes(playing) == []
    heard_at = playing.station.watch.heard_at(IP)
    for _ in range(4):  # the line is cut, and the last link test is sent over and over
        reply = playing.station.heartbeat(panel.frame(playing.now), playing.now, "dc09-tcp")
        assert reply is not None, "a retransmission is answered"
        quiet(playing, 40)
    assert playing.station.watch.heard_at(IP) == heard_at
    assert changes(playing) == ["path.failed ip", "ats.failed"]


def test_a_system_without_a_category_is_watched_by_nobody() -> None:
    playing = Playbook(sites=[a_site()])
    assert not playing.station.directory.paths
    assert playing.station.watch.next_look() is None


def test_limits_of_its_own() -> None:
    playing = play(single("SP2", interval_s=None, reporting=Reporting(primary_s=60.0, settle_s=5.0)))
    hear(playing)
    quiet(playing, 51)
    assert changes(playing) == []
    quiet(playing, 9)
    assert changes(playing) == ["path.failed ip", "ats.failed"]


def test_a_path_that_was_never_heard_is_told_of_as_well() -> None:
    playing = play(single())
    quiet(playing, 200)
    assert changes(playing) == ["path.failed ip", "ats.failed"]


# ------------------------------------------------------------------------------------------------------ two paths


def test_a_path_of_two_and_a_system_are_two_matters_with_their_own_restores() -> None:
    playing = play(double(), conditioning=Conditioning())
    hear(playing, "13")
    hear(playing, "23")
    quiet(playing, 162)
    assert changes(playing) == ["path.failed ip"]
    assert told(playing)[-1] == "opened supervision/fault/one-of-two P4"
    quiet(playing, 20)
    assert changes(playing)[1:] == ["path.failed mobile", "ats.failed"], "the alternative path's limit tightened"
    assert told(playing)[-1] == "joined supervision/fault/cut-off P3"
    system = playing.station.state.ats_faults["S-1/panel"]
    assert (playing.now - system.since) / NS <= 183
    hear(playing, "23", times=2)
    quiet(playing, 2)
    assert changes(playing)[3:] == ["path.restored mobile", "ats.restored"]
    (case,) = playing.station.state.cases.values()
    assert case.is_open, "the other path is still down"
    hear(playing, "13", times=2)
    quiet(playing, 2)
    assert changes(playing)[5:] == ["path.restored ip"]
    assert not playing.station.state.path_faults
    playing.end()


def test_the_alternative_path_may_be_silent_for_a_day_while_the_primary_works() -> None:
    playing = play(double())
    for _ in range(40):
        hear(playing, "13")
        quiet(playing, 100)
    assert changes(playing) == []
    quiet(playing, 200)
    assert "path.failed mobile" in changes(playing), "and no longer once it is alone"


def test_it_takes_over_the_heartbeats_and_the_site_is_never_cut_off() -> None:
    playing = play(double())
    hear(playing, "13")
    for _ in range(10):
        hear(playing, "23")
        quiet(playing, 90)
    assert changes(playing) == ["path.failed ip"]
    for _ in range(5):
        hear(playing, "13")
        quiet(playing, 40)
    assert changes(playing) == ["path.failed ip", "path.restored ip"]
    quiet(playing, 90)
    assert changes(playing) == ["path.failed ip", "path.restored ip"], "the alternative path has a day again"


def test_a_frame_that_fits_no_path_proves_none() -> None:
    playing = play(double())
    hear(playing, "13")
    hear(playing, "23")
    for _ in range(3):
        quiet(playing, 70)
        hear(playing, "99")
    assert "path.failed ip" in changes(playing)


def test_a_fire_system_that_is_cut_off_is_urgent() -> None:
    playing = play(single(kind="fire"))
    hear(playing)
    quiet(playing, 170)
    assert told(playing) == ["opened supervision/fault/fire-line P2"]


def test_a_high_risk_site_that_is_cut_off_is_more_so() -> None:
    playing = play(single(), tags=("high_risk",))
    hear(playing)
    quiet(playing, 170)
    assert told(playing) == ["opened supervision/fault/high-risk P1"]


def test_cut_off_after_an_alarm_confirms_it() -> None:
    """requirements 4.4, path fail + alarm."""
    playing = play(single(), conditioning=Conditioning())
    playing >> beat(code="BA")
    playing << ...
    quiet(playing, 170)
    case = next(case for case in playing.station.state.cases.values() if case.signals[0].signal.code == "BA")
    assert case.verification == 2
    assert case.evidence == ("path",)


# ----------------------------------------------------------------------------------------------------- the site base


def test_what_the_site_base_no_longer_knows_is_forgotten() -> None:
    playing = play(double())
    hear(playing, "13")
    quiet(playing, 400)
    assert set(playing.station.state.path_faults) == {IP, MOBILE}
    playing >> SiteImported(at=0, site=site(single()), actor=OPERATOR)
    playing << ...
    assert set(playing.station.state.path_faults) == {IP}
    playing >> SiteImported(at=0, site=a_site("S-1"), actor=OPERATOR)
    playing << ...
    assert not playing.station.state.path_faults
    assert not len(playing.station.watch)
    quiet(playing, 10_000)
    playing.end()


def test_a_site_that_is_removed_while_its_path_settles() -> None:
    playing = play(single())
    hear(playing)
    quiet(playing, 140)
    playing >> SiteRemoved(at=0, site_id="S-1", actor=OPERATOR)
    playing << ...
    quiet(playing, 300)
    assert changes(playing) == []
    playing.end()


@pytest.mark.parametrize("interval_s", [20.0, 60.0])
def test_another_interval_is_another_limit_from_now_on(interval_s: float) -> None:
    playing = play(single(interval_s=40.0))
    hear(playing)
    quiet(playing, 50)
    playing >> SiteImported(at=0, site=site(single(interval_s=interval_s)), actor=OPERATOR)
    playing << ...
    wanted_s = min(145.0, 3 * interval_s + 10)
    quiet(playing, wanted_s - 51)
    assert not playing.station.state.path_faults
    quiet(playing, 2)
    assert set(playing.station.state.path_faults) == {IP}
