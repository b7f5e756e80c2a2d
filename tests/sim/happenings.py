"""What happens at the sites: alarms and their restores, hold-ups, people coming and going, tests, faults, strangers.

One rule: planned when the run begins, from the seed; told by panels, in their time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from arcd.core.facts import DAEMON, SiteImported
from protocols.dc09 import Dialler
from protocols.secrets import WireKey
from tests.sim.faults import times
from tests.sim.scene import KEYED
from tests.sim.truth import Happening

if TYPE_CHECKING:
    from tests.sim.panels import Panel
    from tests.sim.world import World

SECOND_PATH = {"4001": "4002"}
ZONES = ("1", "2", "3")
RESTORED_RATIO = 0.7
RESTORES = {"BA": "BR", "TA": "TR", "HA": "HR", "FA": "FR", "MA": "", "AT": "AR", "YC": "YK", "YT": "YR"}
OTHER_KEY = WireKey.parse("ascii:somebody else's!")
NOISE = (b"GET / HTTP/1.1\r\n\r\n", b"\n1234", b"\r\r\r", bytes(range(40)), b'\n00000010"SIA-DCS"0001L0#1001[]\r')


def begin_happenings(world: World, seconds: float) -> None:
    counts, rng = world.plot.counts, world.rng
    plans = (
        (counts.alarm, _alarm), (counts.life, _life), (counts.tamper, _tamper), (counts.openings, _openings),
        (counts.trouble, _trouble), (counts.runaway, _runaway), (counts.swinger, _swinger), (counts.cancel, _cancel),
        (counts.routine, _routine), (counts.intruders, _intruder), (counts.storm, _storm),
        (counts.flag, _flag), (counts.by_hand, _by_hand), (counts.imports, _import),
    )  # fmt: skip
    for span, plan in plans:
        for _ in range(times(world, span)):
            world.plan(rng.uniform(0, seconds * 0.9), plan, world)


def _panel(world: World) -> Panel:
    return world.panels[world.rng.choice(world.scene.panels)]


def _told(world: World, panel: Panel, code: str, zone: str, *, is_of_burst: bool = False) -> Happening:
    """By its panel, over the second path as well where there is one."""
    happening = Happening(site_id=panel.site.id, code=code, zone=zone, at=world.time, is_of_burst=is_of_burst)
    panel.report(code, zone=zone, happening=happening)
    second = SECOND_PATH.get(panel.number)
    if second is not None and world.rng.random() < 0.8:
        world.plan(world.rng.uniform(0.0, 30.0), _over_second_path, world, second, happening)
    return happening


def _over_second_path(world: World, number: str, happening: Happening) -> None:
    world.panels[number].report(happening.code, zone=happening.zone, happening=happening)


def _restored_later(world: World, panel: Panel, code: str, zone: str, seconds: float) -> None:
    if RESTORES[code] and world.rng.random() < RESTORED_RATIO:
        world.plan(world.rng.uniform(1.0, seconds), _told, world, panel, RESTORES[code], zone)


def _alarm(world: World) -> None:
    panel, zone = _panel(world), world.rng.choice(ZONES)
    _told(world, panel, "BA", zone)
    _restored_later(world, panel, "BA", zone, 300.0)
    if world.rng.random() < 0.3:  # the next detector
        world.plan(world.rng.uniform(2.0, 600.0), _told, world, panel, "BA", world.rng.choice(ZONES))


def _life(world: World) -> None:
    panel, code = _panel(world), world.rng.choice(("HA", "FA", "MA"))
    _told(world, panel, code, world.rng.choice(ZONES))
    _restored_later(world, panel, code, "1", 900.0)
    if world.rng.random() < 0.3:  # pressed again
        world.plan(world.rng.uniform(1.0, 200.0), _told, world, panel, code, world.rng.choice(ZONES))


def _tamper(world: World) -> None:
    panel, zone = _panel(world), world.rng.choice(ZONES)
    _told(world, panel, "TA", zone)
    _restored_later(world, panel, "TA", zone, 600.0)


def _openings(world: World) -> None:
    panel = _panel(world)
    _told(world, panel, world.rng.choice(("OP", "CL")), "7")
    if world.rng.random() < 0.4:  # an alarm at the door, and then its user
        world.plan(world.rng.uniform(1.0, 200.0), _told, world, panel, "BA", "1")
        world.plan(world.rng.uniform(1.0, 300.0), _told, world, panel, "OP", "7")


def _trouble(world: World) -> None:
    panel, code = _panel(world), world.rng.choice(("AT", "YC", "YT"))
    _told(world, panel, code, "0")
    _restored_later(world, panel, code, "0", 1500.0)


def _runaway(world: World) -> None:
    panel, zone = _panel(world), world.rng.choice(ZONES)
    gap_s = world.rng.uniform(3.0, 25.0)
    code = world.rng.choice(("BA", "YC", "HA"))
    for number in range(world.rng.randint(7, 14)):
        world.plan(number * gap_s, _of_burst, world, panel, code, zone)


def _of_burst(world: World, panel: Panel, code: str, zone: str) -> None:
    _told(world, panel, code, zone, is_of_burst=True)


def _swinger(world: World) -> None:
    panel, zone = _panel(world), world.rng.choice(ZONES)
    _told(world, panel, "CL", "7")
    for number in range(world.rng.randint(3, 5)):
        world.plan(30.0 + number * 60.0, _of_burst, world, panel, "BA", zone)
        world.plan(50.0 + number * 60.0, _of_burst, world, panel, "BR", zone)


def _cancel(world: World) -> None:
    panel, zone = _panel(world), world.rng.choice(ZONES)
    _told(world, panel, "BA", zone)
    world.plan(world.rng.uniform(5.0, 400.0), _told, world, panel, world.rng.choice(("OP", "BC")), "7")


def _routine(world: World) -> None:
    panel = _panel(world)
    if world.rng.random() < 0.5:
        _told(world, panel, "RP", "0")
        return
    for number in range(4):
        world.plan(number * 45.0, panel.poll)


def _storm(world: World) -> None:
    """One fault that every site has: the mains of a town, the network of an operator."""
    code = world.rng.choice(("AT", "YC"))
    for number in world.scene.panels:
        panel = world.panels[number]
        world.plan(world.rng.uniform(0.0, 20.0), _told, world, panel, code, "0")
        if world.rng.random() < RESTORED_RATIO:
            world.plan(world.rng.uniform(60.0, 2400.0), _told, world, panel, RESTORES[code], "0")


def _intruder(world: World) -> None:
    """Bytes that are none of ours: each is somebody's matter, and none of it is obeyed."""
    rng, panel = world.rng, _panel(world)
    now = world.true_now()
    match rng.randrange(5):
        case 0:
            data = rng.choice(NOISE)
        case 1:
            data = Dialler(account="9999").sia_dcs("Nri1/BA1", sequence=rng.randrange(1, 9999), now=now)
        case 2:  # in clear, in the name of an account that has a key
            data = Dialler(account=KEYED).sia_dcs("Nri1/OP7", sequence=rng.randrange(6000, 9999), now=now)
        case 3:
            forger = Dialler(account=KEYED, key=OTHER_KEY)
            data = forger.sia_dcs("Nri1/OP7", sequence=rng.randrange(6000, 9999), now=now, pad=bytes)
        case _:  # recorded and sent again
            told = [message for message in panel.messages.values() if message.acknowledged_at is not None]
            data = rng.choice(told).frame if told else rng.choice(NOISE)
    world.tell(f"somebody sends {data[:40]!r}")
    world.network.to_centre(panel, data)


def _flag(world: World) -> None:
    """Somebody comes to test: a flag, then signals of which some are meant and one may be real."""
    rng, panel = world.rng, _panel(world)
    operator = rng.choice(world.operators)
    operator.begin_test(panel.site.id, minutes=rng.uniform(6.0, 30.0), names_life=rng.random() < 0.4)
    for _ in range(rng.randint(1, 4)):
        code = rng.choice(("BA", "BA", "HA", "FA", "AT", "TA"))
        world.plan(rng.uniform(5.0, 1800.0), _told, world, panel, code, rng.choice(ZONES))
    if rng.random() < 0.4:
        world.plan(rng.uniform(60.0, 1200.0), operator.end_test, panel.site.id)
    if rng.random() < 0.4:
        world.plan(rng.uniform(60.0, 1200.0), operator.promote, panel.site.id)


def _by_hand(world: World) -> None:
    operator = world.rng.choice(world.operators)
    operator.open_by_hand(_panel(world).site.id)


def _import(world: World) -> None:
    """An administrator edits a site, or loads the same rules again, in the middle of everything."""
    rng = world.rng
    if rng.random() < 0.2:
        world.process.reload_rules()
        return
    site = _panel(world).site
    rings = list(site.guards)
    rng.shuffle(rings)
    waits_s = rng.choice((0.0, 60.0))
    edited = replace(
        site, name=f"Edited {site.id}", guards=tuple(rings), sla_from_receipt=rng.random() < 0.5,
        contacts=site.contacts[: rng.randint(1, 2)], call_lists={"keyholders": (site.contacts[0].id,)},
        conditioning=replace(site.conditioning, swinger_trips=rng.randint(0, 4), unset_filter_s=waits_s),
    )  # fmt: skip
    world.process.ask(lambda at: SiteImported(at=at, site=edited, actor=DAEMON), lambda answer: None)
