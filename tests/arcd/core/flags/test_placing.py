from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from arcd.core.effects import Answer
from arcd.core.facts import Actor, Every, Recurrence, Scope, SiteImported, SiteRemoved
from arcd.core.flags.placing import (
    AHEAD_MAX_S,
    FLAGS_PER_SITE_MAX,
    INFORMED_MAX,
    MAINTENANCE_MAX_S,
    REASON_CHARS_MAX,
    SERIES_S,
)
from arcd.core.site import ErcContract
from protocols.signals import Category
from tests.arcd.core.conftest import Play
from tests.arcd.core.flags.scene import SUPERVISING, connected_site, end, identity, maintain, start, the_site
from tests.playbook import NS, OPERATOR, START, After, Due, Panel, Playbook

HOUR = 3600 * NS
# 2026-03-05 10:00 in Helsinki is 20 h after the playbook's start.
FIFTH = Recurrence(every=Every.MONTH, day=5, minute=600)


def answer(play: Playbook) -> Answer:
    (found,) = (effect for effect in play.effects if isinstance(effect, Answer))
    return found


def test_a_test_stands_at_once_and_ends_by_itself(playbook: Play) -> None:
    play = playbook(sites=[the_site()])
    play >> start(2, scope=Scope(zones=("3",)))
    (
        play
        << """
        flag.placed F10 kind=on_test site=S-1 until=1772632800000000000 by=os:matti
        flag.started F10 kind=on_test site=S-1 until=1772632800000000000
        granted F10
        """
    )
    assert play.deadlines() == {"flag/F10/warn": 6300.0, "flag/F10/end": 7200.0}


def test_a_short_one_has_no_time_to_warn(playbook: Play) -> None:
    play = playbook(sites=[the_site()])
    play >> start(0.25) << ...
    assert play.deadlines() == {"flag/F10/end": 900.0}


@pytest.mark.parametrize(
    ("hours", "changes", "rule", "told"),
    [
        (8, {}, "", ""),
        (8 + 1e-9, {}, "flag.expiry", "At most 8 h for on_test, 24 h by a supervisor. Longer work is maintenance."),
        (24, {"actor": SUPERVISING}, "", ""),
        (24 + 1e-9, {"actor": SUPERVISING}, "flag.expiry", "At most 24 h on test: longer work is maintenance."),
        (0, {}, "flag.expiry", "after the start"),
        (-1, {}, "flag.expiry", "after the start"),
        (1, {"starts_at": START + round(AHEAD_MAX_S) * NS}, "", ""),
        (1, {"starts_at": START + round(AHEAD_MAX_S) * NS + 1}, "flag.expiry", "At most 366 days ahead."),
        (1, {"actor": Actor(id="")}, "flag.actor", "a person behind it"),
        (1, {"reason": " "}, "flag.reason", "Say why"),
        (1, {"reason": "x" * REASON_CHARS_MAX}, "", ""),
        (1, {"reason": "x" * (REASON_CHARS_MAX + 1)}, "flag.reason", "Say why"),
        (1, {"site_id": "S-9"}, "flag.site", "No site S-9. `arcctl sites list`"),
        (1, {"scope": Scope(systems=("fire",))}, "flag.scope", "No system fire at S-1; there are intrusion."),
        (1, {"scope": Scope(zones=("3", "99"))}, "flag.scope", "No zone 99 at S-1."),
        (1, {"scope": Scope(areas=("7",))}, "flag.scope", "No area 7 at S-1."),
        (1, {"scope": Scope(systems=("intrusion",), areas=("02",), zones=("004",))}, "", ""),
        (1, {"owner": "duty"}, "", ""),
        (1, {"owner": "nobody"}, "flag.owner", "the owner must be reachable"),
        (1, {"informed": ("x",) * INFORMED_MAX}, "", ""),
        (1, {"informed": ("x",) * (INFORMED_MAX + 1)}, "flag.words", "At most 20 parties"),
        (1, {"override_reason": "x" * 501}, "flag.words", "500 characters"),
        (1, {"recurrence": FIFTH}, "", ""),
        (1, {"recurrence": replace(FIFTH, day=32)}, "flag.series", "a month days 1 to 31"),
        (1, {"recurrence": replace(FIFTH, day=0)}, "flag.series", "a month days 1 to 31"),
        (1, {"recurrence": Recurrence(every=Every.WEEK, day=8, minute=0)}, "flag.series", "days 1 (Monday) to 7"),
        (1, {"recurrence": replace(FIFTH, minute=1440)}, "flag.series", "minutes 0 to 1439"),
        (1, {"recurrence": FIFTH, "series_until": START + round(SERIES_S) * NS}, "", ""),
        (1, {"recurrence": FIFTH, "series_until": START + round(SERIES_S) * NS + 1}, "flag.series", "within 366 days"),
        (1, {"recurrence": FIFTH, "series_until": START}, "flag.series", "within 366 days"),
        (1, {"series_until": START + HOUR}, "flag.series", "Only what comes again"),
    ],
)
def test_the_bounds_nobody_may_leave(
    playbook: Play, hours: float, changes: dict[str, Any], rule: str, told: str
) -> None:
    play = playbook(sites=[the_site()])
    play >> start(hours, **changes) << ...
    assert answer(play).rule == rule, answer(play).message
    assert told in answer(play).message
    assert bool(play.station.state.flags) is (rule == "")
    assert bool(play.station.state.flag_series) is (rule == "" and "recurrence" in changes)


def test_maintenance_lasts_longer_and_ends_too(playbook: Play) -> None:
    play = playbook(sites=[the_site()])
    play >> maintain(MAINTENANCE_MAX_S / 3600 + 1e-9) << ...
    assert (answer(play).rule, answer(play).message) == ("flag.expiry", "At most 90 days of maintenance.")
    play >> maintain(MAINTENANCE_MAX_S / 3600, owner="helmi", informed=("Neighbours",)) << ...
    flag = play.station.state.flags["F11"]
    assert (flag.owner, flag.informed) == ("helmi", ("Neighbours",))


def test_maintenance_never_holds_what_life_depends_on(playbook: Play) -> None:
    """Design promise 4: a test that names it does, for a day at most, and nothing else."""
    play = playbook(sites=[the_site()])
    play >> maintain(scope=Scope(categories=(Category.SUPERVISION, Category.HOLDUP, Category.FIRE))) << ...
    assert answer(play).rule == "flag.life_safety"
    assert answer(play).message == (
        "Maintenance never holds back fire, holdup. "
        "Put the site on test for it, 24 h at a time, beside the maintenance."
    )
    play >> maintain(scope=Scope(categories=(Category.SUPERVISION,))) << ...
    assert answer(play).granted


def test_the_flags_of_a_site_are_counted(playbook: Play) -> None:
    play = playbook(sites=[the_site()])
    for _ in range(FLAGS_PER_SITE_MAX):
        play >> start() << ...
    play >> start() << ...
    assert answer(play).rule == "flag.count"
    play >> end() << ...
    play >> start() << ...
    assert answer(play).granted


def test_a_future_test_holds_nothing_before_its_time(playbook: Play) -> None:
    play, panel = playbook(sites=[the_site()]), Panel()
    play >> start(1, starts_at=START + HOUR)
    (
        play
        << """
        flag.placed F10 kind=on_test site=S-1 until=1772632800000000000 by=os:matti
        granted F10
        """
    )
    play >> After(3599) >> panel.sia("BA", zone="3") << ...
    assert play.stepped.record.judgements[0].case_id == "C11"
    play >> Due("flag/F10/start")
    (
        play
        << """
        -- +3600 flag/F10/start
        flag.started F10 kind=on_test site=S-1 until=1772632800000000000
        """
    )
    play >> panel.sia("BA", zone="1") << "held F10 on_test\nreply ack"


# ------------------------------------------------------------------------------------------------------------- series


def test_a_series_places_the_next_when_one_ends(playbook: Play) -> None:
    play = playbook(sites=[the_site()])
    play >> start(1, recurrence=FIFTH, scope=Scope(categories=(Category.FIRE,))) << ...
    first = play.station.state.flags["F10"]
    assert (first.starts_at - START, first.until - first.starts_at) == (20 * HOUR, HOUR)
    play >> After(20 * 3600) << ...
    play >> After(2700) << ...
    play >> Due("flag/F10/end") << ...
    (second,) = play.station.state.flags.values()
    assert (second.scope, second.series_id, second.placed_by) == (first.scope, first.series_id, "daemon")
    # 5 April 10:00 in summer time: an hour earlier by UTC.
    assert second.starts_at - first.starts_at == (31 * 24 - 1) * HOUR
    assert second.until - second.starts_at == HOUR
    play >> end(second.id, whole_series=True) << ...
    assert not play.station.state.flags
    assert not play.station.state.flag_series


def test_ending_one_early_leaves_the_series(playbook: Play) -> None:
    play = playbook(sites=[the_site()])
    play >> start(1, recurrence=FIFTH) << ...
    play >> end() << ...
    (second,) = play.station.state.flags.values()
    assert second.starts_at > START + 30 * 24 * HOUR, "the one that was ended does not come again"
    play >> end(second.id, whole_series=True) << ...
    assert not play.station.state.flags


def test_an_extension_does_not_grow_from_one_to_the_next(playbook: Play) -> None:
    play, panel = playbook(sites=[the_site()]), Panel()
    play >> start(1, recurrence=FIFTH) << ...
    play >> After(20 * 3600) << ...
    play >> panel.sia("BA", zone="3") << ...
    play >> After(2 * 3600) << ...
    (second,) = play.station.state.flags.values()
    assert second.until - second.starts_at == HOUR
    assert (second.held, second.heard, second.standing, second.extended_ns) == (0, {}, (), 0)


def test_a_series_ends_with_its_last_day(playbook: Play) -> None:
    play = playbook(sites=[the_site()])
    play >> start(1, recurrence=FIFTH, series_until=START + 30 * 24 * HOUR) << ...
    play >> After(22 * 3600) << ...
    assert "flag.series_ended" in [note.what for _, stepped in play.history for note in stepped.record.notes]
    assert not play.station.state.flags
    assert not play.station.state.flag_series


@pytest.mark.parametrize("lost", ["contract", "contact"])
def test_a_series_whose_right_is_lost_becomes_somebodys_task(playbook: Play, lost: str) -> None:
    site = connected_site(erc_contract=ErcContract.IN_FORCE)
    play = playbook(sites=[site])
    play >> identity(contact="alma") << ...
    play >> start(1, recurrence=FIFTH, verified_how="", requested_by="alma", identity_check="I10") << ...
    if lost == "contract":
        changed = replace(site, systems=(replace(site.systems[0], erc_contract=ErcContract.ENDED),))
    else:
        changed = replace(site, contacts=tuple(replace(contact, roles=()) for contact in site.contacts))
    play >> SiteImported(at=0, site=changed, actor=OPERATOR) << ...
    play >> After(22 * 3600) << ...
    assert not play.station.state.flag_series
    case_id = play.station.state.folds["S-1|test_series|F11"]
    rule = "R-64" if lost == "contract" else "R-62"
    assert play.case(case_id).notes[0].text.startswith(rule)


def test_tests_of_a_connected_device_wait_for_a_working_day(playbook: Play) -> None:
    play = playbook(sites=[connected_site()])
    play >> identity(contact="alma") << ...
    seventh = replace(FIFTH, day=7)  # 7 March 2026 is a Saturday
    play >> start(1, recurrence=seventh, verified_how="", requested_by="alma", identity_check="I10") << ...
    flag = play.station.state.flags["F11"]
    assert (flag.starts_at - START) == (5 * 24 - 4) * HOUR, "Monday the 9th, 10:00"


def test_a_series_does_not_come_again_where_it_does_not(playbook: Play) -> None:
    play = playbook(sites=[the_site()])
    play >> start() << ...
    play >> end(whole_series=True) << ...
    assert answer(play).rule == "flag.series"


def test_a_series_of_a_site_that_is_gone_is_gone(playbook: Play) -> None:
    play = playbook(sites=[the_site()])
    play >> start(1, recurrence=FIFTH) << ...
    play >> SiteRemoved(at=0, site_id="S-1", actor=OPERATOR) << ...
    play >> end() << ...
    assert not play.station.state.flag_series
    assert not play.station.state.flags
