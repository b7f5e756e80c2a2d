"""Facts of outputs: what another system has taken from us, and what people want of it."""

from __future__ import annotations

from arcd.core.facts.base import Actor, Fact


class ForwardAcknowledged(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="forward_acknowledged"):
    """Whatever is an output's up to entry `seq` has been acknowledged by its far end. Folded: see `arcd.forwarding`.

    `refused` are entries among them that the far end would not take, or that its format cannot say; `detail` is what
    was said of the last one.
    """

    output: str
    seq: int
    refused: tuple[int, ...] = ()
    detail: str = ""


class ForwardSwitchRequested(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="forward_switch_requested"):
    """Somebody has forwarding to another centre on, or off, until an instant, whatever its hours say."""

    output: str
    on: bool
    until: int
    actor: Actor
    reason: str
