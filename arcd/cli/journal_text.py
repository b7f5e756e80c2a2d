"""A journal entry as a person reads it: when, what happened, what was judged and why, what was done about it.

One rule: it says what the entry says, in its order, and leaves out nothing a person could ask about. A kind it does not
know (of a newer daemon) is shown as it is.
"""

from __future__ import annotations

from typing import Any

from arcd.cli.fact_text import JsonObject, describe_fact
from arcd.cli.output import BAD, GOOD, PRIORITY_STYLES, QUIET, STRONG, WARNING, Output
from arcd.cli.times import local_and_utc, read_instant, span

JUDGED_STYLES = {
    "opened": BAD,
    "joined": WARNING,
    "restored": GOOD,
    "held": "magenta",
    "refused": BAD,
    "logged": QUIET,
    "duplicate": QUIET,
    "copy": QUIET,
    "pending": WARNING,
    "swinger": WARNING,
    "folded": WARNING,
}

# The last word of a note's name says whether it is good news.
NOTE_STYLES = {
    **dict.fromkeys(("overdue", "failed", "exhausted", "nobody", "missed", "breached", "passed", "refused"), BAD),
    **dict.fromkeys(("timed_out", "declined", "undelivered", "unreachable", "called", "ending", "cancelled"), WARNING),
    **dict.fromkeys(("closed", "accepted", "on_site", "secured", "cleared"), GOOD),
}
REPLY_STYLES = {"ack": GOOD, "nak": BAD, "duh": BAD, "none": WARNING, "rsp": GOOD}


def render_entry(out: Output, entry: JsonObject) -> None:
    at = read_instant(entry["at"])
    assert at is not None, "an entry has an instant"
    subject = f"  {entry['subject']}" if entry["subject"] else ""
    out.line(
        out.styled(f"#{entry['seq']}", STRONG),
        f"  {local_and_utc(at)}",
        out.styled(f"  {entry['kind']}{subject}", "cyan"),
    )
    record = entry["record"]
    if record is None:
        out.line(out.styled("    erased; the chain still proves that something stood here", QUIET))
        return
    first, *more = describe_fact(record["fact"])
    out.line("    ", first)
    for line in more:
        out.line("      ", line)
    for judgement in record.get("judgements", ()):
        _render_judgement(out, judgement)
    for note in record.get("notes", ()):
        _render_note(out, note)
    for effect in record.get("effects", ()):
        _render_effect(out, effect)


def _render_judgement(out: Output, judgement: JsonObject) -> None:
    judged = judgement["judged"]
    where = " ".join(part for part in (judgement.get("case_id"), judgement.get("flag_id")) if part)
    because = f": {judgement['because']}" if judgement.get("because") else ""
    which = f"signal {judgement['index'] + 1} " if judgement.get("index") else ""
    which += f"of entry {judgement['seq']} " if judgement.get("seq") else ""
    out.line("    → ", which, out.styled(judged, JUDGED_STYLES.get(judged, "")), f" {where}" if where else "", because)
    decision = judgement.get("decision")
    if decision is not None:
        quiet = "" if decision.get("opens_case", True) else ", opens no case"
        rules = f", rules {decision['rules_digest'][:12]}" if decision.get("rules_digest") else ""
        out.line(
            "      route ",
            out.styled(decision["route"], STRONG),
            f" → plan {decision['plan']}, ",
            out.styled(decision["priority"], PRIORITY_STYLES.get(decision["priority"], "")),
            f"{quiet} ",
            out.styled(f"({decision['reason']}{rules})", QUIET),
        )


def _render_note(out: Output, note: JsonObject) -> None:
    style = NOTE_STYLES.get(note["what"].rpartition(".")[2], "")
    subject = f" {note['subject']}" if note.get("subject") else ""
    detail = details(note.get("detail", {}))
    out.line("    · ", out.styled(note["what"], style), subject, f"  {detail}" if detail else "")


def _render_effect(out: Output, effect: JsonObject) -> None:
    match effect["effect"]:
        case "reply":
            told = out.styled(effect["reply"].upper(), REPLY_STYLES.get(effect["reply"], ""))
            out.line("    ⇒ reply ", told)
        case "answer":
            told = out.styled("granted", GOOD) if effect["granted"] else out.styled("refused", BAD)
            rule = f" by {effect['rule']}" if effect.get("rule") else ""
            subject = f" {effect['subject']}" if effect.get("subject") else ""
            message = f": {effect['message']}" if effect.get("message") else ""
            out.line("    ⇒ ", told, rule, subject, message)
        case "profiles_changed":
            out.line(f"    ⇒ receiver keys and accounts of {effect['site_id']} are taken over")
        case "erase_payloads":
            out.line(f"    ⇒ the content of {len(effect['seqs'])} entries is erased")
        case "prune_entries":
            out.line(f"    ⇒ the entries up to {effect['through']} are given up")
        case "send_mail":
            out.line(f"    ⇒ mail {effect['id']}{_try(effect)} to {', '.join(effect['to'])}: “{effect['subject']}”")
        case "send_page":
            out.line(f"    ⇒ page {effect['id']}{_try(effect)} to {effect['address']}: “{effect['text']}”")
        case "post_webhook":
            out.line(f"    ⇒ webhook {effect['id']}{_try(effect)} {effect['topic']} to {effect['url']}")
        case "send_alert":
            message = effect["message"]
            what = f"{message['status']} {message['msg_type']} {message['identifier']}"
            out.line(f"    ⇒ CAP {effect['id']}{_try(effect)} {what} to the authority: {message.get('note', '')}")
        case "switch_relay":
            length = f" for {effect['pulse_s']:g} s" if effect.get("pulse_s") else ""
            what = f"{'on' if effect['on'] else 'off'}{length}"
            out.line(f"    ⇒ relay {effect['id']}: {effect['site_id']} {effect['relay_id']} {what}")
        case other:
            out.line(f"    ⇒ {other} {details(effect)}")


def _try(effect: JsonObject) -> str:
    return f" (attempt {effect['attempt']})" if effect.get("attempt", 1) > 1 else ""


def details(values: JsonObject) -> str:
    """ "name value, …" without what is empty; instants and durations as people read them."""
    return ", ".join(
        f"{name.removesuffix('_s')} {_readable(name, value)}"
        for name, value in values.items()
        if value not in (None, "")
    )


def _readable(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name.endswith("_s") and isinstance(value, int | float):
        return span(value)
    if name in ("until", "due") and (instant := read_instant(value)) is not None:
        return local_and_utc(instant)
    return str(value)
