"""The site base as the core knows it: sites, systems, accounts, zones, contacts, call lists and guards.

One rule: frozen values without secrets in clear. Receiver keys arrive sealed, code words as argon2 hashes; both were
made by the shell when the administrator imported them. Reading YAML is `arcd.sitebase`.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from arcd.core.field import Point, Relay, Source
from protocols.codec import ConnectionPolicy
from protocols.signals import Category, Position, bare_address
from rules.model import SiteView, ZoneView


class SealedKey(Struct, frozen=True, kw_only=True):
    """A receiver key under the key-encryption key (AES-256-GCM, the account as associated data). Base64 text."""

    nonce: str
    ciphertext: str


class Account(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A system's number within a receiver/line namespace. None for receiver or line means any."""

    number: str
    receiver: str | None = None
    line: str | None = None
    key: SealedKey | None = None
    previous_key: SealedKey | None = None
    window_past_s: float = 40.0  # DC-09-2013 5.5.1.9 per protocols.dc09
    window_future_s: float = 20.0
    ignore_crc: bool = False
    encoding: str = "utf-8"
    dialect: str = ""  # a row of protocols.dc09.dialects; what it sets and an account may set is resolved here
    connection: ConnectionPolicy = ConnectionPolicy.KEEP_OPEN
    idle_limit_s: float | None = None  # of its connection; None: the limit of the settings
    offered_key: SealedKey | None = None  # of a key change that the panel has not taken yet (`keychange`)
    changed_from: SealedKey | None = None  # the key it was changed away from: an import that names it is out of date


class Zone(Struct, frozen=True, kw_only=True, omit_defaults=True):
    number: str
    name: str = ""
    area: str | None = None
    kind: str = ""  # "door", "pir", "smoke", "panic", …
    technology: str = ""  # independent detectors differ in technology or coverage (requirements 2.5)
    exterior: bool = False  # exterior detectors do not confirm
    confirm_group: str = ""  # zones of one group overlap in coverage and do not confirm each other
    cameras: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


class Hours(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Opening and closing of one day in minutes of the local day; closing may come after midnight (> 1440).

    Both None: the area stays closed that day.
    """

    opens: int | None = None
    closes: int | None = None


class Schedule(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When an area should be open. Days without hours are closed; exceptions win over holidays, those over weekdays."""

    weekdays: dict[str, Hours] = {}  # "mon" … "sun"
    holiday: Hours | None = None  # None: a holiday is like the weekday it falls on
    exceptions: dict[str, Hours] = {}  # "2026-12-24" → hours of that date
    open_grace_s: float = 15 * 60.0  # requirements 4.4, late to open
    close_grace_s: float = 30 * 60.0  # late to close
    # The panel reports only what happens outside its hours: then silence at closing time says that all is well.
    by_exception: bool = False


class Area(Struct, frozen=True, kw_only=True, omit_defaults=True):
    number: str
    name: str = ""
    reports_open_close: bool = False
    schedule: Schedule | None = None


class Conditioning(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is done to signals before they are decided on. Defaults: requirements 4.4. Life safety passes all of it.

    0 seconds, and a count of 0, turn a rule off.
    """

    second_path_s: float = 300.0  # the same panel time, code and zone over another path within this is a copy
    delayed_after_s: float = 600.0  # panel time older than this: flagged, its age shown
    swinger_trips: int = 3  # trips and restores of one zone in one armed period; 0: off
    swinger_reset_s: float = 24 * 3600.0
    runaway_count: int = 10  # in runaway_window_s
    runaway_window_s: float = 300.0
    runaway_bucket: int = 20  # refilled by one every runaway_refill_s: catches slow leaks
    runaway_refill_s: float = 600.0
    runaway_clear_s: float = 1800.0  # below the limit for so long ends it
    cancel_window_s: float = 300.0
    cancel_closes: bool = False  # the contract allows closing without an operator's glance
    unset_filter_s: float = 120.0  # 0: off
    confirm_window_s: float = 45 * 60.0  # anchored to the first activation
    holdup_confirm_gap_s: float = 120.0
    holdup_confirm_window_s: float = 20 * 3600.0
    path_alarm_window_s: float = 3600.0  # path fault and alarm within this are evidence of each other
    mains_fail_delay_s: float = 1800.0  # a mains failure shorter than this asks nothing of anyone
    auto_close_on_restore: tuple[Category, ...] = (Category.TROUBLE, Category.SUPERVISION)
    unrestored_alarm_s: float = 4 * 3600.0
    unrestored_trouble_s: float = 24 * 3600.0


class ErcContract(StrEnum):
    """The customer's contract with the emergency response centre on this device (requirements 1.4)."""

    NONE = "none"
    DRAFT = "draft"
    SUBMITTED = "submitted"
    REJECTED = "rejected"
    IN_FORCE = "in_force"
    TERMINATION_NOTICED = "termination_noticed"  # service, testing and billing go on to the end date
    ENDED = "ended"


class ErcTestRight(StrEnum):
    NONE = "none"
    GRANTED = "granted"
    SUSPENDED_NO_CONTRACT = "suspended_no_contract"
    SUSPENDED_UNPAID = "suspended_unpaid"


class PathKind(StrEnum):
    PRIMARY = "primary"
    ALTERNATIVE = "alternative"


class TransmissionPath(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One transmission path (ATP) of a system: how its frames are told from those of the other paths.

    None for account, receiver, line or gateway means any; the path that names most of what a frame bears takes it.
    """

    id: str
    kind: PathKind = PathKind.PRIMARY
    account: str | None = None
    receiver: str | None = None
    line: str | None = None
    gateway: str | None = None  # the listener it arrives at: "dc09-udp"
    interval_s: float | None = None  # between two heartbeats; None: not known
    fixed_address: bool = False  # it always comes from one address: from another one it is worth a look
    operator: str = ""  # the transmission operator, of the centre; "": that of the system
    network: str = ""  # what fails as one within the operator: an access point, an AS, an exchange
    circuit: str = ""  # the operator's own name for the connection


class Reporting(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a system wants otherwise than its ATS category says (rules/data/ats_categories.yaml). None: the category's.

    The times are the longest from the failure of a path to its report at the centre.
    """

    primary_s: float | None = None
    alternative_s: float | None = None  # while the primary path works
    alternative_alone_s: float | None = None  # while the primary path is down
    missed: int | None = None  # heartbeats that may be missed, where the path's interval is known
    grace_s: float | None = None  # lateness that is no silence
    settle_s: float | None = None  # how long a fault is watched before it is anybody's matter


class System(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A panel (järjestelmä) with the accounts it reports under."""

    id: str
    kind: str  # "intrusion", "holdup", "fire", "technical", "access", "video", "social", "bms"
    name: str = ""
    accounts: tuple[Account, ...] = ()
    areas: tuple[Area, ...] = ()
    zones: tuple[Zone, ...] = ()
    # Connected to the emergency response centre by itself, under this device number (R-50…R-79).
    erc_device: str | None = None
    erc_contract: ErcContract | None = None  # None: not known here, and then it refuses nothing
    erc_test_right: ErcTestRight | None = None
    # A periodic test is expected this often; None: none is. Any signal counts unless only tests do.
    test_interval_s: float | None = None
    only_tests_count: bool = False
    # Line supervision: an ATS category of rules/data/ats_categories.yaml; None: nobody watches the connection.
    category: str | None = None
    paths: tuple[TransmissionPath, ...] = ()  # none named: one, that takes every frame of the system
    reporting: Reporting = Reporting()
    transmission_operator: str = ""  # of its paths, where a path names none
    insurer: bool = False  # automatic fire detection that an insurance rests on ("finanssialan", R-17)
    points: tuple[Point, ...] = ()
    relays: tuple[Relay, ...] = ()
    sources: tuple[Source, ...] = ()

    def zone(self, number: str | None) -> Zone | None:
        wanted = bare_address(number)
        if not wanted:
            return None
        return next((zone for zone in self.zones if bare_address(zone.number) == wanted), None)


class ContactRole(StrEnum):
    KEY_HOLDER = "key_holder"
    ALARM_CONTACT = "alarm_contact"  # listed for the ERC device
    ON_TEST_AUTHORITY = "on_test_authority"
    DOOR_OPEN_AUTHORITY = "door_open_authority"
    BILLING = "billing"


class Contact(Struct, frozen=True, kw_only=True, omit_defaults=True):
    id: str
    name: str
    roles: tuple[ContactRole, ...] = ()
    languages: tuple[str, ...] = ("fi",)
    phones: tuple[str, ...] = ()
    email: str | None = None
    pager: str | None = None  # its number on the paging line
    code_word_hash: str | None = None  # argon2id
    duress_word_hash: str | None = None
    # When this person may be called: "mon" … "sun", "holiday" → minutes of the local day; empty: always.
    available: dict[str, Hours] = {}
    away: tuple[tuple[str, str], ...] = ()  # local dates, from and until (both included)
    substitute: str | None = None  # contact who is called instead while away


class Arrangements(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Exceptional arrangements while the line of a fire system is down (R-20)."""

    # Unrestored for so long from the beginning of the fault: agree on them with the rescue department. 0: at once.
    threshold_s: float = 3600.0  # the Finnish practice, requirements 4.10
    check_in_s: float = 3600.0  # between two rounds of whoever was sent
    instructions: dict[str, str] = {}  # language → what the subscriber wants ordered, and from whom


class Site(Struct, frozen=True, kw_only=True, omit_defaults=True):
    id: str
    name: str
    address: str = ""
    municipality: str = ""
    position: Position | None = None
    timezone: str = "Europe/Helsinki"
    languages: tuple[str, ...] = ("fi",)
    kind: str = ""
    customer: str = ""
    groups: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    hazards: tuple[str, ...] = ()
    instructions: dict[str, str] = {}  # language → standing notes for operators and guards
    systems: tuple[System, ...] = ()
    contacts: tuple[Contact, ...] = ()
    call_lists: dict[str, tuple[str, ...]] = {}  # name → contact ids, in order
    guards: tuple[str, ...] = ()  # guard ids, in the order they are offered a job
    conditioning: Conditioning = Conditioning()
    # Messages to the emergency response centre may be Actual and not Exercise; settings must allow it as well.
    erc_actual: bool = False
    # Distinct numbers tried before a guard is sent to an unconfirmed intrusion at a home (requirements 4.7); 0: off.
    calls_before_dispatch: int = 2
    arrangements: Arrangements = Arrangements()
    sla_from_receipt: bool = False  # the contract counts from the signal's receipt, not from the decision (4.8)

    def contact(self, contact_id: str) -> Contact | None:
        return next((contact for contact in self.contacts if contact.id == contact_id), None)

    def relay(self, relay_id: str) -> Relay | None:
        relays = (relay for system in self.systems for relay in system.relays)
        return next((relay for relay in relays if relay.id == relay_id), None)

    def view(self) -> SiteView:
        return SiteView(id=self.id, kind=self.kind, groups=self.groups, tags=self.tags, services=self.services)


class Guard(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A guard unit that can be offered a job, and how it is reached. Both channels are used when both are given."""

    id: str
    name: str
    company: str = ""
    language: str = "fi"
    webhook_url: str | None = None
    email: str | None = None
    phone: str | None = None


class TransmissionOperator(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who carries the alarms (R-19): told of a connection fault at once."""

    id: str
    name: str
    language: str = "fi"
    email: str | None = None
    phone: str | None = None
    webhook_url: str | None = None


class Uplink(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A connection of our own and the listeners behind it: when it is cut, all of them fall silent together."""

    id: str
    gateways: tuple[str, ...] = ()


class Centre(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What belongs to the centre and not to a site: guards, its own people and the lists of last resort."""

    name: str = "arcd"
    language: str = "fi"  # of case titles and of messages to the centre's own people
    guards: tuple[Guard, ...] = ()
    contacts: tuple[Contact, ...] = ()
    call_lists: dict[str, tuple[str, ...]] = {}  # must hold "on_duty": the person when nobody else answers
    transmission_operators: tuple[TransmissionOperator, ...] = ()
    uplinks: tuple[Uplink, ...] = ()

    def transmission_operator(self, operator_id: str) -> TransmissionOperator | None:
        return next((each for each in self.transmission_operators if each.id == operator_id), None)

    def guard(self, guard_id: str) -> Guard | None:
        return next((guard for guard in self.guards if guard.id == guard_id), None)

    def contact(self, contact_id: str) -> Contact | None:
        return next((contact for contact in self.contacts if contact.id == contact_id), None)


def zone_view(zone: Zone) -> ZoneView:
    return ZoneView(number=zone.number, name=zone.name, kind=zone.kind, tags=zone.tags)
