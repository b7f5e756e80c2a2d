"""The key-encryption key (KEK), what is sealed under it, and code words.

One rule: secret bytes leave their type only through `expose()` or `derive()`, and no error names anything but a file or
an account. Keys at rest in the journal are sealed; code words are kept as argon2id hashes and cannot be read back.
Where key material comes from in YAML is `arcd.sitebase`.
"""

from __future__ import annotations

import base64
import hmac
import os
import stat
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path

import argon2
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

from arcd.core.site import Account, SealedKey, Site
from arcd.wire_profile import profile_of
from protocols.codec import WireProfile
from protocols.secrets import WireKey

KEK_BYTES = 32
CREDENTIAL_BYTES_MAX = 4096

_NONCE_BYTES = 12  # NIST SP 800-38D 5.2.1.1: 96 bits
_SEAL_PURPOSE = b"arcd sealed receiver key 1"

# OWASP Password Storage Cheat Sheet, argon2id: 19 MiB, two passes, one lane: 20 to 40 ms, while a caller waits.
_WORD_TIME_COST = 2
_WORD_MEMORY_KIB = 19 * 1024
_WORD_LANES = 1
_WORD_SALT_BYTES = 16  # RFC 9106 3.1
WORD_CHARS_MAX = 100
# Hashes may be imported ready-made; these bound what verifying one can cost.
_WORD_TIME_COST_MAX = 10
_WORD_MEMORY_KIB_MAX = 256 * 1024

Urandom = Callable[[int], bytes]


class CredentialError(Exception):
    """A secret cannot be used. The message is a sentence for the administrator and holds no secret."""


class Kek:
    """The key everything at rest is sealed under. Never shows itself, like `WireKey`."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        if len(key) != KEK_BYTES:
            raise ValueError(f"a key-encryption key has {KEK_BYTES} bytes")
        self._key = key

    def derive(self, purpose: bytes) -> bytes:
        """A key of its own for one purpose (HKDF, RFC 5869), so that no two uses share one key."""
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Kek) and self._key == other._key

    def __hash__(self) -> int:
        return hash((Kek, self._key))

    def __repr__(self) -> str:
        return "Kek(****)"

    def __reduce__(self) -> str:
        raise TypeError("a Kek is not serialised")


# ------------------------------------------------------------------------------------------------------------- files


def read_credential(name: str, *, file: Path | None = None, environ: Mapping[str, str] = os.environ) -> bytes:
    """The content of a configured file, or else of the credential `name` that systemd handed to the service.

    A configured file that others may read is refused. Modes under `$CREDENTIALS_DIRECTORY` are systemd's business: it
    grants the service by an ACL, which shows as a group bit.
    """
    if file is None:
        directory = environ.get("CREDENTIALS_DIRECTORY")
        if not directory:
            raise CredentialError(
                f"no credential {name!r}: name a file in the settings, or put LoadCredential={name}:/etc/arcd/{name} "
                "into the service unit"
            )
        return _read(Path(directory) / name, is_ours_alone=False)
    return _read(file, is_ours_alone=True)


def read_secret(name: str, *, file: Path | None = None, environ: Mapping[str, str] = os.environ) -> SecretStr:
    """A password or shared secret: the credential as text, without the line end that editors leave behind."""
    content = read_credential(name, file=file, environ=environ)
    try:
        text = content.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise CredentialError(f"{file or f'the credential {name!r}'} is not UTF-8 text") from None
    if not text:
        raise CredentialError(f"{file or f'the credential {name!r}'} is empty: write the secret into it")
    return SecretStr(text)


def credential_path(name: str, *, file: Path | None = None, environ: Mapping[str, str] = os.environ) -> Path:
    """Where `read_credential` reads, for a library that opens the file itself. Read once here, so that it can be."""
    read_credential(name, file=file, environ=environ)
    return file or Path(environ["CREDENTIALS_DIRECTORY"]) / name


def _read(path: Path, *, is_ours_alone: bool) -> bytes:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(CREDENTIAL_BYTES_MAX + 1)
    except OSError as error:
        raise CredentialError(f"cannot read {path}: {os.strerror(error.errno or 0)}") from None
    if is_ours_alone and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise CredentialError(f"{path} can be used by others: run chmod 600 {path}, and consider the secret known")
    if len(content) > CREDENTIAL_BYTES_MAX:
        raise CredentialError(f"{path} is longer than {CREDENTIAL_BYTES_MAX} bytes: it is not a credential")
    return content


def load_kek(*, file: Path | None = None, environ: Mapping[str, str] = os.environ) -> Kek:
    """32 raw bytes, or 64 hex digits with or without a line end."""
    content = read_credential("kek", file=file, environ=environ)
    if len(content) == KEK_BYTES:
        return Kek(content)
    try:
        return Kek(bytes.fromhex(content.decode("ascii").strip()))
    except ValueError:
        where = file or "the credential 'kek'"
        raise CredentialError(
            f"{where} is no key-encryption key: it must hold 32 bytes or 64 hex digits "
            f"(it has {len(content)} bytes); make one with: openssl rand -hex 32"
        ) from None


def create_kek(path: Path, *, urandom: Urandom = os.urandom) -> Kek:
    """Write a new key, readable by its owner alone. An existing file is never touched: what it sealed would be lost."""
    if path.exists():
        raise CredentialError(f"{path} exists: a key-encryption key is never overwritten")
    kek = urandom(KEK_BYTES)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise CredentialError(f"cannot create {path}: {os.strerror(error.errno or 0)}") from None
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(kek.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    return Kek(kek)


# ------------------------------------------------------------------------------------------------------ receiver keys


class KeySafe:
    """Seals receiver keys for the journal and opens them again. The account is bound in: a sealed key that is moved to
    another account does not open."""

    __slots__ = ("_cipher", "_urandom")

    def __init__(self, kek: Kek, *, urandom: Urandom = os.urandom) -> None:
        self._cipher = AESGCM(kek.derive(_SEAL_PURPOSE))
        self._urandom = urandom

    def seal(self, key: WireKey, account: str) -> SealedKey:
        nonce = self._urandom(_NONCE_BYTES)
        ciphertext = self._cipher.encrypt(nonce, key.expose(), _bound_account(account))
        return SealedKey(nonce=base64.b64encode(nonce).decode(), ciphertext=base64.b64encode(ciphertext).decode())

    def unseal(self, sealed: SealedKey, account: str) -> WireKey:
        try:
            nonce = base64.b64decode(sealed.nonce, validate=True)
            ciphertext = base64.b64decode(sealed.ciphertext, validate=True)
            return WireKey(self._cipher.decrypt(nonce, ciphertext, _bound_account(account)))
        except (InvalidTag, ValueError):
            raise CredentialError(
                f"the receiver key of account {account} does not open: it was sealed under another key-encryption key, "
                "or altered; bring back the right key-encryption key, or import the site base again"
            ) from None


class TokenSafe:
    """Digests of the tokens by which sources of mail and JSON are known. Keyed, so that the journal alone gives nothing
    to guess against; of full-length random tokens, so that nothing slower is needed."""

    __slots__ = ("_key",)

    def __init__(self, kek: Kek) -> None:
        self._key = kek.derive(b"arcd source token 1")

    def digest(self, token: str) -> str:
        return hmac.new(self._key, token.encode(), "sha256").hexdigest()


def _bound_account(account: str) -> bytes:
    return account.upper().encode()


class Keyring:
    """Account → how it is read on the wire (`protocols.codec.Profiles`), kept in step with the site base.

    Frames name an account by its number alone, so a number used in several namespaces has one profile; the site base
    refuses such accounts with different keys.
    """

    __slots__ = ("_by_account", "_by_site", "_profiles", "_safe")

    _unknown = WireProfile()

    def __init__(self, kek: Kek) -> None:
        self._safe = KeySafe(kek)
        self._profiles: dict[str, WireProfile] = {}
        self._by_site: dict[str, dict[str, WireProfile]] = {}
        self._by_account: dict[str, set[str]] = {}  # account → ids of the sites that have it

    def profile(self, account: str) -> WireProfile:
        return self._profiles.get(account.upper(), self._unknown)

    def update_site(self, site: Site) -> None:
        """All of the site or, with CredentialError, nothing of it."""
        profiles = {
            account.number.upper(): self._open(account) for system in site.systems for account in system.accounts
        }
        self.remove_site(site.id)
        self._by_site[site.id] = profiles
        for number in profiles:
            self._by_account.setdefault(number, set()).add(site.id)
            self._settle(number)

    def remove_site(self, site_id: str) -> None:
        for number in self._by_site.pop(site_id, {}):
            self._by_account[number].discard(site_id)
            self._settle(number)

    def _settle(self, number: str) -> None:
        holders = self._by_account[number]
        if holders:
            # The least site id, so that the outcome does not depend on the order of import.
            self._profiles[number] = self._by_site[min(holders)][number]
        else:
            del self._by_account[number], self._profiles[number]

    def _open(self, account: Account) -> WireProfile:
        def opened(sealed: SealedKey | None) -> WireKey | None:
            return None if sealed is None else self._safe.unseal(sealed, account.number)

        return profile_of(
            account,
            key=opened(account.key),
            previous_key=opened(account.previous_key),
            offered_key=opened(account.offered_key),
        )


# --------------------------------------------------------------------------------------------------------- code words

_hasher = argon2.PasswordHasher(
    time_cost=_WORD_TIME_COST, memory_cost=_WORD_MEMORY_KIB, parallelism=_WORD_LANES, type=argon2.Type.ID
)


def hash_word(word: str, *, urandom: Urandom = os.urandom) -> str:
    """ValueError for a word that is empty or too long; it never repeats the word."""
    spoken = _as_spoken(word)
    if not spoken or len(spoken) > WORD_CHARS_MAX:
        raise ValueError(f"a code word has 1 to {WORD_CHARS_MAX} characters")
    return _hasher.hash(spoken, salt=urandom(_WORD_SALT_BYTES))


def verify_word(word_hash: str, word: str) -> bool:
    """Constant time, by the library. Slow on purpose (20 to 40 ms): call it beside the event loop, not in it."""
    spoken = _as_spoken(word)
    if not spoken or len(spoken) > WORD_CHARS_MAX:
        return False
    try:
        return _hasher.verify(word_hash, spoken)
    except (VerificationError, ValueError):  # a damaged hash: InvalidHashError, or not even ASCII
        return False


def same_word(a: str, b: str) -> bool:
    return _as_spoken(a) == _as_spoken(b)


def check_word_hash(word_hash: str) -> None:
    """ValueError for anything but an argon2id hash of bearable cost."""
    try:
        parameters = argon2.extract_parameters(word_hash)
    except InvalidHashError:
        raise ValueError("a code word hash is argon2id text, like $argon2id$v=19$m=19456,t=2,p=1$…") from None
    if parameters.type is not argon2.Type.ID:
        raise ValueError("a code word hash is argon2id; argon2i and argon2d are not taken")
    if parameters.memory_cost > _WORD_MEMORY_KIB_MAX or parameters.time_cost > _WORD_TIME_COST_MAX:
        raise ValueError(
            f"a code word hash costs at most m={_WORD_MEMORY_KIB_MAX} and t={_WORD_TIME_COST_MAX} to verify"
        )


def _as_spoken(word: str) -> str:
    """What is heard on the phone has no case and no outer spaces; ä is one letter however it was typed."""
    return unicodedata.normalize("NFC", " ".join(unicodedata.normalize("NFC", word).casefold().split()))
