"""Whether the entries of a site base fit each other.

One rule: a check looks at forms and says every problem where it was written; it changes nothing and repeats no secret.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pydantic import SecretStr

from arcd.credentials import CredentialError, same_word
from arcd.sitebase.field_checks import check_field, check_tokens
from arcd.sitebase.field_schema import SourceForm
from arcd.sitebase.path_checks import check_centre_paths, check_operators, check_paths
from arcd.sitebase.schema import AccountForm, CallLists, CentreForm, ContactForm, SiteForm, SystemForm
from arcd.sitebase.sealing import Sealer, open_account
from arcd.sitebase.times import HOLIDAY
from arcd.wire_profile import profile_of
from protocols.codec import WireProfile
from protocols.signals import bare_address
from rules.problems import Problem, Severity, write_instead
from rules.yaml_source import Node, Place

ON_DUTY = "on_duty"  # the call list when nobody else answers (arcd.core.site.Centre)


class Written(NamedTuple):
    """A site and where it stands."""

    site: SiteForm
    root: Node
    path: Place

    def problem(self, path: Place, message: str, advice: str = "", *, at_key: bool = False) -> Problem:
        return self.root.problem(self.path + path, message, advice, at_key=at_key)

    def place(self, path: Place) -> str:
        node = self.root.at(self.path + path)
        return f"{node.file}:{node.line}"


class _Use(NamedTuple):
    """An account and where it stands."""

    account: AccountForm
    written: Written
    path: Place

    @property
    def place(self) -> str:
        return self.written.place(self.path)


def check_centre(centre: CentreForm, root: Node) -> Iterator[Problem]:
    yield from _twice(root, ("guards",), [guard.id for guard in centre.guards], "guard")
    for index, guard in enumerate(centre.guards):
        if not guard.webhook_url and not guard.email:
            yield root.problem(
                ("guards", index), f"guard {guard.id} cannot be offered a job", "give it webhook_url or email, or both"
            )
    operators = [operator.id for operator in centre.transmission_operators]
    yield from _twice(root, ("transmission_operators",), operators, "transmission operator")
    yield from _twice(root, ("uplinks",), [uplink.id for uplink in centre.uplinks], "uplink")
    yield from check_centre_paths(centre, root)
    yield from _contacts(centre.contacts, root, ())
    yield from _call_lists(centre.call_lists, centre.contacts, root, ())
    if ON_DUTY not in centre.call_lists:
        yield root.problem(
            ("call_lists",),
            f"the call list {ON_DUTY} is missing: nobody would be told when nobody else answers",
            f"add {ON_DUTY}: [<contact id>] under call_lists",
        )


def check_sites(sites: list[Written], centre: CentreForm | None, sealer: Sealer) -> Iterator[Problem]:
    """`centre` is None when it could not be read; what refers to it is then left unchecked."""
    first: dict[str, Written] = {}
    for written in sites:
        site = written.site
        if site.id in first:
            yield written.problem(
                ("id",), f"site {site.id} is already at {first[site.id].place(('id',))}", "give every site its own id"
            )
        first.setdefault(site.id, written)
        yield from _site(written, centre)
    yield from _accounts(sites, sealer)
    yield from check_tokens(_sources(sites), sealer)


def _site(written: Written, centre: CentreForm | None) -> Iterator[Problem]:
    site, root, path = written.site, written.root, written.path
    yield from _twice(root, (*path, "systems"), [system.id for system in site.systems], "system")
    for index, system in enumerate(site.systems):
        yield from _system(system, root, (*path, "systems", index))
        yield from check_field(system, root, (*path, "systems", index))
    yield from _field_ids(site, root, path)
    yield from _contacts(site.contacts, root, path)
    yield from _call_lists(site.call_lists, site.contacts, root, path)
    if site.erc_actual and "erc_escalation" not in site.services:
        yield written.problem(
            ("erc_actual",),
            f"the contract of {site.id} does not include erc_escalation",
            "add it under services, or remove erc_actual",
        )
    if centre is None:
        return
    for index, system in enumerate(site.systems):
        yield from check_operators(system, centre, root, (*path, "systems", index))
    known = [guard.id for guard in centre.guards]
    for index, guard in enumerate(site.guards):
        if guard not in known:
            advice = write_instead(guard, known) or "add the guard to centre.yaml"
            yield written.problem(("guards", index), f"there is no guard {guard} in centre.yaml", advice)
    if not site.guards:
        problem = written.problem(
            (), f"site {site.id} has no guards: no job can be offered", "add guards: [<guard id>]"
        )
        yield _as_warning(problem)


def _system(system: SystemForm, root: Node, path: Place) -> Iterator[Problem]:
    areas = [bare_address(area.number) for area in system.areas]
    yield from _twice(root, (*path, "areas"), areas, "area", field="number")
    yield from _twice(root, (*path, "zones"), [bare_address(z.number) for z in system.zones], "zone", field="number")
    yield from _expectations(system, root, path)
    yield from _twice(root, (*path, "paths"), [each.id for each in system.paths], "path")
    yield from check_paths(system, root, path)
    for index, zone in enumerate(system.zones):
        if not bare_address(zone.number):
            yield root.problem(
                (*path, "zones", index, "number"), "zone 0 is what panels send for no zone", "number zones from 1"
            )
        if zone.area is not None and bare_address(zone.area) not in areas:
            yield root.problem(
                (*path, "zones", index, "area"),
                f"system {system.id} has no area {zone.area}",
                write_instead(zone.area, [area.number for area in system.areas]) or "add it under areas",
            )


def _field_ids(site: SiteForm, root: Node, path: Place) -> Iterator[Problem]:
    """Points and relays are named by site and id, whichever system they belong to."""
    for kind, what in (("points", "point"), ("relays", "relay"), ("sources", "source")):
        first: dict[str, int] = {}
        for s, system in enumerate(site.systems):
            for index, entry in enumerate(getattr(system, kind)):
                here = (*path, "systems", s, kind, index, "id")
                line = root.at(here).line
                if entry.id in first:
                    message = f"{what} {entry.id} is already on line {first[entry.id]}"
                    yield root.problem(here, message, f"give every {what} of the site its own id")
                first.setdefault(entry.id, line)


def _sources(sites: list[Written]) -> Iterator[tuple[SourceForm, Node, Place]]:
    for written in sites:
        for s, system in enumerate(written.site.systems):
            for index, source in enumerate(system.sources):
                yield source, written.root, (*written.path, "systems", s, "sources", index)


def _expectations(system: SystemForm, root: Node, path: Place) -> Iterator[Problem]:
    """What is expected of a panel must be something it reports."""
    for index, area in enumerate(system.areas):
        here = (*path, "areas", index, "schedule")
        if area.schedule is None:
            continue
        if not area.reports_open_close:
            yield root.problem(
                here,
                f"area {area.number} has a schedule and does not report openings and closings",
                "add reports_open_close: true, or remove the schedule",
            )
        if HOLIDAY in area.schedule.weekdays:
            yield root.problem(
                (*here, "weekdays", HOLIDAY), "a holiday is no day of the week", "write holiday: beside weekdays:"
            )
        if not area.schedule.weekdays and not area.schedule.exceptions:
            yield _as_warning(
                root.problem(here, f"area {area.number} is never open by this schedule", "give weekdays their hours")
            )
    if system.only_tests_count and system.test_interval is None:
        yield root.problem(
            (*path, "only_tests_count"), f"system {system.id} is not expected to test", "add test_interval: 24h"
        )
    for field, value in (("erc_contract", system.erc_contract), ("erc_test_right", system.erc_test_right)):
        if value is not None and system.erc_device is None:
            yield root.problem(
                (*path, field),
                f"system {system.id} is not connected to the emergency response centre",
                "add erc_device, or remove this",
            )


def _calendars(contacts: tuple[ContactForm, ...], root: Node, path: Place) -> Iterator[Problem]:
    known = {contact.id: contact for contact in contacts}
    for index, contact in enumerate(contacts):
        here = (*path, "contacts", index)
        for place, away in enumerate(contact.away):
            if away.until < away.from_:
                yield root.problem((*here, "away", place, "until"), "it ends before it begins", "swap the two dates")
        if contact.available and not any(hours.opens is not None for hours in contact.available.values()):
            yield root.problem(
                (*here, "available"),
                f"contact {contact.id} could never be called",
                "give hours, or remove available for any time",
            )
        if contact.substitute is None:
            continue
        if contact.substitute not in known:
            advice = write_instead(contact.substitute, known) or "add the contact under contacts"
            yield root.problem((*here, "substitute"), f"there is no contact {contact.substitute} here", advice)
        elif contact.id in _stand_ins(contact, known):
            yield root.problem(
                (*here, "substitute"),
                f"contact {contact.id} would stand in for itself in the end",
                "name somebody who is outside this circle",
            )


def _stand_ins(contact: ContactForm, known: dict[str, ContactForm]) -> list[str]:
    """Who stands in, who for that one, and so on; each once."""
    found: list[str] = []
    at = known.get(contact.substitute or "")
    while at is not None and at.id not in found:
        found.append(at.id)
        at = known.get(at.substitute or "")
    return found


def _contacts(contacts: tuple[ContactForm, ...], root: Node, path: Place) -> Iterator[Problem]:
    yield from _twice(root, (*path, "contacts"), [contact.id for contact in contacts], "contact")
    yield from _calendars(contacts, root, path)
    for index, contact in enumerate(contacts):
        here = (*path, "contacts", index)
        for name, word, word_hash in (
            ("code_word", contact.code_word, contact.code_word_hash),
            ("duress_word", contact.duress_word, contact.duress_word_hash),
        ):
            if word is not None and word_hash is not None:
                yield root.problem((*here, name), f"both {name} and {name}_hash are given", "keep one of the two")
        if _are_alike(contact.code_word, contact.duress_word):
            yield root.problem(
                (*here, "duress_word"), "the duress word is the code word", "choose words that cannot be confused"
            )


def _are_alike(word: SecretStr | None, other: SecretStr | None) -> bool:
    return word is not None and other is not None and same_word(word.get_secret_value(), other.get_secret_value())


def _call_lists(lists: CallLists, contacts: tuple[ContactForm, ...], root: Node, path: Place) -> Iterator[Problem]:
    known = {contact.id: contact for contact in contacts}
    for name, ids in lists.items():
        here = (*path, "call_lists", name)
        if not ids:
            yield root.problem(here, f"the call list {name} is empty", "name at least one contact, or remove the list")
        for index, contact_id in enumerate(ids):
            contact = known.get(contact_id)
            if contact is None:
                advice = write_instead(contact_id, known) or "add the contact under contacts"
                yield root.problem((*here, index), f"there is no contact {contact_id} here", advice)
            elif not contact.phones and not contact.email and not contact.pager:
                yield root.problem(
                    (*here, index),
                    f"contact {contact_id} cannot be reached",
                    "give it phones, email or a pager",
                )


def _twice(root: Node, path: Place, names: Iterable[str], what: str, *, field: str = "id") -> Iterator[Problem]:
    first: dict[str, int] = {}
    for index, name in enumerate(names):
        if name in first:
            line = root.at((*path, first[name], field)).line
            message = f"{what} {name} is already on line {line}"
            yield root.problem((*path, index, field), message, f"give every {what} its own {field}")
        first.setdefault(name, index)


def _as_warning(problem: Problem) -> Problem:
    return Problem(
        file=problem.file,
        line=problem.line,
        column=problem.column,
        severity=Severity.WARNING,
        message=problem.message,
        advice=problem.advice,
    )


# ----------------------------------------------------------------------------------------------------------- accounts


def _accounts(sites: list[Written], sealer: Sealer) -> Iterator[Problem]:
    by_number: dict[str, list[_Use]] = {}
    for written in sites:
        for s, system in enumerate(written.site.systems):
            for a, account in enumerate(system.accounts):
                use = _Use(account, written, ("systems", s, "accounts", a))
                by_number.setdefault(account.number.upper(), []).append(use)
    for uses in by_number.values():
        profiles: list[WireProfile | None] = []
        for index, use in enumerate(uses):
            problem, profile = _keys(use, sealer)
            yield from problem
            profiles.append(profile)
            yield from _clash(use, profile, uses[:index], profiles)


def _clash(
    use: _Use, profile: WireProfile | None, earlier: list[_Use], profiles: list[WireProfile | None]
) -> Iterator[Problem]:
    """At most one problem: the first earlier account it cannot live with."""
    number = use.account.number
    for other, other_profile in zip(earlier, profiles, strict=False):
        if _overlap(use.account, other.account):
            yield use.written.problem(
                (*use.path, "number"),
                f"account {number} is already at {other.place} for the same receiver and line",
                "give the panel another number, or tell the two apart by receiver and line",
            )
            return
        if profile is not None and other_profile is not None and profile != other_profile:
            yield use.written.problem(
                (*use.path, "number"),
                f"account {number} at {other.place} is read differently (key, dialect, time window, CRC, encoding or "
                "connection), and a frame is opened by its account number alone",
                "give both the same key and settings, or one panel another number",
            )
            return


def _overlap(a: AccountForm, b: AccountForm) -> bool:
    """None means any, so it overlaps everything."""

    def meet(x: str | None, y: str | None) -> bool:
        return x is None or y is None or bare_address(x).upper() == bare_address(y).upper()

    return meet(a.receiver, b.receiver) and meet(a.line, b.line)


def _keys(use: _Use, sealer: Sealer) -> tuple[list[Problem], WireProfile | None]:
    account = use.account
    problems: list[Problem] = []

    def refuse(field: str, message: str, advice: str) -> None:
        problems.append(use.written.problem((*use.path, field), message, advice))

    for field, key, file in (
        ("key", account.key, account.key_file),
        ("previous_key", account.previous_key, account.previous_key_file),
    ):
        if key is not None and file is not None:
            refuse(field, f"both {field} and {field}_file are given", "keep one of the two")
    opened = []
    for field, read in (("key_file", sealer.key_of), ("previous_key_file", sealer.previous_key_of)):
        try:
            opened.append(read(account))
        except CredentialError as error:
            refuse(field, str(error), "")
    if len(opened) < 2:
        return problems, None
    key, previous_key = opened
    if previous_key is not None and key is None:
        refuse("previous_key", "there is a previous key and no key", "write the key now in force as key")
    return problems, profile_of(open_account(account), key=key, previous_key=previous_key)
