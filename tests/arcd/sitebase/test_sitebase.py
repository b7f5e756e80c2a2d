"""The directory as a whole, and the demo that administrators learn from."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

import arcd.sitebase
from arcd.credentials import Keyring, verify_word
from arcd.sitebase import Loaded, is_there, load_sitebase
from protocols.secrets import WireKey
from rules import shipped
from rules.loader import load as load_rules
from tests.arcd.sitebase.conftest import KEK

Load = Callable[..., Loaded]
Problems = Callable[..., list[str]]

SITE = "sites:\n  - id: %s\n    name: Kioski\n    guards: [g1]\n"
EMPTY = "the file is empty — begin with sites: (centre.yaml: with name:), or remove the file"
DEMO = Path(__file__).parents[3] / "config" / "demo"


def test_sites_come_in_the_order_of_files_and_lines(load: Load) -> None:
    two = SITE % "K-2" + (SITE % "K-1").removeprefix("sites:\n")
    loaded = load(two, SITE % "K-0")
    assert loaded.sitebase is not None
    assert [site.id for site in loaded.sitebase.sites] == ["K-2", "K-1", "K-0"]
    assert loaded.sitebase.centre.name == "Demo"


def test_a_centre_alone_is_a_site_base(load: Load) -> None:
    loaded = load()
    assert loaded.sitebase is not None
    assert loaded.sitebase.sites == ()


def test_one_error_keeps_everything_out(load: Load) -> None:
    loaded = load(SITE % "K-1", SITE % "K 2")
    assert loaded.sitebase is None
    assert len(loaded.problems) == 1


def test_a_directory_without_centre(problems: Problems) -> None:
    assert problems(SITE % "K-1", centre=None) == [
        "centre.yaml:1:1: error: there is no such file — a site base is a directory with centre.yaml and sites/*.yaml"
    ]


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    loaded = load_sitebase(tmp_path / "nowhere", kek=KEK)
    assert [problem.message for problem in loaded.problems] == ["there is no such file"]


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (b"\xff\xfe", "this is not UTF-8 text — save the file as UTF-8"),
        (b"", EMPTY),
        (b"\n# only\n\n  # comments\n", EMPTY),
        (b"sites: [\n", "this is not YAML: while parsing a flow node"),
        (b"- sites\n", "this file must be a mapping — write field: value lines"),
    ],
)
def test_a_file_that_is_none(load: Load, problems: Problems, tmp_path: Path, content: bytes, wanted: str) -> None:
    load()
    (tmp_path / "sites" / "a.yaml").write_bytes(content)
    (found,) = problems()
    assert found.startswith("sites/a.yaml:")
    assert f"error: {wanted}" in found


def test_many_empty_lines_are_no_trouble(load: Load) -> None:
    assert load("\n" * 10_000 + SITE % "K-1").sitebase is not None


def test_a_byte_order_mark_is_passed_over(load: Load) -> None:
    assert load("\ufeff" + SITE % "K-1").sitebase is not None


def test_a_file_that_would_be_overlooked(problems: Problems, load: Load, tmp_path: Path) -> None:
    load()
    (tmp_path / "sites" / "b.yml").write_text(SITE % "K-2")
    (tmp_path / "sites" / "notes.txt").write_text("not read")
    (tmp_path / "sites" / "old").mkdir()
    assert problems() == ["sites/b.yml:1:1: error: this file would not be read — name it *.yaml"]


def test_a_file_that_must_not_be_read_is_named(
    load: Load, problems: Problems, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load()
    (tmp_path / "sites" / "a.yaml").write_text(SITE % "K-1")

    def denied(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", denied)
    told = "sites/a.yaml:1:1: error: cannot be read: Permission denied — check its owner and mode, and those of its"
    assert f"{told} directory" in problems()


def test_sites_that_lie_where_nobody_reads_them_are_told(problems: Problems, load: Load, tmp_path: Path) -> None:
    """A site that is left out has no plan and nobody to call: its first alarm would be from an unknown account."""
    load()
    sites = tmp_path / "sites"
    (sites / "a.yaml").symlink_to(sites / "a.yaml")
    (sites / "b.yaml").symlink_to(tmp_path / "moved-away")
    (sites / "c.yaml").mkdir()
    os.mkfifo(sites / "d.yaml")
    (sites / "north").mkdir()
    (sites / "north" / "e.yaml").write_text(SITE % "K-5")
    (sites / ".#f.yaml").symlink_to("an-editors-lock")
    told = [problem.partition(" — ")[0] for problem in problems()]
    assert told == [
        "sites/a.yaml:1:1: error: cannot be read: Too many levels of symbolic links",
        "sites/b.yaml:1:1: error: cannot be read: No such file or directory",
        "sites/c.yaml:1:1: error: this is no file",
        "sites/d.yaml:1:1: error: this is no file",
        "sites/north:1:1: error: the files in this directory would not be read",
    ]


def test_a_directory_of_sites_that_is_none(problems: Problems, load: Load, tmp_path: Path) -> None:
    load()
    (tmp_path / "sites").rmdir()
    assert load_sitebase(tmp_path, kek=KEK).sitebase is not None, "a centre may have no site yet"
    (tmp_path / "sites").symlink_to(tmp_path / "moved-away")
    [told] = load_sitebase(tmp_path, kek=KEK).problems
    assert told.message == "cannot be read: No such file or directory"
    (tmp_path / "sites").unlink()
    (tmp_path / "sites").write_text(SITE % "K-1")
    [told] = load_sitebase(tmp_path, kek=KEK).problems
    assert told.message == "cannot be read: Not a directory"


def test_what_we_may_not_look_at_may_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_there(tmp_path)
    assert not is_there(tmp_path / "nothing")
    (tmp_path / "link").symlink_to(tmp_path / "nothing")
    assert is_there(tmp_path / "link"), "somebody meant something by it"

    def denied(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "stat", denied)
    assert is_there(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("limit", "wanted"),
    [("FILES_MAX", "sites:1:1: error: more than 1 files"), ("SITES_MAX", ":1:1: error: more than 1 sites")],
)
def test_a_site_base_is_bounded(problems: Problems, monkeypatch: pytest.MonkeyPatch, limit: str, wanted: str) -> None:
    monkeypatch.setattr(arcd.sitebase, limit, 1)
    (found,) = problems(SITE % "K-1", SITE % "K-2")
    assert wanted in found


# --------------------------------------------------------------------------------------------------------------- demo


def test_the_demo_loads_without_a_word() -> None:
    loaded = load_sitebase(DEMO, kek=KEK)
    assert loaded.problems == ()
    assert loaded.sitebase is not None
    sites = {site.id: site for site in loaded.sitebase.sites}
    assert sorted(sites) == ["K-1001", "K-1002", "K-2001", "K-3001", "K-4001"]
    keyring = Keyring(KEK)
    for site in sites.values():
        keyring.update_site(site)
    assert keyring.profile("1002").key == WireKey(b"DEMO-ONLY-KEY-02")
    numbers = {account.number for site in sites.values() for system in site.systems for account in system.accounts}
    assert {"1001", "1002", "0042", "3580000000200101"} <= numbers
    owner = sites["K-1002"].contact("omistaja")
    assert owner is not None
    assert verify_word(str(owner.code_word_hash), "demo kuunsirppi")


def test_the_demo_reaches_nobody() -> None:
    """Mail to a domain that cannot exist, posts to this machine, numbers of one reserved block, marked secrets."""
    loaded = load_sitebase(DEMO, kek=KEK)
    assert loaded.sitebase is not None
    centre = loaded.sitebase.centre
    contacts = [*centre.contacts, *(contact for site in loaded.sitebase.sites for contact in site.contacts)]
    mails = [contact.email for contact in contacts if contact.email]
    mails += [guard.email for guard in centre.guards if guard.email]
    phones = [phone for contact in contacts for phone in contact.phones]
    phones += [guard.phone for guard in centre.guards if guard.phone]
    assert all(mail.endswith("@example.invalid") for mail in mails)
    assert all(phone.startswith("+358 40 555 0") for phone in phones)
    assert all(guard.webhook_url.startswith("http://127.0.0.1:") for guard in centre.guards if guard.webhook_url)
    for path in DEMO.rglob("*.yaml"):
        for line in path.read_text(encoding="utf-8").splitlines():
            words = line.split("#")[0]
            if any(f"{field}: " in words for field in ("key", "code_word", "duress_word")):
                assert "DEMO" in words, line


def test_every_site_of_the_demo_can_be_served() -> None:
    """Whatever plan a signal leads to: the people it names are there."""
    loaded = load_sitebase(DEMO, kek=KEK)
    assert loaded.sitebase is not None
    ruleset = load_rules(shipped.sources()).ruleset
    assert ruleset is not None
    named = {step.recipients for plan in ruleset.plans.values() for step in plan.steps if step.recipients}
    for site in loaded.sitebase.sites:
        assert named - {"guards"} <= {*site.call_lists, *loaded.sitebase.centre.call_lists}
        assert site.guards
        assert site.call_lists["keyholders"]
        assert set(site.instructions) == {"fi", "sv", "en"}
        assert all(system.accounts and system.zones for system in site.systems)
