"""The packs, plans and case types that come with the package.

One rule: the only module here that reads files, and only the package's own, through importlib.resources.
"""

from __future__ import annotations

from importlib.resources import files

FOLDERS = ("cases", "packs", "plans")


def sources() -> dict[str, str]:
    """Relative path ("packs/intrusion.yaml") → text. A site adds its own files to this mapping before loading."""
    root = files("rules")
    return {
        f"{folder}/{entry.name}": entry.read_text(encoding="utf-8")
        for folder in FOLDERS
        for entry in sorted(root.joinpath(folder).iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".yaml")
    }
