"""Telling an authority as people read it: what to do now, what to say, what was said.

One rule: "call by phone now" stands first and cannot be overlooked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from arcd.cli.output import BAD, GOOD, QUIET, STRONG, WARNING, Output

JsonObject = Mapping[str, Any]

CHECK_STYLES = {"passed": GOOD, "confirm": WARNING, "refused": BAD}
STATUS_STYLES = {
    **dict.fromkeys(("calling", "rejected", "no_answer", "gated"), BAD),
    **dict.fromkeys(("created", "sent"), WARNING),
    "accepted": GOOD,
}


def render_authority(out: Output, told: JsonObject, *, brief: bool = False) -> None:
    """`brief`: as a part of the case's screen; whole: with the script and every check."""
    out.line(out.styled("authority", "bold cyan"))
    _render_status(out, told)
    if told["call_now"] or not brief:
        _render_script(out, told)
    if not brief:
        for check in told["checks"]:
            mark = out.styled(f"{check['result']:8}", CHECK_STYLES[check["result"]])
            out.line("  ", mark, f" {check['name']}: {check['because']}")
        if told["override_reason"]:
            out.line(f"  confirmed by {told['overridden_by']}: {told['override_reason']}")
    for message in told["messages"]:
        times = f" ×{message['sendings']}" if message["sendings"] > 1 else ""
        answer = message["answer"] or ("delivered" if message["delivered_at"] else "under way")
        note = f" “{message['note']}”" if message["note"] else ""
        out.line(
            f"  {message['sent']} {message['type']} ({message['status']}){times}: {answer}{note}",
            out.styled(f"  {message['identifier']}", QUIET),
        )
    for news in told["news"]:
        status = f" {news['status']}" if news["status"] else ""
        out.line(f"  {news['at_local']} the authority: {news['kind']}{status} {news['text']}".rstrip())
    for task in told["phone"]:
        for call in task["calls"]:
            _render_call(out, call)


def _render_status(out: Output, told: JsonObject) -> None:
    status = "calling" if told["call_now"] else told["status"]
    words = told["status_text"] or "nobody has come to it yet"
    reference = f", reference {told['reference']}" if told["reference"] else ""
    why = f": {told['rejected_because']}" if told["status"] == "rejected" and told["rejected_because"] else ""
    # Exercise is what a message is unless everything says otherwise; it must be seen that nobody was alerted.
    exercise = out.styled("  EXERCISE, nobody is alerted by it", BAD) if told["messages"] and not told["actual"] else ""
    out.line("  ", out.styled(words, STATUS_STYLES.get(status, "")), why, reference, exercise)
    if told["call_now"]:
        task = told["phone"][-1]
        out.line("  ", out.styled(f"why: {task['because']}", STRONG))
    out.line(out.styled(f"  level {told['level']}: {told['level_text']}", QUIET))


def _render_script(out: Output, told: JsonObject) -> None:
    for person in told["people"]:
        out.line("  ", out.styled(person["name"], STRONG), " ", " ".join(person["phones"]))
    for line in told["script"]:
        out.line("    ", line)
    out.line(out.styled("  write down:", QUIET))
    for name, title in told["fields"].items():
        out.line(out.styled(f"    {name}  {title}", QUIET))


def _render_call(out: Output, call: JsonObject) -> None:
    person = f" ({call['person']})" if call["person"] else ""
    reference = f", reference {call['reference']}" if call["reference"] else ""
    out.line(
        f"  {call['called_at_local']} {call['by']} called {call['authority']} {call['number']}{person}: ",
        f"{call['answer_text']}{reference}",
        f" “{call['note']}”" if call["note"] else "",
    )
