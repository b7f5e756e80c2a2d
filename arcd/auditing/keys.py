"""The key that signs checkpoints: read from a credential or file, and how one key hands over to the next.

One rule: the private key stays in its type. The journal and everybody else know its verifier key alone.

A key is 32 random bytes (RFC 8032), raw or as 64 hex digits; its name is the origin of the settings. A new key is named
by a note that it signs itself and, if the key before it is still at hand, that one signs too; whoever trusts the old
key can then trust the new one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from arcd.core.audit.model import SigningKey as KnownKey
from arcd.core.facts import AuditKeyChanged
from arcd.credentials import CredentialError, read_credential
from arcd.store.evidence import KeyStatement
from protocols.tlog.note import SEED_BYTES, NoteError, SigningKey, decode_verifier_key, encode_note


def load_signing_key(
    origin: str, credential: str, *, file: Path | None = None, environ: Mapping[str, str] = os.environ
) -> SigningKey:
    """CredentialError when there is none."""
    content = read_credential(credential, file=file, environ=environ)
    where = file or f"the credential {credential!r}"
    if len(content) != SEED_BYTES:
        try:
            content = bytes.fromhex(content.decode("ascii").strip())
        except ValueError:
            content = b""
    try:
        return SigningKey(origin, content)
    except NoteError as error:
        raise CredentialError(
            f"{where} is no signing key ({error}); make one with: arcctl journal keys new FILE"
        ) from None


def key_change(
    known: tuple[KnownKey, ...], key: SigningKey, previous: Callable[[str], SigningKey | None], at: int
) -> AuditKeyChanged | None:
    """What has to be said before `key` signs; None when it is the one that signed before.

    `previous` gives the private key before this one under the name it then had, None when it is not at hand.
    """
    verifier = str(key.verifier)
    if known and known[-1].verifier == verifier:
        return None
    text = KeyStatement(origin=key.verifier.name, verifier=verifier).text()
    if not known:
        return AuditKeyChanged(at=at, verifier=verifier, note=encode_note(text, [key]))
    before = known[-1].verifier
    old = previous(decode_verifier_key(before).name)
    is_vouched = old is not None and str(old.verifier) == before
    keys = [key, old] if old is not None and is_vouched else [key]
    return AuditKeyChanged(at=at, verifier=verifier, note=encode_note(text, keys), vouched=is_vouched)
