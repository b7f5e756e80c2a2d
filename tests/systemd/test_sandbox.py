"""The real daemon inside the unit's sandbox, from an alarm to a guard company; and that the sandbox is one.

Where systemd is not the first process its lines are put into effect by `sandbox`, which says which of them it cannot.
Root is needed, as for everything that makes namespaces.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from protocols.receiver_lines.surgard import encode_line
from protocols.sia import signal
from tests.arcd.gateways.far_receiver import ACK, Cable
from tests.e2e.installations import PLAIN, centre, site
from tests.guards import silent, webhook_guards
from tests.patience import PATIENCE_S
from tests.process import Daemon, Installation, free_ports, until
from tests.systemd.sandbox import APPLIED, GROUP, NOT_APPLIED, USER
from tests.systemd.unit import ROOT, Unit

DROP_INS = ("arcd-serial.conf", "arcd-directories.conf")


def can_mount() -> bool:
    return os.getuid() == 0 and subprocess.run(["unshare", "--mount", "true"], check=False).returncode == 0


needs_root = pytest.mark.skipif(
    not can_mount(), reason="only root can make a mount namespace; the score is checked always"
)


class Service:
    """What an administrator installs, seen from outside the sandbox."""

    def __init__(self, directory: Path, **settings: Any) -> None:
        [self.webhook_port] = free_ports(1)
        url = f"http://127.0.0.1:{self.webhook_port}/first"
        guard = {"id": "first", "name": "Vartija 1", "language": "en", "webhook_url": url}
        self.installation = Installation(
            directory, centre=centre([guard]), sites=[site("K-1", PLAIN, guards=("first",))], settings=settings
        )
        self.state, self.etc = directory / "state", directory / "etc"
        self.installation.journal = self.state / "journal.sqlite"
        self.state.mkdir()
        self.etc.mkdir()
        shutil.copytree(directory / "site-base", self.etc / "site-base")
        for name in ("kek", "webhook-secret"):
            shutil.copy(directory / name, self.etc / name)  # root's alone: the service gets it as a credential
        written = yaml.safe_load(self.installation.settings_file.read_text("utf-8"))
        kept = {name: written[name] for name in ("metrics", "log", "lines", "audit") if name in written}
        kept["webhook"] = {"timeout_s": 5}
        kept["api"] = {name: value for name, value in written["api"].items() if name != "socket"}
        (self.etc / "arcd.yaml").write_text(yaml.safe_dump(kept), encoding="utf-8")
        for path in (self.etc, self.etc / "arcd.yaml", *(self.etc / "site-base").rglob("*"), self.etc / "site-base"):
            os.chown(path, 0, GROUP)
            path.chmod(0o750 if path.is_dir() else 0o640)
        self.name = f"\0arcd-sandbox-{os.getpid()}-{self.webhook_port}"
        self.notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notified.bind(self.name)
        self.notified.settimeout(PATIENCE_S)

    def spec(self, *drop_ins: str, command: list[str] | None = None) -> Path:
        path = self.installation.directory / "spec.json"
        spec = {"state": str(self.state), "etc": str(self.etc), "notify": f"@{self.name[1:]}"}
        path.write_text(json.dumps({**spec, "drop_ins": drop_ins, "command": command}), encoding="utf-8")
        return path

    def told(self, wanted: bytes) -> None:
        """Wait for a word to the service manager."""
        while wanted not in self.notified.recv(4096).split(b"\n"):
            pass


@pytest.fixture
def held(tmp_path: Path) -> Iterator[dict[str, list[socket.socket]]]:
    """The sockets of arcd.socket and arcd-api.socket."""
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp, socket.socket(socket.AF_UNIX) as api:
        tcp.bind(("127.0.0.1", 0))
        udp.bind(("127.0.0.1", tcp.getsockname()[1]))
        api.bind(str(tmp_path / "arcd.sock"))
        tcp.listen(128)
        api.listen(16)
        yield {"dc09": [tcp, udp], "api": [api]}


@needs_root
@pytest.mark.slow
def test_an_alarm_goes_its_whole_way_inside_the_sandbox(tmp_path: Path, held: dict[str, list[socket.socket]]) -> None:
    """With both drop-ins: a receiver on a serial port, copies of checkpoints in a directory outside the state's."""
    cable = Cable(tmp_path).plug()
    port = os.path.realpath(cable.path)
    os.chown(port, 0, 20)  # the group of serial ports, dialout
    os.chmod(port, 0o660)
    copies = tmp_path / "copies"
    copies.mkdir()
    os.chown(copies, USER, GROUP)
    serial = {"name": "surgard-1", "dialect": "surgard", "heartbeat_s": 0}
    serial |= {"serial": {"port": port, "mode": "9600 8N2"}}
    audit = {"origin": "arc.example/sandbox", "directories": [str(copies), "/usr/share"], "interval_s": 1}
    service = Service(tmp_path, lines=[serial], audit=audit)
    (service.etc / "audit-key").write_text("4d" * 32)
    own = tmp_path / "directories.conf"
    shipped = Unit("arcd-directories.conf").every("ReadWritePaths")
    text = (ROOT / "systemd" / "arcd-directories.conf").read_text("utf-8")
    own.write_text(text.replace(shipped[0], str(copies)) + "LoadCredential=audit-key:/etc/arcd/audit-key\n", "utf-8")
    installation = service.installation
    installation.dc09_port = held["dc09"][0].getsockname()[1]
    sandboxed = ("-m", "tests.systemd.sandbox", str(service.spec("arcd-serial.conf", str(own))))
    with (
        closing(service.notified),
        webhook_guards(installation.webhook_secret, {"first": silent}, service.webhook_port) as guards,
        installation.running(python=sandboxed, sockets=held) as daemon,
    ):
        service.told(b"READY=1")
        for code, *transport in (("BA",), ("FA", "--udp")):
            panel = ("panel", "send", "--account", PLAIN, "--zone", "15", "--port", str(installation.dc09_port))
            sent = installation.arcctl(*panel, "--code", code, *transport)
            assert sent.code == 0, sent
        until("the serial line is open", lambda: installation.arcctl("status", "--json").json()["lines"])
        cable.send(encode_line(signal("HA", area="1", zone="15"), account=PLAIN))
        until("an answer on the serial line", lambda: cable.read() == ACK)
        until("the guard company has the job", lambda: guards.offers)
        until("a checkpoint lies in the other place", lambda: list(copies.rglob("*.note")))
        case = installation.arcctl("cases", "--json").json()["cases"][0]["id"]
        assert installation.arcctl("case", "ack", case).code == 0, "the caller is seen through the socket"
        until("the other one is said to be read-only", lambda: "ReadWritePaths=" in installation.arcctl("status").out)
        service.told(b"WATCHDOG=1")
        _check_process(daemon)
    said = installation.said()
    assert "Traceback" not in said
    assert "PermissionError" not in said
    assert installation.verify().ok
    for path in service.state.rglob("*"):
        assert (path.stat().st_uid, path.stat().st_mode & 0o077) == (USER, 0), path
    cable.unplug()


def _check_process(daemon: Daemon) -> None:
    """As the kernel has it, not as we asked for it."""
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{daemon.pid}/status").read_text().splitlines())
    assert {int(number) for number in status["Uid"].split()} == {USER}
    assert {int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    limits = Path(f"/proc/{daemon.pid}/limits").read_text()
    assert "Max core file size        0 " in limits


PROBE = """
import ctypes, json, mmap, os, signal, socket, sys
def tried(act):
    try:
        act()
    except (OSError, ValueError) as error:
        return getattr(error, "strerror", None) or type(error).__name__
    return "done"
libc = ctypes.CDLL(None, use_errno=True)
def called(*arguments):
    if libc.syscall(*arguments) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
print(json.dumps({
    "keeps its state": tried(lambda: open("/var/lib/arcd/own", "w").close()),
    "its own /tmp": tried(lambda: open("/tmp/own", "w").close()),
    "changes its settings": tried(lambda: open("/etc/arcd/arcd.yaml", "a")),
    "reads the root's key file": tried(lambda: open("/etc/arcd/kek")),
    "reads its credential": tried(lambda: open("/run/credentials/arcd.service/kek").close()),
    "writes to /etc": tried(lambda: open("/etc/own", "w")),
    "writes to /usr": tried(lambda: open("/usr/own", "w")),
    "sees homes": sorted(os.listdir("/home")),
    "sees the temporary files of others": tried(lambda: os.stat(sys.argv[1])),
    "sees devices": sorted(os.listdir("/dev")),
    "sees kernel settings": os.path.exists("/proc/sys"),
    "sees other processes": [name for name in os.listdir("/proc") if name.isdigit() and name != str(os.getpid())],
    "a netlink socket": tried(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)),
    "a packet socket": tried(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW)),
    "an internet socket": tried(lambda: socket.socket().close()),
    "memory to write and run": tried(lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC)),
    "a namespace": tried(lambda: called(272, 0x10000000)),
    "a host name": tried(lambda: socket.sethostname("own")),
    "the clock": tried(lambda: called(227, 0, 0)),
    "a mount": tried(lambda: called(165, b"none", b"/tmp", b"tmpfs", 0, 0)),
    "a kernel module": tried(lambda: called(175, 0, 0, b"")),
    "root": tried(lambda: os.setuid(0)),
    "a set-uid file": tried(lambda: os.chmod("/var/lib/arcd/own", 0o4755)),
    "realtime": tried(lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))),
    "another personality": tried(lambda: called(135, 0x0008)),
    "a trace": tried(lambda: called(101, 16, 1, 0, 0)),
}))
"""
REFUSED, READ_ONLY = "Operation not permitted", "Read-only file system"
NO_FAMILY = "Address family not supported by protocol"


@needs_root
def test_the_walls_hold(tmp_path: Path) -> None:
    """What a taken-over daemon would try, from inside; no drop-in."""
    service = Service(tmp_path)
    spec = service.spec(command=["/opt/arcd/bin/python", "-c", PROBE, str(tmp_path)])
    with closing(service.notified):
        ran = subprocess.run(
            [sys.executable, "-m", "tests.systemd.sandbox", str(spec)],
            cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == {
        "keeps its state": "done",
        "its own /tmp": "done",
        "changes its settings": "Permission denied",
        "reads the root's key file": "Permission denied",
        "reads its credential": "done",
        "writes to /etc": READ_ONLY,
        "writes to /usr": READ_ONLY,
        "sees homes": [],
        "sees the temporary files of others": "No such file or directory",
        "sees devices": ["full", "null", "random", "tty", "urandom", "zero"],
        "sees kernel settings": False,
        "sees other processes": [],
        "a netlink socket": NO_FAMILY,
        "a packet socket": NO_FAMILY,
        "an internet socket": "done",
        "memory to write and run": REFUSED,
        "a namespace": REFUSED,
        "a host name": REFUSED,
        "the clock": REFUSED,
        "a mount": REFUSED,
        "a kernel module": REFUSED,
        "root": REFUSED,
        "a set-uid file": REFUSED,
        "realtime": REFUSED,
        "another personality": REFUSED,
        "a trace": REFUSED,
    }


def test_every_line_of_the_unit_is_tried_or_said_why_not() -> None:
    settings = {line.partition("=")[0] for line in _service_lines("arcd.service", *DROP_INS)}
    assert settings - APPLIED - NOT_APPLIED.keys() == set()
    assert APPLIED & NOT_APPLIED.keys() == set()


def _service_lines(*names: str) -> Iterator[str]:
    section = ""
    for line in Unit(*names).lines:
        if line.startswith("["):
            section = line
        elif section == "[Service]" and line and not line.startswith("#"):
            yield line
