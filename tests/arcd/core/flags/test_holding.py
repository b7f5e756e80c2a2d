from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcd.core.effects import Answer
from arcd.core.facts import FlagKind, Scope
from arcd.core.flags.holding import find_held
from arcd.core.flags.model import EMERGENCIES_MAX, HEARD_MAX, HELD_FIRST_MAX, HELD_LAST_MAX, NAMED_ONLY, Flag
from arcd.core.site import Account, Conditioning, System, Zone
from arcd.core.siterun import TRIGGERS_MAX
from protocols.signals import LIFE_SAFETY, Category, Qualifier, Scheme, Signal
from tests.arcd.core.conftest import Play
from tests.arcd.core.flags.scene import end, maintain, promote, start, the_site
from tests.playbook import After, Panel, Playbook
from tests.sites import rules

VIDEO = System(id="video", kind="video", accounts=(Account(number="1009"),), zones=(Zone(number="3"),))
WIDE = rules(routes={"FA": "urgent", "PA": "urgent", "MA": "urgent", "YC": "look", "FR": "log", "HR": "log"})


def judged(play: Playbook) -> list[tuple[str, str]]:
    return [(each.judged.value, each.flag_id) for each in play.stepped.record.judgements]


def flag_of(play: Playbook, flag_id: str = "F10") -> Flag:
    return play.station.state.flags[flag_id]


@pytest.mark.parametrize(
    ("scope", "held"),
    [
        (Scope(), True),
        (Scope(systems=("intrusion",)), True),
        (Scope(systems=("video",)), False),
        (Scope(areas=("1",)), True),
        (Scope(areas=("2",)), False),
        (Scope(zones=("3",)), True),
        (Scope(zones=("003", "4")), True),
        (Scope(zones=("4",)), False),
        (Scope(categories=(Category.INTRUSION,)), True),
        (Scope(categories=(Category.TAMPER, Category.TROUBLE)), False),
        (Scope(areas=("2",), zones=("3",)), False),
    ],
)
def test_the_scope(playbook: Play, scope: Scope, held: bool) -> None:
    site = the_site()
    play, panel = playbook(sites=[the_site(systems=(*site.systems, VIDEO))]), Panel()
    play >> start(scope=scope) << ...
    play >> panel.sia("BA", zone="3") << ...
    assert judged(play) == ([("held", "F10")] if held else [("opened", "")])


@pytest.mark.parametrize("code", ["FA", "HA", "PA", "MA", "YC"])
def test_what_passes_unless_it_is_named(playbook: Play, code: str) -> None:
    """Life safety, and the supervision of the paths."""
    play, panel = playbook(sites=[the_site()], sources=WIDE), Panel()
    play >> start() << ...
    play >> maintain() << ...
    play >> panel.sia(code, zone="3") << ...
    assert judged(play)[0][0] in ("opened", "joined")
    categories = (Category.FIRE, Category.HOLDUP, Category.DURESS, Category.MEDICAL, Category.SUPERVISION)
    play >> start(scope=Scope(categories=categories)) << ...
    play >> panel.sia(code, zone="4") << ...
    assert judged(play) == [("held", "F13")]


def test_naming_one_emergency_holds_no_other(playbook: Play) -> None:
    play, panel = playbook(sites=[the_site()], sources=WIDE), Panel()
    play >> start(scope=Scope(categories=(Category.FIRE,))) << ...
    play >> panel.sia("HA", zone="3") << ...
    assert judged(play) == [("opened", "")]
    play >> panel.sia("FA", zone="3") << ...
    assert judged(play) == [("held", "F10")]
    assert (flag_of(play).emergency_count, flag_of(play).emergencies[0].signal.code) == (1, "FA")


def test_two_tests_at_one_site_are_one_union_and_each_hears_its_own(playbook: Play) -> None:
    play, panel = playbook(sites=[the_site()]), Panel()
    play >> start(scope=Scope(zones=("1", "3"))) << ...
    play >> start(scope=Scope(zones=("3", "4"))) << ...
    for zone in ("1", "3", "4"):
        play >> panel.sia("BA", zone=zone) << ...
        assert judged(play)[0][0] == "held"
    assert flag_of(play, "F10").heard == {"intrusion/1": 1, "intrusion/3": 1}
    assert flag_of(play, "F11").heard == {"intrusion/3": 1, "intrusion/4": 1}
    play >> end("F10") << ...
    play >> panel.sia("BA", zone="1") << ...
    assert judged(play) == [("opened", "")]


def test_the_narrowest_flag_is_named(playbook: Play) -> None:
    play, panel = playbook(sites=[the_site()]), Panel()
    scopes = (Scope(), Scope(systems=("intrusion",)), Scope(areas=("1",)), Scope(zones=("3",)))
    for scope in scopes:
        play >> start(scope=scope) << ...
    for flag_id in ("F13", "F12", "F11", "F10"):
        play >> panel.sia("BA", zone="3") << ...
        assert judged(play) == [("held", flag_id)]
        play >> end(flag_id) << ...


def test_the_restore_of_an_alarm_from_before_belongs_to_its_case(playbook: Play) -> None:
    play, panel = playbook(sites=[the_site()]), Panel()
    play >> panel.sia("BA", zone="3") << ...
    play >> start() << ...
    play >> panel.sia("BR", zone="3") << ...
    assert judged(play) == [("restored", "")]
    play >> panel.sia("BR", zone="3") << ...
    assert judged(play) == [("held", "F11")], "that alarm is over; the rest is the test's"


def test_the_restore_of_a_tested_alarm_is_held_with_it(playbook: Play) -> None:
    play, panel = playbook(sites=[the_site()]), Panel()
    play >> panel.sia("BA", zone="3") << ...
    play >> start() << ...
    play >> panel.sia("BA", zone="3") << ...
    play >> panel.sia("BR", zone="3") << ...
    assert judged(play) == [("held", "F11")]
    assert flag_of(play, "F11").standing == ()
    play >> panel.sia("BR", zone="3") << ...
    assert judged(play) == [("restored", "")], "and the alarm from before still waits for its own"


def test_what_stands_is_counted_once(playbook: Play) -> None:
    play, panel = playbook(sites=[the_site()]), Panel()
    play >> start() << ...
    for zone in ("3", "03", "1"):
        play >> panel.sia("BA", zone=zone) << ...
    assert [trigger.zone for trigger in flag_of(play).standing] == ["3", "1"]
    play >> panel.sia("BR", zone="003") << ...
    assert [trigger.zone for trigger in flag_of(play).standing] == ["1"]
    assert flag_of(play).heard == {"intrusion/3": 2, "intrusion/1": 1}, "a restore tests nothing"


def test_the_first_and_the_last_are_kept_and_all_are_counted(playbook: Play) -> None:
    play, panel = playbook(sites=[the_site()]), Panel()
    play >> start() << ...
    many = HELD_FIRST_MAX + HELD_LAST_MAX + 5
    for _ in range(many):
        play >> panel.sia("BA", zone="3") << ...
    flag = flag_of(play)
    assert (flag.held, len(flag.first), len(flag.last)) == (many, HELD_FIRST_MAX, HELD_LAST_MAX)
    assert flag.first[0].seq == 11
    assert flag.last[-1].seq == 10 + many
    assert find_held(play.station.state, "S-1", flag.first[-1].seq + 1) is None, "that one is in the journal"
    assert [trigger.seq for trigger in flag.standing] == [11]


def test_no_panel_makes_a_flag_grow_without_end(playbook: Play) -> None:
    play = playbook(sites=[the_site()], sources=WIDE)
    panel = Panel()
    play >> start(scope=Scope(categories=tuple(Category))) << ...
    # Frames with many events each: 3000 zones.
    for block in range(30):
        events = "/".join(f"FA{block * 100 + zone + 1:04d}" for zone in range(100))
        play >> panel.message("SIA-DCS", f"#1001|Nri1/{events}") << ...
    flag = flag_of(play)
    assert flag.held == 3000
    assert len(flag.heard) == HEARD_MAX
    assert (len(flag.emergencies), flag.emergency_count) == (EMERGENCIES_MAX, 3000)
    assert len(flag.standing) == TRIGGERS_MAX


def test_nothing_is_held_after_the_end_even_when_the_deadline_is_late(playbook: Play) -> None:
    play, panel = playbook(sites=[the_site()]), Panel()
    play >> start(1) << ...
    play.now += 3600 * 10**9 - 1
    play >> panel.sia("BA", zone="3") << ...
    assert judged(play) == [("held", "F10")]
    play.now += 1
    play >> panel.sia("BA", zone="1") << ...
    assert judged(play) == [("opened", "")]
    play >> After(0) << ...


def test_the_restore_of_a_mains_failure_that_still_waits_is_not_held(playbook: Play) -> None:
    sources = rules(routes={"AT": "look", "AR": "log"})
    site = the_site(conditioning=Conditioning())
    play, panel = playbook(sites=[site], sources=sources), Panel()
    play >> panel.sia("AT") << ...
    assert play.stepped.record.judgements[0].judged.value == "pending"
    play >> start() << ...
    play >> panel.sia("AR") << ...
    assert judged(play) == [("restored", "")]
    play >> After(3600) << ...
    assert not play.station.state.cases


SIGNALS = st.builds(
    Signal,
    scheme=st.just(Scheme.SIA),
    code=st.just("XX"),
    category=st.sampled_from(Category),
    qualifier=st.sampled_from(Qualifier),
    area=st.none() | st.sampled_from(["", "1", "01"]),
    zone=st.none() | st.sampled_from(["", "3", "003", "4"]),
)
SCOPES = st.builds(
    Scope,
    systems=st.sampled_from([(), ("a",), ("a", "b")]),
    areas=st.sampled_from([(), ("1",), ("2",)]),
    zones=st.sampled_from([(), ("3",), ("4", "5")]),
    categories=st.lists(st.sampled_from(Category), unique=True).map(tuple),
)


@given(SIGNALS, SCOPES, st.sampled_from(FlagKind), st.sampled_from("ab"))
def test_no_flag_covers_what_it_does_not_name(signal: Signal, scope: Scope, kind: FlagKind, system: str) -> None:
    flag = Flag(id="F", kind=kind, site_id="S", scope=scope, starts_at=0, until=1, reason="", placed_by="")
    if flag.covers(system, signal):
        assert signal.category in scope.categories or signal.category not in NAMED_ONLY
        assert signal.category in scope.categories or not scope.categories
        assert signal.category not in LIFE_SAFETY or kind is FlagKind.ON_TEST
    else:
        assert scope != Scope() or signal.category in NAMED_ONLY, "the whole site is the whole site"


# ------------------------------------------------------------------------------------------------------------ promoted


def answer(play: Playbook) -> Answer:
    (found,) = (effect for effect in play.effects if isinstance(effect, Answer))
    return found


def test_a_held_signal_is_made_live_once(playbook: Play) -> None:
    play, panel = playbook(sites=[the_site()]), Panel()
    play >> start() << ...
    play >> panel.sia("BA", zone="3") << ...
    play >> promote(11) << ...
    assert answer(play).granted
    case = play.case(answer(play).subject)
    assert case.signals[0].signal.zone == "3"
    assert flag_of(play).first[0].promoted
    assert flag_of(play).standing == (), "its restore belongs to the case"
    play >> promote(11) << ...
    assert answer(play).rule == "flag.promote"
    play >> panel.sia("BR", zone="3") << ...
    assert judged(play) == [("restored", "")]


def test_one_of_a_frames_signals_is_made_live(playbook: Play) -> None:
    play, panel = playbook(sites=[the_site()], sources=WIDE), Panel()
    play >> start(scope=Scope(categories=(Category.FIRE, Category.INTRUSION))) << ...
    play >> panel.message("SIA-DCS", "#1001|Nri1/BA1/FA3") << ...
    assert [held.index for held in flag_of(play).first] == [0, 1]
    play >> promote(11, index=1) << ...
    assert play.case(answer(play).subject).category is Category.FIRE
    assert [held.promoted for held in flag_of(play).first] == [False, True]
    assert flag_of(play).emergencies[0].promoted


def test_it_can_be_made_live_after_the_test_as_well(playbook: Play) -> None:
    play, panel = playbook(sites=[the_site()]), Panel()
    play >> start() << ...
    play >> panel.sia("BA", zone="3") << ...
    play >> end() << ...
    play >> promote(11) << ...
    assert answer(play).granted
    assert play.station.state.flag_reports["F10"].flag.first[0].promoted


@pytest.mark.parametrize(
    ("asked", "rule"),
    [({"seq": 99}, "flag.promote"), ({"seq": 11, "index": 1}, "flag.promote"), ({"seq": 11, "reason": " "}, "")],
)
def test_what_cannot_be_made_live(playbook: Play, asked: dict[str, Any], rule: str) -> None:
    play, panel = playbook(sites=[the_site()]), Panel()
    play >> start() << ...
    play >> panel.sia("BA", zone="3") << ...
    play >> promote(asked.pop("seq"), **asked) << ...
    assert not answer(play).granted
    assert answer(play).rule.startswith(rule)
