"""Forms → the core's values, with every key sealed and every code word hashed.

One rule: what has not changed keeps its sealed form. Sealing and hashing draw new nonces and salts, so without the
previous import every re-import of the same files would look like a change of every site.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from pydantic import SecretStr

from arcd.core.field import Point, Relay, Source, SubjectRule
from arcd.core.site import (
    Account,
    Area,
    Arrangements,
    Centre,
    Conditioning,
    Contact,
    Guard,
    Reporting,
    Schedule,
    SealedKey,
    Site,
    System,
    TransmissionOperator,
    TransmissionPath,
    Uplink,
    Zone,
)
from arcd.credentials import (
    CredentialError,
    Kek,
    KeySafe,
    TokenSafe,
    Urandom,
    hash_word,
    read_credential,
    read_secret,
    verify_word,
)
from arcd.sitebase.field_schema import PointForm, SourceForm
from arcd.sitebase.schema import (
    AccountForm,
    AreaForm,
    ArrangementsForm,
    CentreForm,
    ConditioningForm,
    ContactForm,
    PathForm,
    ReportingForm,
    SiteForm,
    SystemForm,
    ZoneForm,
)
from protocols.dc09.dialects import dialect_of
from protocols.modbus_points import PointSpec
from protocols.secrets import WireKey
from protocols.signals import Position


def open_account(form: AccountForm) -> Account:
    """The account without its keys: the form's own values, else its dialect's."""
    dialect = dialect_of(form.dialect)

    def own(name: str) -> Any:
        value = getattr(form, name)
        return getattr(dialect, name) if value is None else value

    return Account(
        number=form.number,
        receiver=form.receiver,
        line=form.line,
        window_past_s=own("window_past_s"),
        window_future_s=own("window_future_s"),
        ignore_crc=own("ignore_crc"),
        encoding=own("encoding"),
        dialect=form.dialect,
        connection=own("connection"),
        idle_limit_s=own("idle_limit_s"),
    )


class Sealer:
    """Makes core values of checked forms. `directory` is where relative `key_file` paths start."""

    def __init__(self, *, kek: Kek, urandom: Urandom, directory: Path) -> None:
        self._safe = KeySafe(kek, urandom=urandom)
        self._tokens = TokenSafe(kek)
        self._urandom = urandom
        self._directory = directory

    def site(self, form: SiteForm, previous: Site | None) -> Site:
        """CredentialError when a key file cannot be used."""
        sealed_before = {
            account.number: account for system in (previous.systems if previous else ()) for account in system.accounts
        }
        return Site(
            id=form.id,
            name=form.name,
            address=form.address,
            municipality=form.municipality,
            position=Position(**form.position.model_dump()) if form.position else None,
            timezone=form.timezone,
            languages=form.languages,
            kind=form.kind,
            customer=form.customer,
            groups=form.groups,
            tags=form.tags,
            services=form.services,
            hazards=form.hazards,
            instructions=form.instructions,
            systems=tuple(self._system(system, sealed_before) for system in form.systems),
            contacts=self._contacts(form.contacts, previous.contacts if previous else ()),
            call_lists=form.call_lists,
            guards=form.guards,
            conditioning=_conditioning(form.conditioning),
            arrangements=_arrangements(form.arrangements),
            erc_actual=form.erc_actual,
            calls_before_dispatch=form.calls_before_dispatch,
            sla_from_receipt=form.sla_from == "receipt",
        )

    def centre(self, form: CentreForm, previous: Centre | None) -> Centre:
        return Centre(
            name=form.name,
            language=form.language,
            guards=tuple(Guard(**guard.model_dump()) for guard in form.guards),
            contacts=self._contacts(form.contacts, previous.contacts if previous else ()),
            call_lists=form.call_lists,
            transmission_operators=tuple(
                TransmissionOperator(**operator.model_dump()) for operator in form.transmission_operators
            ),
            uplinks=tuple(Uplink(**uplink.model_dump()) for uplink in form.uplinks),
        )

    def key_of(self, account: AccountForm) -> WireKey | None:
        return account.key or self._from_file(account.key_file, account.number)

    def previous_key_of(self, account: AccountForm) -> WireKey | None:
        return account.previous_key or self._from_file(account.previous_key_file, account.number)

    # ------------------------------------------------------------------------------------------------------ systems

    def _system(self, form: SystemForm, before: Mapping[str, Account]) -> System:
        return System(
            id=form.id,
            kind=form.kind,
            name=form.name,
            accounts=tuple(self._account(account, before.get(account.number)) for account in form.accounts),
            areas=tuple(_area(area) for area in form.areas),
            zones=tuple(_zone(zone) for zone in form.zones),
            erc_device=form.erc_device,
            erc_contract=form.erc_contract,
            erc_test_right=form.erc_test_right,
            test_interval_s=form.test_interval,
            only_tests_count=form.only_tests_count,
            category=form.category,
            paths=tuple(_path(path) for path in form.paths),
            reporting=_reporting(form.reporting),
            transmission_operator=form.transmission_operator or "",
            insurer=form.insurer,
            points=tuple(_point(point) for point in form.points),
            relays=tuple(Relay(**relay.model_dump()) for relay in form.relays),
            sources=tuple(self._source(source, form) for source in form.sources),
        )

    def digest_of(self, form: SourceForm) -> str:
        """ "" while no token is given; CredentialError when its file cannot be used."""
        if form.token is not None:
            return self._tokens.digest(form.token.get_secret_value())
        if form.token_file is None:
            return ""
        path = self._directory / form.token_file
        return self._tokens.digest(read_secret(f"token of source {form.id}", file=path).get_secret_value().strip())

    def _source(self, form: SourceForm, system: SystemForm) -> Source:
        return Source(
            id=form.id,
            account=form.account or system.accounts[0].number,
            digest=self.digest_of(form),
            by=form.by,
            code=form.code,
            scheme=form.scheme,
            zone=form.zone,
            area=form.area,
            subjects=tuple(SubjectRule(**subject.model_dump()) for subject in form.subjects),
            retention=form.retention,
        )

    def _account(self, form: AccountForm, before: Account | None) -> Account:
        known = (before.key, before.previous_key) if before else ()
        written = self.key_of(form)
        account = replace(
            open_account(form),
            key=self._sealed(written, form.number, known),
            previous_key=self._sealed(self.previous_key_of(form), form.number, known),
        )
        if before is None or written is None or before.key is None:
            return account
        if account.key == before.key:
            return replace(account, offered_key=before.offered_key)
        if before.changed_from is not None and self._opens_to(before.changed_from, form.number, written):
            # The files still name the key that the panel was changed away from: with it, it would be unreadable.
            kept = (before.key, before.previous_key, before.offered_key, before.changed_from)
            return replace(account, key=kept[0], previous_key=kept[1], offered_key=kept[2], changed_from=kept[3])
        return account

    def _sealed(self, key: WireKey | None, number: str, known: tuple[SealedKey | None, ...]) -> SealedKey | None:
        if key is None:
            return None
        for sealed in known:
            if sealed is not None and self._opens_to(sealed, number, key):
                return sealed
        return self._safe.seal(key, number)

    def _opens_to(self, sealed: SealedKey, number: str, key: WireKey) -> bool:
        try:
            return self._safe.unseal(sealed, number) == key
        except CredentialError:
            return False  # sealed under an earlier key-encryption key: the import seals it anew

    def _from_file(self, name: str | None, number: str) -> WireKey | None:
        if name is None:
            return None
        path = self._directory / name
        text = read_credential(f"key of account {number}", file=path)
        try:
            return WireKey.parse(text.decode("ascii").strip())
        except ValueError:
            raise CredentialError(f"{path} holds no receiver key: write 32, 48 or 64 hex digits into it") from None

    # ----------------------------------------------------------------------------------------------------- contacts

    def _contacts(self, forms: tuple[ContactForm, ...], previous: tuple[Contact, ...]) -> tuple[Contact, ...]:
        before = {contact.id: contact for contact in previous}
        return tuple(self._contact(form, before.get(form.id)) for form in forms)

    def _contact(self, form: ContactForm, before: Contact | None) -> Contact:
        known = (before.code_word_hash, before.duress_word_hash) if before else (None, None)
        return Contact(
            id=form.id,
            name=form.name,
            roles=form.roles,
            languages=form.languages,
            phones=form.phones,
            email=form.email,
            pager=form.pager,
            code_word_hash=form.code_word_hash or self._hashed(form.code_word, known[0]),
            duress_word_hash=form.duress_word_hash or self._hashed(form.duress_word, known[1]),
            available=form.available,
            away=tuple((away.from_, away.until) for away in form.away),
            substitute=form.substitute,
        )

    def _hashed(self, word: SecretStr | None, known: str | None) -> str | None:
        if word is None:
            return None
        if known is not None and verify_word(known, word.get_secret_value()):
            return known
        return hash_word(word.get_secret_value(), urandom=self._urandom)


# Durations are `…_s` in the core, where they are numbers of seconds; people write "90s".
_COUNTS = frozenset({"swinger_trips", "runaway_count", "runaway_bucket", "cancel_closes", "auto_close_on_restore"})


def _arrangements(form: ArrangementsForm) -> Arrangements:
    usual = Arrangements()
    return Arrangements(
        threshold_s=usual.threshold_s if form.threshold is None else form.threshold,
        check_in_s=usual.check_in_s if form.check_in is None else form.check_in,
        instructions=form.instructions,
    )


def _conditioning(form: ConditioningForm) -> Conditioning:
    """What was not written stays at the core's default."""
    written = {name: value for name in type(form).model_fields if (value := getattr(form, name)) is not None}
    return Conditioning(**{name if name in _COUNTS else f"{name}_s": value for name, value in written.items()})


def _area(form: AreaForm) -> Area:
    schedule = None
    if form.schedule is not None:
        graces = {"open_grace_s": form.schedule.open_grace, "close_grace_s": form.schedule.close_grace}
        schedule = Schedule(
            weekdays=form.schedule.weekdays,
            holiday=form.schedule.holiday,
            exceptions=form.schedule.exceptions,
            by_exception=form.schedule.by_exception,
            **{name: value for name, value in graces.items() if value is not None},
        )
    return Area(number=form.number, name=form.name, reports_open_close=form.reports_open_close, schedule=schedule)


def _zone(form: ZoneForm) -> Zone:
    return Zone(**form.model_dump())


def _path(form: PathForm) -> TransmissionPath:
    return TransmissionPath(
        interval_s=form.interval, operator=form.operator or "", **form.model_dump(exclude={"interval", "operator"})
    )


def _reporting(form: ReportingForm) -> Reporting:
    return Reporting(
        primary_s=form.primary,
        alternative_s=form.alternative,
        alternative_alone_s=form.alternative_alone,
        missed=form.missed,
        grace_s=form.grace,
        settle_s=form.settle,
    )


_OF_THE_POINT = ("id", "device", "code", "scheme", "zone", "area", "unit")


def _point(form: PointForm) -> Point:
    written = form.model_dump()
    mine = {name: written.pop(name) for name in _OF_THE_POINT}
    return Point(spec=PointSpec(**written), **mine)
