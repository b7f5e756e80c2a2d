from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from arcd.api.redaction import INSTANT_NAMES, SECRET_NAMES, readable
from arcd.core import facts, site
from arcd.core.case import model
from arcd.core.flags import model as flags
from tests.arcd.api.desk import CENTRE, SECRETS, SITE

AT = 1_767_225_600_000_000_000


def clean(value: Any) -> Any:
    return readable(json.dumps(value).encode())


@pytest.mark.parametrize(
    "value",
    [
        {"key": {"nonce": SECRETS[0], "ciphertext": SECRETS[1]}},
        {"anything": {"nonce": SECRETS[0], "ciphertext": SECRETS[1]}},
        {"key": SECRETS[0]},
        {"code_word_hash": SECRETS[2]},
        {"renamed": [SECRETS[2]]},
        {"password": SECRETS[4]},
        {"webhook_url": f"https://u:{SECRETS[4]}@h.example/p?token={SECRETS[5]}"},
        {"url": f"https://h.example:8443/p?{SECRETS[5]}#{SECRETS[4]}"},
        {"failed_fact": json.dumps({"site": {"key": {"nonce": SECRETS[0], "ciphertext": SECRETS[1]}}})},
        {"failed_fact": f"not JSON {SECRETS[0]}"},
        {"url": f"https://[{SECRETS[4]}"},
    ],
)
def test_a_secret_does_not_come_through(value: Any) -> None:
    shown = json.dumps(clean({"deep": [{"inside": value}]}))
    assert not [secret for secret in SECRETS if secret in shown]


def test_whole_values_of_the_core_are_covered() -> None:
    actor = facts.Actor(id="os:x")
    whole = [
        facts.SiteImported(at=AT, site=SITE, actor=actor),
        facts.CentreImported(at=AT, centre=CENTRE, actor=actor),
        model.StepState(id="call", call_list=SITE.contacts),
    ]
    shown = json.dumps(readable(msgspec.json.encode(whole)))
    assert not [secret for secret in SECRETS if secret in shown]
    assert "+358 40 555 0101" in shown, "what is no secret is kept"


def test_a_deadlines_key_is_no_secret() -> None:
    assert clean({"key": "case/C12/claim", "due": AT}) == {"key": "case/C12/claim", "due": "2026-01-01T00:00:00Z"}


def test_what_is_absent_is_not_said_to_be_there() -> None:
    assert clean({"key": None, "code_word_hash": None}) == {"key": None, "code_word_hash": None}


def test_instants_become_text_and_other_numbers_do_not() -> None:
    assert clean({"at": AT, "until": 5, "seq": AT, "heard": {"*/*/1": AT, "zone": 3}}) == {
        "at": "2026-01-01T00:00:00Z",
        "until": 5,
        "seq": AT,
        "heard": {"*/*/1": "2026-01-01T00:00:00Z", "zone": 3},
    }


def test_the_names_exist_in_the_core() -> None:
    """A renamed field would silently stop being recognised."""
    modules = (facts, flags, model, site)
    types = [each for module in modules for each in vars(module).values() if isinstance(each, type)]
    structs = [each for each in types if issubclass(each, msgspec.Struct)]
    fields = {name for struct in structs for name in struct.__struct_fields__}
    signal_fields = {"occurred_at"}
    assert INSTANT_NAMES - fields - signal_fields == set()
    assert {"key", "previous_key", "code_word_hash", "duress_word_hash"} <= fields & SECRET_NAMES
