"""What tests and maintenance look like on a terminal.

One rule: words and tables only; nothing here asks the daemon.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from arcd.cli.output import BAD, GOOD, QUIET, STRONG, WARNING, Output, render_granted

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
JsonObject = Mapping[str, Any]


def render_started(out: Output, answer: JsonObject) -> None:
    flag = answer["flag"]
    if flag is None:
        render_granted(out, answer)
        return
    begins = "" if flag["in_force"] else f"from {flag['starts_at_local']} "
    out.line(
        out.styled("done", GOOD),
        f" {flag['id']}: {flag['site_id']} {flag['site_name']}, {scope_text(flag)}, {begins}until ",
        out.styled(flag["until_local"], STRONG),
    )
    if answer.get("message"):
        out.line(out.styled(answer["message"], WARNING))


def render_flags(out: Output, value: JsonObject) -> None:
    out.table(
        ("id", "site", "covers", "until", "state", "held", "placed by", "on the word of", "reason"),
        [
            (
                out.styled(flag["id"], STRONG),
                f"{flag['site_id']} {flag['site_name']}".strip(),
                scope_text(flag),
                flag["until_local"],
                out.styled("in force", WARNING)
                if flag["in_force"]
                else out.styled(f"from {flag['starts_at_local']}", QUIET),
                str(flag["held"]),
                flag["placed_by"],
                f"{flag['requested_by']} {flag['verified_how']}".strip(),
                flag["reason"],
            )
            for flag in value["flags"]
        ],
        empty="nothing is on test or out of service here",
    )


def scope_text(flag: JsonObject) -> str:
    names = {"systems": "system", "areas": "area", "zones": "zone", "categories": "only"}
    parts = [f"{names[part]} {', '.join(members)}" for part, members in flag["scope"].items() if members]
    told = "; ".join(parts) or "all"
    return told if flag["scope"]["categories"] else f"{told} (not life safety)"


def render_flag(out: Output, flag: JsonObject) -> None:
    if flag["ended_at"] is not None:
        state = out.styled(f"ended, {flag['because']}", QUIET)
    else:
        state = out.styled("in force", WARNING) if flag["in_force"] else out.styled("to come", QUIET)
    out.line(out.styled(f"{flag['id']} {flag['kind'].replace('_', ' ')}", STRONG), " ", state)
    for name, text in _facts(flag):
        if text:
            out.line(out.styled(f"  {name:<12}", QUIET), text)
    if flag["case_id"]:
        told = "accepted" if flag["accepted"] else f"waits to be accepted: `arcctl case show {flag['case_id']}`"
        out.line(out.styled(f"  {'result':<12}", QUIET), out.styled(told, GOOD if flag["accepted"] else WARNING))
    _render_zones(out, flag)
    _render_signals(out, flag)


def _facts(flag: JsonObject) -> list[tuple[str, str]]:
    by = f"{flag['requested_by']} ({flag['verified_how']})" if flag["requested_by"] else flag["verified_how"]
    notices = [f"{notice['kind']} {notice['at_local']} to {notice['to']}" for notice in flag["notices"]]
    return [
        ("site", f"{flag['site_id']} {flag['site_name']}"),
        ("covers", scope_text(flag)),
        ("time", f"{flag['starts_at_local']} – {flag['until_local']}" + (" (extended)" if flag["extended"] else "")),
        ("reason", flag["reason"]),
        ("placed by", f"{flag['placed_by']}, on the word of {by}"),
        ("work order", flag["work_order"]),
        ("owner", flag["owner"] if flag["kind"] == "maintenance" else ""),
        ("informed", ", ".join(flag["informed"])),
        ("out of hours", flag["override_reason"]),
        ("device", ", ".join(flag["erc_devices"])),
        ("told", "; ".join(notices)),
        ("R-66", "the emergency centre was not called first" if flag["announced_first"] is False else ""),
        ("comes again", _series(flag["series"]) if flag["series"] else ""),
    ]


def _series(series: JsonObject) -> str:
    day = WEEKDAYS[series["day"] - 1] if series["every"] == "week" else f"day {series['day']} of the month"
    return f"every {day} at {series['at_local']} until {series['ends_at'][:10]}"


def _render_zones(out: Output, flag: JsonObject) -> None:
    if flag["expected"]:
        heard = len(flag["expected"]) - len(flag["missing"])
        out.line(out.styled(f"  {'zones':<12}", QUIET), f"{heard} of {len(flag['expected'])} heard")
    if flag["missing"]:
        out.line(out.styled(f"  {'not heard':<12}", QUIET), out.styled(", ".join(flag["missing"]), WARNING))
    if flag["standing"]:
        told = ", ".join(f"{one['system_id']}/{one['zone'] or '–'} {one['category']}" for one in flag["standing"])
        out.line(out.styled(f"  {'not restored':<12}", QUIET), " ", out.styled(told, WARNING))


def _render_signals(out: Output, flag: JsonObject) -> None:
    if flag["emergencies"]:
        out.line(out.styled(f"emergency signals: {flag['emergency_count']}", BAD))
        _table(out, flag["emergencies"])
    if flag["signals"]:
        shown = len(flag["signals"])
        more = f", {flag['held'] - shown} more stand in the journal" if flag["held"] > shown else ""
        out.line(f"signals held: {flag['held']}{more}")
        _table(out, flag["signals"])
        out.line(out.styled("what is real is made live by: promote ID SEQ --reason …", QUIET))


def _table(out: Output, signals: list[JsonObject]) -> None:
    out.table(
        ("seq", "time", "system", "zone", "code", "category", ""),
        [
            (
                out.styled(f"{held['seq']}" + (f"#{held['index']}" if held["index"] else ""), STRONG),
                held["at_local"],
                held["system_id"],
                f"{held['zone']} {held['zone_name']}".strip(),
                f"{held['code']} {held['code_name']}".strip(),
                f"{held['category']} {held['qualifier']}",
                out.styled("made live", GOOD) if held["promoted"] else "",
            )
            for held in signals
        ],
    )
