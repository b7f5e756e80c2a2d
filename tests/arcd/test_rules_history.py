from __future__ import annotations

import pytest
from msgspec.structs import replace

from arcd.core.facts import Actor
from arcd.rules_history import (
    DIGEST_CHARS_MIN,
    NoSuchRulesError,
    RulesEntry,
    earlier,
    rules_entry,
    rules_history,
    sources_of,
)
from rules.engine import digest_of
from tests.arcd.past import ACTOR, Past
from tests.arcd.store.journal import erase
from tests.playbook import Panel
from tests.sites import rules

ONE, TWO = rules(), rules(routes={"BA": "urgent"})


async def test_sets_that_were_in_force_with_who_put_them_there() -> None:
    past = Past(ONE)
    past.happens(Panel().sia("BA", zone="3"))
    past.rules(TWO)
    store = await past.store()
    first, second = await rules_history(store)
    assert (first.seq, first.digest, first.actor, first.files) == (1, digest_of(ONE), ACTOR, len(ONE))
    assert second.digest == digest_of(TWO)
    assert await sources_of(store, first.seq) == ONE
    assert await sources_of(store, second.seq) == TWO
    with pytest.raises(NoSuchRulesError):
        await sources_of(store, first.seq + 1)
    await erase(store, [first.seq])
    assert await rules_history(store) == [second]


def test_a_set_that_was_refused_was_never_in_force() -> None:
    past = Past(ONE)
    [first] = [entry for entry in past.entries() if entry.kind == "rules_loaded"]
    assert rules_entry(first) is not None
    assert first.payload is not None
    refused = first.payload.replace(b'"granted":true', b'"granted":false')
    assert refused != first.payload
    assert rules_entry(replace(first, payload=refused)) is None


def history(*digests: str) -> list[RulesEntry]:
    actor = Actor(id="os:matti")
    return [
        RulesEntry(seq=seq, at=seq, digest=digest, actor=actor, files=1, directory_digest="")
        for seq, digest in enumerate(digests, start=1)
    ]


A, B, C = "aaaaaa11", "bbbbbb22", "bbbbbb33"


@pytest.mark.parametrize(
    ("digests", "wanted", "seq"),
    [
        ([A, B], None, 1),
        ([A, B, A], None, 2),
        ([A, B, C, B], None, 3),
        ([A, B, C], "AAAAAA", 1),
        ([A, B, A, C], "bbbbbb2 ", 2),
        ([A, B, A, C], A, 3),
    ],
)
def test_which_set_to_go_back_to(digests: list[str], wanted: str | None, seq: int) -> None:
    assert earlier(history(*digests), wanted).seq == seq


@pytest.mark.parametrize(
    ("digests", "wanted", "told"),
    [
        ([], None, "nothing to go back to"),
        ([A, A], None, "nothing to go back to"),
        ([A, B], "a" * (DIGEST_CHARS_MIN - 1), f"at least {DIGEST_CHARS_MIN}"),
        ([A, B], "bbbbbb", "in force already"),
        ([A, B], "cccccc", "No such rules"),
        ([B, C, A], "bbbbbb", "Several digests"),
    ],
)
def test_what_cannot_be_gone_back_to_says_what_can(digests: list[str], wanted: str | None, told: str) -> None:
    with pytest.raises(NoSuchRulesError, match=told):
        earlier(history(*digests), wanted)
