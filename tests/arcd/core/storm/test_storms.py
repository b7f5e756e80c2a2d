"""Ten thousand lines at once, under virtual time (requirements 4.4: what its tests are)."""

from __future__ import annotations

import msgspec
import pytest

from arcd.core.facts import CaseMoveRequested, FrameReceived
from arcd.core.station import Station
from arcd.core.storm.engine import ITEMS_MAX
from arcd.core.storm.model import Phase, Storm
from protocols.signals import Category
from tests.arcd.core.invariants import same_state
from tests.arcd.core.storm.world import NS, Group, World, accounts
from tests.playbook import OPERATOR, Panel

LARGE = (
    Group(name="a", count=10_000, network="apn-1", interval_s=90.0),
    Group(name="b", count=11_000, operator="netco", interval_s=90.0),
    Group(name="r", count=3, network="apn-1", category="SP4", tags=("high_risk",)),
)
SMALL = (
    Group(name="a", count=200, network="apn-1"),
    Group(name="b", count=400, operator="netco"),
    Group(name="u", count=100, gateway="dc09-udp", network="apn-9"),
)
ALL_A = accounts("a", range(200))
APN = "network:teleco:apn-1"


def in_storm() -> World:
    world = World(SMALL)
    world.run(300)
    world.silent |= ALL_A
    world.run(300)
    assert world.opened() == ["line-storm"]
    return world


def storm_of(world: World, node: str = APN) -> Storm:
    return world.station.state.storms[node]


# ------------------------------------------------------------------------------------------------------------- finding


def test_ten_thousand_lines_at_once_are_one_matter_and_its_breakouts() -> None:
    world = World(LARGE)
    world.run(100)
    assert world.opened() == []
    world.silent |= accounts("a", range(10_000)) | accounts("r", range(3))
    world.run(400)
    assert world.noted("ats.failed") == 10_003
    assert sorted(world.opened()) == ["line-storm", "supervision-high-risk"]
    storm = storm_of(world)
    assert (storm.children, storm.back) == (10_003, 0)
    assert storm.categories == {"SP3": 10_000, "SP4": 3}
    assert storm.highest == ((10, "r-0"),)
    (case,) = world.cases("line-storm")
    assert case.form["storm_children"] == "10003"
    # The 10,001st has nothing to do with them.
    world.silent |= accounts("b", [77])
    world.run(400)
    assert world.opened()[2:] == ["supervision"]
    assert world.noted("storm.entered") == 1


@pytest.mark.parametrize(
    ("silent", "node"),
    [
        (accounts("a", range(200)), APN),
        (accounts("a", range(15)), None),  # 10 % of 200 are 20
        (accounts("a", range(20)), APN),
        (accounts("u", range(100)), "network:teleco:apn-9"),
        (accounts("a", range(100)) | accounts("u", range(100)), "operator:teleco"),
        (accounts("a", range(60)) | accounts("b", range(60)), "daemon"),
    ],
    ids=["network", "too few", "enough", "listener", "operator", "everything"],
)
def test_the_storm_is_found_at_the_node_that_explains_it(silent: set[str], node: str | None) -> None:
    world = World(SMALL)
    world.run(300)
    world.silent |= silent
    world.run(300)
    assert list(world.station.state.storms) == ([node] if node else [])
    if node is None:
        assert set(world.opened()) == {"supervision"}, "each site by itself"
    else:
        assert storm_of(world, node).children == len(silent)
        assert world.opened() == ["system-trouble" if node == "daemon" else "line-storm"]


# -------------------------------------------------------------------------------------------------------------- living


def test_a_restart_during_a_storm_makes_no_second_matter() -> None:
    world = in_storm()
    for _ in range(2):
        world.restart(down_s=20)
        world.run(400)
    assert [plan for plan in world.opened() if plan != "system-trouble"] == ["line-storm"]
    assert storm_of(world).children == 200
    assert world.noted("storm.entered") == 1


def test_every_checkpoint_tells_the_same_storm() -> None:
    world = in_storm()
    alarm_of(world, "a17")
    world.silent = accounts("a", range(5)) | accounts("b", [3])
    world.run(300)
    world.restart()
    world.run(900)
    for cut in range(world.scene + 5, len(world.history), len(world.history) // 6):
        saved, restored = Station(), Station()
        for seq, stepped in world.history[:cut]:
            saved.step(stepped.record.fact, seq)
        restored.restore(
            (table, key, msgspec.json.encode(value)) for table, key, value in saved.take_changed() if value is not None
        )
        for seq, stepped in world.history[cut:]:
            assert restored.step(stepped.record.fact, seq) == stepped, f"entry {seq} after a checkpoint at {cut}"
        same_state(world.station.state, restored.state)


def test_a_restart_while_faults_settle_tells_them_once() -> None:
    world = World(SMALL)
    world.run(300)
    world.silent |= ALL_A
    while not world.station.state.settling:
        world.run(1)
    world.restart(down_s=5)
    world.run(600)
    assert [plan for plan in world.opened() if plan != "system-trouble"] == ["line-storm"]
    assert storm_of(world).children == 200
    assert world.noted("ats.failed") == 200


def test_half_of_it_recovers_without_flapping() -> None:
    world = in_storm()
    world.silent = accounts("a", range(100))
    world.run(3600)
    assert world.opened() == ["line-storm"]
    storm = storm_of(world)
    assert (storm.phase, storm.children, storm.back) == (Phase.ACTIVE, 200, 100)
    assert len(world.station.state.path_faults) == 100


def test_it_ends_when_ninety_five_in_a_hundred_are_back_and_the_remainder_is_told_later() -> None:
    world = in_storm()
    (case,) = world.cases("line-storm")
    world.silent = accounts("a", range(8))
    world.run(120)
    assert storm_of(world).phase is Phase.ENDING
    assert not world.station.state.cases[case.id].is_open
    world.run(14 * 60)
    assert world.opened() == ["line-storm"], "the rest may still come"
    world.run(120)
    assert world.opened() == ["line-storm", "supervision"], "eight systems of one site"
    assert storm_of(world).phase is Phase.QUIET
    assert not world.station.state.storm_children
    world.silent = set()
    world.run(3700)
    assert not world.station.state.storms
    assert not world.station.state.path_faults
    assert not world.station.state.ats_faults


def test_a_case_that_a_person_has_begun_is_theirs_to_end() -> None:
    world = in_storm()
    (case,) = world.cases("line-storm")
    world.step(CaseMoveRequested(at=world.now, case_id=case.id, move="start", actor=OPERATOR, form={}))
    world.silent = set()
    world.run(200)
    assert storm_of(world).phase is Phase.ENDING
    assert world.station.state.cases[case.id].is_open


def test_two_items_an_hour() -> None:
    """A network that comes and goes: people hear of it twice, and then when the hour is over."""
    world = in_storm()
    began = world.now
    for _ in range(4):
        world.silent = set()
        world.run(150)
        world.silent = set(ALL_A)
        world.run(300)
    assert world.now - began < 3000 * NS
    assert world.opened() == ["line-storm"] * ITEMS_MAX
    assert world.noted("storm.entered") == 5
    world.run(3600)
    assert world.opened() == ["line-storm"] * (ITEMS_MAX + 1), "it storms still"


# ----------------------------------------------------------------------------------------------------------- breakouts


def alarm_of(world: World, account: str) -> None:
    fact = Panel(account).sia("BA", zone="1")(world.now)
    assert isinstance(fact, FrameReceived)
    world.step(fact)


def test_an_alarm_is_never_held_back_and_brings_its_own_line_with_it() -> None:
    world = in_storm()
    alarm_of(world, "a17")
    assert world.opened()[1:] == ["intrusion", "supervision-high-risk"]
    case = next(case for case in world.cases() if case.category is Category.INTRUSION)
    assert case.verification == 1, "a fault that many share is no evidence"
    assert len([case for case in world.cases() if case.site_id == "a-0"]) == 2
    alarm_of(world, "a18")
    assert world.noted("path.reported") == 2


def test_an_alarm_while_its_fault_settles_brings_it_at_once() -> None:
    world = World(SMALL)
    world.run(300)
    world.silent |= accounts("a", [5])
    while not world.station.state.settling:
        world.run(1)
    alarm_of(world, "a5")
    assert world.opened() == ["intrusion", "supervision-high-risk"]


@pytest.mark.parametrize(("tags", "own"), [(("high_risk",), 1), ((), 0)])
def test_high_risk_breaks_out(tags: tuple[str, ...], own: int) -> None:
    world = World((*SMALL, Group(name="x", count=1, network="apn-1", tags=tags)))
    world.run(300)
    world.silent |= ALL_A | accounts("x", [0])
    world.run(300)
    assert world.opened().count("supervision-high-risk") == own
    assert world.opened().count("line-storm") == 1


# ----------------------------------------------------------------------------------------------------------- self first


def test_our_own_uplink_blames_no_site() -> None:
    world = World(SMALL)
    world.run(700)
    everybody = accounts("a", range(200)) | accounts("b", range(400)) | accounts("u", range(100))
    world.silent = set(everybody)
    world.run(1800)
    assert world.opened() == ["system-trouble"]
    assert world.noted("path.failed") == 0
    world.silent = set()
    world.run(900)
    assert world.opened() == ["system-trouble"]
    assert world.noted("trouble.cleared") == 1
    assert world.noted("path.failed") == 0
    # And those who do not come back with the others get a whole limit, and are then told of.
    world.silent = accounts("b", [1])
    world.run(300)
    assert world.opened() == ["system-trouble", "supervision"]


def test_more_than_half_of_all_frames_missing_is_us_as_well() -> None:
    world = World(SMALL)
    world.run(900)
    world.silent = accounts("b", range(400)) | accounts("a", range(30))
    world.run(600)
    assert world.opened() == ["system-trouble"]
    assert world.noted("path.failed") == 0


def test_frames_that_a_known_storm_accounts_for_are_not_missed_a_second_time() -> None:
    """Six in ten are silent, found one network after the other: that is two storms, and not us."""
    world = World((Group(name="a", count=300, network="apn-1"), Group(name="b", count=300, operator="netco"),
                   Group(name="c", count=400, network="apn-3")))  # fmt: skip
    world.run(700)
    world.silent = accounts("a", range(300))
    world.run(400)
    world.silent |= accounts("b", range(300))
    world.run(400)
    assert world.opened() == ["line-storm"] * 2


def test_a_start_without_an_uplink_blames_no_site() -> None:
    world = World(SMALL)
    world.run(700)
    world.silent = accounts("a", range(200)) | accounts("b", range(400)) | accounts("u", range(100))
    world.restart(down_s=60)
    world.run(1800)
    assert world.noted("path.failed") == 0


@pytest.mark.parametrize("step_s", [7200.0, -7200.0, 3.0])
def test_a_clock_that_is_set_blames_no_site(step_s: float) -> None:
    world = World(SMALL)
    world.run(300)
    world.set_clock(step_s)
    world.run(400)
    assert world.opened() == ["system-trouble"]
    assert world.noted("path.failed") == 0
    world.silent = accounts("b", [1])
    world.run(300)
    assert world.opened()[1:] == ["supervision"]


@pytest.mark.parametrize("down_s", [1.0, 600.0, 90_000.0])
def test_a_restart_floods_nobody(down_s: float) -> None:
    world = World(SMALL)
    world.run(300)
    world.silent = accounts("b", [1])
    world.run(100)
    world.restart(down_s=down_s)
    began = world.now
    world.run(1000)
    assert [plan for plan in world.opened() if plan != "system-trouble"] == ["supervision"]
    (fault,) = world.station.state.path_faults.values()
    assert fault.since < began, "last heard survives"
    assert world.station.watch.heard_at("b-0/p1/ip") == fault.since
    world.restart()
    assert world.station.watch.heard_at("b-0/p1/ip") == fault.since
    assert fault.confirmed_at - began <= 1800 * NS
