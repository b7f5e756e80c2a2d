"""Whether the paths of a system fit its category, and the limits of supervision fit the paths.

One rule: as in `checks`: every problem is said where it was written, and nothing is changed.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from arcd.core.site import PathKind, Reporting, System, TransmissionPath
from arcd.core.supervision.limits import limits_of
from arcd.sitebase.schema import CentreForm, SystemForm
from rules.ats_categories import BUDGET, CATEGORIES
from rules.problems import Problem, Severity, write_instead
from rules.yaml_source import Node, Place


def check_paths(system: SystemForm, root: Node, path: Place) -> Iterator[Problem]:
    if system.category is None:
        for field in ("paths", "reporting", "transmission_operator", "insurer"):
            if field in system.model_fields_set:
                yield root.problem(
                    (*path, field),
                    f"the connection of system {system.id} is not supervised",
                    "add category: SP2 (or another ATS category of EN 50136-1), or remove this",
                )
        return
    if not system.accounts:
        yield root.problem((*path, "category"), f"system {system.id} has no account to be heard from", "add accounts:")
    yield from _kinds(system, root, path)
    numbers = {account.number for account in system.accounts}
    for index, each in enumerate(system.paths):
        if each.account is not None and each.account not in numbers:
            yield root.problem(
                (*path, "paths", index, "account"),
                f"system {system.id} has no account {each.account}",
                write_instead(each.account, numbers) or "add it under accounts",
            )
        alike = [other.id for other in system.paths[:index] if _same_match(other, each)]
        if alike:
            yield root.problem(
                (*path, "paths", index),
                f"nothing tells the frames of path {each.id} from those of {alike[0]}",
                "give one of them its own account, receiver, line or gateway",
            )
        yield from _intervals(system, index, root, path)


def _kinds(system: SystemForm, root: Node, path: Place) -> Iterator[Problem]:
    assert system.category is not None
    wanted = CATEGORIES[system.category].paths
    primaries = sum(each.kind is PathKind.PRIMARY for each in system.paths)
    alternatives = len(system.paths) - primaries
    if wanted == 1 and len(system.paths) > 1:
        yield root.problem(
            (*path, "paths"), f"{system.category} has one transmission path", "choose a DP category, or name one path"
        )
    if wanted > 1 and (primaries != 1 or not alternatives):
        yield root.problem(
            (*path, "paths" if system.paths else "category"),
            f"{system.category} needs one primary path and an alternative one",
            "under paths: give each its id, and kind: alternative to the second",
        )
    if wanted == 1 and alternatives:
        yield root.problem((*path, "paths"), f"{system.category} has no alternative path", "write kind: primary")


def _intervals(system: SystemForm, index: int, root: Node, path: Place) -> Iterator[Problem]:
    """A path that speaks more seldom than its category allows silence would fail without end."""
    form = system.paths[index]
    if form.interval is None:
        return
    checked = System(
        id=system.id,
        kind=system.kind,
        category=system.category,
        reporting=Reporting(
            primary_s=system.reporting.primary,
            alternative_s=system.reporting.alternative,
            alternative_alone_s=system.reporting.alternative_alone,
            settle_s=system.reporting.settle,
        ),
    )
    longest_s = limits_of(checked, TransmissionPath(id=form.id, kind=form.kind)).silent_s
    here = (*path, "paths", index, "interval")
    grace_s = BUDGET.grace_s if system.reporting.grace is None else system.reporting.grace
    if form.interval + min(grace_s, form.interval / 4) > longest_s:
        yield root.problem(
            here,
            f"{system.category} allows a silence of {longest_s:.0f} s, and a heartbeat every {form.interval:.0f} s is "
            "late before it is missed",
            "shorten the panel's interval, or choose another category",
        )
    elif 2 * form.interval > longest_s:
        problem = root.problem(
            here,
            f"one missed heartbeat of path {form.id} is a fault ({longest_s:.0f} s of silence are allowed)",
            f"an interval of {longest_s / 3:.0f} s or less would allow for two",
        )
        yield replace(problem, severity=Severity.WARNING)


def _same_match(one: object, other: object) -> bool:
    fields = ("account", "receiver", "line", "gateway")
    return all(getattr(one, field) == getattr(other, field) for field in fields)


def check_operators(system: SystemForm, centre: CentreForm, root: Node, path: Place) -> Iterator[Problem]:
    known = [operator.id for operator in centre.transmission_operators]
    named = [((*path, "transmission_operator"), system.transmission_operator)]
    named += [((*path, "paths", index, "operator"), each.operator) for index, each in enumerate(system.paths)]
    for here, operator in named:
        if operator is not None and operator not in known:
            advice = write_instead(operator, known) or "add it under transmission_operators in centre.yaml"
            yield root.problem(here, f"there is no transmission operator {operator} in centre.yaml", advice)


def check_centre_paths(centre: CentreForm, root: Node) -> Iterator[Problem]:
    behind: dict[str, str] = {}
    for index, uplink in enumerate(centre.uplinks):
        for gateway in uplink.gateways:
            if gateway in behind:
                yield root.problem(
                    ("uplinks", index, "gateways"),
                    f"listener {gateway} is behind {behind[gateway]} already",
                    "name every listener once",
                )
            behind.setdefault(gateway, uplink.id)
