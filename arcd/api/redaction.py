"""A journal entry's payload made fit for reading: no secrets, and instants as people and programs read them.

One rule: whatever looks like a secret is replaced by `true`, by its shape and not only by its name, so that a fact
added later is covered too. The journal itself keeps the sealed keys and hashes; this is only what is shown (R-87).
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit, urlunsplit

import msgspec

from arcd.api.instants import YEAR_MAX, rfc3339

SECRET_NAMES = frozenset(
    {"key", "previous_key", "code_word_hash", "duress_word_hash", "code_word", "password", "token"}
)
# Facts and values name instants by these words (arcd.core.facts, .flags, .case.model, protocols.signals).
INSTANT_NAMES = frozenset(
    {
        "at", "due", "until", "starts_at", "started_at", "ended_at", "occurred_at", "opened_at", "closed_at",
        "acknowledged_at", "decided_at", "accepted_at", "answered_at", "on_site_at", "eta", "down_since",
        "told_at", "series_until",
    }
)  # fmt: skip
_URL_NAMES = frozenset({"url", "webhook_url"})
_JSON_NAMES = frozenset({"failed_fact"})  # StepFailed keeps the fact it could not digest as JSON text
_RECEIVED = frozenset({"protocol", "origin", "kind"})
_SEALED = frozenset({"nonce", "ciphertext"})  # arcd.core.site.SealedKey
# An instant of this daemon, not a small number that happens to bear the name: 2001 or later, in ns.
_INSTANT_MIN = 10**18
_INSTANT_MAX = (YEAR_MAX - 1970) * 366 * 86_400 * 10**9


def readable(payload: bytes) -> Any:
    """The payload's JSON as plain values, fit to leave the daemon."""
    return _clean(msgspec.json.decode(payload))


def has_secret(payload: bytes) -> bool:
    """Whether `readable` leaves anything of it out. Instants are only written otherwise."""
    return _holds_secret(msgspec.json.decode(payload))


def _holds_secret(value: Any) -> bool:
    if isinstance(value, dict):
        return value.keys() == _SEALED or any(
            _field_holds_secret(str(name), inner) for name, inner in value.items() if not _is_id_token(name, value)
        )
    if isinstance(value, list):
        return any(map(_holds_secret, value))
    return isinstance(value, str) and value.startswith("$argon2")


def _field_holds_secret(name: str, value: Any) -> bool:
    if name in SECRET_NAMES and _is_secret(name, value):
        return True
    if name in _URL_NAMES and isinstance(value, str):
        return _bare_url(value) != value
    if name in _JSON_NAMES and isinstance(value, str):
        try:
            return has_secret(value.encode())
        except msgspec.DecodeError:
            return True
    return _holds_secret(value)


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == _SEALED:
            return True
        return {
            name: inner if _is_id_token(name, value) else _clean_field(str(name), inner)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_clean(inner) for inner in value]
    if isinstance(value, str) and value.startswith("$argon2"):
        return True
    return value


def _clean_field(name: str, value: Any) -> Any:
    if name in SECRET_NAMES and _is_secret(name, value):
        return True
    if name in INSTANT_NAMES and isinstance(value, int) and _INSTANT_MIN <= value <= _INSTANT_MAX:
        return rfc3339(value)
    if name == "heard" and isinstance(value, dict):  # AccountsHeard: account → last heard
        return {account: _clean_field("at", at) for account, at in value.items()}
    if name in _URL_NAMES and isinstance(value, str):
        return _bare_url(value)
    if name in _JSON_NAMES and isinstance(value, str):
        return _clean_json(value)
    return _clean(value)


def _is_id_token(name: Any, value: dict[Any, Any]) -> bool:
    """What DC-09 calls the id token ("SIA-DCS") is the name of a format (protocols.codec.Received)."""
    return name == "token" and isinstance(value[name], str) and value.keys() >= _RECEIVED


def _is_secret(name: str, value: Any) -> bool:
    # A deadline's key is a name ("case/C12/claim"), a system's key is a sealed value; other names are always secret.
    if value is None:
        return False
    return name != "key" or not (isinstance(value, str) and "/" in value)


def _bare_url(url: str) -> str:
    """Without user, password and query: some services hide their secret there."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port is not None else ""
    except ValueError:
        return ""
    return urlunsplit((parts.scheme, f"{parts.hostname or ''}{port}", parts.path, "", ""))


def _clean_json(text: str) -> Any:
    try:
        return readable(text.encode())
    except msgspec.DecodeError:
        return ""
