"""Starts that cannot be: a sentence that helps, an exit status, and nothing left standing half-way."""

from __future__ import annotations

import contextlib
import socket
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from arcd.__main__ import EXIT_CANNOT, EXIT_USAGE
from tests.e2e.installations import KEY, centre, site
from tests.process import Installation


def installation_in(directory: Path, **more: Any) -> Installation:
    return Installation(directory, centre=centre([]), sites=[site("K-1", "1001", key=KEY)], **more)


@pytest.fixture
def fresh(tmp_path: Path) -> Installation:
    return installation_in(tmp_path)


def check_does_not_start(
    installation: Installation, *words: str, status: int = EXIT_CANNOT, file_bytes_max: int = 0
) -> None:
    entries = entries_in(installation.journal)
    before = installation.said()
    daemon = installation.launch(file_bytes_max=file_bytes_max)
    try:
        assert daemon.wait_end() == status, installation.said()
    finally:
        daemon.kill()
    said = installation.said().removeprefix(before)
    assert "Traceback" not in said
    for word in words:
        assert word in said
    assert "arcd.sock" in said or not installation.socket.exists(), "no socket is left"
    assert entries_in(installation.journal) == entries, "nothing has been journalled"


def entries_in(journal: Path) -> int:
    with contextlib.suppress(sqlite3.Error):
        with contextlib.closing(sqlite3.connect(f"{journal.as_uri()}?mode=ro", uri=True)) as file:
            return int(file.execute("SELECT count(*) FROM entry").fetchone()[0])
    return 0


@contextlib.contextmanager
def taken(port: int, kind: socket.SocketKind) -> Any:
    with socket.socket(type=kind) as other:
        other.bind(("127.0.0.1", port))
        if kind is socket.SOCK_STREAM:
            other.listen()
        yield


@pytest.mark.parametrize(
    ("port_of", "kind"),
    [
        ("dc09_port", socket.SOCK_STREAM),
        ("dc09_port", socket.SOCK_DGRAM),
        ("guard_port", socket.SOCK_STREAM),
        ("health_port", socket.SOCK_STREAM),
    ],
)
def test_a_port_is_in_use(fresh: Installation, port_of: str, kind: socket.SocketKind) -> None:
    port = getattr(fresh, port_of)
    with taken(port, kind):
        check_does_not_start(fresh, str(port), "Address already in use", "choose another address")
    assert not fresh.journal.exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"dc09": {"tcp": ["nowhere"]}}, ("no address to listen on", "127.0.0.1:9999")),
        ({"limits": {"batch_max": 0}}, ("from 1 to 10000",)),
        ({"stoer": {}}, ("stoer", "store")),
    ],
    ids=["address", "limit", "section"],
)
def test_a_setting_is_wrong(tmp_path: Path, change: dict[str, Any], words: tuple[str, ...]) -> None:
    check_does_not_start(installation_in(tmp_path, settings=change), "arcd.yaml", *words, status=EXIT_USAGE)


def test_there_are_no_settings(fresh: Installation) -> None:
    fresh.settings_file.unlink()
    check_does_not_start(fresh, "cannot read the settings", "config", status=EXIT_USAGE)


def test_the_key_is_missing(fresh: Installation) -> None:
    (fresh.directory / "kek").unlink()
    check_does_not_start(fresh, "kek")
    assert not fresh.journal.exists()


def test_the_key_is_another_than_the_one_the_site_keys_are_sealed_with(fresh: Installation) -> None:
    with fresh.running():
        pass
    (fresh.directory / "kek").write_text("11" * 32 + "\n")
    check_does_not_start(fresh, "1001")


def test_a_site_file_is_wrong(fresh: Installation) -> None:
    (fresh.directory / "site-base/sites/bad.yaml").write_text("sites: [{id: 'a b', name: x}]\n")
    check_does_not_start(fresh, "bad.yaml:1:", "is not an id")


def test_a_rules_file_is_wrong(tmp_path: Path) -> None:
    overlay = {"overlay": "wrong", "requires": 1, "plans": {"intruzion": {"enabled": False}}}
    check_does_not_start(installation_in(tmp_path, overlays={"wrong.yaml": overlay}), "wrong.yaml", "intruzion")


def test_a_rules_file_that_is_not_text(fresh: Installation) -> None:
    fresh.overlays = {"a.yaml": {}}
    fresh.write_overlays()
    (fresh.directory / "rules/a.yaml").write_bytes(b"\xff\xfe\x00")
    check_does_not_start(fresh, "a.yaml")


def test_the_store_is_of_a_newer_release(fresh: Installation) -> None:
    with fresh.running():
        pass
    with contextlib.closing(sqlite3.connect(fresh.journal)) as file:
        file.execute("PRAGMA user_version = 99")
    check_does_not_start(fresh, "newer arcd", "journal.sqlite")


@pytest.mark.parametrize(
    "content", [b"this is no database, but long enough to look at" * 40, b"SQLite format 3\0" * 64]
)
def test_the_store_is_not_one(fresh: Installation, content: bytes) -> None:
    fresh.journal.write_bytes(content)
    check_does_not_start(fresh, "journal.sqlite")
    assert fresh.journal.read_bytes() == content, "what is not ours is left alone"


def test_the_store_is_a_directory(fresh: Installation) -> None:
    fresh.journal.mkdir()
    check_does_not_start(fresh, "journal.sqlite")


def test_the_store_has_lost_its_tail(fresh: Installation) -> None:
    with fresh.running():
        pass
    with contextlib.closing(sqlite3.connect(fresh.journal)) as file:
        file.executescript(
            "DROP TRIGGER entry_is_never_deleted; PRAGMA foreign_keys = OFF;"
            "DELETE FROM payload WHERE seq = (SELECT max(seq) FROM entry);"
            "DELETE FROM entry WHERE seq = (SELECT max(seq) FROM entry);"
        )
    check_does_not_start(fresh, "changed by hand", "arcctl journal verify")


def test_the_disk_takes_nothing_from_the_beginning(fresh: Installation) -> None:
    check_does_not_start(fresh, "the disk that holds", "journal.sqlite", file_bytes_max=48 * 1024)


def test_another_daemon_has_the_store(fresh: Installation, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = installation_in(tmp_path_factory.mktemp("other"), settings={"store": {"path": str(fresh.journal)}})
    with fresh.running():
        check_does_not_start(other, "journal.sqlite")


def test_a_second_daemon_leaves_the_socket_of_the_first_alone(
    fresh: Installation, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = installation_in(tmp_path_factory.mktemp("other"), settings={"api": {"socket": str(fresh.socket)}})
    with fresh.running():
        check_does_not_start(other, "another daemon answers there")
        assert fresh.arcctl("status", "--json").code == 0
