"""Whether points, relays and sources fit the rest of a site base.

One rule: as in `checks`: every problem where it was written, and nothing changed. Whether a device is known to the
settings is not asked here: a site base is checked on machines that have other settings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from arcd.core.field import OPENS_A_WAY
from arcd.credentials import CredentialError
from arcd.sitebase.field_schema import PointForm, RelayForm, SourceForm, SubjectForm
from arcd.sitebase.schema import AccountForm, SystemForm
from arcd.sitebase.sealing import Sealer
from protocols.event_codes import STANDARD
from protocols.made_signals import sia_restore_of
from protocols.modbus_points import Number
from protocols.signals import Qualifier, Scheme, bare_address
from rules.problems import Problem, write_instead
from rules.yaml_source import Node, Place


def check_field(system: SystemForm, root: Node, path: Place) -> Iterator[Problem]:
    zones = [bare_address(zone.number) for zone in system.zones]
    for index, point in enumerate(system.points):
        yield from _point(point, system, zones, root, (*path, "points", index))
    for index, relay in enumerate(system.relays):
        yield from _relay(relay, root, (*path, "relays", index))
    for index, source in enumerate(system.sources):
        yield from _source(source, system, zones, root, (*path, "sources", index))


def _point(point: PointForm, system: SystemForm, zones: list[str], root: Node, here: Place) -> Iterator[Problem]:
    if not system.accounts:
        yield root.problem(here, f"system {system.id} has no account the point could report under", "add accounts")
    elif _has_key(system.accounts[0]):
        advice = "name an account without a key first: what a bus says is not encrypted under it"
        yield root.problem(here, f"the account of point {point.id} has a receiver key", advice)
    yield from _place(point, system, zones, root, here)
    yield from _code(point.code, point.scheme, root, here, needs_restore=True)
    is_number = not point.table.is_bits and point.bit is None
    if point.table.is_bits and point.bit is not None:
        yield root.problem((*here, "bit"), f"a {point.table.value} is a single bit", "remove bit")
    if is_number and point.above is None and point.below is None:
        yield root.problem(here, f"point {point.id} has no limit", "write above or below, or the bit that is the alarm")
    if not is_number:
        for field in ("above", "below"):
            if getattr(point, field) is not None:
                yield root.problem((*here, field), "a bit has no limits", "remove it, or read a register")
    elif point.active_low:
        yield root.problem((*here, "active_low"), "a number is not active low", "write below: instead")
    is_band = point.above is not None and point.below is not None
    if is_band and point.above - point.below <= 2 * point.hysteresis:  # type: ignore[operator]  # – neither is None
        yield root.problem((*here, "below"), "nothing would be left between the limits", "write a smaller number")
    is_wide = point.number not in (Number.UINT16, Number.INT16)
    if is_wide and not is_number:
        yield root.problem((*here, "number"), "a bit is no number", "remove number")


def _has_key(account: AccountForm) -> bool:
    return account.key is not None or account.key_file is not None


def _relay(relay: RelayForm, root: Node, here: Place) -> Iterator[Problem]:
    if relay.kind in OPENS_A_WAY and relay.pulse_s is None:
        yield root.problem(
            here, f"{relay.id} would stay open until somebody closes it", "write pulse_s: 3, or another length"
        )


def _source(source: SourceForm, system: SystemForm, zones: list[str], root: Node, here: Place) -> Iterator[Problem]:
    numbers = [account.number for account in system.accounts]
    if source.account and source.account not in numbers:
        advice = write_instead(source.account, numbers) or "name an account of this system"
        yield root.problem((*here, "account"), f"system {system.id} has no account {source.account}", advice)
    if not source.account and len(numbers) != 1:
        yield root.problem(here, f"system {system.id} has {len(numbers)} accounts", "say which one: account: …")
    own = [account for account in system.accounts if account.number == (source.account or account.number)]
    if any(_has_key(account) for account in own):
        advice = "give the source an account of its own: what it sends is not encrypted under that key"
        yield root.problem(here, f"the account of source {source.id} has a receiver key", advice)
    if (source.token is None) == (source.token_file is None):
        advice = "write token_file: <file>; make the token: openssl rand -hex 16"
        yield root.problem(here, f"source {source.id} needs one token", advice)
    if "mail" in source.by and not source.code:
        yield root.problem(here, "a mail names no event code", "write code: BA, or by: [http]")
    if source.code:
        yield from _code(source.code, source.scheme, root, here, needs_restore=False)
    yield from _place(source, system, zones, root, here)
    for index, subject in enumerate(source.subjects):
        inner = (*here, "subjects", index)
        yield from _place(subject, system, zones, root, inner)
        if subject.code:
            yield from _code(subject.code, source.scheme, root, inner, needs_restore=subject.restore)


def _place(
    entry: PointForm | SourceForm | SubjectForm, system: SystemForm, zones: list[str], root: Node, here: Place
) -> Iterator[Problem]:
    if entry.zone is not None and bare_address(entry.zone) not in zones:
        advice = write_instead(entry.zone, [zone.number for zone in system.zones]) or "add it under zones"
        yield root.problem((*here, "zone"), f"system {system.id} has no zone {entry.zone}", advice)
    areas = [area.number for area in system.areas]
    if entry.area is not None and bare_address(entry.area) not in map(bare_address, areas):
        advice = write_instead(entry.area, areas) or "add it under areas"
        yield root.problem((*here, "area"), f"system {system.id} has no area {entry.area}", advice)


def _code(code: str, scheme: Scheme, root: Node, here: Place, *, needs_restore: bool) -> Iterator[Problem]:
    known = STANDARD.lookup(scheme, code)
    if known is None:
        advice = "write a two-letter SIA code like BA, or scheme: contact_id and three digits"
        yield root.problem((*here, "code"), f"{code} is in no table of {scheme.value}", advice)
    elif needs_restore and known.qualifier is Qualifier.RESTORE:
        yield root.problem((*here, "code"), f"{code} is a restore", "write the code of the alarm; its restore is known")
    elif needs_restore and scheme is Scheme.SIA and sia_restore_of(known) is None:
        yield root.problem((*here, "code"), f"{code} has no restore: it would never be at rest", "choose another code")


def check_tokens(sources: Iterable[tuple[SourceForm, Node, Place]], sealer: Sealer) -> Iterator[Problem]:
    """Over the whole site base: a token says who is speaking, so no two sources have the same one."""
    first: dict[str, str] = {}
    for source, root, here in sources:
        try:
            digest = sealer.digest_of(source)
        except CredentialError as error:
            yield root.problem((*here, "token_file"), str(error), "")
            continue
        if digest in first:
            yield root.problem(here, f"the token of {source.id} is also that of {first[digest]}", "make another one")
        elif digest:
            node = root.at(here)
            first[digest] = f"{source.id} at {node.file}:{node.line}"
