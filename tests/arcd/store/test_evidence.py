"""Signed checkpoints, keys and sealed heads: what they vouch for, and whoever lies is found by one of them."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from arcd.store import Record, Sealed
from arcd.store.evidence import Copy
from arcd.store.verify import Verdict
from protocols.tlog.merkle import Frontier, grow
from protocols.tlog.note import VerifierKey, decode_note
from tests.arcd.store.journal import START
from tests.arcd.store.signed import (
    KEY,
    NEXT_KEY,
    ORIGIN,
    THIEF,
    Journal,
    key_record,
    signed_note,
    tamper,
    telling,
)
from tests.arcd.store.verifying import verified as verified_both_ways


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def verified(path: Path, *copies: Copy, keys: tuple[VerifierKey, ...] = ()) -> Verdict:
    return verified_both_ways(path, copies=copies, keys=keys)


def said(verdict: Verdict) -> str:
    return "\n".join(f"{finding.seq}: {finding.what}" for finding in verdict.findings)


async def written(path: Path) -> list[Copy]:
    """Ten entries, signed at 4, 7 and 10."""
    async with Journal(path) as journal:
        await journal.add(key_record(1, KEY))
        for size in (4, 7, 10):
            await journal.grow(size)
            await journal.sign()
        return journal.copies


# ----------------------------------------------------------------------------------------------------------- it is true


async def test_what_is_signed_is_counted_and_vouched_for(path: Path) -> None:
    copies = await written(path)
    alone = verified(path)
    assert (alone.ok, alone.checkpoints, alone.copies, alone.signed_seq) == (True, 3, 0, 10)
    assert (alone.keys, alone.keys_given) == ((str(KEY.verifier),), False)
    with_copies = verified(path, *copies, keys=(KEY.verifier,))
    assert (with_copies.ok, with_copies.copies, with_copies.signed_seq) == (True, 3, 10)
    assert with_copies.keys_given


async def test_entries_after_the_last_checkpoint_are_not_vouched_for_yet(path: Path) -> None:
    async with Journal(path) as journal:
        await journal.add(key_record(1, KEY))
        await journal.sign()
        await journal.grow(5)
    verdict = verified(path)
    assert (verdict.ok, verdict.head_seq, verdict.signed_seq) == (True, 5, 1)


async def test_a_checkpoint_in_the_middle_of_a_page_and_far_behind_it(path: Path) -> None:
    async with Journal(path) as journal:
        await journal.add(key_record(1, KEY))
        for size in (999, 1000, 1001, 2500):
            await journal.grow(size)
            await journal.sign()
    verdict = verified(path, *journal.copies)
    assert (verdict.ok, verdict.checkpoints, verdict.copies, verdict.signed_seq) == (True, 4, 4, 2500)


async def test_a_key_hands_over_to_the_next(path: Path) -> None:
    async with Journal(path) as journal:
        await journal.add(key_record(1, KEY))
        await journal.sign(KEY)
        await journal.add(key_record(2, NEXT_KEY, KEY))
        await journal.sign(NEXT_KEY)
    for keys in ((), (KEY.verifier,)):
        verdict = verified(path, *journal.copies, keys=keys)
        assert (verdict.ok, verdict.signed_seq, len(verdict.keys)) == (True, 2, 2)


# ------------------------------------------------------------------------------------------------------ somebody lies


async def test_a_dropped_tail_is_found_by_the_copy_that_knew_more(path: Path) -> None:
    copies = await written(path)
    hash_at_6 = "(SELECT hash FROM entry WHERE seq = 6)"
    cut = [f"DELETE FROM {table} WHERE seq > 6" for table in ("payload", "entry", "entry_ref")]
    tamper(path, *cut, "DELETE FROM note WHERE size > 6", f"UPDATE meta SET head_seq = 6, head_hash = {hash_at_6}")
    assert "the Merkle tree kept with the journal is not that of its entries" in said(verified(path))
    text = said(verified(path, *copies))
    assert "7: the tail is missing: copy-7 was signed over 7 entries, here are 6" in text
    assert "7: the tail is missing: copy-10 was signed over 10 entries, here are 6" in text


async def test_a_tail_dropped_with_its_tree_put_right_is_found_by_the_copy_alone(path: Path) -> None:
    """Whoever is so careful leaves a journal that agrees with itself."""
    async with Journal(path) as journal:
        await journal.add(key_record(1, KEY))
        await journal.grow(6)
        await journal.sign()
        shutil.copy(path.with_name("journal.db"), path.with_name("before.db"))
        await journal.store.close()
        shutil.copy(path, path.with_name("before.db"))
        await journal.store.open()
        await journal.grow(10)
        await journal.sign()
    before = path.with_name("before.db")
    assert verified(before).ok
    assert said(verified(before, *journal.copies)) == (
        "7: the tail is missing: copy-10 was signed over 10 entries, here are 6"
    )


async def test_a_journal_rewritten_from_some_entry_on_is_found_and_the_place_is_named(path: Path) -> None:
    copies = await written(path)
    forged = path.with_name("forged.db")
    async with Journal(forged) as journal:  # the same first four entries, then another story, chained and all
        await journal.add(key_record(1, KEY))
        await journal.grow(4)
        await journal.grow(10, subject="site/K-2")
    alone = verified(forged)
    assert (alone.ok, alone.signed_seq) == (True, 0), "a chain alone cannot tell"
    text = said(verified(forged, *copies))
    assert "5: entries 5 to 7 are not what was signed: the root of copy-7 (7 entries) is another" in text
    assert verified(forged, *copies).signed_seq == 4, "and up to here nobody has touched it"


async def test_a_forger_with_a_key_of_their_own_is_found_by_the_copy_and_by_the_known_key(path: Path) -> None:
    copies = await written(path)
    forged = path.with_name("forged.db")
    async with Journal(forged) as journal:
        await journal.add(key_record(1, THIEF))
        await journal.grow(10)
        await journal.sign(THIEF)
    assert verified(forged).ok, "a journal that agrees with itself: that is why copies are kept elsewhere"
    assert "copy-4 is signed by no key that is trusted here" in said(verified(forged, *copies))
    text = said(verified(forged, keys=(KEY.verifier,)))
    assert f"1: it names the signing key {THIEF.verifier.id.hex()}, for which no trusted key has signed" in text
    assert "10: the checkpoint kept with it is signed by no key that is trusted here" in text


async def test_a_new_key_that_the_old_one_has_not_signed_for(path: Path) -> None:
    async with Journal(path) as journal:
        await journal.add(key_record(1, KEY))
        await journal.add(key_record(2, NEXT_KEY))
        await journal.sign(NEXT_KEY)
    assert f"2: it names the signing key {NEXT_KEY.verifier.id.hex()}" in said(verified(path))
    assert verified(path, keys=(KEY.verifier, NEXT_KEY.verifier)).ok, "unless who verifies knows it"


@pytest.mark.parametrize(
    ("statement", "seq", "what"),
    [
        ("UPDATE note SET body = substr(body, 1, 29) || 'AAA' || substr(body, 33) WHERE size = 7", 7, "forged or"),
        ("UPDATE note SET body = replace(body, 'journal', 'joumal') WHERE size = 7", 7, "signed by no key"),
        ("UPDATE note SET body = 'x' WHERE size = 7", 7, "the checkpoint kept with it is none"),
        ("UPDATE note SET size = 8 WHERE size = 7", 8, "is one of 7 entries"),
        (
            "UPDATE note SET body = (SELECT body FROM note WHERE size = 4) WHERE size = 7",
            7,
            "the checkpoint kept with it is one of 4 entries",
        ),
    ],
)
async def test_a_changed_checkpoint_is_found(path: Path, statement: str, seq: int, what: str) -> None:
    await written(path)
    tamper(path, statement)
    assert any(finding.seq == seq and what in finding.what for finding in verified(path).findings), said(verified(path))


async def test_every_letter_of_a_copy_counts(path: Path) -> None:
    copy = (await written(path))[1]
    for place, letter in enumerate(copy.text):
        changed = copy.text[:place] + ("A" if letter != "A" else "B") + copy.text[place + 1 :]
        verdict = verified(path, Copy("changed", changed))
        assert not verdict.ok, f"{place}: {letter!r}"
        assert "changed" in said(verdict)


async def test_a_copy_of_another_journal_is_none_of_this_one(path: Path) -> None:
    await written(path)
    note = signed_note(4, bytes(32), KEY, origin="other.example/journal")
    assert "is signed by no key that is trusted here" in said(verified(path, Copy("x", note.text)))
    assert "0: y is no signed checkpoint" in said(verified(path, Copy("y", "nothing\n")))
    assert decode_note(note.text).signatures[0].name == ORIGIN


async def test_what_names_a_key_is_never_erased(path: Path) -> None:
    await written(path)
    tamper(path, "DELETE FROM payload WHERE seq = 1")
    assert "1: it is of a kind that is never erased, and its payload is gone" in said(verified(path))


async def test_a_key_entry_that_cannot_be_read(path: Path) -> None:
    async with Journal(path) as journal:
        await journal.add(telling(1, "audit_key_changed", {"note": "no note\n"}), telling(2, "audit_key_changed", {}))
    text = said(verified(path))
    assert "1: it names a signing key, and cannot be believed" in text
    assert "2: its payload cannot be read" in text


# ----------------------------------------------------------------------------------------------------- what is given up


async def pruned(path: Path) -> list[Copy]:
    """Ten entries, sealed at 6, the first six given up."""
    async with Journal(path) as journal:
        key = key_record(1, KEY)
        await journal.add(key)
        await journal.grow(3)
        await journal.sign()
        await journal.grow(6)
        note = decode_key_note(key.payload)
        sealed = await journal.seal(key_notes=[note])
        await journal.grow(10)
        await journal.sign()
        await journal.prune(sealed)
        return journal.copies


def decode_key_note(payload: bytes) -> str:
    return str(json.loads(payload)["fact"]["note"])


async def test_what_follows_a_sealed_head_verifies_without_what_came_before(path: Path) -> None:
    copies = await pruned(path)
    for keys in ((), (KEY.verifier,)):
        verdict = verified(path, *copies, keys=keys)
        assert verdict.ok, said(verdict)
        assert (verdict.pruned_through, verdict.entries, verdict.head_seq) == (6, 4, 10)
        assert (verdict.signed_seq, verdict.copies, verdict.copies_too_old) == (10, 2, 1)
    full = path.with_name("full.db")
    async with Journal(full) as journal:
        key = key_record(1, KEY)
        await journal.add(key)
        await journal.grow(6)
        await journal.seal(key_notes=[decode_key_note(key.payload)])
        await journal.grow(10)
    assert verified(full).root == verdict.root, "the tree is that of all ten"


@pytest.mark.parametrize(
    ("statements", "what"),
    [
        (["UPDATE meta SET pruned_hash = zeroblob(32)"], "7: it does not continue entry 6"),
        (["UPDATE meta SET pruned_peaks = zeroblob(64)"], "6: entries up to here were given up, and no entry says"),
        (["UPDATE meta SET pruned_peaks = zeroblob(32)"], "it is no tree of that size"),
        (["UPDATE meta SET pruned_through = 5, pruned_peaks = zeroblob(64)"], "6: entry 6 is missing"),
        (["UPDATE meta SET pruned_through = 0"], "entries 1 to 6 are missing"),
    ],
)
async def test_a_changed_sealed_head_is_found(path: Path, statements: list[str], what: str) -> None:
    await pruned(path)
    tamper(path, *statements)
    assert what in said(verified(path)), said(verified(path))


async def test_entries_cannot_be_given_up_without_an_entry_that_says_so(path: Path) -> None:
    """Somebody cuts the beginning off and writes a head for it."""
    copies = await written(path)
    async with Journal(path) as journal:
        entries = [entry async for entry in journal.store.entries(until=4)]
        frontier, _ = grow(Frontier(), [entry.hash for entry in entries])
        await journal.prune(Sealed(through=4, hash=entries[3].hash, peaks=frontier.peaks))
    text = said(verified(path, *copies, keys=(KEY.verifier,)))
    assert "4: entries up to here were given up, and no entry says that they were sealed" in text


# ------------------------------------------------------------------------------------------------------ any byte of it


async def marked(path: Path) -> None:
    async with Journal(path) as journal:
        await journal.add(key_record(1, KEY))
        await journal.add(
            *(
                Record(
                    seq=seq,
                    at=START,
                    kind="kindmark",
                    subject="subjectmark",
                    payload=b"payloadmark" * 5,
                    refs=("case/Cmark",),
                )
                for seq in range(2, 12)
            )
        )
        await journal.sign()


def test_any_byte_of_a_signed_journal_that_says_something(path: Path) -> None:
    """A letter of every entry, payload, ref and checkpoint, wherever it lies in the file, indexes included."""
    asyncio.run(marked(path))
    marks = [b"kindmark", b"subjectmark", b"payloadmark", b"case/Cmark", b"arc.example/journal"]
    data = bytearray(path.read_bytes())
    overlooked = []
    tried = 0
    for mark in marks:
        place = data.find(mark)
        while place >= 0:
            tried += 1
            data[place] ^= 0x01
            path.write_bytes(data)
            if verified(path).ok:
                overlooked.append((mark, place))
            data[place] ^= 0x01
            place = data.find(mark, place + 1)
    assert tried > 40
    # The index by kind is a finding aid without evidence; SQLite keeps a second copy of each kind in it.
    assert [mark for mark, _ in overlooked if mark != b"kindmark"] == []
    assert len(overlooked) <= 10
