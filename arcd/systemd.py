"""What the service manager is told and what it hands over: notifications, the watchdog, listening sockets.

One rule: the watchdog is fed from the event loop and only while real work progresses; a thread or a bare timer that
fed it would keep a stuck daemon alive. Protocols: sd_notify(3), sd_listen_fds(3), sd_watchdog_enabled(3).
Without systemd everything here does nothing, so the daemon starts by hand the same way.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Mapping, MutableMapping

LISTEN_FDS_START = 3  # sd_listen_fds(3): SD_LISTEN_FDS_START
LISTEN_FDS_MAX = 64  # more is a broken environment, not a configuration
STATUS_CHARS_MAX = 500


class Notifier:
    """sd_notify(3) over `$NOTIFY_SOCKET`. A message that cannot be delivered is dropped: the watchdog notices."""

    def __init__(self, address: str | None) -> None:
        self._socket: socket.socket | None = None
        if address is None:
            return
        # A leading @ stands for the NUL of the abstract namespace; vsock addresses are for virtual machines' own init.
        if address[:1] not in {"@", "/"}:
            raise ValueError(f"NOTIFY_SOCKET is {address!r}; it must be a path beginning with / or @")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
        self._socket.connect("\0" + address[1:] if address.startswith("@") else address)

    @classmethod
    def from_environment(cls, environ: MutableMapping[str, str] = os.environ) -> Notifier:
        """Takes the variable away, so that no child process speaks in our name."""
        return cls(environ.pop("NOTIFY_SOCKET", None))

    @property
    def is_connected(self) -> bool:
        return self._socket is not None

    def ready(self, status: str) -> None:
        self._send("READY=1", f"STATUS={_one_line(status)}")

    def status(self, status: str) -> None:
        self._send(f"STATUS={_one_line(status)}")

    def watchdog(self) -> None:
        self._send("WATCHDOG=1")

    def stopping(self, status: str) -> None:
        self._send("STOPPING=1", f"STATUS={_one_line(status)}")

    def extend_timeout(self, seconds: float) -> None:
        """Starting or stopping takes longer: ask for this much more from now on. Repeat before it has passed."""
        self._send(f"EXTEND_TIMEOUT_USEC={round(seconds * 1_000_000)}")

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, *lines: str) -> None:
        if self._socket is None:
            return
        try:
            self._socket.send("\n".join(lines).encode("utf-8"))
        except OSError:
            # Manager gone or its buffer full. Blocking or dying here would harm the alarms; the next message tries
            # again, and if none gets through the manager's own timeouts act.
            return


def _one_line(status: str) -> str:
    return " ".join(status.split())[:STATUS_CHARS_MAX]


# ------------------------------------------------------------------------------------------------------------ watchdog


def watchdog_interval_s(environ: Mapping[str, str] = os.environ, *, pid: int | None = None) -> float | None:
    """How often to feed the watchdog: a third of what the unit allows (WatchdogSec=30 → 10 s). None: not watched."""
    wanted_pid = environ.get("WATCHDOG_PID")
    if wanted_pid is not None and wanted_pid != str(os.getpid() if pid is None else pid):
        return None
    text = environ.get("WATCHDOG_USEC", "")
    if not text.isdecimal() or int(text) == 0:
        return None
    return int(text) / 1_000_000 / 3


class Progress:
    """Every named part must show life within its limit. The same answer feeds the watchdog and /healthz.

    A part that has not been heard of yet counts from the moment this was made: starting up is also work with a limit.
    """

    def __init__(self, limits_s: Mapping[str, float], *, monotonic_s: Callable[[], float]) -> None:
        assert limits_s, "a gate that watches nothing always opens"
        self._limits_s = dict(limits_s)
        self._monotonic_s = monotonic_s
        self._beats = dict.fromkeys(limits_s, monotonic_s())

    def beat(self, part: str) -> None:
        assert part in self._limits_s, f"{part} is not a watched part"
        self._beats[part] = self._monotonic_s()

    def overdue(self) -> dict[str, float]:
        """Parts beyond their limit → seconds since their last beat. Empty when all is well."""
        now = self._monotonic_s()
        silent = {part: now - beat for part, beat in self._beats.items()}
        return {part: seconds for part, seconds in silent.items() if seconds > self._limits_s[part]}


class Watchdog:
    def __init__(self, notifier: Notifier, progress: Progress) -> None:
        self._notifier = notifier
        self._progress = progress

    def feed(self) -> bool:
        """Tell the manager that we live, if every part progresses. False: held back, so the manager will act."""
        if overdue := self._progress.overdue():
            late = ", ".join(f"{part} silent for {seconds:.0f} s" for part, seconds in sorted(overdue.items()))
            self._notifier.status(f"stuck: {late}")
            return False
        self._notifier.watchdog()
        return True

    async def run(self, interval_s: float) -> None:
        """Feeds until cancelled. Being a coroutine is the point: a blocked loop feeds nothing."""
        while True:
            self.feed()
            await asyncio.sleep(interval_s)


# --------------------------------------------------------------------------------------------------- socket activation


def listen_fds(
    environ: MutableMapping[str, str] = os.environ, *, pid: int | None = None
) -> dict[str, list[socket.socket]]:
    """Adopt the sockets passed by the manager: FileDescriptorName= → sockets, non-blocking, not inherited further.

    Empty when none were passed to this process. The variables are taken away, so that no child adopts them too.
    """
    wanted_pid = environ.pop("LISTEN_PID", "")
    count_text = environ.pop("LISTEN_FDS", "")
    names_text = environ.pop("LISTEN_FDNAMES", "")
    if wanted_pid != str(os.getpid() if pid is None else pid):
        return {}
    if not count_text.isdecimal() or not 0 < int(count_text) <= LISTEN_FDS_MAX:
        raise ValueError(f"LISTEN_FDS is {count_text!r}; it must be a number from 1 to {LISTEN_FDS_MAX}")
    count = int(count_text)
    names = names_text.split(":") if names_text else ["unknown"] * count  # sd_listen_fds_with_names(3): "unknown"
    if len(names) != count:
        raise ValueError(f"LISTEN_FDNAMES names {len(names)} sockets but LISTEN_FDS says {count}")
    adopted: dict[str, list[socket.socket]] = {}
    for number, name in enumerate(names, start=LISTEN_FDS_START):
        adopted.setdefault(name, []).append(_adopt(number))
    return adopted


def _adopt(number: int) -> socket.socket:
    try:
        adopted = socket.socket(fileno=number)
    except OSError as error:
        raise ValueError(f"file descriptor {number} from the service manager is not a socket: {error}") from error
    adopted.set_inheritable(False)
    adopted.setblocking(False)
    return adopted
