"""The stage: four sites, three guards, the shipped rules, and a journal that holds just them.

One rule: as small as the plots allow. Every seed starts from a copy of one journal, because reading the rules takes
longer than a whole run.
"""

from __future__ import annotations

from functools import cache

from msgspec import Struct
from msgspec.structs import replace

from arcd.clock import VirtualClock
from arcd.core.facts import DAEMON, AnyFact, CentreImported, RulesLoaded, SiteImported, Started, Stopped
from arcd.core.site import (
    Account,
    Area,
    Centre,
    Conditioning,
    Contact,
    Guard,
    SealedKey,
    Site,
    System,
    TransmissionPath,
    Zone,
)
from arcd.core.station import Station
from arcd.runtime import Runtime
from arcd.store.memory import MemoryStore
from protocols.codec import WireProfile
from protocols.secrets import WireKey
from rules import shipped
from rules.engine import RuleSet
from rules.loader import load
from tests.shift.centre import Unwatched
from tests.sim.driving import drive

NS = 1_000_000_000
# Sunday 2026-03-01 10:00 UTC: every seed begins some time in the fortnight after it.
SCENE_AT = 1_772_359_200 * NS
FORTNIGHT_S = 14 * 86400
VERSION = "simulated"

KEY = WireKey.parse("ascii:a key for tests!")
KEYED = "2001"
DUTY, GUARD_MAIL, GUARD_HOOK = "duty@example.invalid", "g1@example.invalid", "http://127.0.0.1:1/g2"
GUARDS = (
    Guard(id="g1", name="Kaarti 1", language="en", email=GUARD_MAIL),
    Guard(id="g2", name="Kaarti 2", language="fi", webhook_url=GUARD_HOOK),
    Guard(id="g3", name="Kaarti 3", language="sv", email="g3@example.invalid", webhook_url="http://127.0.0.1:1/g3"),
)
GUARD_OF_ADDRESS = {address: guard.id for guard in GUARDS for address in (guard.email, guard.webhook_url) if address}
KEYHOLDERS = (
    Contact(id="helmi", name="Helmi", email="helmi@example.invalid", phones=("+358 40 555 0131",)),
    Contact(id="onni", name="Onni", phones=("+358 40 555 0133",)),
)
CENTRE = Centre(
    name="Simulated centre",
    language="en",
    guards=GUARDS,
    contacts=(Contact(id="duty", name="Duty", email=DUTY, phones=("+358 40 555 0170",)),),
    call_lists={"on_duty": ("duty",), "supervisors": ("duty",)},
)
ZONES = (
    Zone(number="1", name="Front door", area="1", kind="door", technology="magnetic"),
    Zone(number="2", name="Hall", area="1", kind="pir", technology="pir"),
    Zone(number="3", name="Store", area="1", kind="pir", technology="pir"),
    Zone(number="9", name="Vault", area="1", kind="seismic", technology="seismic"),
)
# Zone 9 is nobody's in the plots: the fresh alarm at the end comes from there.
PROBED_ZONE = "9"
HASTY = Conditioning(runaway_count=6, swinger_trips=2, mains_fail_delay_s=600.0)


def _site(site_id: str, *accounts: str, kind: str, conditioning: Conditioning, reports: bool, guard: bool) -> Site:
    numbers = tuple(
        Account(number=number, key=SealedKey(nonce="", ciphertext="") if number == KEYED else None)
        for number in accounts
    )
    system = System(
        id="panel", kind="intrusion", accounts=numbers, zones=ZONES,
        areas=(Area(number="1", reports_open_close=reports),),
    )  # fmt: skip
    return Site(
        id=site_id,
        name=f"Site {site_id}",
        address="Esimerkkitori 2",
        kind=kind,
        services=("alarm_monitoring", *(("guard_dispatch",) if guard else ())),
        systems=(system,),
        contacts=KEYHOLDERS,
        call_lists={"keyholders": ("helmi", "onni")},
        guards=("g1", "g2", "g3"),
        conditioning=conditioning,
        calls_before_dispatch=1,
    )


SHOP = _site("S-1", "1001", kind="shop", conditioning=Conditioning(), reports=True, guard=True)
BANK = _site("S-2", KEYED, kind="bank", conditioning=HASTY, reports=False, guard=True)
HOME = _site("S-3", "3001", kind="home", conditioning=replace(HASTY, cancel_closes=True), reports=True, guard=True)
OFFICE = _site("S-4", "4001", "4002", kind="office", conditioning=HASTY, reports=False, guard=True)


class Scene(Struct, frozen=True, kw_only=True):
    sites: tuple[Site, ...]
    panels: tuple[str, ...]  # that have something to say; a second path only repeats
    probed: str  # the panel whose fresh alarm is the last word
    poll_s: float = 0.0  # panels prove that they live this often; 0: nobody watches

    def site_of(self) -> dict[str, Site]:
        return {account.number: site for site in self.sites for system in site.systems for account in system.accounts}


TOWN = Scene(sites=(SHOP, BANK, HOME, OFFICE), panels=("1001", KEYED, "3001", "4001"), probed="4001")

# Supervised paths: enough of them to tell our own link from theirs (requirements 4.4: self first), of two operators.
WATCHED_POLL_S = 50.0
WATCHED_REPORT_S = 180.0  # SP4


def _watched(number: int) -> Site:
    site = _site(f"W-{number}", str(7000 + number), kind="shop", conditioning=HASTY, reports=False, guard=True)
    (system,) = site.systems
    system = replace(
        system, category="SP4", transmission_operator="east" if number % 2 else "west",
        paths=(TransmissionPath(id="ip", interval_s=WATCHED_POLL_S),),
    )  # fmt: skip
    return replace(site, systems=(system,))


WATCHED = Scene(
    sites=tuple(_watched(number) for number in range(1, 23)),
    panels=tuple(str(7000 + number) for number in range(1, 23)),
    probed="7001",
    poll_s=WATCHED_POLL_S,
)
SCENES = {"town": TOWN, "watched": WATCHED}
SITE_OF = {**TOWN.site_of(), **WATCHED.site_of()}
PROFILES = {KEYED: WireProfile(key=KEY)}
_UNKNOWN = WireProfile()


def profile_of(account: str) -> WireProfile:
    return PROFILES.get(account, _UNKNOWN)


@cache
def compiled() -> RuleSet:
    loaded = load(shipped.sources())
    assert loaded.ruleset is not None
    return loaded.ruleset


def new_station() -> Station:
    """With the shipped rules compiled already: reading them takes longer than a whole run."""
    station = Station()
    station.expect(compiled())
    station._rules = compiled()
    return station


@cache
def _scene_store(name: str) -> MemoryStore:
    clock = VirtualClock(SCENE_AT)
    store = MemoryStore(urandom=bytes)
    runtime = Runtime(
        station=new_station(), store=store, clock=clock, effectors=(), profiles_changed=lambda _: None,
        observer=Unwatched(),
    )  # fmt: skip
    drive(runtime.restore())
    at = clock.now()
    told: list[AnyFact] = [
        RulesLoaded(at=at, digest=compiled().digest, sources=shipped.sources(), actor=DAEMON),
        Started(at=at, version=VERSION),
        CentreImported(at=at, centre=CENTRE, actor=DAEMON),
        *(SiteImported(at=at, site=site, actor=DAEMON) for site in SCENES[name].sites),
        Stopped(at=at, reason="the scene is set"),
    ]
    for fact in told:
        runtime.post(fact)
    drive(runtime.checkpoint())
    return store


def scene_copy(name: str) -> MemoryStore:
    """A journal of one's own that holds the scene, as a daemon that was stopped in good order has left it."""
    scene = _scene_store(name)
    copied = scene.crash()
    scene._failure = None
    return copied
