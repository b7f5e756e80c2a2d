"""Durable effects under way: which attempt it is, and when to try again.

One rule: retry is a decision, so it is here, journalled and simulated; effectors try once. The id stays the same over
all attempts, so that a receiver which got the first one recognises the second.
"""

from __future__ import annotations

import msgspec

from arcd.core.effects import DurableEffect, PendingEffect, SwitchRelay
from arcd.core.facts import EffectOutcome, EffectReported
from arcd.core.turn import Turn

# Waits before attempts 2, 3, …; when they are used up the effect has failed for good. The offer timeout (60 s) is
# longer than the first three, so a guard's webhook that restarts is still reached in time.
RETRY_WAITS_S = (2.0, 8.0, 20.0, 60.0, 300.0)


def ask_for(turn: Turn, effect: DurableEffect) -> None:
    """Put a durable effect into the outbox of this step."""
    turn.state.pending.put(effect.id, PendingEffect(effect=effect))
    turn.effects.append(effect)


def withdraw(turn: Turn, effect_id: str) -> None:
    """Stop repeating an effect that has lost its purpose. One that is already on its way is not called back."""
    turn.deadlines.clear(f"effect/{effect_id}/retry")
    turn.state.pending.drop(effect_id)
    # Asked for in this very step: it never leaves.
    turn.effects[:] = [each for each in turn.effects if not (isinstance(each, DurableEffect) and each.id == effect_id)]


def record_outcome(turn: Turn, fact: EffectReported) -> tuple[DurableEffect, EffectOutcome] | None:
    """Settle one attempt. Returns the effect and its final outcome, or None while it will be tried again."""
    pending = turn.state.pending.get(fact.effect_id)
    if pending is None or pending.waiting:
        return None  # withdrawn meanwhile, or told twice
    effect = pending.effect
    turn.note("effect", effect.case_id, id=effect.id, attempt=effect.attempt, outcome=fact.outcome, detail=fact.detail)
    may_repeat = fact.outcome is EffectOutcome.FAILED and not isinstance(effect, SwitchRelay)
    if may_repeat and effect.attempt <= len(RETRY_WAITS_S):
        again = msgspec.structs.replace(effect, attempt=effect.attempt + 1)
        turn.state.pending.put(effect.id, PendingEffect(effect=again, waiting=True))
        turn.deadlines.set(f"effect/{effect.id}/retry", turn.after(RETRY_WAITS_S[effect.attempt - 1]))
        return None
    turn.state.pending.drop(effect.id)
    return effect, fact.outcome


def try_again(turn: Turn, effect_id: str) -> None:
    """The retry deadline of an effect was reached."""
    pending = turn.state.pending.get(effect_id)
    assert pending is not None, "a retry deadline outlived its effect"
    turn.state.pending.put(effect_id, PendingEffect(effect=pending.effect))
    turn.effects.append(pending.effect)
