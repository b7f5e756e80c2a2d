"""The verbs of the journal's proof, against a desk with the real core."""

from __future__ import annotations

import asyncio
import json
import zipfile
from pathlib import Path

import pytest

from protocols.tlog.note import SigningKey
from tests.arcd.cli.conftest import Arcctl
from tests.arcd.cli.daemon import Daemon
from tests.arcd.store.signed import KEY, Journal, key_record


@pytest.fixture
def case_id(daemon: Daemon) -> str:
    return str(daemon.run(daemon.desk.alarm("BA")))


def test_a_checkpoint_is_printed_as_it_is_signed(arcctl: Arcctl, daemon: Daemon) -> None:
    ran = arcctl("journal", "checkpoint")
    assert (ran.code, ran.out.splitlines()[0]) == (0, "arc.example/test")
    assert arcctl("journal", "checkpoint", "--json").json()["note"] == ran.out
    assert "no key has signed anything" in arcctl("journal", "keys", "list").out


def test_a_key_is_made_once_and_never_over_another(arcctl: Arcctl, tmp_path: Path) -> None:
    ran = arcctl("journal", "keys", "new", "key", "--origin", "arc.example/j", "--json")
    value = ran.json()
    seed = bytes.fromhex((tmp_path / "key").read_text().strip())
    assert value["verifier"] == str(SigningKey("arc.example/j", seed).verifier)
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    again = arcctl("journal", "keys", "new", "key", "--origin", "arc.example/j")
    assert (again.code, "never overwritten" in again.err) == (1, True)


def test_a_key_with_a_wrong_name_is_not_made(arcctl: Arcctl, tmp_path: Path) -> None:
    """A file left behind would then be in the way of the right one."""
    ran = arcctl("journal", "keys", "new", "key", "--origin", "two words")
    assert (ran.code, "--origin 'two words': a key's name has" in ran.err) == (2, True)
    assert not (tmp_path / "key").exists()


def test_holds(arcctl: Arcctl, daemon: Daemon, case_id: str) -> None:
    assert "nothing is held" in arcctl("journal", "hold", "list").out
    placed = arcctl("journal", "hold", "place", "--case", case_id, "--reason", "police")
    assert (placed.code, f"case/{case_id}" in placed.out) == (0, True)
    assert "police" in arcctl("journal", "hold", "list").out
    lifted = arcctl("journal", "hold", "lift", "--case", case_id, "--reason", "over")
    assert (lifted.code, "supervisor" in lifted.err) == (1, True)
    assert arcctl("journal", "hold", "place", "--reason", "r").code == 2
    period = ("--since", "2026-12-01T00:00Z", "--until", "2026-12-03T00:00Z")
    assert arcctl("journal", "hold", "place", *period, "--reason", "police").code == 0
    assert "period/2026-12-01T00:00:00Z/2026-12-03T00:00:00Z" in arcctl("journal", "hold", "list").out
    assert arcctl("journal", "hold", "place", *period[:2], "--reason", "r").code == 2
    assert arcctl("journal", "hold", "place", "--all", "--site", "K-1", "--reason", "r").code == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("erase", "--reason", "r"), "give one of --case, --site, --entry and --expired"),
        (("erase", "--case", "C1", "--expired"), "give one of"),
        (("erase", "--case", "C1"), "give --reason"),
        (("erase", "--case", "C1", "--reason", "r"), "give --yes"),
        (("seal",), "give --reason, or --list"),
        (("prune", "5", "--reason", "r"), "give --yes"),
        (("verify", "--copy", "nowhere"), "there is no"),
    ],
)
def test_wrong_usage_says_what_to_give(arcctl: Arcctl, daemon: Daemon, arguments: tuple[str, ...], said: str) -> None:
    ran = arcctl("journal", *arguments)
    assert (ran.code, said in ran.err) == (2, True), ran.err
    assert not daemon.desk.asked


def test_erase_seal_and_prune(arcctl: Arcctl, daemon: Daemon, case_id: str) -> None:
    dry = arcctl("journal", "erase", "--case", case_id, "--dry-run")
    assert (dry.code, dry.out) == (0, "1 entry would lose their content.\n")
    assert arcctl("journal", "erase", "--entry", "2", "--reason", "r", "--yes").code == 1
    sealed = arcctl("journal", "seal", "--reason", "year")
    assert (sealed.code, "are sealed" in sealed.out) == (0, True), sealed.err
    assert "up to entry" in arcctl("journal", "seal", "--list").out
    assert arcctl("journal", "prune", "2", "--reason", "r", "--yes").code == 1


def test_an_export_is_written_once_for_its_owner_alone(
    arcctl: Arcctl, daemon: Daemon, tmp_path: Path, case_id: str
) -> None:
    ran = arcctl("journal", "export", "--case", case_id, "--reason", "r", "--for", "police", "--json")
    assert ran.code == 0, ran.err
    file = tmp_path / ran.json()["file"]
    assert file.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(file) as archive:
        assert json.loads(archive.read("custody.json"))["recipient"] == "police"
    again = arcctl("journal", "export", "--case", case_id, "--reason", "r", "--for", "police")
    assert (again.code, "exists" in again.err) == (2, True)
    assert arcctl("journal", "export", "--case", "C999", "--reason", "r", "--for", "x", "--out", "y.zip").code == 1


async def _signed(path: Path) -> list[str]:
    async with Journal(path) as journal:
        await journal.add(key_record(1, KEY))
        await journal.grow(5)
        await journal.sign()
        return [copy.text for copy in journal.copies]


def test_verify_with_copies_and_keys(arcctl: Arcctl, tmp_path: Path) -> None:
    [text] = asyncio.run(_signed(tmp_path / "var" / "journal.sqlite"))
    (tmp_path / "copies" / "day").mkdir(parents=True)
    (tmp_path / "copies" / "day" / "a.note").write_text(text)
    (tmp_path / "keys.txt").write_text(f"{KEY.verifier}\n")
    ran = arcctl("journal", "verify", "--copy", "copies", "--key", "keys.txt")
    assert ran.code == 0, ran.out
    assert "signed up to entry 5: 1 checkpoints in the file, 1 copies from elsewhere; keys given" in ran.out
    (tmp_path / "copies" / "day" / "b.note").write_text(text.replace("5\n", "6\n", 1))
    ran = arcctl("journal", "verify", "--copy", "copies")
    assert (ran.code, "b.note" in ran.out) == (1, True)
    ran = arcctl("journal", "verify", "--key", "nonsense")
    assert (ran.code, "`arcctl journal keys list` shows it" in ran.err) == (2, True)
    (tmp_path / "binary").write_bytes(b"\xff")
    ran = arcctl("journal", "verify", "--key", "binary")
    assert (ran.code, "cannot read binary" in ran.err) == (2, True)
    (tmp_path / "empty").mkdir()
    assert "no checkpoint" in arcctl("journal", "verify", "--copy", "empty").err
