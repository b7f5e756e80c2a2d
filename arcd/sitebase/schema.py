"""What may stand in the YAML of a site base, field by field.

One rule: a form is what a person wrote, checked by itself: types, ranges, forms of numbers and addresses. Whether one
entry fits another is `arcd.sitebase.checks`; sealing keys and hashing words is `arcd.sitebase.sealing`.

Secrets are read into types that do not print, and no message of a check repeats what was written into a secret field.
"""

from __future__ import annotations

import re
import zoneinfo
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationInfo

from arcd.core.site import ContactRole, ErcContract, ErcTestRight, PathKind
from arcd.credentials import WORD_CHARS_MAX, check_word_hash
from arcd.loopback import is_loopback
from arcd.sitebase.field_schema import (
    POINTS_PER_SYSTEM_MAX,
    RELAYS_PER_SYSTEM_MAX,
    SOURCES_PER_SYSTEM_MAX,
    PointForm,
    RelayForm,
    SourceForm,
)
from arcd.sitebase.forms import (
    ID_CHARS_MAX,
    Form,
    Id,
    Name,
    ShortText,
    WireAddress,
    as_text,
    checked,
    matching,
)
from arcd.sitebase.times import Dates, Day, Duration, HoursField, LongerThanNothing, Week
from protocols.codec import ConnectionPolicy
from protocols.dc09.dialects import DIALECTS
from protocols.secrets import WireKey
from protocols.signals import Category
from rules.ats_categories import CATEGORIES
from rules.problems import write_instead
from rules.schema import fault
from rules.vocabulary import LANGUAGES, SERVICES

SITES_PER_FILE_MAX = 10_000
SYSTEMS_PER_SITE_MAX = 50
ACCOUNTS_PER_SYSTEM_MAX = 20
PATHS_PER_SYSTEM_MAX = 8
AREAS_PER_SYSTEM_MAX = 200
ZONES_PER_SYSTEM_MAX = 2_000
CONTACTS_MAX = 200  # of one site, and of the centre
GUARDS_MAX = 1_000  # of the centre
CALL_LISTS_MAX = 50
LIST_MAX = 100  # tags, phones, cameras, the names on one call list, …
TEXT_CHARS_MAX = 4_000
EMAIL_CHARS_MAX = 254  # RFC 5321 4.5.3.1.3 less the angle brackets
PAGER_CHARS_MAX = 16
PHONE_CHARS_MAX = 40
URL_CHARS_MAX = 2_000
ACCOUNT_CHARS_MAX = 32  # opaque to us, and up to 32 characters in the field (protocols.dc09); leading zeros count
PREFIX_CHARS_MAX = 6  # DC-09-2013 5.5.1.5, 5.5.1.6: receiver and line, 1 to 6 hex digits
WORD_HASH_CHARS_MAX = 400
WINDOW_S_MAX = 86_400.0
# A panel that is let go between two of its own messages connects anew for each; a week is longer than any test period.
IDLE_S_MIN, IDLE_S_MAX = 10.0, 7 * 86_400.0
TEST_INTERVAL_S_MIN = 600.0  # what comes more often than this is a heartbeat, and its own supervision watches it
MISSED_MAX = 100  # heartbeats in a row
TRANSMISSION_OPERATORS_MAX = 200  # of the centre
UPLINKS_MAX = 50
RUNAWAY_COUNT_MAX = 10_000
CALLS_BEFORE_DISPATCH_MAX = 10

_ACCOUNT = re.compile(r"[A-Za-z0-9_.-]+")
_PREFIX = re.compile(r"[0-9A-Fa-f]+")
_PHONE = re.compile(r"\+[1-9][0-9]{4,14}|[1-9][0-9]{2,5}")  # E.164, or a short number of this country
_PAGER = re.compile(r"[0-9]+")
_EMAIL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)*[A-Za-z0-9-]+")
_WORD = re.compile(r"[^\s/]+")
_ENCODINGS = ("utf-8", "windows-1252", "iso-8859-1", "iso-8859-15", "windows-1251")


def _phone_as_text(value: object) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool) and value > 999_999:
        raise fault("YAML reads this as a sum, and a leading + or 0 is lost", 'put it in quotes: "+358 40 555 0100"')
    return as_text(value)


def _phone(text: str) -> str:
    if not _PHONE.fullmatch(re.sub(r"[ ()-]", "", text)):
        raise fault("this is not a telephone number", 'write it with its country code: "+358 40 555 0100"')
    return text


def _timezone(name: str) -> str:
    try:
        zoneinfo.ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # not in the database; not a relative path; a directory of it
        advice = write_instead(name, zoneinfo.available_timezones())
        raise fault(
            f"{name} is no timezone", advice or "write a name of the tz database, like Europe/Helsinki"
        ) from None
    return name


def _language(text: str) -> str:
    if text not in LANGUAGES:
        raise fault(f"{text} is not a language of this system", write_instead(text, LANGUAGES))
    return text


def _service(text: str) -> str:
    if text not in SERVICES:
        raise fault(f"{text} is not a service", write_instead(text, SERVICES))
    return text


def _category(text: str) -> str:
    if text not in CATEGORIES:
        raise fault(f"{text} is no ATS category", write_instead(text, CATEGORIES))
    return text


def _encoding(text: str) -> str:
    if text.lower() not in _ENCODINGS:
        raise fault(f"{text} is not a text encoding panels use", write_instead(text, _ENCODINGS))
    return text.lower()


def _dialect(text: str) -> str:
    if text and text not in DIALECTS:
        raise fault(
            f"{text} is no dialect of a panel known here", write_instead(text, DIALECTS) or "see arcctl panel dialects"
        )
    return text


def _url(text: str, info: ValidationInfo) -> str:
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if host is None or parts.scheme not in ("http", "https") or not text.isascii() or any(c.isspace() for c in text):
        raise fault("this is not a web address", "write it like https://guard.example.org/arcd")
    if parts.username is not None or parts.password is not None:
        raise fault("a web address must not hold a user name or password", "remove it: requests are signed instead")
    if parts.fragment:
        raise fault("a web address to post to has no #", "remove the # and what follows it")
    if parts.scheme == "http" and not is_loopback(host) and not (info.context or {}).get("allow_plain_http"):
        raise fault("offers would cross the network unencrypted", "write https:// (http:// is for this machine only)")
    return text


def _wire_key(value: object) -> object:
    if not isinstance(value, str):
        raise fault("this is not a receiver key", 'put the key in quotes: key: "…"')
    try:
        return WireKey.parse(value)
    except ValueError as error:
        raise fault("this is not a receiver key", str(error)) from None


def _spoken(word: SecretStr) -> SecretStr:
    text = word.get_secret_value()
    if not text.strip() or len(text) > WORD_CHARS_MAX:
        raise fault("this is not a code word", f"write 1 to {WORD_CHARS_MAX} characters")
    return word


def _word_hash(text: str) -> str:
    try:
        check_word_hash(text)
    except ValueError as error:
        raise fault("this is not a code word hash", str(error)) from None
    return text


def _test_interval(seconds: float) -> float:
    if seconds < TEST_INTERVAL_S_MIN:
        raise fault("a periodic test does not come that often", "write the panel's own interval, like 24h")
    return seconds


_is_word = matching(_WORD, "one word", "write it without spaces and slashes, like high_value")
_is_email = matching(_EMAIL, "an e-mail address", "write it like name@example.org")
_is_pager = matching(_PAGER, "a pager's number", 'write digits: "550"')
_is_account = matching(_ACCOUNT, "an account number", 'write it as the panel sends it: "0042"')
_is_prefix = matching(_PREFIX, "a receiver or line number", "write 1 to 6 hex digits, or leave it out for any")

Text = Annotated[str, *checked(TEXT_CHARS_MAX)]
Tag = Annotated[str, *checked(ID_CHARS_MAX, _is_word)]
Language = Annotated[str, *checked(ID_CHARS_MAX, _language)]
Service = Annotated[str, *checked(ID_CHARS_MAX, _service)]
Timezone = Annotated[str, *checked(ID_CHARS_MAX, _timezone)]
AtsCategory = Annotated[str, *checked(ID_CHARS_MAX, _category)]
Encoding = Annotated[str, *checked(ID_CHARS_MAX, _encoding)]
Email = Annotated[str, *checked(EMAIL_CHARS_MAX, _is_email)]
Url = Annotated[str, *checked(URL_CHARS_MAX, _url)]
Phone = Annotated[str, *checked(PHONE_CHARS_MAX, _phone), BeforeValidator(_phone_as_text)]
Pager = Annotated[str, *checked(PAGER_CHARS_MAX, _is_pager), BeforeValidator(as_text)]
AccountNumber = Annotated[str, *checked(ACCOUNT_CHARS_MAX, _is_account)]
Prefix = Annotated[str, *checked(PREFIX_CHARS_MAX, _is_prefix)]
Key = Annotated[WireKey, BeforeValidator(_wire_key)]
Word = Annotated[SecretStr, BeforeValidator(as_text), AfterValidator(_spoken)]
WordHash = Annotated[str, *checked(WORD_HASH_CHARS_MAX, _word_hash)]
TestInterval = Annotated[Duration, AfterValidator(_test_interval)]
DialectName = Annotated[str, *checked(ID_CHARS_MAX, _dialect)]
IdleSeconds = Annotated[float, Field(ge=IDLE_S_MIN, le=IDLE_S_MAX)]
Seconds = Annotated[float, Field(ge=0, le=WINDOW_S_MAX)]
Names = Annotated[tuple[Id, ...], Field(max_length=LIST_MAX)]
Tags = Annotated[tuple[Tag, ...], Field(max_length=LIST_MAX)]
Languages = Annotated[tuple[Language, ...], Field(min_length=1, max_length=LIST_MAX)]
CallLists = Annotated[dict[Id, Names], Field(max_length=CALL_LISTS_MAX)]

SystemKind = Literal["intrusion", "holdup", "fire", "technical", "access", "video", "social", "bms"]


class PositionForm(Form):
    longitude: float = Field(ge=-180, le=180)
    latitude: float = Field(ge=-90, le=90)
    altitude_m: float | None = Field(default=None, ge=-500, le=9_000)


class AccountForm(Form):
    number: AccountNumber
    receiver: Prefix | None = None
    line: Prefix | None = None
    key: Key | None = None
    key_file: ShortText | None = None
    previous_key: Key | None = None
    previous_key_file: ShortText | None = None
    # What is not said below is as the dialect says.
    dialect: DialectName = ""
    window_past_s: Seconds | None = None
    window_future_s: Seconds | None = None
    ignore_crc: bool | None = None
    encoding: Encoding | None = None
    connection: ConnectionPolicy | None = None
    idle_limit_s: IdleSeconds | None = None


class ScheduleForm(Form):
    """Days without hours are closed; a date goes before a public holiday, and that before the day of the week."""

    weekdays: Week = Field(default_factory=dict)
    holiday: HoursField | None = None
    exceptions: Dates = Field(default_factory=dict)
    open_grace: LongerThanNothing | None = None
    close_grace: LongerThanNothing | None = None
    by_exception: bool = False


class AreaForm(Form):
    number: WireAddress
    name: ShortText = ""
    reports_open_close: bool = False
    schedule: ScheduleForm | None = None


class ZoneForm(Form):
    number: WireAddress
    name: ShortText = ""
    area: WireAddress | None = None
    kind: Tag = ""
    technology: ShortText = ""
    exterior: bool = False
    confirm_group: ShortText = ""
    cameras: Names = ()
    tags: Tags = ()


class PathForm(Form):
    """The names are those of `arcd.core.site.TransmissionPath`."""

    id: Id
    kind: PathKind = PathKind.PRIMARY
    account: AccountNumber | None = None
    receiver: Prefix | None = None
    line: Prefix | None = None
    gateway: Id | None = None
    interval: LongerThanNothing | None = None
    fixed_address: bool = False
    operator: Id | None = None
    network: ShortText = ""
    circuit: ShortText = ""


class ReportingForm(Form):
    primary: LongerThanNothing | None = None
    alternative: LongerThanNothing | None = None
    alternative_alone: LongerThanNothing | None = None
    missed: Annotated[int, Field(ge=1, le=MISSED_MAX)] | None = None
    grace: Duration | None = None
    settle: Duration | None = None


class SystemForm(Form):
    id: Id
    kind: SystemKind
    name: ShortText = ""
    accounts: tuple[AccountForm, ...] = Field(default=(), max_length=ACCOUNTS_PER_SYSTEM_MAX)
    areas: tuple[AreaForm, ...] = Field(default=(), max_length=AREAS_PER_SYSTEM_MAX)
    zones: tuple[ZoneForm, ...] = Field(default=(), max_length=ZONES_PER_SYSTEM_MAX)
    erc_device: ShortText | None = None
    erc_contract: ErcContract | None = None
    erc_test_right: ErcTestRight | None = None
    test_interval: TestInterval | None = None
    only_tests_count: bool = False
    category: AtsCategory | None = None
    paths: tuple[PathForm, ...] = Field(default=(), max_length=PATHS_PER_SYSTEM_MAX)
    reporting: ReportingForm = ReportingForm()
    transmission_operator: Id | None = None
    insurer: bool = False
    points: tuple[PointForm, ...] = Field(default=(), max_length=POINTS_PER_SYSTEM_MAX)
    relays: tuple[RelayForm, ...] = Field(default=(), max_length=RELAYS_PER_SYSTEM_MAX)
    sources: tuple[SourceForm, ...] = Field(default=(), max_length=SOURCES_PER_SYSTEM_MAX)


class AwayForm(Form):
    """Both days are included."""

    from_: Day = Field(alias="from")
    until: Day


class ContactForm(Form):
    id: Id
    name: Name
    roles: tuple[ContactRole, ...] = Field(default=(), max_length=LIST_MAX)
    languages: Languages = ("fi",)
    phones: tuple[Phone, ...] = Field(default=(), max_length=LIST_MAX)
    email: Email | None = None
    pager: Pager | None = None
    code_word: Word | None = None
    code_word_hash: WordHash | None = None
    duress_word: Word | None = None
    duress_word_hash: WordHash | None = None
    available: Week = Field(default_factory=dict)
    away: tuple[AwayForm, ...] = Field(default=(), max_length=LIST_MAX)
    substitute: Id | None = None


class ConditioningForm(Form):
    """What a site wants otherwise than usual; the names are those of `arcd.core.site.Conditioning`."""

    second_path: Duration | None = None
    delayed_after: LongerThanNothing | None = None
    swinger_trips: Annotated[int, Field(ge=0, le=1_000)] | None = None
    swinger_reset: LongerThanNothing | None = None
    runaway_count: Annotated[int, Field(ge=2, le=RUNAWAY_COUNT_MAX)] | None = None
    runaway_window: LongerThanNothing | None = None
    runaway_bucket: Annotated[int, Field(ge=2, le=RUNAWAY_COUNT_MAX)] | None = None
    runaway_refill: LongerThanNothing | None = None
    runaway_clear: LongerThanNothing | None = None
    cancel_window: Duration | None = None
    cancel_closes: bool | None = None
    unset_filter: Duration | None = None
    confirm_window: LongerThanNothing | None = None
    holdup_confirm_gap: Duration | None = None
    holdup_confirm_window: LongerThanNothing | None = None
    path_alarm_window: Duration | None = None
    mains_fail_delay: Duration | None = None
    auto_close_on_restore: Annotated[tuple[Category, ...], Field(max_length=LIST_MAX)] | None = None
    unrestored_alarm: LongerThanNothing | None = None
    unrestored_trouble: LongerThanNothing | None = None


class ArrangementsForm(Form):
    """What is done while the line of a fire system is down: `arcd.core.site.Arrangements`."""

    threshold: Duration | None = None
    check_in: LongerThanNothing | None = None
    instructions: dict[Language, Text] = Field(default_factory=dict)


class SiteForm(Form):
    id: Id
    name: Name
    address: ShortText = ""
    municipality: ShortText = ""
    position: PositionForm | None = None
    timezone: Timezone = "Europe/Helsinki"
    languages: Languages = ("fi",)
    kind: Tag = ""
    customer: ShortText = ""
    groups: Tags = ()
    tags: Tags = ()
    services: tuple[Service, ...] = Field(default=(), max_length=len(SERVICES))
    hazards: tuple[Text, ...] = Field(default=(), max_length=LIST_MAX)
    instructions: dict[Language, Text] = Field(default_factory=dict)
    systems: tuple[SystemForm, ...] = Field(default=(), max_length=SYSTEMS_PER_SITE_MAX)
    contacts: tuple[ContactForm, ...] = Field(default=(), max_length=CONTACTS_MAX)
    call_lists: CallLists = Field(default_factory=dict)
    guards: Names = ()
    conditioning: ConditioningForm = ConditioningForm()
    arrangements: ArrangementsForm = ArrangementsForm()
    erc_actual: bool = False
    calls_before_dispatch: Annotated[int, Field(ge=0, le=CALLS_BEFORE_DISPATCH_MAX)] = 2
    sla_from: Literal["decision", "receipt"] = "decision"


class SitesForm(Form):
    """A file under sites/."""

    sites: tuple[SiteForm, ...] = Field(max_length=SITES_PER_FILE_MAX)


class GuardForm(Form):
    id: Id
    name: Name
    company: ShortText = ""
    language: Language = "fi"
    webhook_url: Url | None = None
    email: Email | None = None
    phone: Phone | None = None


class TransmissionOperatorForm(Form):
    id: Id
    name: Name
    language: Language = "fi"
    email: Email | None = None
    phone: Phone | None = None
    webhook_url: Url | None = None


class UplinkForm(Form):
    id: Id
    gateways: Names


class CentreForm(Form):
    """centre.yaml."""

    name: Name = "arcd"
    language: Language = "fi"
    guards: tuple[GuardForm, ...] = Field(default=(), max_length=GUARDS_MAX)
    contacts: tuple[ContactForm, ...] = Field(default=(), max_length=CONTACTS_MAX)
    call_lists: CallLists = Field(default_factory=dict)
    transmission_operators: tuple[TransmissionOperatorForm, ...] = Field(
        default=(), max_length=TRANSMISSION_OPERATORS_MAX
    )
    uplinks: tuple[UplinkForm, ...] = Field(default=(), max_length=UPLINKS_MAX)
