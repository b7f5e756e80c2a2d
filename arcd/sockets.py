"""A socket at an address, as every listener of the daemon has it, and addresses as people read them."""

from __future__ import annotations

import socket
from typing import Any

BACKLOG = 4096  # requirements 6.2: the kernel's queue carries panels over a restart
UDP_BUFFER_BYTES = 8 * 1024 * 1024  # requirements 6.2


def bind(kind: socket.SocketKind, address: tuple[Any, ...]) -> socket.socket:
    """A socket that is reached at this address, (host, port) or as `getsockname` has it: listening, if it is a stream.
    OSError."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    bound = socket.socket(family, kind)
    try:
        if kind == socket.SOCK_STREAM:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        else:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, UDP_BUFFER_BYTES)
        if family == socket.AF_INET6:
            # As asyncio does for its own: [::] and 0.0.0.0 are two addresses, and both can be had.
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind(address)
        if kind == socket.SOCK_STREAM:
            bound.listen(BACKLOG)
        bound.setblocking(False)
    except OSError:
        bound.close()
        raise
    return bound


def address_text(sockname: object) -> str:
    assert isinstance(sockname, tuple)
    host, port = sockname[0], sockname[1]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
