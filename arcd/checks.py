"""One thing that is asked whether it is well, and what it says."""

from __future__ import annotations

from msgspec import Struct


class Check(Struct, frozen=True, kw_only=True):
    """One line of `arcctl status` and of /readyz."""

    name: str  # "store", "intake", "rules", "mail", …
    ok: bool
    detail: str
