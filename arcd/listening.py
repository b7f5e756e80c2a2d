"""Every address the daemon answers on, taken before anything is opened and given back when it ends.

One rule: all or nothing. A port in use is found before the store is touched, and a start that fails leaves no socket,
and no socket file, behind. Sockets passed by the service manager take the place of those in the settings. What is
served on them does not belong here.
"""

from __future__ import annotations

import contextlib
import socket
from itertools import chain
from pathlib import Path

from arcd.api.serving import ListenError, listen_tcp, listen_unix
from arcd.settings import Settings
from arcd.sockets import bind
from arcd.systemd import listen_fds


class Sockets:
    """What has been taken so far. `close` gives all of it back, also what a server has closed already."""

    def __init__(self) -> None:
        self.tcp: list[socket.socket] = []
        self.udp: list[socket.socket] = []
        self.tls: list[socket.socket] = []
        self.lines: dict[str, list[socket.socket]] = {}  # by name of the line
        self.outputs: dict[str, list[socket.socket]] = {}  # by name of the output
        self.guard: socket.socket | None = None
        self.health: socket.socket | None = None
        self.admin: socket.socket | None = None
        self.modbus: list[socket.socket] = []
        self.smtp: list[socket.socket] = []
        self.http: socket.socket | None = None
        self._file: tuple[Path, int] | None = None  # the socket file we made, and its inode

    def listen_admin(self, path: Path) -> None:
        self.admin = listen_unix(path)
        self._file = (path, path.lstat().st_ino)

    def close(self) -> None:
        panels = (*self.tcp, *self.udp, *self.tls, *self.modbus, *self.smtp, self.http)
        panels = (*panels, *chain.from_iterable((*self.lines.values(), *self.outputs.values())))
        for each in (*panels, self.guard, self.health, self.admin):
            if each is not None:
                each.close()
        if self._file is not None:
            path, inode = self._file
            with contextlib.suppress(FileNotFoundError):
                if path.lstat().st_ino == inode:  # else another daemon has taken the place meanwhile
                    path.unlink()


def take_sockets(settings: Settings) -> Sockets:
    """ListenError, with everything given back, when one address cannot be had."""
    passed, taken = listen_fds(), Sockets()
    dc09, api = passed.get("dc09", []), passed.get("api", [])
    guard, metrics = settings.api.guard_listen, settings.metrics.listen
    try:
        taken.tcp = [each for each in dc09 if each.type == socket.SOCK_STREAM]
        taken.udp = [each for each in dc09 if each.type == socket.SOCK_DGRAM]
        for address in () if dc09 else settings.dc09.tcp:
            taken.tcp.append(listen_tcp(address.host, address.port))
        for address in () if dc09 else settings.dc09.udp:
            taken.udp.append(_bind_udp(address.host, address.port))
        for address in settings.modbus.writers.listen:
            taken.modbus.append(listen_tcp(address.host, address.port))
        for address in settings.mail_intake.listen:
            taken.smtp.append(listen_tcp(address.host, address.port))
        if settings.http_intake.listen is not None:
            taken.http = listen_tcp(settings.http_intake.listen.host, settings.http_intake.listen.port)
        if settings.dc09.tls is not None:
            taken.tls = passed.get("dc09-tls", [])
            for address in () if taken.tls else settings.dc09.tls.listen:
                taken.tls.append(listen_tcp(address.host, address.port))
        for line in settings.lines:
            for address in () if line.listen is None else line.listen.addresses:
                taken.lines.setdefault(line.name, []).append(listen_tcp(address.host, address.port))
        for output in settings.outputs:
            for address in () if output.listen is None else output.listen.addresses:
                taken.outputs.setdefault(output.name, []).append(listen_tcp(address.host, address.port))
        if guard is not None:
            taken.guard = listen_tcp(guard.host, guard.port)
        if metrics is not None:
            taken.health = listen_tcp(metrics.host, metrics.port)
        if api:
            taken.admin = api[0]
        else:
            taken.listen_admin(settings.api.socket)
    except BaseException:
        taken.close()
        raise
    return taken


def _bind_udp(host: str, port: int) -> socket.socket:
    try:
        return bind(socket.SOCK_DGRAM, (host, port))
    except OSError as error:
        raise ListenError(
            f"cannot listen on {host} port {port} (UDP): {error.strerror}; choose another address in the settings, "
            "or end the program that has it"
        ) from error
