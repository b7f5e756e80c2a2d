"""One tiny contradiction per check."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from arcd.sitebase import Loaded

Load = Callable[..., Loaded]
Problems = Callable[..., list[str]]

HEAD = "sites:\n  - id: K-1\n    name: Kioski\n    guards: [g1]\n"
OTHER = "sites:\n  - id: K-2\n    name: Talo\n    guards: [g1]\n"
FIRE = "    systems:\n      - id: a\n        kind: fire\n"
HEX, HEX2 = "00112233445566778899aabbccddeeff", "ffeeddccbbaa99887766554433221100"


def panel(*accounts: str, head: str = HEAD, rest: str = "") -> str:
    lines = "".join(f"          - {{{account}}}\n" for account in accounts)
    return f"{head}    systems:\n      - id: panel\n        kind: intrusion\n        accounts:\n{lines}{rest}"


def test_a_circle_of_substitutes_is_told_at_each_of_them(problems: Problems) -> None:
    found = problems(
        HEAD + "    contacts:\n      - {id: a, name: A, substitute: b}\n      - {id: b, name: B, substitute: c}\n"
        "      - {id: c, name: C, substitute: b}\n"
    )
    assert [line.split(" — ")[0] for line in found] == [
        "sites/a.yaml:7:38: error: contact b would stand in for itself in the end",
        "sites/a.yaml:8:38: error: contact c would stand in for itself in the end",
    ]


def test_a_site_id_is_given_once(problems: Problems, tmp_path: Path) -> None:
    assert problems(HEAD, HEAD) == [
        "sites/b.yaml:2:9: error: site K-1 is already at sites/a.yaml:2 — give every site its own id"
    ]


@pytest.mark.parametrize(
    ("indented", "wanted"),
    [
        (
            "    systems:\n      - {id: a, kind: fire}\n      - {id: a, kind: fire}\n",
            "7:14: error: system a is already on line 6 — give every system its own id",
        ),
        (
            "    contacts:\n      - {id: a, name: A}\n      - {id: a, name: B}\n",
            "7:14: error: contact a is already on line 6 — give every contact its own id",
        ),
        (
            FIRE + "        zones:\n          - {number: 3}\n          - {number: '003'}\n",
            "10:22: error: zone 3 is already on line 9 — give every zone its own number",
        ),
        (
            FIRE + "        zones: [{number: '00'}]\n",
            "8:26: error: zone 0 is what panels send for no zone — number zones from 1",
        ),
        (
            FIRE + "        areas: [{number: 1}, {number: 01}]\n",
            "8:39: error: area 1 is already on line 8 — give every area its own number",
        ),
        (
            FIRE + "        areas: [{number: 1}]\n        zones: [{number: 1, area: 2}]\n",
            "9:35: error: system a has no area 2 — write one of 1 instead",
        ),
        (
            FIRE + "        areas: [{number: 1, schedule: {weekdays: {mon: '08:00-16:00'}}}]\n",
            "8:39: error: area 1 has a schedule and does not report openings and closings — "
            "add reports_open_close: true, or remove the schedule",
        ),
        (
            FIRE + "        areas: [{number: 1, reports_open_close: true, schedule: {weekdays: {}}}]\n",
            "8:65: warning: area 1 is never open by this schedule — give weekdays their hours",
        ),
        (
            FIRE + "        areas:\n          - number: 1\n            reports_open_close: true\n"
            "            schedule: {weekdays: {mon: '08:00-16:00', holiday: closed}}\n",
            "11:64: error: a holiday is no day of the week — write holiday: beside weekdays:",
        ),
        (
            FIRE + "        only_tests_count: true\n",
            "8:27: error: system a is not expected to test — add test_interval: 24h",
        ),
        (
            FIRE + "        erc_contract: in_force\n",
            "8:23: error: system a is not connected to the emergency response centre — add erc_device, or remove this",
        ),
        (
            FIRE + "        erc_test_right: granted\n",
            "8:25: error: system a is not connected to the emergency response centre — add erc_device, or remove this",
        ),
        (
            "    erc_actual: true\n",
            "5:17: error: the contract of K-1 does not include erc_escalation — "
            "add it under services, or remove erc_actual",
        ),
        (
            "    contacts:\n      - {id: a, name: A, away: [{from: 2026-08-02, until: 2026-07-06}]}\n",
            "6:59: error: it ends before it begins — swap the two dates",
        ),
        (
            "    contacts:\n      - {id: a, name: A, available: {mon-sun: closed}}\n",
            "6:37: error: contact a could never be called — give hours, or remove available for any time",
        ),
        (
            "    contacts:\n      - {id: a, name: A, substitute: b}\n",
            "6:38: error: there is no contact b here — write one of a instead",
        ),
        (
            "    contacts:\n      - {id: a, name: A, substitute: a}\n",
            "6:38: error: contact a would stand in for itself in the end — name somebody who is outside this circle",
        ),
        (
            "    call_lists: {keyholders: []}\n",
            "5:30: error: the call list keyholders is empty — name at least one contact, or remove the list",
        ),
        (
            "    contacts: [{id: anna, name: A, phones: ['112']}]\n    call_lists: {keyholders: [ana]}\n",
            "6:31: error: there is no contact ana here — did you mean anna? write anna instead",
        ),
        (
            "    contacts: [{id: anna, name: A}]\n    call_lists: {keyholders: [anna]}\n",
            "6:31: error: contact anna cannot be reached — give it phones, email or a pager",
        ),
    ],
)
def test_a_site_that_contradicts_itself(problems: Problems, indented: str, wanted: str) -> None:
    assert problems(HEAD + indented) == [f"sites/a.yaml:{wanted}"]


def test_a_guard_that_the_centre_does_not_have(problems: Problems) -> None:
    assert problems(HEAD.replace("[g1]", "[g1, g2]")) == [
        "sites/a.yaml:4:18: error: there is no guard g2 in centre.yaml — write one of g1 instead"
    ]


def test_a_site_without_guards_is_only_warned_about(load: Load, problems: Problems) -> None:
    text = "sites:\n  - id: K-1\n    name: Kioski\n"
    assert problems(text) == [
        "sites/a.yaml:2:5: warning: site K-1 has no guards: no job can be offered — add guards: [<guard id>]"
    ]
    assert load(text).sitebase is not None


@pytest.mark.parametrize(
    ("centre", "wanted"),
    [
        (
            "call_lists: {duty: [d]}\ncontacts: [{id: d, name: D, phones: ['112']}]\n",
            "1:13: error: the call list on_duty is missing: nobody would be told when nobody else answers — "
            "add on_duty: [<contact id>] under call_lists",
        ),
        (
            "call_lists: {on_duty: [e]}\ncontacts: [{id: d, name: D, phones: ['112']}]\n",
            "1:24: error: there is no contact e here — write one of d instead",
        ),
        (
            "call_lists: {on_duty: [d]}\ncontacts: [{id: d, name: D}]\n",
            "1:24: error: contact d cannot be reached — give it phones, email or a pager",
        ),
        (
            "call_lists: {on_duty: [d]}\ncontacts: [{id: d, name: D, phones: ['112']}]\nguards: [{id: g, name: G}]\n",
            "3:10: error: guard g cannot be offered a job — give it webhook_url or email, or both",
        ),
        (
            "call_lists: {on_duty: [d]}\ncontacts: [{id: d, name: D, phones: ['112']}]\nguards:\n"
            "  - {id: g, name: G, email: g@x.fi}\n  - {id: g, name: G, email: g@x.fi}\n",
            "5:10: error: guard g is already on line 4 — give every guard its own id",
        ),
    ],
)
def test_a_centre_that_contradicts_itself(problems: Problems, centre: str, wanted: str) -> None:
    assert problems(centre=centre) == [f"centre.yaml:{wanted}"]


def test_a_centre_that_cannot_be_read_does_not_hide_the_sites(problems: Problems) -> None:
    assert problems(HEAD.replace("Kioski", "''"), centre="name: [\n")[1:] == [
        "sites/a.yaml:3:11: error: name: string should have at least 1 character — change the value"
    ]


# ----------------------------------------------------------------------------------------------------------- accounts


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("number: 1001", "number: 1001"),
        ("number: ab1", "number: AB1"),
        ("number: 1001, receiver: 1", "number: 1001, receiver: '01'"),
        ("number: 1001, receiver: 1", "number: 1001"),  # without a receiver it is any receiver
        ("number: 1001, receiver: 1, line: 2", "number: 1001, line: 2"),
    ],
)
def test_an_account_is_given_once_for_a_receiver_and_line(problems: Problems, first: str, second: str) -> None:
    number = second.split(",")[0].removeprefix("number: ")
    assert problems(panel(first), panel(second, head=OTHER)) == [
        f"sites/b.yaml:9:22: error: account {number} is already at sites/a.yaml:9 for the same receiver and line — "
        "give the panel another number, or tell the two apart by receiver and line"
    ]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("number: 1001", "number: '01001'"),
        ("number: 1001, receiver: 1", "number: 1001, receiver: 2"),
        ("number: 1001, line: 1", "number: 1001, line: 2"),
        (f"number: 1001, line: 1, key: '{HEX}'", f"number: 1001, line: 2, key: '{HEX}'"),
    ],
)
def test_accounts_that_can_be_told_apart(problems: Problems, first: str, second: str) -> None:
    assert problems(panel(first), panel(second, head=OTHER)) == []


@pytest.mark.parametrize("second", [f"key: '{HEX2}'", "", f"key: '{HEX}', encoding: iso-8859-1"])
def test_one_number_is_read_one_way(problems: Problems, second: str) -> None:
    """The frame's header names the key by the account number alone (DC-09)."""
    found = problems(
        panel(f"number: 1001, line: 1, key: '{HEX}'"),
        panel(f"number: 1001, line: 2, {second}".rstrip(", "), head=OTHER),
    )
    assert len(found) == 1
    assert found[0].startswith("sites/b.yaml:9:22: error: account 1001 at sites/a.yaml:9 is read differently (key,")
    assert HEX not in found[0]
    assert HEX2 not in found[0]


def test_a_previous_key_needs_a_key(problems: Problems) -> None:
    assert problems(panel(f"number: 1001, previous_key: '{HEX}'")) == [
        "sites/a.yaml:9:42: error: there is a previous key and no key — write the key now in force as key"
    ]


@pytest.mark.parametrize("field", ["key", "previous_key"])
def test_a_key_is_given_in_one_place(problems: Problems, tmp_path: Path, field: str) -> None:
    path = tmp_path / "key"
    path.write_text(HEX)
    path.chmod(0o600)
    other = "" if field == "key" else f", key: '{HEX}'"
    found = problems(panel(f"number: 1001, {field}: '{HEX}', {field}_file: key{other}"))
    assert len(found) == 1
    assert found[0].endswith(f"error: both {field} and {field}_file are given — keep one of the two")


@pytest.mark.parametrize(
    ("prepare", "wanted"),
    [
        (lambda path: None, "cannot read {path}: No such file or directory"),
        (lambda path: (path.write_text(HEX), path.chmod(0o644)), "{path} can be used by others: run chmod 600 {path}"),
        (
            lambda path: (path.write_text("no key at all"), path.chmod(0o600)),
            "{path} holds no receiver key: write 32, 48 or 64 hex digits into it",
        ),
        (lambda path: (path.write_bytes(b"\xff" * 16), path.chmod(0o600)), "{path} holds no receiver key"),
    ],
)
def test_a_key_file_that_cannot_be_used(
    problems: Problems, tmp_path: Path, prepare: Callable[[Path], object], wanted: str
) -> None:
    prepare(tmp_path / "key")
    found = problems(panel("number: 1001, key_file: key"))
    assert len(found) == 1
    assert found[0].startswith(f"sites/a.yaml:9:38: error: {wanted.replace('{path}', 'key')}")


# --------------------------------------------------------------------------------------------------------- code words


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (
            "code_word: Käpy, duress_word: ' KÄPY '",
            "the duress word is the code word — choose words that cannot be confused",
        ),
        (
            "code_word: Käpy, code_word_hash: '$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$%s'" % ("A" * 43),
            "both code_word and code_word_hash are given — keep one of the two",
        ),
        ("code_word_hash: Käpy", "this is not a code word hash — a code word hash is argon2id text, like"),
        ("code_word: '  '", "this is not a code word — write 1 to 100 characters"),
        ("code_word: 12.50", "this would be read as a number and change — put it in quotes"),
    ],
)
def test_code_words(problems: Problems, words: str, wanted: str) -> None:
    found = problems(HEAD + f"    contacts: [{{id: a, name: A, {words}}}]\n")
    assert len(found) == 1
    assert f"error: {wanted}" in found[0]
    assert "sites/a.yaml:5:" in found[0]
    assert "käpy" not in found[0].casefold()
