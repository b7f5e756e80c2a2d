"""What the machine remembers about its journal."""

from __future__ import annotations

from msgspec import Struct


class SigningKey(Struct, frozen=True, kw_only=True):
    verifier: str  # NAME+KEYID+BASE64
    note: str
    since_seq: int


class Seal(Struct, frozen=True, kw_only=True):
    """A sealed segment: what stands for its entries once they are given up."""

    through: int
    hash: str
    peaks: tuple[str, ...]
    sealed_at: int


class Audit(Struct, frozen=True, kw_only=True, omit_defaults=True):
    keys: tuple[SigningKey, ...] = ()  # oldest first; the last one signs
    seals: tuple[Seal, ...] = ()  # those not given up yet, oldest first
    pruned_through: int = 0
    retained_through: dict[str, int] = {}  # retention class → entries up to here have been looked at


class Hold(Struct, frozen=True, kw_only=True, omit_defaults=True):
    placed_at: int
    by: str
    reason: str
    seq: int = 0  # the entry that placed it
