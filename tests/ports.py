"""A port of one's own on which nobody listens yet, or any more.

One rule: it stays bound. A port that is merely closed is soon another test's, and what should have been refused is
answered by a stranger.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def own_port() -> Iterator[int]:
    """Connections to it are refused, unless somebody here listens on it: Linux lets those share a bound port who all
    set SO_REUSEADDR, as servers do, while the kernel gives it to nobody who asks for any port."""
    with socket.socket() as kept:
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind(("127.0.0.1", 0))
        yield kept.getsockname()[1]
