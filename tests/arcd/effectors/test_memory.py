from __future__ import annotations

import pytest

from arcd.core.effects import PostWebhook, SendMail
from arcd.core.facts import EffectOutcome
from arcd.effectors import Performed
from arcd.effectors.memory import MemoryEffector

FIRST = SendMail(id="E-1", to=("guard@example.invalid",), subject="s", body="b")
SECOND = PostWebhook(id="E-2", url="https://guard.example.org", topic="message", payload={})
BUSY = Performed(outcome=EffectOutcome.FAILED, detail="busy")


async def test_it_answers_by_script_and_then_delivers() -> None:
    effector = MemoryEffector(answers=[BUSY])
    effector.answer_next(Performed(outcome=EffectOutcome.REFUSED))
    outcomes = [(await effector.perform(effect)).outcome for effect in (FIRST, SECOND, FIRST)]
    assert outcomes == [EffectOutcome.FAILED, EffectOutcome.REFUSED, EffectOutcome.DELIVERED]
    assert effector.attempts == [FIRST, SECOND, FIRST]
    assert effector.delivered == {"E-1": FIRST}


async def test_it_plays_one_channel() -> None:
    effector = MemoryEffector(name="mail", handles=(SendMail,))
    assert (effector.name, effector.handles) == ("mail", (SendMail,))
    with pytest.raises(AssertionError, match="routes effects by `handles`"):
        await effector.perform(SECOND)


async def test_nothing_is_performed_after_close() -> None:
    effector = MemoryEffector()
    await effector.close()
    with pytest.raises(AssertionError, match="after close"):
        await effector.perform(FIRST)
