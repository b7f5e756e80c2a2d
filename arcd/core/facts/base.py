"""What every fact has, and who can ask for something."""

from __future__ import annotations

from msgspec import Struct


class Fact(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="fact"):
    """What every fact has. `at` is when the daemon learned of it."""

    at: int


class Actor(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who asked: `os:matti` over the local socket, `guard:g1` by link, `daemon` for the machine itself."""

    id: str
    name: str = ""
    roles: tuple[str, ...] = ()  # SUPERVISOR, or none


SUPERVISOR = "supervisor"
DAEMON = Actor(id="daemon")
