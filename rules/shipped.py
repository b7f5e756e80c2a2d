"""The packs, plans and case types that come with the package.

One rule: the only module here that reads files, and only the package's own, through importlib.resources.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

FOLDERS = ("cases", "packs", "plans")


def sources() -> dict[str, str]:
    """Relative path ("packs/intrusion.yaml") → text. A site adds its own files to this mapping before loading."""
    return dict(_read())


def text(path: str) -> str:
    """One file of the package's own data: "data/ats_categories.yaml"."""
    return files("rules").joinpath(path).read_text(encoding="utf-8")


@cache
def _read() -> dict[str, str]:
    """Once a process: an upgrade under a running daemon must not give it rules that its code does not know."""
    root = files("rules")
    return {
        f"{folder}/{entry.name}": entry.read_text(encoding="utf-8")
        for folder in FOLDERS
        for entry in sorted(root.joinpath(folder).iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".yaml")
    }
