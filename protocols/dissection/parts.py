"""What a dissection is made of: parts with their place, verdicts with what would be right."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from protocols.codec import WireItem


class Verdict(StrEnum):
    RIGHT = "right"
    WRONG = "wrong"
    NONE = "none"  # nothing to check


class Part(Struct, frozen=True, kw_only=True):
    """`name` is a key of the texts in `arcd.cli.decode_text`; `at` counts bytes from the beginning of the frame."""

    name: str
    at: int
    shown: str  # as sent, control characters by their names
    verdict: Verdict = Verdict.NONE
    would_be: str = ""  # what would be right, where something is wrong
    key: str = ""  # what exactly: the letter of an extended field, a record's type


class Dissection(Struct, frozen=True, kw_only=True):
    protocol: str
    parts: tuple[Part, ...]
    items: tuple[WireItem, ...]  # what the codec makes of it
    added: str = ""  # control characters that had to be put around what was pasted
    replies: tuple[tuple[str, bytes], ...] = ()  # what a receiver would answer, by kind


_NAMES = {
    0x00: "NUL", 0x01: "SOH", 0x02: "STX", 0x03: "ETX", 0x04: "EOT", 0x05: "ENQ", 0x06: "ACK", 0x0A: "LF", 0x0D: "CR",
    0x14: "DC4", 0x15: "NAK", 0x1B: "ESC", 0x1E: "RS", 0x1F: "US",
}  # fmt: skip
NAMED = {name: code for code, name in _NAMES.items()}


def shown(data: bytes) -> str:
    """Text as it is, control characters as <LF>, everything else as <E4>."""
    return "".join(chr(code) if 0x20 <= code < 0x7F else f"<{_NAMES.get(code, f'{code:02X}')}>" for code in data)


class Cutting:
    """Parts being laid one behind the other."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.parts: list[Part] = []

    def take(self, name: str, length: int, *, key: str = "") -> bytes:
        taken = self.data[self.at : self.at + length]
        if taken or key:
            self.parts.append(Part(name=name, at=self.at, shown=shown(taken), key=key))
        self.at += len(taken)
        return taken

    def judge(self, *, is_right: bool, would_be: str) -> None:
        """The part that was taken last."""
        last = self.parts[-1]
        self.parts[-1] = Part(
            name=last.name,
            at=last.at,
            shown=last.shown,
            key=last.key,
            verdict=Verdict.RIGHT if is_right else Verdict.WRONG,
            would_be="" if is_right else would_be,
        )

    def rest(self, name: str = "rest") -> None:
        if self.at < len(self.data):
            self.take(name, len(self.data) - self.at)

    def broken(self, wanted: str) -> None:
        """Nothing that follows can be told apart: what should stand here."""
        self.rest("unexpected")
        if self.parts and self.parts[-1].name == "unexpected":
            self.judge(is_right=False, would_be=wanted)
        else:
            self.parts.append(Part(name="missing", at=self.at, shown="", verdict=Verdict.WRONG, would_be=wanted))
