from __future__ import annotations

from pathlib import Path

import msgspec
import yaml

import protocols.receiver_lines
from protocols.receiver_lines.dialects import DIALECTS, read_options

TEXT = (Path(protocols.receiver_lines.__file__).parent / "README.md").read_text(encoding="utf-8")


def test_every_dialect_and_every_option_is_explained() -> None:
    for name, kind in DIALECTS.items():
        assert f"| `{name}` |" in TEXT
        for field in msgspec.structs.fields(kind.options):
            assert f"`{field.name}`" in TEXT, f"{name}: {field.name}"


def test_the_example_can_be_used_as_it_stands() -> None:
    example = "\n".join(line[4:] for line in TEXT.splitlines() if line.startswith("    "))
    options = read_options("surgard", yaml.safe_load(example)["options"])
    assert len(options.pulse_rules) == 3
