"""What became of an effect goes to whoever asked for it."""

from __future__ import annotations

from arcd.core import delivery
from arcd.core.case import casebook, dispatch
from arcd.core.case.authority import notifying as authority
from arcd.core.effects import PostWebhook, SendAlert, SendMail, SendPage, SwitchRelay
from arcd.core.facts import EffectReported
from arcd.core.line_service import following as lines
from arcd.core.relays import switching
from arcd.core.turn import Turn


def on_effect(turn: Turn, fact: EffectReported) -> None:
    settled = delivery.record_outcome(turn, fact)
    if settled is None:
        return
    effect, outcome = settled
    if isinstance(effect, SendMail | PostWebhook) and effect.notice_id:
        return lines.on_mail_settled(turn, effect, outcome)
    if isinstance(effect, SwitchRelay):
        return switching.on_settled(turn, effect, fact)
    case = turn.state.cases.get(effect.case_id)
    if case is None or not case.is_open:
        return
    if isinstance(effect, SendAlert):
        casebook.save(turn, authority.on_effect_settled(turn, case, effect, outcome))
    elif not isinstance(effect, SendPage) and effect.offer_id:
        casebook.save(turn, dispatch.on_effect_settled(turn, case, effect, outcome))
    elif outcome is not outcome.DELIVERED:
        casebook.message_failed(turn, case)
