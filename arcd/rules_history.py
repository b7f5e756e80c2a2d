"""The rule sets a journal has had in force: which, since when, by whom.

One rule: read from the journal alone. A set that was asked for and refused was never in force.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from arcd.core.effects import Answer
from arcd.core.facts import Actor, RulesLoaded
from arcd.core.record import StepRecord
from arcd.store import Entry, Store

RULES_LOADED = "rules_loaded"
DIGEST_CHARS_MIN = 6  # what a person must type of a digest; `arcctl` shows twelve

_decoder = msgspec.json.Decoder(StepRecord)


class RulesEntry(Struct, frozen=True, kw_only=True):
    """One coming into force. The sources stay in the journal: `sources_of`."""

    seq: int
    at: int
    digest: str
    actor: Actor
    files: int
    directory_digest: str


class NoSuchRulesError(Exception):
    """What was asked for cannot be told; the message says what can."""


async def rules_history(store: Store) -> list[RulesEntry]:
    """Oldest first; the last one is in force."""
    found = [rules_entry(entry) async for entry in store.entries(kind=RULES_LOADED)]
    return [entry for entry in found if entry is not None]


def rules_entry(entry: Entry) -> RulesEntry | None:
    """None where it was refused or has been erased."""
    fact = _granted(entry)
    if fact is None:
        return None
    return RulesEntry(
        seq=entry.seq,
        at=entry.at,
        digest=fact.digest,
        actor=fact.actor,
        files=len(fact.sources),
        directory_digest=fact.directory_digest,
    )


async def sources_of(store: Store, seq: int) -> dict[str, str]:
    async for entry in store.entries(after=seq - 1, until=seq):
        fact = _granted(entry)
        if fact is not None:
            return fact.sources
    raise NoSuchRulesError(f"Entry {seq} holds no rules any more.")


def earlier(history: Iterable[RulesEntry], wanted: str | None) -> RulesEntry:
    """The set to go back to: by the beginning of its digest, else the one in force before the present one."""
    entries = list(history)
    in_force = entries[-1].digest if entries else ""
    others = [entry for entry in entries if entry.digest != in_force]
    if wanted is None:
        if not others:
            raise NoSuchRulesError("No other rules have been in force; there is nothing to go back to.")
        return others[-1]
    begins = wanted.strip().lower()
    if len(begins) < DIGEST_CHARS_MIN:
        raise NoSuchRulesError(f"Give at least {DIGEST_CHARS_MIN} characters of the digest.")
    if in_force.startswith(begins):
        raise NoSuchRulesError(f"The rules {in_force[:12]} are in force already.")
    found = [entry for entry in others if entry.digest.startswith(begins)]
    if not found:
        raise NoSuchRulesError("No such rules have been in force; `arcctl rules history` lists them.")
    if len({entry.digest for entry in found}) > 1:
        raise NoSuchRulesError("Several digests begin so; give more of it.")
    return found[-1]


def _granted(entry: Entry) -> RulesLoaded | None:
    if entry.payload is None:
        return None
    record = _decoder.decode(entry.payload)
    was_granted = any(isinstance(effect, Answer) and effect.granted for effect in record.effects)
    return record.fact if isinstance(record.fact, RulesLoaded) and was_granted else None
