"""Cases as people read them: one row in the queue, or one screen that has everything needed to act.

One rule: it prints what the daemon said; what matters most stands first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from arcd.cli.authority_text import render_authority
from arcd.cli.output import BAD, GOOD, PRIORITY_STYLES, QUIET, STRONG, WARNING, Output
from arcd.cli.times import at_zone

STEP_MARKS = {
    "pending": ("[ ]", ""),
    "active": ("[>]", WARNING),
    "overdue": ("[!]", BAD),
    "done": ("[x]", GOOD),
    "skipped": ("[-]", QUIET),
    "failed": ("[F]", BAD),
    "not_applicable": ("[/]", QUIET),
}

JsonObject = Mapping[str, Any]


def render_cases(out: Output, value: JsonObject) -> None:
    columns = ("case", "pri", "opened", "state", "site", "title", "signals", "in hand", "calls")
    out.table(
        columns,
        [
            (
                out.styled(row["id"], STRONG),
                out.styled(row["priority"], PRIORITY_STYLES.get(row["priority"], "")),
                row["opened_at_local"],
                row["state"],
                f"{row['site_id']} {row['site_name']}".strip(),
                row["title"],
                str(row["signal_count"]),
                row["owner"] or row["acknowledged_by"],
                out.styled(row["attention"], BAD) if row["attention"] else "",
            )
            for row in value["cases"]
        ],
        empty="no cases",
    )


def render_case(out: Output, case: JsonObject) -> None:
    zone = case["timezone"]
    priority = out.styled(f" {case['priority']} ", PRIORITY_STYLES.get(case["priority"], ""))
    out.line(out.styled(case["id"], STRONG), " ", priority, f" {case['type_title']} · ", case["state_title"])
    out.line(out.styled(case["title"], STRONG))
    _render_history(out, case, zone)
    _render_site(out, case["site"], case)
    _heading(out, f"signals ({case['signal_count']})", case["signals"])
    left_out = case["signals_left_out"] or {"after": None}
    for place, signal in enumerate(case["signals"]):
        if place == left_out["after"]:
            more = f"  … {left_out['count']} more: arcctl journal show --case {case['id']}"
            out.line(out.styled(more, QUIET))
        _render_signal(out, signal)
    if case["plan"] is not None:
        _render_plan(out, case["plan"], zone)
    for dispatch in case["dispatches"]:
        _render_dispatch(out, dispatch, zone)
    if case["authority"] is not None:
        render_authority(out, case["authority"], brief=True)
    if case["site"] is not None:
        _render_people(out, case["site"])
    if case["form"]:
        _heading(out, "form", True)
        for name, text in case["form"].items():
            out.line(f"  {name}: {text}")
    _heading(out, "told", case["informed"])
    for each in case["informed"]:
        over = f", of the end {at_zone(each['over_at'], zone)}" if each["over_at"] else ", not yet of the end"
        over = over if each["over_how"] != "notice" else ", of the end by a notice of its own"
        out.line(f"  {at_zone(each['at'], zone)} {each['name']} ({each['how']})", out.styled(over, QUIET))
    _heading(out, "notes", case["notes"])
    for note in case["notes"]:
        out.line(f"  {note['at_local']} ", out.styled(note["by"], QUIET))
        out.block(note["text"], indent=4)
    _heading(out, "happens by itself", case["deadlines"])
    for deadline in case["deadlines"]:
        out.line(f"  {deadline['due_local']} ", out.styled(deadline["key"], BAD if deadline["overdue"] else ""))
    _render_moves(out, case)


def _heading(out: Output, title: str, shown: object) -> None:
    if shown:
        out.line(out.styled(title, "bold cyan"))


def _render_history(out: Output, case: JsonObject, zone: str) -> None:
    told = [f"opened {case['opened_at_local']} by {case['opened_by']}"]
    if case["acknowledged_at"]:
        told.append(f"acknowledged {at_zone(case['acknowledged_at'], zone)} by {case['acknowledged_by']}")
    else:
        told.append("not acknowledged")
    if case["owner"]:
        told.append(f"in the hands of {case['owner']}")
    if case["closed_at"]:
        told.append(f"closed {at_zone(case['closed_at'], zone)} as {case['disposition'] or 'nothing in particular'}")
    out.line("; ".join(told))
    if case["attention"] and case["is_open"]:
        out.line(out.styled(f"has called for a person {case['attention']} times", BAD))
    out.line(
        out.styled(
            f"{case['category_text'] or 'no category'}, verification {case['verification']}, "
            f"route {case['route'] or 'none'}, rules {case['rules_digest'][:12] or 'none'}, version {case['version']}",
            QUIET,
        )
    )


def _render_site(out: Output, site: JsonObject | None, case: JsonObject) -> None:
    if site is None:
        out.line(f"site {case['site_id']} {case['site_name']} (not in the site base)" if case["site_id"] else "no site")
        return
    _heading(out, f"site {site['id']}", True)
    where = ", ".join(part for part in (site["address"], site["municipality"]) if part)
    out.line(f"  {site['name']}", f" · {where}" if where else "")
    for hazard in site["hazards"]:
        out.line("  ", out.styled(f"hazard: {hazard}", BAD))
    if site["instructions"]:
        out.block(site["instructions"])


def _render_signal(out: Output, signal: JsonObject) -> None:
    where = " ".join(
        f"{word} {signal[word]}" for word in ("area", "zone", "user") if signal[word] not in (None, "", "0")
    )
    zone_name = f" {signal['zone_name']}" if signal["zone_name"] else ""
    text = f" “{signal['text']}”" if signal["text"] else ""
    repeats = f" (+{signal['repeats']})" if signal["repeats"] else ""
    out.line(
        f"  {signal['at_local']} ",
        out.styled(f"{signal['code']} {signal['name'] or signal['category_text']}", STRONG),
        f" {signal['qualifier']}{' ' + where if where else ''}{zone_name}{text}{repeats}",
        out.styled(f"  account {signal['account']}, entry {signal['seq']}", QUIET),
    )
    for address in signal["media"]:
        out.line(f"    media {address}")


def _render_plan(out: Output, plan: JsonObject, zone: str) -> None:
    _heading(out, f"plan {plan['name']} v{plan['version']}: {plan['title']}", True)
    if plan["instructions"]:
        out.block(plan["instructions"])
    for step in plan["steps"]:
        mark, style = STEP_MARKS.get(step["status"], ("[?]", ""))
        words = [word for word in ("mandatory", "automatic") if step[word]]
        if step["due"] and step["status"] in ("active", "overdue"):
            words.append(f"due {at_zone(step['due'], zone)}")
        if step["ended_at"]:
            words.append(f"{at_zone(step['ended_at'], zone)} by {step['by'] or 'daemon'}")
        if step["outcome"]:
            words.append(step["outcome"])
        out.line(
            "  ",
            out.styled(f"{mark} {step['id']}", style),
            f"  {step['title']}",
            out.styled(f"  {', '.join(words)}" if words else "", QUIET),
        )
        if step["note"]:
            out.block(step["note"], indent=6)
        for attempt in step["attempts"]:
            who = attempt["contact_name"] or attempt["contact_id"]
            number = f" {attempt['number']}" if attempt["number"] else ""
            out.line(f"      {at_zone(attempt['at'], zone)} {who}{number}: {attempt['outcome']} ({attempt['by']})")
        if step["outcomes"] and step["status"] in ("active", "overdue"):
            out.line(out.styled(f"      answers: {', '.join(step['outcomes'])}", QUIET))


def _render_dispatch(out: Output, job: JsonObject, zone: str) -> None:
    guard = f": {job['guard_name'] or job['guard_id']} {job['guard_company']}".rstrip() if job["guard_id"] else ""
    _heading(out, f"guard job {job['step_id']}, {job['status']}{guard}", True)
    told = [f"decided {job['decided_at_local']}"]
    for word, name in (("accepted", "accepted_at"), ("expected", "eta"), ("on site", "on_site_at")):
        if job[name]:
            told.append(f"{word} {at_zone(job[name], zone)}")
    if job["sla_due"]:
        told.append(f"due on site {at_zone(job['sla_due'], zone)}")
    if job["sla_paused"]:
        told.append(f"clock stopped: {job['sla_paused']}")
    phone = f", phone {job['guard_phone']}" if job["guard_phone"] else ""
    out.line(f"  {', '.join(told)}{phone}")
    if job["sla_breached"]:
        out.line("  ", out.styled("later on site than agreed", BAD))
    for offer in job["offers"]:
        name = offer["guard_name"] or offer["guard_id"]
        out.line(f"  {offer['at_local']} offered to {name}: {offer['status']}", out.styled(f"  {offer['id']}", QUIET))
    for name, text in job["report"].items():
        out.line(f"  {name}: {text}")


def _render_people(out: Output, site: JsonObject) -> None:
    people = {person["id"]: person for person in site["contacts"]}
    _heading(out, "people", people)
    for person in people.values():
        roles = ", ".join(role.replace("_", " ") for role in person["roles"])
        word = ", code word" if person["code_word"] else ""
        out.line(f"  {person['name']} ", " ".join(person["phones"]), out.styled(f"  {roles}{word}", QUIET))
    for name, members in site["call_lists"].items():
        names = [people[member]["name"] if member in people else member for member in members]
        out.line(f"  list {name}: {', '.join(names)}")


def _render_moves(out: Output, case: JsonObject) -> None:
    _heading(out, "moves allowed now", case["moves"])
    for move in case["moves"]:
        gates = f"  needs {', '.join(move['gates'])}" if move["gates"] else ""
        out.line("  ", out.styled(move["name"], STRONG), f"  {move['title']}", out.styled(gates, QUIET))
        for field in move["form"]["fields"] if move["form"] else ():
            mandatory = " (mandatory)" if field["mandatory"] else ""
            choices = f": {', '.join(field['choices'])}" if field["choices"] else ""
            out.line(f"      --field {field['name']}=  {field['title']}{mandatory}{choices}")
