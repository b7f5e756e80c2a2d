"""`arcd` and `arcctl` as processes that find their modules loaded: forked from one that has done nothing else.

    a test ── asks ──▶ multiprocessing's fork server, with `tests.loaded` ── forks ──▶ the program, from its `main` on

Starting Python and loading the modules is three quarters of a start, and a run of the tests starts a hundred. What is
forked has a pid, memory, signals, files, directory and environment of its own, and does everything else itself. What is
said about starting from nothing, about a command line or an environment, is tried with `fresh` processes; so is
everything with ARCD_FRESH=1.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

_server = multiprocessing.get_context("forkserver")
_server.set_forkserver_preload(["tests.loaded"])


class Forked:
    """As much of `subprocess.Popen` as is needed. `words`: -m, a module and its arguments; or arcctl and its own."""

    def __init__(
        self, words: Sequence[str], *, directory: Path, environment: Mapping[str, str], files: tuple[str, str, str]
    ) -> None:
        self._words = words
        # Daemonic: with the tests, it ends.
        self._process = _server.Process(
            target=_become, args=(list(words), str(directory), dict(environment), files), daemon=True
        )
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            assert timeout is not None
            raise subprocess.TimeoutExpired(list(self._words), timeout)
        return code

    def terminate(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()


def _become(words: list[str], directory: str, environment: dict[str, str], files: tuple[str, str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.chdir(directory)
    for number, file in enumerate(files):
        descriptor = os.open(file, os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    if words[0] == "-m":
        sys.argv = words[1:]
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        from arcd.cli import main

        sys.argv = words
        main()
