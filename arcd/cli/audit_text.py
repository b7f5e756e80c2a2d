"""What the facts about the journal itself say; part of the table in `fact_text`, with the same rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from arcd.cli.times import local_and_utc, read_instant

JsonObject = Mapping[str, Any]


def _by(fact: JsonObject) -> str:
    actor = fact["actor"]
    return f"{actor['id']} ({actor['name']})" if actor.get("name") else str(actor["id"])


def _key_changed(fact: JsonObject) -> list[str]:
    how = "" if fact.get("vouched", True) else ", WITHOUT THE SIGNATURE OF THE KEY BEFORE IT"
    return [f"checkpoints are signed by {fact['verifier']} from here on{how}"]


def _sealed(fact: JsonObject) -> list[str]:
    return [f"{_by(fact)} seals the journal up to entry {fact['through']}: {fact['reason']}"]


def _prune(fact: JsonObject) -> list[str]:
    return [f"{_by(fact)} asks to give up the entries up to {fact['through']}: {fact['reason']}"]


def _erasure(fact: JsonObject) -> list[str]:
    seqs = fact["seqs"]
    which = f"entries {seqs[0]} to {seqs[-1]}" if len(seqs) > 1 else f"entry {seqs[0]}" if seqs else "no entry"
    return [f"{_by(fact)} asks to erase the content of {len(seqs)} ({which}), {fact['what']}: {fact['reason']}"]


def _hold(fact: JsonObject) -> list[str]:
    word = "for a legal hold on" if fact["action"] == "place" else "to lift the legal hold on"
    return [f"{_by(fact)} asks {word} {fact['subject']}: {fact['reason']}"]


def _read(fact: JsonObject) -> list[str]:
    since = read_instant(fact.get("since"))
    times = f" {fact['count']} times" if fact.get("count", 1) > 1 else ""
    told = f"{_by(fact)} has read {fact['what']} of {fact['subject']}{times}"
    if since is not None:
        told += f" since {local_and_utc(since)}"
    lines = [told]
    if fact.get("ahead"):
        lines.append(f"{fact['ahead']} of them answered before the disk had taken the record")
    if fact.get("recipient"):
        lines.append(f"for {fact['recipient']}" + (f": {fact['reason']}" if fact.get("reason") else ""))
    elif fact.get("reason"):
        lines.append(f"why: {fact['reason']}")
    return lines


def _verified(fact: JsonObject) -> list[str]:
    findings = fact.get("findings", ())
    verdict = f"NOT INTACT, {len(findings)} findings" if findings else "intact"
    signed = f", signed up to {fact['signed_seq']}" if fact.get("signed_seq") else ""
    return [f"{_by(fact)} has verified the journal up to entry {fact['head_seq']}{signed}: {verdict}", *findings]


AUDIT_FACTS: dict[str, Callable[[JsonObject], list[str]]] = {
    "audit_key_changed": _key_changed,
    "segment_sealed": _sealed,
    "prune_requested": _prune,
    "erasure_requested": _erasure,
    "hold_requested": _hold,
    "sensitive_read": _read,
    "journal_verified": _verified,
}
