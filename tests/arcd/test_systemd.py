from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from arcd.clock import VirtualClock
from arcd.systemd import LISTEN_FDS_MAX, STATUS_CHARS_MAX, Notifier, Progress, Watchdog, listen_fds, watchdog_interval_s


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    """The service manager's end, and NOTIFY_SOCKET as it would set it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as end:
        if request.param == "path":
            address = str(tmp_path / "notify")
            end.bind(address)
        else:
            address = f"@arcd-test-{os.getpid()}"
            end.bind("\0" + address[1:])
        yield end, address


def test_messages_reach_the_manager(manager: tuple[socket.socket, str]) -> None:
    end, address = manager
    environ = {"NOTIFY_SOCKET": address}
    notifier = Notifier.from_environment(environ)
    assert notifier.is_connected
    assert environ == {}, "children do not speak in our name"
    notifier.extend_timeout(2.5)
    notifier.ready("receiving\non 2 sockets")
    notifier.status("x" * 1000)
    notifier.watchdog()
    notifier.stopping("asked to")
    notifier.close()
    notifier.watchdog()
    assert end.recv(4096) == b"EXTEND_TIMEOUT_USEC=2500000"
    assert end.recv(4096) == b"READY=1\nSTATUS=receiving on 2 sockets"
    assert end.recv(4096) == b"STATUS=" + b"x" * STATUS_CHARS_MAX
    assert end.recv(4096) == b"WATCHDOG=1"
    assert end.recv(4096) == b"STOPPING=1\nSTATUS=asked to"
    with pytest.raises(BlockingIOError):
        end.recv(4096)


def test_without_a_manager_nothing_is_sent() -> None:
    notifier = Notifier.from_environment({})
    notifier.ready("")
    assert not notifier.is_connected


def test_a_manager_that_is_gone_does_no_harm(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind(str(tmp_path / "notify"))
        notifier = Notifier(str(tmp_path / "notify"))
    notifier.watchdog()
    notifier.close()


def test_an_address_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="path beginning with / or @"):
        Notifier("vsock:2:1234")


@pytest.mark.parametrize(
    ("environ", "interval_s"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 10.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "77"}, 10.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "78"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_watchdog_interval(environ: dict[str, str], interval_s: float | None) -> None:
    assert watchdog_interval_s(environ, pid=77) == interval_s


def test_progress_names_every_part_that_is_late() -> None:
    clock = VirtualClock()
    progress = Progress({"intake": 10, "commit": 5}, monotonic_s=clock.monotonic_s)
    clock.advance(5)
    assert progress.overdue() == {}, "starting counts as progress, within the limit"
    clock.advance(2)
    progress.beat("intake")
    clock.advance(1)
    assert progress.overdue() == {"commit": 8.0}
    clock.advance(10)
    assert progress.overdue() == {"commit": 18.0, "intake": 11.0}
    progress.beat("commit")
    progress.beat("intake")
    assert progress.overdue() == {}
    with pytest.raises(AssertionError, match="not a watched part"):
        progress.beat("comit")


def test_the_watchdog_is_fed_only_while_every_part_progresses(manager: tuple[socket.socket, str]) -> None:
    end, address = manager
    clock = VirtualClock()
    progress = Progress({"intake": 10, "commit": 10}, monotonic_s=clock.monotonic_s)
    with closing(Notifier(address)) as notifier:
        watchdog = Watchdog(notifier, progress)
        assert watchdog.feed()
        assert end.recv(100) == b"WATCHDOG=1"
        clock.advance(11)
        progress.beat("intake")
        assert not watchdog.feed()
        assert end.recv(100) == b"STATUS=stuck: commit silent for 11 s"
        progress.beat("commit")
        assert watchdog.feed()
        assert end.recv(100) == b"WATCHDOG=1"


async def test_the_loop_feeds_by_itself(manager: tuple[socket.socket, str]) -> None:
    end, address = manager
    progress = Progress({"intake": 10}, monotonic_s=VirtualClock().monotonic_s)
    with closing(Notifier(address)) as notifier:
        async with asyncio.TaskGroup() as tasks:
            feeding = tasks.create_task(Watchdog(notifier, progress).run(0.001))
            for _ in range(3):
                assert await asyncio.get_running_loop().sock_recv(end, 100) == b"WATCHDOG=1"
            feeding.cancel()


# --------------------------------------------------------------------------------------------------- socket activation

_CHILD = """
import json, os, socket
from arcd.systemd import listen_fds
adopted = listen_fds()
told = {
    name: [
        {
            "type": s.type.name, "port": s.getsockname()[1],
            "blocking": s.getblocking(), "inheritable": s.get_inheritable(),
        }
        for s in sockets
    ]
    for name, sockets in adopted.items()
}
stream = next(s for s in adopted["dc09"] if s.type == socket.SOCK_STREAM)
stream.setblocking(True)
connected, _ = stream.accept()
connected.sendall(b"adopted")
print(json.dumps({"told": told, "left": [name for name in os.environ if name.startswith("LISTEN_")]}))
"""


def test_sockets_are_adopted_in_a_real_process() -> None:
    """As systemd does it: descriptors from 3 up, LISTEN_PID of the very process, the queue outliving the start."""
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        socket.create_server(("127.0.0.1", 0)) as api,
    ):
        udp.bind(("127.0.0.1", 0))
        # A panel calls before the daemon runs: it waits in the kernel's queue and is not refused.
        with socket.create_connection(tcp.getsockname(), timeout=30) as panel:
            passed = (tcp.fileno(), udp.fileno(), api.fileno())
            # The shell puts the descriptors in their places and its own process id, which exec keeps, into LISTEN_PID.
            # High numbers first: one of the sockets may itself have a low number.
            moves = " ".join(f"{place}<&{fd}" for place, fd in zip((103, 104, 105), passed, strict=True))
            script = (
                f"exec {moves} 3<&103 4<&104 5<&105; "
                'LISTEN_PID=$$ LISTEN_FDS=3 LISTEN_FDNAMES=dc09:dc09:api exec "$0" -c "$1"'
            )
            child = subprocess.run(
                ["bash", "-c", script, sys.executable, _CHILD],
                pass_fds=passed,
                capture_output=True,
                timeout=60,
                check=False,
            )
            assert child.returncode == 0, child.stderr.decode()
            assert panel.recv(100) == b"adopted"
        answer = json.loads(child.stdout)
        assert answer["left"] == []
        common = {"blocking": False, "inheritable": False}
        assert answer["told"] == {
            "dc09": [
                {"type": "SOCK_STREAM", "port": tcp.getsockname()[1], **common},
                {"type": "SOCK_DGRAM", "port": udp.getsockname()[1], **common},
            ],
            "api": [{"type": "SOCK_STREAM", "port": api.getsockname()[1], **common}],
        }


def test_nothing_is_adopted_that_was_meant_for_another_process() -> None:
    environ = {"LISTEN_PID": "78", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "dc09", "PATH": "/bin"}
    assert listen_fds(environ, pid=77) == {}
    assert environ == {"PATH": "/bin"}
    assert listen_fds({}, pid=77) == {}


@pytest.mark.parametrize(
    ("count", "names", "message"),
    [
        ("many", "", "must be a number from 1 to 64"),
        ("0", "", "must be a number from 1 to 64"),
        (str(LISTEN_FDS_MAX + 1), "", "must be a number from 1 to 64"),
        ("2", "dc09", "names 1 sockets but LISTEN_FDS says 2"),
    ],
)
def test_a_broken_environment_is_said_plainly(count: str, names: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        listen_fds({"LISTEN_PID": "77", "LISTEN_FDS": count, "LISTEN_FDNAMES": names}, pid=77)
