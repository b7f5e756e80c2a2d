"""The cursor of each output, and switching one on or off.

One rule: a cursor only goes forward, and what a far end would not take is put before a person. A word on an output has
an end: hand-over that nobody takes back would go on for ever.
"""

from __future__ import annotations

from msgspec.structs import replace

from arcd.core import troubles
from arcd.core.facts import ForwardAcknowledged, ForwardSwitchRequested
from arcd.core.forwarding.model import SWITCHES_MAX, ForwardState, Switch
from arcd.core.turn import NS, Turn

REASON_CHARS_MAX = 500
SWITCH_S_MIN = 60.0
SWITCH_S_MAX = 7 * 86_400.0


def acknowledged(turn: Turn, fact: ForwardAcknowledged) -> None:
    before = turn.state.forwards.get(fact.output)
    if before is None:
        turn.note("output.begun", output=fact.output, after=fact.seq)
    state = before or ForwardState()
    turn.state.forwards.put(fact.output, replace(state, acknowledged=max(state.acknowledged, fact.seq)))
    if fact.refused:
        entries = ", ".join(map(str, fact.refused[:10])) + (" …" if len(fact.refused) > 10 else "")
        text = f"{fact.output}: entries {entries}: {fact.detail}"
        troubles.raise_trouble(turn, "output_refused", entry=None, about=fact.output, text=text)


def switch(turn: Turn, fact: ForwardSwitchRequested) -> None:
    state = turn.state.forwards.get(fact.output)
    if state is None:
        return turn.refuse("forward.unknown", f"There is no output {fact.output}; see `arcctl forward list`.")
    if not fact.reason.strip() or len(fact.reason) > REASON_CHARS_MAX:
        return turn.refuse("forward.reason", f"Say why, in at most {REASON_CHARS_MAX} characters.")
    lasts_s = (fact.until - turn.at) / NS
    if not SWITCH_S_MIN <= lasts_s <= SWITCH_S_MAX:
        return turn.refuse("forward.expiry", "Say until when: from a minute to 7 days from now.")
    word = Switch(on=fact.on, at=turn.at, until=fact.until, by=fact.actor.id, reason=fact.reason)
    switches = (*state.switches, word)[-SWITCHES_MAX:]
    turn.state.forwards.put(fact.output, replace(state, switches=switches))
    turn.deadlines.set(f"forward/{fact.output}/end", fact.until)
    turn.note("output.switched", output=fact.output, on=fact.on, by=fact.actor.id, reason=fact.reason)
    return turn.grant(fact.output, f"{fact.output} is {'on' if fact.on else 'off'} until then.")


def on_end(turn: Turn, output: str) -> None:
    """A word on an output has run out: its hours decide again."""
    turn.note("output.by_hours_again", output=output)
