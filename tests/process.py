"""The real thing for tests: `arcd` as a process with a directory, ports, keys and a site base of its own.

One rule: nothing is reached into. The process is started as systemd would start it, seen through /readyz, arcctl and
its journal file, and ended by a signal; what it cannot be asked from outside is not tested here.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

import httpx
import msgspec
import yaml

from arcd.core.record import StepRecord
from arcd.sitebase.schema import SITES_PER_FILE_MAX
from arcd.store.verify import Verdict, verify_file
from tests.forked import Forked
from tests.patience import PATIENCE_S

ROOT = Path(__file__).parents[1]
POLL_S = 0.05
FRESH = bool(os.environ.get("ARCD_FRESH"))  # `make faults` and `make nightly` can wait for it
# Below what Linux hands out for outgoing connections (ip_local_port_range begins at 32768), so that a port found free
# is still free when the daemon takes it, and when it comes back after a kill.
# Below the ephemeral range, and apart for each worker of a parallel run, so that two never reach for the same port
# between looking at it and taking it.
_PORTS_EACH = 1_500
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 8
_FIRST = 20_000 + _WORKER * _PORTS_EACH
_PORTS = cycle(range(_FIRST, _FIRST + _PORTS_EACH))


class NotReadyError(AssertionError):
    """The daemon did not become ready. The message holds what it said."""


@dataclass
class Ran:
    code: int
    out: str
    err: str

    def json(self) -> Any:
        return msgspec.json.decode(self.out)


@dataclass
class Installation:
    """What an administrator would set up. Lives as long as its directory; daemons on it come and go."""

    directory: Path
    centre: Mapping[str, Any]
    sites: Sequence[Mapping[str, Any]]
    overlays: Mapping[str, Any] = field(default_factory=dict)  # file name → overlay
    settings: Mapping[str, Any] = field(default_factory=dict)  # section → what differs from the below
    fresh: bool = FRESH  # what is run here starts from nothing: see `tests.forked`

    def __post_init__(self) -> None:
        self.dc09_port, self.guard_port, self.health_port = free_ports(3)
        self.socket = self.directory / "arcd.sock"
        self.journal = self.directory / "journal.sqlite"
        self.log = self.directory / "arcd.log"
        self.settings_file = self.directory / "arcd.yaml"
        self.webhook_secret = bytes(range(32)).hex()
        self._secret_file("kek", "5a" * 32)
        self._secret_file("webhook-secret", self.webhook_secret)
        self.write_site_base()
        self.write_overlays()
        self.write_settings()

    def write_site_base(self) -> None:
        self._write("site-base/centre.yaml", self.centre)
        for first in range(0, max(1, len(self.sites)), SITES_PER_FILE_MAX):
            sites = self.sites[first : first + SITES_PER_FILE_MAX]
            self._write(f"site-base/sites/{first}.yaml", {"sites": sites})

    def write_overlays(self) -> None:
        (self.directory / "rules").mkdir(exist_ok=True)
        for name, overlay in self.overlays.items():
            self._write(f"rules/{name}", overlay)

    def write_settings(self) -> None:
        settings: dict[str, Any] = {
            "store": {"path": str(self.journal), "free_bytes_min": 0},
            "dc09": {"tcp": [f"127.0.0.1:{self.dc09_port}"], "udp": [f"127.0.0.1:{self.dc09_port}"]},
            "api": {
                "socket": str(self.socket),
                "guard_listen": f"127.0.0.1:{self.guard_port}",
                "guard_base_url": f"http://127.0.0.1:{self.guard_port}",
            },
            "metrics": {"listen": f"127.0.0.1:{self.health_port}"},
            "site_base": {"directory": str(self.directory / "site-base")},
            "rules": {"overlay": str(self.directory / "rules")},
            "kek": {"file": str(self.directory / "kek")},
            "webhook": {"secret": {"credential": "x", "file": str(self.directory / "webhook-secret")}},
            "log": {"format": "json", "level": "warning"},
        }
        for section, values in self.settings.items():
            settings[section] = {**settings.get(section, {}), **values} if isinstance(values, Mapping) else values
        self._write("arcd.yaml", settings)

    def arcctl(self, *arguments: str, typed: str = "", fresh: bool = False) -> Ran:
        """The command a person types, as a process of its own; `typed` is what it reads when it asks."""
        environment = {**_environment(), "ARCD_SOCKET": str(self.socket)}
        if fresh or self.fresh:
            command = [str(Path(sys.executable).with_name("arcctl")), *arguments]
            done = subprocess.run(
                command, cwd=self.directory, env=environment, input=typed, capture_output=True, text=True,
                timeout=PATIENCE_S, check=False,
            )  # fmt: skip
            return Ran(done.returncode, done.stdout, done.stderr)
        with tempfile.TemporaryDirectory(prefix="arcctl-") as beside:
            said = [Path(beside, name) for name in ("in", "out", "err")]
            said[0].write_text(typed, encoding="utf-8")
            files = (str(said[0]), str(said[1]), str(said[2]))
            run = Forked(["arcctl", *arguments], directory=self.directory, environment=environment, files=files)
            try:
                code = run.wait(PATIENCE_S)
            finally:
                run.kill()
            return Ran(code, *(file.read_text(encoding="utf-8") for file in said[1:]))

    def launch(
        self,
        *,
        sockets: Mapping[str, Sequence[socket.socket]] | None = None,
        file_bytes_max: int = 0,
        python: Sequence[str] = (),
        fresh: bool = False,
    ) -> Daemon:
        """Start the process without waiting for anything. `sockets` are passed as systemd passes them, by name.

        `python` are options of the interpreter, such as a profiler to run under. `fresh`: see `tests.forked`; whatever
        is given sockets, a limit or other options than a module is.
        """
        program = [*python, "-m", "arcd", "--config", str(self.settings_file)]
        if not (fresh or self.fresh or sockets or file_bytes_max) and program[0] == "-m":
            files = (os.devnull, str(self.log), str(self.log))
            forked = Forked(program, directory=self.directory, environment=_environment(), files=files)
            return Daemon(self, forked)
        passed = [(name, each) for name, group in (sockets or {}).items() for each in group]
        command = [sys.executable, *program]
        if passed or file_bytes_max:
            descriptors = [f"{name}={each.fileno()}" for name, each in passed]
            command = [sys.executable, "-m", "tests.launch", str(file_bytes_max), *descriptors, "--", *command]
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=self.directory,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[each.fileno() for _, each in passed],
            )
        return Daemon(self, process)

    @contextlib.contextmanager
    def running(self, **launched: Any) -> Iterator[Daemon]:
        """A ready daemon for the block; stopped cleanly behind it, killed if the block failed."""
        daemon = self.launch(**launched)
        try:
            daemon.wait_ready()
            yield daemon
            if daemon.is_running:
                assert daemon.stop() == 0, self.said()
        finally:
            daemon.kill()

    def said(self) -> str:
        """Everything the daemons on this directory have printed."""
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""

    def records(self) -> list[tuple[int, StepRecord]]:
        """The journal in order, read from the file as any other program would."""
        decoder = msgspec.json.Decoder(StepRecord)
        with contextlib.closing(sqlite3.connect(f"{self.journal.as_uri()}?mode=ro", uri=True)) as connection:
            rows = connection.execute("SELECT seq, body FROM payload ORDER BY seq").fetchall()
        return [(seq, decoder.decode(body)) for seq, body in rows]

    def verify(self) -> Verdict:
        return verify_file(self.journal)

    def _write(self, name: str, value: object) -> None:
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(_plain(value), allow_unicode=True, sort_keys=False), encoding="utf-8")

    def _secret_file(self, name: str, text: str) -> None:
        path = self.directory / name
        path.write_text(f"{text}\n", encoding="ascii")
        path.chmod(0o600)


class Daemon:
    """One run of the process."""

    def __init__(self, installation: Installation, process: subprocess.Popen[bytes] | Forked) -> None:
        self._installation = installation
        self._process = process
        self._http = httpx.Client(trust_env=False, timeout=PATIENCE_S)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def wait_ready(self) -> Daemon:
        url = f"http://127.0.0.1:{self._installation.health_port}/readyz"
        give_up_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < give_up_s:
            if not self.is_running:
                raise NotReadyError(f"arcd ended with {self._process.returncode}:\n{self._installation.said()}")
            with contextlib.suppress(httpx.TransportError):
                if self._http.get(url).status_code == httpx.codes.OK:
                    return self
            time.sleep(POLL_S)
        raise NotReadyError(f"arcd is not ready after {PATIENCE_S} s:\n{self._installation.said()}")

    def processor_s(self) -> tuple[float, float]:
        """Processor time used so far: by the event loop, and by the other threads (the store's)."""
        ticks: dict[bool, int] = {True: 0, False: 0}
        for stat in Path(f"/proc/{self.pid}/task").glob("*/stat"):
            user, system = stat.read_text().rpartition(")")[2].split()[11:13]  # proc(5): fields 14 and 15
            ticks[stat.parent.name == str(self.pid)] += int(user) + int(system)
        hertz = os.sysconf("SC_CLK_TCK")
        return ticks[True] / hertz, ticks[False] / hertz

    def metrics(self) -> str:
        return self._http.get(f"http://127.0.0.1:{self._installation.health_port}/metrics").text

    def wait_end(self, timeout_s: float = PATIENCE_S) -> int:
        """The exit status, however it comes to its end by itself."""
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"arcd still runs after {timeout_s} s:\n{self._installation.said()}") from None
        finally:
            self._http.close()

    def stop(self) -> int:
        self._process.terminate()
        return self.wait_end()

    def kill(self) -> None:
        """SIGKILL: nothing is flushed, nobody is told. No-op when it has ended."""
        self._process.kill()
        self._process.wait()
        self._http.close()


def free_ports(wanted: int) -> list[int]:
    """Ports that are free for TCP and UDP on loopback, each given out in turn."""
    found: list[int] = []
    while len(found) < wanted:
        port = next(_PORTS)
        with contextlib.suppress(OSError), socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", port))
            udp.bind(("127.0.0.1", port))
            found.append(port)
    return found


def _environment() -> dict[str, str]:
    """Nothing of the developer's own settings, and this tree's code whatever is installed."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    return {**kept, "PYTHONPATH": str(ROOT)}


def _plain(value: object) -> object:
    """Tuples as lists: YAML's safe form knows no tuples."""
    return msgspec.to_builtins(value)


def until(said: str, holds: Any, *, timeout_s: float = PATIENCE_S) -> Any:
    """Ask again until there is an answer; what a person does who looks at a screen."""
    give_up_s = time.monotonic() + timeout_s
    while time.monotonic() < give_up_s:
        answer = holds()
        if answer:
            return answer
        time.sleep(POLL_S)
    raise AssertionError(f"not within {timeout_s} s: {said}")
