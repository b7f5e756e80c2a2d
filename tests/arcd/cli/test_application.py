"""The whole tree of verbs: each helps, each example is accepted, the shell completes, and starting is quick."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from arcd import __version__
from arcd.cli import app
from tests.arcd.cli.conftest import Arcctl
from tests.arcd.cli.daemon import Daemon

ROOT = Path(__file__).parents[3]
LIGHT_MODULES_ONLY = ("httpx", "asyncio", "pydantic", "cryptography", "fastapi", "msgspec", "yaml", "sqlite3", "rich")


def verbs(command: object = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    command = get_command(app) if command is None else command
    children = getattr(command, "commands", None)
    if children is None:
        yield path, command
    else:
        for name, child in children.items():
            yield from verbs(child, (*path, name))


VERBS = dict(verbs())


def test_all_verbs_are_there() -> None:
    assert {" ".join(path) for path in VERBS} >= {
        "status", "cases",
        "case show", "case authority", "case ack", "case note", "case step", "case move", "case close", "case open",
        "test start", "test stop", "test list", "test show", "test promote", "test notice", "test verify",
        "maintenance start", "maintenance stop", "maintenance list", "maintenance show", "maintenance promote",
        "maintenance notice", "maintenance verify",
        "sites list", "sites show", "sites import",
        "journal show", "journal follow", "journal head", "journal verify",
        "rules check", "rules test", "rules show", "rules reload", "rules explain", "rules replay", "rules diff",
        "rules history", "rules rollback",
        "relay list", "relay pulse", "relay on", "relay off", "relay settle",
        "panel send", "guard listen", "backup", "restore",
    }  # fmt: skip


@pytest.mark.parametrize("path", VERBS, ids=" ".join)
def test_every_verb_helps_with_examples_that_work(arcctl: Arcctl, path: tuple[str, ...]) -> None:
    ran = arcctl(*path, "--help")
    assert ran.code == 0
    help_text, _, examples = ran.out.partition("Examples:\n")
    assert ran.out.startswith(f"Usage: arcctl {' '.join(path)}")
    for option in ("--json", "--socket", "--lang"):
        assert option in help_text
    lines = [line.strip() for line in examples.splitlines() if line.strip()]
    assert lines
    for line in lines:
        words = shlex.split(line)
        assert words[: 1 + len(path)] == ["arcctl", *path]
        VERBS[path].make_context("arcctl", words[1 + len(path) :])  # type: ignore[attr-defined]  # – raises on misuse


def test_groups_and_the_whole_help_without_arguments(arcctl: Arcctl) -> None:
    ran = arcctl("--help")
    assert ran.code == 0
    assert "Exit codes: 0 done, 1 refused" in " ".join(ran.out.split())
    assert "Usage: arcctl journal" in arcctl("journal").out + arcctl("journal").err


def test_version(arcctl: Arcctl) -> None:
    assert arcctl("--version").out == f"arcctl {__version__}\n"


def test_wrong_usage_is_exit_code_2(arcctl: Arcctl) -> None:
    for arguments in (["fly"], ["case", "fly"], ["case", "show"], ["cases", "--fly"]):
        ran = arcctl(*arguments)
        assert ran.code == 2
        assert "Usage: arcctl" in ran.err


def test_options_may_stand_before_the_verb(arcctl: Arcctl, daemon: Daemon) -> None:
    assert arcctl("--json", "cases").json() == {"cases": [], "more": False}
    assert arcctl("--lang", "de", "cases").code == 2


def test_shell_completion_offers_verbs_and_ids(arcctl: Arcctl, daemon: Daemon) -> None:
    case_id = daemon.alarm("BA")
    placed = arcctl("test", "start", "K-1", "--for", "1h", "--reason", "x", "--verified", "operator", "--json").json()
    flag = placed["subject"]

    def complete(line: str) -> list[str]:
        words = line.split(" ")
        env = {"_ARCCTL_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
        return arcctl(env=env).out.split()

    assert "journal" in complete("arcctl j")
    assert complete("arcctl case show C") == [case_id]
    assert complete("arcctl test start K-") == ["K-1", "K-2"]
    assert complete("arcctl test stop ") == [flag]


def test_completion_without_a_daemon_offers_nothing(arcctl: Arcctl) -> None:
    env = {"_ARCCTL_COMPLETE": "complete_bash", "COMP_WORDS": "arcctl case show C", "COMP_CWORD": "3"}
    ran = arcctl(env=env)
    assert (ran.out.strip(), ran.err) == ("", "")


def test_help_starts_without_what_only_verbs_need() -> None:
    """Counted in modules rather than in time, which would depend on the machine: `--help` took 0.2 s when written."""
    code = (
        "import sys; from arcd.cli import main; sys.argv = ['arcctl', '--help']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(ran.stderr.split())
    assert not loaded.intersection(LIGHT_MODULES_ONLY)


def test_an_interrupt_ends_quietly(arcctl: Arcctl, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("arcd.cli.client.Daemon.get", interrupted)
    ran = arcctl("status")
    assert ran.code == 130
    assert "Traceback" not in ran.err


def test_asking_the_daemon_reads_in_no_other_command_line() -> None:
    """httpx has one of its own, with rich and pygments."""
    code = "import arcd.cli.client, sys; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "httpx" in ran.stdout.split()
    assert not {"pygments", "rich"} & set(ran.stdout.split())
