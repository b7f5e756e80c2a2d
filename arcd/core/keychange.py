"""A new key for a panel that is in service: offered in our answers, in force once the panel has used it.

    asked by a supervisor ─▶ offered (RSP with K, under the old key) ─▶ first frame under the new key ─▶ in force
                                        │ nobody takes it in time                    the old one is read for a while
                                        └─▶ withdrawn, and put before a person

One rule: at no instant is a panel unreadable. Until it has used the new key the old one is in force; from then on the
old one is still read for frames that were under way. Keys are sealed here as everywhere in the core.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from arcd.core import troubles
from arcd.core.directory import Entry
from arcd.core.effects import ProfilesChanged
from arcd.core.facts import SUPERVISOR, KeyChangeRequested
from arcd.core.site import Account
from arcd.core.turn import Turn
from protocols.codec import Protection, Received, ReplyKind
from protocols.dc09.codec import OFFERED_KEY, PREVIOUS_KEY
from protocols.dc09.dialects import dialect_of

# Link tests come at least daily (requirements 2.1), so that every panel that can take the key has been offered it.
OFFERED_S: Final = 26 * 3600.0
# A frame under the old key can only be one that was under way, or a second path that has not heard yet.
PREVIOUS_S: Final = 24 * 3600.0


def request(turn: Turn, fact: KeyChangeRequested) -> None:
    if SUPERVISOR not in fact.actor.roles:
        return turn.refuse("key.supervisor", "Only a supervisor may change a panel's key.")
    entry = _find(turn, fact.site_id, fact.account)
    if entry is None:
        return turn.refuse("key.account", f"{fact.site_id} has no account {fact.account}.")
    turn.refs[f"site/{fact.site_id}"] = None
    account = entry.account
    if fact.key is None:
        if account.offered_key is None:
            return turn.refuse("key.offered", f"No new key is offered to account {account.number}.")
        turn.deadlines.clear(_deadline(entry))
        _put(turn, entry, replace(account, offered_key=None))
        turn.note("key.withdrawn", account=account.number, by=fact.actor.id)
        return turn.grant(account.number)
    if account.key is None:
        return turn.refuse("key.plain", f"Account {account.number} has no key: a new one would travel in clear.")
    others = sorted({each.site.id for each in turn.directory.of_number(account.number) if each.key != entry.key})
    if others:
        # One of them would be unreadable as soon as the old key has ended: the header's number alone finds the key.
        return turn.refuse(
            "key.shared",
            f"Account number {account.number} is also at {', '.join(others)}, told apart by receiver and line, and a "
            "frame is opened by its number alone: give one of the panels another number first.",
        )
    if not dialect_of(account.dialect).takes_key_change:
        names = f"dialect {account.dialect}" if account.dialect else "a panel without a dialect"
        return turn.refuse("key.dialect", f"Account {account.number} is {names}, which takes no key from a receiver.")
    turn.deadlines.set(_deadline(entry), turn.after(OFFERED_S))
    _put(turn, entry, replace(account, offered_key=fact.key))
    turn.note("key.offered", account=account.number, by=fact.actor.id)
    return turn.grant(account.number)


def reply_of(entry: Entry | None, received: Received, reply: ReplyKind) -> ReplyKind:
    """The answer that carries the new key, where one is offered and the panel still uses the old one."""
    if reply is not ReplyKind.ACK or not _is_its_own(entry, received) or _uses_another(received):
        return reply
    return ReplyKind.RSP


def is_taken(entry: Entry, received: Received) -> bool:
    """The panel has used the offered key: that changes the account, and has to be stepped."""
    return _is_its_own(entry, received) and OFFERED_KEY in received.remarks


def hear(turn: Turn, entry: Entry, received: Received) -> None:
    if not is_taken(entry, received):
        return
    account = entry.account
    changed = replace(
        account, key=account.offered_key, previous_key=account.key, offered_key=None, changed_from=account.key
    )
    turn.deadlines.set(_deadline(entry), turn.after(PREVIOUS_S))
    _put(turn, entry, changed)
    turn.note("key.changed", account=account.number)


def on_deadline(turn: Turn, site_id: str, number: str) -> None:
    entry = _find(turn, site_id, number)
    if entry is None:
        return  # the account has gone meanwhile
    account = entry.account
    if account.offered_key is not None:
        _put(turn, entry, replace(account, offered_key=None))
        turn.note("key.not_taken", account=number)
        troubles.raise_trouble(turn, "key_not_taken", entry=entry, about=number, text=number)
    elif account.changed_from is not None:
        _put(turn, entry, replace(account, previous_key=None))
        turn.note("key.previous_ended", account=number)


def _is_its_own(entry: Entry | None, received: Received) -> bool:
    """Behind a transmitter the frame is under the transmitter's key, not under this account's."""
    return (
        entry is not None
        and entry.account.offered_key is not None
        and received.protection is Protection.ENCRYPTED
        and received.session_account.upper() == entry.account.number.upper()
    )


def _uses_another(received: Received) -> bool:
    return OFFERED_KEY in received.remarks or PREVIOUS_KEY in received.remarks


def _find(turn: Turn, site_id: str, number: str) -> Entry | None:
    wanted = number.upper()
    return next((each for each in turn.directory.of_site(site_id) if each.account.number.upper() == wanted), None)


def _deadline(entry: Entry) -> str:
    return f"key/{entry.site.id}/{entry.account.number}"


def _put(turn: Turn, entry: Entry, account: Account) -> None:
    site = turn.state.sites[entry.site.id]
    systems = tuple(
        replace(
            system,
            accounts=tuple(account if each.number == account.number else each for each in system.accounts),
        )
        for system in site.systems
    )
    site = replace(site, systems=systems)
    turn.state.sites.put(site.id, site)
    turn.directory.put(site)
    turn.effects.append(ProfilesChanged(site_id=site.id))
