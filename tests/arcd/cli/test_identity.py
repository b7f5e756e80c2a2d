from __future__ import annotations

import pytest
from msgspec.structs import replace

from arcd.cli.identity import WORD_CHARS_MAX
from arcd.core.facts import SiteImported
from arcd.core.site import ContactRole
from arcd.credentials import WORD_CHARS_MAX as HASHED_CHARS_MAX
from arcd.credentials import hash_word
from tests.arcd.api.desk import ANNA, SITE
from tests.arcd.cli.conftest import Arcctl
from tests.arcd.cli.daemon import Daemon
from tests.playbook import OPERATOR

WORD = "Kiitäjä 7"


@pytest.fixture(autouse=True)
def _anna_has_a_word(daemon: Daemon) -> None:
    anna = replace(ANNA, roles=(ContactRole.ON_TEST_AUTHORITY,), code_word_hash=hash_word(WORD), duress_word_hash=None)
    site = replace(SITE, contacts=(anna,))
    daemon.run(daemon.desk.take(SiteImported(at=daemon.desk.now(), site=site, actor=OPERATOR)))


def test_the_limit_is_the_daemons() -> None:
    assert WORD_CHARS_MAX == HASHED_CHARS_MAX


def test_a_word_is_read_from_a_pipe_and_shown_nowhere(arcctl: Arcctl, daemon: Daemon) -> None:
    ran = arcctl("test", "verify", "K-1", "anna", typed=f"{WORD}\n")
    assert ran.code == 0, ran.err
    assert "anna is verified, level 1; it counts for 10 minutes." in ran.out
    wrong = arcctl("maintenance", "verify", "K-1", "anna", typed="Jarru\n")
    assert (wrong.code, "(R-29)" in wrong.err) == (1, True)
    for told in (ran.out, ran.err, wrong.out, wrong.err, arcctl("journal", "show").out):
        assert WORD not in told
        assert "Jarru" not in told


def test_a_word_and_the_test_in_one_call(arcctl: Arcctl, daemon: Daemon) -> None:
    ran = arcctl("test", "start", "K-1", "--reason", "x", "--by", "anna", "--ask-word", "--json", typed=f"{WORD}\n")
    assert ran.code == 0, ran.err
    flag = ran.json()["flag"]
    assert (flag["requested_by"], flag["verified_how"]) == ("anna", "identity_check")
    refused = arcctl("test", "start", "K-1", "--reason", "x", "--by", "anna", "--ask-word", typed="Jarru\n")
    assert (refused.code, "(R-29)" in refused.err) == (1, True)
    assert len(daemon.desk.state.flags) == 1


def test_a_check_made_before_is_named(arcctl: Arcctl, daemon: Daemon) -> None:
    check = arcctl("test", "verify", "K-1", "anna", "--json", typed=WORD).json()["subject"]
    ran = arcctl("test", "start", "K-1", "--reason", "x", "--by", "anna", "--identity", check)
    assert ran.code == 0, ran.err


def test_a_call_back_needs_no_word(arcctl: Arcctl, daemon: Daemon) -> None:
    assert "level 2" in arcctl("test", "verify", "K-1", "anna", "--call-back").out
    assert "level 2" in arcctl("test", "verify", "K-1", "anna", "--call-back", "--word", typed=WORD).out
    assert arcctl("test", "verify", "K-1", "anna", "--call-back", "--word", typed="Jarru").code == 1


@pytest.mark.parametrize("typed", ["", "\n", "  \n", "x" * (WORD_CHARS_MAX + 1)])
def test_no_word_is_a_wrong_one(arcctl: Arcctl, daemon: Daemon, typed: str) -> None:
    ran = arcctl("test", "verify", "K-1", "anna", typed=typed)
    assert (ran.code, f"1 to {WORD_CHARS_MAX} characters" in ran.err) == (2, True)


def test_on_a_terminal_it_is_typed_unseen(arcctl: Arcctl, daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    import getpass

    from arcd.cli import identity

    class Terminal:
        def isatty(self) -> bool:
            return True

    asked: list[str] = []
    monkeypatch.setattr(identity.sys, "stdin", Terminal())
    monkeypatch.setattr(getpass, "getpass", lambda prompt: asked.append(prompt) or WORD)
    assert identity.read_word("anna") == WORD
    assert asked == ["The word anna says (not shown): "]
