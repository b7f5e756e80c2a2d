"""What people at the desk ask for as well: too early, twice, about the wrong case, with half of it missing.

One rule: every request there is may come at any time, and most of these are refused. None may break anything.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random  # noqa: TID251 – the seed of the whole run

from arcd.core.case.calls import OUTCOMES
from arcd.core.case.model import Case
from arcd.core.case.sla import PauseReason
from arcd.core.facts import (
    Actor,
    AnyFact,
    AuthorityAction,
    AuthorityRequested,
    CaseMoveRequested,
    CaseNoted,
    CaseStepRequested,
    ClaimRenewRequested,
    IdentityChecked,
    IdentityOutcome,
    SlaClockRequested,
)
from rules.model import CaseType

Make = Callable[[int], AnyFact]


def writes(rng: Random, case: Case, case_type: CaseType, actor: Actor) -> Make:
    return lambda at: CaseNoted(at=at, case_id=case.id, text="seen", actor=actor)


def moves(rng: Random, case: Case, case_type: CaseType, actor: Actor) -> Make:
    """Any move of its type, from wherever it is, with an empty form."""
    move = rng.choice(case_type.moves)
    return lambda at: CaseMoveRequested(at=at, case_id=case.id, move=move.name, actor=actor)


def steps(rng: Random, case: Case, case_type: CaseType, actor: Actor) -> Make:
    step_id = rng.choice([state.id for state in case.steps] or ["none"])
    action = rng.choice(("start", "done", "skip", "fail"))
    outcome = rng.choice(("", "secured", "visit", "explained", *sorted(OUTCOMES)))
    note, version = rng.choice(("", "why not")), rng.choice((0, case.version, case.version - 1))
    return lambda at: CaseStepRequested(
        at=at, case_id=case.id, step_id=step_id, action=action, actor=actor, outcome=outcome, note=note,
        seen_version=version,
    )  # fmt: skip


def asks_authority(rng: Random, case: Case, case_type: CaseType, actor: Actor) -> Make:
    action, level = rng.choice(list(AuthorityAction)), rng.choice((None, 0, 1, 3, 4))
    reason, text = rng.choice(("", "seen on camera")), rng.choice(("", "two persons"))
    return lambda at: AuthorityRequested(
        at=at, case_id=case.id, action=action, actor=actor, reason=reason, text=text, level=level
    )


def stops_the_clock(rng: Random, case: Case, case_type: CaseType, actor: Actor) -> Make:
    action, reason = rng.choice(("pause", "resume")), rng.choice(("", *PauseReason))
    return lambda at: SlaClockRequested(at=at, case_id=case.id, action=action, actor=actor, reason=reason)


def holds(rng: Random, case: Case, case_type: CaseType, actor: Actor) -> Make:
    hold_s = rng.choice((0.0, 600.0, 1e6))
    return lambda at: ClaimRenewRequested(at=at, case_id=case.id, actor=actor, hold_s=hold_s)


def hears_a_word(rng: Random, case: Case, case_type: CaseType, actor: Actor) -> Make:
    """Somebody on the telephone says a word: the right one, a wrong one, or that there is a knife at the back."""
    outcome = rng.choice((IdentityOutcome.PASSED, IdentityOutcome.FAILED, IdentityOutcome.DURESS))
    contact = rng.choice(("helmi", "onni"))
    return lambda at: IdentityChecked(
        at=at, site_id=case.site_id, contact_id=contact, outcome=outcome, level=1, actor=actor
    )


MISTAKES = (writes, moves, moves, steps, steps, asks_authority, stops_the_clock, holds, hears_a_word)
