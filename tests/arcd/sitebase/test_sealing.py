"""What becomes of the secrets: sealed, hashed, kept when unchanged, never told."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from arcd.core.facts import Actor, SiteImported
from arcd.core.site import Account, Centre, Contact, Site
from arcd.credentials import Kek, Keyring, KeySafe, hash_word, verify_word
from arcd.sitebase import Changes, Loaded, SiteBase, changes, load_sitebase
from arcd.sitebase.schema import AccountForm, ContactForm
from protocols.secrets import WireKey
from tests.arcd.sitebase.conftest import CENTRE, KEK

Load = Callable[..., Loaded]

HEX, HEX2 = "00112233445566778899aabbccddeeff", "ffeeddccbbaa99887766554433221100"
SITE = f"""\
sites:
  - id: K-1
    name: Kioski
    guards: [g1]
    systems:
      - id: panel
        kind: intrusion
        accounts:
          - {{number: 0042, key: "{HEX}", previous_key: "{HEX2}"}}
          - {{number: 1001}}
    contacts:
      - {{id: anna, name: Anna, code_word: Kuunsirppi, duress_word: Meripihka}}
"""
SECRETS = (HEX, HEX2, "kuunsirppi", "meripihka")


def imported(loaded: Loaded) -> SiteBase:
    assert loaded.problems == ()
    assert loaded.sitebase is not None
    return loaded.sitebase


def in_force(sitebase: SiteBase) -> dict[str, Any]:
    return {"previous": {site.id: site for site in sitebase.sites}, "previous_centre": sitebase.centre}


def anna(site: Site) -> Contact:
    contact = site.contact("anna")
    assert contact is not None
    return contact


def test_keys_are_sealed_and_words_hashed(load: Load) -> None:
    (site,) = imported(load(SITE)).sites
    keyring = Keyring(KEK)
    keyring.update_site(site)
    assert keyring.profile("0042").key == WireKey.parse(HEX)
    assert keyring.profile("0042").previous_key == WireKey.parse(HEX2)
    assert keyring.profile("1001").key is None
    assert verify_word(str(anna(site).code_word_hash), "kuunsirppi")
    assert verify_word(str(anna(site).duress_word_hash), "meripihka")


def test_what_goes_into_the_journal_holds_no_secret(load: Load) -> None:
    (site,) = imported(load(SITE)).sites
    imported_site = SiteImported(at=0, site=site, actor=Actor(id="os:matti"))
    fact = msgspec.json.encode(imported_site).decode() + repr(imported_site)
    for secret in (*SECRETS, WireKey.parse(HEX).expose().hex()):
        assert secret not in fact.casefold()


def test_the_same_files_again_change_nothing(load: Load) -> None:
    first = imported(load(SITE))
    again = imported(load(SITE, **in_force(first)))
    assert again == first
    assert changes(again, **in_force(first)) == Changes(centre=None, sites=(), removed=())


def test_without_what_is_in_force_everything_is_sealed_anew(load: Load) -> None:
    assert imported(load(SITE)) != imported(load(SITE))


def test_only_what_changed_is_sealed_anew(load: Load) -> None:
    first = imported(load(SITE))
    changed = SITE.replace("Kuunsirppi", "Kuutamo").replace(f'key: "{HEX}"', 'key: "ascii:another key of16"', 1)
    again = imported(load(changed, **in_force(first)))
    (old,), (new,) = first.sites, again.sites
    assert anna(new).duress_word_hash == anna(old).duress_word_hash
    assert verify_word(str(anna(new).code_word_hash), "Kuutamo")
    old_account, new_account = old.systems[0].accounts[0], new.systems[0].accounts[0]
    assert new_account.previous_key == old_account.previous_key
    assert new_account.key != old_account.key
    assert new_account.key is not None
    assert KeySafe(KEK).unseal(new_account.key, "0042") == WireKey(b"another key of16")


def test_a_key_that_becomes_the_previous_one_stays_sealed_as_it_was(load: Load) -> None:
    first = imported(load(SITE))
    rolled = SITE.replace(f'key: "{HEX}", previous_key: "{HEX2}"', f'key: "{HEX2}", previous_key: "{HEX}"')
    again = imported(load(rolled, **in_force(first)))
    old, new = first.sites[0].systems[0].accounts[0], again.sites[0].systems[0].accounts[0]
    assert (new.key, new.previous_key) == (old.previous_key, old.key)


def test_after_a_change_of_the_kek_an_import_seals_anew(load: Load, tmp_path: Path) -> None:
    first = imported(load(SITE))
    new_kek = Kek(b"\x07" * 32)
    again = imported(load_sitebase(tmp_path, kek=new_kek, **in_force(first)))
    keyring = Keyring(new_kek)
    keyring.update_site(again.sites[0])
    assert keyring.profile("0042").key == WireKey.parse(HEX)


def test_a_key_file_is_read_and_sealed(load: Load, tmp_path: Path) -> None:
    path = tmp_path / "keys" / "0042"
    path.parent.mkdir()
    path.write_text(HEX + "\n")
    path.chmod(0o600)
    text = SITE.replace(f'key: "{HEX}", previous_key: "{HEX2}"', "key_file: keys/0042")
    account = imported(load(text)).sites[0].systems[0].accounts[0]
    assert account.key is not None
    assert KeySafe(KEK).unseal(account.key, "0042") == WireKey.parse(HEX)


def test_a_ready_made_hash_is_taken_as_it_is(load: Load) -> None:
    word_hash = hash_word("Kuutamo", urandom=lambda size: b"s" * size)
    text = SITE.replace("code_word: Kuunsirppi", f"code_word_hash: '{word_hash}'")
    assert anna(imported(load(text)).sites[0]).code_word_hash == word_hash


def test_randomness_is_handed_in(load: Load) -> None:
    same = {"urandom": lambda size: b"r" * size}
    assert imported(load(SITE, **same)) == imported(load(SITE, **same))


def test_changes_name_what_is_new_changed_and_gone(load: Load) -> None:
    first = imported(load(SITE, SITE.replace("K-1", "K-2").replace("0042", "0043").replace("1001", "1002")))
    second = imported(
        load(
            SITE.replace("Kioski", "Uusi kioski"),
            SITE.replace("K-1", "K-3").replace("0042", "0044").replace("1001", "1003"),
            centre=CENTRE.replace("Demo", "Toinen"),
            **in_force(first),
        )
    )
    found = changes(second, **in_force(first))
    assert found.centre == Centre(
        name="Toinen",
        guards=second.centre.guards,
        contacts=second.centre.contacts,
        call_lists={"on_duty": ("duty",)},
    )
    assert [site.id for site in found.sites] == ["K-1", "K-3"]
    assert found.removed == ("K-2",)


# ------------------------------------------------------------------------------------------------- nothing is repeated

MISTAKES = [
    SITE.replace(f'"{HEX}"', f'"{HEX}0"'),
    SITE.replace(f'"{HEX}"', f"[{HEX}]"),
    SITE.replace(f'"{HEX}"', f"*{HEX}"),
    SITE.replace(f'"{HEX}"', f"!{HEX} x"),
    SITE.replace(f'"{HEX}"', f'"{HEX}'),
    SITE.replace(f'"{HEX}"', f"{{{HEX}: x}}"),
    SITE.replace(f'"{HEX}"', f'"\\q{HEX}"'),
    SITE.replace("code_word: Kuunsirppi", "code_word: *Kuunsirppi"),
    SITE.replace("code_word: Kuunsirppi", "code_word: !Kuunsirppi"),
    SITE.replace("code_word: Kuunsirppi", "code_word: [Kuunsirppi]"),
    SITE.replace("code_word: Kuunsirppi", "code_word: {a: Kuunsirppi}"),
    SITE.replace("code_word: Kuunsirppi", "code_word: " + "Kuunsirppi" * 20),
    SITE.replace("code_word: Kuunsirppi", "code_word: @Kuunsirppi"),
    SITE.replace("code_word: Kuunsirppi", "code_word: %Kuunsirppi"),
    SITE.replace("code_word: Kuunsirppi", "code_word_hash: Kuunsirppi"),
    SITE.replace("code_word: Kuunsirppi", "code_wrod: Kuunsirppi"),
    SITE.replace("duress_word: Meripihka", "duress_word: Kuunsirppi"),
    SITE.replace("duress_word: Meripihka", "code_word: Meripihka"),
    SITE.replace("code_word: Kuunsirppi", "code_word:\n         *Kuunsirppi"),
    SITE + "    tags: [a b]\n",
]


@pytest.mark.parametrize("text", MISTAKES)
def test_no_problem_repeats_a_secret(
    load: Load, text: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    loaded = load(text)
    assert loaded.sitebase is None
    out, err = capfd.readouterr()
    told = "\n".join([*map(str, loaded.problems), repr(loaded), caplog.text, out, err]).casefold()
    for secret in SECRETS:
        assert secret not in told


def test_forms_do_not_show_their_secrets() -> None:
    account = AccountForm.model_validate({"number": "1", "key": HEX})
    contact = ContactForm.model_validate({"id": "a", "name": "A", "code_word": "Kuunsirppi"})
    shown = repr(account) + str(account) + repr(contact) + str(contact.model_dump())
    assert HEX not in shown
    assert "Kuunsirppi" not in shown


def test_even_a_crash_report_does_not(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(size: int) -> bytes:
        raise OSError("no randomness")

    with pytest.raises(OSError, match="no randomness") as caught:
        load(SITE, urandom=broken)
    report = "".join(traceback.format_exception(caught.value)).casefold()
    for secret in SECRETS:
        assert secret not in report


def test_an_account_is_as_its_dialect_says_where_it_says_nothing_itself(load: Load) -> None:
    before, after = SITE.split("          - {number: 0042", 1)
    own = "window_past_s: 60, idle_limit_s: 90"
    rows = ("{number: 1, dialect: ajax}", f"{{number: 2, dialect: ajax, {own}}}", "{number: 3}")
    accounts = "".join(f"          - {row}\n" for row in rows)
    (site,) = imported(load(before + accounts + after[after.index("    contacts:") :])).sites
    ajax, chosen, plain = site.systems[0].accounts
    assert (ajax.window_past_s, ajax.window_future_s, ajax.idle_limit_s) == (120.0, 120.0, 25 * 3600.0)
    assert (chosen.window_past_s, chosen.window_future_s, chosen.idle_limit_s) == (60.0, 120.0, 90.0)
    assert plain == Account(number="3")


def test_an_import_keeps_a_key_that_is_being_changed_or_has_been(load: Load) -> None:
    """The files name the key of before until somebody writes the new one into them."""
    before = imported(load(SITE)).sites[0]
    account = before.systems[0].accounts[0]
    new = KeySafe(KEK).seal(WireKey(bytes(16)), account.number)

    def again(text: str, standing: Account) -> Account:
        systems = (msgspec.structs.replace(before.systems[0], accounts=(standing, *before.systems[0].accounts[1:])),)
        site = msgspec.structs.replace(before, systems=systems)
        return imported(load(text, previous={site.id: site})).sites[0].systems[0].accounts[0]

    offered = msgspec.structs.replace(account, offered_key=new)
    assert again(SITE, offered) == offered, "an import is no reason to take the offer back"
    changed = msgspec.structs.replace(account, key=new, previous_key=account.key, changed_from=account.key)
    kept = again(SITE, changed)
    assert (kept.key, kept.previous_key, kept.changed_from) == (new, account.key, account.key)
    written = SITE.replace(f'key: "{HEX}"', f'key: "{bytes(16).hex()}"', 1)
    after = again(written, changed)
    assert (after.key, after.changed_from) == (new, None)
    third = again(SITE.replace(f'key: "{HEX}"', f'key: "{bytes(range(16, 32)).hex()}"', 1), changed)
    assert third.key not in (new, account.key)
    assert third.changed_from is None
