"""A unit file and its drop-ins, as far as tests need them."""

from __future__ import annotations

import configparser
from pathlib import Path

ROOT = Path(__file__).parents[2]
UNITS = ROOT / "systemd"


class Unit(configparser.RawConfigParser):
    """The last of a repeated setting, and `every` for all of them; drop-ins come after the unit, as with systemd."""

    def __init__(self, *names: str) -> None:
        super().__init__(strict=False, delimiters=("=",), comment_prefixes=("#",), interpolation=None)
        self.lines = [line for name in names for line in (UNITS / name).read_text(encoding="utf-8").splitlines()]
        self.read_string("\n".join(self.lines))

    def optionxform(self, optionstr: str) -> str:
        return optionstr

    def every(self, setting: str) -> list[str]:
        return [line.partition("=")[2] for line in self.lines if line.startswith(f"{setting}=")]
