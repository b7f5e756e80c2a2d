"""Runs arcctl in this process, as a shell would: arguments in, standard output, standard error and exit code out."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct
from typer.main import get_command
from typer.testing import CliRunner

from arcd.cli import app
from tests.arcd.cli.daemon import Daemon, daemon_on


class Ran(Struct, frozen=True):
    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


Arcctl = Callable[..., Ran]


@pytest.fixture(autouse=True, scope="session")
def _commands_built_once() -> Iterator[None]:
    """A shell's process does it once, too; here it would be most of the time of every line that is typed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("typer.testing._get_command", cache(get_command))
        yield


@pytest.fixture
def arcctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Arcctl:
    """In an empty directory, with nothing of the developer's environment."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("ARCD_") or name in ("LC_ALL", "LC_MESSAGES", "LANG")]:
        monkeypatch.delenv(name)

    def run(*arguments: str, env: dict[str, str] | None = None, typed: str | None = None) -> Ran:
        result = CliRunner().invoke(app, list(arguments), prog_name="arcctl", env=env, input=typed)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ran(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Wherever the developer is."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def helsinki(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This terminal is in Finland."""
    monkeypatch.setenv("TZ", "Europe/Helsinki")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def daemon(arcctl: Arcctl, tmp_path: Path) -> Iterator[Daemon]:
    """Where `arcctl`, run from a clone, finds it."""
    (tmp_path / "var").mkdir()
    with daemon_on(tmp_path / "var" / "arcd.sock") as running:
        yield running
