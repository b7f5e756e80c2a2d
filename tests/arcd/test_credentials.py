from __future__ import annotations

import copy
import pickle
import stat
import traceback
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcd.core.site import Account, SealedKey, Site, System
from arcd.credentials import (
    CREDENTIAL_BYTES_MAX,
    WORD_CHARS_MAX,
    CredentialError,
    Kek,
    Keyring,
    KeySafe,
    Urandom,
    check_word_hash,
    create_kek,
    hash_word,
    load_kek,
    read_credential,
    read_secret,
    same_word,
    verify_word,
)
from protocols.codec import ConnectionPolicy, WireProfile
from protocols.secrets import WireKey

KEK_TEXT = "00112233445566778899aabbccddeeff" * 2
KEK = Kek(bytes.fromhex(KEK_TEXT))
KEY = WireKey(b"a key of sixteen")


def counting_urandom() -> Urandom:
    numbers = count()
    return lambda size: next(numbers).to_bytes(size, "big")


SAFE = KeySafe(KEK)


# -------------------------------------------------------------------------------------------------------- never shown


@pytest.mark.parametrize("show", [repr, str, lambda kek: f"{kek}", lambda kek: f"{kek!r:>20}".strip()])
def test_a_kek_does_not_show(show: Callable[[Kek], str]) -> None:
    assert show(KEK) == "Kek(****)"


@pytest.mark.parametrize("copying", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_kek_is_not_serialised(copying: Callable[[Kek], object]) -> None:
    with pytest.raises(TypeError, match="not serialised"):
        copying(KEK)


def test_a_kek_is_no_json() -> None:
    with pytest.raises(TypeError):
        msgspec.json.encode(KEK)
    assert not hasattr(KEK, "__dict__")


def test_keks_compare_by_value() -> None:
    assert Kek(bytes.fromhex(KEK_TEXT)) == KEK
    assert Kek(bytes(32)) != KEK
    assert len({KEK, Kek(bytes.fromhex(KEK_TEXT))}) == 1


def test_a_kek_has_32_bytes() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Kek(b"short")


def test_each_purpose_has_its_own_key() -> None:
    assert KEK.derive(b"one") == KEK.derive(b"one")
    assert len({KEK.derive(b"one"), KEK.derive(b"two"), bytes.fromhex(KEK_TEXT)}) == 3


# -------------------------------------------------------------------------------------------------------------- files


def private_file(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    path.chmod(0o600)
    return path


@pytest.mark.parametrize(
    "content",
    [bytes.fromhex(KEK_TEXT), KEK_TEXT.encode(), KEK_TEXT.upper().encode() + b"\n", KEK_TEXT.encode() + b"\r\n"],
)
def test_a_kek_is_read_raw_or_as_hex(tmp_path: Path, content: bytes) -> None:
    assert load_kek(file=private_file(tmp_path / "kek", content)) == KEK


@pytest.mark.parametrize("content", [b"", b"short", KEK_TEXT[:-1].encode(), KEK_TEXT.encode() + b"00", b"\xff" * 33])
def test_what_is_no_kek_is_said_without_showing_it(tmp_path: Path, content: bytes) -> None:
    path = private_file(tmp_path / "kek", content)
    with pytest.raises(CredentialError) as caught:
        load_kek(file=path)
    assert str(caught.value) == (
        f"{path} is no key-encryption key: it must hold 32 bytes or 64 hex digits (it has {len(content)} bytes); "
        "make one with: openssl rand -hex 32"
    )
    # The whole report, chained exceptions included, as a crash would print it.
    report = "".join(traceback.format_exception(caught.value))
    assert KEK_TEXT[:16] not in report


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644, 0o777])
def test_a_file_that_others_can_use_is_refused(tmp_path: Path, mode: int) -> None:
    path = private_file(tmp_path / "kek", KEK_TEXT.encode())
    path.chmod(mode)
    with pytest.raises(CredentialError, match="run chmod 600"):
        load_kek(file=path)


def test_systemd_hands_over_a_directory(tmp_path: Path) -> None:
    path = private_file(tmp_path / "kek", KEK_TEXT.encode())
    path.chmod(0o440)  # how its ACL shows
    assert load_kek(environ={"CREDENTIALS_DIRECTORY": str(tmp_path)}) == KEK


def test_a_configured_file_goes_before_the_directory(tmp_path: Path) -> None:
    private_file(tmp_path / "kek", bytes(32))
    path = private_file(tmp_path / "mine", KEK_TEXT.encode())
    assert load_kek(file=path, environ={"CREDENTIALS_DIRECTORY": str(tmp_path)}) == KEK


def test_without_either_the_error_says_what_to_do() -> None:
    with pytest.raises(CredentialError, match="name a file in the settings, or put LoadCredential=kek:/etc/arcd/kek"):
        load_kek(environ={})


def test_a_missing_credential(tmp_path: Path) -> None:
    with pytest.raises(CredentialError, match=r"cannot read .*/mail-password: No such file or directory"):
        read_credential("mail-password", environ={"CREDENTIALS_DIRECTORY": str(tmp_path)})
    with pytest.raises(CredentialError, match="Is a directory"):
        read_credential("mail-password", file=tmp_path)


def test_a_credential_is_bounded(tmp_path: Path) -> None:
    fits = private_file(tmp_path / "fits", b"x" * CREDENTIAL_BYTES_MAX)
    assert len(read_credential("secret", file=fits)) == CREDENTIAL_BYTES_MAX
    longer = private_file(tmp_path / "longer", b"x" * (CREDENTIAL_BYTES_MAX + 1))
    with pytest.raises(CredentialError, match="longer than 4096 bytes"):
        read_credential("secret", file=longer)


@pytest.mark.parametrize("content", [b"correct horse", b"correct horse\n", b"correct horse\r\n"])
def test_a_secret_is_text_without_its_line_end(tmp_path: Path, content: bytes) -> None:
    secret = read_secret("mail-password", file=private_file(tmp_path / "password", content))
    assert secret.get_secret_value() == "correct horse"
    assert "horse" not in repr(secret) + str(secret)


@pytest.mark.parametrize(("content", "message"), [(b"\xff\xfe", "is not UTF-8 text"), (b"\n", "is empty")])
def test_what_is_no_secret_text(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(CredentialError, match=message):
        read_secret("mail-password", file=private_file(tmp_path / "password", content))
    with pytest.raises(CredentialError, match=f"the credential 'password' {message}"):
        read_secret("password", environ={"CREDENTIALS_DIRECTORY": str(tmp_path)})


def test_a_kek_is_created_once(tmp_path: Path) -> None:
    path = tmp_path / "var" / "kek"
    made = create_kek(path)
    assert load_kek(file=path) == made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    before = path.read_bytes()
    with pytest.raises(CredentialError, match="never overwritten"):
        create_kek(path)
    assert path.read_bytes() == before


def test_a_kek_that_cannot_be_created(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CredentialError, match="cannot create"):
        create_kek(tmp_path / "file" / "kek")


# ------------------------------------------------------------------------------------------------------ receiver keys


@given(st.sampled_from([16, 24, 32]).flatmap(lambda size: st.binary(min_size=size, max_size=size)))
def test_a_sealed_key_opens_again(key: bytes) -> None:
    assert SAFE.unseal(SAFE.seal(WireKey(key), "0042"), "0042") == WireKey(key)


def test_sealing_draws_a_new_nonce() -> None:
    assert SAFE.seal(KEY, "1001") != SAFE.seal(KEY, "1001")


def test_the_account_counts_without_case() -> None:
    assert SAFE.unseal(SAFE.seal(KEY, "ab12"), "AB12") == KEY


@pytest.mark.parametrize("account", ["1002", "01001", "", "1001 "])
def test_another_account_does_not_open_it(account: str) -> None:
    with pytest.raises(CredentialError, match=f"the receiver key of account {account} does not open"):
        SAFE.unseal(SAFE.seal(KEY, "1001"), account)


def test_another_kek_does_not_open_it() -> None:
    with pytest.raises(CredentialError, match="sealed under another key-encryption key"):
        KeySafe(Kek(bytes(32))).unseal(SAFE.seal(KEY, "1001"), "1001")


def test_no_byte_can_be_changed() -> None:
    sealed = KeySafe(KEK, urandom=counting_urandom()).seal(KEY, "1001")
    for field in ("nonce", "ciphertext"):
        text = getattr(sealed, field)
        for place in range(len(text)):
            other = "B" if text[place] == "A" else "A"
            forged = msgspec.structs.replace(sealed, **{field: text[:place] + other + text[place + 1 :]})
            with pytest.raises(CredentialError):
                SAFE.unseal(forged, "1001")


@pytest.mark.parametrize("sealed", [SealedKey(nonce="", ciphertext=""), SealedKey(nonce="ä", ciphertext="!")])
def test_nonsense_does_not_open(sealed: SealedKey) -> None:
    with pytest.raises(CredentialError, match="account 1001"):
        SAFE.unseal(sealed, "1001")


def test_nothing_of_a_key_shows(caplog: pytest.LogCaptureFixture) -> None:
    sealed = SAFE.seal(KEY, "1001")
    with pytest.raises(CredentialError) as caught:
        KeySafe(Kek(bytes(32))).unseal(sealed, "1001")
    report = "".join(traceback.format_exception(caught.value)) + repr(sealed) + repr(SAFE) + caplog.text
    assert "a key of sixteen" not in report
    assert KEY.expose().hex() not in report


# ------------------------------------------------------------------------------------------------------------ keyring


def site(site_id: str, *accounts: Account) -> Site:
    return Site(id=site_id, name="x", systems=(System(id="panel", kind="intrusion", accounts=accounts),))


def keyed(number: str, key: WireKey = KEY, **fields: Any) -> Account:
    return Account(number=number, key=SAFE.seal(key, number), **fields)


def test_an_unknown_account_has_the_default_profile() -> None:
    assert Keyring(KEK).profile("1001") == WireProfile()


def test_an_imported_site_is_read_by_its_profile() -> None:
    keyring = Keyring(KEK)
    old = WireKey(b"the key it had 1")
    account = keyed(
        "ab12",
        previous_key=SAFE.seal(old, "ab12"),
        window_past_s=90.0,
        window_future_s=30.0,
        ignore_crc=True,
        encoding="windows-1252",
        dialect="month-from-zero",
        connection=ConnectionPolicy.CLOSE_AFTER_REPLY,
        idle_limit_s=60.0,
    )
    keyring.update_site(site("K-1", account, Account(number="0042")))
    wanted = WireProfile(
        key=KEY,
        previous_key=old,
        window_past_s=90.0,
        window_future_s=30.0,
        ignore_crc=True,
        encoding="windows-1252",
        month_from_zero=True,
        connection=ConnectionPolicy.CLOSE_AFTER_REPLY,
        idle_limit_s=60.0,
        is_configured=True,
    )
    assert keyring.profile("AB12") == keyring.profile("ab12") == wanted
    assert keyring.profile("0042") == WireProfile(is_configured=True)
    assert keyring.profile("42") == WireProfile()


def test_a_new_import_replaces_the_old() -> None:
    keyring = Keyring(KEK)
    keyring.update_site(site("K-1", keyed("1001"), keyed("1002")))
    other = WireKey(b"b" * 32)
    keyring.update_site(site("K-1", keyed("1001", other)))
    assert keyring.profile("1001").key == other
    assert keyring.profile("1002").key is None


def test_a_removed_site_is_forgotten() -> None:
    keyring = Keyring(KEK)
    keyring.update_site(site("K-1", keyed("1001")))
    keyring.remove_site("K-1")
    keyring.remove_site("K-1")
    assert keyring.profile("1001") == WireProfile()


def test_a_number_shared_by_two_sites_stays_until_both_are_gone() -> None:
    keyring = Keyring(KEK)
    for first, second in (("K-1", "K-2"), ("K-2", "K-1")):
        keyring.update_site(site(first, keyed("1001", receiver=first[-1])))
        keyring.update_site(site(second, keyed("1001", receiver=second[-1])))
        keyring.remove_site(first)
        assert keyring.profile("1001").key == KEY
        keyring.remove_site(second)
        assert keyring.profile("1001").key is None


def test_a_site_whose_key_does_not_open_changes_nothing() -> None:
    keyring = Keyring(KEK)
    keyring.update_site(site("K-1", keyed("1001")))
    moved = Account(number="1002", key=SAFE.seal(KEY, "9999"))
    with pytest.raises(CredentialError, match="the receiver key of account 1002 does not open"):
        keyring.update_site(site("K-1", keyed("1001", WireKey(b"b" * 32)), moved))
    assert keyring.profile("1001").key == KEY


def test_a_keyring_shows_no_key() -> None:
    keyring = Keyring(KEK)
    keyring.update_site(site("K-1", keyed("1001")))
    assert "sixteen" not in repr(keyring) + repr(keyring.profile("1001"))


# --------------------------------------------------------------------------------------------------------- code words


def test_a_word_is_kept_as_a_salted_hash() -> None:
    first, second = hash_word("Kuunsirppi"), hash_word("Kuunsirppi")
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert first != second
    assert "kuunsirppi" not in first.casefold()
    check_word_hash(first)


@pytest.mark.parametrize("said", ["käpy laakso", "KÄPY LAAKSO", "  Käpy\tlaakso\n", "ka\u0308py laakso"])
def test_a_word_is_heard_not_spelt(said: str) -> None:
    assert verify_word(hash_word("Käpy  Laakso"), said)
    assert same_word("Käpy  Laakso", said)


@pytest.mark.parametrize("said", ["kapy laakso", "käpylaakso", "käpy laaks", "", "x" * (WORD_CHARS_MAX + 1)])
def test_another_word_does_not_pass(said: str) -> None:
    assert not verify_word(hash_word("Käpy Laakso"), said)


@pytest.mark.parametrize("word_hash", ["", "käpy", "$argon2id$", "$argon2id$v=19$m=19456,t=2,p=1$x$y"])
def test_a_damaged_hash_lets_nobody_in(word_hash: str) -> None:
    assert not verify_word(word_hash, "käpy")


@pytest.mark.parametrize("word", ["", "   ", "salaisuus" * 12])
def test_a_word_has_some_characters_and_not_too_many(word: str) -> None:
    with pytest.raises(ValueError, match="1 to 100 characters") as caught:
        hash_word(word)
    assert "salaisuus" not in str(caught.value)


@pytest.mark.parametrize(
    ("word_hash", "advice"),
    [
        ("käpy", "is argon2id text"),
        ("$argon2i$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$" + "A" * 43, "argon2i and argon2d are not taken"),
        ("$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$" + "A" * 43, "at most m=262144"),
        ("$argon2id$v=19$m=19456,t=99,p=1$c29tZXNhbHRzb21lc2FsdA$" + "A" * 43, "t=10"),
    ],
)
def test_an_imported_hash_is_checked(word_hash: str, advice: str) -> None:
    with pytest.raises(ValueError, match=advice):
        check_word_hash(word_hash)
