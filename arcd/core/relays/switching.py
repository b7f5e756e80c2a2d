"""Switching an output: who may ask, what stands against it, and what is known afterwards.

One rule: an output is switched at most once for one request. What may or may not have happened is said to be unknown,
and stays so until somebody has looked; switching off is always allowed, because it is the safe side.
"""

from __future__ import annotations

from msgspec.structs import replace

from arcd.core import troubles
from arcd.core.case import steps
from arcd.core.case.casebook import save
from arcd.core.case.model import SETTLED, StepStatus
from arcd.core.delivery import ask_for
from arcd.core.effects import SwitchRelay
from arcd.core.facts import EffectOutcome, EffectReported, RelayAction, RelayRequested
from arcd.core.field import OPENS_A_WAY, Relay
from arcd.core.identity.checking import recent_check
from arcd.core.relays.model import RelayRun, RelayStatus, relay_key
from arcd.core.site import ContactRole, Site
from arcd.core.turn import Turn

# Somebody stands at the door now; a command that comes through later opens it to somebody else.
EXPIRES_S = 15.0
REASON_CHARS_MAX = 500
DOOR_OPENING = "door_opening"  # the service of the contract (R-27…R-32)

Refusal = tuple[str, str] | None


def request(turn: Turn, fact: RelayRequested) -> None:
    site = turn.state.sites.get(fact.site_id)
    relay = site.relay(fact.relay_id) if site is not None else None
    if site is None or relay is None:
        listed = f"`arcctl relay list {fact.site_id}`" if site is not None else "`arcctl sites list`"
        return turn.refuse("relay.unknown", f"There is no relay {fact.relay_id} at {fact.site_id}; see {listed}.")
    turn.refs[f"site/{site.id}"] = None
    refusal = (
        _said(turn, fact) or _fits(relay, fact) or _may_ask(turn, site, relay, fact) or _stands(turn, site, relay, fact)
    )
    if refusal is not None:
        return turn.refuse(*refusal)
    key = relay_key(site.id, relay.id)
    if fact.action is RelayAction.SETTLE:
        turn.state.relays.drop(key)
        turn.note("relay.settled", fact.case_id, relay=key, by=fact.actor.id, reason=fact.reason)
        return turn.grant(key, f"{relay.id} counts as off.")
    before = turn.state.relays.get(key)
    effect = SwitchRelay(
        id=turn.new_id("E"),
        site_id=site.id,
        relay_id=relay.id,
        device=relay.device,
        coil=relay.coil,
        on=fact.action is not RelayAction.OFF,
        expires_at=turn.after(EXPIRES_S),
        pulse_s=relay.pulse_s if fact.action is RelayAction.PULSE else None,
        feedback=relay.feedback,
        excludes=() if fact.action is RelayAction.OFF else _excluded(site, relay),
        case_id=fact.case_id,
    )
    turn.state.relays.put(
        key,
        RelayRun(
            status=RelayStatus.SWITCHING,
            since=turn.at,
            by=fact.actor.id,
            effect_id=effect.id,
            was_on=before is not None,
            case_id=fact.case_id,
            step_id=fact.step_id,
        ),
    )
    ask_for(turn, effect)
    turn.note(
        "relay.asked", fact.case_id, relay=key, action=fact.action.value, by=fact.actor.id, reason=fact.reason,
        requested_by=fact.requested_by,
    )  # fmt: skip
    return turn.grant(
        effect.id, f"{relay.id} is being switched; `arcctl relay list {site.id}` shows what became of it."
    )


def _said(turn: Turn, fact: RelayRequested) -> Refusal:
    """R-31: time, requester and reason are mandatory."""
    if not fact.reason.strip() or len(fact.reason) > REASON_CHARS_MAX:
        return "R-31", f"Say why, in at most {REASON_CHARS_MAX} characters."
    case = turn.state.cases.get(fact.case_id)
    if fact.case_id and (case is None or not case.is_open or case.site_id != fact.site_id):
        return "relay.case", f"{fact.case_id} is no open case of {fact.site_id}."
    step = case.step(fact.step_id) if case is not None and fact.step_id else None
    if fact.step_id and (step is None or step.status in SETTLED):
        return "relay.step", f"{fact.step_id} is no step of {fact.case_id or 'a case'} that is still to be done."
    return None


def _fits(relay: Relay, fact: RelayRequested) -> Refusal:
    if fact.action is RelayAction.PULSE and relay.pulse_s is None:
        return "relay.action", f"{relay.id} has no pulse: switch it on, and off again."
    if fact.action is RelayAction.ON and relay.pulse_s is not None:
        return "relay.action", f"{relay.id} is pulsed for {relay.pulse_s:g} s; it is not left on."
    return None


def _may_ask(turn: Turn, site: Site, relay: Relay, fact: RelayRequested) -> Refusal:
    """R-29, fail closed, for whatever lets people in. Nobody needs leave to close it."""
    if relay.kind not in OPENS_A_WAY or fact.action in (RelayAction.OFF, RelayAction.SETTLE):
        return None
    if DOOR_OPENING not in site.services:
        return "R-32", f"The contract of {site.id} does not include {DOOR_OPENING}."
    contact = site.contact(fact.requested_by) if fact.requested_by else None
    if contact is None:
        return "R-29", f"Say on whose word: a contact of {site.id} that may have doors opened (door_open_authority)."
    if ContactRole.DOOR_OPEN_AUTHORITY not in contact.roles:
        return "R-29", f"{contact.id} may not have doors opened: the site base does not say door_open_authority."
    check = recent_check(turn, site.id, contact.id, fact.identity_check) if fact.identity_check else None
    if check is None or check.level < relay.identity_level:
        verify = f"`arcctl test verify {site.id} {contact.id}{' --call-back' if relay.identity_level > 1 else ''}`"
        return "R-29", (
            f"{contact.id} is not verified to level {relay.identity_level}: an identity check of the last 10 minutes "
            f"is needed ({verify})."
        )
    return None


def _stands(turn: Turn, site: Site, relay: Relay, fact: RelayRequested) -> Refusal:
    """What is known of this output and of those it must never be on together with."""
    run = turn.state.relays.get(relay_key(site.id, relay.id))
    if fact.action is RelayAction.SETTLE:
        if run is None or run.status is not RelayStatus.UNKNOWN:
            return "relay.known", f"The state of {relay.id} is known; there is nothing to settle."
        return None
    if run is not None and run.status is RelayStatus.SWITCHING:
        return "relay.busy", f"{relay.id} is being switched on the word of {run.by}; wait for what becomes of it."
    if fact.action is RelayAction.OFF:
        return None
    if run is not None and run.status is RelayStatus.UNKNOWN:
        return "relay.unknown_state", (
            f"Nobody knows whether {relay.id} is on ({run.detail}). Look first, then "
            f"`arcctl relay settle {site.id} {relay.id}`, or switch it off."
        )
    for other in _group(site, relay):
        if turn.state.relays.get(relay_key(site.id, other.id)) is not None:
            return "relay.interlock", f"{other.id} is not off: {relay.id} and {other.id} are never on together."
    return None


def _group(site: Site, relay: Relay) -> tuple[Relay, ...]:
    if not relay.interlock:
        return ()
    relays = (other for system in site.systems for other in system.relays)
    return tuple(other for other in relays if other.interlock == relay.interlock and other.id != relay.id)


def _excluded(site: Site, relay: Relay) -> tuple[tuple[str, int], ...]:
    return tuple((other.device, other.coil) for other in _group(site, relay))


# ------------------------------------------------------------------------------------------------------ what came of it


def on_settled(turn: Turn, effect: SwitchRelay, fact: EffectReported) -> None:
    key = relay_key(effect.site_id, effect.relay_id)
    turn.refs[f"site/{effect.site_id}"] = None
    run = turn.state.relays.get(key)
    if run is None or run.effect_id != effect.id:
        return
    match fact.outcome:
        case EffectOutcome.DELIVERED if effect.on and effect.pulse_s is None:
            turn.state.relays.put(key, replace(run, status=RelayStatus.ON, since=turn.at))
        case EffectOutcome.DELIVERED:
            turn.state.relays.drop(key)
        case EffectOutcome.UNKNOWN:
            turn.state.relays.put(key, replace(run, status=RelayStatus.UNKNOWN, since=turn.at, detail=fact.detail))
        case _ if run.was_on:
            turn.state.relays.put(key, replace(run, status=RelayStatus.ON, since=turn.at))
        case _:
            turn.state.relays.drop(key)
    if fact.outcome is EffectOutcome.DELIVERED:
        return _finish_step(turn, run, fact.detail)
    entry = next(iter(turn.directory.of_site(effect.site_id)), None)
    text = f"{effect.relay_id}: {fact.outcome.value}: {fact.detail}"
    troubles.raise_trouble(turn, "relay_failed", entry=entry, about=key, text=text)


def _finish_step(turn: Turn, run: RelayRun, detail: str) -> None:
    """The plan's step for which it was switched. One that went wrong is the operator's to finish or to reason away."""
    case = turn.state.cases.get(run.case_id)
    step = case.step(run.step_id) if case is not None and case.is_open and run.step_id else None
    if case is not None and step is not None and step.status not in SETTLED:
        save(turn, steps.finish(turn, case, run.step_id, StepStatus.DONE, by=run.by, outcome="switched", note=detail))


def on_site(turn: Turn, previous: Site | None, site: Site | None) -> None:
    """An output that has left the site base can no longer be switched, nor be in anybody's way."""
    kept = {relay.id for system in (site.systems if site else ()) for relay in system.relays}
    for system in previous.systems if previous else ():
        for relay in system.relays:
            if relay.id not in kept:
                turn.state.relays.drop(relay_key(previous.id if previous else "", relay.id))
