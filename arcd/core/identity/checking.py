"""A check of somebody's identity: counted, limited, and answered alike whether the word was the right one or the one
that says “I am under threat”.

One rule: nothing a caller may hear tells a duress word from a code word, neither now nor later. The alarm it raises is
silent: a case of its own, for people who know what to do.
"""

from __future__ import annotations

from msgspec.structs import replace

from arcd.core import troubles
from arcd.core.case.joining import open_or_join
from arcd.core.facts import IdentityChecked, IdentityOutcome
from arcd.core.identity.model import (
    ATTEMPTS_MAX,
    ATTEMPTS_WINDOW_S,
    CHECKS_KEPT_MAX,
    VALID_S,
    ContactChecks,
    IdentityCheck,
    contact_key,
)
from arcd.core.record import Judged, Judgement
from arcd.core.turn import NS, Turn
from arcd.core.view import signal_view

DURESS_CODE = "duress_word"


def check(turn: Turn, fact: IdentityChecked) -> None:
    site = turn.state.sites.get(fact.site_id)
    contact = site.contact(fact.contact_id) if site is not None else None
    if site is None or contact is None:
        return turn.refuse("R-29", f"No contact {fact.contact_id} at {fact.site_id}; `arcctl sites show` lists them.")
    turn.refs[f"site/{site.id}"] = None
    check_id = turn.new_id(
        "I"
    )  # drawn before any case takes its number, so that the id does not tell that there is one
    # Whatever the attempts were: a call for help is never refused.
    duress_case = _raise_duress(turn, fact) if fact.outcome is IdentityOutcome.DURESS else ""
    key = contact_key(site.id, contact.id)
    known = turn.state.contact_checks.get(key) or ContactChecks()
    failed_at = known.failures_since(turn.at - int(ATTEMPTS_WINDOW_S * NS))
    if len(failed_at) >= ATTEMPTS_MAX:
        turn.note("identity.locked", site=site.id, contact=contact.id, by=fact.actor.id)
        return turn.refuse("identity.attempts", _locked(turn, failed_at))
    if fact.outcome is IdentityOutcome.FAILED:
        failed_at = (*failed_at, turn.at)
        turn.state.contact_checks.put(key, replace(known, failed_at=failed_at))
        turn.note("identity.failed", site=site.id, contact=contact.id, by=fact.actor.id, attempt=len(failed_at))
        left = ATTEMPTS_MAX - len(failed_at)
        more = f"{left} more {'try' if left == 1 else 'tries'} within 15 minutes." if left else _locked(turn, failed_at)
        return turn.refuse("R-29", f"Not verified: the word is not {contact.id}'s. {more}")
    passed = IdentityCheck(id=check_id, at=turn.at, level=fact.level, actor=fact.actor.id, duress_case=duress_case)
    checks = (*known.checks, passed)[-CHECKS_KEPT_MAX:]
    turn.state.contact_checks.put(key, ContactChecks(checks=checks))
    turn.note("identity.verified", site=site.id, contact=contact.id, by=fact.actor.id, level=fact.level)
    return turn.grant(passed.id, f"{contact.id} is verified, level {fact.level}; it counts for 10 minutes.")


def _locked(turn: Turn, failed_at: tuple[int, ...]) -> str:
    free_s = (failed_at[0] - turn.at) / NS + ATTEMPTS_WINDOW_S
    return (
        f"{ATTEMPTS_MAX} wrong words within 15 minutes: no more tries for {free_s / 60:.0f} min. "
        "Call back the registered number meanwhile, or ask another contact."
    )


def _raise_duress(turn: Turn, fact: IdentityChecked) -> str:
    """Open or join the site's duress case; its id."""
    entry = next(iter(turn.directory.of_site(fact.site_id)), None)
    signal = troubles.trouble_signal(DURESS_CODE, fact.contact_id)
    decision = turn.rules.decide(signal, signal_view(turn, entry, signal), turn.at)
    fold_key = "" if entry is not None else f"{fact.site_id}|{DURESS_CODE}"
    case_id, joined = open_or_join(turn, entry, signal, decision, account=fact.site_id, fold_key=fold_key)
    judged = Judged.JOINED if joined else Judged.OPENED
    turn.judgements.append(Judgement(index=0, judged=judged, because=DURESS_CODE, case_id=case_id, decision=decision))
    return case_id


def recent_check(turn: Turn, site_id: str, contact_id: str, check_id: str) -> IdentityCheck | None:
    """The check of this contact by its id, while it counts."""
    known = turn.state.contact_checks.get(contact_key(site_id, contact_id))
    found = known.check(check_id) if known is not None else None
    return found if found is not None and turn.at - found.at <= int(VALID_S * NS) else None
