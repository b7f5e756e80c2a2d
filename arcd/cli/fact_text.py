"""What each kind of fact says, in a sentence or a few lines.

One rule: one function per kind of `arcd.core.facts`; a test holds the table against the vocabulary. Fields at their
default are not in the journal's JSON, so everything optional is asked for with `get`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sized
from typing import Any

from arcd.cli.audit_text import AUDIT_FACTS
from arcd.cli.times import local_and_utc, read_instant, span

PATHS_SHOWN_MAX = 20  # of one entry

JsonObject = Mapping[str, Any]
OUTCOMES = {
    "delivered": "was delivered",
    "refused": "was refused for good",
    "failed": "has failed",
    "unknown": "MAY OR MAY NOT HAVE HAPPENED",
}

Describe = Callable[[JsonObject], list[str]]


def describe_fact(fact: JsonObject) -> list[str]:
    """At least one line."""
    describe = FACTS.get(fact["fact"])
    if describe is None:
        return [f"{fact['fact']}: " + ", ".join(f"{name} {value}" for name, value in fact.items() if name != "fact")]
    return describe(fact)


def _frame_received(fact: JsonObject) -> list[str]:
    received = fact["received"]
    origin = received["origin"]
    words = [f"{received['protocol']} {received['token']}"]
    if received.get("sequence") is not None:
        words.append(f"sequence {received['sequence']}")
    prefix = "".join(f" {name} {origin[name]}" for name in ("receiver", "line") if origin.get(name) is not None)
    whose = "the receiver itself," if received.get("speaker") == "receiver" else f"account {origin['account']}"
    words.append(f"{whose}{prefix}")
    if received.get("session_account") not in (None, origin["account"]):
        words.append(f"sent for {received['session_account']}")
    words.append("AES" if received.get("protection") == "encrypted" else "plain")
    if received.get("clock_skew_s") is not None:
        words.append(f"panel's clock {received['clock_skew_s']:+.0f} s")
    lines = [f"{', '.join(words)}, from {fact['peer']} by {fact['gateway']}"]
    if received.get("problem"):
        lines.append(f"NOT TO BE TRUSTED: {received['problem'].replace('_', ' ')}")
    lines += [_signal(signal) for signal in received.get("signals", ())]
    if received.get("remarks"):
        lines.append(f"tolerated: {', '.join(received['remarks'])}")
    raw = _raw(received.get("raw", ""))
    return [*lines, f"raw {raw}"] if raw else lines


def _signal(signal: JsonObject) -> str:
    from protocols.event_codes import STANDARD
    from protocols.signals import Scheme

    schemes = {scheme.value: scheme for scheme in Scheme}
    scheme = schemes.get(signal["scheme"])
    known = STANDARD.lookup(scheme, signal["code"]) if scheme is not None else None
    name = f" {known.name}" if known is not None else " (code in no table)" if signal["scheme"] != "arcd" else ""
    where = "".join(f", {word} {signal[word]}" for word in ("area", "zone", "user") if signal.get(word) is not None)
    text = f", “{signal['text']}”" if signal.get("text") else ""
    occurred = read_instant(signal.get("occurred_at"))
    happened = f", happened {local_and_utc(occurred)}" if occurred is not None else ""
    media = "".join(f", media {address}" for address in signal.get("media", ()))
    extra = "".join(f", {name} {value}" for name, value in signal.get("extra", ()))
    category = signal["category"].replace("_", " ")
    return f"{signal['code']}{name}: {category}, {signal['qualifier']}{where}{text}{happened}{media}{extra}"


def _raw(encoded: str) -> str:
    """Bytes stand in JSON as base64."""
    import base64

    try:
        return base64.b64decode(encoded, validate=True).decode("latin-1")
    except ValueError:
        return encoded


def _frame_malformed(fact: JsonObject) -> list[str]:
    malformed = fact["malformed"]
    times = f", {fact['count']} times" if fact.get("count", 1) > 1 else ""
    what = f"{malformed['protocol']} bytes that are no frame ({malformed['reason']}: {malformed['detail']}){times}"
    return [f"{what}, from {fact['peer']} by {fact['gateway']}", f"raw {_raw(malformed['raw'])}"]


def _accounts_heard(fact: JsonObject) -> list[str]:
    paths = fact.get("paths", {})
    told = [f"{_count(fact['heard'], 'account')} heard from"]
    told += [f"{_count(paths, 'path')} that speak seldom heard from"] if paths else []
    return told + [
        f"every path that may be silent for {limit} s, and is up, heard since {local_and_utc(instant)}"
        for limit, at in fact.get("floors", {}).items()
        if (instant := read_instant(at)) is not None
    ]


def _paths_silent(fact: JsonObject) -> list[str]:
    return [f"{_count(fact['silent'], 'path')} silent", *_each_path(fact["silent"])]


def _paths_heard_again(fact: JsonObject) -> list[str]:
    return [f"{_count(fact['heard'], 'path')} heard again", *_each_path(fact["heard"])]


def _each_path(heard: JsonObject) -> list[str]:
    shown = list(heard.items())[:PATHS_SHOWN_MAX]
    told = [f"{key} last heard {local_and_utc(at)}" for key, each in shown if (at := read_instant(each)) is not None]
    return [*told, f"and {len(heard) - len(shown)} more"] if len(heard) > len(shown) else told


def _line_lost(fact: JsonObject) -> list[str]:
    detail = f": {fact['detail']}" if fact.get("detail") else ""
    return [f"line {fact['line']} IS LOST ({fact['fault']}){detail}"]


def _line_restored(fact: JsonObject) -> list[str]:
    return [f"line {fact['line']} is open"]


def _lines_heard(fact: JsonObject) -> list[str]:
    return [f"heard from {_count(fact['heard'], 'line')}: {', '.join(sorted(fact['heard']))}"]


def _started(fact: JsonObject) -> list[str]:
    told = f"arcd {fact['version']} started"
    down_since = read_instant(fact.get("down_since"))
    if down_since is None:
        return [f"{told} for the first time"]
    how = "stopped" if fact.get("clean", True) else "LAST HEARD OF, WITHOUT A GOODBYE"
    return [f"{told}; {how} {local_and_utc(down_since)}"]


def _stopped(fact: JsonObject) -> list[str]:
    return [f"arcd stopped: {fact['reason']}"]


def _clock_stepped(fact: JsonObject) -> list[str]:
    way = "forward" if fact["step_s"] > 0 else "back"
    return [f"the machine's clock was set {way} by {span(abs(fact['step_s']))}"]


def _deadline_reached(fact: JsonObject) -> list[str]:
    due = read_instant(fact["due"])
    return [f"time is up for {fact['key']}" + (f", due {local_and_utc(due)}" if due is not None else "")]


def _step_failed(fact: JsonObject) -> list[str]:
    return [f"a {fact['failed_kind']} COULD NOT BE DIGESTED: {fact['error']}", f"it said {fact['failed_fact']}"]


def _daemon_troubled(fact: JsonObject) -> list[str]:
    state = "is over" if fact.get("cleared") else "of the daemon itself"
    return [f"trouble {state}: {fact['code']}: {fact['detail']}"]


def _journal_restored(fact: JsonObject) -> list[str]:
    head_at = read_instant(fact["head_at"])
    upto = f", which ends {local_and_utc(head_at)}" if head_at is not None else ""
    return [f"{fact['by']} RESTORED THE JOURNAL from {fact['backup']}{upto}; what had followed it is not here"]


def _rules_loaded(fact: JsonObject) -> list[str]:
    return [f"{_by(fact)} put rules {fact['digest'][:12]} into force ({_count(fact['sources'], 'file')})"]


def _centre_imported(fact: JsonObject) -> list[str]:
    centre = fact["centre"]
    counts = f"{_count(centre.get('guards', ()), 'guard')}, {_count(centre.get('contacts', ()), 'contact')}"
    return [f"{_by(fact)} imported the centre: {counts}"]


def _site_imported(fact: JsonObject) -> list[str]:
    site = fact["site"]
    return [f"{_by(fact)} imported site {site['id']} {site['name']}: {_count(site.get('systems', ()), 'system')}"]


def _site_removed(fact: JsonObject) -> list[str]:
    return [f"{_by(fact)} removed site {fact['site_id']}"]


def _key_change_requested(fact: JsonObject) -> list[str]:
    what = "offer a new key to" if fact.get("key") else "withdraw the key offered to"
    return [f"asked to {what} account {fact['account']} of {fact['site_id']}"]


def _schedule_change_requested(fact: JsonObject) -> list[str]:
    place = f"{fact['site_id']} {fact['system_id']} area {fact['area']}"
    word = f", on the word of {fact['requested_by']}" if fact.get("requested_by") else ""
    if fact.get("withdraws"):
        return [f"{_by(fact)} asked to take back change {fact['withdraws']} of {place}{word}"]
    hours = fact.get("hours", {})
    # Minutes of the local day; closing may come after midnight (arcd.core.site.Hours).
    told = ", ".join(f"{name} {at // 60 % 24:02d}:{at % 60:02d}" for name, at in hours.items()) or "closed all day"
    days = f"{fact.get('from_day', '')} to {fact.get('until_day', '')}"
    return [f"{_by(fact)} asked for other hours of {place}{word}", f"{days}: {told}; {fact.get('reason', '')}"]


def _flag_start_requested(fact: JsonObject) -> list[str]:
    kind = fact["kind"].replace("_", " ")
    scope = "; ".join(f"{part} {', '.join(names)}" for part, names in fact["scope"].items() if names)
    until = read_instant(fact["until"])
    assert until is not None, "a flag has an end"
    word = f", on the word of {fact['requested_by']}" if fact.get("requested_by") else ""
    how = f" ({fact['verified_how'].replace('_', ' ')})" if fact.get("verified_how") else ""
    asked = f"{_by(fact)} asked to put {fact['site_id']} under {kind} until {local_and_utc(until)}"
    return [f"{asked}{word}{how}", f"{scope or 'all but life safety'}: {fact['reason']}"]


def _flag_end_requested(fact: JsonObject) -> list[str]:
    return [f"{_by(fact)} asked to end {fact['flag_id']}: {fact['reason']}"]


def _flag_noticed(fact: JsonObject) -> list[str]:
    reference = f", reference {fact['reference']}" if fact.get("reference") else ""
    told_at = read_instant(fact.get("told_at"))
    when = f" at {local_and_utc(told_at)}" if told_at is not None else ""
    return [f"{_by(fact)} told {fact['to']} about {fact['flag_id']} ({fact['kind']}){when}{reference}"]


def _operator_answered(fact: JsonObject) -> list[str]:
    ticket = f", ticket {fact['ticket']}" if fact.get("ticket") else ""
    expected_at = read_instant(fact.get("repair_expected_at"))
    expected = f", repair expected {local_and_utc(expected_at)}" if expected_at is not None else ""
    told = f"{_by(fact)} recorded the transmission operator's answer to {fact['notice_id']}{ticket}{expected}"
    return [told, *([fact["answer"]] if fact.get("answer") else [])]


def _party_informed(fact: JsonObject) -> list[str]:
    whom = fact.get("contact_id") or fact.get("name")
    what = f"that {fact['case_id']} is over" if fact.get("is_over") else f"of {fact['case_id']}"
    reference = f", reference {fact['reference']}" if fact.get("reference") else ""
    told_at = read_instant(fact.get("told_at"))
    when = f" at {local_and_utc(told_at)}" if told_at is not None else ""
    told = f"{_by(fact)} told {whom} {what} by {fact['how']}{when}{reference}"
    return [told, *([fact["text"]] if fact.get("text") else [])]


def _signal_promoted(fact: JsonObject) -> list[str]:
    which = f"signal {fact.get('index', 0) + 1} of entry {fact['signal_seq']} at {fact['site_id']}"
    return [f"{_by(fact)} made the held {which} live: {fact['reason']}"]


def _identity_checked(fact: JsonObject) -> list[str]:
    who = f"{fact['contact_id']} of {fact['site_id']}"
    return [f"{_by(fact)} checked the identity of {who}: {fact['outcome']}, level {fact['level']}"]


def _case_open_requested(fact: JsonObject) -> list[str]:
    asked = f"{_by(fact)} asked to open a {fact['case_type']} at {fact['site_id'] or 'the centre'}, {fact['priority']}"
    return [f"{asked}: {fact['title']}", *_form(fact)]


def _case_move_requested(fact: JsonObject) -> list[str]:
    return [f"{_by(fact)} asked to {fact['move']} {fact['case_id']}", *_form(fact)]


def _case_noted(fact: JsonObject) -> list[str]:
    return [f"{_by(fact)} noted on {fact['case_id']}:", *fact["text"].splitlines()]


def _case_step_requested(fact: JsonObject) -> list[str]:
    outcome = f" ({fact['outcome']})" if fact.get("outcome") else ""
    note = f": {fact['note']}" if fact.get("note") else ""
    return [f"{_by(fact)} said {fact['action']}{outcome} to step {fact['step_id']} of {fact['case_id']}{note}"]


def _claim_renew_requested(fact: JsonObject) -> list[str]:
    held = f" for {span(fact['hold_s'])}" if fact.get("hold_s") else ""
    return [f"{_by(fact)} kept the claim on {fact['case_id']}{held}"]


def _sla_clock_requested(fact: JsonObject) -> list[str]:
    why = f": {fact['reason'].replace('_', ' ')}" if fact.get("reason") else ""
    note = [fact["note"]] if fact.get("note") else []
    return [f"{_by(fact)} asked to {fact['action']} the arrival clock of {fact['case_id']}{why}", *note]


def _relay_requested(fact: JsonObject) -> list[str]:
    word = f", on the word of {fact['requested_by']}" if fact.get("requested_by") else ""
    case = f", for {fact['case_id']}" if fact.get("case_id") else ""
    acts = {"pulse": "to pulse", "on": "to switch on", "off": "to switch off", "settle": "to settle as off"}
    what = f"{acts[fact['action']]} {fact['relay_id']} of {fact['site_id']}"
    return [f"{_by(fact)} asked {what}{word}{case}: {fact['reason']}"]


def _forward_acknowledged(fact: JsonObject) -> list[str]:
    refused = fact.get("refused", ())
    told = [f"output {fact['output']}: done up to entry {fact['seq']}"]
    return [*told, f"NOT TAKEN: {', '.join(map(str, refused))}: {fact['detail']}"] if refused else told


def _forward_switch_requested(fact: JsonObject) -> list[str]:
    until = read_instant(fact["until"])
    assert until is not None, "a word on an output has an end"
    what = f"output {fact['output']} {'on' if fact['on'] else 'off'} until {local_and_utc(until)}"
    return [f"{_by(fact)} asked to switch {what}: {fact['reason']}"]


def _effect_reported(fact: JsonObject) -> list[str]:
    detail = f": {fact['detail']}" if fact.get("detail") else ""
    return [f"{fact['effect_id']} {OUTCOMES.get(fact['outcome'], fact['outcome'])}{detail}"]


def _guard_answered(fact: JsonObject) -> list[str]:
    eta = f", there in {span(fact['eta_s'])}" if fact.get("eta_s") is not None else ""
    answered = f"{_by(fact)} answered offer {fact['offer_id']}: {fact['answer'].replace('_', ' ')}{eta}"
    return [answered, *(f"{name}: {text}" for name, text in fact.get("report", {}).items())]


def _authority_requested(fact: JsonObject) -> list[str]:
    level = f" {fact['level']}" if fact.get("level") is not None else ""
    told = [f"{name}: {fact[name]}" for name in ("reason", "text") if fact.get(name)]
    return [f"{_by(fact)} asked for the authority on {fact['case_id']}: {fact['action']}{level}", *told]


def _authority_called(fact: JsonObject) -> list[str]:
    at = read_instant(fact["called_at"])
    assert at is not None, "a call has an instant"
    person = f", {fact['person']}" if fact.get("person") else ""
    reference = f", reference {fact['reference']}" if fact.get("reference") else ""
    what = f"called {fact['authority']} ({fact['number']}{person}) for {fact['case_id']}"
    told = f"{_by(fact)} {what}, {local_and_utc(at)}: {fact['answer'].replace('_', ' ')}{reference}"
    return [told, *([fact["note"]] if fact.get("note") else [])]


def _authority_answered(fact: JsonObject) -> list[str]:
    message = fact["message"]
    about = ", ".join(reference["identifier"] for reference in message.get("references", ())) or "nothing"
    what = f"{message['status']} {message['msg_type']} {message['identifier']} about {about}"
    told = f"the authority's machine ({fact['source']}) sent {what}"
    return [told, *([message["note"]] if message.get("note") else [])]


def _authority_unreadable(fact: JsonObject) -> list[str]:
    told = f"the authority's machine ({fact['source']}) sent what NOBODY CAN READ: {fact['reason']}: {fact['detail']}"
    return [told, f"raw {_raw(fact['raw'])}"]


def _by(fact: JsonObject) -> str:
    actor = fact["actor"]
    return f"{actor['id']} ({actor['name']})" if actor.get("name") else str(actor["id"])


def _count(things: Sized, word: str) -> str:
    return f"{len(things)} {word}{'' if len(things) == 1 else 's'}"


def _form(fact: JsonObject) -> list[str]:
    return [f"{name}: {value}" for name, value in fact.get("form", {}).items()]


FACTS: dict[str, Describe] = {
    "frame_received": _frame_received,
    "frame_malformed": _frame_malformed,
    "accounts_heard": _accounts_heard,
    "paths_silent": _paths_silent,
    "paths_heard_again": _paths_heard_again,
    "line_lost": _line_lost,
    "line_restored": _line_restored,
    "lines_heard": _lines_heard,
    "started": _started,
    "stopped": _stopped,
    "clock_stepped": _clock_stepped,
    "deadline_reached": _deadline_reached,
    "step_failed": _step_failed,
    "daemon_troubled": _daemon_troubled,
    "journal_restored": _journal_restored,
    **AUDIT_FACTS,
    "rules_loaded": _rules_loaded,
    "centre_imported": _centre_imported,
    "site_imported": _site_imported,
    "site_removed": _site_removed,
    "key_change_requested": _key_change_requested,
    "schedule_change_requested": _schedule_change_requested,
    "flag_start_requested": _flag_start_requested,
    "flag_end_requested": _flag_end_requested,
    "flag_noticed": _flag_noticed,
    "operator_answered": _operator_answered,
    "party_informed": _party_informed,
    "signal_promoted": _signal_promoted,
    "identity_checked": _identity_checked,
    "case_open_requested": _case_open_requested,
    "case_move_requested": _case_move_requested,
    "case_noted": _case_noted,
    "case_step_requested": _case_step_requested,
    "claim_renew_requested": _claim_renew_requested,
    "sla_clock_requested": _sla_clock_requested,
    "effect_reported": _effect_reported,
    "relay_requested": _relay_requested,
    "forward_acknowledged": _forward_acknowledged,
    "forward_switch_requested": _forward_switch_requested,
    "guard_answered": _guard_answered,
    "authority_requested": _authority_requested,
    "authority_called": _authority_called,
    "authority_answered": _authority_answered,
    "authority_unreadable": _authority_unreadable,
}
